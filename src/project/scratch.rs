//! The scratch directory of a run: where it is made, and that it goes away.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};

use crate::error::host;
use crate::{fs, term};

/// Directories to be removed where the program ends without unwinding.
static MADE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes what is left after a panic.
pub(crate) fn remove_left() {
    let left = MADE.lock().map(|made| made.clone()).unwrap_or_default();
    left.iter().for_each(|path| drop(fs::remove_tree(path)));
}

/// The scratch directory of a run, removed at its end.
pub(crate) struct Scratch {
    dir: tempfile::TempDir,
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    pub(crate) fn new(keep: bool) -> Result<Scratch> {
        // C flags are split at white space, remaps at `=` and `:`, linker arguments at `,`.
        let fit = |d: &&PathBuf| {
            let odd = [' ', '\t', '=', ':', ',', '$'];
            d.is_dir() && (cfg!(windows) || !d.to_string_lossy().contains(odd))
        };
        let first = std::env::temp_dir();
        let places = [first.clone(), "/var/tmp".into(), "/tmp".into()];
        let place = places.iter().find(fit).unwrap_or(&first);
        let dir = tempfile::Builder::new()
            .prefix("repro-")
            .disable_cleanup(keep)
            .tempdir_in(place)
            .map_err(|e| {
                host(format!(
                    "failed to make a scratch directory in `{}`: {e}; set TMPDIR to another one",
                    place.display()
                ))
            })?;
        let path =
            std::fs::canonicalize(dir.path()).context("failed to resolve the scratch path")?;
        match keep {
            true => term::say(term::BOLD, "scratch directory", &path.display().to_string()),
            false => MADE.lock().expect("no panic holds this lock").push(path.clone()),
        }
        Ok(Scratch { dir, path, keep })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Builds may leave directories without write permission, which the plain removal of a
        // temporary directory would not get past.
        if !self.keep && fs::remove_tree(self.dir.path()).is_err() {
            term::say(
                term::WARN,
                "warning",
                &format!("failed to remove `{}`", self.path.display()),
            );
        }
    }
}

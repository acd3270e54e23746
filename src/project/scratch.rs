//! The scratch directory of a run: where it is made, and that it goes away.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::host;
use crate::{fs, term};

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
        Scratch::within(places.iter().find(fit).unwrap_or(&first), keep)
    }

    /// In this directory.
    pub(crate) fn within(place: &Path, keep: bool) -> Result<Scratch> {
        let dir = tempfile::Builder::new()
            .prefix("build-")
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
        if keep {
            term::say(term::BOLD, "scratch directory", &path.display().to_string());
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

//! The scratch directory of a run: where it is created and how it is removed. A run holds a lock on a file in
//! it, which the system releases when the process dies, so the next run can remove what killed runs left.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::host;
use crate::{fs, term};

/// How the names of scratch directories begin.
const PREFIX: &str = "build-";
/// The file that is locked while a run uses its directory.
const IN_USE: &str = "in-use";

/// The scratch directory of a run, removed at its end.
pub(crate) struct Scratch {
    dir: tempfile::TempDir,
    path: PathBuf,
    keep: bool,
    /// Locked until the end.
    in_use: Option<File>,
    _listed: Option<fs::Listed>,
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
            .prefix(PREFIX)
            .disable_cleanup(keep)
            .tempdir_in(place)
            .map_err(|e| {
            host(format!(
                "failed to make a scratch directory in `{}`: {e}; set TMPDIR to a different one",
                place.display()
            ))
        })?;
        let path = fs::canonicalize(dir.path()).context("failed to resolve the scratch path")?;
        if keep {
            term::say(term::BOLD, "scratch directory", &path.display().to_string());
        }
        remove_left(place);
        // What is to be kept has no such file.
        let in_use = if keep { None } else { lock(&path) };
        let _listed = (!keep).then(|| fs::Listed::new(&path));
        Ok(Scratch { dir, path, keep, in_use, _listed })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Marks a directory as in use. The file is locked before it gets its name: no run finds it unlocked.
fn lock(dir: &Path) -> Option<File> {
    let file = tempfile::NamedTempFile::new_in(dir).ok()?;
    file.as_file().try_lock().ok()?;
    file.persist(dir.join(IN_USE)).ok()
}

/// Removes the directories of this user's runs that were killed.
fn remove_left(place: &Path) {
    for name in fs::entries(place).unwrap_or_default() {
        let dir = place.join(&name);
        if name.to_string_lossy().starts_with(PREFIX) && is_left(&dir) {
            let _ = fs::remove_tree(&dir);
        }
    }
}

/// Whether a directory is one of a run that has ended without removing it.
fn is_left(dir: &Path) -> bool {
    let own = |path: &Path| std::fs::symlink_metadata(path).ok().filter(is_own);
    let mark = dir.join(IN_USE);
    let is_scratch =
        own(dir).is_some_and(|m| m.is_dir()) && own(&mark).is_some_and(|m| m.is_file());
    is_scratch && File::open(mark).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(unix)]
fn is_own(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &std::fs::Metadata) -> bool {
    true
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Windows removes no directory in which a file is open. Elsewhere the lock is kept to the end, or
        // another run would begin to remove the same directory.
        if !cfg!(unix) {
            drop(self.in_use.take());
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str, marked: bool| {
            let dir = place.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            if marked {
                std::fs::write(dir.join(IN_USE), "").unwrap();
            }
            dir
        };
        let (dead, alive) = (make("build-dead", true), make("build-alive", false));
        let others = [make("build-of-somebody", false), make("mine", true)];
        let lock = lock(&alive);
        assert!(lock.is_some());
        remove_left(place.path());
        assert!(!dead.exists() && alive.exists() && others.iter().all(|o| o.exists()));
        drop(lock);
        remove_left(place.path());
        assert!(!alive.exists());
    }
}

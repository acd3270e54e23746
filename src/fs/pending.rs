//! Files that appear whole or not at all, and the list of temporary files that an interrupted run removes.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};

use super::file::{TEMPORARY, create_dir};
use super::keep;
use super::paths::through_link;
use super::tree::remove_tree;
use crate::error::{host, usage};

/// Writes a file that appears whole or not at all: temporary file next to it, fsync, rename.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut pending = Pending::create(path)?;
    let written = pending.file().write_all(bytes);
    written.with_context(|| format!("failed to write `{}`", path.display()))?;
    pending.commit()
}

/// Fails where [`write_atomic`] would at a path that the user named: before work that would be lost.
pub fn check_file(path: &Path) -> Result<()> {
    let path = through_link(path);
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    match dir.filter(|dir| !dir.is_dir()) {
        Some(dir) => Err(usage(format!(
            "there is no directory `{}` for `{}`: create it first",
            dir.display(),
            path.display()
        ))),
        None => Pending::create(&path).map(drop),
    }
}

/// A file that is being written next to its place. It appears there, whole, with
/// [`Pending::commit`]; without it nothing stays.
pub struct Pending {
    file: tempfile::NamedTempFile,
    path: PathBuf,
    /// Whether it has all of the file that it replaces.
    kept: bool,
    _listed: Listed,
}

impl Pending {
    /// Begins a file that is to be at `path`, creating its directory.
    ///
    /// # Errors
    /// It cannot be written, or what is there is no file: a device would be replaced as well.
    pub fn create(path: &Path) -> Result<Pending> {
        let mut builder = tempfile::Builder::new();
        // The user's umask counts.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Pending::built(path, &mut builder)
    }

    /// The same for one that takes the place of a file: see [`Pending::keep`].
    pub fn replacing(path: &Path) -> Result<Pending> {
        Pending::built(path, &mut tempfile::Builder::new())
    }

    fn built(path: &Path, builder: &mut tempfile::Builder<'_, '_>) -> Result<Pending> {
        if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return Err(host(format!(
                "`{}` is not a file, so it was not replaced: name a file to write",
                path.display()
            )));
        }
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        create_dir(parent)?;
        let file = builder
            .prefix(TEMPORARY)
            .tempfile_in(parent)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        let _listed = Listed::new(file.path());
        Ok(Pending { file, path: path.to_owned(), kept: false, _listed })
    }

    /// The file, open for reading and writing.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Where the file is until it is done.
    pub fn temporary(&self) -> &Path {
        self.file.path()
    }

    /// Gives it the owner, the permissions, and attributes such as access lists of the file that it replaces.
    ///
    /// # Errors
    /// One of them cannot be kept.
    pub fn keep(&mut self, original: &File) -> Result<()> {
        self.kept = true;
        keep::keep(original, self.file.as_file())
    }

    /// Puts the file in its place. One that is there passes on who may read and write it.
    pub fn commit(self) -> Result<()> {
        let there = fs::symlink_metadata(&self.path).ok().filter(|meta| meta.is_file());
        if let Some(there) = there.filter(|_| !self.kept) {
            let set = self.file.as_file().set_permissions(accessible(there.permissions()));
            set.with_context(|| format!("failed to write `{}`", self.path.display()))?;
        }
        self.persist()
    }

    /// Puts the file in the place of one with these permissions, and keeps them.
    pub fn commit_as(self, permissions: fs::Permissions) -> Result<()> {
        let set = self.file.as_file().set_permissions(permissions);
        set.with_context(|| format!("failed to write `{}`", self.path.display()))?;
        self.persist()
    }

    fn persist(self) -> Result<()> {
        let what = || format!("failed to write `{}`", self.path.display());
        self.file.as_file().sync_all().with_context(what)?;
        let moved = self.file.persist(&self.path).map_err(|e| e.error);
        moved.with_context(what)?;
        // The rename itself lasts only once the directory is on disk.
        let parent = self.path.parent().filter(|p| !p.as_os_str().is_empty());
        if let Ok(dir) = File::open(parent.unwrap_or(Path::new("."))) {
            let _ = dir.sync_all();
        }
        Ok(())
    }
}

/// Temporary files and directories of this run, which it has to remove even if it is interrupted in
/// the middle of a long computation.
static LISTED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Keeps a path on the list of [`remove_listed`] until it is dropped.
pub struct Listed(PathBuf);

impl Listed {
    /// Puts it there.
    pub fn new(path: &Path) -> Listed {
        LISTED.lock().expect("no panic holds this lock").push(path.to_owned());
        Listed(path.to_owned())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        LISTED.lock().expect("no panic holds this lock").retain(|path| *path != self.0);
    }
}

/// Removes what is listed: the process ends after this.
pub fn remove_listed() {
    for path in LISTED.lock().map(|listed| listed.clone()).unwrap_or_default() {
        let _ = if path.is_dir() {
            remove_tree(&path)
        } else {
            fs::remove_file(&path).map_err(Into::into)
        };
    }
}

/// Without setuid and its like: the new file can be another user's.
#[cfg(unix)]
fn accessible(permissions: fs::Permissions) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(permissions.mode() & 0o777)
}

#[cfg(not(unix))]
fn accessible(permissions: fs::Permissions) -> fs::Permissions {
    permissions
}

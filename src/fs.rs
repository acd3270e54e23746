//! File system work whose errors name their path: sorted walks, faithful copies, atomic writes.
//!
//! Owns how things are written (temporary file, fsync, rename) and removed; decides nothing about
//! what is copied or where.

mod paths;
mod system;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{BufRead, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use filetime::FileTime;
use repro_formats::{digest, tree};
use serde::Serialize;

use crate::error::{bad_input, host};

pub use paths::canonicalize;
pub use system::{disk_use, free_space, identity};

use system::set_times;

/// Reads a whole text file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => bad_input(format!("`{}` is not a text", path.display())),
        _ => anyhow::Error::new(e).context(format!("failed to read `{}`", path.display())),
    })
}

/// Reads a whole text file, or `None` where there is none.
pub fn read_text_if_any(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("failed to read `{}`", path.display())),
    }
}

/// Creates a directory and its parents.
pub fn create_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path)
        .with_context(|| format!("failed to create directory `{}`", path.display()))
}

/// Writes a file that only this run reads (no fsync, not atomic), creating its directory.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    if let Some(parent) = path.parent() {
        create_dir(parent)?;
    }
    fs::write(path, bytes).with_context(|| format!("failed to write `{}`", path.display()))
}

/// Appends a value as one line of JSON, in one write: lines of processes that run at once do not mix.
pub fn append_line(path: &Path, value: &impl Serialize) -> Result<()> {
    let what = || format!("failed to write `{}`", path.display());
    let mut line = serde_json::to_vec(value).with_context(what)?;
    line.push(b'\n');
    let mut file = File::options().append(true).create(true).open(path).with_context(what)?;
    file.write_all(&line).with_context(what)
}

/// Writes a file so that it appears whole or not at all: temporary file beside it, fsync, rename.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut pending = Pending::create(path)?;
    let written = pending.file().write_all(bytes);
    written.with_context(|| format!("failed to write `{}`", path.display()))?;
    pending.commit()
}

/// A file that is being written beside its place. It appears there, whole, with
/// [`Pending::commit`]; without it nothing stays.
pub struct Pending {
    file: tempfile::NamedTempFile,
    path: PathBuf,
    _listed: Listed,
}

impl Pending {
    /// Begins a file that is to be at `path`, creating its directory.
    pub fn create(path: &Path) -> Result<Pending> {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        create_dir(parent)?;
        let file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(parent)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        let _listed = Listed::new(file.path());
        Ok(Pending { file, path: path.to_owned(), _listed })
    }

    /// The file, open for reading and writing.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Where the file is until it is done.
    pub fn temporary(&self) -> &Path {
        self.file.path()
    }

    /// Puts the file in its place, readable by all.
    pub fn commit(self) -> Result<()> {
        readable_by_all(self.file.as_file())
            .with_context(|| format!("failed to write `{}`", self.path.display()))?;
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

/// How the names of files begin that are being written.
pub const TEMPORARY: &str = ".repro-";

#[cfg(unix)]
fn readable_by_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_file: &File) -> std::io::Result<()> {
    Ok(())
}

/// Where two files begin to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Offset in bytes.
    pub at: u64,
    /// The first file's byte there; none at its end.
    pub a: Option<u8>,
    /// The second file's.
    pub b: Option<u8>,
}

/// The first byte in which two files differ.
pub fn first_difference(a: &Path, b: &Path) -> Result<Option<Difference>> {
    let open = |path: &Path| {
        let file = File::open(path).with_context(|| format!("failed to open `{}`", path.display()));
        file.map(|f| std::io::BufReader::with_capacity(128 << 10, f))
    };
    let (mut x, mut y) = (open(a)?, open(b)?);
    let mut at = 0;
    loop {
        let of_a = x.fill_buf().with_context(|| format!("failed to read `{}`", a.display()))?;
        let of_b = y.fill_buf().with_context(|| format!("failed to read `{}`", b.display()))?;
        let n = of_a.len().min(of_b.len());
        if of_a[..n] != of_b[..n]
            && let Some(i) = of_a.iter().zip(of_b).position(|(x, y)| x != y)
        {
            return Ok(Some(Difference { at: at + i as u64, a: Some(of_a[i]), b: Some(of_b[i]) }));
        }
        if n == 0 {
            let (a, b) = (of_a.first().copied(), of_b.first().copied());
            let more = (a, b) != (None, None);
            return Ok(more.then_some(Difference { at, a, b }));
        }
        x.consume(n);
        y.consume(n);
        at += n as u64;
    }
}

/// Metadata of the thing itself, not of what a link points to.
pub fn lstat(path: &Path) -> Result<Metadata> {
    Ok(tree::lstat(path)?)
}

/// Names in a directory, sorted by bytes.
pub fn entries(dir: &Path) -> Result<Vec<OsString>> {
    Ok(tree::entries(dir)?)
}

/// Everything below `root` (not `root` itself), directories before what is in them, sorted by
/// bytes; links are not followed. `enter` is asked about each path before it is listed; `false`
/// leaves it out with all below it.
pub fn walk(root: &Path, enter: &mut dyn FnMut(&Path) -> bool) -> Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        let mut below = Vec::new();
        for name in entries(&dir)? {
            let path = dir.join(name);
            if !enter(&path) {
                continue;
            }
            let meta = lstat(&path)?;
            if meta.is_dir() {
                below.push(path.clone());
            }
            found.push((path, meta));
        }
        open.extend(below.into_iter().rev());
    }
    Ok(found)
}

/// Copies a tree: files with their permissions, links as links, directories; `enter` as in
/// [`walk`]. Sockets, FIFOs and devices are refused.
pub fn copy_tree(from: &Path, to: &Path, enter: &mut dyn FnMut(&Path) -> bool) -> Result<()> {
    create_dir(to)?;
    for (path, meta) in walk(from, enter)? {
        let relative = path.strip_prefix(from).expect("walk stays below its root");
        copy_one(&path, &meta, &to.join(relative))?;
    }
    Ok(())
}

/// Copies one thing: a file with its permissions and time, a link, or a directory without its
/// content. A file is a reflink where the file system has them, and never shares an inode.
pub fn copy_one(from: &Path, meta: &Metadata, to: &Path) -> Result<()> {
    let what = || format!("failed to copy `{}` to `{}`", from.display(), to.display());
    let kind = meta.file_type();
    if kind.is_dir() {
        create_dir(to)
    } else if kind.is_symlink() {
        let target = fs::read_link(from).with_context(what)?;
        symlink(&target, to, from.is_dir()).with_context(what)
    } else if kind.is_file() {
        fs::copy(from, to).with_context(what)?;
        set_times(to, FileTime::from_last_modification_time(meta)).with_context(what)
    } else {
        Err(host(format!(
            "failed to copy `{}`: it is neither a file, a directory nor a link; move it out of the source",
            from.display()
        )))
    }
}

/// A path without `.` and `..`, by its words alone.
pub fn normalized(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

/// Makes a symbolic link at `link` that points to `target`.
#[cfg(unix)]
pub fn symlink(target: &Path, link: &Path, _to_dir: bool) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Makes a symbolic link at `link` that points to `target`.
#[cfg(windows)]
pub fn symlink(target: &Path, link: &Path, to_dir: bool) -> std::io::Result<()> {
    if to_dir {
        std::os::windows::fs::symlink_dir(target, link)
    } else {
        std::os::windows::fs::symlink_file(target, link)
    }
}

/// Makes `link` this program under another name: a link, so that the program's own file is not copied each
/// time; where links need rights that the user lacks, a copy.
pub fn link_to_this_program(link: &Path) -> Result<()> {
    let exe = std::env::current_exe().context("failed to find the path of this program")?;
    // Wine 8 says that it made one, and makes none.
    if symlink(&exe, link, false).is_err() || fs::metadata(link).is_err() {
        link_or_copy(&exe, link)?;
    }
    Ok(())
}

/// Hard-links a file, or copies it where that cannot be.
pub fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        create_dir(parent)?;
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("failed to copy `{}` to `{}`", from.display(), to.display()))
}

/// Sets the modification and access time of everything below `root` and of `root` itself to
/// `seconds` since 1970, `.git` left out.
pub fn set_mtimes(root: &Path, seconds: i64) -> Result<()> {
    let time = FileTime::from_unix_time(seconds, 0);
    let mut all = walk(root, &mut not_git)?;
    all.reverse();
    all.push((root.to_owned(), lstat(root)?));
    for (path, _) in all {
        set_times(&path, time)
            .with_context(|| format!("failed to set the times of `{}`", path.display()))?;
    }
    Ok(())
}

/// Gives everything below `root` and `root` itself the modes that new files have under a umask: only
/// whether a file is a program stays. `.git` is left out.
#[cfg(unix)]
pub fn set_modes(root: &Path, mask: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut all = walk(root, &mut not_git)?;
    all.push((root.to_owned(), lstat(root)?));
    for (path, meta) in all.into_iter().filter(|(_, meta)| !meta.is_symlink()) {
        let runs = meta.is_dir() || meta.permissions().mode() & 0o100 != 0;
        let mode = if runs { 0o777 } else { 0o666 } & !mask;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("failed to set the mode of `{}`", path.display()))?;
    }
    Ok(())
}

/// Nothing, where files have no modes.
#[cfg(not(unix))]
pub fn set_modes(_root: &Path, _mask: u32) -> Result<()> {
    Ok(())
}

/// Puts everything below `root` into its directory once more, in an order by its number: with 1 from the
/// last name to the first, else by digests. File systems that list what was put there last first, or
/// last, list another order than of a copy made by name. `.git` is left out.
pub fn reorder(root: &Path, order: u32) -> Result<()> {
    let mut all = walk(root, &mut not_git)?;
    match order {
        1 => all.reverse(),
        _ => all.sort_by_cached_key(|(path, _)| {
            let below = path.strip_prefix(root).unwrap_or(path);
            digest::of_bytes(format!("{order} {}", below.display()).as_bytes()).sha256
        }),
    }
    for (path, _) in all {
        let aside = path.with_file_name(format!("{TEMPORARY}aside"));
        let moved = fs::rename(&path, &aside).and_then(|()| fs::rename(&aside, &path));
        moved.with_context(|| format!("failed to move `{}`", path.display()))?;
    }
    Ok(())
}

fn not_git(path: &Path) -> bool {
    path.file_name() != Some(".git".as_ref())
}

/// Removes a tree if it is there, also where a build took the write permission from directories.
pub fn remove_tree(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    if fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    walk(path, &mut |p| {
        make_writable(p);
        true
    })?;
    fs::remove_dir_all(path).with_context(|| format!("failed to remove `{}`", path.display()))
}

/// Removes a file, a link, or a tree, if it is there.
pub fn remove_tree_or_file(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => remove_tree(path),
        Ok(_) => {
            fs::remove_file(path).with_context(|| format!("failed to remove `{}`", path.display()))
        }
        Err(_) => Ok(()),
    }
}

#[cfg(unix)]
fn make_writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::symlink_metadata(path).is_ok_and(|m| m.is_dir()) {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
}

/// A file that is read-only cannot be removed there.
#[cfg(not(unix))]
#[allow(clippy::permissions_set_readonly_false)]
fn make_writable(path: &Path) {
    if let Ok(meta) = fs::symlink_metadata(path) {
        let mut permissions = meta.permissions();
        permissions.set_readonly(false);
        let _ = fs::set_permissions(path, permissions);
    }
}

/// Fails where nothing can be written in a directory that may still have to be made.
pub fn check_writable(dir: &Path) -> Result<()> {
    let there = dir.ancestors().find(|d| fs::symlink_metadata(d).is_ok()).unwrap_or(dir);
    let known = fs::metadata(there).and_then(|m| match m.is_dir() {
        true => Ok(()),
        false => Err(std::io::ErrorKind::NotADirectory.into()),
    });
    #[cfg(unix)]
    let known = known.and_then(|()| {
        use rustix::fs::Access;
        Ok(rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK)?)
    });
    known.with_context(|| format!("failed to write in `{}`", there.display()))
}

/// The path without symbolic links if it is there, else as it is.
pub fn canonical(path: &Path) -> PathBuf {
    canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walk_is_sorted_and_parents_come_first() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b/x", "a/z", "a/y", "c"] {
            write(&dir.path().join(name), "").unwrap();
        }
        let seen: Vec<_> = walk(dir.path(), &mut |_| true)
            .unwrap()
            .into_iter()
            .map(|(p, _)| p.strip_prefix(dir.path()).unwrap().to_owned())
            .collect();
        let want = ["a", "b", "c", "a/y", "a/z", "b/x"].map(PathBuf::from);
        assert_eq!(seen, want);
    }

    #[cfg(unix)]
    #[test]
    fn copies_links_and_exec_bits_and_removes_read_only_directories() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        write(&from.join("sub dir/tool=é"), "#!/bin/sh").unwrap();
        let exec = fs::Permissions::from_mode(0o755);
        fs::set_permissions(from.join("sub dir/tool=é"), exec).unwrap();
        symlink(Path::new("sub dir/tool=é"), &from.join("link"), false).unwrap();
        copy_tree(&from, &to, &mut |_| true).unwrap();
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("sub dir/tool=é"));
        assert_eq!(lstat(&to.join("sub dir/tool=é")).unwrap().permissions().mode() & 0o777, 0o755);
        set_mtimes(&to, 1_000_000).unwrap();
        let meta = lstat(&to.join("link")).unwrap();
        assert_eq!(FileTime::from_last_modification_time(&meta).unix_seconds(), 1_000_000);
        fs::set_permissions(to.join("sub dir"), fs::Permissions::from_mode(0o500)).unwrap();
        remove_tree(&to).unwrap();
        assert!(!to.exists());
    }
}

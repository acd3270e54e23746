//! Whole trees: sorted walks, copies, removal, and the times, modes and order of their entries.
//! Walks do not follow links, and `.git` keeps its times and modes. Sockets, FIFOs and devices cannot be copied.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use filetime::FileTime;
use repro_formats::digest;
use repro_formats::names::visible;

use super::file::{TEMPORARY, canonical, create_dir, entries, lstat, symlink};
use super::system::set_times;
use crate::error::{bad_input, host};

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

/// Refuses a tree in which anything that `counts` is neither a file, a directory nor a link to one: whoever reads a FIFO or a
/// device may wait for ever. What is in `.git` is left out.
pub fn only_files(root: &Path, counts: &dyn Fn(&Path) -> bool) -> Result<()> {
    let all = walk(root, &mut not_git)?;
    for (path, meta) in all.into_iter().filter(|(path, _)| counts(path)) {
        // A link to nothing is one to no device.
        let real = if meta.is_symlink() { fs::metadata(&path).ok() } else { Some(meta) };
        let ends = real.is_none_or(|meta| meta.is_file() || meta.is_dir());
        if !ends && canonical(&path) != Path::new("/dev/null") {
            let below = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            return Err(bad_input(format!(
                "`{}` of the source is a FIFO, a device or a socket, or a link to one: remove it",
                visible(&below)
            )));
        }
    }
    Ok(())
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

/// Whether the owner of a file may run it.
#[cfg(unix)]
pub fn is_executable(meta: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o100 != 0
}

/// Never, where files have no modes.
#[cfg(not(unix))]
pub fn is_executable(_meta: &Metadata) -> bool {
    false
}

/// Gives everything below `root` and `root` itself the modes that new files have under a umask: only
/// whether a file is a program stays. `.git` is left out.
#[cfg(unix)]
pub fn set_modes(root: &Path, mask: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut all = walk(root, &mut not_git)?;
    all.push((root.to_owned(), lstat(root)?));
    for (path, meta) in all.into_iter().filter(|(_, meta)| !meta.is_symlink()) {
        let runs = meta.is_dir() || is_executable(&meta);
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

/// Whether a path is not the directory of a repository.
pub fn not_git(path: &Path) -> bool {
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

#[cfg(test)]
mod tests {
    use super::super::file::write;
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

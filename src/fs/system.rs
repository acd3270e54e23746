//! What each system has its own way of: times, numbers of files, room on a disk.

#[cfg(unix)]
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use filetime::FileTime;

/// Sets both times of the thing itself, not of what a link points to.
#[cfg(not(windows))]
pub(super) fn set_times(path: &Path, time: FileTime) -> std::io::Result<()> {
    filetime::set_symlink_file_times(path, time, time)
}

/// Sets both times of the thing itself, also of a read-only file, as git makes them.
#[cfg(windows)]
pub(super) fn set_times(path: &Path, time: FileTime) -> std::io::Result<()> {
    use std::time::{Duration, SystemTime};
    let nanos = Duration::from_nanos(time.nanoseconds().into());
    let seconds = Duration::from_secs(time.unix_seconds().unsigned_abs());
    let whole = match time.unix_seconds() {
        0.. => SystemTime::UNIX_EPOCH.checked_add(seconds),
        _ => SystemTime::UNIX_EPOCH.checked_sub(seconds),
    };
    let time = whole.and_then(|t| t.checked_add(nanos)).ok_or(std::io::ErrorKind::InvalidInput)?;
    super::windows::set_times(path, time)
}

/// Bytes that are free on the disk of a directory, where that can be known.
#[cfg(unix)]
pub fn free_space(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Not known here.
#[cfg(not(unix))]
pub fn free_space(_dir: &Path) -> Option<u64> {
    None
}

/// Bytes that a tree takes on its disk, about: what cannot be read, or goes away meanwhile, is left out.
#[cfg(unix)]
pub fn disk_use(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .map(|(path, meta)| match meta.is_dir() {
            true => disk_use(&path),
            // A file with several names counts once.
            false => meta.blocks() * 512 / meta.nlink().max(1),
        })
        .sum()
}

/// Not known here.
#[cfg(not(unix))]
pub fn disk_use(_dir: &Path) -> u64 {
    0
}

/// Device and inode of a file, on Windows the numbers of volume and file: two paths with the same pair
/// are one file.
pub fn identity(path: &Path) -> Result<(u64, u64)> {
    of_file(path).with_context(|| format!("failed to look at `{}`", path.display()))
}

#[cfg(unix)]
fn of_file(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map(|meta| (meta.dev(), meta.ino()))
}

#[cfg(windows)]
use super::windows::identity as of_file;

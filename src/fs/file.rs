//! Single files and paths: reading, writing, linking, comparing, and what is known of their disk.
//! Errors name the path, and have the exit code of bad input or of this machine, whichever is at fault.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{BufRead, Read, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::tree;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::paths::canonicalize;
use crate::error::{bad_input, host};

/// Bytes that a text may have.
const LONGEST: u64 = 64 << 20;

/// Reads a whole text file.
pub fn read_text(path: &Path) -> Result<String> {
    let file = File::open(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    text_of(file, path)
}

/// Reads a whole text file, or `None` where there is none. Where reading might never end it is an error: an
/// untrusted source can have a FIFO, or a link to a device, under any name.
pub fn read_text_if_any(path: &Path) -> Result<Option<String>> {
    let what = || format!("failed to read `{}`", path.display());
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Whoever opens a FIFO waits for its other end.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).with_context(what),
    };
    let kind = file.metadata().with_context(what)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(bad_input(format!(
            "`{}` is a FIFO, a device or a socket, and not a text: replace it with a file",
            path.display()
        )));
    }
    text_of(file, path).map(Some)
}

fn text_of(file: File, path: &Path) -> Result<String> {
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => bad_input(format!("`{}` is not a text", path.display())),
        _ => anyhow::Error::new(e).context(format!("failed to read `{}`", path.display())),
    })?;
    match text.len() as u64 > LONGEST {
        false => Ok(text),
        true => Err(bad_input(format!(
            "`{}` is not a text: it has more than {} MiB",
            path.display(),
            LONGEST >> 20
        ))),
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

/// Reads values that [`append_line`] wrote; none where there is no file. An error says `what` they are.
pub fn read_lines<T: DeserializeOwned>(path: &Path, what: &str) -> Result<Vec<T>> {
    let text = read_text_if_any(path)?.unwrap_or_default();
    let read = |line| serde_json::from_str(line).with_context(|| format!("failed to read {what}"));
    text.lines().map(read).collect()
}

/// Opens a file that is only there to be locked, and makes it if there is none. What is in it stays, and a
/// link is not followed: the directory may be one that came with a source.
pub fn lock_file(path: &Path) -> Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()) {
        return Err(host(format!("`{}` is a symbolic link: remove it", path.display())));
    }
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    options.open(path).with_context(|| format!("failed to write `{}`", path.display()))
}

/// How the names of files begin that are being written.
pub const TEMPORARY: &str = ".repro-";

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

/// The same of a directory that need not be there.
pub fn entries_if_any(dir: &Path) -> Result<Vec<OsString>> {
    if dir.is_dir() { entries(dir) } else { Ok(Vec::new()) }
}

/// A path with `/` between its parts, on every system.
pub fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
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

/// Makes `link` this program under another name: a symbolic link, or a copy where the user may not make
/// links.
pub fn link_to_this_program(link: &Path) -> Result<()> {
    let exe = std::env::current_exe().context("failed to find the path of this program")?;
    // Wine 8 says that it made one, and makes none.
    if symlink(&exe, link, false).is_ok() && fs::metadata(link).is_ok() {
        return Ok(());
    }
    // Windows removes no name of a program that runs, so a hard link would stay to the end.
    if cfg!(windows) { copy(&exe, link) } else { link_or_copy(&exe, link) }
}

/// Hard-links a file, or copies it where that cannot be.
pub fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        create_dir(parent)?;
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    copy(from, to)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("failed to copy `{}` to `{}`", from.display(), to.display()))
}

/// Fails where nothing can be written in a directory that may still have to be made.
pub fn check_writable(dir: &Path) -> Result<()> {
    let there = dir.ancestors().find(|d| fs::symlink_metadata(d).is_ok());
    // Of a relative path the last one is empty.
    let there = there.unwrap_or(Path::new("."));
    // The file has no name: permissions do not show that a file system takes none.
    tempfile::tempfile_in(there)
        .with_context(|| format!("failed to write in `{}`", there.display()))?;
    Ok(())
}

/// The path without symbolic links if it is there, else as it is.
pub fn canonical(path: &Path) -> PathBuf {
    canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn only_files_of_a_bearable_length_are_texts() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        write(&at("text"), "x").unwrap();
        symlink(&at("text"), &at("link"), false).unwrap();
        symlink(Path::new("/dev/zero"), &at("device"), false).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), mode).unwrap();
        File::create(at("long")).unwrap().set_len(LONGEST + 1).unwrap();
        for name in ["text", "link"] {
            assert_eq!(read_text_if_any(&at(name)).unwrap().as_deref(), Some("x"), "{name}");
        }
        assert!(read_text_if_any(&at("none")).unwrap().is_none());
        for (name, words) in [("fifo", "is a FIFO"), ("device", "a device"), ("long", "64 MiB")] {
            let error = read_text_if_any(&at(name)).unwrap_err();
            assert!(error.to_string().contains(words), "{name}: {error}");
            assert_eq!(crate::error::kind_of(&error), crate::error::Kind::BadInput, "{name}");
        }
        assert!(read_text(&at("long")).is_err());
    }

    #[test]
    fn this_program_runs_while_its_link_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("other.exe");
        link_to_this_program(&link).unwrap();
        assert!(fs::metadata(&link).unwrap().len() > 0);
        fs::remove_file(&link).unwrap();
    }
}

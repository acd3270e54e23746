//! What goes into an archive, in the order of the policy: a tree of the disk, a list of paths, or a
//! made-up tree of files from many places. Names and metadata only; contents are read when packed.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::names::printable;
use crate::policy;
use crate::tar::write::Kind;

/// One thing to pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name in the archive, without a `/` at the end.
    pub name: Vec<u8>,
    /// A file (with its size), a directory or a symbolic link.
    pub kind: Kind,
    /// The mode, as the policy has it.
    pub mode: u32,
    /// Where the content of a file is.
    pub path: PathBuf,
}

/// Walks trees depth first, each directory in the order of its names' bytes.
pub struct Walk<'a> {
    /// What is still to come, the next one last.
    open: Vec<(Vec<u8>, PathBuf)>,
    /// Paths that are left out: the archive itself and the files that are written next to it.
    skip: &'a dyn Fn(&Path) -> bool,
    skipped: Vec<PathBuf>,
    /// Paths in one directory that differ in letter case only.
    colliding: Vec<(String, String)>,
}

impl<'a> Walk<'a> {
    /// A walk over the roots: the name of each in the archive, and where it is.
    pub fn new(mut roots: Vec<(Vec<u8>, PathBuf)>, skip: &'a dyn Fn(&Path) -> bool) -> Walk<'a> {
        roots.sort();
        roots.dedup_by(|a, b| a.0 == b.0);
        roots.reverse();
        Walk { open: roots, skip, skipped: Vec::new(), colliding: Vec::new() }
    }

    /// Pairs of names met so far that are one where letter case does not count.
    pub fn colliding(&self) -> &[(String, String)] {
        &self.colliding
    }

    /// What was left out so far.
    pub fn skipped(&self) -> &[PathBuf] {
        &self.skipped
    }

    fn item(&mut self, name: Vec<u8>, path: PathBuf) -> Result<Item, Error> {
        let meta = lstat(&path)?;
        let (kind, mode) = kind_and_mode(&path, &meta)?;
        if kind == Kind::Dir {
            let entries = entries(&path)?;
            self.note_collisions(&path, &entries);
            for entry in entries.into_iter().rev() {
                let below = [&name[..], b"/", bytes_of(&entry)?].concat();
                self.open.push((below, path.join(entry)));
            }
        }
        Ok(Item { name, kind, mode, path })
    }

    fn note_collisions(&mut self, dir: &Path, entries: &[OsString]) {
        let mut seen = HashMap::new();
        for name in entries {
            let folded = name.to_string_lossy().to_lowercase();
            if let Some(other) = seen.insert(folded, name) {
                let text = |n: &OsStr| dir.join(n).display().to_string();
                self.colliding.push((text(other), text(name)));
            }
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Result<Item, Error>> {
        while let Some((name, path)) = self.open.pop() {
            if (self.skip)(&path) {
                self.skipped.push(path);
                continue;
            }
            return Some(self.item(name, path));
        }
        None
    }
}

/// Metadata of the thing itself, not of what a link points to.
///
/// # Errors
/// It cannot be had.
pub fn lstat(path: &Path) -> Result<Metadata, Error> {
    let look = Error::io(format!("failed to look at `{}`", path.display()));
    fs::symlink_metadata(path).map_err(look)
}

/// Names in a directory, sorted by bytes.
///
/// # Errors
/// It cannot be listed.
pub fn entries(dir: &Path) -> Result<Vec<OsString>, Error> {
    let names = || fs::read_dir(dir)?.map(|e| Ok(e?.file_name())).collect::<io::Result<Vec<_>>>();
    let list = Error::io(format!("failed to list directory `{}`", dir.display()));
    let mut names = names().map_err(list)?;
    names.sort();
    Ok(names)
}

/// What the thing is, and its mode as the policy has it.
fn kind_and_mode(path: &Path, meta: &Metadata) -> Result<(Kind, u32), Error> {
    let kind = meta.file_type();
    if kind.is_file() {
        Ok((Kind::File(meta.len()), mode(meta)))
    } else if kind.is_dir() {
        Ok((Kind::Dir, mode(meta)))
    } else if kind.is_symlink() {
        let read = Error::io(format!("failed to read the link `{}`", path.display()));
        let target = fs::read_link(path).map_err(read)?;
        let target = bytes_of(target.as_os_str())?.to_vec();
        Ok((Kind::Symlink(target), policy::LINK_MODE))
    } else {
        Err(Error::CannotPack {
            path: path.to_owned(),
            why: "it is a socket, FIFO or device, which has no content; move it away or leave it out",
        })
    }
}

#[cfg(unix)]
fn mode(meta: &Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    policy::mode(meta.mode())
}

/// Windows has no exec bit: programs are known by their names.
#[cfg(not(unix))]
fn mode(meta: &Metadata) -> u32 {
    policy::mode_of(meta.is_dir())
}

/// The bytes of a name or path as an archive holds them.
#[cfg(unix)]
pub fn bytes_of(name: &OsStr) -> Result<&[u8], Error> {
    use std::os::unix::ffi::OsStrExt;
    Ok(name.as_bytes())
}

/// The bytes of a name or path as an archive holds them: UTF-8, with `/` between its parts.
#[cfg(not(unix))]
pub fn bytes_of(name: &OsStr) -> Result<&[u8], Error> {
    let text = name.to_str().filter(|t| !t.contains('\\'));
    let why = "its name is not Unicode, or holds a `\\`";
    text.map(str::as_bytes).ok_or_else(|| Error::CannotPack { path: name.into(), why })
}

/// A made-up tree: files from anywhere under names of their own, and the directories above them.
pub fn made_up(root: &[u8], files: &[(Vec<u8>, PathBuf)]) -> Result<Vec<Item>, Error> {
    let parts = |name: &[u8]| name.split(|b| *b == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut items = std::collections::BTreeMap::new();
    let mut dir = |name: &[u8]| {
        let (mode, path) = (policy::mode_of(true), PathBuf::new());
        items.insert(parts(name), Item { name: name.to_vec(), kind: Kind::Dir, mode, path });
    };
    dir(root);
    let all: Vec<_> = files.iter().map(|(n, path)| ([root, b"/", n].concat(), path)).collect();
    for (name, _) in &all {
        let ends = name.iter().enumerate().filter(|(_, b)| **b == b'/');
        ends.for_each(|(i, _)| dir(&name[..i]));
    }
    for (name, path) in all {
        // A link that is named is packed as the file that it points to: the archive must not depend on others.
        let look = Error::io(format!("failed to look at `{}`", path.display()));
        let meta = fs::metadata(path).map_err(look)?;
        let (kind, mode) = kind_and_mode(path, &meta)?;
        let item = Item { name: name.clone(), kind, mode, path: path.clone() };
        if items.insert(parts(&name), item).is_some() {
            return Err(Error::SameName(printable(&name)));
        }
    }
    Ok(items.into_values().collect())
}

//! Two directories, or a directory and an archive of one: pairs files by name and crates without
//! their hashes, and leaves out cargo's own bookkeeping files. Names and contents are compared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use repro_formats::digest::{self, Digest};
use repro_formats::error::Error;
use repro_formats::limits::Limits;
use repro_formats::listing::{Container, Member, MemberKind};
use repro_formats::names::printable;
use repro_formats::{ar, cpio, tar, tree, zip};

use super::open::{self, Opened, Part, read};

/// What cargo writes for itself, with times and absolute paths in it.
const OWN_DIRECTORIES: [&str; 2] = [".fingerprint", "incremental"];
const OWN_FILES: [&str; 4] =
    [".cargo-lock", ".rustc_info.json", "CACHEDIR.TAG", "invoked.timestamp"];
/// Bytes of files that differ which are explained, on each side.
const MOST: u64 = 1 << 30;

/// Files by their paths.
#[derive(Default)]
pub struct Tree {
    files: BTreeMap<String, Entry>,
    /// Whether cargo builds in it, and in the other: only then are its own files known for what they are.
    of_cargo: bool,
    /// How many files of cargo's own were left out.
    pub(super) left_out: usize,
    /// Crates and those that they depend on, as cargo's fingerprints have them.
    pub(super) crates: BTreeMap<String, BTreeSet<String>>,
}

struct Entry {
    kind: MemberKind,
    digest: Digest,
    content: Content,
}

impl Entry {
    fn new(kind: MemberKind, bytes: Vec<u8>) -> Entry {
        Entry { kind, digest: digest::of_bytes(&bytes), content: Content::Bytes(bytes) }
    }
}

fn link_to(target: &str) -> Vec<u8> {
    format!("link to {target}\n").into_bytes()
}

enum Content {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Tree {
    /// The files of two directories, or of a directory and an archive of it.
    ///
    /// # Errors
    /// Something cannot be read, or is no directory and no archive.
    pub fn both(a: &Path, b: &Path, limits: &Limits) -> Result<(Tree, Tree), Error> {
        let (mut x, mut y) = (Tree::of(a, true, limits)?, Tree::of(b, true, limits)?);
        // Else one side alone could say which of its files are not to be compared.
        match (x.of_cargo, y.of_cargo) {
            (true, false) => x = Tree::of(a, false, limits)?,
            (false, true) => y = Tree::of(b, false, limits)?,
            _ => {}
        }
        match (a.is_dir(), b.is_dir()) {
            (true, false) => y.strip(&x),
            (false, true) => x.strip(&y),
            _ => {}
        }
        Ok((x, y))
    }

    /// Leaves out the directory that holds all of an archive, unless the other has it too.
    fn strip(&mut self, other: &Tree) {
        let first = |name: &String| name.split_once('/').map(|(dir, _)| format!("{dir}/"));
        let Some(Some(dir)) = self.files.keys().next().map(first) else { return };
        let within = |tree: &Tree| tree.files.keys().filter(|n| n.starts_with(&dir)).count();
        if within(self) == self.files.len() && within(other) == 0 {
            let files = std::mem::take(&mut self.files).into_iter();
            self.files = files.map(|(name, e)| (name[dir.len()..].to_string(), e)).collect();
        }
    }

    /// `cargos`: files of cargo's own may be left out.
    fn of(path: &Path, cargos: bool, limits: &Limits) -> Result<Tree, Error> {
        let mut tree = Tree::default();
        match path.is_dir() {
            true => {
                tree.of_cargo = cargos && holds_fingerprints(path, 3);
                tree.walk(path, "")?;
            }
            false => {
                tree::lstat(path)?;
                let unfit = |why| Error::NoTree { path: path.to_owned(), why };
                tree.unpack(path, cargos, limits).map_err(unfit)?;
            }
        }
        Ok(tree)
    }

    fn walk(&mut self, dir: &Path, below: &str) -> Result<(), Error> {
        for base in tree::entries(dir)? {
            let path = dir.join(&base);
            // As archives have it: no two names may become one.
            let name = format!("{below}{}", printable(tree::bytes_of(&base)?));
            let meta = tree::lstat(&path)?;
            if meta.is_dir() {
                match self.is_own(&format!("{name}/")) {
                    true => self.fingerprints(&path)?,
                    false => self.walk(&path, &format!("{name}/"))?,
                }
            } else if self.is_own(&name) {
                self.left_out += 1;
            } else if meta.is_symlink() {
                let read = Error::reading(&path);
                let target = fs::read_link(&path).map_err(read)?;
                let target = printable(tree::bytes_of(target.as_os_str())?);
                self.files.insert(name, Entry::new(MemberKind::Symlink, link_to(&target)));
            } else if meta.is_file() {
                let digest = digest::of_file(&path)?;
                let content = Content::File(path);
                self.files.insert(name, Entry { kind: MemberKind::File, digest, content });
            } else {
                let (kind, number) = special(&meta);
                self.files.insert(name, Entry::new(kind, number.into_bytes()));
            }
        }
        Ok(())
    }

    /// Whether cargo writes the file, or all below the directory, for itself.
    fn is_own(&self, name: &str) -> bool {
        let mut parts = name.split('/').rev();
        let base = parts.next().unwrap_or_default();
        let file = OWN_FILES.contains(&base) || base.ends_with(".d");
        self.of_cargo && (file || parts.any(|p| OWN_DIRECTORIES.contains(&p)))
    }

    /// A directory of cargo's own: only which crate depends on which is taken from it.
    fn fingerprints(&mut self, dir: &Path) -> Result<(), Error> {
        for base in tree::entries(dir)? {
            let path = dir.join(&base);
            if tree::lstat(&path)?.is_dir() {
                self.fingerprints(&path)?;
                continue;
            }
            self.left_out += 1;
            let base = base.to_string_lossy();
            let krate = base.strip_prefix("lib-").and_then(|n| n.strip_suffix(".json"));
            let (Some(krate), Ok(text)) = (krate, fs::read(&path)) else { continue };
            let json: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
            let deps = json["deps"].as_array().into_iter().flatten();
            let names = deps.filter_map(|d| Some(d.get(1)?.as_str()?.to_string()));
            self.crates.entry(krate.replace('-', "_")).or_default().extend(names);
        }
        Ok(())
    }

    fn unpack(&mut self, path: &Path, cargos: bool, limits: &Limits) -> Result<(), String> {
        let bytes = read(path)?;
        let peeled = open::peel(&bytes, limits).map_err(|e| e.what)?;
        let opened = match open::open(&peeled.bytes, limits) {
            Some(opened) => opened.map_err(|e| e.what)?,
            None => return Err("it is neither a directory nor an archive".to_string()),
        };
        sound(opened.kind, &peeled.bytes, limits)?;
        if opened.kind == Container::Tar && !peeled.layers.is_empty() {
            let end = zip::read::is_at_the_end(Cursor::new(&*bytes));
            if end.map_err(|e| e.to_string())? {
                return Err("a zip is at its end, which some readers take in its place".to_string());
            }
        }
        let fingerprints = |p: &Part| p.said.name.split('/').any(|d| d == OWN_DIRECTORIES[0]);
        self.of_cargo = cargos && opened.parts.iter().any(fingerprints);
        for part in opened.parts.iter().filter(|p| p.said.kind != MemberKind::Dir) {
            let name = part.said.name.clone();
            if self.is_own(&name) {
                self.left_out += 1;
                continue;
            }
            let entry = match (part.said.kind, &part.said.target) {
                (kind @ MemberKind::Symlink, Some(target)) => Entry::new(kind, link_to(target)),
                // A regular file, whatever number of names it has.
                (MemberKind::Hardlink, _) => Entry::new(MemberKind::File, part.bytes.to_vec()),
                (kind, _) => Entry::new(kind, part.bytes.to_vec()),
            };
            if self.files.insert(name.clone(), entry).is_some() {
                return Err(format!("`{name}` is in it twice"));
            }
        }
        Ok(())
    }

    /// Size and digest of all that is compared.
    pub fn digest(&self) -> Digest {
        let kind = |e: &Entry| if e.kind == MemberKind::File { "" } else { e.kind.name() };
        let line =
            |(name, e): (&String, &Entry)| format!("{} {} {name}\n", e.digest.sha256, kind(e));
        let text: String = self.files.iter().map(line).collect();
        let size = self.files.values().map(|e| e.digest.size).sum();
        Digest { size, ..digest::of_bytes(text.as_bytes()) }
    }

    /// The files that are not the same in the other; those that are too large by name only.
    pub(super) fn unlike(&self, other: &Tree) -> Result<(Opened<'_>, Vec<String>), String> {
        let mut left = MOST;
        let mut large = Vec::new();
        let mut parts = Vec::new();
        for (name, entry) in &self.files {
            let same = |o: &Entry| (o.kind, &o.digest) == (entry.kind, &entry.digest);
            if other.files.get(name).is_some_and(same) {
                continue;
            }
            let (rest, over) = left.overflowing_sub(entry.digest.size);
            if over {
                large.push(name.clone());
                continue;
            }
            left = rest;
            let bytes = match &entry.content {
                Content::File(path) => Cow::Owned(read(path)?),
                Content::Bytes(bytes) => Cow::Borrowed(&bytes[..]),
            };
            let said = Member {
                name: name.clone(),
                written: name.clone(),
                kind: entry.kind,
                size: entry.digest.size,
                ..Member::default()
            };
            parts.push(Part { said, bytes, packed: None, role: None });
        }
        open::assign_roles(&mut parts);
        let kind = Container::Directory;
        Ok((Opened { kind, parts, fields: Vec::new(), prefix: &[], odd: None }, large))
    }
}

/// What is neither a file, a directory nor a link; and which one, if it is a device.
#[cfg(unix)]
fn special(meta: &fs::Metadata) -> (MemberKind, String) {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let kind = meta.file_type();
    let number = || format!("device number {:#x}\n", meta.rdev());
    match kind {
        _ if kind.is_fifo() => (MemberKind::Fifo, String::new()),
        _ if kind.is_socket() => (MemberKind::Socket, String::new()),
        _ if kind.is_block_device() => (MemberKind::BlockDevice, number()),
        _ => (MemberKind::CharDevice, number()),
    }
}

#[cfg(not(unix))]
fn special(_: &fs::Metadata) -> (MemberKind, String) {
    (MemberKind::Special, String::new())
}

/// Here the archive decides and is not explained: every reader has to see the same members in it.
fn sound(kind: Container, bytes: &[u8], limits: &Limits) -> Result<(), String> {
    match kind {
        Container::Tar => {
            use tar::read::{Kind as Of, Walk};
            let mut walk = Walk::new(bytes, limits).with_any_links();
            let mut sparse = BTreeSet::new();
            while let Some(entry) = walk.next().map_err(|e| e.to_string())? {
                let content = bytes.get(entry.data_at as usize..).unwrap_or_default();
                let content = content.get(..entry.size as usize).unwrap_or_default();
                let unknown = match &entry.kind {
                    Of::Sparse => tar::sparse::unfolded(&entry, content, MOST).is_none(),
                    Of::Hardlink(target) => sparse.contains(target),
                    _ => false,
                };
                if unknown {
                    let name = printable(&entry.name);
                    return Err(format!("`{name}` is a file with holes, which is not read here"));
                }
                if entry.kind == Of::Sparse {
                    sparse.insert(entry.name);
                }
            }
            Ok(())
        }
        Container::Zip => {
            let index = zip::read::read(&mut Cursor::new(bytes), limits);
            let index = index.map_err(|e| e.to_string())?;
            // Of these only the packed bytes are known.
            index.entries.iter().find(|e| e.unread().is_some()).map_or(Ok(()), |entry| {
                let name = printable(&entry.written);
                Err(format!("`{name}` is encrypted, or packed by a method that is not read here"))
            })
        }
        Container::Ar if bytes.starts_with(ar::read::THIN) => {
            Err("it is a thin archive, which only names its members".to_string())
        }
        Container::Cpio => {
            let mut linked = BTreeSet::new();
            for entry in cpio::read::read(bytes, limits).map_err(|e| e.to_string())? {
                let name = entry.said.name;
                if entry.said.kind == MemberKind::Special {
                    return Err(format!("`{name}` is a device, a FIFO or a socket"));
                }
                let file = entry.linked.filter(|_| !entry.content.is_empty());
                if file.is_some_and(|file| !linked.insert(file)) {
                    return Err(format!("`{name}` is a hard link with a content of its own"));
                }
            }
            Ok(())
        }
        Container::Ar | Container::Content | Container::Directory => Ok(()),
        Container::Rpm | Container::Fat => Err("it is more than the files in it".to_string()),
    }
}

/// Whether cargo's fingerprints are in the directory, so deep at most.
fn holds_fingerprints(dir: &Path, depth: usize) -> bool {
    let Ok(names) = tree::entries(dir) else { return false };
    let mut dirs = names.iter().map(|n| dir.join(n)).filter(|p| p.is_dir() && !p.is_symlink());
    dirs.any(|p| p.ends_with(OWN_DIRECTORIES[0]) || depth > 0 && holds_fingerprints(&p, depth - 1))
}

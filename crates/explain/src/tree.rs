//! Two directories, or a directory and an archive of one: pairs files by name and crates without
//! their hashes, and leaves out cargo's own bookkeeping files. Names and contents are compared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use repro_formats::digest::{self, Digest};
use repro_formats::error as formats;
use repro_formats::limits::Limits;
use repro_formats::listing::Member;
use repro_formats::tree;

use super::open::{self, Kind, Opened, Part, read};
use crate::error::Error;

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
    /// Whether cargo builds in it: only then are its own files known for what they are.
    of_cargo: bool,
    /// How many files of cargo's own were left out.
    pub(super) left_out: usize,
    /// Crates and those that they depend on, as cargo's fingerprints have them.
    pub(super) crates: BTreeMap<String, BTreeSet<String>>,
}

struct Entry {
    digest: Digest,
    content: Content,
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
        let (mut x, mut y) = (Tree::of(a, limits)?, Tree::of(b, limits)?);
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

    fn of(path: &Path, limits: &Limits) -> Result<Tree, Error> {
        let mut tree = Tree::default();
        match path.is_dir() {
            true => {
                tree.of_cargo = holds_fingerprints(path, 3);
                tree.walk(path, "")?;
            }
            false => {
                tree::lstat(path)?;
                let unfit = |why| Error::NoTree { path: path.to_owned(), why };
                tree.unpack(path, limits).map_err(unfit)?;
            }
        }
        Ok(tree)
    }

    fn walk(&mut self, dir: &Path, below: &str) -> Result<(), Error> {
        for base in tree::entries(dir)? {
            let path = dir.join(&base);
            let base = base.to_string_lossy().into_owned();
            let name = format!("{below}{base}");
            let meta = tree::lstat(&path)?;
            if meta.is_dir() {
                match self.is_own(&format!("{name}/")) {
                    true => self.fingerprints(&path)?,
                    false => self.walk(&path, &format!("{name}/"))?,
                }
            } else if self.is_own(&name) {
                self.left_out += 1;
            } else if meta.is_symlink() {
                let read = formats::Error::reading(&path);
                let target = fs::read_link(&path).map_err(read)?;
                self.add(name, format!("link to {}\n", target.display()).into_bytes());
            } else if meta.is_file() {
                let digest = digest::of_file(&path)?;
                self.files.insert(name, Entry { digest, content: Content::File(path) });
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

    fn unpack(&mut self, path: &Path, limits: &Limits) -> Result<(), String> {
        let bytes = read(path)?;
        let peeled = open::peel(&bytes, limits).map_err(|e| e.what)?;
        let opened = match open::open(&peeled.bytes, limits) {
            Some(opened) => opened.map_err(|e| e.what)?,
            None => return Err("it is neither a directory nor an archive".to_string()),
        };
        let fingerprints = |p: &Part| p.said.name.split('/').any(|d| d == OWN_DIRECTORIES[0]);
        self.of_cargo = opened.parts.iter().any(fingerprints);
        for part in opened.parts.iter().filter(|p| p.said.kind != "dir") {
            if self.is_own(&part.said.name) {
                self.left_out += 1;
                continue;
            }
            let bytes = match &part.said.target {
                Some(target) if part.said.kind == "symlink" => {
                    format!("link to {target}\n").into_bytes()
                }
                _ => part.bytes.to_vec(),
            };
            self.add(part.said.name.clone(), bytes);
        }
        Ok(())
    }

    fn add(&mut self, name: String, bytes: Vec<u8>) {
        let digest = digest::of_bytes(&bytes);
        self.files.insert(name, Entry { digest, content: Content::Bytes(bytes) });
    }

    /// Size and digest of all that is compared.
    pub fn digest(&self) -> Digest {
        let line = |(name, e): (&String, &Entry)| format!("{}  {name}\n", e.digest.sha256);
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
            if other.files.get(name).is_some_and(|o| o.digest == entry.digest) {
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
                kind: "file",
                size: entry.digest.size,
                ..Member::default()
            };
            parts.push(Part { said, bytes, packed: None, role: None });
        }
        open::assign_roles(&mut parts);
        let kind = Kind::Directory;
        Ok((Opened { kind, parts, fields: Vec::new(), prefix: &[], odd: Vec::new() }, large))
    }
}

/// Whether cargo's fingerprints are in the directory, so deep at most.
fn holds_fingerprints(dir: &Path, depth: usize) -> bool {
    let Ok(names) = tree::entries(dir) else { return false };
    let mut dirs = names.iter().map(|n| dir.join(n)).filter(|p| p.is_dir() && !p.is_symlink());
    dirs.any(|p| p.ends_with(OWN_DIRECTORIES[0]) || depth > 0 && holds_fingerprints(&p, depth - 1))
}

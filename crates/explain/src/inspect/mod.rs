//! What a binary tells of its making: compiler, linker, target, crates, paths. Read from headers, notes,
//! sections and texts; nothing is run, and nothing is compared with anything.
//!
//! Archives are opened, and each binary in them is inspected. What is not found is absent, never
//! guessed: a stripped program tells less than one that is not.

mod headers;
mod texts;
mod wasm;

use std::collections::BTreeMap;
use std::path::Path;

use repro_formats::detect::{FileType, detect};
use repro_formats::limits::Limits;
use serde::Serialize;

use super::open::{self, Kind};

/// Archives in archives that are opened.
const DEEPEST: usize = 3;
/// Binaries of one file that are inspected.
const MOST: usize = 2_000;

/// What one binary tells. Every field may be empty: it was stripped, or never there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Binary {
    /// The names of the members that lead to it; none of a file that is no archive.
    pub within: Vec<String>,
    /// `ELF`, `PE`, `COFF`, `Mach-O`, `wasm`, or `ar` for a library of objects.
    pub format: &'static str,
    /// The target triple, as far as headers and the C library tell it.
    pub target: Option<String>,
    /// Whether Rust's standard library or compiler left a trace.
    pub rust: bool,
    /// The compilers of the Rust code. Several, where a library came compiled.
    pub rustc: Vec<Rustc>,
    /// What linked it.
    pub linkers: Vec<String>,
    /// Compilers of C and C++.
    pub compilers: Vec<String>,
    /// The C library, with the newest version whose symbols are needed.
    pub libc: Option<String>,
    /// Build-id, UUID, or the id of the PDB.
    pub build_id: Option<String>,
    /// Whether it has a code signature; absent in formats that have none.
    pub signed: Option<bool>,
    /// Whether names of functions are in it.
    pub symbols: bool,
    /// Whether debug information is in it.
    pub debug_info: bool,
    /// Traces of LTO, PGO and the like: a phrase each.
    pub hints: Vec<String>,
    /// Crates, with their versions where a path or a list has them.
    pub crates: Vec<Crate>,
    /// Directories of the machine that built it, with how many texts name each.
    pub paths: Vec<LeakedPath>,
}

/// A compiler of Rust code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rustc {
    /// The version; absent where only a commit is there, and it is none of a stable release.
    pub version: Option<String>,
    /// The commit, in full or abbreviated.
    pub commit: Option<String>,
    /// The day of the commit.
    pub date: Option<String>,
    /// Where that was found.
    pub from: &'static str,
}

impl Rustc {
    /// The version or the commit, whichever there is.
    pub fn name(&self) -> String {
        match (&self.version, &self.commit) {
            (Some(version), _) => version.clone(),
            (None, Some(commit)) => format!("commit {commit}"),
            (None, None) => "unknown".to_string(),
        }
    }
}

/// A crate in a binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Crate {
    /// The name.
    pub name: String,
    /// The version; absent where only symbols name the crate.
    pub version: Option<String>,
    /// Where that was found.
    pub from: &'static str,
}

/// A directory of the machine that built a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeakedPath {
    /// The directory.
    pub path: String,
    /// How many texts begin with it.
    pub count: usize,
}

/// The version of a stable release, by its commit or the beginning of it.
pub fn release_of(commit: &str) -> Option<&'static str> {
    let rows = include_str!("rustc.txt").lines().filter(|l| !l.starts_with('#'));
    let mut rows = rows.filter_map(|l| l.split_once(' '));
    rows.find(|(_, short)| commit.starts_with(short)).map(|(version, _)| version)
}

/// What the binaries in a file tell; none if there is no binary in it.
///
/// # Errors
/// The file cannot be read, or is a malformed archive: a clause.
pub fn file(path: &Path, limits: &Limits) -> Result<Vec<Binary>, String> {
    bytes(&open::read(path)?, limits)
}

/// The same of bytes.
///
/// # Errors
/// They are a malformed archive: a clause.
pub fn bytes(bytes: &[u8], limits: &Limits) -> Result<Vec<Binary>, String> {
    let mut out = Vec::new();
    add(bytes, &mut Vec::new(), limits, &mut out)?;
    Ok(out)
}

fn add(
    bytes: &[u8],
    within: &mut Vec<String>,
    limits: &Limits,
    out: &mut Vec<Binary>,
) -> Result<(), String> {
    if out.len() >= MOST {
        return Ok(());
    }
    let found = detect(bytes);
    let own = match found {
        FileType::Elf => Some("ELF"),
        FileType::Pe => Some("PE"),
        FileType::Coff => Some("COFF"),
        FileType::MachO => Some("Mach-O"),
        FileType::Ar if is_library(bytes) => Some("ar"),
        _ if wasm::begins(bytes) => Some("wasm"),
        _ => None,
    };
    if let Some(format) = own {
        out.push(binary(bytes, format, within.clone()));
        return Ok(());
    }
    if within.len() >= DEEPEST {
        return Ok(());
    }
    let peeled = open::peel(bytes, limits).map_err(|e| e.what)?;
    let opened = match open::open(&peeled.bytes, limits) {
        Some(opened) => opened.map_err(|e| e.what)?,
        None if peeled.layers.is_empty() => return Ok(()),
        // One compressed file.
        None => {
            within.push("content".to_string());
            let added = add(&peeled.bytes, within, limits, out);
            within.pop();
            return added;
        }
    };
    for part in opened.parts.iter().filter(|p| !p.bytes.is_empty()) {
        within.push(part.said.name.clone());
        let added = add(&part.bytes, within, limits, out);
        within.pop();
        // A member that is malformed hides the others of no archive but its own.
        if within.is_empty() && opened.kind == Kind::Fat {
            added?;
        }
    }
    Ok(())
}

/// Whether an ar archive holds objects: of a Debian package the members are inspected one by one.
fn is_library(bytes: &[u8]) -> bool {
    !bytes.starts_with(b"!<arch>\ndebian-binary ")
}

fn binary(bytes: &[u8], format: &'static str, within: Vec<String>) -> Binary {
    let mut out = Binary { within, format, ..Binary::default() };
    match format {
        "wasm" => wasm::read(&mut out, bytes),
        "ar" => {
            let members = open::open(bytes, &Limits::default());
            if let Some(Ok(opened)) = members {
                opened.parts.iter().for_each(|p| headers::object(&mut out, &p.bytes));
            }
        }
        _ => headers::read(&mut out, bytes),
    }
    texts::read(&mut out, bytes);
    out.settle();
    out
}

impl Binary {
    fn rustc(&mut self, version: Option<&str>, commit: Option<&str>, from: &'static str) {
        let known = commit.and_then(release_of);
        let row = Rustc {
            version: version.or(known).map(str::to_string),
            commit: commit.map(str::to_string),
            date: None,
            from,
        };
        self.rustc.push(row);
    }

    /// `1.95.0 (59807616e 2026-04-14)`, and what distributions put behind it.
    fn rustc_text(&mut self, text: &str, from: &'static str) {
        let (version, rest) = text.split_once(' ').unwrap_or((text, ""));
        if !version.starts_with(|c: char| c.is_ascii_digit()) || !version.contains('.') {
            return;
        }
        let inner = rest.strip_prefix('(').and_then(|r| r.split_once(')')).map(|(i, _)| i);
        let mut words = inner.unwrap_or_default().split(' ');
        let commit =
            words.next().filter(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_hexdigit()));
        self.rustc(Some(version), commit, from);
        if let (Some(row), Some(_)) = (self.rustc.last_mut(), commit) {
            row.date = words.next().map(str::to_string);
        }
    }

    fn krate(&mut self, name: &str, version: Option<&str>, from: &'static str) {
        let version = version.map(str::to_string);
        self.crates.push(Crate { name: name.to_string(), version, from });
    }

    /// One row for each thing, the one that says most.
    fn settle(&mut self) {
        self.rustc.sort_by(|a, b| b.date.cmp(&a.date).then(b.version.cmp(&a.version)));
        let mut kept: Vec<Rustc> = Vec::new();
        for row in std::mem::take(&mut self.rustc) {
            let same = |k: &&mut Rustc| match (&k.commit, &row.commit) {
                (Some(x), Some(y)) => x.starts_with(&**y) || y.starts_with(&**x),
                _ => k.version == row.version,
            };
            match kept.iter_mut().find(same) {
                // The commit in full says more.
                Some(k) => k.commit = k.commit.take().max(row.commit.clone()),
                None => kept.push(row),
            }
        }
        self.rustc = kept;
        self.rust |= !self.rustc.is_empty();
        for list in [&mut self.linkers, &mut self.compilers, &mut self.hints] {
            list.sort();
            list.dedup();
        }
        let mut crates: BTreeMap<(String, Option<String>), &'static str> = BTreeMap::new();
        for k in std::mem::take(&mut self.crates) {
            crates.entry((k.name.replace('-', "_"), k.version)).or_insert(k.from);
        }
        let versioned: Vec<String> =
            crates.keys().filter(|(_, v)| v.is_some()).map(|(n, _)| n.clone()).collect();
        crates.retain(|(name, version), _| version.is_some() || !versioned.contains(name));
        let row = |((name, version), from)| Crate { name, version, from };
        self.crates = crates.into_iter().map(row).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_of_releases_are_known_in_full_and_abbreviated() {
        assert_eq!(release_of("59807616e1fa2540724bfbac14d7976d7e4a3860"), Some("1.95.0"));
        assert_eq!(release_of("4b91a6ea7"), Some("1.63.0"));
        assert_eq!(release_of("4b91"), None);
        assert_eq!(release_of("0000000000000000000000000000000000000000"), None);
    }

    fn inspected(bytes: &[u8]) -> Binary {
        let mut all = super::bytes(bytes, &Limits::default()).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_wasm_module_tells_by_its_producers_and_texts() {
        let text = |s: &str| [&[s.len() as u8], s.as_bytes()].concat();
        let field = |name: &str, value: &str, version: &str| {
            [text(name), vec![1], text(value), text(version)].concat()
        };
        let rustc = field("processed-by", "rustc", "1.95.0 (59807616e 2026-04-14)");
        let body = [text("producers"), vec![1], rustc].concat();
        let data = b"\0/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/option.rs\
            /home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde_json-1.0.149/src/de.rs\
            RUST_BACKTRACE";
        let section = |id: u8, body: &[u8]| {
            let (low, high) = (body.len() as u8 & 0x7f | 0x80, (body.len() >> 7) as u8);
            [&[id, low, high], body].concat()
        };
        let module = [&b"\0asm\x01\0\0\0"[..], &section(11, data), &section(0, &body)].concat();
        let found = inspected(&module);
        assert_eq!((found.format, found.rust), ("wasm", true));
        assert_eq!(found.rustc.len(), 1, "{:?}", found.rustc);
        assert_eq!(found.rustc[0].version.as_deref(), Some("1.95.0"));
        assert_eq!(found.rustc[0].date.as_deref(), Some("2026-04-14"));
        assert_eq!(found.rustc[0].commit.as_ref().unwrap().len(), 40);
        let krate = &found.crates[0];
        assert_eq!((&*krate.name, krate.version.as_deref()), ("serde_json", Some("1.0.149")));
        let leaked = &found.paths[0];
        assert_eq!((&*leaked.path, leaked.count), ("/home/me/.cargo", 1));
        // Cut off anywhere, it tells less and nothing breaks.
        for end in 0..module.len() {
            let _ = super::bytes(&module[..end], &Limits::default());
        }
    }

    #[test]
    fn what_is_no_binary_tells_nothing() {
        assert_eq!(
            super::bytes(b"rustc version 1.95.0 (59807616e)", &Limits::default()),
            Ok(vec![])
        );
    }
}

//! What is known of one binary, and how rows about one thing become one.

use std::collections::BTreeMap;

use serde::Serialize;

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

impl Binary {
    pub(super) fn rustc(
        &mut self,
        version: Option<&str>,
        commit: Option<&str>,
        from: &'static str,
    ) {
        let known = commit.and_then(release_of);
        let row = Rustc {
            version: version.or(known).map(str::to_string),
            commit: commit.map(str::to_string),
            date: None,
            from,
        };
        self.rustc.push(row);
    }

    /// `1.95.0 (59807616e 2026-04-14)`, and what distributions append.
    pub(super) fn rustc_text(&mut self, text: &str, from: &'static str) {
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

    pub(super) fn krate(&mut self, name: &str, version: Option<&str>, from: &'static str) {
        let version = version.map(str::to_string);
        self.crates.push(Crate { name: name.to_string(), version, from });
    }

    /// One row for each thing, the one that says most.
    pub(super) fn settle(&mut self) {
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

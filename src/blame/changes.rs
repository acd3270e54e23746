//! Differences in the inputs of a unit, or in the results of a build-script run: variables, directives, files.
//! Reads both builds' files and compares them; [`super::graph`] decides who diverged first. A change that consists only
//! of the builds' own directories is marked, as it is no difference by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::blame::canonical::Canonical;
use crate::blame::pair::Pair;
use crate::cargo::dep_info::{Directive, Reads};
use crate::cargo::trace::Trace;
use crate::fs;

/// Larger files are not searched for directories: any difference in them counts.
pub const SEARCHED: u64 = 16 << 20;

/// Both builds.
pub struct Both<'a> {
    /// Build A.
    pub a: &'a Trace,
    /// Build B.
    pub b: &'a Trace,
    /// A's directories.
    pub roots_a: Canonical,
    /// B's directories.
    pub roots_b: Canonical,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub what: What,
    /// As A has it.
    pub a: Value,
    /// As B has it.
    pub b: Value,
    /// It is the same but for the directories of the builds.
    pub only_roots: bool,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A variable that a crate reads, or that a build script sets for it.
    Env(String),
    /// A directive other than those for variables and metadata: its key.
    Directive(String),
    /// A directive that is handed to the build scripts of dependents: its key.
    Metadata(String),
    /// A file in OUT_DIR: its path below it.
    Left(String),
    /// A source file that was changed during the build: its path with canonical directories.
    Source(String),
    /// cargo's id of the crate.
    Id,
}

/// One side of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This side has none.
    Nothing,
    /// A text, and the line of the build script's output that it stands in.
    Text(String, Option<usize>),
    /// A file: where it is now.
    File(PathBuf),
}

impl Value {
    fn text(of: Option<&str>) -> Value {
        of.map_or(Value::Nothing, |t| Value::Text(t.to_string(), None))
    }

    fn directive(of: Option<&Directive>) -> Value {
        of.map_or(Value::Nothing, |d| Value::Text(d.value.clone(), Some(d.line)))
    }
}

impl<'a> Both<'a> {
    /// The build that has something, A where both do, and its index there.
    pub fn first(&self, pair: Pair) -> (&'a Trace, usize) {
        match (pair.a, pair.b) {
            (Some(a), _) => (self.a, a),
            (None, b) => (self.b, b.expect("a pair has at least one side")),
        }
    }

    fn same_text(&self, a: &str, b: &str) -> bool {
        self.roots_a.text(a) == self.roots_b.text(b)
    }

    /// `None` if two files are the same, else whether they differ by the directories alone.
    pub fn files(&self, a: &Path, b: &Path) -> Result<Option<bool>> {
        let (of_a, of_b) = (fs::lstat(a)?, fs::lstat(b)?);
        if of_a.is_symlink() && of_b.is_symlink() {
            let target = |p: &Path| {
                let read = std::fs::read_link(p);
                let target =
                    read.with_context(|| format!("failed to read the link `{}`", p.display()))?;
                anyhow::Ok(target.display().to_string())
            };
            let (a, b) = (target(a)?, target(b)?);
            return Ok((a != b).then(|| self.same_text(&a, &b)));
        }
        if !of_a.is_file() || !of_b.is_file() {
            return Ok((of_a.file_type() != of_b.file_type()).then_some(false));
        }
        if of_a.len() == of_b.len() && fs::first_difference(a, b)?.is_none() {
            return Ok(None);
        }
        if of_a.len().max(of_b.len()) > SEARCHED {
            return Ok(Some(false));
        }
        let (x, y) = (read(a)?, read(b)?);
        Ok(Some(self.roots_a.bytes(&x) == self.roots_b.bytes(&y)))
    }

    /// What a run of a build script left and told that differs: directives first.
    pub fn of_run(&self, run: Pair) -> Result<Vec<Change>> {
        let (Some(a), Some(b)) = (run.a, run.b) else { return Ok(Vec::new()) };
        let (a, b) = (&self.a.ran[a], &self.b.ran[b]);
        let mut changes = self.directive_changes(&self.a.directives(a), &self.b.directives(b));
        let (left_a, left_b) = (self.a.left(a)?, self.b.left(b)?);
        for (name, a, b) in joined(&left_a, &left_b) {
            let only_roots = match (a, b) {
                (Some(a), Some(b)) => self.files(a, b)?,
                _ => Some(false),
            };
            if let Some(only_roots) = only_roots {
                let value =
                    |p: Option<&PathBuf>| p.map_or(Value::Nothing, |p| Value::File(p.clone()));
                changes.push(Change {
                    what: What::Left(name.clone()),
                    a: value(a),
                    b: value(b),
                    only_roots,
                });
            }
        }
        Ok(changes)
    }

    fn directive_changes(&self, a: &[Directive], b: &[Directive]) -> Vec<Change> {
        let mut changes = Vec::new();
        for key in ["rustc-env", "metadata"] {
            let (of_a, of_b) = (by_name(a, key), by_name(b, key));
            for (name, a, b) in joined(&of_a, &of_b) {
                let what = match key {
                    "metadata" => What::Metadata(name.clone()),
                    _ => What::Env(name.clone()),
                };
                changes.extend(self.directive(what, a, b));
            }
        }
        let listed = |side: &[Directive]| -> BTreeMap<String, Vec<Directive>> {
            let mut lists: BTreeMap<String, Vec<Directive>> = BTreeMap::new();
            for d in side.iter().filter(|d| matters(&d.key)) {
                lists.entry(d.key.clone()).or_default().push(d.clone());
            }
            lists
        };
        let (of_a, of_b) = (listed(a), listed(b));
        for (key, x, y) in joined(&of_a, &of_b) {
            let [x, y] = [x, y].map(|side| side.map_or(&[][..], Vec::as_slice));
            for i in 0..x.len().max(y.len()) {
                let what = What::Directive(key.clone());
                changes.extend(self.directive(what, x.get(i), y.get(i)));
            }
        }
        changes
    }

    fn directive(
        &self,
        what: What,
        a: Option<&Directive>,
        b: Option<&Directive>,
    ) -> Option<Change> {
        let only_roots = match (a.map(|d| &d.value), b.map(|d| &d.value)) {
            (a, b) if a == b => return None,
            (Some(a), Some(b)) => self.same_text(a, b),
            _ => false,
        };
        Some(Change { what, a: Value::directive(a), b: Value::directive(b), only_roots })
    }

    /// Variables that a crate reads and that differ, but for those that its build script sets.
    pub fn of_env(&self, a: &Reads, b: &Reads, set_by_script: &BTreeSet<String>) -> Vec<Change> {
        let map = |reads: &Reads| -> BTreeMap<String, Option<String>> {
            reads.env.iter().cloned().collect()
        };
        let (of_a, of_b) = (map(a), map(b));
        let of_script = |name: &String| set_by_script.contains(name);
        let mut changes = Vec::new();
        for (name, a, b) in joined(&of_a, &of_b).filter(|(name, ..)| !of_script(name)) {
            let (x, y) = (a.and_then(Option::as_deref), b.and_then(Option::as_deref));
            if x != y {
                changes.push(Change {
                    what: What::Env(name.clone()),
                    a: Value::text(x),
                    b: Value::text(y),
                    only_roots: x.zip(y).is_some_and(|(x, y)| self.same_text(x, y)),
                });
            }
        }
        changes
    }

    /// Files that a crate reads and that both builds have outside of the target directory, but
    /// with other content: they were written during the build.
    pub fn of_source(&self, a: &Reads, b: &Reads) -> Result<Vec<Change>> {
        let of_b: BTreeMap<String, &String> =
            b.files.iter().map(|f| (self.roots_b.text(f), f)).collect();
        let mut changes = Vec::new();
        for file in &a.files {
            let name = self.roots_a.text(file);
            let inside = name.starts_with("<source>") || name.starts_with("<cargo-home>");
            let Some(other) = of_b.get(&name).filter(|_| inside) else { continue };
            let (x, y) = (self.a.now(file), self.b.now(other));
            if !x.is_file() || !y.is_file() {
                continue;
            }
            if let Some(only_roots) = self.files(&x, &y)? {
                changes.push(Change {
                    what: What::Source(name),
                    a: Value::File(x),
                    b: Value::File(y),
                    only_roots,
                });
            }
        }
        Ok(changes)
    }
}

/// Each name that one of two maps has, with what both have under it.
fn joined<'m, V>(
    a: &'m BTreeMap<String, V>,
    b: &'m BTreeMap<String, V>,
) -> impl Iterator<Item = (&'m String, Option<&'m V>, Option<&'m V>)> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names.into_iter().map(|name| (name, a.get(name), b.get(name)))
}

/// Whether a directive other than for variables and metadata changes what is built.
fn matters(key: &str) -> bool {
    key.starts_with("rustc-") && !["rustc-env", "rustc-check-cfg"].contains(&key)
}

/// Directives of the form `key=NAME=value`, by name; the last one counts. The value keeps no name.
fn by_name(side: &[Directive], key: &str) -> BTreeMap<String, Directive> {
    let of_key = side.iter().filter(|d| d.key == key);
    of_key
        .filter_map(|d| {
            let (name, value) = d.value.split_once('=')?;
            let mut d = d.clone();
            d.value = value.to_string();
            Some((name.to_string(), d))
        })
        .collect()
}

/// The text of a plain file, if it is one of a size to search.
pub fn text_of(path: &Path) -> Result<Option<String>> {
    let meta = fs::lstat(path)?;
    if !meta.is_file() || meta.len() > SEARCHED {
        return Ok(None);
    }
    Ok(String::from_utf8(read(path)?).ok().filter(|text| !text.contains('\0')))
}

/// A whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))
}

/// Whether a file holds these bytes. What is shorter than six of them says nothing.
pub fn holds(path: &Path, needle: &[u8]) -> Result<bool> {
    const BLOCK: usize = 1 << 20;
    if needle.len() < 6 {
        return Ok(false);
    }
    let what = || format!("failed to read `{}`", path.display());
    let mut file = std::fs::File::open(path).with_context(what)?;
    let finder = memchr::memmem::Finder::new(needle);
    let mut buf: Vec<u8> = Vec::with_capacity(BLOCK + needle.len());
    loop {
        let n = (&mut file).take(BLOCK as u64).read_to_end(&mut buf).with_context(what)?;
        if finder.find(&buf).is_some() {
            return Ok(true);
        }
        if n == 0 {
            return Ok(false);
        }
        // What began at the end of this block may go on in the next.
        let keep = buf.len().min(needle.len() - 1);
        buf.drain(..buf.len() - keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::dep_info::directives;

    fn traces() -> (Trace, Trace) {
        let (mut a, mut b) = (Trace::default(), Trace::default());
        a.dirs.source = "/a".into();
        b.dirs.source = "/bb".into();
        (a, b)
    }

    fn both<'a>(a: &'a Trace, b: &'a Trace) -> Both<'a> {
        Both { a, b, roots_a: Canonical::of(a, Vec::new()), roots_b: Canonical::of(b, Vec::new()) }
    }

    fn changed(a: &str, b: &str) -> Vec<String> {
        let (x, y) = traces();
        let changes = both(&x, &y).directive_changes(&directives(a), &directives(b));
        changes.iter().map(|c| format!("{:?} {}", c.what, c.only_roots)).collect()
    }

    #[test]
    fn directives_are_compared_by_what_they_do() {
        let none: [&str; 0] = [];
        assert_eq!(
            changed(
                "cargo::rustc-env=A=1\ncargo::rustc-env=B=/a/x\ncargo::warning=1\n",
                "cargo::rustc-env=B=/bb/x\ncargo::rustc-env=A=2\ncargo::warning=2\n",
            ),
            ["Env(\"A\") false", "Env(\"B\") true"]
        );
        assert_eq!(
            changed("cargo:rustc-cfg=x\ncargo:root=1", "cargo:rustc-cfg=x\ncargo:root=2"),
            ["Metadata(\"root\") false"]
        );
        assert_eq!(
            changed("cargo:rustc-link-lib=x\ncargo:rustc-link-lib=y", "cargo:rustc-link-lib=y"),
            ["Directive(\"rustc-link-lib\") false", "Directive(\"rustc-link-lib\") false"]
        );
        assert_eq!(changed("cargo:rerun-if-changed=/1", "cargo:rerun-if-changed=/2"), none);
    }

    #[test]
    fn variables_that_differ_are_found_but_not_those_of_the_script() {
        let (x, y) = traces();
        let reads = |dir: &str, user: &str| Reads {
            files: Vec::new(),
            env: vec![
                ("CARGO_MANIFEST_DIR".into(), Some(format!("{dir}/p"))),
                ("LEAK".into(), Some(user.into())),
                ("SAME".into(), None),
                ("USER".into(), Some(user.into())),
            ],
        };
        let script = BTreeSet::from(["LEAK".to_string()]);
        let changes = both(&x, &y).of_env(&reads("/a", "u"), &reads("/bb", "v"), &script);
        let found: Vec<_> = changes.iter().map(|c| (&c.what, c.only_roots)).collect();
        assert_eq!(
            found,
            [(&What::Env("CARGO_MANIFEST_DIR".into()), true), (&What::Env("USER".into()), false)]
        );
    }

    #[test]
    fn files_that_differ_by_directories_alone_are_told_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let (x, y) = traces();
        let compare = |a: &str, b: &str| {
            let (a, b) = (file("a", a), file("b", b));
            both(&x, &y).files(&a, &b).unwrap()
        };
        assert_eq!(compare("same", "same"), None);
        assert_eq!(compare("at /a/x", "at /bb/x"), Some(true));
        assert_eq!(compare("at /a/x 1", "at /bb/x 2"), Some(false));
    }

    #[test]
    fn bytes_are_found_across_blocks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let mut bytes = vec![b'.'; (1 << 20) - 3];
        bytes.extend(b"needle");
        std::fs::write(&path, &bytes).unwrap();
        assert!(holds(&path, b"needle").unwrap());
        assert!(!holds(&path, b"needles").unwrap());
        assert!(!holds(&path, b"dle").unwrap(), "too short to tell");
    }
}

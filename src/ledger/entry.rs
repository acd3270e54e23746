//! One entry: a rustc call, what it read, and what it made on both sides. Only values.
//!
//! Found in two steps, as in a compiler cache: the primary key comes from the call alone and leads to
//! the lists of inputs of earlier calls; the key comes from the inputs of such a list as they are now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;
use serde::{Deserialize, Serialize};

use super::Varied;
use crate::fs;

/// The version of entries and keys: any other is not read.
pub const VERSION: &str = "repro.ledger/5";

/// All that one rustc call read, by canonical names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Crates that it was given, by file stem, and others that it opened, by file name: digests of their
    /// metadata and of that of all crates below them.
    pub externs: BTreeMap<String, String>,
    /// Source files, and files that were included.
    pub files: BTreeMap<String, String>,
    /// Variables that were asked for.
    pub env: BTreeMap<String, Option<String>>,
    /// OUT_DIR, and directories that are searched for native libraries: all that is in them.
    pub trees: BTreeMap<String, String>,
}

/// A file that the call made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub sha256: String,
    /// Its size.
    pub size: u64,
}

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`VERSION`].
    pub version: String,
    /// `name version` of the package.
    pub package: String,
    /// The crate.
    pub crate_name: String,
    /// Of the call: its arguments, compiler and project.
    pub primary: String,
    /// What it read.
    pub inputs: Inputs,
    /// What it made, dep-info aside.
    pub outputs: Vec<Output>,
    /// Dep-info, with canonical paths.
    pub dep_info: String,
    /// What it printed for cargo, with canonical paths.
    pub messages: String,
    /// What was varied when both builds made the same.
    pub varied: Varied,
}

impl Entry {
    /// The key.
    pub fn key(&self) -> String {
        key(&self.primary, &self.inputs)
    }

    /// Names of files that lead nowhere else.
    pub fn is_sound(&self) -> bool {
        let plain =
            |name: &str| !name.is_empty() && Path::new(name).file_name() == Some(name.as_ref());
        self.version == VERSION
            && self.outputs.iter().all(|o| plain(&o.name) && digest::is_sha256(&o.sha256))
    }
}

/// The digest of a list of texts, whatever is in them.
pub fn digest_of<T: Serialize + ?Sized>(value: &T) -> String {
    let bytes = serde_json::to_vec(value).expect("plain values always encode");
    digest::of_bytes(&bytes).sha256
}

/// The key of a call with these inputs.
pub fn key(primary: &str, inputs: &Inputs) -> String {
    digest_of(&(VERSION, primary, inputs))
}

/// The digest of everything in a directory: names, kinds and contents, those of files that links lead to among
/// them. Of one that is not there, that of an empty one.
///
/// # Errors
/// It cannot be read, or a link leads to a directory outside of it, of which nothing is known.
pub fn of_tree(dir: &Path) -> Result<String> {
    let all = if dir.is_dir() { fs::walk(dir, &mut |_| true)? } else { Vec::new() };
    let root = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let mut list: Vec<(PathBuf, String)> = Vec::new();
    for (path, meta) in all {
        let what = if meta.is_symlink() {
            of_link(&path, &root)?
        } else if meta.is_file() {
            digest::of_file(&path)?.sha256
        } else {
            "directory".to_string()
        };
        list.push((path.strip_prefix(dir).unwrap_or(&path).to_owned(), what));
    }
    list.sort();
    let lossy = list.iter().map(|(path, what)| (path.as_os_str().as_encoded_bytes(), what));
    Ok(digest_of(&lossy.collect::<Vec<_>>()))
}

/// A link, and what it leads to unless that is in the directory `root`, or nowhere.
fn of_link(path: &Path, root: &Path) -> Result<String> {
    let text = format!("link {}", std::fs::read_link(path).unwrap_or_default().display());
    match fs::canonicalize(path) {
        Ok(to) if to.starts_with(root) => Ok(text),
        Ok(to) if to.is_dir() => {
            anyhow::bail!("reads `{}`, a link to a directory elsewhere", path.display())
        }
        Ok(to) => Ok(format!("{text} {}", digest::of_file(&to)?.sha256)),
        Err(_) => Ok(text),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leads_to_counts_wherever_it_is() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let write = |name: &str, text: &str| fs::write(&at(name), text).unwrap();
        write("elsewhere/z", "1");
        write("tree/own", "1");
        for (to, link) in [("../elsewhere/z", "out"), ("own", "in"), ("../elsewhere/no", "none")] {
            symlink(to, at("tree").join(link)).unwrap();
        }
        let digest = || of_tree(&at("tree")).unwrap();
        let before = digest();
        for (name, text, back) in [("elsewhere/z", "2", "1"), ("tree/own", "2", "1")] {
            write(name, text);
            assert_ne!(digest(), before, "{name}");
            write(name, back);
            assert_eq!(digest(), before, "{name}");
        }
        write("elsewhere/no", "");
        assert_ne!(digest(), before);
        // The control: a directory in the tree is known by what is in it.
        symlink(".", at("tree/same")).unwrap();
        assert!(of_tree(&at("tree")).is_ok());
        symlink("../elsewhere", at("tree/dir")).unwrap();
        assert!(of_tree(&at("tree")).unwrap_err().to_string().contains("a link to a directory"));
    }
}

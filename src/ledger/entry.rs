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
pub const VERSION: &str = "repro.ledger/3";

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

/// The digest of everything in a directory: names, kinds and contents. Of one that is not there, that
/// of an empty one.
pub fn of_tree(dir: &Path) -> Result<String> {
    let all = match dir.is_dir() {
        true => fs::walk(dir, &mut |_| true)?,
        false => Vec::new(),
    };
    let mut list: Vec<(PathBuf, String)> = Vec::new();
    for (path, meta) in all {
        let what = if meta.is_symlink() {
            format!("link {}", std::fs::read_link(&path).unwrap_or_default().display())
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

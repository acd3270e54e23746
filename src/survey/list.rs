//! The list of a survey: `NAME`, `NAME@VERSION` or the path of a `.crate` file, one a line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::bad_input;
use crate::fs;
use crate::source::spec;

/// One crate of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line.
    pub text: String,
    /// What it names.
    pub subject: Subject,
}

/// What an entry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A crate of the registry; the newest version unless one is given.
    Registry(String, Option<String>),
    /// A `.crate` file.
    File(PathBuf),
}

/// Reads a list.
pub fn read(path: &Path) -> Result<Vec<Entry>> {
    let text = fs::read_text(path)?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = format!("line {} of `{}`", i + 1, path.display());
        let subject = subject(line, dir).ok_or_else(|| {
            bad_input(format!(
                "{at}: `{}` is not NAME, NAME@VERSION or the path of a .crate file",
                line.escape_debug()
            ))
        })?;
        if !seen.insert(line) {
            return Err(bad_input(format!("{at}: `{line}` is in the list twice")));
        }
        entries.push(Entry { text: line.to_string(), subject });
    }
    if entries.is_empty() {
        return Err(bad_input(format!("`{}` lists no crate", path.display())));
    }
    Ok(entries)
}

fn subject(line: &str, dir: &Path) -> Option<Subject> {
    if line.ends_with(".crate") && !line.contains(char::is_control) {
        return Some(Subject::File(dir.join(line)));
    }
    if spec::is_name(line) {
        return Some(Subject::Registry(line.to_string(), None));
    }
    let (name, version) = spec::parse(line).ok()?;
    Some(Subject::Registry(name.to_string(), Some(version.to_string())))
}

//! Directories with crates that cargo config names: those of the user's own files, which a build has
//! to find, and those that a source's files name outside the source, which no commit holds.

use std::path::{Path, PathBuf};

use toml_edit::Item;

use super::{Config, ConfigFile, ConfigPlace, visit};
use crate::fs;

/// Keys that name a directory with crates. The content of the first is checked by nothing, since the
/// directory holds its own checksums.
const DIRECTORIES: &[&[&str]] =
    &[&["source", "*", "directory"], &["patch", "*", "*", "path"], &["paths"]];
/// cargo checks these crates against the lockfile.
const CHECKED: &[&str] = &["source", "*", "local-registry"];

/// A directory outside the source, and what names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leads {
    /// The table or key.
    pub key: String,
    /// The directory.
    pub to: PathBuf,
    /// The config file.
    pub file: PathBuf,
}

impl Config {
    /// Directories with crates that files outside the source name.
    pub fn crate_directories(&self) -> Vec<PathBuf> {
        let keys = || DIRECTORIES.iter().chain([&CHECKED]);
        self.outside().flat_map(|file| keys().flat_map(|key| directories(file, key))).collect()
    }

    /// Directory sources, as `cargo vendor` makes them, that any file names.
    pub fn directory_sources(&self) -> Vec<PathBuf> {
        self.files.iter().flat_map(|file| directories(file, DIRECTORIES[0])).collect()
    }

    /// The first directory with crates outside `root` that a file of the source there names.
    pub fn leads_out(&self, root: &Path) -> Option<Leads> {
        let inside = self.files.iter().filter(|f| f.place == ConfigPlace::Source);
        let named = inside.flat_map(|file| {
            let each = DIRECTORIES.iter().flat_map(move |key| {
                directories(file, key).into_iter().map(move |to| (key[0].to_string(), to))
            });
            each.map(|(key, to)| Leads { key, to, file: file.path.clone() })
        });
        named.into_iter().find(|leads| !leads.to.starts_with(root))
    }
}

fn directories(file: &ConfigFile, key: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut document = file.merged(&|base| base);
    visit(document.as_table_mut(), key, &mut |item: &mut Item| {
        let list = item.as_array().into_iter().flatten().filter_map(|v| v.as_str());
        found.extend(item.as_str().into_iter().chain(list).map(|p| fs::normalized(Path::new(p))));
    });
    found
}

#[cfg(test)]
mod tests {
    use super::super::Inside;
    use super::*;

    fn config(text: &str) -> Config {
        let dir = tempfile::tempdir().unwrap();
        fs::write(&dir.path().join("s/.cargo/config.toml"), text).unwrap();
        let (root, copy) = (Path::new("/user/s"), dir.path().join("s"));
        let mut config = Config::default();
        let tree = Inside { root, copy: &copy, outside: true };
        config.add_inside(tree, &[".cargo/config.toml".into()]).unwrap();
        config
    }

    #[test]
    fn a_source_may_name_only_directories_of_its_own() {
        let table = [
            ("paths = ['../ext']", Some(("paths", "/user/ext"))),
            ("paths = ['vendor/x', '/ext']", Some(("paths", "/ext"))),
            ("[patch.crates-io]\nx = { path = '/ext/x' }", Some(("patch", "/ext/x"))),
            ("[source.v]\ndirectory = '/vendor'", Some(("source", "/vendor"))),
            ("[source.v]\nlocal-registry = '/crates'", None),
            (
                "paths = ['a/../x']\n[source.v]\ndirectory = 'vendor'\n[patch.crates-io]\nx = { path = 'x' }",
                None,
            ),
        ];
        for (text, expected) in table {
            let found = config(text).leads_out(Path::new("/user/s"));
            let found = found.map(|l| (l.key, l.to));
            let expected = expected.map(|(key, to)| (key.to_string(), PathBuf::from(to)));
            assert_eq!(found, expected, "{text}");
        }
    }
}

//! Cargo.lock: the packages that it names, each with its line.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{Item, TableLike};

use crate::error::bad_input;
use crate::fs::toml::{File, FileLine};

/// A lockfile.
#[derive(Clone, Debug)]
pub struct Lockfile {
    /// The file, absolute.
    pub path: PathBuf,
    /// The version of its format, since 3.
    pub version: Option<i64>,
    /// Its packages.
    pub packages: Vec<Locked>,
}

/// A package of a lockfile.
#[derive(Clone, Debug)]
pub struct Locked {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// `registry+…`, `git+…`; none for path packages.
    pub source: Option<String>,
    /// The checksum of its `.crate`, which fixes its content.
    pub checksum: Option<String>,
    /// The entries of its `dependencies`: a name, and a version where it takes one to tell.
    pub dependencies: Vec<String>,
    /// Where it stands.
    pub place: FileLine,
}

impl Locked {
    /// `name version`.
    pub fn spec(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// The URL and the commit of a package that comes from git.
    pub fn git(&self) -> Option<(&str, &str)> {
        self.source.as_deref()?.strip_prefix("git+")?.rsplit_once('#')
    }

    /// Whether it comes from a registry.
    pub fn is_of_registry(&self) -> bool {
        let source = self.source.as_deref().unwrap_or_default();
        source.starts_with("registry+") || source.starts_with("sparse+")
    }
}

impl Lockfile {
    /// The entry of a package.
    pub fn entry(&self, name: &str, version: &str) -> Option<&Locked> {
        let fits = |p: &&Locked| p.name == name && p.version == version;
        self.packages.iter().find(fits)
    }
}

/// Reads a lockfile.
pub fn read(path: &Path) -> Result<Option<Lockfile>> {
    let Some(file) = File::read(path)? else { return Ok(None) };
    of(&file).map(Some)
}

/// The same, of its text.
pub fn parse(text: &str) -> Result<Lockfile> {
    of(&File::parse(Path::new("Cargo.lock"), text.to_string())?)
}

/// The packages of a lockfile that cargo has read before; none of one that is broken.
pub fn packages(text: &str) -> Vec<Locked> {
    parse(text).map(|lockfile| lockfile.packages).unwrap_or_default()
}

fn of(file: &File) -> Result<Lockfile> {
    let root = file.root();
    let entries = root.get("package").and_then(Item::as_array_of_tables);
    // Before version 2 the checksums stood in a table of their own.
    let old = root.get("metadata").and_then(Item::as_table_like);
    let mut packages = Vec::new();
    for table in entries.into_iter().flatten() {
        let place = file.place_of(table, "name");
        let get = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_string);
        let (Some(name), Some(version)) = (get("name"), get("version")) else {
            let (path, line) = (file.path.display(), place.line);
            return Err(bad_input(format!(
                "`{path}` has a package without name or version at line {line}: run `cargo generate-lockfile`"
            )));
        };
        let source = get("source");
        let in_old = || {
            let key = format!("checksum {name} {version} ({})", source.as_deref().unwrap_or(""));
            let sum = old.and_then(|t: &dyn TableLike| t.get(&key)?.as_str());
            sum.filter(|c| *c != "<none>").map(str::to_string)
        };
        let list = table.get("dependencies").and_then(Item::as_array);
        packages.push(Locked {
            checksum: get("checksum").or_else(in_old),
            dependencies: list
                .into_iter()
                .flatten()
                .filter_map(|d| d.as_str().map(str::to_string))
                .collect(),
            name,
            version,
            source,
            place,
        });
    }
    let version = root.get("version").and_then(Item::as_integer);
    Ok(Lockfile { path: file.path.clone(), version, packages })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(text: &str) -> Result<Lockfile> {
        of(&File::parse(Path::new("/w/Cargo.lock"), text.to_string())?)
    }

    #[test]
    fn packages_are_read_in_the_new_form_and_the_old() {
        let new = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
            source = \"registry+https://x\"\nchecksum = \"00\"\ndependencies = [\"b\", \"c 2.0.0\"]\n";
        let lockfile = lock(new).unwrap();
        assert_eq!(lockfile.version, Some(4));
        let a = lockfile.entry("a", "1.0.0").unwrap();
        assert!(a.checksum.is_some() && a.is_of_registry() && a.place.line == 3);
        assert_eq!(a.dependencies, ["b", "c 2.0.0"]);
        let old = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://x\"\n\
            [metadata]\n\"checksum a 1.0.0 (registry+https://x)\" = \"00\"\n";
        assert!(lock(old).unwrap().packages[0].checksum.is_some());
    }

    #[test]
    fn a_broken_lockfile_is_named_with_its_line() {
        let error = lock("version = 4\n[[package]\n").unwrap_err().to_string();
        assert!(error.starts_with("failed to parse `/w/Cargo.lock` at line 2"), "{error}");
        let error = lock("[[package]]\nname = \"a\"\n").unwrap_err().to_string();
        assert!(error.contains("without name or version at line 2"), "{error}");
    }
}

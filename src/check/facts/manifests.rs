//! Cargo.toml files of the workspace: dependencies with the line and the comment above them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{Item, TableLike};

use crate::check::hit::FileLine;
use crate::fs::toml::{File, text};

/// A dependency as written.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The name of the package.
    pub name: String,
    /// Where it stands.
    pub place: FileLine,
    /// The comment right above it, and the one at the end of its line.
    pub comment: String,
    /// `git`.
    pub git: Option<String>,
    /// `rev`.
    pub rev: Option<String>,
    /// `branch`.
    pub branch: Option<String>,
    /// `tag`.
    pub tag: Option<String>,
    /// `path`, resolved against the directory of the manifest; canonical if it is there.
    pub path: Option<PathBuf>,
}

const TABLES: &[&str] = &[
    "dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies",
    "build_dependencies",
];

/// The dependencies in all tables of a manifest; none if there is no such file.
pub fn read(path: &Path) -> Result<Vec<Dependency>> {
    Ok(File::read(path)?.as_ref().map(of).unwrap_or_default())
}

fn of(file: &File) -> Vec<Dependency> {
    let mut dependencies = Vec::new();
    let mut add = |item: Option<&Item>| {
        if let Some(table) = item.and_then(Item::as_table_like) {
            let found = table.iter().map(|(key, item)| one(file, table, key, item));
            dependencies.extend(found);
        }
    };
    let root = file.root();
    for name in TABLES {
        add(root.get(name));
    }
    add(root.get("workspace").and_then(|w| w.get("dependencies")));
    for (_, target) in tables(root.get("target")) {
        for name in TABLES {
            add(target.get(name));
        }
    }
    for (_, patches) in tables(root.get("patch")) {
        add(Some(patches));
    }
    dependencies
}

fn tables(item: Option<&Item>) -> impl Iterator<Item = (&str, &Item)> {
    let table = item.and_then(Item::as_table_like);
    table.into_iter().flat_map(TableLike::iter)
}

fn one(file: &File, table: &dyn TableLike, key: &str, item: &Item) -> Dependency {
    let place = file.place_of(table, key);
    let get = |name: &str| text(item, name);
    let base = file.path.parent().unwrap_or(Path::new("/"));
    Dependency {
        name: get("package").unwrap_or_else(|| key.to_string()),
        comment: file.comment(place.line),
        git: get("git"),
        rev: get("rev"),
        branch: get("branch"),
        tag: get("tag"),
        path: get("path").map(|p| crate::fs::canonical(&crate::fs::normalized(&base.join(p)))),
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_found_in_all_tables_with_their_comments() {
        let text = concat!(
            "[dependencies]\na = '1'\n\n# see https://x\n# until y\nb = { git = 'https://g', rev = 'f' }\n",
            "[target.'cfg(unix)'.build-dependencies]\nc = { path = '../c' } # here\n",
            "# above\n[dependencies.d]\npackage = 'real-d'\ngit = 'https://h'\n",
            "[patch.crates-io]\ne = { path = 'e' }\n",
        );
        let file = File::parse(Path::new("/w/m/Cargo.toml"), text.to_string()).unwrap();
        let found = of(&file);
        let names: Vec<_> = found.iter().map(|d| (d.name.as_str(), d.place.line)).collect();
        assert_eq!(names, [("a", 2), ("b", 6), ("real-d", 10), ("c", 8), ("e", 14)]);
        assert_eq!(found[1].comment, "# see https://x\n# until y");
        assert_eq!(found[2].comment, "# above");
        assert_eq!(found[3].path.as_deref(), Some(Path::new("/w/c")));
        assert_eq!(found[3].comment, " # here");
        assert_eq!(found[0].comment, "");
    }
}

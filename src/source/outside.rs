//! Path dependencies that lie outside the source: a copy of the source would miss them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;
use toml_edit::{DocumentMut, Item};

use crate::error::bad_input;
use crate::fs;
use crate::query;

/// A package outside the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outside {
    /// Name of the dependency or package.
    pub name: String,
    /// Its directory, absolute.
    pub dir: PathBuf,
}

/// Members and path dependencies (also theirs, and those of `[patch]` and `[replace]`) of the
/// workspace at `workspace` that lie outside `root`.
pub fn find(workspace: &Path, root: &Path) -> Result<Vec<Outside>> {
    let mut outside = BTreeSet::new();
    // Packages whose dependencies are known already.
    let mut read = BTreeSet::new();
    let mut open = patched(&workspace.join("Cargo.toml"))?;
    open.push((String::new(), workspace.to_owned()));
    while let Some((name, dir)) = open.pop() {
        let dir = resolved(&dir);
        if !dir.starts_with(root) {
            outside.insert(Outside {
                name,
                dir: dir.clone(),
            });
        }
        if !read.insert(dir.clone()) || !dir.join("Cargo.toml").is_file() {
            continue;
        }
        let (packages, dependencies) = packages_of(&dir)?;
        for (name, dir) in packages {
            let dir = resolved(&dir);
            if !dir.starts_with(root) {
                outside.insert(Outside {
                    name,
                    dir: dir.clone(),
                });
            }
            read.insert(dir);
        }
        open.extend(dependencies);
    }
    Ok(outside.into_iter().collect())
}

type Named = Vec<(String, PathBuf)>;

/// Names and directories of the packages in the workspace of `dir`, and of their path
/// dependencies.
fn packages_of(dir: &Path) -> Result<(Named, Named)> {
    let metadata = query::metadata(&dir.join("Cargo.toml"))?;
    let (mut packages, mut dependencies) = (Vec::new(), Vec::new());
    for package in &metadata.packages {
        let dir = package
            .manifest_path
            .parent()
            .unwrap_or(&package.manifest_path);
        packages.push((package.name.to_string(), dir.as_std_path().to_owned()));
        for dependency in &package.dependencies {
            if let Some(path) = &dependency.path {
                dependencies.push((dependency.name.clone(), path.as_std_path().to_owned()));
            }
        }
    }
    Ok((packages, dependencies))
}

fn patched(manifest: &Path) -> Result<Named> {
    let text = fs::read_text(manifest)?;
    let document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| {
        bad_input(format!(
            "failed to parse `{}`: {}",
            manifest.display(),
            e.message()
        ))
    })?;
    let dir = manifest.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    let mut take = |table: Option<&Item>| {
        for (name, item) in table
            .and_then(Item::as_table_like)
            .into_iter()
            .flat_map(|t| t.iter())
        {
            if let Some(path) = item.get("path").and_then(Item::as_str) {
                found.push((name.to_string(), dir.join(path)));
            }
        }
    };
    take(document.get("replace"));
    let sources = document.get("patch").and_then(Item::as_table_like);
    for (_, source) in sources.into_iter().flat_map(|t| t.iter()) {
        take(Some(source));
    }
    Ok(found)
}

/// Canonical where it exists, else with `..` taken out.
fn resolved(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| {
        path.components().fold(PathBuf::new(), |mut all, part| {
            match part {
                Component::ParentDir => drop(all.pop()),
                Component::CurDir => {}
                other => all.push(other),
            }
            all
        })
    })
}

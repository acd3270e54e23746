//! Path dependencies outside the source: a copy of the source would miss them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::{DependencyKind, Package};
use toml_edit::Item;

use crate::fs;
use crate::metadata::Cargo;

/// A package outside the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutsidePackage {
    /// Name of the dependency or package.
    pub name: String,
    /// Its directory, absolute.
    pub dir: PathBuf,
}

/// Members and path dependencies (also theirs, and those of `[patch]` and `[replace]`) of the
/// workspace at `workspace` that are outside `root`.
pub fn find(cargo: &Cargo, workspace: &Path, root: &Path) -> Result<Vec<OutsidePackage>> {
    let mut outside = BTreeSet::new();
    let mut note = |name: &str, dir: &Path| {
        if !dir.starts_with(root) {
            outside.insert(OutsidePackage { name: name.to_string(), dir: dir.to_owned() });
        }
    };
    // Packages whose dependencies are known already.
    let mut read = BTreeSet::new();
    let mut open = patched(&workspace.join("Cargo.toml"))?;
    for package in cargo.metadata(&workspace.join("Cargo.toml"))?.packages {
        let dir = resolved(directory_of(&package));
        note(package.name.as_str(), &dir);
        read.insert(dir);
        open.extend(paths_of(&package, true));
    }
    while let Some((name, dir)) = open.pop() {
        let dir = resolved(&dir);
        note(&name, &dir);
        if read.insert(dir.clone()) && dir.join("Cargo.toml").is_file() {
            open.extend(needed_by(cargo, &dir, workspace)?);
        }
    }
    Ok(outside.into_iter().collect())
}

type Named = Vec<(String, PathBuf)>;

fn directory_of(package: &Package) -> &Path {
    let manifest = &package.manifest_path;
    manifest.parent().unwrap_or(manifest).as_std_path()
}

/// Path dependencies of a package; those for its tests are needed of members alone.
fn paths_of(package: &Package, member: bool) -> Named {
    let needed =
        package.dependencies.iter().filter(|d| member || d.kind != DependencyKind::Development);
    needed
        .filter_map(|d| Some((d.name.clone(), d.path.as_ref()?.as_std_path().to_owned())))
        .collect()
}

/// Path dependencies of the package in `dir`, which is no member of the workspace; it may be one
/// of another, whose other members have no part in this.
fn needed_by(cargo: &Cargo, dir: &Path, workspace: &Path) -> Result<Named> {
    match cargo.metadata(&dir.join("Cargo.toml")) {
        Ok(metadata) => Ok(metadata
            .packages
            .iter()
            .filter(|p| resolved(directory_of(p)) == dir)
            .flat_map(|p| paths_of(p, false))
            .collect()),
        // Cargo builds a patched package below the workspace root that is no member of it, but
        // answers no question about it.
        Err(_) => written(dir, workspace),
    }
}

/// Path dependencies as they are written in the manifest of the package in `dir`.
fn written(dir: &Path, workspace: &Path) -> Result<Named> {
    let own = fs::toml::read(&dir.join("Cargo.toml"))?;
    let root = fs::toml::read(&workspace.join("Cargo.toml"))?;
    let inherited = root.get("workspace").and_then(|w| w.get("dependencies"));
    let targets = own.get("target").and_then(Item::as_table_like);
    let targets = targets.into_iter().flat_map(|t| t.iter().map(|(_, i)| i));
    let mut found = Vec::new();
    for place in targets.chain([own.as_item()]) {
        for kind in ["dependencies", "build-dependencies", "build_dependencies"] {
            for (name, item) in entries(place.get(kind)) {
                if let Some(path) = item.get("path").and_then(Item::as_str) {
                    found.push((name.to_string(), dir.join(path)));
                } else if item.get("workspace").is_some()
                    && let Some(path) = inherited.and_then(|i| i.get(name)?.get("path")?.as_str())
                {
                    found.push((name.to_string(), workspace.join(path)));
                }
            }
        }
    }
    Ok(found)
}

fn entries(table: Option<&Item>) -> impl Iterator<Item = (&str, &Item)> {
    let table = table.and_then(Item::as_table_like);
    table.into_iter().flat_map(|t| t.iter())
}

/// Names and directories that `[patch]` and `[replace]` of a manifest give.
fn patched(manifest: &Path) -> Result<Named> {
    let document = fs::toml::read(manifest)?;
    let dir = manifest.parent().unwrap_or(Path::new("/"));
    let sources = entries(document.get("patch")).map(|(_, source)| Some(source));
    let tables = sources.chain([document.get("replace")]);
    Ok(tables
        .flat_map(entries)
        .filter_map(|(name, item)| {
            let path = item.get("path").and_then(Item::as_str)?;
            Some((name.to_string(), dir.join(path)))
        })
        .collect())
}

/// Canonical where it exists, else with `..` taken out.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| fs::normalized(path))
}

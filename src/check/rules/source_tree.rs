//! Where the source is: what is outside it, and which of its files are not as recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::check::facts::Facts;
use crate::check::facts::manifests::Dependency;
use crate::check::hit::{FileLine, Hit};

/// Path packages outside a directory, each with the place that asks for it, if that is known.
fn outside(facts: &Facts, root: &Path) -> BTreeMap<PathBuf, (String, Option<FileLine>)> {
    let mut found = BTreeMap::new();
    let mut add = |dir: &Path, name: &str, place: Option<FileLine>| {
        if !dir.starts_with(root) {
            found.entry(dir.to_owned()).or_insert((name.to_string(), place));
        }
    };
    for Dependency { path, name, place, .. } in &facts.dependencies {
        if let Some(path) = path {
            add(path, name, Some(place.clone()));
        }
    }
    for package in facts.used.iter().filter(|p| p.is_path) {
        let place = facts.place_in_lockfile(&package.name, &package.version);
        add(&package.dir, &package.name, place);
    }
    found
}

fn hits(found: BTreeMap<PathBuf, (String, Option<FileLine>)>, what: &str) -> Vec<Hit> {
    let hit = |(dir, (name, place)): (PathBuf, (String, Option<FileLine>))| Hit {
        place,
        message: format!("`{name}` is in `{}`, outside {what}", dir.display()),
        package: Some(name),
        ..Hit::default()
    };
    found.into_iter().map(hit).collect()
}

pub(in crate::check) fn outside_repository(facts: &Facts) -> Vec<Hit> {
    let root = facts.tree.repository.iter();
    root.flat_map(|root| hits(outside(facts, root), "the repository")).collect()
}

pub(in crate::check) fn outside_workspace(facts: &Facts) -> Vec<Hit> {
    let mut found = outside(facts, &facts.workspace);
    if let Some(root) = &facts.tree.repository {
        found.retain(|dir, _| dir.starts_with(root));
    }
    hits(found, "the workspace root")
}

pub(in crate::check) fn submodules(facts: &Facts) -> Vec<Hit> {
    let of = |(path, what): &(PathBuf, &'static str)| {
        Hit::of_project(format!("the submodule `{}` {what}", path.display()))
    };
    facts.tree.submodules.iter().map(of).collect()
}

pub(in crate::check) fn pointers(facts: &Facts) -> Vec<Hit> {
    let of = |path: &PathBuf| {
        let place = FileLine { path: facts.root.join(path), line: 1 };
        Hit::at(place, "this is a pointer of git LFS and not the file itself")
    };
    facts.tree.pointers.iter().map(of).collect()
}

pub(in crate::check) fn case(facts: &Facts) -> Vec<Hit> {
    let of = |names: &Vec<PathBuf>| {
        let shown: Vec<_> = names.iter().map(|n| format!("`{}`", n.display())).collect();
        Hit::of_project(format!(
            "{} differ only in case, and Windows and macOS keep only one of them",
            shown.join(" and ")
        ))
    };
    facts.tree.collisions.iter().map(of).collect()
}

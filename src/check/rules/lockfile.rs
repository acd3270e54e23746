//! What is fixed: versions by the lockfile, the compiler by the toolchain file.

use cargo_metadata::{Dependency, Package};

use crate::cargo::lockfile::{Locked, Lockfile};
use crate::check::facts::Facts;
use crate::check::hit::{FileLine, Hit};
use crate::toolchain::is_exact;

pub(in crate::check) fn missing(facts: &Facts) -> Vec<Hit> {
    if !facts.lockfile_missing {
        return Vec::new();
    }
    let message = format!("`{}` has no Cargo.lock", facts.shown(&facts.workspace));
    vec![Hit::of_project(message)]
}

pub(in crate::check) fn untracked(facts: &Facts) -> Vec<Hit> {
    let (Some(repository), Some(lockfile)) = (&facts.tree.repository, &facts.lockfile) else {
        return Vec::new();
    };
    let Ok(inside) = lockfile.path.strip_prefix(repository) else { return Vec::new() };
    if facts.tree.files.iter().any(|f| f == inside) {
        return Vec::new();
    }
    let place = FileLine { path: lockfile.path.clone(), line: 1 };
    vec![Hit::at(place, "Cargo.lock exists, but git does not track it")]
}

pub(in crate::check) fn stale(facts: &Facts) -> Vec<Hit> {
    let (Some(lockfile), Some(metadata)) = (&facts.lockfile, &facts.members) else {
        return Vec::new();
    };
    let whole = FileLine { path: lockfile.path.clone(), line: 1 };
    let members = metadata.workspace_packages();
    let mut hits: Vec<Hit> = Vec::new();
    for package in members {
        hits.extend(stale_for(package, lockfile, &whole));
    }
    if hits.is_empty() && facts.lockfile_stale {
        hits.push(Hit::at(whole, "cargo would change Cargo.lock before it builds"));
    }
    hits
}

fn stale_for(package: &Package, lockfile: &Lockfile, whole: &FileLine) -> Vec<Hit> {
    let spec = format!("{} {}", package.name, package.version);
    let Some(entry) = lockfile.entry(&package.name, &package.version.to_string()) else {
        return vec![Hit::at(whole.clone(), format!("Cargo.lock does not have {spec}"))];
    };
    let lacking = |d: &&Dependency| !lockfile.packages.iter().any(|p| serves(p, d, entry));
    let mut hits: Vec<Hit> = package
        .dependencies
        .iter()
        .filter(lacking)
        .map(|d| {
            let message = format!(
                "Cargo.lock has no `{}` that fits `{}`, which {spec} depends on",
                d.name, d.req
            );
            Hit::at(entry.place.clone(), message)
        })
        .collect();
    let names = entry.dependencies.iter().map(|d| d.split(' ').next().unwrap_or(d));
    let gone = names.filter(|n| !package.dependencies.iter().any(|d| d.name == *n));
    hits.extend(gone.map(|n| {
        let message = format!("Cargo.lock lists `{n}` for {spec}, which no longer depends on it");
        Hit::at(entry.place.clone(), message)
    }));
    hits
}

/// Whether a locked package is what a dependency of the package at `entry` resolves to.
fn serves(locked: &Locked, wanted: &Dependency, entry: &Locked) -> bool {
    if locked.name != wanted.name {
        return false;
    }
    let named = entry.dependencies.iter().any(|d| {
        let mut words = d.split(' ');
        words.next() == Some(&locked.name) && words.next().is_none_or(|v| v == locked.version)
    });
    let version = cargo_metadata::semver::Version::parse(&locked.version);
    named && version.is_ok_and(|v| wanted.req.matches(&v))
}

pub(in crate::check) fn checksum(facts: &Facts) -> Vec<Hit> {
    let packages = facts.lockfile.iter().flat_map(|l| &l.packages);
    packages
        .filter(|p| p.is_of_registry() && p.checksum.is_none())
        .map(|p| Hit {
            package: Some(p.spec()),
            ..Hit::at(
                p.place.clone(),
                format!("{} comes from a registry and has no checksum", p.spec()),
            )
        })
        .collect()
}

pub(in crate::check) fn toolchain(facts: &Facts) -> Vec<Hit> {
    let Some(pin) = &facts.pin else {
        if facts.pin_unreadable {
            return Vec::new();
        }
        return vec![Hit::of_project("no rust-toolchain.toml says which compiler builds this")];
    };
    let message = match &pin.channel {
        Some(channel) if is_exact(channel) => return Vec::new(),
        Some(channel) => format!("the channel `{channel}` changes compiler every few weeks"),
        None => "the toolchain is a directory on this machine, so other builders cannot install it"
            .to_string(),
    };
    vec![Hit::at(pin.place.clone(), message)]
}

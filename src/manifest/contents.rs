//! Whether the list of contents in a manifest that was read can be worked with: every place is there,
//! every text can be printed, and it is about artifacts of the manifest.

use std::collections::BTreeSet;

use super::Manifest;
use super::check::{Checked, inside, no_control, once, sha256};
use super::components::{Components, Contents};
use crate::verdict::Verdict;

/// Whether the list of contents in an untrusted manifest can be worked with.
pub(super) fn sound(components: &Components, manifest: &Manifest) -> Checked {
    if components.compared == (manifest.verdict == Verdict::Single) {
        return Err("its verdict does not fit its list of components".to_string());
    }
    once("package", components.packages.iter().map(|p| &*p.id))?;
    for package in &components.packages {
        let texts = [&package.id, &package.name, &package.version];
        for text in texts.into_iter().chain(&package.source).chain(&package.license) {
            no_control("a package", text)?;
        }
        package.checksum.as_deref().map_or(Ok(()), sha256)?;
        match package.directory.as_deref() {
            None | Some(".") => {}
            Some(directory) => inside(directory)?,
        }
    }
    let ids: BTreeSet<&str> = components.packages.iter().map(|p| &*p.id).collect();
    once("artifact", components.artifacts.iter().map(|c| [&*c.target, c.kind.name(), &*c.name]))?;
    for contents in &components.artifacts {
        self::contents(contents, &ids)?;
    }
    Ok(())
}

fn contents(contents: &Contents, ids: &BTreeSet<&str>) -> Checked {
    let count = contents.crates.len();
    let places = contents.crates.iter().flat_map(|c| &c.dependencies).chain([&contents.root]);
    if let Some(place) = places.into_iter().find(|place| **place >= count) {
        return Err(format!("there is no crate {place} among {count}"));
    }
    let packages = contents.crates.iter().map(|c| &c.package);
    for id in packages.chain(contents.members.iter().map(|m| &m.package)) {
        if !ids.contains(&**id) {
            return Err(format!("`{}` is not among the packages", id.escape_debug()));
        }
    }
    let features = contents.crates.iter().flat_map(|c| &c.features);
    let members = contents.members.iter().flat_map(|m| m.archive.iter().chain([&m.name]));
    let libraries = contents.libraries.iter().flat_map(|l| l.versions.iter().chain([&l.name]));
    let rlibs = contents.standard_library.iter().map(|r| &r.name);
    let texts = features.chain(members).chain(libraries).chain(rlibs).chain(&contents.host);
    for text in texts {
        no_control("a part of an artifact", text)?;
    }
    let digests = contents.members.iter().filter_map(|m| m.sha256.as_deref());
    for digest in digests.chain(contents.standard_library.iter().map(|r| &*r.sha256)) {
        sha256(digest)?;
    }
    Ok(())
}

//! What shipped artifacts are made of, as `repro build` saw it: the crates of each link, what else
//! the linker took, and the dynamic libraries that the file asks for. No path of a machine is in it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check::{Checked, inside, no_control, once, one_of, sha256};
use super::{Artifact, Manifest};
use crate::verdict::SINGLE;

/// Everything that is known of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Components {
    /// Whether two builds were looked at and gave the same; false of a single build.
    pub compared: bool,
    /// The packages of all artifacts, sorted by id.
    pub packages: Vec<Package>,
    /// Each shipped artifact, in the order of the manifest.
    pub artifacts: Vec<Contents>,
}

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// cargo's id of it: its source and commit, name and version; of one inside the source
    /// `path+DIRECTORY#NAME@VERSION`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// `registry+URL`, `git+URL#COMMIT`; none of one in the source.
    pub source: Option<String>,
    /// SHA-256 of its `.crate`, from Cargo.lock.
    pub checksum: Option<String>,
    /// `license` of its Cargo.toml.
    pub license: Option<String>,
    /// Where one in the source is, relative to its root; `.` for the root.
    pub directory: Option<String>,
}

/// What one artifact is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Target triple of the artifact.
    pub target: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How the linked crates are known: `linker`, or `externs` where no linker was asked.
    pub known_by: String,
    /// Its own crate's place among `crates`.
    pub root: usize,
    /// The crates that it is made of and those that were needed to build them.
    pub crates: Vec<Crate>,
    /// The libraries of the toolchain that the linker read.
    pub standard_library: Vec<Rlib>,
    /// What was linked statically and is not Rust.
    pub members: Vec<Member>,
    /// Files of the machine that were linked in, such as `crt1.o`.
    pub host: Vec<String>,
    /// Dynamic libraries that the file asks for.
    pub libraries: Vec<Library>,
}

/// A crate with the features that were on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crate {
    /// [`Package::id`].
    pub package: String,
    /// The features.
    pub features: Vec<String>,
    /// What it was for, of [`ROLES`].
    pub roles: Vec<String>,
    /// Whether a build script of it ran.
    pub build_script: bool,
    /// Places of the crates that it was built with.
    pub dependencies: Vec<usize>,
}

/// What a crate can be for.
pub const ROLES: [&str; 3] = ["runtime", "proc-macro", "build"];

/// A library of the toolchain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rlib {
    /// File name.
    pub name: String,
    /// SHA-256.
    pub sha256: String,
}

/// An object file that is not Rust.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The package whose build script made it.
    pub package: String,
    /// The library that it was in, if one.
    pub archive: Option<String>,
    /// Its name.
    pub name: String,
    /// SHA-256, where both builds had the same.
    pub sha256: Option<String>,
}

/// A dynamic library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The name that the file asks for.
    pub name: String,
    /// Versions of its symbols that the file asks for.
    pub versions: Vec<String>,
}

/// How the linked crates are known.
pub const BY_LINKER: &str = "linker";
/// The same, where no linker was asked.
pub const BY_EXTERNS: &str = "externs";

impl Components {
    /// What a rebuild of one side saw, with no more said of it than the claim says.
    pub fn as_claimed(mut self, claimed: &Components) -> Components {
        self.compared = claimed.compared;
        for (own, other) in self.artifacts.iter_mut().zip(&claimed.artifacts) {
            for (own, other) in own.members.iter_mut().zip(&other.members) {
                own.sha256 = own.sha256.take().filter(|_| other.sha256.is_some());
            }
        }
        self
    }
}

impl Contents {
    /// Whether it is about this artifact.
    pub fn is_of(&self, artifact: &Artifact) -> bool {
        let key = |a: &Artifact| [a.target.clone(), a.kind.clone(), a.name.clone()];
        key(artifact) == [self.target.clone(), self.kind.clone(), self.name.clone()]
    }
}

/// Whether what a stranger's manifest lists can be worked with.
pub(super) fn sound(components: &Components, manifest: &Manifest) -> Checked {
    if components.compared == (manifest.verdict == SINGLE) {
        return Err("its verdict does not go with its list of components".to_string());
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
    once("artifact", components.artifacts.iter().map(|c| [&c.target, &c.kind, &c.name]))?;
    for contents in &components.artifacts {
        self::contents(contents, &ids)?;
        if !manifest.artifacts.iter().any(|a| contents.is_of(a)) {
            let name = contents.name.escape_debug();
            return Err(format!("it lists what `{name}` is made of, and no such artifact"));
        }
    }
    Ok(())
}

fn contents(contents: &Contents, ids: &BTreeSet<&str>) -> Checked {
    one_of("known_by", &contents.known_by, &[BY_LINKER, BY_EXTERNS])?;
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
    for role in contents.crates.iter().flat_map(|c| &c.roles) {
        one_of("role", role, &ROLES)?;
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

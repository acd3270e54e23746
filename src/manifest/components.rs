//! What shipped artifacts are made of, as `repro build` saw it: the crates of each link, what else
//! the linker took, and the dynamic libraries that the file asks for. No path of a machine is in it.

use serde::{Deserialize, Serialize};

use super::named;
use crate::artifact::Kind;
use crate::cargo::units::Role;

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Target triple of the artifact.
    pub target: String,
    /// Its kind.
    #[serde(with = "named")]
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// How the linked crates are known.
    pub known_by: KnownBy,
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
    /// What it was for.
    pub roles: Vec<Role>,
    /// Whether a build script of it ran.
    pub build_script: bool,
    /// Places of the crates that it was built with.
    pub dependencies: Vec<usize>,
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownBy {
    /// The linker listed what it read.
    Linker,
    /// No linker was asked: by the options of rustc.
    Externs,
}

impl Components {
    /// The components of a rebuild, without details that the claim does not have.
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
    /// Whether it is about the artifact of this target, kind and name.
    pub fn is_of(&self, target: &str, kind: Kind, name: &str) -> bool {
        (&*self.target, self.kind, &*self.name) == (target, kind, name)
    }
}

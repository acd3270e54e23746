//! The results of a build, as values: kinds, single artifacts, and the set of one build.

use std::path::PathBuf;

use repro_formats::digest::Digest;

/// What kind of file an artifact is, named as cargo names crate types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An executable (examples too).
    Bin,
    /// A Rust library of crate type `lib`.
    Lib,
    /// A Rust library of crate type `rlib`.
    Rlib,
    /// A C dynamic library.
    Cdylib,
    /// A C static library.
    Staticlib,
    /// A Rust dynamic library.
    Dylib,
    /// A procedural macro: runs in the compiler, is not shipped.
    ProcMacro,
    /// A compiled build script: runs during the build, is not shipped.
    BuildScript,
    /// A file that the build makes besides, and that the project puts into its archives.
    Generated,
}

/// Every kind.
const KINDS: [Kind; 9] = [
    Kind::Bin,
    Kind::Lib,
    Kind::Rlib,
    Kind::Cdylib,
    Kind::Staticlib,
    Kind::Dylib,
    Kind::ProcMacro,
    Kind::BuildScript,
    Kind::Generated,
];

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Kind> {
        KINDS.into_iter().find(|k| k.name() == name)
    }

    /// The name in reports and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bin => "bin",
            Kind::Lib => "lib",
            Kind::Rlib => "rlib",
            Kind::Cdylib => "cdylib",
            Kind::Staticlib => "staticlib",
            Kind::Dylib => "dylib",
            Kind::ProcMacro => "proc-macro",
            Kind::BuildScript => "build-script",
            Kind::Generated => "generated",
        }
    }

    /// Whether the verdict rests on artifacts of this kind. What only runs on the build machine
    /// is compared and shown, but decides nothing.
    pub fn in_verdict(self) -> bool {
        !matches!(self, Kind::ProcMacro | Kind::BuildScript)
    }

    /// Whether artifacts of this kind are what a release ships, and so are kept for it.
    pub fn is_shipped(self) -> bool {
        matches!(self, Kind::Bin | Kind::Cdylib | Kind::Staticlib | Kind::Dylib | Kind::Generated)
    }
}

/// One file that a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// `name version` of the package.
    pub package: String,
    /// Target triple it was built for.
    pub target: String,
    /// What it is.
    pub kind: Kind,
    /// File name without directories.
    pub name: String,
    /// Size and SHA-256.
    pub digest: Digest,
    /// Where the file is now.
    pub path: PathBuf,
}

/// The artifacts of one build, sorted by target, package, kind and name.
#[derive(Clone, Debug, Default)]
pub struct ArtifactSet(Vec<Artifact>);

impl ArtifactSet {
    /// Sorts and keeps the given artifacts; a file that cargo named twice is kept once. Two builds
    /// of one package for different uses can leave files of one name: the digest orders them.
    pub fn new(mut artifacts: Vec<Artifact>) -> ArtifactSet {
        let key = |a: &Artifact| (a.target.clone(), a.package.clone(), a.kind, a.name.clone());
        artifacts.sort_by_key(|a| (key(a), a.digest.clone()));
        artifacts.dedup();
        ArtifactSet(artifacts)
    }

    /// The artifacts in order.
    pub fn iter(&self) -> impl Iterator<Item = &Artifact> {
        self.0.iter()
    }
}

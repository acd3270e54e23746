//! `repro.json`: what was proven of which source, by which recipe. A stored format, versioned.
//!
//! Two builders who agree write the same bytes: nothing of the host or the clock is in it outside
//! `builder`. The types are those of the file, apart from the ones the program thinks with.

mod check;
pub mod components;
mod contents;
mod named;
mod packed;
mod read;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
pub use packed::{Archive, Image, ImagePlatform, Member, Packed};
use repro_formats::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::artifact::{self, Kind};
use crate::fs;
use crate::ledger::Split;
use crate::recipe::RecipeRow;
use crate::request::Inject;
use crate::variation::VariationId;
use crate::variation::coverage::Coverage;
use crate::verdict::{At, Status, Verdict};

/// The schema's name and version, as it is written.
pub const SCHEMA: &str = "repro.manifest/2";

/// Bytes that a manifest may have.
pub const LONGEST: u64 = 64 << 20;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// That of the builds; `single` where one was made and nothing compared.
    #[serde(with = "named")]
    pub verdict: Verdict,
    /// How many builds were compared, if more than two.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub builds: Option<usize>,
    /// What the builds differed in on purpose; none of a single one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub variations: Option<Variations>,
    /// What was taken from the ledger, if anything was: the rest was built twice.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ledger: Option<FromLedger>,
    /// What was built.
    pub source: Source,
    /// With what.
    pub toolchain: Toolchain,
    /// Which part of it, how.
    pub build: Build,
    /// By which changes of the build.
    pub recipe: Recipe,
    /// Settings from cargo config files outside the source, as TOML: the bytes may depend on them.
    pub outside_config: Vec<String>,
    /// Environment variables that were passed to the build, and names that it asked for.
    pub environment: Vec<Variable>,
    /// What came out.
    pub artifacts: Vec<Artifact>,
    /// What `repro archive` packed of the artifacts.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub archives: Vec<Archive>,
    /// The container images that `repro archive` made of them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub images: Vec<Image>,
    /// What the shipped artifacts are made of, where both builds saw the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub components: Option<components::Components>,
    /// This machine; left out with `--no-builder`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub builder: Option<Builder>,
}

/// How many units were taken from the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromLedger {
    /// Units whose outputs were taken from it: both builds had made the same of the same inputs.
    pub reused: usize,
    /// Those of them that a different machine had written.
    pub foreign: usize,
    /// Units that were built twice, and runs of build scripts.
    pub built_twice: usize,
}

impl FromLedger {
    /// Of a check that took something from it.
    pub fn of(split: &Split) -> Option<FromLedger> {
        let Split { reused, foreign, twice } = split;
        (*reused > 0).then_some(FromLedger {
            reused: *reused,
            foreign: *foreign,
            built_twice: twice.len(),
        })
    }
}

/// What was varied between the two builds. Values are not in it: they are made for one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variations {
    /// Names of what reached the builds, wholly or in part.
    pub applied: Vec<String>,
    /// What was switched off.
    pub off: Vec<SwitchedOff>,
    /// What did not reach the builds, or not wholly.
    pub unavailable: Vec<NotReached>,
}

/// A variation that was switched off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchedOff {
    /// Its name.
    pub name: String,
    /// `flag` for the builder's `--vary`, `project` for the metadata of the project.
    pub by: String,
}

/// A variation that did not reach the builds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotReached {
    /// Its name.
    pub name: String,
    /// Why, by its name.
    pub reason: String,
}

impl From<&Coverage> for Variations {
    fn from(coverage: &Coverage) -> Variations {
        let text = |id: &VariationId| id.row().text.to_string();
        let off = coverage.off.iter();
        let unavailable = coverage.unavailable.iter();
        Variations {
            applied: coverage.applied.iter().map(|(id, _)| text(id)).collect(),
            off: off.map(|(id, by)| SwitchedOff { name: text(id), by: by.name().into() }).collect(),
            unavailable: unavailable
                .map(|(id, why)| NotReached { name: text(id), reason: why.code().into() })
                .collect(),
        }
    }
}

/// What a source is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A commit of a git repository.
    Git,
    /// Files.
    #[default]
    Directory,
}

/// The source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it was taken from.
    pub kind: SourceKind,
    /// URL of the remote, without credentials.
    pub remote: Option<String>,
    /// Commit id.
    pub commit: Option<String>,
    /// Tags that point at the commit, sorted.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Version of the package, or of the workspace's packages where they have one.
    #[serde(default)]
    pub version: Option<String>,
    /// Tree id of what was built; of the snapshot if `dirty`.
    pub tree: Option<String>,
    /// The tree had changes that no commit holds.
    pub dirty: bool,
    /// Of a directory: SHA-256 over its sorted paths, kinds and contents.
    pub sha256: Option<String>,
    /// Directory of the package or workspace that was built, relative to the source; `.` for its root.
    pub directory: String,
    /// SHA-256 of Cargo.lock.
    pub lockfile_sha256: String,
}

/// The toolchain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// `rustc -vV`, a line each.
    pub rustc: Vec<String>,
    /// `cargo -V`.
    pub cargo: String,
}

/// What cargo was asked to build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The host triple: with no `--target`, what was built for.
    pub host: String,
    /// `--target`.
    pub targets: Vec<String>,
    /// `--profile`.
    pub profile: String,
    /// `-p`.
    pub packages: Vec<String>,
    /// `--workspace`.
    pub workspace: bool,
    /// `--lib`.
    pub lib: bool,
    /// `--bin`.
    pub bins: Vec<String>,
    /// `--bins`.
    pub all_bins: bool,
    /// `--features`.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
}

/// The recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of the table.
    pub version: u32,
    /// How flags reach rustc: each way gives different bytes.
    #[serde(with = "named")]
    pub inject: Inject,
    /// The user's own rustc wrapper, which is run in turn: relative to the source, else its name.
    pub user_wrapper: Option<String>,
    /// SOURCE_DATE_EPOCH, seconds since 1970.
    pub epoch: i64,
    /// The list of packages was linked into programs.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub auditable: bool,
    /// Directories that both builds had at one path.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fixed: Vec<Fixed>,
    /// The rows, with canonical paths.
    pub rows: Vec<RecipeRow>,
}

/// A directory that both builds had at one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// The name of the variation that was off.
    pub name: String,
    /// The path; if it is a scratch directory, no other run can have it.
    pub path: String,
}

/// A variable that the build asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, where it is a setting of the user's that was passed on; cargo's own variables
    /// and those of the recipe follow from the rest of the manifest.
    pub value: Option<String>,
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// `name version`.
    pub package: String,
    /// Target triple.
    pub target: String,
    /// What it is.
    #[serde(with = "named")]
    pub kind: Kind,
    /// File name.
    pub name: String,
    /// How the builds' compare; none, as `single`, where there was one.
    #[serde(with = "named")]
    pub status: Option<Status>,
    /// Bytes; absent unless the status is `same` or `single`.
    pub size: Option<u64>,
    /// SHA-256; absent unless the status is `same` or `single`: of what differs there is no one digest.
    pub sha256: Option<String>,
    /// Where the file is, relative to the manifest; only shipped kinds are kept.
    pub path: Option<String>,
}

/// The machine: what a mismatch on another one is looked for in first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// Operating system, as its os-release or `uname` names it.
    pub os: String,
    /// Version lines of the C compiler and the linkers; absent programs are left out.
    pub tools: Vec<Tool>,
    /// Whether the component `rust-src` is installed: it changes the bytes of Rust libraries.
    #[serde(default)]
    pub rust_src: Option<bool>,
    /// The linkers that linked, as the artifacts' `.comment` sections name them.
    #[serde(default)]
    pub linkers: Vec<String>,
    /// Files outside the source and the toolchain that the linker read, with their SHA-256.
    pub linker_inputs: Vec<File>,
    /// Why `linker_inputs` is empty, if it is.
    pub linker_inputs_unknown: Option<String>,
}

/// A program and its version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The command.
    pub name: String,
    /// The first line of its version.
    pub version: String,
}

/// A file and its digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Absolute path, canonical.
    pub path: String,
    /// SHA-256.
    pub sha256: String,
}

/// A directory of the source as manifests have it: relative to the source, `.` for its root.
pub fn directory(below: &Path) -> String {
    Some(fs::slashed(below)).filter(|path| !path.is_empty()).unwrap_or(".".to_string())
}

impl Source {
    /// The commit that was built as it is.
    pub fn revision(&self) -> Option<&str> {
        self.commit.as_deref().filter(|_| !self.dirty)
    }
}

impl Artifact {
    /// The artifact, if the manifest has its digest. The file is at `path`.
    pub fn known(&self, path: PathBuf) -> Option<artifact::Artifact> {
        Some(artifact::Artifact {
            package: self.package.clone(),
            target: self.target.clone(),
            kind: self.kind,
            name: self.name.clone(),
            digest: Digest { size: self.size?, sha256: self.sha256.clone()? },
            path,
        })
    }
}

impl Recipe {
    /// Whether the builds had directories at one path, and at which kind of path.
    pub fn at(&self) -> Option<At> {
        let canonical = |f: &Fixed| {
            let name = Path::new(&f.path).strip_prefix("/build").ok().and_then(|p| p.iter().next());
            let name = name.unwrap_or_default().to_string_lossy();
            let id = VariationId::named(&f.name);
            id.and_then(|id| id.canonical(&name)).is_some_and(|path| path == Path::new(&f.path))
        };
        match self.fixed.is_empty() {
            true => None,
            false if self.fixed.iter().all(canonical) => Some(At::Canonical),
            false => Some(At::Scratch),
        }
    }
}

impl Manifest {
    /// The files that were packed of the artifacts.
    pub fn packed(&self) -> impl Iterator<Item = Packed<'_>> {
        let archives = self.archives.iter().map(|a| Packed { name: &a.name, sha256: &a.sha256 });
        let images = self.images.iter().map(|i| Packed { name: &i.name, sha256: &i.sha256 });
        archives.chain(images)
    }

    /// The bytes of the file: JSON, indented, with a final newline.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).context("failed to encode the manifest")?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

#[cfg(test)]
impl Manifest {
    /// A manifest that tests change.
    pub(crate) fn fixture() -> Manifest {
        let text = include_str!("../tests/fixtures/manifest.json");
        Manifest::from_bytes(text.as_bytes(), "fixture").unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_schemas_are_refused_by_name() {
        let error = |text: &str| {
            let error = Manifest::from_bytes(text.as_bytes(), "m.json").unwrap_err();
            assert_eq!(crate::error::kind_of(&error), crate::error::Kind::BadInput);
            error.to_string()
        };
        let newer = error(r#"{"schema": "repro.manifest/3", "new": 1}"#);
        assert!(newer.contains("`repro.manifest/3`"), "{newer}");
        assert!(error("{").contains("is not a manifest"));
        assert!(error(r#"{"schema": "repro.manifest/1"}"#).contains("missing field"));
    }
}

//! A scratch copy of the source that remedies are applied to, and what cargo reports about it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;

use crate::metadata::Cargo;
use crate::process::Cmd;
use crate::project::Project;

/// Files that were changed, or why none was: a clause.
pub type Done = std::result::Result<Vec<PathBuf>, String>;

/// A copy of the source.
pub struct Copy<'a> {
    /// What it is of.
    pub project: &'a Project,
    /// Where it is.
    pub root: PathBuf,
}

impl Copy<'_> {
    /// The directory of the package.
    pub fn package(&self) -> PathBuf {
        self.root.join(&self.project.source.package)
    }

    /// That of the workspace.
    pub fn workspace(&self) -> PathBuf {
        self.root.join(&self.project.source.workspace)
    }

    /// Its lockfile.
    pub fn lockfile(&self) -> PathBuf {
        self.workspace().join("Cargo.lock")
    }

    /// The user's cargo in it, away from any target directory.
    pub fn cargo(&self) -> Cmd {
        let target = self.root.with_file_name("target");
        let cargo = Cmd::new(Cargo::of_user().program()).dir(self.package());
        cargo.env("CARGO_TARGET_DIR", target)
    }

    /// The manifests of the workspace.
    pub fn manifests(&self) -> Result<BTreeSet<PathBuf>> {
        let metadata = self.project.source.cargo.metadata(&self.package().join("Cargo.toml"))?;
        let members = metadata.packages.iter();
        let members = members.map(|p| p.manifest_path.clone().into_std_path_buf());
        Ok(members.chain([self.workspace().join("Cargo.toml")]).collect())
    }
}

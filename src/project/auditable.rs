//! `--auditable`: whether a list of packages is linked into programs, and what is in it.

use std::path::Path;

use anyhow::Result;
use cargo_metadata::Metadata;

use crate::artifact::{Artifact, Kind};
use crate::build::Built;
use crate::build_dirs::BuildDirs;
use crate::cargo::auditable::{self, Packages};
use crate::error::{refused, usage};
use crate::project::Project;
use crate::recipe::Recipe;
use crate::recipe::environment::set;
use crate::request::Inject;
use crate::sbom;

/// The packages of one side.
pub(super) type Listing = dyn Fn(&BuildDirs) -> Packages + Sync;

impl Project {
    /// Whether programs get a list of their packages from here: not where `cargo auditable` wraps rustc and
    /// links one of its own.
    pub(crate) fn auditable(&self) -> Result<bool> {
        if !self.request.auditable || self.has_cargo_auditable() {
            return Ok(false);
        }
        if self.request.inject == Inject::Rustflags {
            return Err(usage(
                "a list of packages (`--auditable`) cannot be linked with `--inject rustflags`: leave out one of the two",
            ));
        }
        match self.targets().iter().find(|target| !auditable::is_for(target)) {
            None => Ok(true),
            Some(target) => Err(refused(format!(
                "no list of packages can be linked into programs for `{target}`: leave out `--auditable` (`auditable` in metadata.repro)"
            ))),
        }
    }

    /// Whether the user's own wrapper is `cargo auditable`.
    pub(crate) fn has_cargo_auditable(&self) -> bool {
        let is_it = |path: &Path| path.file_stem().is_some_and(|stem| stem == "cargo-auditable");
        let variables = ["RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"];
        let by_variable = set(&self.divided.passed, &variables).map(Path::new);
        let by_config = self.config.get_program(&["build", "rustc-workspace-wrapper"]);
        self.user_wrapper().is_some_and(|(path, _)| is_it(&path))
            || by_variable.map_or(by_config.is_some_and(|(path, _)| is_it(&path)), is_it)
    }

    /// What the lists are made from, if there are to be any.
    pub(crate) fn auditable_packages(
        &self,
        recipe: &Recipe,
        packages: Option<&Metadata>,
    ) -> Result<Option<Box<Listing>>> {
        if !recipe.auditable {
            return Ok(None);
        }
        let packages = packages.ok_or_else(|| {
            refused("cargo did not list the packages of this build, so `--auditable` has nothing to link: run `cargo metadata --locked` to see why")
        })?;
        let home = self.cargo_home.as_deref();
        let known = sbom::Known::new(packages, &self.lockfile.text, &self.copy, home)?;
        Ok(Some(Box::new(move |dirs: &BuildDirs| known.listed(dirs))))
    }
}

/// Notes on programs that were to have a list.
pub(super) fn notes(project: &Project, a: &Built) -> Vec<String> {
    if !project.request.auditable {
        return Vec::new();
    }
    if project.has_cargo_auditable() {
        return vec!["`cargo-auditable` wraps rustc and links its own list of packages, so `auditable` adds none".to_string()];
    }
    let lists = |path: &Path| std::fs::read(path).is_ok_and(|bytes| auditable::is_in(&bytes));
    let wanting = |a: &&Artifact| [Kind::Bin, Kind::Cdylib].contains(&a.kind);
    let lacking = a.artifacts.iter().filter(wanting).filter(|a| !lists(&a.path));
    lacking
        .map(|a| {
            format!(
                "`{}` has no list of packages: what linked it left out the section .dep-v0",
                a.name
            )
        })
        .collect()
}

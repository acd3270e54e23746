//! What is true of the project at hand, for the files that are written.

use std::path::Path;

use anyhow::Result;
use cargo_metadata::TargetKind;

use crate::command::env::{Where, linux_targets, of_project};
use crate::command::project::Project;
use crate::query;
use crate::recipe::table;
use crate::report::env::EnvReport;
use crate::request::Selection;
use crate::source::Origin;

/// The values.
pub(super) struct Values {
    /// The name in `/build/<name>`.
    pub(super) name: String,
    /// What is built.
    pub(super) selection: Selection,
    /// The targets; at least one.
    pub(super) targets: Vec<String>,
    /// The channel that rust-toolchain.toml names or is to name; none where the compiler at hand
    /// is no release that can be named.
    pub(super) channel: Option<String>,
    /// The release of the compiler.
    pub(super) release: String,
    /// A toolchain file is there.
    pub(super) pinned: bool,
    /// Programs that the selection makes.
    pub(super) bins: Vec<String>,
    /// C libraries that it makes.
    pub(super) libraries: Vec<String>,
    /// URL of the repository, as a runner clones it.
    pub(super) url: Option<String>,
    /// How flags are injected.
    pub(super) inject: &'static str,
    /// Version of the recipe.
    pub(super) recipe_version: u32,
    /// The recipe for a container.
    pub(super) container: EnvReport,
    /// Things that the user should know.
    pub(super) notes: Vec<String>,
}

impl Values {
    pub(super) fn of(project: &Project) -> Result<Values> {
        let mut notes = Vec::new();
        let targets = linux_targets(project);
        if project.targets() != targets {
            notes.push(format!(
                "the workflow builds for {} alone: its runners have Linux",
                targets.join(", ")
            ));
        }
        let release = project.toolchain.field("release").unwrap_or("unknown");
        let pinned = project.is_pinned()?;
        let channel = match pinned || !release.contains('-') {
            true => Some(project.channel()?),
            false => None,
        };
        if channel.is_none() {
            notes.push(format!(
                "no rust-toolchain.toml is written: rustc {release} is no release, and which dated nightly it is only you know"
            ));
        }
        let (bins, libraries) = made(project)?;
        let remote = match &project.source.origin {
            Origin::Git(commit) => commit.remote.clone(),
            Origin::Directory => None,
        };
        Ok(Values {
            name: project.name.clone(),
            selection: project.request.selection.clone(),
            targets,
            channel,
            release: release.to_string(),
            pinned,
            bins,
            libraries,
            url: remote.as_deref().map(as_runners_clone),
            inject: project.request.inject.name(),
            recipe_version: table::VERSION,
            container: of_project(project, Where::Container)?,
            notes,
        })
    }

    /// Whether anything is made that a release could hold.
    pub(super) fn ships(&self) -> bool {
        !self.bins.is_empty() || !self.libraries.is_empty()
    }
}

/// Names of the binaries and C libraries of the selected packages, from manifests alone.
fn made(project: &Project) -> Result<(Vec<String>, Vec<String>)> {
    let manifest = project.run_dir().join("Cargo.toml");
    let metadata = query::metadata(&manifest)?;
    let selection = &project.request.selection;
    let here = |p: &&cargo_metadata::Package| {
        let named = selection
            .packages
            .iter()
            .any(|n| n.split('@').next() == Some(p.name.as_str()));
        let in_dir =
            Path::new(&p.manifest_path).canonicalize().ok() == manifest.canonicalize().ok();
        match selection.packages.is_empty() {
            false => named,
            true if selection.workspace => true,
            // In a virtual workspace cargo builds the default members; else the package here.
            true => in_dir || metadata.root_package().is_none(),
        }
    };
    let packages = metadata
        .packages
        .iter()
        .filter(|p| metadata.workspace_members.contains(&p.id));
    let (mut bins, mut libraries) = (Vec::new(), Vec::new());
    for target in packages.filter(here).flat_map(|p| &p.targets) {
        let on = target
            .required_features
            .iter()
            .all(|f| selection.all_features || selection.features.contains(f));
        for kind in &target.kind {
            match kind {
                TargetKind::Bin if on => bins.push(target.name.clone()),
                TargetKind::CDyLib | TargetKind::StaticLib => libraries.push(target.name.clone()),
                _ => {}
            }
        }
    }
    bins.sort();
    libraries.sort();
    libraries.dedup();
    Ok((bins, libraries))
}

/// actions/checkout clones `https://github.com/owner/name`, and the URL is part of the manifest.
fn as_runners_clone(remote: &str) -> String {
    let path = [
        "git@github.com:",
        "ssh://git@github.com/",
        "https://github.com/",
    ]
    .iter()
    .find_map(|start| remote.strip_prefix(start));
    match path {
        Some(path) => format!(
            "https://github.com/{}",
            path.trim_end_matches('/').trim_end_matches(".git")
        ),
        None => remote.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_are_written_as_runners_clone_them() {
        for remote in [
            "git@github.com:a/b.git",
            "https://github.com/a/b",
            "ssh://git@github.com/a/b.git",
        ] {
            assert_eq!(as_runners_clone(remote), "https://github.com/a/b");
        }
        assert_eq!(as_runners_clone("https://host/x.git"), "https://host/x.git");
    }
}

//! Facts about the project that the written files depend on.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Metadata, Package, TargetKind};

use crate::command::env::{Where, container_dirs, linux_targets, of_project};
use crate::project::Project;
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
    /// Where the source is in a container.
    pub(super) source_dir: String,
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
                "the workflow builds only for {}: its runners have Linux",
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
                "no rust-toolchain.toml was written: rustc {release} is not a release; pin a dated nightly yourself"
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
            source_dir: container_dirs(project).0.display().to_string(),
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
    let metadata = project.source.cargo.metadata(&manifest)?;
    let selection = &project.request.selection;
    let (mut bins, mut libraries) = (Vec::new(), Vec::new());
    for package in selected(&metadata, &manifest, selection) {
        let on = enabled(package, selection);
        for target in &package.targets {
            let built = target.required_features.iter().all(|f| on.contains(f));
            for kind in &target.kind {
                match kind {
                    TargetKind::Bin if built => bins.push(target.name.clone()),
                    TargetKind::CDyLib | TargetKind::StaticLib => {
                        libraries.push(target.name.clone());
                    }
                    _ => {}
                }
            }
        }
    }
    if !selection.bins.is_empty() {
        bins.retain(|b| selection.bins.contains(b));
    } else if selection.lib {
        bins.clear();
    }
    bins.sort();
    libraries.sort();
    libraries.dedup();
    Ok((bins, libraries))
}

/// The packages that cargo builds in the directory of a manifest.
fn selected<'a>(
    metadata: &'a Metadata,
    manifest: &Path,
    selection: &Selection,
) -> Vec<&'a Package> {
    let canonical = |p: &Path| std::fs::canonicalize(p).unwrap_or_else(|_| p.to_owned());
    let root = metadata.workspace_root.as_std_path().join("Cargo.toml");
    let mut packages = metadata.workspace_packages();
    let at_root = canonical(&root) == canonical(manifest);
    if !selection.packages.is_empty() {
        let name = |n: &String| n.split('@').next().unwrap_or(n).to_string();
        let names: Vec<String> = selection.packages.iter().map(name).collect();
        packages.retain(|p| names.iter().any(|n| *n == p.name.as_str()));
    } else if at_root && !selection.workspace {
        packages = metadata.workspace_default_packages();
    } else if !selection.workspace {
        packages.retain(|p| canonical(p.manifest_path.as_std_path()) == canonical(manifest));
    }
    packages
}

/// The features of a package that the selection turns on, and what those turn on.
fn enabled(package: &Package, selection: &Selection) -> BTreeSet<String> {
    if selection.all_features {
        return package.features.keys().cloned().collect();
    }
    let given = selection.features.iter().flat_map(|f| f.split([',', ' ']));
    let own = format!("{}/", package.name);
    let given = given.map(|f| f.strip_prefix(&own).unwrap_or(f).to_string());
    let mut open: Vec<String> = given.collect();
    if !selection.no_default_features {
        open.push("default".to_string());
    }
    let mut on = BTreeSet::new();
    while let Some(feature) = open.pop() {
        if on.insert(feature.clone()) {
            open.extend(package.features.get(&feature).into_iter().flatten().cloned());
        }
    }
    on
}

/// actions/checkout clones `https://github.com/owner/name`, and the URL is part of the manifest.
fn as_runners_clone(remote: &str) -> String {
    let path = ["git@github.com:", "ssh://git@github.com/", "https://github.com/"]
        .iter()
        .find_map(|start| remote.strip_prefix(start));
    match path {
        Some(path) => {
            format!("https://github.com/{}", path.trim_end_matches('/').trim_end_matches(".git"))
        }
        None => remote.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_are_written_as_runners_clone_them() {
        for remote in
            ["git@github.com:a/b.git", "https://github.com/a/b", "ssh://git@github.com/a/b.git"]
        {
            assert_eq!(as_runners_clone(remote), "https://github.com/a/b");
        }
        assert_eq!(as_runners_clone("https://host/x.git"), "https://host/x.git");
    }
}

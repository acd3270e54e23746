//! The packages that the build uses, with the features that cargo gives them.
//!
//! `cargo metadata` says where packages lie and what depends on what; `cargo tree` without
//! development dependencies says which of them the selection really builds for the target, and
//! with which features, by the resolver that the build has. Both offline and `--locked`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{
    DepKindInfo, DependencyKind, Metadata, MetadataCommand, Package, PackageId, Target, TargetKind,
};

use crate::error::{bad_input, refused};
use crate::metadata::{Cargo, Failed, Why};
use crate::process::Cmd;
use crate::request::Selection;

/// A package that the build uses.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Whether it is a member of the workspace.
    pub member: bool,
    /// Its directory.
    pub dir: PathBuf,
    /// Whether it comes from a path.
    pub is_path: bool,
    /// The features that are on.
    pub features: BTreeSet<String>,
    /// The source of its build script.
    pub build_script: Option<PathBuf>,
    /// The source of its procedural macros, if that is what its library is.
    pub proc_macro: Option<PathBuf>,
    /// Whether it is in what is built for the target, and not only needed to build it: by build
    /// scripts and procedural macros.
    pub shipped: bool,
    /// Roots of its library and, for a member, of its binaries.
    pub roots: Vec<PathBuf>,
    /// Names of used packages that depend on it.
    pub dependents: BTreeSet<String>,
}

impl Used {
    /// `name version`.
    pub fn spec(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// Whether a feature is on.
    pub fn has(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }
}

/// Why there is no graph.
pub(super) enum Missing {
    /// The lockfile does not fit the manifests.
    Stale,
    /// Anything else.
    Other(anyhow::Error),
}

/// The flags of a selection that decide about features.
const FEATURES: &[&str] = &["--features", "--all-features", "--no-default-features"];

/// What cargo is asked for, in the directory of the manifest.
pub(super) struct Resolver<'a> {
    pub(super) cargo: &'a Cargo,
    pub(super) manifest: &'a Path,
    pub(super) selection: &'a Selection,
    pub(super) targets: &'a [String],
}

impl Resolver<'_> {
    pub(super) fn graph(&self) -> Result<Vec<Used>, Missing> {
        let (metadata, tree) = std::thread::scope(|s| {
            let tree = s.spawn(|| self.tree());
            let metadata = self.metadata();
            (metadata, tree.join().expect("asking cargo does not panic"))
        });
        Ok(used(&metadata?, &tree?, self.selection))
    }

    fn metadata(&self) -> Result<Metadata, Missing> {
        let args = ["metadata", "--format-version", "1"];
        let text = self.ask(&args, "--filter-platform", FEATURES)?;
        MetadataCommand::parse(text)
            .context("failed to read cargo's metadata")
            .map_err(Missing::Other)
    }

    /// `name version` and the features of each package.
    fn tree(&self) -> Result<BTreeMap<(String, String), BTreeSet<String>>, Missing> {
        let args = ["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}|{f}"];
        let selection = [FEATURES, &["--workspace", "--package"]].concat();
        Ok(lines(&self.ask(&args, "--target", &selection)?))
    }

    /// With each target behind its option, and these flags of the selection.
    fn ask(&self, args: &[&str], target: &str, flags: &[&str]) -> Result<String, Missing> {
        let out = Cmd::new(self.cargo.program())
            .args(args)
            .args(self.targets.iter().flat_map(|t| [target, t]))
            .args(self.selection.args_of(|flag| flags.contains(&flag)))
            .args(["--locked", "--offline", "--manifest-path"])
            .arg(self.manifest)
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .dir(self.manifest.parent().unwrap_or(Path::new(".")))
            .output()
            .map_err(Missing::Other)?;
        if out.status.success() {
            return Ok(out.text());
        }
        Err(explain(&out.stderr))
    }
}

fn lines(text: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let Some((package, features)) = line.split_once('|') else { continue };
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        let version = version.trim_start_matches('v').to_string();
        let features = features.trim_end_matches(" (*)").split(',');
        let features = features.filter(|f| !f.is_empty()).map(str::to_string);
        let entry = found.entry((name.to_string(), version)).or_default();
        entry.extend(features);
    }
    found
}

fn explain(words: &str) -> Missing {
    let Failed { why, error, .. } = Failed::of(words);
    match why {
        Why::Stale => Missing::Stale,
        Why::Offline => Missing::Other(refused(format!(
            "some dependencies are not downloaded, so their rules were skipped: run `cargo fetch --locked` ({error})"
        ))),
        Why::Lockfile | Why::Manifest => Missing::Other(bad_input(error)),
        _ => Missing::Other(refused(format!(
            "cargo cannot resolve the dependencies, so their rules were skipped: {error}"
        ))),
    }
}

fn used(
    metadata: &Metadata,
    tree: &BTreeMap<(String, String), BTreeSet<String>>,
    selection: &Selection,
) -> Vec<Used> {
    let key = |p: &Package| (p.name.to_string(), p.version.to_string());
    let by_id: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p)).collect();
    let mut dependents: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for node in metadata.resolve.iter().flat_map(|r| &r.nodes) {
        let Some(from) = by_id.get(&node.id).filter(|p| tree.contains_key(&key(p))) else {
            continue;
        };
        for to in &node.dependencies {
            dependents.entry(to).or_default().insert(from.name.to_string());
        }
    }
    let shipped = shipped(metadata);
    let mut found: Vec<Used> = Vec::new();
    for package in &metadata.packages {
        let Some(features) = tree.get(&key(package)) else { continue };
        let member = metadata.workspace_members.contains(&package.id);
        found.push(Used {
            name: package.name.to_string(),
            version: package.version.to_string(),
            member,
            dir: directory(package),
            is_path: package.source.is_none(),
            features: features.clone(),
            build_script: source_of(package, |t| t.is_custom_build()),
            proc_macro: source_of(package, |t| t.is_proc_macro()),
            shipped: shipped.contains(&package.id),
            roots: roots(package, member, selection),
            dependents: dependents.remove(&package.id).unwrap_or_default(),
        });
    }
    found.sort_by_key(Used::spec);
    found
}

/// What members reach by normal dependencies, without going through procedural macros.
fn shipped(metadata: &Metadata) -> BTreeSet<&PackageId> {
    let is_macro = |id: &PackageId| {
        let package = metadata.packages.iter().find(|p| p.id == *id);
        package.is_some_and(|p| p.targets.iter().any(|t| t.is_proc_macro()))
    };
    let nodes = metadata.resolve.iter().flat_map(|r| &r.nodes);
    let nodes: BTreeMap<_, _> = nodes.map(|n| (&n.id, n)).collect();
    let mut open: Vec<&PackageId> = metadata.workspace_members.iter().collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if is_macro(id) || !reached.insert(id) {
            continue;
        }
        for dep in nodes.get(id).into_iter().flat_map(|n| &n.deps) {
            let normal = |k: &DepKindInfo| k.kind == DependencyKind::Normal;
            // Before 1.41 cargo told no kinds.
            if dep.dep_kinds.is_empty() || dep.dep_kinds.iter().any(normal) {
                open.push(&dep.pkg);
            }
        }
    }
    reached
}

fn directory(package: &Package) -> PathBuf {
    let manifest = &package.manifest_path;
    crate::fs::canonical(manifest.parent().unwrap_or(manifest).as_std_path())
}

fn source_of(package: &Package, is: impl Fn(&Target) -> bool) -> Option<PathBuf> {
    let target = package.targets.iter().find(|t| is(t))?;
    Some(target.src_path.as_std_path().to_owned())
}

fn roots(package: &Package, member: bool, selection: &Selection) -> Vec<PathBuf> {
    let bins = !selection.bins.is_empty() || selection.all_bins;
    let all = !member || !(selection.lib || bins);
    let built = |t: &&Target| {
        t.kind.iter().any(|k| match k {
            TargetKind::Bin => {
                let named = selection.bins.contains(&t.name);
                member && (all || selection.all_bins || named)
            }
            TargetKind::CustomBuild
            | TargetKind::Bench
            | TargetKind::Example
            | TargetKind::Test
            | TargetKind::ProcMacro => false,
            _ => true,
        })
    };
    let targets = package.targets.iter().filter(built);
    targets.map(|t| t.src_path.as_std_path().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_of_one_package_in_several_lines_are_joined() {
        let found = lines(
            "a v1.0.0|default,std\nb v2.1.0-rc.1 (proc-macro)| (*)\na v1.0.0|x (*)\n\nc v0.1.0 (/p q/c)|\n",
        );
        let of = |n: &str, v: &str| found[&(n.to_string(), v.to_string())].clone();
        assert_eq!(of("a", "1.0.0").into_iter().collect::<Vec<_>>(), ["default", "std", "x"]);
        assert!(of("b", "2.1.0-rc.1").is_empty() && of("c", "0.1.0").is_empty());
    }
}

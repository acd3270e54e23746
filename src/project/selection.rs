//! Mistakes in a selection that the manifests show in a second, before anything is copied or built.
//! Only names of packages, targets, features and profiles are checked; cargo judges the rest.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Dependency, Metadata, Package, TargetKind};

use super::metadata::Defaults;
use crate::cargo::config::Config;
use crate::cargo::lockfile;
use crate::error::{bad_input, usage};
use crate::fs;
use crate::process::Cmd;
use crate::recipe::environment::{Env, set};
use crate::request::Selection;
use crate::term::short_list;

/// What cargo replaces with the machine's own target.
const HOST: &str = "host-tuple";

/// Profiles that every package has.
const PROFILES: [&str; 4] = ["dev", "release", "test", "bench"];

/// Kinds of targets that are no library.
const NO_LIBRARY: [TargetKind; 5] = [
    TargetKind::Bin,
    TargetKind::Example,
    TargetKind::Test,
    TargetKind::Bench,
    TargetKind::CustomBuild,
];

/// What there is to select.
#[derive(Default)]
struct There {
    members: Vec<Member>,
    /// Packages in Cargo.lock, as `name@version`: `-p` takes a dependency as well.
    locked: Vec<String>,
    profiles: BTreeSet<String>,
    /// The targets of rustc, where one is asked for and no more can be known.
    targets: Option<Vec<String>>,
}

/// A package of the workspace.
#[derive(Default)]
struct Member {
    /// `name@version`.
    id: String,
    /// Whether it is built if no package is named.
    is_default: bool,
    has_library: bool,
    bins: Vec<String>,
    features: BTreeSet<String>,
    /// Dependencies that are no members, as it calls them: their features are not known here.
    dependencies: Vec<String>,
}

/// Refuses names that are of nothing; the rest is for cargo to judge.
pub(crate) fn check(
    given: &Selection,
    manifest: &Path,
    metadata: &Metadata,
    config: &Config,
    env: &Env,
) -> Result<()> {
    let root = metadata.workspace_root.as_std_path();
    let dir = manifest.parent().unwrap_or(root);
    let defaults = Defaults::read(dir, root)?;
    let mut selection = defaults.selection(given.clone())?;
    complete_targets(&mut selection.targets, config, env, HOST);
    let mut there = there(metadata, config, env)?;
    // Specifications may be in the directories that this names.
    let own = ["RUST_TARGET_PATH", "RUSTC"].iter().any(|n| env.contains_key(OsStr::new(n)));
    let own = own || config.get(&["env", "RUST_TARGET_PATH"]).is_some();
    if !selection.targets.is_empty() && !own && config.get(&["build", "rustc"]).is_none() {
        let list = Cmd::new("rustc").args(["--print", "target-list"]).dir(dir).output()?;
        let names = || list.text().lines().map(str::to_string).collect();
        there.targets = list.status.success().then(names);
    }
    let Err(why) = wrong(&selection, &there) else { return Ok(()) };
    Err(match wrong(given, &there) {
        Err(_) => usage(why),
        Ok(()) => bad_input(format!(
            "{why} (named in `metadata.repro`, a cargo config file or CARGO_BUILD_TARGET)"
        )),
    })
}

/// `build.target` is the same as `--target`: it must be known, as rows of the recipe and the
/// places of artifacts depend on it. A target specification in a file is left to cargo.
pub(super) fn complete_targets(targets: &mut Vec<String>, config: &Config, env: &Env, host: &str) {
    if targets.is_empty() {
        *targets = match set(env, &["CARGO_BUILD_TARGET"]).and_then(|t| t.to_str()) {
            Some(target) => vec![target.to_string()],
            None => config.strongest_list(&["build", "target"]),
        };
        targets.retain(|t| !t.is_empty() && !t.ends_with(".json"));
    }
    for target in targets.iter_mut().filter(|t| *t == HOST) {
        *target = host.to_string();
    }
    let mut seen = BTreeSet::new();
    targets.retain(|t| seen.insert(t.clone()));
}

fn there(metadata: &Metadata, config: &Config, env: &Env) -> Result<There> {
    let root = metadata.workspace_root.as_std_path();
    let packages = metadata.workspace_packages();
    let members = packages.iter().map(|p| Member::new(p, metadata, &packages)).collect();
    let lock = fs::read_text_if_any(&root.join("Cargo.lock"))?.unwrap_or_default();
    let locked = lockfile::packages(&lock).into_iter().map(|p| format!("{}@{}", p.name, p.version));
    let mut there = There { members, locked: locked.collect(), ..There::default() };
    there.profiles.extend(PROFILES.map(str::to_string));
    there.profiles.extend(config.keys(&["profile"]));
    there.profiles.extend(profiles(&root.join("Cargo.toml"))?);
    there.profiles.extend(env.keys().filter_map(|name| {
        let name = name.to_str()?.strip_prefix("CARGO_PROFILE_")?.strip_suffix("_INHERITS")?;
        Some(name.to_lowercase().replace('_', "-"))
    }));
    Ok(there)
}

impl Member {
    fn new(package: &Package, metadata: &Metadata, members: &[&Package]) -> Member {
        let default = &metadata.workspace_default_members;
        let is_member = |d: &Dependency| {
            d.path.is_some() && d.rename.is_none() && members.iter().any(|m| *m.name == d.name)
        };
        let others = package.dependencies.iter().filter(|d| !is_member(d));
        let targets = &package.targets;
        Member {
            id: format!("{}@{}", package.name, package.version),
            is_default: default.is_missing() || default.contains(&package.id),
            has_library: targets.iter().any(|t| t.kind.iter().any(|k| !NO_LIBRARY.contains(k))),
            bins: targets.iter().filter(|t| t.is_bin()).map(|t| t.name.clone()).collect(),
            features: package.features.keys().cloned().collect(),
            dependencies: others.map(|d| d.rename.as_ref().unwrap_or(&d.name).clone()).collect(),
        }
    }

    fn name(&self) -> &str {
        self.id.split('@').next().unwrap_or(&self.id)
    }
}

fn profiles(manifest: &Path) -> Result<Vec<String>> {
    let document = fs::toml::read(manifest)?;
    let table = document.get("profile").and_then(|p| p.as_table_like());
    Ok(table.into_iter().flat_map(|t| t.iter().map(|(name, _)| name.to_string())).collect())
}

/// Whether a specification (`name`, `name@1`, `name:1.2`) is of a `name@version`.
fn fits(spec: &str, id: &str) -> bool {
    let (name, version) = spec.split_once(['@', ':']).unwrap_or((spec, ""));
    let full = id.strip_prefix(name).and_then(|rest| rest.strip_prefix('@'));
    let rest = full.and_then(|full| full.strip_prefix(version));
    rest.is_some_and(|rest| version.is_empty() || !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The first name that is of nothing, in a sentence.
fn wrong(selection: &Selection, there: &There) -> Result<(), String> {
    // Patterns, and specifications by URL or path, are for cargo.
    let plain = |s: &&String| !s.contains(['*', '?', '[', '/', '#']);
    let members = &there.members;
    let ids = || members.iter().map(|m| &m.id).chain(&there.locked);
    let unknown = |spec: &&String| !ids().any(|id| fits(spec, id));
    if let Some(spec) = selection.packages.iter().filter(plain).find(unknown) {
        let name = spec.split(['@', ':']).next().unwrap_or(spec);
        let versions = listed(ids().filter(|id| fits(name, id)));
        let names = || listed(members.iter().map(Member::name));
        let others = if ids().any(|id| fits(name, id)) { versions } else { names() };
        return Err(format!("no package `{spec}` in this workspace; packages: {others}"));
    }
    let is_selected = |m: &&Member| match selection.packages.as_slice() {
        _ if selection.workspace => true,
        [] => m.is_default,
        specs => specs.iter().any(|spec| fits(spec, &m.id)),
    };
    let selected: Vec<&Member> = members.iter().filter(is_selected).collect();
    // What patterns and dependencies have is not known here.
    let of_member = |spec: &String| members.iter().any(|m| fits(spec, &m.id));
    if selection.workspace || selection.packages.iter().all(of_member) {
        let has = |bin: &String| selected.iter().any(|m| m.bins.contains(bin));
        if let Some(name) = selection.bins.iter().filter(plain).find(|bin| !has(bin)) {
            let bins = listed(selected.iter().flat_map(|m| &m.bins));
            return Err(format!("no binary `{name}` in the selected packages; binaries: {bins}"));
        }
        if selection.lib && !selected.iter().any(|m| m.has_library) {
            return Err("no library in the selected packages: leave out `--lib`, or name the package that has one with `-p`".to_string());
        }
        let given = selection.features.iter().flat_map(|f| f.split([',', ' ']));
        given.filter(|f| !f.is_empty()).try_for_each(|feature| wrong_feature(feature, members))?;
    }
    if let Some(name) = selection.profile.as_ref().filter(|p| !there.profiles.contains(*p)) {
        return Err(format!("no profile `{name}`; profiles: {}", listed(&there.profiles)));
    }
    let known = |t: &String| {
        t == HOST || t.ends_with(".json") || there.targets.iter().flatten().any(|k| k == t)
    };
    match selection.targets.iter().find(|t| there.targets.is_some() && !known(t)) {
        None => Ok(()),
        Some(target) => {
            Err(format!("rustc knows no target `{target}`: `rustc --print target-list` lists them"))
        }
    }
}

/// `feature`, or `package/feature` of a member or a dependency.
fn wrong_feature(feature: &str, members: &[Member]) -> Result<(), String> {
    let all = || members.iter().flat_map(|m| &m.features);
    let Some((package, own)) = feature.split_once('/') else {
        return match all().any(|known| known == feature) {
            true => Ok(()),
            false => Err(format!(
                "no package in this workspace has a feature `{feature}`; features: {}",
                listed(all())
            )),
        };
    };
    if members.iter().any(|m| m.dependencies.iter().any(|d| d == package)) {
        return Ok(());
    }
    match members.iter().find(|m| m.name() == package) {
        Some(m) if m.features.contains(own) => Ok(()),
        Some(m) => Err(format!(
            "package `{package}` has no feature `{own}`; features: {}",
            listed(&m.features)
        )),
        None => Err(format!("`{feature}`: no package in this workspace depends on `{package}`")),
    }
}

fn listed(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: BTreeSet<String> = names.into_iter().map(|n| n.as_ref().to_string()).collect();
    match names.is_empty() {
        true => "none".to_string(),
        false => short_list(&names.into_iter().collect::<Vec<_>>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_nothing_is_told() {
        let list = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        let app = Member {
            id: "app@1.20.0".into(),
            is_default: true,
            bins: list("app"),
            features: list("tls").into_iter().collect(),
            dependencies: list("dep"),
            ..Member::default()
        };
        let other = Member {
            id: "other@0.1.0".into(),
            has_library: true,
            bins: list("tool"),
            ..Member::default()
        };
        let there = There {
            members: vec![app, other],
            locked: list("app@1.20.0 dep@1.2.3"),
            profiles: list("dev release").into_iter().collect(),
            targets: None,
        };
        let of = |packages: &str, bins: &str, features: &str, lib: bool| {
            let selection = Selection {
                packages: list(packages),
                bins: list(bins),
                features: list(features),
                lib,
                ..Selection::default()
            };
            wrong(&selection, &there).err().unwrap_or_default()
        };
        for (packages, bins, features, lib) in [
            ("app@1.20 dep@1 dep:1.2.3 a* file:///x#y", "app a?", "tls dep/x", false),
            ("", "app", "tls app/tls dep/x", false),
            ("other", "tool", "", true),
            // Of a dependency or a pattern it is not known here.
            ("dep", "nope", "nope", true),
            ("a*", "nope", "nope", true),
        ] {
            assert_eq!(of(packages, bins, features, lib), "", "{packages}");
        }
        for (packages, bins, features, lib, why) in [
            ("nope", "", "", false, "no package `nope` in this workspace; packages: app, other"),
            (
                "app@1.2",
                "",
                "",
                false,
                "no package `app@1.2` in this workspace; packages: app@1.20.0",
            ),
            ("dep@9", "", "", false, "no package `dep@9` in this workspace; packages: dep@1.2.3"),
            ("", "nope", "", false, "no binary `nope` in the selected packages; binaries: app"),
            ("app", "tool", "", false, "no binary `tool` in the selected packages; binaries: app"),
            ("", "", "", true, "no library in the selected packages: leave out `--lib`"),
            (
                "",
                "",
                "tls,nope",
                false,
                "no package in this workspace has a feature `nope`; features: tls",
            ),
            ("", "", "app/nope", false, "package `app` has no feature `nope`; features: tls"),
            (
                "",
                "",
                "nodep/x",
                false,
                "`nodep/x`: no package in this workspace depends on `nodep`",
            ),
        ] {
            let found = of(packages, bins, features, lib);
            assert!(found.contains(why), "no `{why}` in `{found}`");
        }
    }
}

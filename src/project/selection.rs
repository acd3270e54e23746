//! Mistakes in a selection that the manifests show in a second, before anything is copied or built.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::Result;
use cargo_metadata::Metadata;

use crate::cargo::config::Config;
use crate::error::usage;
use crate::fs;
use crate::process::Cmd;
use crate::recipe::environment::Env;
use crate::request::Selection;
use crate::term::short_list;

/// Profiles that every package has.
const PROFILES: [&str; 4] = ["dev", "release", "test", "bench"];

/// What there is to select.
#[derive(Default)]
struct There {
    members: BTreeSet<String>,
    /// Names in Cargo.lock: `-p` takes a dependency as well.
    locked: BTreeSet<String>,
    bins: BTreeSet<String>,
    features: BTreeSet<String>,
    profiles: BTreeSet<String>,
}

/// Refuses names that are of nothing; the rest is for cargo to judge.
pub(super) fn check(
    selection: &Selection,
    metadata: &Metadata,
    config: &Config,
    env: &Env,
) -> Result<()> {
    let there = there(metadata, config, env)?;
    wrong(selection, &there).map_err(usage)?;
    let plain = |t: &&String| !t.ends_with(".json") && *t != "host-tuple";
    let targets: Vec<&String> = selection.targets.iter().filter(plain).collect();
    // Specifications may be in the directories that this names.
    let own = ["RUST_TARGET_PATH", "RUSTC"].iter().any(|n| env.contains_key(OsStr::new(n)));
    if targets.is_empty() || own || config.get(&["build", "rustc"]).is_some() {
        return Ok(());
    }
    let list = Cmd::new("rustc").args(["--print", "target-list"]);
    let list = list.dir(&metadata.workspace_root).output()?;
    let list = list.status.success().then(|| list.text());
    match targets.into_iter().find(|t| list.iter().any(|l| l.lines().all(|k| k != *t))) {
        None => Ok(()),
        Some(target) => Err(usage(format!(
            "rustc knows no target `{target}`: `rustc --print target-list` lists them"
        ))),
    }
}

fn there(metadata: &Metadata, config: &Config, env: &Env) -> Result<There> {
    let root = metadata.workspace_root.as_std_path();
    let mut there = There::default();
    for package in metadata.workspace_packages() {
        there.members.insert(package.name.to_string());
        let bins = package.targets.iter().filter(|t| t.is_bin());
        there.bins.extend(bins.map(|t| t.name.clone()));
        there.features.extend(package.features.keys().cloned());
    }
    let lock = fs::read_text_if_any(&root.join("Cargo.lock"))?.unwrap_or_default();
    let quoted = |l: &str| Some(l.strip_prefix("name = \"")?.strip_suffix('"')?.to_string());
    there.locked.extend(lock.lines().filter_map(quoted));
    there.profiles.extend(PROFILES.map(str::to_string));
    there.profiles.extend(config.keys(&["profile"]));
    there.profiles.extend(profiles(&root.join("Cargo.toml"))?);
    there.profiles.extend(env.keys().filter_map(|name| {
        let name = name.to_str()?.strip_prefix("CARGO_PROFILE_")?.strip_suffix("_INHERITS")?;
        Some(name.to_lowercase().replace('_', "-"))
    }));
    Ok(there)
}

fn profiles(manifest: &Path) -> Result<Vec<String>> {
    let document = fs::toml::read(manifest)?;
    let table = document.get("profile").and_then(|p| p.as_table_like());
    Ok(table.into_iter().flat_map(|t| t.iter().map(|(name, _)| name.to_string())).collect())
}

/// The first name that is of nothing, in a sentence.
fn wrong(selection: &Selection, there: &There) -> Result<(), String> {
    // Patterns, and specifications by URL or path, are for cargo.
    let plain = |s: &&str| !s.contains(['*', '?', '[', '/', '#']);
    let known = |n: &str| there.members.contains(n) || there.locked.contains(n);
    let specs = selection.packages.iter().map(String::as_str).filter(plain);
    let mut names = specs.map(|p| p.split(['@', ':']).next().unwrap_or(p));
    if let Some(name) = names.find(|n| !known(n)) {
        let all = listed(&there.members);
        return Err(format!("no package `{name}` in this workspace; packages: {all}"));
    }
    let mut bins = selection.bins.iter().map(String::as_str).filter(plain);
    if let Some(name) = bins.find(|n| !there.bins.contains(*n)) {
        return Err(format!(
            "no binary `{name}` in this workspace; binaries: {}",
            listed(&there.bins)
        ));
    }
    let given = selection.features.iter().flat_map(|f| f.split([',', ' ']));
    let mut given = given.filter(|f| !f.is_empty()).filter(plain);
    let members = selection.packages.iter().all(|p| there.members.contains(p));
    if let Some(name) = given.find(|f| members && !there.features.contains(*f)) {
        return Err(format!(
            "no package in this workspace has a feature `{name}`; features: {}",
            listed(&there.features)
        ));
    }
    match selection.profile.as_ref().filter(|p| !there.profiles.contains(*p)) {
        Some(name) => Err(format!("no profile `{name}`; profiles: {}", listed(&there.profiles))),
        None => Ok(()),
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    match names.is_empty() {
        true => "none".to_string(),
        false => short_list(&names.iter().cloned().collect::<Vec<_>>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_nothing_is_told() {
        let set = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
        let there = There {
            members: set(&["app"]),
            locked: set(&["app", "dep"]),
            bins: set(&["app"]),
            features: set(&["tls"]),
            profiles: set(&["dev", "release"]),
        };
        let list = |text: &str| text.split_whitespace().map(str::to_string).collect();
        let of = |packages: &str, bins: &str, features: &str, profile: &str| {
            let selection = Selection {
                packages: list(packages),
                bins: list(bins),
                features: list(features),
                profile: Some(profile.to_string()),
                ..Selection::default()
            };
            wrong(&selection, &there).err().unwrap_or_default()
        };
        assert_eq!(of("app dep@1 dep:1 a* file:///x#y", "app a?", "tls dep/x", "dev"), "");
        assert_eq!(of("nope", "", "", "dev"), "no package `nope` in this workspace; packages: app");
        assert_eq!(of("", "nope", "", "dev"), "no binary `nope` in this workspace; binaries: app");
        let feature = "no package in this workspace has a feature `nope`; features: tls";
        assert_eq!(of("", "", "tls,nope", "dev"), feature);
        // Of a dependency it is not known here.
        assert_eq!(of("dep", "", "nope", "dev"), "");
        let profile = "no profile `nope`; profiles: dev, release";
        assert_eq!(of("", "", "", "nope"), profile);
    }
}

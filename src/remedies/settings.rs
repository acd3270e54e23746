//! What can be changed in manifests, the lockfile and cargo's configuration so that a difference may go
//! away. Each change is made in a copy of the source; the inner errors are clauses.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::semver::{Op, Version};
use repro_explain::known_crates::KnownCrate;
use toml_edit::{DocumentMut, Item, Table, value};

use super::copy::{Copy, Done};
use crate::cargo::lockfile;
use crate::fs;
use crate::process::Cmd;

/// The tables of a manifest that name dependencies.
const TABLES: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

fn document(path: &Path) -> Result<DocumentMut> {
    let text = fs::read_text_if_any(path)?.unwrap_or_default();
    text.parse().with_context(|| format!("failed to read `{}`", path.display()))
}

/// A variable in `[env]` of the configuration of the workspace.
pub fn variable(copy: &Copy, name: &str) -> Result<Done> {
    let dir = copy.workspace().join(".cargo");
    let old = dir.join("config");
    let path = if old.is_file() { old } else { dir.join("config.toml") };
    let mut config = document(&path)?;
    config.entry("env").or_insert_with(|| Item::Table(Table::new()));
    let Some(env) = config["env"].as_table_like_mut() else {
        return Ok(Err("`env` in cargo's configuration is not a table".to_string()));
    };
    if env.contains_key(name) {
        return Ok(Err(format!("[env] sets {name} already")));
    }
    env.insert(name, value("0"));
    fs::write(&path, config.to_string())?;
    Ok(Ok(vec![path]))
}

/// Both builds at one path that everyone can have, by the metadata of the project.
pub fn same_path(copy: &Copy) -> Result<Done> {
    let path = copy.workspace().join("Cargo.toml");
    let mut manifest = document(&path)?;
    let root = if manifest.contains_key("workspace") && !manifest.contains_key("package") {
        "workspace"
    } else {
        "package"
    };
    let mut table = &mut manifest[root];
    for key in ["metadata", "repro"] {
        let Some(inner) = table.as_table_like_mut() else {
            return Ok(Err(format!("`{root}` in Cargo.toml is not a table")));
        };
        let implicit = || {
            let mut table = Table::new();
            table.set_implicit(key == "metadata");
            Item::Table(table)
        };
        table = inner.entry(key).or_insert_with(implicit);
    }
    table["same-path"] = value(true);
    fs::write(&path, manifest.to_string())?;
    Ok(Ok(vec![path]))
}

/// Without the features of a crate that make builds differ.
pub fn without_features(copy: &Copy, row: &KnownCrate) -> Result<Done> {
    let named = |item: &mut Item| {
        let Some(list) = item.get_mut("features").and_then(Item::as_array_mut) else {
            return false;
        };
        let before = list.len();
        list.retain(|f| !f.as_str().is_some_and(|f| row.features.iter().any(|bad| bad == f)));
        list.len() != before
    };
    let mut changed = in_manifests(copy, &row.name, &named)?;
    if changed.is_empty() {
        let features = row.features.join("`, `");
        return Ok(Err(format!("no Cargo.toml of the workspace turns `{features}` on")));
    }
    changed.extend(locked(copy, &["update", "--workspace", "--offline"])?);
    Ok(Ok(changed))
}

/// With a version of a crate that the row does not mean.
pub fn updated(copy: &Copy, row: &KnownCrate, version: &str) -> Result<Done> {
    let spec = format!("{}@{version}", row.name);
    let bounds = row.versions.comparators.iter().filter(|c| c.op == Op::Less);
    let mut sound = bounds
        .map(|c| Version::new(c.major, c.minor.unwrap_or(0), c.patch.unwrap_or(0)).to_string());
    let Some(sound) = sound.next_back() else {
        return Ok(Err("no version is known to be sound".to_string()));
    };
    let update = |copy: &Copy| -> Result<Option<String>> {
        let out = copy.cargo().args(["update", "--package", &spec]).output()?;
        let line = out.stderr.lines().find(|l| l.starts_with("error")).map(str::to_string);
        Ok((!out.status.success()).then(|| line.unwrap_or_default()))
    };
    let before = fs::read_text_if_any(&copy.lockfile())?.unwrap_or_default();
    let bad = |copy: &Copy| -> Result<bool> {
        let lock = lockfile::parse(&fs::read_text_if_any(&copy.lockfile())?.unwrap_or_default())?;
        Ok(lock.packages.iter().any(|p| row.fits(&p.name, &p.version, |_| None)))
    };
    if let Some(why) = update(copy)? {
        return Ok(Err(format!("`cargo update` failed: {why}")));
    }
    let mut changed = Vec::new();
    if bad(copy)? {
        fs::write(&copy.lockfile(), before)?;
        let required = |item: &mut Item| match item {
            Item::Value(v) if v.is_str() => {
                *item = value(&sound);
                true
            }
            other => other.get_mut("version").is_some_and(|v| {
                *v = value(&sound);
                true
            }),
        };
        changed = in_manifests(copy, &row.name, &required)?;
        if changed.is_empty() {
            return Ok(Err(format!("crates that depend on it do not accept {sound}")));
        }
        let out = copy.cargo().args(["update", "--workspace"]).output()?;
        if !out.status.success() || bad(copy)? {
            return Ok(Err(format!("cargo finds no dependencies with {} {sound}", row.name)));
        }
    }
    changed.push(copy.lockfile());
    Ok(Ok(changed))
}

/// Changes a dependency wherever a manifest of the workspace names it.
fn in_manifests(
    copy: &Copy,
    name: &str,
    change: &dyn Fn(&mut Item) -> bool,
) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for path in copy.manifests()? {
        let mut manifest = document(&path)?;
        let mut any = false;
        let mut tables: Vec<&mut Item> = Vec::new();
        for (key, item) in manifest.iter_mut() {
            match key.get() {
                key if TABLES.contains(&key) => tables.push(item),
                "workspace" => tables.extend(item.get_mut("dependencies")),
                "target" => {
                    let targets = item.as_table_like_mut().into_iter();
                    let each = targets
                        .flat_map(|t| t.iter_mut())
                        .filter_map(|(_, i)| i.as_table_like_mut());
                    let all = each.flat_map(|t| t.iter_mut());
                    tables.extend(all.filter(|(k, _)| TABLES.contains(&k.get())).map(|(_, i)| i));
                }
                _ => {}
            }
        }
        for table in tables.into_iter().filter_map(Item::as_table_like_mut) {
            for (key, item) in table.iter_mut() {
                let package = item.get("package").and_then(Item::as_str).unwrap_or(key.get());
                if package == name {
                    any |= change(item);
                }
            }
        }
        if any {
            fs::write(&path, manifest.to_string())?;
            changed.push(path);
        }
    }
    Ok(changed)
}

/// Brings the lockfile up to the manifests.
fn locked(copy: &Copy, args: &[&str]) -> Result<Option<PathBuf>> {
    let cmd: Cmd = copy.cargo().args(args);
    let done = cmd.output()?.status.success();
    Ok(done.then(|| copy.lockfile()))
}

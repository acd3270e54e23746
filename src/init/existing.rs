//! How a project makes its releases today: a second workflow that publishes would collide with the first.

use std::path::Path;

use anyhow::Result;
use repro_formats::digest;
use toml_edit::{DocumentMut, Item};

use crate::fs;

/// What makes the releases.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// cargo-dist, with the file that configures it and its targets.
    CargoDist { config: String, targets: Vec<String> },
    /// A workflow of the project's own.
    Workflow(String),
}

impl Existing {
    /// Looks for it in the source.
    pub(super) fn find(root: &Path, workspace: &Path) -> Result<Option<Existing>> {
        if let Some(found) = cargo_dist(root, workspace)? {
            return Ok(Some(found));
        }
        let dir = root.join(".github/workflows");
        let Ok(entries) = std::fs::read_dir(&dir) else { return Ok(None) };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort();
        for name in names.iter().filter(|n| n.ends_with(".yml") || n.ends_with(".yaml")) {
            let text = fs::read_text(&dir.join(name))?;
            if !is_ours(&text) && (runs_on_tags(&text) || publishes(&text)) {
                return Ok(Some(Existing::Workflow(format!(".github/workflows/{name}"))));
            }
        }
        Ok(None)
    }
}

/// Where cargo-dist has its settings: a file, and the table in it.
const DIST: &[(&str, &[&str])] = &[
    ("dist-workspace.toml", &["dist"]),
    ("dist.toml", &["dist"]),
    ("Cargo.toml", &["workspace", "metadata", "dist"]),
    ("Cargo.toml", &["package", "metadata", "dist"]),
];

fn cargo_dist(root: &Path, workspace: &Path) -> Result<Option<Existing>> {
    for (name, keys) in DIST {
        for dir in [workspace, root] {
            let Some(text) = fs::read_text_if_any(&dir.join(name))? else { continue };
            let Ok(document) = text.parse::<DocumentMut>() else { continue };
            let table = keys.iter().try_fold(document.as_item(), |item, key| item.get(key));
            let Some(table) = table else { continue };
            let list = table.get("targets").and_then(Item::as_array);
            let targets = list.into_iter().flatten().filter_map(|t| t.as_str());
            let config = name.to_string();
            let targets = targets.map(str::to_string).collect();
            return Ok(Some(Existing::CargoDist { config, targets }));
        }
    }
    Ok(None)
}

/// The file of the workflow that releases, where `repro init` writes it: one of the project's own that has this
/// name stays what it is.
pub(super) fn release_file(root: &Path) -> Result<&'static str> {
    const NAME: &str = "release.yml";
    let there = fs::read_text_if_any(&root.join(".github/workflows").join(NAME))?;
    Ok(if there.is_none_or(|t| is_ours(&t)) { NAME } else { "reproducible-release.yml" })
}

/// What the runners for Linux run, as an image.
pub(super) const IMAGE: &str = "ubuntu:24.04";

/// The digest of the image that was filled into the Dockerfile.
pub(super) fn base_digest(workspace: &Path) -> Result<Option<String>> {
    let text = fs::read_text_if_any(&workspace.join("Dockerfile.repro"))?.unwrap_or_default();
    let start = format!("ARG BASE={IMAGE}@sha256:");
    let digest = text.lines().find_map(|l| l.strip_prefix(&start));
    Ok(digest.filter(|d| digest::is_sha256(d)).map(str::to_string))
}

fn is_ours(text: &str) -> bool {
    text.starts_with("# Written by `repro init`")
}

/// The lines of a workflow without comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|l| l.split(" #").next().unwrap_or(l).trim_end()).filter(|l| {
        let line = l.trim_start();
        !line.is_empty() && !line.starts_with('#')
    })
}

/// Whether tags or releases start it. No reader of YAML is needed for it: only the block `on` is looked at.
fn runs_on_tags(text: &str) -> bool {
    let starts = |line: &str| ["on:", "\"on\":", "'on':"].iter().any(|key| line.starts_with(key));
    let mut block = lines(text).skip_while(|l| !starts(l));
    let Some(first) = block.next() else { return false };
    let below = block.take_while(|l| l.starts_with([' ', '-']));
    let mut all = std::iter::once(first).chain(below);
    all.any(|line| {
        let words: Vec<&str> = line.split([' ', ',', '[', ']', '{', '}', '-', '"', '\'']).collect();
        words.iter().any(|w| ["tags:", "release:", "release", "create:", "create"].contains(w))
    })
}

/// What makes a release on GitHub.
const PUBLISHING: &[&str] = &[
    "gh release create", "gh release upload", "action-gh-release", "create-gh-release",
    "actions/create-release", "upload-rust-binary-action", "upload-release-action",
    "upload-release-asset", "release-action@", "goreleaser", "dist host",
];

fn publishes(text: &str) -> bool {
    lines(text).any(|line| PUBLISHING.iter().any(|word| line.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_that_release_are_found_by_what_starts_them_or_what_they_do() {
        for (text, releases) in [
            ("on:\n  push:\n    tags: ['v*']\njobs:\n", true),
            ("name: x\non:\n  push:\n    tags:\n    - '[0-9]+.*'\n", true),
            ("'on': {push: {tags: [v1]}}\n", true),
            ("on: release\n", true),
            ("on: [push, release]\n", true),
            ("on:\n- push\n- release\n", true),
            ("on:\n  release:\n    types: [published]\n", true),
            (
                "on: workflow_dispatch\njobs:\n  a:\n    steps:\n      - run: gh release create x\n",
                true,
            ),
            ("on:\n  push:\n    branches: [main, release/1.0]\n", false),
            ("on:\n  push:\n    branches: [main]\njobs:\n  release:\n    tags: x\n", false),
            ("on:\n  push:\n    # tags: ['v*']\n    branches: [a] # tags: x\n", false),
            ("on: push\n# gh release create\n", false),
            ("name: tags\n", false),
        ] {
            assert_eq!(runs_on_tags(text) || publishes(text), releases, "{text}");
        }
    }
}

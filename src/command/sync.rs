//! `repro rebuilderd-sync`: manifests as the package report that `rebuildctl pkgs sync-stdin` takes.
//! The shape is that of rebuilderd 0.28's API, version 1.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::error::{bad_input, refused, usage};
use crate::fs;
use crate::git;
use crate::manifest::Manifest;
use crate::request::Sync;
use crate::source::git_url::percent_encoded;

/// All packages of one distribution and architecture.
#[derive(Serialize)]
struct Report {
    distribution: String,
    release: Option<String>,
    component: Option<String>,
    architecture: String,
    packages: Vec<Package>,
}

/// One manifest: what the worker's backend is given.
#[derive(Serialize)]
struct Package {
    name: String,
    version: String,
    url: String,
    artifacts: Vec<Artifact>,
}

/// One published file.
#[derive(Serialize)]
struct Artifact {
    name: String,
    version: String,
    architecture: String,
    url: String,
}

/// The report as JSON.
pub fn run(asked: &Sync) -> Result<String> {
    let mut architectures = BTreeSet::new();
    let mut packages = Vec::new();
    fs::given(asked.manifests.iter().map(PathBuf::as_path))?;
    for path in &asked.manifests {
        let manifest = Manifest::read(path)?;
        let architecture = architecture(&manifest.build.host);
        packages.push(package(path, &manifest, &architecture, &asked.base_url)?);
        architectures.insert(architecture);
    }
    let mut all = architectures.into_iter();
    let (Some(architecture), None) = (all.next(), all.next()) else {
        return Err(usage(
            "the manifests are for several architectures, and rebuilderd takes one at a time: run the command once for each",
        ));
    };
    each_url_once(&packages)?;
    let report = Report {
        distribution: asked.distribution.clone(),
        release: asked.release.clone(),
        component: asked.component.clone(),
        architecture,
        packages,
    };
    serde_json::to_string_pretty(&report).context("failed to encode the report")
}

fn package(path: &Path, manifest: &Manifest, architecture: &str, base: &str) -> Result<Package> {
    let shown = path.display();
    let (name, version) = named(manifest);
    let base = base_url(&base.replace("{name}", &name).replace("{version}", &version))?;
    let files = published(manifest);
    if files.is_empty() {
        return Err(refused(format!(
            "`{shown}` lists no published file: pass a manifest with archives, or one next to its artifacts"
        )));
    }
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let artifact = |below: &str| Artifact {
        name: below.rsplit('/').next().unwrap_or(below).to_string(),
        version: version.clone(),
        architecture: architecture.to_string(),
        url: format!("{base}{}", encoded(below)),
    };
    Ok(Package {
        url: format!("{base}{}", encoded(&file_name)),
        artifacts: files.into_iter().map(artifact).collect(),
        name,
        version,
    })
}

/// Archives where there are any, which are then what is published; else the single files. An image needs
/// its base, which no worker has.
fn published(manifest: &Manifest) -> Vec<&str> {
    if !manifest.archives.is_empty() {
        return manifest.archives.iter().map(|a| a.name.as_str()).collect();
    }
    manifest.artifacts.iter().filter_map(|a| a.path.as_deref()).collect()
}

/// The package that was built, where it is one; else the project, and the commit in the version's
/// place.
fn named(manifest: &Manifest) -> (String, String) {
    let shipped = |a: &&crate::manifest::Artifact| a.kind.is_shipped();
    let packages: BTreeSet<&str> =
        manifest.artifacts.iter().filter(shipped).map(|a| a.package.as_str()).collect();
    let mut all = packages.iter().filter_map(|p| p.split_once(' '));
    if let (Some((name, version)), None) = (all.next(), all.next()) {
        return (name.to_string(), version.to_string());
    }
    let name = manifest.recipe.rows.iter().find_map(|row| row.name());
    let source = &manifest.source;
    let id = source.commit.as_ref().or(source.sha256.as_ref());
    let id = id.map_or("0", |id| git::short(id));
    (name.unwrap_or("workspace").to_string(), id.to_string())
}

/// The architecture of a host as Rust's standard library names it, which is how workers ask.
fn architecture(host: &str) -> String {
    match host.split('-').next().unwrap_or(host) {
        "i386" | "i586" | "i686" => "x86".to_string(),
        "powerpc64le" => "powerpc64".to_string(),
        arm if arm.starts_with("armv") || arm.starts_with("thumbv") => "arm".to_string(),
        riscv if riscv.starts_with("riscv64") => "riscv64".to_string(),
        other => other.to_string(),
    }
}

fn base_url(text: &str) -> Result<String> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "?#{}".contains(c);
    let http = text.starts_with("https://") || text.starts_with("http://");
    if !http || text.contains(odd) {
        return Err(bad_input(format!(
            "`{}` cannot be the base of published files: pass an http or https URL without a query",
            text.escape_debug()
        )));
    }
    Ok(format!("{}/", text.trim_end_matches('/')))
}

/// A path as part of a URL.
fn encoded(path: &str) -> String {
    percent_encoded(path, "+/")
}

/// Rebuilderd keeps files by their URL, and the worker by the last part of it.
fn each_url_once(packages: &[Package]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for package in packages {
        let mut names = BTreeSet::new();
        for url in package.artifacts.iter().map(|a| &a.url).chain([&package.url]) {
            let name = url.rsplit('/').next().unwrap_or(url);
            if !seen.insert(url.clone()) || !names.insert(name.to_string()) {
                return Err(usage(format!(
                    "two files would have the URL `{url}`, or the same name in one package: put {{name}} or {{version}} into --base-url"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_what_rebuildctl_reads() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/manifest.json");
        let asked = |base: &str| Sync {
            manifests: vec![path.into()],
            base_url: base.into(),
            distribution: "crates".into(),
            ..Sync::default()
        };
        let text = run(&asked("https://example.org/{name}/{version}")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["distribution"], "crates");
        assert_eq!(report["architecture"], "x86_64");
        let package = &report["packages"][0];
        assert_eq!(
            (&package["name"], &package["version"]),
            (&"sound-features".into(), &"0.1.0".into())
        );
        assert_eq!(package["url"], "https://example.org/sound-features/0.1.0/manifest.json");
        assert_eq!(
            package["artifacts"][0]["url"],
            "https://example.org/sound-features/0.1.0/sound-features-0.1.0-x86_64-unknown-linux-gnu.tar.gz"
        );
        for bad in ["file:///x", "https://h/{other}", "https://h/x y"] {
            assert!(run(&asked(bad)).is_err(), "{bad}");
        }
        let mut twice = asked("https://h");
        twice.manifests.push(path.into());
        assert!(run(&twice).is_err());
    }

    #[test]
    fn architectures_are_named_as_workers_name_them() {
        for (host, want) in [
            ("x86_64-unknown-linux-gnu", "x86_64"),
            ("i686-unknown-linux-gnu", "x86"),
            ("armv7-unknown-linux-gnueabihf", "arm"),
            ("riscv64gc-unknown-linux-gnu", "riscv64"),
            ("aarch64-apple-darwin", "aarch64"),
        ] {
            assert_eq!(architecture(host), want);
        }
        assert_eq!(encoded("a b/ü+1.gz"), "a%20b/%C3%BC+1.gz");
    }
}

//! A published crate, fetched by cargo itself as the dependency of a scratch package: the user's
//! registries, proxies and credentials apply. It is checked against the checksum of the index.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use repro_formats::digest;

use crate::cargo::home;
use crate::cargo::lockfile::{self, Locked};
use crate::error::{host, refused};
use crate::fs;
use crate::metadata::{Cargo, Failed, Why};
use crate::process::Cmd;
use crate::source::spec;

/// A crate that a registry publishes.
pub(crate) struct Published {
    /// The `.crate` file.
    pub(crate) path: PathBuf,
    /// Its version.
    pub(crate) version: String,
    /// SHA-256 of the file, as the index has it.
    pub(crate) checksum: String,
}

/// Fetches `NAME@VERSION`. Returns the `.crate` file and one line that names it.
pub(super) fn fetch(spec: &str, scratch: &Path) -> Result<(PathBuf, String)> {
    let (name, version) = spec::parse(spec)?;
    let found = download(name, Some(version), scratch, None)?;
    Ok((found.path, format!("{name} {version} with sha256 {}", found.checksum)))
}

/// Fetches a version, or the newest one that was not yanked. `name` and `version` are from [`spec::parse`], or
/// known to be as strict.
pub(crate) fn download(
    name: &str,
    version: Option<&str>,
    scratch: &Path,
    limit: Option<Duration>,
) -> Result<Published> {
    let dir = scratch.join("fetch");
    fs::write(&dir.join("src/lib.rs"), "")?;
    fs::write(&dir.join("Cargo.toml"), scratch_package(name, version))?;
    let cmd = Cmd::new(Cargo::of_user().program()).args(["fetch", "--quiet"]);
    let cmd = cmd.env("CARGO_TERM_COLOR", "never").dir(&dir);
    let out = limit.into_iter().fold(cmd, Cmd::limit).output()?;
    let what = version.map_or(name.to_string(), |version| format!("{name} {version}"));
    if !out.status.success() {
        let Failed { why, error, .. } = Failed::of(&out.stderr);
        let message = format!("cargo could not fetch {what}: {error}");
        return Err(if why == Why::NoPackage { refused } else { host }(message));
    }
    let (version, checksum) = resolved(&fs::read_text(&dir.join("Cargo.lock"))?, name)
        .ok_or_else(|| refused(format!("the index has no checksum of {what}")))?;
    let path = cached(name, &version, &checksum)?;
    Ok(Published { path, version, checksum })
}

fn scratch_package(name: &str, version: Option<&str>) -> String {
    let requirement = version.map_or("*".to_string(), |version| format!("={version}"));
    // A dependency's own features could pull in more than is needed to fetch it.
    format!(
        "[package]\nname = \"scratch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[dependencies.{name}]\nversion = \"{requirement}\"\ndefault-features = false\n\n[workspace]\n"
    )
}

/// Version and checksum of the one dependency of the scratch package, whose lockfile this is.
fn resolved(lockfile: &str, name: &str) -> Option<(String, String)> {
    let packages = lockfile::packages(lockfile);
    // `name`, or with its version where there are several.
    let scratch = packages.iter().find(|p| p.source.is_none())?;
    let version = scratch.dependencies.first()?.split(' ').nth(1);
    let of = |p: &&Locked| {
        p.name == name && p.checksum.is_some() && version.is_none_or(|v| p.version == v)
    };
    let found = packages.iter().find(of)?;
    Some((found.version.clone(), found.checksum.clone()?))
}

/// The file in cargo's cache that has the checksum; the directory is named after the registry, or
/// its mirror.
fn cached(name: &str, version: &str, checksum: &str) -> Result<PathBuf> {
    let missing = || {
        host(format!(
            "cargo fetched {name} {version}, but no file in its cache has the checksum of the index"
        ))
    };
    let cache = home::of_user().ok_or_else(missing)?.join("registry/cache");
    for registry in fs::entries(&cache)? {
        let path = cache.join(registry).join(format!("{name}-{version}.crate"));
        if path.is_file() && digest::of_file(&path)?.sha256 == checksum {
            return Ok(path);
        }
    }
    Err(missing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_dependency_itself() {
        let package = |name: &str, version: &str, sum: &str| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+x\"\nchecksum = \"{sum}\"\n"
            )
        };
        let lock = |dependency: &str, others: &[String]| {
            format!(
                "version = 4\n{}[[package]]\nname = \"scratch\"\nversion = \"0.0.0\"\ndependencies = [\n \"{dependency}\",\n]\n",
                others.concat()
            )
        };
        let two = [package("x", "1.0.0", "aa"), package("x", "2.0.0+1", "bb")];
        let found = |lock: &str, name| resolved(lock, name).map(|(v, sum)| format!("{v} {sum}"));
        assert_eq!(found(&lock("x 2.0.0+1", &two), "x").as_deref(), Some("2.0.0+1 bb"));
        assert_eq!(found(&lock("x", &two[..1]), "x").as_deref(), Some("1.0.0 aa"));
        assert_eq!(found(&lock("x", &two), "y"), None);
        let same = [package("scratch", "1.0.0", "cc")];
        assert_eq!(found(&lock("scratch 1.0.0", &same), "scratch").as_deref(), Some("1.0.0 cc"));
    }
}

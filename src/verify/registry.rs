//! A published crate, fetched by cargo itself as the dependency of a scratch package, so that the
//! user's registries, proxies and credentials apply; and checked against the checksum of the index.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;
use toml_edit::{DocumentMut, Item};

use crate::cargo::home;
use crate::error::{bad_input, host, refused};
use crate::fs;
use crate::process::Cmd;

/// Fetches `NAME@VERSION`. Returns the `.crate` file and one line that names it.
pub(super) fn fetch(spec: &str, scratch: &Path) -> Result<(PathBuf, String)> {
    let (name, version) = parse(spec)?;
    let dir = scratch.join("fetch");
    fs::write(&dir.join("src/lib.rs"), "")?;
    fs::write(&dir.join("Cargo.toml"), scratch_package(name, version))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Cmd::new(cargo)
        .args(["fetch", "--quiet"])
        .env("CARGO_TERM_COLOR", "never")
        .dir(&dir)
        .output()?;
    if !out.status.success() {
        let words: Vec<&str> = out.stderr.lines().map(str::trim).collect();
        let words = words.join(" ");
        let message = format!(
            "cargo could not fetch {name} {version}: {}",
            words.trim_start_matches("error: ")
        );
        return Err(
            match words.contains("failed to select a version")
                || words.contains("no matching package")
            {
                true => refused(message),
                false => host(message),
            },
        );
    }
    let checksum = checksum(&fs::read_text(&dir.join("Cargo.lock"))?, name, version)
        .ok_or_else(|| refused(format!("the index has no checksum of {name} {version}")))?;
    let path = cached(name, version, &checksum)?;
    Ok((path, format!("{name} {version} with sha256 {checksum}")))
}

/// The two parts must be what they are: they are written into a manifest of cargo's.
fn parse(spec: &str) -> Result<(&str, &str)> {
    let name_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let version_char = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    spec.split_once('@')
        .filter(|(name, version)| {
            !name.is_empty()
                && name.chars().all(name_char)
                && version.split('.').count() >= 3
                && version.starts_with(|c: char| c.is_ascii_digit())
                && version.chars().all(version_char)
        })
        .ok_or_else(|| {
            bad_input(format!(
                "`{}` is not NAME@VERSION, as in hyperfine@1.19.0",
                spec.escape_debug()
            ))
        })
}

fn scratch_package(name: &str, version: &str) -> String {
    // A dependency's own features could pull in more than is needed to fetch it.
    format!(
        "[package]\nname = \"scratch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[dependencies.{name}]\nversion = \"={version}\"\ndefault-features = false\n\n[workspace]\n"
    )
}

/// What the lockfile says of the package.
fn checksum(lockfile: &str, name: &str, version: &str) -> Option<String> {
    let document: DocumentMut = lockfile.parse().ok()?;
    let packages = document.get("package")?.as_array_of_tables()?;
    let is = |key: &str, value: &str, t: &toml_edit::Table| {
        t.get(key).and_then(Item::as_str) == Some(value)
    };
    // Build metadata is not part of what is asked for.
    let plain = version.split('+').next().unwrap_or(version);
    let same_version = |t: &toml_edit::Table| {
        let found = t.get("version").and_then(Item::as_str).unwrap_or_default();
        found.split('+').next() == Some(plain)
    };
    let found = packages.iter().find(|t| is("name", name, t) && same_version(t))?;
    found.get("checksum")?.as_str().map(str::to_string)
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
    fn only_a_name_and_a_whole_version_are_taken() {
        assert_eq!(parse("a-b_c@1.2.3-rc.1+x").unwrap(), ("a-b_c", "1.2.3-rc.1+x"));
        for bad in [
            "a",
            "a@",
            "a@1",
            "a@1.2",
            "@1.2.3",
            "a\"]\n@1.2.3",
            "a@^1.2.3",
            "../a@1.2.3",
            "a@1.2.3\"\n",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_package_itself() {
        let lock = "version = 4\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nchecksum = \"aa\"\n[[package]]\nname = \"x\"\nversion = \"2.0.0\"\nchecksum = \"bb\"\n";
        assert_eq!(checksum(lock, "x", "2.0.0").as_deref(), Some("bb"));
        assert_eq!(checksum(lock, "y", "2.0.0"), None);
    }
}

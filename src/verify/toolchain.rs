//! The toolchain that a manifest names, among those of this machine: the default one, or any that
//! rustup installed. Asked outside of the source, which could name one of its own.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::calendar::{civil, days};

use crate::cargo::toolchain::find;
use crate::error::refused;
use crate::fs;
use crate::manifest::Manifest;
use crate::toolchain::{Toolchain, field};

/// What the manifest wants.
struct Wanted {
    verbose: String,
    host: String,
}

impl Wanted {
    fn field(&self, name: &str) -> Option<&str> {
        field(&self.verbose, name).filter(|v| *v != "unknown")
    }

    /// By the commit of rustc, or by all of `rustc -vV` where a distribution's rustc does not know it.
    fn is(&self, found: &Toolchain) -> bool {
        let same = match self.field("commit-hash") {
            Some(hash) => found.field("commit-hash") == Some(hash),
            None => found.rustc_verbose == self.verbose,
        };
        same && found.host() == self.host
    }

    /// The line that would install it.
    fn install_line(&self) -> Option<String> {
        let release = self.field("release")?;
        let channel = match release.split_once('-') {
            None => release.to_string(),
            Some((_, pre)) => {
                let channel = pre.split('.').next().unwrap_or(pre);
                format!("{channel}-{}", day_after(self.field("commit-date")?)?)
            }
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        channel.chars().all(plain).then(|| format!("rustup toolchain install {channel}"))
    }
}

/// The toolchain, and whether it is the one that the manifest names. `dir` is neutral: nothing in it
/// or above it names a toolchain.
pub(super) fn choose(
    manifest: &Manifest,
    dir: &Path,
    any: bool,
) -> Result<(Toolchain, Option<String>)> {
    let wanted =
        Wanted { verbose: manifest.toolchain.rustc.join("\n"), host: manifest.build.host.clone() };
    let default = find(dir, None);
    if let Ok(found) = &default
        && wanted.is(found)
    {
        return default.map(|t| (t, None));
    }
    if let Some(found) = installed_that(dir, |found| wanted.is(found)) {
        return Ok((found, None));
    }
    let default = default?;
    let named = wanted.verbose.lines().next().unwrap_or("rustc").to_string();
    let named = format!("{} for {}", named.escape_debug(), wanted.host);
    let first = default.rustc_verbose.lines().next().unwrap_or_default();
    let here = format!("{first} for {}", default.host());
    if any {
        let note = format!(
            "built with {here}, not with {named}: a match is still conclusive; a mismatch may only be due to the different compiler"
        );
        return Ok((default, Some(note)));
    }
    let next = match wanted.install_line() {
        _ if default.host() != wanted.host => format!("verify on a machine of {}", wanted.host),
        Some(line) => format!("run `{line}`"),
        None => "install it".to_string(),
    };
    Err(refused(format!(
        "the manifest was built with {named}, which is not installed here: {next}, or give --allow-toolchain to try with {here}"
    )))
}

/// The first toolchain of rustup's that fits.
pub(super) fn installed_that(dir: &Path, fits: impl Fn(&Toolchain) -> bool) -> Option<Toolchain> {
    installed().into_iter().filter_map(|rustc| find(dir, Some(rustc)).ok()).find(fits)
}

/// The compilers that rustup installed.
fn installed() -> Vec<PathBuf> {
    let set = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = set.or_else(|| std::env::home_dir().map(|h| h.join(".rustup")));
    let Some(dir) = home.map(|h| h.join("toolchains")) else { return Vec::new() };
    let names = fs::entries(&dir).unwrap_or_default();
    let rustc = |name| {
        let rustc = dir.join(name).join("bin/rustc");
        rustc.with_extension(std::env::consts::EXE_EXTENSION)
    };
    names.iter().map(rustc).filter(|p| p.is_file()).collect()
}

/// The day after `YYYY-MM-DD`: toolchains of a channel are named after the day that they were
/// published, which is the one after that of their commit.
fn day_after(date: &str) -> Option<String> {
    let mut parts = date.split('-').map(|p| p.parse::<u16>().ok().map(i64::from));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, next, day) = civil((days(year, month, day) + 1) * 86_400);
    (1..=12).contains(&month).then(|| format!("{year:04}-{next:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(release: &str, date: &str) -> Option<String> {
        let verbose = format!("rustc\ncommit-hash: abc\ncommit-date: {date}\nrelease: {release}");
        let host = "x".to_string();
        Wanted { verbose, host }.install_line()
    }

    #[test]
    fn the_line_that_installs_a_toolchain() {
        let says = |l: &str| Some(format!("rustup toolchain install {l}"));
        assert_eq!(line("1.95.0", "2026-04-14"), says("1.95.0"));
        assert_eq!(line("1.97.0-nightly", "2026-04-30"), says("nightly-2026-05-01"));
        assert_eq!(line("1.97.0-nightly", "2028-02-28"), says("nightly-2028-02-29"));
        assert_eq!(line("1.96.0-beta.3", "2026-12-31"), says("beta-2027-01-01"));
        assert_eq!(line("1.97.0-nightly", "unknown"), None);
        assert_eq!(line("1.95.0; rm -rf x", "2026-04-14"), None);
    }

    #[test]
    fn a_toolchain_is_told_by_its_commit_and_host() {
        let verbose = "rustc 1.95.0\ncommit-hash: abc\nhost: h";
        let wanted = |verbose: &str| Wanted { verbose: verbose.into(), host: "h".into() };
        assert!(wanted(verbose).is(&Toolchain::fixture(verbose)));
        assert!(!wanted(verbose).is(&Toolchain::fixture("commit-hash: abc\nhost: other")));
        assert!(!wanted(verbose).is(&Toolchain::fixture("commit-hash: abd\nhost: h")));
        let distribution = "rustc 1.85.0 (Debian)\ncommit-hash: unknown\nhost: h";
        assert!(wanted(distribution).is(&Toolchain::fixture(distribution)));
        assert!(!wanted(distribution).is(&Toolchain::fixture(distribution.replace("85", "86"))));
    }
}

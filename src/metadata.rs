//! Asks cargo what it knows from manifests alone: nothing is written, resolved or fetched.
//! [`Failed`] is why a call of cargo failed, whatever it was for. No other module matches the text of such an error.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::error::{bad_input, refused};
use crate::process::Cmd;
use crate::toolchain::Toolchain;

/// The cargo that is asked.
#[derive(Clone, Debug)]
pub struct Cargo {
    program: OsString,
    /// Where it is run: rustup then runs the toolchain of this directory, whatever a directory of a dependency
    /// names. That of each manifest by default.
    dir: Option<PathBuf>,
}

impl Cargo {
    /// The one that called `repro`, else the one in PATH. That may be rustup's, which would install or
    /// run the toolchain that a source names: the source must be the user's own.
    pub fn of_user() -> Cargo {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Cargo { program, dir: None }
    }

    /// That of a toolchain, whatever a source names.
    pub fn of(toolchain: &Toolchain) -> Cargo {
        Cargo { program: toolchain.cargo.clone().into(), dir: None }
    }

    /// The same, run in one directory only.
    pub fn in_dir(self, dir: &Path) -> Cargo {
        Cargo { dir: Some(dir.to_owned()), ..self }
    }

    /// The program.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// Root directory of the workspace that a manifest belongs to.
    pub fn workspace_root(&self, manifest: &Path) -> Result<PathBuf> {
        let args = ["locate-project", "--workspace", "--message-format", "plain"];
        let root = PathBuf::from(self.ask(manifest, &args)?);
        let root = root.parent().unwrap_or(Path::new("/"));
        crate::fs::resolve(root)
    }

    /// `cargo metadata --no-deps` of a manifest: the packages of its workspace and what they name.
    pub fn metadata(&self, manifest: &Path) -> Result<Metadata> {
        let args = ["metadata", "--no-deps", "--format-version", "1"];
        MetadataCommand::parse(self.ask(manifest, &args)?)
            .context("failed to read cargo's metadata")
    }

    fn ask(&self, manifest: &Path, args: &[&str]) -> Result<String> {
        let own = manifest.parent().unwrap_or(Path::new("."));
        let out = Cmd::new(&self.program)
            .args(args)
            .arg("--manifest-path")
            .arg(manifest)
            .dir(self.dir.as_deref().unwrap_or(own))
            .env_remove("RUST_BACKTRACE")
            .output()?;
        if out.status.success() {
            return Ok(out.text());
        }
        let (failed, manifest) = (Failed::of(&out.stderr), manifest.display());
        Err(match failed.why {
            Why::NoToolchain(name) => refused(format!(
                "the toolchain `{name}`, which `{manifest}` is built with, is not installed: run `rustup toolchain install {name}`"
            )),
            _ => bad_input(format!("cargo cannot read `{manifest}`: {}", failed.error)),
        })
    }
}

/// Why a call of cargo failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The lockfile does not fit the manifests.
    Stale,
    /// It is offline, and something is not downloaded.
    Offline,
    /// The lockfile is none.
    Lockfile,
    /// A manifest is none.
    Manifest,
    /// A server was not reached.
    Network,
    /// No registry has such a package.
    NoPackage,
    /// The toolchain that rustup was to run in place of cargo is not installed.
    NoToolchain(String),
    /// Anything else.
    Other,
}

/// Words of cargo, curl and git, and what they mean; the first row decides.
const WORDS: [(Why, &[&str]); 6] = [
    (Why::Stale, &["--locked was passed", "because --locked"]),
    (Why::Offline, &["--offline", "offline mode"]),
    (Why::Lockfile, &["failed to parse lock"]),
    (Why::Manifest, &["failed to parse manifest"]),
    (
        Why::Network,
        &[
            "ould not resolve", "ould not connect", "ailed to connect", "ouldn't connect",
            "Timeout was reached", "network failure",
        ],
    ),
    (Why::NoPackage, &["failed to select a version", "no matching package"]),
];

/// A call of cargo that failed. Nothing else reads cargo's words.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub why: Why,
    /// The error and its causes, in one line.
    pub error: String,
    /// The first cause, and the last.
    pub causes: [String; 2],
}

impl Failed {
    /// By what it printed.
    pub fn of(words: &str) -> Failed {
        let error = words.find("error: ").map_or(words, |at| &words[at + 7..]);
        let lines: Vec<&str> = error.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let missing = words.lines().find(|l| l.ends_with("is not installed"));
        let known = WORDS.into_iter().find(|(_, all)| all.iter().any(|w| words.contains(w)));
        let why = match missing.and_then(|l| l.split('\'').nth(1)) {
            Some(toolchain) => Why::NoToolchain(toolchain.to_string()),
            None => known.map_or(Why::Other, |(why, _)| why),
        };
        let of_cause = |l: &&&str| **l != "Caused by:";
        let causes = lines.iter().skip_while(of_cause).find(of_cause);
        let causes = [causes, lines.last()].map(|l| l.unwrap_or(&error.trim()).to_string());
        let short = lines.into_iter().take(8).collect::<Vec<_>>().join(" ");
        Failed { why, error: short.replace(" Caused by:", ":"), causes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart_by_words() {
        let cases = [
            (
                Why::Stale,
                "error: cannot update the lock file /w/Cargo.lock because --locked was passed\n",
                "cannot update the lock file /w/Cargo.lock because --locked was passed",
            ),
            (
                Why::Offline,
                "error: failed to download `x v1`\n\nCaused by:\n  an HTTP request, but --offline was specified",
                "failed to download `x v1`: an HTTP request, but --offline was specified",
            ),
            (
                Why::Lockfile,
                "error: failed to parse lock file at: Cargo.lock\n\nCaused by:\n  TOML at line 8\n    |\n  8 | x\n",
                "failed to parse lock file at: Cargo.lock: TOML at line 8 | 8 | x",
            ),
            (
                Why::Network,
                "warning: spurious\nerror: failed to download\n\nCaused by:\n  could not resolve host\n",
                "failed to download: could not resolve host",
            ),
            (
                Why::NoPackage,
                "error: no matching package named `x`",
                "no matching package named `x`",
            ),
            (
                Why::NoToolchain("1.2.3".to_string()),
                "error: toolchain '1.2.3' is not installed\n",
                "toolchain '1.2.3' is not installed",
            ),
            (Why::Other, "404", "404"),
        ];
        for (why, words, error) in cases {
            let found = Failed::of(words);
            assert_eq!((found.why, &*found.error), (why, error));
            let last = if error.ends_with("8 | x") { "TOML at line 8" } else { &found.causes[1] };
            assert!(error.contains(last) && found.causes[0] == last, "{:?}", found.causes);
        }
    }
}

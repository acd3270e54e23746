//! Questions to cargo that it answers by reading manifests alone: nothing is written, resolved or
//! fetched.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::error::{bad_input, refused};
use crate::process::Cmd;
use crate::toolchain::Toolchain;

/// The cargo that is asked.
#[derive(Clone, Debug)]
pub struct Cargo(OsString);

impl Cargo {
    /// The one that called `repro`, else the one in PATH. That may be rustup's, which would install or
    /// run the toolchain that a source names: the source must be the user's own.
    pub fn of_user() -> Cargo {
        Cargo(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// That of a toolchain, whatever a source names.
    pub fn of(toolchain: &Toolchain) -> Cargo {
        Cargo(toolchain.cargo.clone().into())
    }

    /// The program.
    pub fn program(&self) -> &OsStr {
        &self.0
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
        let out = Cmd::new(&self.0)
            .args(args)
            .arg("--manifest-path")
            .arg(manifest)
            .dir(manifest.parent().unwrap_or(Path::new(".")))
            .env_remove("RUST_BACKTRACE")
            .output()?;
        if out.status.success() {
            return Ok(out.text());
        }
        // rustup's, in place of cargo.
        let missing = out.stderr.lines().find(|l| l.ends_with("is not installed"));
        if let Some(toolchain) = missing.and_then(|l| l.split('\'').nth(1)) {
            return Err(refused(format!(
                "the toolchain `{toolchain}`, which `{}` is built with, is not installed: run `rustup toolchain install {toolchain}`",
                manifest.display()
            )));
        }
        let lines = out.stderr.lines().map(str::trim).filter(|l| !l.is_empty());
        let words = lines.collect::<Vec<_>>().join(" ");
        Err(bad_input(format!(
            "cargo cannot read `{}`: {}",
            manifest.display(),
            words.trim_start_matches("error: ")
        )))
    }
}

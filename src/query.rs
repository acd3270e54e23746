//! Questions to cargo that it answers by reading manifests alone: nothing is written, resolved or
//! fetched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::error::{bad_input, refused};
use crate::process::Cmd;

static CHOSEN: OnceLock<OsString> = OnceLock::new();

/// Has this cargo answer from now on. The one in PATH may be rustup's, which would install or run
/// the toolchain that a stranger's source names.
pub fn use_cargo(cargo: &Path) {
    CHOSEN.get_or_init(|| cargo.into());
}

/// The cargo that was chosen, else the one that called `repro`, else the one in PATH.
pub fn cargo() -> OsString {
    let chosen = CHOSEN.get().cloned().or_else(|| std::env::var_os("CARGO"));
    chosen.unwrap_or_else(|| "cargo".into())
}

/// Root directory of the workspace that a manifest belongs to.
pub fn workspace_root(manifest: &Path) -> Result<PathBuf> {
    let args = ["locate-project", "--workspace", "--message-format", "plain"];
    let root = PathBuf::from(ask(manifest, &args)?);
    let root = root.parent().unwrap_or(Path::new("/"));
    std::fs::canonicalize(root).with_context(|| format!("failed to resolve `{}`", root.display()))
}

/// `cargo metadata --no-deps` of a manifest: the packages of its workspace and what they name.
pub fn metadata(manifest: &Path) -> Result<Metadata> {
    let args = ["metadata", "--no-deps", "--format-version", "1"];
    MetadataCommand::parse(ask(manifest, &args)?).context("failed to read cargo's metadata")
}

fn ask(manifest: &Path, args: &[&str]) -> Result<String> {
    let out = Cmd::new(cargo())
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

//! The one step that may use the network: `cargo fetch --locked`, with the user's own cargo home,
//! proxies and credentials. Both builds run offline after it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::error::{bad_input, host, refused};
use crate::metadata::{Failed, Why};
use crate::process::{Cmd, Stream};
use crate::toolchain::Toolchain;

/// Where cargo runs here. cargo takes config from the directory that it runs in, and asks rustc about
/// the host with the flags and variables that config names: from the source's own directory, a
/// source could make it load code.
pub struct FetchDir {
    /// A directory with the config that is about registries.
    pub dir: PathBuf,
    /// Cargo.toml of the source.
    pub manifest: PathBuf,
    /// The lockfile, if it is not the workspace's own, and the variable by which cargo is told.
    pub lockfile: Option<(&'static str, PathBuf)>,
}

/// Fetches what the lockfile in the workspace of the manifest names. `say` gets cargo's progress
/// lines.
pub fn fetch(toolchain: &Toolchain, place: &FetchDir, say: &(dyn Fn(&str) + Sync)) -> Result<()> {
    let cmd = Cmd::new(&toolchain.cargo)
        .args(["fetch", "--locked"])
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_QUIET", "false")
        .env("CARGO_TERM_PROGRESS_WHEN", "never");
    let cmd = at(place, cmd, toolchain);
    let words = std::sync::Mutex::new(Vec::new());
    let status = cmd.stream(|stream, line| {
        if stream == Stream::Err {
            say(line.trim());
            words.lock().expect("no panic holds this").push(line.to_string());
        }
    })?;
    if status.success() {
        return Ok(());
    }
    let words = words.into_inner().expect("no panic holds this").join("\n");
    // The copy that cargo reads is none of the user's directories.
    let copy = place.manifest.parent().map(|dir| format!("{}/", dir.display()));
    let words = copy.map_or(words.clone(), |copy| words.replace(&copy, ""));
    Err(explain(&cmd.show(), &words))
}

/// All packages that builds for these targets may use, as cargo resolves them.
pub fn metadata(toolchain: &Toolchain, place: &FetchDir, targets: &[String]) -> Result<Metadata> {
    let cmd = Cmd::new(&toolchain.cargo)
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--all-features"]);
    let mut cmd = at(place, cmd, toolchain);
    for target in targets {
        cmd = cmd.args(["--filter-platform", target]);
    }
    Ok(MetadataCommand::parse(cmd.checked()?.text())?)
}

/// Directories of the unpacked registry crates among them. What is missing here cargo unpacks by
/// itself.
pub fn registry_sources(metadata: &Metadata, cargo_home: &Path) -> Vec<PathBuf> {
    let nodes = metadata.resolve.iter().flat_map(|r| &r.nodes);
    let used: BTreeSet<_> = nodes.map(|n| &n.id).collect();
    let sources = cargo_home.join("registry/src");
    let packages = metadata.packages.iter().filter(|p| used.contains(&p.id));
    packages
        .filter_map(|p| p.manifest_path.parent())
        .map(|d| d.as_std_path().to_owned())
        .filter(|d| d.starts_with(&sources))
        .collect()
}

/// Cargo is to ask the rustc that was found, without any wrapper.
fn at(place: &FetchDir, cmd: Cmd, toolchain: &Toolchain) -> Cmd {
    let cmd = match &place.lockfile {
        Some((variable, path)) => cmd.env(variable, path),
        None => cmd,
    };
    cmd.arg("--manifest-path")
        .arg(&place.manifest)
        .dir(&place.dir)
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_WRAPPER", "")
        .env("RUSTC_WORKSPACE_WRAPPER", "")
}

fn explain(command: &str, words: &str) -> anyhow::Error {
    let Failed { why, error, causes: [first, last] } = Failed::of(words);
    match why {
        Why::Stale => refused(
            "Cargo.lock is stale: it does not match the manifests; run `cargo update --workspace`, commit Cargo.lock and build again",
        ),
        Why::Lockfile => bad_input(format!(
            "cargo cannot read Cargo.lock: {first}; restore it with git, or run `cargo generate-lockfile`"
        )),
        Why::Manifest => bad_input(error),
        Why::Network => host(format!(
            "cargo could not download the dependencies: {last}; run `cargo fetch --locked` with a network once, then repro needs none"
        )),
        _ => host(format!("`{command}` failed: {error}")),
    }
}

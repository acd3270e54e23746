//! A Rust toolchain as described by `rustc -vV`, and the file that pins one. Nothing is run here.
//! `cargo::toolchain` finds the one to use.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::Item;

use crate::fs;
use crate::fs::toml::{File, FileLine, text};

/// A toolchain that was found on this machine.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// The `cargo` to run.
    pub cargo: PathBuf,
    /// The `rustc` to run.
    pub rustc: PathBuf,
    /// `rustc --print sysroot`.
    pub sysroot: PathBuf,
    /// The whole output of `rustc -vV`, trimmed.
    pub rustc_verbose: String,
    /// The output of `cargo -V`, trimmed.
    pub cargo_version: String,
}

impl Toolchain {
    /// A field of `rustc -vV`, for instance `host`, `release` or `commit-hash`.
    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.rustc_verbose, name)
    }

    /// The host triple.
    pub fn host(&self) -> &str {
        self.field("host").unwrap_or("unknown")
    }

    /// Whether it is in a directory of its own, and so works from another path as well.
    pub fn is_movable(&self) -> bool {
        let system = [Path::new("/"), Path::new("/usr"), Path::new("/usr/local")];
        let inside = [&self.cargo, &self.rustc].iter().all(|p| p.starts_with(&self.sysroot));
        inside && !system.contains(&&*self.sysroot)
    }

    /// Whether rustc knows `-C dlltool`, which came with the link kind `raw-dylib` in 1.71.
    pub fn has_dlltool_option(&self) -> bool {
        let release = self.field("release").unwrap_or_default();
        let mut parts = release.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        (parts.next(), parts.next()) >= (Some(1), Some(71))
    }

    /// Where the standard library's paths are mapped to: rustc's own `/rustc/<commit-hash>`, or
    /// the release where a distribution's rustc has no hash.
    pub fn canonical_library_root(&self) -> String {
        let hash = self.field("commit-hash").filter(|h| *h != "unknown");
        let release = self.field("release").unwrap_or("unknown");
        format!("/rustc/{}", hash.unwrap_or(release))
    }
}

/// A `name: value` line of `rustc -vV`.
pub fn field<'a>(verbose: &'a str, name: &str) -> Option<&'a str> {
    verbose.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
}

/// The toolchain file.
#[derive(Clone, Debug)]
pub struct Pin {
    /// Where the channel stands.
    pub place: FileLine,
    /// The channel; none for a toolchain at a path.
    pub channel: Option<String>,
}

/// Reads the toolchain file that rustup takes in a directory.
pub fn pin(dir: &Path) -> Result<Option<Pin>> {
    for dir in dir.ancestors() {
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            let path = dir.join(name);
            let Some(content) = fs::read_text_if_any(&path)? else { continue };
            // The older name may hold the channel alone.
            if name == "rust-toolchain" && !content.contains('[') {
                let channel = Some(content.trim().to_string());
                let place = FileLine { path, line: 1 };
                return Ok(Some(Pin { place, channel }));
            }
            let file = File::parse(&path, content)?;
            let toolchain = file.root().get("toolchain").and_then(Item::as_table_like);
            let place =
                toolchain.map_or(FileLine { path, line: 1 }, |t| file.place_of(t, "channel"));
            let channel = file.root().get("toolchain").and_then(|t| text(t, "channel"));
            return Ok(Some(Pin { place, channel }));
        }
    }
    Ok(None)
}

/// Whether a channel is always the same compiler: `1.95.0`, `nightly-2026-04-03`, with or without a host triple.
pub fn is_exact(channel: &str) -> bool {
    let mut parts = channel.split('-');
    let first = parts.next().unwrap_or_default();
    let number = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    if ["nightly", "beta", "stable"].contains(&first) {
        let date: Vec<&str> = parts.take(3).collect();
        return date.len() == 3
            && date.iter().zip([4, 2, 2]).all(|(p, n)| p.len() == n && number(p));
    }
    let version: Vec<&str> = first.split('.').collect();
    version.len() == 3 && version.iter().all(|p| number(p))
}

#[cfg(test)]
impl Toolchain {
    /// A toolchain that tests know by its `rustc -vV` alone.
    pub(crate) fn fixture(verbose: impl Into<String>) -> Toolchain {
        Toolchain {
            cargo: "cargo".into(),
            rustc: "rustc".into(),
            sysroot: "/usr".into(),
            rustc_verbose: verbose.into(),
            cargo_version: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBOSE: &str = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n\
        commit-hash: 59807616e1fa2540724bfbac14d7976d7e4a3860\ncommit-date: 2026-04-14\n\
        host: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2";

    #[test]
    fn library_root_is_rustcs_own() {
        let t = Toolchain::fixture(VERBOSE);
        assert_eq!(t.host(), "x86_64-unknown-linux-gnu");
        assert_eq!(t.canonical_library_root(), "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860");
    }

    #[test]
    fn a_distribution_rustc_without_hash_uses_its_release() {
        let t = Toolchain::fixture("commit-hash: unknown\nhost: x\nrelease: 1.63.0");
        assert!(!t.has_dlltool_option() && Toolchain::fixture(VERBOSE).has_dlltool_option());
        assert_eq!(t.canonical_library_root(), "/rustc/1.63.0");
    }

    #[test]
    fn only_one_compiler_is_an_exact_channel() {
        for exact in
            ["1.95.0", "1.95.0-x86_64-unknown-linux-gnu", "nightly-2026-04-03", "beta-2026-01-02"]
        {
            assert!(is_exact(exact), "{exact}");
        }
        for moving in
            ["stable", "nightly", "1.95", "beta", "nightly-x86_64-unknown-linux-gnu", "1.x.0", ""]
        {
            assert!(!is_exact(moving), "{moving}");
        }
    }
}

//! Shared objects that are preloaded: how they are compiled, and which paths LD_PRELOAD can carry.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::fs;
use crate::process::Cmd;

/// What the objects have in common.
pub(super) const ENVIRONMENT: (&str, &str) = ("environment.rs", include_str!("environment.rs"));

/// Compiles an object of this name from its sources, of which the first one names the others, with `rustc`,
/// in the directory `scratch`; returns where it is.
pub(super) fn compile(
    rustc: &Path,
    scratch: &Path,
    name: &str,
    sources: &[(&str, &str)],
) -> Result<PathBuf> {
    for (file, text) in sources {
        fs::write(&scratch.join(file), text)?;
    }
    let first = sources.first().map(|(file, _)| scratch.join(file)).unwrap_or_default();
    let object = scratch.join(name).with_extension("so");
    Cmd::new(rustc)
        .args(["--edition", "2021", "--crate-type", "cdylib", "--cap-lints", "allow"])
        .args(["--crate-name", name])
        .args(["-C", "panic=abort", "-C", "opt-level=2"])
        .args(["-C", "codegen-units=1", "-C", "strip=symbols"])
        // A cancelled thread is unwound through a call that an object forwards.
        .args(["-C", "force-unwind-tables=yes"])
        .arg("-o")
        .arg(&object)
        .arg(&first)
        .checked()?;
    Ok(object)
}

/// Whether LD_PRELOAD can carry a path.
pub(super) fn can_carry(path: &Path) -> bool {
    path.is_absolute() && !path.to_string_lossy().contains([' ', '\t', '\n', ':', '$'])
}

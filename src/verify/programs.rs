//! Refuses programs that an untrusted source names and that would run before it is checked.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::DocumentMut;

use crate::cargo::config::{Config, FILE_NAMES, Inside};
use crate::error::refused;
use crate::fs;

/// Cargo would run these programs of a publisher's before anything is built, or in place of the
/// compiler that was checked.
pub(super) fn none_in(config: &Config, root: &Path) -> Result<()> {
    let Some((key, file)) = config.programs_of_others().into_iter().next() else { return Ok(()) };
    let file = match file.strip_prefix(root) {
        Ok(inside) => format!("`{}` of the source", inside.display()),
        Err(_) => "the manifest's cargo config".to_string(),
    };
    Err(refused(format!(
        "`{key}` in {file} names a program that would run before anything is checked, or in place of the compiler: nothing was built"
    )))
}

/// Refuses a source that names programs of its own to be run before the build: a toolchain file may
/// name a directory, which rustup would run, and a config file what cargo runs.
pub(super) fn none_at(dir: &Path) -> Result<()> {
    let mut config = Config::default();
    let tree = Inside { root: dir, copy: dir, outside: false };
    config.add_inside(tree, &FILE_NAMES.map(PathBuf::from))?;
    none_in(&config, dir)?;
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        let text = fs::read_text_if_any(&dir.join(name))?.unwrap_or_default();
        // The old form is a channel alone, and no TOML.
        let Ok(document) = text.parse::<DocumentMut>() else { continue };
        let path = document.get("toolchain").and_then(|t| t.get("path"));
        if path.is_some() {
            return Err(refused(format!(
                "`{name}` of the source names a toolchain by its path, which would run before anything is checked: nothing was built"
            )));
        }
    }
    Ok(())
}

//! Refuses programs that an untrusted source names and that would run before it is checked.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::names::visible;
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
    match toolchain_at_path(dir)? {
        None => Ok(()),
        Some(name) => Err(refused(format!(
            "`{name}` of the source names a toolchain by its path, which would run before anything is checked: nothing was built"
        ))),
    }
}

/// The same of the directories above a source, which may have come in one archive with it; the user's own
/// cargo home is trusted.
pub(super) fn none_above(dir: &Path, cargo_home: Option<&Path>) -> Result<()> {
    let named = |what: String| {
        refused(format!(
            "{what} is in a directory above the source and names a program, which would run before anything is checked: pass an archive of the source, or move the source to a directory of its own"
        ))
    };
    let config = Config::read(dir, cargo_home)?;
    if let Some((key, file)) = config.programs_of_others().into_iter().next() {
        let (key, file) = (key.escape_debug(), visible(&file.display().to_string()));
        return Err(named(format!("`{key}` of cargo config `{file}`")));
    }
    for above in dir.ancestors().skip(1) {
        if let Some(name) = toolchain_at_path(above)? {
            let file = visible(&above.join(name).display().to_string());
            return Err(named(format!("toolchain file `{file}`")));
        }
    }
    Ok(())
}

/// The toolchain file in a directory that names a toolchain by its path.
fn toolchain_at_path(dir: &Path) -> Result<Option<&'static str>> {
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        let text = fs::read_text_if_any(&dir.join(name))?.unwrap_or_default();
        // The old form is a channel alone, and no TOML.
        let Ok(document) = text.parse::<DocumentMut>() else { continue };
        if document.get("toolchain").and_then(|t| t.get("path")).is_some() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

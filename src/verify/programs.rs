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
    no_toolchain_at(dir, dir)
}

/// The same of the directories above a source, which may have come in one archive with it; the user's own
/// cargo home is trusted.
pub(super) fn none_above(dir: &Path, cargo_home: Option<&Path>) -> Result<()> {
    let named = |what: String| {
        refused(format!(
            "{what} is in a directory above the source or its copy and names a program, which would run before anything is checked: pass an archive of the source, move the source to a directory of its own, or set TMPDIR to such a directory"
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

/// The same of the toolchain files of all directories of a source: rustup takes that of the directory in which it
/// is asked, and a dependency or a workspace can be in any.
pub(super) fn no_toolchain_in(root: &Path) -> Result<()> {
    for (dir, meta) in fs::walk(root, &mut fs::not_git)? {
        if meta.is_dir() {
            no_toolchain_at(root, &dir)?;
        }
    }
    Ok(())
}

fn no_toolchain_at(root: &Path, dir: &Path) -> Result<()> {
    let Some(name) = toolchain_at_path(dir)? else { return Ok(()) };
    let file = dir.strip_prefix(root).unwrap_or(dir).join(name);
    Err(refused(format!(
        "`{}` of the source names a toolchain by its path, which would run before anything is checked: nothing was built",
        visible(&file.display().to_string())
    )))
}

/// The toolchain file in a directory that names a toolchain by more than a name.
fn toolchain_at_path(dir: &Path) -> Result<Option<&'static str>> {
    // As channels, versions, dates and targets are written, and toolchains that the user has linked.
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
    };
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        let path = dir.join(name);
        if path.is_dir() {
            continue;
        }
        let Some(text) = fs::read_text_if_any(&path)? else { continue };
        // The old form is a name alone, and no TOML; rustup takes a path in its place.
        let named = text.parse::<DocumentMut>().map_or(is_name(text.trim()), |document| {
            let of = |key| document.get("toolchain").and_then(|t| t.get(key));
            let channel = of("channel").is_none_or(|c| c.as_str().is_some_and(is_name));
            of("path").is_none() && channel
        });
        if !named {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

//! The lockfile that decides a build: `Cargo.lock` of the workspace, or the one that
//! `resolver.lockfile-path` names since cargo 1.97.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cargo::config::{Config, ConfigPlace};
use crate::cargo::lockfile;
use crate::error::refused;
use crate::fs;
use crate::recipe::environment::Env;
use crate::source::Source;
use crate::toolchain::Toolchain;

/// The variable that cargo takes for the key.
pub(crate) const VARIABLE: &str = "CARGO_RESOLVER_LOCKFILE_PATH";

/// The first release of cargo that takes the lockfile from another place.
const SINCE: (u32, u32) = (1, 97);

/// Versions of the lockfile's format, and the first release of cargo that reads each.
const VERSIONS: [(i64, (u32, u32)); 2] = [(3, (1, 53)), (4, (1, 78))];

/// The lockfile.
pub(crate) struct Lockfile {
    pub(crate) text: String,
    /// Where it is below the source, if builds do not find it by themselves.
    pub(crate) elsewhere: Option<PathBuf>,
}

/// Finds it in the copy of a source, by the config and the variables that its builds have, and the
/// directory that these count from.
pub(crate) fn find(
    source: &Source,
    copy: &Path,
    config: &Config,
    (env, from): (&Env, &Path),
    toolchain: &Toolchain,
) -> Result<Lockfile> {
    let named =
        named(config, env, from).filter(|_| release(&toolchain.cargo_version) >= Some(SINCE));
    let Some(Named { path, told }) = named else {
        let text = fs::read_text_if_any(&copy.join(&source.workspace).join("Cargo.lock"))?;
        let text = text.ok_or_else(|| source.without_lockfile())?;
        check_version(&text, &toolchain.cargo_version)?;
        return Ok(Lockfile { text, elsewhere: None });
    };
    let Ok(below) = path.strip_prefix(&source.root) else {
        return Err(refused(format!(
            "`resolver.lockfile-path` leads to `{}`, outside the source, so it cannot be rebuilt elsewhere: move the lockfile into the source",
            path.display()
        )));
    };
    match fs::read_text_if_any(&copy.join(below))? {
        Some(text) => Ok(Lockfile { text, elsewhere: (!told).then(|| below.to_owned()) }),
        None => Err(refused(format!(
            "`resolver.lockfile-path` names `{}`, which the source does not have: generate it and commit it",
            below.display()
        ))),
    }
}

/// The path of a lockfile in the user's tree.
struct Named {
    path: PathBuf,
    /// The config of the source leads there in each copy of it.
    told: bool,
}

/// What a variable or config gives. A variable counts from `from`.
fn named(config: &Config, env: &Env, from: &Path) -> Option<Named> {
    const KEY: [&str; 2] = ["resolver", "lockfile-path"];
    if let Some(path) = env.get(OsStr::new(VARIABLE)) {
        let path = std::path::absolute(from.join(path)).ok()?;
        return Some(Named { path: fs::normalized(&path), told: false });
    }
    let (file, item) = config.get(&KEY)?;
    let told = file.place == ConfigPlace::Source && Path::new(item.as_str()?).is_relative();
    Some(Named { path: config.get_path(&KEY)?, told })
}

/// Refuses a lockfile that is too new for this cargo, which would name its copy in the scratch directory.
fn check_version(text: &str, cargo: &str) -> Result<()> {
    // cargo itself reports one that is broken.
    let version = lockfile::parse(text).ok().and_then(|lockfile| lockfile.version);
    let row = VERSIONS.iter().find(|(format, _)| Some(*format) == version);
    match (row, release(cargo)) {
        (Some((format, since)), Some(release)) if release < *since => Err(refused(format!(
            "Cargo.lock has version {format}, which cargo {}.{} and newer read, and this is {cargo}: build with a newer toolchain, or commit a lockfile that this one wrote",
            since.0, since.1
        ))),
        _ => Ok(()),
    }
}

/// `cargo 1.97.0-nightly (…)`.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(' ').nth(1)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The path of a file below the source, from the directory of the package.
pub(crate) fn from_package(source: &Source, below: &Path) -> PathBuf {
    let up = source.package.components().map(|_| "..");
    up.collect::<PathBuf>().join(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cargo_that_knows_the_key_is_asked_by_it() {
        assert!(release("cargo 1.97.0-nightly (4d1f98451 2026-05-15)") >= Some(SINCE));
        assert!(release("cargo 1.95.0 (f2d3ce0bd 2026-03-21)") < Some(SINCE));
        assert!(release("cargo 2.0.0") >= Some(SINCE));
        assert_eq!(release("cargo"), None);
    }

    #[test]
    fn a_lockfile_that_is_too_new_for_this_cargo_is_refused() {
        let read = |version: &str, cargo: &str| {
            check_version(&format!("# Generated.\n{version}\n"), cargo)
        };
        for (version, cargo, fits) in [
            ("version = 4", "cargo 1.63.0", false),
            ("version = 4", "cargo 1.78.0 (54d8815d0 2024-03-26)", true),
            ("version = 3", "cargo 1.63.0", true),
            ("", "cargo 1.40.0", true),
            ("version = 4", "cargo", true),
        ] {
            assert_eq!(read(version, cargo).is_ok(), fits, "{version}, {cargo}");
        }
        let error = read("version = 4", "cargo 1.63.0").unwrap_err();
        assert_eq!(crate::error::kind_of(&error).code(), 4);
        assert!(error.to_string().contains("1.78 and newer read, and this is cargo 1.63.0"));
    }
}

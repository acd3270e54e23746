//! The ledger: what earlier checks found equal in both builds, so that a repeated check builds twice
//! only what changed. A directory in the user's cache, off unless `--ledger` is given.
//!
//! Owns the entries ([`entry`]), the text that stands for directories that are varied ([`places`]),
//! the files ([`store`]) and the code that authenticates them ([`mac`]). What a rustc call reads is
//! found by `cargo::reuse`; what was equal is added by `build::remember`. docs/ledger.md has the design.

pub mod entry;
pub mod mac;
pub mod places;
pub mod store;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use self::places::Places;
use crate::error::host;

/// Where the component `rust-src` has the standard library's sources, below the compiler's directory.
pub const SOURCES: &str = "lib/rustlib/src/rust/library";

/// Names of variations that reached the builds; `false` for one that did so in part.
pub type Varied = BTreeMap<String, bool>;

/// Whether what was compared under `then` was compared under at least `now`.
pub fn covers(then: &Varied, now: &Varied) -> bool {
    now.iter().all(|(name, whole)| then.get(name).is_some_and(|known| *known || !whole))
}

/// `repro` in a directory of the user's that a variable names, or else in this one of the home directory.
fn of_user(variable: &str, below_home: &str) -> Result<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|dir| dir.is_absolute());
    let home = || std::env::home_dir().filter(|h| h.is_absolute()).map(|h| h.join(below_home));
    let dir = set.or_else(home).ok_or_else(|| {
        host(format!("there is no home directory for the ledger: set HOME or {variable}"))
    })?;
    Ok(dir.join("repro"))
}

/// What both sides are given of the ledger.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The entries that may be used, one file for each primary key; their codes were checked.
    pub view: PathBuf,
    /// The stored outputs.
    pub blobs: PathBuf,
    /// What every unit of the run has in common: part of each key.
    pub base: String,
    /// What a build script must not see.
    pub hidden: Vec<PathBuf>,
    /// The library that watches rustc and the procedural macros in it, where there is one for this host.
    pub watch: Option<PathBuf>,
}

/// The same as one side's wrapper needs it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Spec {
    /// [`Shared::view`].
    pub view: PathBuf,
    /// [`Shared::blobs`].
    pub blobs: PathBuf,
    /// [`Shared::base`].
    pub base: String,
    /// What stands for the directories of this side that are varied.
    pub places: Places,
    /// The directories that a unit may read from: source, target directory, cargo home.
    pub inside: Vec<PathBuf>,
    /// Those of them that the build itself writes to.
    pub written: Vec<PathBuf>,
    /// [`Shared::watch`].
    pub watch: Option<PathBuf>,
    /// The compiler's directory.
    pub sysroot: PathBuf,
    /// Whether all that a macro can ask of a file besides its content differs between the builds: its times
    /// and its mode.
    pub files_varied: bool,
    /// The preload shim, as the build sees it.
    pub preload: Option<PathBuf>,
    /// The side's name: what the random numbers of its macros begin with.
    pub side: String,
}

/// How many units of a check were reused, and which were built twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Units whose outputs were taken from the ledger.
    pub reused: usize,
    /// Those of them that a different machine had made.
    pub foreign: usize,
    /// Units that were built twice, with why each was: build scripts' runs are among them.
    pub twice: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_varied_less_does_not_count() {
        let varied = |list: &[(&str, bool)]| -> Varied {
            list.iter().map(|(name, whole)| (name.to_string(), *whole)).collect()
        };
        let all = varied(&[("clock", true), ("locale", true)]);
        let part = varied(&[("clock", true), ("locale", false)]);
        let one = varied(&[("clock", true)]);
        for (then, now, want) in [
            (&all, &all, true),
            (&all, &part, true),
            (&all, &one, true),
            (&part, &all, false),
            (&part, &part, true),
            (&one, &part, false),
            (&Varied::new(), &one, false),
        ] {
            assert_eq!(covers(then, now), want, "{then:?} {now:?}");
        }
    }
}

//! A call of rustc as the ledger sees it, and where its files are.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cargo::dep_info;
use crate::cargo::units::Unit;
use crate::fs;
use crate::ledger::Spec;

/// A call of rustc, with what the ledger needs of it.
pub struct LedgerCall<'a> {
    /// The ledger.
    pub spec: &'a Spec,
    /// The wrapper's directory.
    pub dir: &'a Path,
    /// The unit.
    pub unit: &'a Unit,
    /// The arguments behind rustc itself.
    pub args: &'a [String],
    /// The variables that it has.
    pub env: &'a BTreeMap<OsString, OsString>,
}

impl LedgerCall<'_> {
    pub(super) fn canonical(&self, text: &str) -> Result<String, String> {
        let text = self.spec.places.canonical(text);
        text.ok_or_else(|| "contains text that the ledger uses in place of a directory".to_string())
    }

    pub(super) fn dep_info(&self) -> PathBuf {
        Path::new(&self.unit.out_dir).join(format!("{}.d", self.unit.link_name()))
    }

    /// Where a file of the dep-info is. As it stands: `..` behind a link is not what it seems.
    pub(super) fn file(&self, listed: impl AsRef<Path>) -> PathBuf {
        Path::new(&self.unit.dir).join(listed)
    }

    /// The dep-info, and what it says.
    pub(super) fn reads(&self) -> Result<(String, dep_info::Reads), String> {
        let text = std::fs::read_to_string(self.dep_info())
            .map_err(|_| "left no list of the files that it read".to_string())?;
        if !dep_info::is_whole(&text) {
            return Err("left a list of files that cannot be read".to_string());
        }
        let reads = dep_info::read(&text);
        Ok((text, reads))
    }

    /// The library, in each of its forms.
    pub(super) fn outputs(&self) -> Vec<PathBuf> {
        let out_dir = Path::new(&self.unit.out_dir);
        let stem = self.unit.stem();
        let names = fs::entries(out_dir).unwrap_or_default();
        let own = names.into_iter().filter(|name| {
            let name = name.to_string_lossy();
            name.strip_prefix(&stem).is_some_and(|rest| rest.starts_with('.'))
        });
        own.map(|name| out_dir.join(name)).collect()
    }
}

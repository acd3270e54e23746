//! What a build knows of each crate that it made: written down by the call that makes it, before cargo starts
//! those that use it, and read by these.

use std::collections::BTreeMap;
use std::path::Path;

use repro_formats::digest;
use serde::{Deserialize, Serialize};

use super::ledger_call::LedgerCall;
use super::watched;
use crate::cargo::units::stem_of;
use crate::cargo::{assembler, rustc_args};
use crate::fs;
use crate::ledger::entry;

/// In the wrapper's directory: a file for each crate.
const CRATES: &str = "crates";

/// What dependents of a crate have to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Crate {
    /// Of its metadata and of all crates below it.
    pub(super) identity: String,
    /// Why it is not known what its dependents read: a clause.
    pub(super) unlisted: Option<String>,
    /// Why a macro that is made of it could read unseen: a clause about it.
    unwatched: Option<String>,
}

impl LedgerCall<'_> {
    /// What is known of a crate.
    pub(super) fn known(&self, stem: &str) -> Option<Crate> {
        let text = std::fs::read(self.dir.join(CRATES).join(stem)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The identity of a crate that no argument names, by the name of its file in the directory of the call.
    /// Metadata of such a crate is part of the identity of one that uses it; a whole library has more in it.
    pub(super) fn found(&self, name: &str) -> Option<String> {
        let identity = self.known(&stem_of(name))?.identity;
        Some(match name.ends_with(".rmeta") {
            true => identity,
            false => with_file(&identity, &Path::new(&self.unit.out_dir).join(name)),
        })
    }

    /// The crates that it is given; none for one of which nothing is known.
    pub(super) fn below(&self) -> BTreeMap<String, Option<Crate>> {
        let read = |path: &String| {
            let stem = stem_of(path);
            let mut known = self.known(&stem);
            // The file that is given: it may be the whole library, or have been written over since.
            if let Some(known) = &mut known {
                known.identity = with_file(&known.identity, Path::new(path));
            }
            (stem, known)
        };
        self.unit.externs.iter().map(read).collect()
    }

    /// Writes down what dependents have to know, before cargo starts any. The call was made or its outputs were
    /// taken; `metadata` is their digest, and dep-info is there.
    pub(super) fn describe(
        &self,
        metadata: &str,
        below: &BTreeMap<String, Option<Crate>>,
    ) -> Option<()> {
        let (_, reads) = self.reads().ok()?;
        let assembler = assembler::in_files(reads.files.iter().map(|file| self.file(file))).ok()?;
        let known: Option<BTreeMap<&String, &Crate>> =
            below.iter().map(|(stem, known)| Some((stem, known.as_ref()?))).collect();
        let known = known?;
        let identities: Vec<_> = known.iter().map(|(stem, c)| (stem, &c.identity)).collect();
        let name = &self.unit.crate_name;
        let own = match (assembler, rustc_args::links_native(self.args)) {
            (assembler::Reads::Nothing, false) => None,
            (assembler::Reads::Nothing, true) => Some("links a native library"),
            _ => Some("has assembler code"),
        };
        let unwatched = own.map(|why| format!("the crate `{name}` {why}"));
        let unwatched =
            unwatched.or_else(|| known.values().find_map(|below| below.unwatched.clone()));
        let is_macro = self.unit.makes("proc-macro");
        let unlisted = match (is_macro, assembler) {
            (true, _) => watched::obstacle(self.spec, name, unwatched.as_deref(), &self.outputs()),
            (_, assembler::Reads::InDependents) if self.spec.watch.is_none() => {
                Some(format!("may have assembler code of `{name}`"))
            }
            _ => known.values().find_map(|below| below.unlisted.clone()),
        };
        let identity = entry::digest_of(&(metadata, identities));
        let own = Crate { identity, unlisted, unwatched };
        let text = serde_json::to_vec(&own).ok()?;
        fs::write(&self.dir.join(CRATES).join(self.unit.stem()), text).ok()
    }
}

/// An identity that is also that of a file.
fn with_file(identity: &str, path: &Path) -> String {
    let file = digest::of_file(path).map(|d| d.sha256).unwrap_or_default();
    entry::digest_of(&(identity, file))
}

//! The ledger of a run: what it can be used for here, what the builds are shown of it, and what is added
//! once they are compared.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;

use crate::build::{Built, remember};
use crate::error;
use crate::fs;
use crate::ledger::entry::{VERSION, digest_of};
use crate::ledger::store::{self, Ledger};
use crate::ledger::{Shared, Split, Varied, mac};
use crate::project::Project;
use crate::recipe::Recipe;
use crate::source::Origin;
use crate::toolchain::Toolchain;
use crate::variation::coverage::Coverage;

/// Files of a toolchain that decide what a library becomes, by how their names begin.
const COMPILER: [&str; 3] = ["librustc_driver", "libLLVM", "libstd"];

/// The ledger of a run.
pub(crate) struct Using {
    ledger: Ledger,
    scope: String,
    varied: Varied,
    /// What both sides are given.
    pub(crate) shared: Shared,
}

impl Project {
    /// Opens the ledger, if that was asked for. The inner error is a sentence: why it is not used.
    pub(crate) fn ledger(
        &self,
        recipe: &Recipe,
        coverage: &Coverage,
        scratch: &Path,
    ) -> Option<Result<Using, String>> {
        let asked = self.request.ledger.as_ref()?;
        let why = if self.user_wrapper().is_some() {
            Some("a rustc wrapper of yours is in use")
        } else if recipe.facts().canonical_ids {
            Some("the workspace has path dependencies outside its root")
        } else {
            None
        };
        if let Some(why) = why {
            return Some(Err(format!("the ledger was not used: {why}")));
        }
        let using = self.using(asked.dir.as_deref(), asked.trust_cache, recipe, coverage, scratch);
        Some(using.map_err(|e| format!("the ledger was not used: {}", error::one_line(&e))))
    }

    fn using(
        &self,
        dir: Option<&Path>,
        trust: bool,
        recipe: &Recipe,
        coverage: &Coverage,
        scratch: &Path,
    ) -> Result<Using> {
        let ledger = Ledger::open(&dir.map_or_else(store::default_dir, |d| Ok(d.to_owned()))?)?;
        let scope = self.scope();
        let names = coverage.applied.iter().map(|(id, _)| (id.to_string(), coverage.is_whole(*id)));
        let varied: Varied = names.collect();
        let view = scratch.join("ledger");
        ledger.show(&scope, &varied, trust, &view)?;
        let targets = &recipe.facts().targets;
        let base = (VERSION, &scope, self.recipe_version, compiler(&self.toolchain, targets)?);
        let blobs = ledger.blobs();
        let base = digest_of(&base);
        let shared = Shared { view, blobs, base, hidden: vec![mac::directory()?] };
        Ok(Using { ledger, scope, varied, shared })
    }

    /// Whose entries may be used: those of the same repository, or of the same directory. What the build
    /// scripts of one project write over counts for no other.
    fn scope(&self) -> String {
        let remote = match &self.source.origin {
            Origin::Git(commit) => commit.remote.clone(),
            Origin::Directory => None,
        };
        remote.unwrap_or_else(|| self.source.root.display().to_string())
    }
}

impl Using {
    /// Adds what both builds made the same; a sentence where that failed.
    pub(crate) fn remember(&self, a: &Built, b: &Built) -> (Split, Option<String>) {
        let added = remember::remember(&self.ledger, &self.scope, &self.varied, a, b);
        let note = added.err().map(|e| {
            format!(
                "the ledger could not be written, so the next run reuses less: {}",
                error::one_line(&e)
            )
        });
        (remember::split(a, b), note)
    }
}

/// The compiler and the standard library, by their bytes.
fn compiler(toolchain: &Toolchain, targets: &[String]) -> Result<String> {
    let sysroot = &toolchain.sysroot;
    let named = |dir: PathBuf, begins: &[&str]| -> Result<Vec<PathBuf>> {
        let names = if dir.is_dir() { fs::entries(&dir)? } else { Vec::new() };
        let wanted = names.into_iter().filter(|name| {
            let name = name.to_string_lossy();
            begins.iter().any(|b| name.starts_with(b))
        });
        Ok(wanted.map(|name| dir.join(name)).filter(|path| path.is_file()).collect())
    };
    let mut files = vec![toolchain.rustc.clone()];
    files.extend(named(sysroot.join("lib"), &COMPILER)?);
    files.extend(named(sysroot.join("bin"), &COMPILER)?);
    for target in targets {
        files.extend(named(sysroot.join("lib/rustlib").join(target).join("lib"), &[""])?);
    }
    let mut digests = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        digests.push((name, digest::of_file(&file)?.sha256));
    }
    digests.sort();
    Ok(digest_of(&(&toolchain.rustc_verbose, digests)))
}

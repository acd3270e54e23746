//! The ledger of a run: why it cannot be used here, what the builds see of it, and what they add to it.
//! A unit is added after the comparison, and only if both builds made the same of it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;

use crate::build::{Built, remember};
use crate::ledger::entry::{VERSION, digest_of};
use crate::ledger::store::{self, Ledger};
use crate::ledger::{SOURCES, Shared, Split, Varied, mac};
use crate::project::Project;
use crate::recipe::Recipe;
use crate::shim::watch;
use crate::toolchain::Toolchain;
use crate::variation::coverage::Coverage;
use crate::{error, fs};

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
        let given = self.request.ledger.as_ref()?;
        let why = if self.user_wrapper().is_some() {
            Some("a rustc wrapper of yours is in use")
        } else if recipe.canonical_ids {
            Some("the workspace has path dependencies outside its root")
        } else if recipe.is_wasm() {
            Some("crate ids of WebAssembly are not cargo's")
        } else if !self.toolchain.is_movable() {
            Some("the compiler is not in a directory of its own, so not all of its files are known")
        } else {
            None
        };
        if let Some(why) = why {
            return Some(Err(format!("the ledger was not used: {why}")));
        }
        let using = self.using(given.dir.as_deref(), given.trust_cache, recipe, coverage, scratch);
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
        let targets = &recipe.targets;
        let base = (VERSION, &scope, self.recipe_version, compiler(&self.toolchain, targets)?);
        let blobs = ledger.blobs();
        let base = digest_of(&base);
        // By its own path: nothing can be mounted over a link.
        let hidden = vec![fs::canonicalize(&mac::directory()?)?];
        // Where it cannot be compiled, crates that use macros are built twice, and the report says so.
        let toolchain = &self.toolchain;
        let watch = watch::compile(&toolchain.rustc, toolchain.host(), scratch).ok();
        let shared = Shared { view, blobs, base, hidden, watch };
        Ok(Using { ledger, scope, varied, shared })
    }

    /// Whose entries may be used: those of the same repository, or of the same directory. What the build
    /// scripts of one project write over counts for no other.
    fn scope(&self) -> String {
        let remote = self.source.remote().map(str::to_string);
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
        let names = fs::entries_if_any(&dir)?;
        let wanted = names.into_iter().filter(|name| {
            let name = name.to_string_lossy();
            begins.iter().any(|b| name.starts_with(b))
        });
        Ok(wanted.map(|name| dir.join(name)).filter(|path| path.is_file()).collect())
    };
    let mut files = vec![toolchain.rustc.clone()];
    files.extend(named(sysroot.join("lib"), &COMPILER)?);
    files.extend(named(sysroot.join("bin"), &COMPILER)?);
    // Build scripts and macros are for the host.
    let mut targets: Vec<_> =
        targets.iter().map(String::as_str).chain([toolchain.host()]).collect();
    targets.sort_unstable();
    targets.dedup();
    for target in targets {
        let dir = sysroot.join("lib/rustlib").join(target);
        files.extend(named(dir.clone(), &["target.json"])?);
        if dir.join("lib").is_dir() {
            let all = fs::walk(&dir.join("lib"), &mut |_| true)?;
            files.extend(all.into_iter().filter(|(_, meta)| !meta.is_dir()).map(|(path, _)| path));
        }
    }
    // rustc reads these where they are installed, and what it makes differs.
    let sources = sysroot.join(SOURCES);
    if sources.is_dir() {
        let all = fs::walk(&sources, &mut |_| true)?;
        files.extend(all.into_iter().filter(|(_, meta)| meta.is_file()).map(|(path, _)| path));
    }
    let mut digests = Vec::new();
    for file in files {
        let name = file.strip_prefix(sysroot).unwrap_or(&file).display().to_string();
        digests.push((name, digest::of_file(&file)?.sha256));
    }
    digests.sort();
    Ok(digest_of(&(&toolchain.rustc_verbose, digests)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_of_the_compiler_counts_and_not_only_what_it_says_of_itself() {
        let dir = tempfile::tempdir().unwrap();
        let files = [
            "bin/rustc",
            "lib/librustc_driver-1.so",
            "lib/libLLVM.so.1",
            "lib/libstd-1.so",
            "lib/rustlib/t/lib/libcore-1.rlib",
            "lib/rustlib/t/lib/self-contained/libc.a",
            "lib/rustlib/t/target.json",
            "lib/rustlib/host/lib/libcore-2.rlib",
            "lib/rustlib/src/rust/library/core/src/panic.rs",
        ];
        let toolchain = Toolchain {
            cargo: dir.path().join("bin/cargo"),
            rustc: dir.path().join("bin/rustc"),
            sysroot: dir.path().to_owned(),
            ..Toolchain::fixture("rustc 1.95.0\nhost: host")
        };
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(name), text).unwrap();
        };
        files.iter().for_each(|name| write(name, "as published"));
        let digest = || compiler(&toolchain, &["t".to_string()]).unwrap();
        let before = digest();
        for name in files {
            write(name, "as publisheD");
            assert_ne!(digest(), before, "{name}");
            write(name, "as published");
            assert_eq!(digest(), before, "{name}");
        }
        write("share/doc/README", "not read");
        assert_eq!(digest(), before);
        std::fs::remove_dir_all(dir.path().join("lib/rustlib/src")).unwrap();
        assert_ne!(digest(), before);
    }
}

//! Writes the results to `<target directory>/repro/`: files first, the manifest last and
//! atomically. If the manifest exists, every file that it lists exists. Runs that end at the same
//! time take turns.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::compare::{Comparison, Pair};
use crate::error::refused;
use crate::fs;
use crate::manifest::{self, Manifest};
use crate::variation::Side;
use crate::verdict::{Status, Verdict};

/// Directory of proven artifacts.
const ARTIFACTS: &str = "artifacts";
/// Directory of the archives made of them: those of another build are not archives of this one.
pub const DIST: &str = "dist";
/// Name of the file that is locked.
const LOCK: &str = ".lock";
/// Name of the manifest.
pub const MANIFEST: &str = "repro.json";

/// Where an artifact is put, relative to the results, if it is kept: on a pass, or of one build, what
/// is shipped, otherwise both sides of whatever is not the same.
fn places(pair: &Pair, scratch: &Path, verdict: Verdict) -> Vec<(PathBuf, PathBuf)> {
    let mut places = Vec::new();
    let mut place = |dir: String, side: Side, x: &Option<crate::artifact::Artifact>| {
        if let Some(x) = x {
            let below = x.path.strip_prefix(scratch.join(format!("kept-{}", side.label())));
            let below = below.unwrap_or(Path::new(&x.name));
            places.push((x.path.clone(), Path::new(&dir).join(below)));
        }
    };
    if verdict == Verdict::Single {
        if pair.either().kind.is_shipped() {
            place(ARTIFACTS.to_string(), Side::A, &pair.a);
        }
    } else if pair.status() != Status::Same {
        place(Side::A.lower(), Side::A, &pair.a);
        place(pair.other().lower(), pair.other(), &pair.b);
    } else if verdict.is_reproducible() && pair.either().kind.is_shipped() {
        place(ARTIFACTS.to_string(), Side::A, &pair.a);
    }
    places
}

/// The manifest's rows for what counts.
pub fn artifacts(
    comparison: &Comparison,
    scratch: &Path,
    verdict: Verdict,
) -> Vec<manifest::Artifact> {
    let counted = comparison.pairs.iter().filter(|p| p.in_verdict());
    counted
        .map(|pair| {
            let x = pair.either();
            let (status, same) = match (verdict, pair.status()) {
                (Verdict::Single, _) => (None, true),
                (_, status) => (Some(status), status == Status::Same),
            };
            let kept = places(pair, scratch, verdict).into_iter().next();
            let path = kept.filter(|_| same).map(|(_, to)| fs::slashed(&to));
            manifest::Artifact {
                package: x.package.clone(),
                target: x.target.clone(),
                kind: x.kind,
                name: x.name.clone(),
                status,
                size: same.then_some(x.digest.size),
                sha256: same.then(|| x.digest.sha256.clone()),
                path,
            }
        })
        .collect()
}

/// Writes everything. Returns the manifest's path.
pub fn publish(
    results: &Path,
    scratch: &Path,
    comparison: &Comparison,
    verdict: Verdict,
    manifest: &Manifest,
) -> Result<PathBuf> {
    check_place(results)?;
    fs::create_dir(results)?;
    let path = results.join(MANIFEST);
    let new = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(results)
        .with_context(|| format!("failed to write in `{}`", results.display()))?;
    for pair in &comparison.pairs {
        for (from, to) in places(pair, scratch, verdict) {
            copy_durably(&from, &new.path().join(to))?;
        }
    }
    let _lock = lock(results)?;
    crate::process::check_interrupt()?;
    fs::remove_tree_or_file(&path)?;
    let sides = Side::first(Side::MOST).map(Side::lower);
    for name in [ARTIFACTS, DIST].into_iter().map(str::to_string).chain(sides) {
        let (to, from) = (results.join(&name), new.path().join(&name));
        fs::remove_tree(&to)?;
        if from.exists() {
            std::fs::rename(&from, &to)
                .with_context(|| format!("failed to write `{}`", to.display()))?;
        }
    }
    fs::write_atomic(&path, &manifest.to_bytes()?)?;
    Ok(path)
}

/// Refuses results that would be put somewhere else: a source can have a link in its target directory, and
/// the results of the last build are removed.
pub fn check_place(results: &Path) -> Result<()> {
    let places = [results.to_owned(), results.join(LOCK)];
    let is_link = |path: &&PathBuf| std::fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink());
    match places.iter().find(is_link) {
        Some(link) => Err(refused(format!(
            "`{}` is a symbolic link, and results are written only in the target directory: remove it",
            link.display()
        ))),
        None => Ok(()),
    }
}

/// Waits until no other run changes the results, and keeps others out until it is dropped.
pub fn lock(results: &Path) -> Result<File> {
    check_place(results)?;
    let lock = fs::lock_file(&results.join(LOCK))?;
    lock.lock().context("failed to lock the results directory")?;
    Ok(lock)
}

fn copy_durably(from: &Path, to: &Path) -> Result<()> {
    let what = || format!("failed to copy `{}` to `{}`", from.display(), to.display());
    if let Some(dir) = to.parent() {
        fs::create_dir(dir)?;
    }
    let copied = || -> std::io::Result<()> {
        let (mut source, mut copy) = (File::open(from)?, File::create(to)?);
        std::io::copy(&mut source, &mut copy)?;
        copy.set_permissions(source.metadata()?.permissions())?;
        // Windows refuses this to a file that was opened for reading, and to open a read-only one for writing.
        copy.sync_all()
    };
    copied().with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_file_is_copied_with_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("new/to"));
        std::fs::write(&from, "bytes").unwrap();
        let mut permissions = from.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&from, permissions).unwrap();
        copy_durably(&from, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"bytes");
        assert_eq!(to.metadata().unwrap().permissions(), from.metadata().unwrap().permissions());
        for path in [from, to] {
            fs::remove_tree_or_file(&path).or_else(|_| fs::remove_tree(dir.path())).unwrap();
        }
    }
}

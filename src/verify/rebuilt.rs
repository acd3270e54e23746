//! What was rebuilt, and the source that it was built from, as published files are held against it.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::artifact::{Artifact, ArtifactSet};
use crate::digest::{self, Digest};
use crate::explain::Clocks;
use crate::fs;
use crate::limits::Limits;
use crate::manifest;
use crate::source::Source;

/// The rebuild.
pub(super) struct Rebuilt<'a> {
    /// What was built and counts.
    pub(super) artifacts: &'a ArtifactSet,
    /// Whether there is a manifest: then what it does not know is a difference.
    pub(super) manifest: bool,
    /// SOURCE_DATE_EPOCH of the build.
    pub(super) epoch: i64,
    /// The notes have another reason for a difference than another source.
    pub(super) doubted: bool,
    /// Times that published and rebuilt files may hold, where they are known.
    pub(super) clocks: Option<Clocks>,
    /// What archives may ask for.
    pub(super) limits: &'a Limits,
    /// The source: copied once more when it is asked for, as builds may change their copy.
    pub(super) source: &'a Source,
    /// Scratch directory of the run.
    pub(super) scratch: &'a Path,
    pub(super) pristine: OnceCell<Pristine>,
    pub(super) places: Cell<usize>,
}

/// A copy of the source that no build has touched.
pub(super) struct Pristine {
    /// Its workspace.
    pub(super) workspace: PathBuf,
    files: HashMap<String, PathBuf>,
}

impl Rebuilt<'_> {
    /// What was built in the place of one of the manifest's artifacts.
    pub(super) fn like(&self, wanted: &manifest::Artifact) -> Option<&Artifact> {
        let same = |a: &&Artifact| {
            a.name == wanted.name
                && a.target == wanted.target
                && a.package == wanted.package
                && a.kind.name() == wanted.kind
        };
        let exact = |a: &&Artifact| same(a) && wanted.sha256.as_deref() == Some(&a.digest.sha256);
        self.artifacts.iter().find(exact).or_else(|| self.artifacts.iter().find(same))
    }

    /// What was built, for the target if one is given, and has these bytes.
    pub(super) fn with_bytes(&self, digest: &Digest, target: Option<&str>) -> Option<&Artifact> {
        let fits = |a: &&Artifact| target.is_none_or(|t| a.target == t) && a.digest == *digest;
        self.artifacts.iter().find(fits)
    }

    /// What was built that has these bytes; else what has this name; else the one thing that was
    /// built, since releases give binaries other names.
    pub(super) fn named(&self, name: &str, digest: &Digest) -> Option<&Artifact> {
        let all = || self.artifacts.iter();
        let mut shipped = all().filter(|a| a.kind.is_shipped());
        let only = shipped.next().filter(|_| shipped.next().is_none());
        all().find(|a| a.digest == *digest).or_else(|| all().find(|a| a.name == name)).or(only)
    }

    /// The source as it is before any build.
    pub(super) fn pristine(&self) -> Result<&Pristine> {
        if let Some(pristine) = self.pristine.get() {
            return Ok(pristine);
        }
        let root = self.scratch.join("pristine");
        self.source.check_out(&root)?;
        let mut files = HashMap::new();
        for (path, meta) in fs::walk(&root, &mut |p| p.file_name() != Some(".git".as_ref()))? {
            if meta.is_file() {
                files.entry(digest::of_file(&path)?.sha256).or_insert(path);
            }
        }
        Ok(self
            .pristine
            .get_or_init(|| Pristine { workspace: root.join(&self.source.workspace), files }))
    }

    /// A directory that is not there yet.
    pub(super) fn fresh_place(&self, what: &str) -> PathBuf {
        let n = self.places.replace(self.places.get() + 1);
        self.scratch.join(format!("{what}-{n}"))
    }
}

impl Pristine {
    /// A file with this digest: at the path, if that has it, else anywhere.
    pub(super) fn file(&self, path: &Path, digest: &Digest) -> Result<Option<PathBuf>> {
        let there = self.workspace.join(path);
        let is_file = std::fs::symlink_metadata(&there).is_ok_and(|m| m.is_file());
        if is_file && digest::of_file(&there)? == *digest {
            return Ok(Some(there));
        }
        Ok(self.files.get(&digest.sha256).cloned())
    }
}

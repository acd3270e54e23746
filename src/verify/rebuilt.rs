//! The rebuilt files and their source, in the form that published files are compared with.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_explain::Clocks;
use repro_formats::digest::{self, Digest};
use repro_formats::limits::Limits;

use crate::artifact::{Artifact, ArtifactSet};
use crate::fs::canonicalize;
use crate::manifest;
use crate::oci::config::Wishes;
use crate::project::metadata::Defaults;
use crate::setting::entry::Setting;
use crate::source::{Source, include};

/// The rebuild.
pub(super) struct Rebuilt<'a> {
    /// What was built and counts.
    pub(super) artifacts: &'a ArtifactSet,
    /// SOURCE_DATE_EPOCH of the build.
    pub(super) epoch: i64,
    /// Times that published and rebuilt files may hold, where they are known.
    pub(super) clocks: Option<Clocks>,
    /// The documents that are made of it, where the manifest lists what artifacts are made of.
    pub(super) sboms: Vec<(String, Vec<u8>)>,
    /// What archives may ask for.
    pub(super) limits: &'a Limits,
    /// The source: copied once more when it is asked for, as builds may change their copy.
    pub(super) source: &'a Source,
    /// Scratch directory of the run.
    pub(super) scratch: &'a Path,
    /// The commit, where one was built.
    pub(super) revision: Option<&'a str>,
    /// What archives and images had, and nothing in the source puts there.
    pub(super) extra: RefCell<Vec<Setting>>,
    pub(super) pristine: OnceCell<Pristine>,
    pub(super) places: Cell<usize>,
}

/// A copy of the source that no build has touched.
pub(super) struct Pristine {
    /// Its workspace.
    pub(super) workspace: PathBuf,
    /// What the source says of its image.
    pub(super) wishes: Wishes,
    /// What the source's own metadata puts into an archive: the name there, and the file.
    included: BTreeMap<Vec<u8>, PathBuf>,
}

impl<'a> Rebuilt<'a> {
    pub(super) fn new(
        artifacts: &'a ArtifactSet,
        epoch: i64,
        limits: &'a Limits,
        source: &'a Source,
        scratch: &'a Path,
    ) -> Rebuilt<'a> {
        Rebuilt {
            artifacts,
            epoch,
            clocks: None,
            sboms: Vec::new(),
            limits,
            source,
            scratch,
            revision: None,
            extra: RefCell::default(),
            pristine: OnceCell::new(),
            places: Cell::new(0),
        }
    }

    /// What was built in the place of one of the manifest's artifacts.
    pub(super) fn like(&self, wanted: &manifest::Artifact) -> Option<&'a Artifact> {
        self.artifacts.iter().find(|a| {
            a.name == wanted.name
                && a.target == wanted.target
                && a.package == wanted.package
                && a.kind == wanted.kind
        })
    }

    /// What was built, for the target if one is given, and has these bytes.
    pub(super) fn with_bytes(&self, digest: &Digest, target: Option<&str>) -> Option<&'a Artifact> {
        let fits = |a: &&Artifact| target.is_none_or(|t| a.target == t) && a.digest == *digest;
        self.artifacts.iter().find(fits)
    }

    /// What is shipped for the target, or for all.
    pub(super) fn shipped(&self, target: Option<&str>) -> impl Iterator<Item = &'a Artifact> {
        let fits = move |a: &&Artifact| target.is_none_or(|t| a.target == t);
        self.artifacts.iter().filter(|a| a.kind.is_shipped()).filter(fits)
    }

    /// What was built under the file's name; releases add a target or a version behind it.
    pub(super) fn named(&self, name: &str) -> Option<&'a Artifact> {
        let ends = |rest: &str| rest.starts_with(['-', '_', '.']);
        let extended = |a: &&Artifact| {
            let stem = a.name.strip_suffix(".exe").unwrap_or(&a.name);
            name.strip_prefix(stem).is_some_and(ends)
        };
        let exact = self.artifacts.iter().find(|a| a.name == name);
        exact.or_else(|| self.shipped(None).filter(extended).max_by_key(|a| a.name.len()))
    }

    /// The source as it is before any build.
    pub(super) fn pristine(&self) -> Result<&Pristine> {
        if let Some(pristine) = self.pristine.get() {
            return Ok(pristine);
        }
        let root = self.scratch.join("pristine");
        self.source.check_out(&root)?;
        let workspace = root.join(&self.source.workspace);
        let defaults = Defaults::read(&root.join(&self.source.package), &workspace)?;
        let wishes = defaults.image()?;
        let mut included = BTreeMap::new();
        for pattern in defaults.archive()?.include {
            // A pattern that matches nothing in the source puts nothing of it anywhere.
            let found = include::find(&[pattern], &workspace, &workspace).unwrap_or_default();
            included.extend(found.files);
        }
        Ok(self.pristine.get_or_init(|| Pristine { workspace, wishes, included }))
    }

    /// A directory that is not there yet.
    pub(super) fn fresh_place(&self, what: &str) -> PathBuf {
        let n = self.places.replace(self.places.get() + 1);
        self.scratch.join(format!("{what}-{n}"))
    }
}

/// Where a file of an archive comes from in the source.
pub(super) enum FromSource {
    /// The source's metadata puts it there.
    Included(PathBuf),
    /// It is the source's file of that path, and nothing in the source puts it into an archive.
    Extra(PathBuf),
}

impl Pristine {
    /// The file that an archive has under this name, if it has these bytes in the source.
    pub(super) fn file(&self, name: &[u8], digest: &Digest) -> Result<Option<FromSource>> {
        let is = |path: &Path| -> Result<bool> {
            let is_file = std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file());
            Ok(is_file && digest::of_file(path)? == *digest)
        };
        if let Some(path) = self.included.get(name) {
            return Ok(is(path)?.then(|| FromSource::Included(path.clone())));
        }
        let Ok(below) = std::str::from_utf8(name) else { return Ok(None) };
        let path = self.workspace.join(below);
        // A directory on the way may be a link of the source to any place of this machine.
        let real = (canonicalize(&path), canonicalize(&self.workspace));
        let inside = matches!(real, (Ok(path), Ok(root)) if path.starts_with(&root));
        Ok((inside && is(&path)?).then_some(FromSource::Extra(path)))
    }

    /// Whether the path is that of the source's file of this name.
    pub(super) fn is_at(&self, path: &Path, name: &[u8]) -> bool {
        path.strip_prefix(&self.workspace).is_ok_and(|p| p.as_os_str().as_encoded_bytes() == name)
    }

    /// What an archive has to hold besides what is built.
    pub(super) fn included(&self) -> impl Iterator<Item = &[u8]> {
        self.included.keys().map(Vec::as_slice)
    }
}

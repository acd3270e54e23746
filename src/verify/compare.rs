//! The rebuild held against what was published: the manifest's artifacts, and each file.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::published::Published;
use super::rebuild::counted;
use super::rebuilt::Rebuilt;
use crate::artifact::{Artifact, ArtifactSet, Kind};
use crate::build::Built;
use crate::cli::verify::VerifyRequest;
use crate::compare::{Comparison, compare};
use crate::digest::Digest;
use crate::epoch::EpochFrom;
use crate::explain::{Clocks, Window};
use crate::manifest::{self, Manifest};
use crate::project::Project;
use crate::recipe::Recipe;
use crate::report::verify::{Checked, Part};
use crate::source::identity::SourceFacts;
use crate::verdict::SINGLE;

/// 2015-05-15, when Rust 1.0 was released: no program's epoch is before.
const FIRST_RUST: i64 = 1_431_648_000;

/// What a rebuild is held against, and how.
pub(super) struct About<'a> {
    pub(super) asked: &'a VerifyRequest,
    pub(super) manifest: Option<&'a Manifest>,
    pub(super) project: &'a Project,
    pub(super) recipe: &'a Recipe,
    /// Which source it was.
    pub(super) facts: &'a SourceFacts,
}

/// What came of it.
pub(super) struct Held {
    pub(super) artifacts: ArtifactSet,
    pub(super) comparison: Option<Comparison>,
    pub(super) files: Vec<Checked>,
}

impl About<'_> {
    pub(super) fn hold(
        &self,
        built: &Built,
        published: &[Published],
        absent: Vec<Checked>,
        scratch: &Path,
    ) -> Result<Held> {
        let artifacts = counted(built);
        let comparison = self.manifest.map(|m| compare(&promised(m), &artifacts));
        let rebuilt = Rebuilt {
            artifacts: &artifacts,
            manifest: self.manifest.is_some(),
            epoch: self.recipe.facts().epoch.seconds,
            doubted: !self.facts.doubts.is_empty(),
            clocks: self.clocks(),
            limits: &self.asked.limits,
            source: &self.project.source,
            scratch,
            pristine: OnceCell::new(),
            places: Cell::new(0),
        };
        let mut files = absent;
        for file in published {
            files.extend(file.check(&rebuilt)?);
        }
        Ok(Held { comparison, files, artifacts })
    }

    /// Of a guessed SOURCE_DATE_EPOCH it is known where the rebuilt files would hold it, and the
    /// published ones their own.
    fn clocks(&self) -> Option<Clocks> {
        let epoch = self.recipe.facts().epoch;
        let guess = Window { from: epoch.seconds, to: epoch.seconds };
        let any = Window { from: FIRST_RUST, to: i64::from(u32::MAX) };
        (epoch.from == EpochFrom::Archive).then_some(Clocks { a: any, b: guess })
    }

    /// What the reader of the verdict should know.
    pub(super) fn notes(&self, held: &Held) -> Vec<String> {
        let mut notes = Vec::new();
        let Some(manifest) = self.manifest else {
            notes.extend(unchecked(held));
            return notes;
        };
        if manifest.verdict == SINGLE {
            notes.push("the publisher built once and compared nothing".to_string());
        }
        if let Some(wrapper) = &manifest.recipe.user_wrapper {
            notes.push(format!(
                "the publisher wrapped rustc in `{}`; here it is only if the source itself says so",
                wrapper.escape_debug()
            ));
        }
        let rows = self.recipe.rows();
        let said = manifest.recipe.rows.iter();
        let same = rows.len() == manifest.recipe.rows.len()
            && said.zip(&rows).all(|(a, b)| a.what == b.what && a.value == b.value);
        if !same {
            notes.push("the recipe's rows are not those of the manifest".to_string());
        }
        if held.files.is_empty() {
            notes.push("no published file was looked at, only the manifest's digests: name the files behind it".to_string());
        }
        notes
    }
}

/// The manifest's artifacts as a set to compare with.
pub(super) fn promised(manifest: &Manifest) -> ArtifactSet {
    let artifact = |a: &manifest::Artifact| {
        Some(Artifact {
            package: a.package.clone(),
            target: a.target.clone(),
            kind: Kind::named(&a.kind)?,
            name: a.name.clone(),
            digest: Digest { size: a.size?, sha256: a.sha256.clone()? },
            // Only digests are known of it.
            path: PathBuf::new(),
        })
    };
    ArtifactSet::new(manifest.artifacts.iter().filter_map(artifact).collect())
}

/// Without a manifest: what was built and nothing was held against.
fn unchecked(held: &Held) -> Option<String> {
    if held.files.iter().any(|c| c.part == Part::Members) {
        return None;
    }
    let seen = |a: &Artifact| held.files.iter().any(|c| c.rebuilt.as_ref() == Some(&a.digest));
    let left = held.artifacts.iter().filter(|a| a.kind.is_shipped() && !seen(a));
    let names: Vec<_> = left.map(|a| a.name.clone()).collect();
    (!names.is_empty())
        .then(|| format!("built, and nothing was held against it: {}", names.join(", ")))
}

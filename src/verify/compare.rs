//! Compares the rebuild with the published release: the manifest's artifacts, and each file.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_explain::{Clocks, Window};
use repro_formats::names::printable;

use super::published::Found;
use super::rebuild::counted;
use super::rebuilt::Rebuilt;
use super::settings;
use crate::artifact::{Artifact, ArtifactSet};
use crate::build::Built;
use crate::compare::{Comparison, compare};
use crate::epoch::EpochFrom;
use crate::manifest::components::Components;
use crate::manifest::{self, Manifest};
use crate::project::Project;
use crate::recipe::Recipe;
use crate::request::VerifyRequest;
use crate::sbom;
use crate::setting::entry::{Fate, Setting};
use crate::source::git_url;
use crate::toolchain::{Toolchain, field};
use crate::verdict::Verdict;
use crate::verify::result::{Checked, FileOutcome, Part, SettingRow, SettingState};

/// 2015-05-15, when Rust 1.0 was released: no program's epoch is before.
const FIRST_RUST: i64 = 1_431_648_000;

/// What a rebuild is compared with, and how.
pub(super) struct About<'a> {
    pub(super) asked: &'a VerifyRequest,
    pub(super) manifest: Option<&'a Manifest>,
    pub(super) project: &'a Project,
    pub(super) recipe: &'a Recipe,
}

/// What came of it.
pub(super) struct Held {
    pub(super) artifacts: ArtifactSet,
    pub(super) comparison: Option<Comparison>,
    pub(super) files: Vec<Checked>,
    /// What archives and images had, and nothing in the source puts there.
    pub(super) extra: Vec<Setting>,
    /// The manifest lists other contents of its artifacts than the rebuild has.
    pub(super) other_contents: bool,
}

impl About<'_> {
    pub(super) fn hold(
        &self,
        built: &Built,
        components: Option<Components>,
        found: Found,
        scratch: &Path,
    ) -> Result<Held> {
        let artifacts = counted(built);
        let comparison = self.manifest.map(|m| compare(&promised(m), &artifacts));
        let epoch = self.recipe.epoch.seconds;
        let limits = &self.asked.limits;
        let own = self.manifest.zip(components).map(|(manifest, components)| {
            rebuilt_manifest(manifest, components, &artifacts, &self.project.toolchain)
        });
        let listed = self.manifest.and_then(|m| m.components.as_ref());
        let other_contents = own.as_ref().is_some_and(|own| own.components.as_ref() != listed);
        let rebuilt = Rebuilt {
            clocks: self.clocks(),
            revision: self.manifest.and_then(|m| m.source.revision()),
            sboms: own.as_ref().map(sbom::all_documents).unwrap_or_default(),
            ..Rebuilt::new(&artifacts, epoch, limits, &self.project.source, scratch)
        };
        let mut files = found.wrong;
        for file in &found.files {
            files.extend(file.check(&rebuilt)?);
        }
        let mut extra = rebuilt.extra.take();
        if files.iter().any(|c| c.part == Part::Sbom && c.outcome == FileOutcome::Same) {
            extra.extend(self.named_place());
        }
        Ok(Held { comparison, files, extra, artifacts, other_contents })
    }

    /// The remote in the manifest, which a document has as the place of the source, where that is another
    /// place than this source came from. What the user accepts is listed since before the build.
    fn named_place(&self) -> Option<Setting> {
        let said = &self.manifest?.source;
        let remote = said.remote.as_deref().filter(|_| sbom::of_source(said).is_some())?;
        let here = self.project.source.remote();
        let setting = Setting::remote(remote);
        let known = here.is_some_and(|here| here == remote || git_url::same(here, remote))
            || settings::accepted(&setting, self.asked) == SettingState::Accepted;
        (!known).then_some(setting)
    }

    /// If SOURCE_DATE_EPOCH was guessed, rebuilt files contain the guess where published ones contain the
    /// publisher's.
    fn clocks(&self) -> Option<Clocks> {
        let epoch = self.recipe.epoch;
        let guess = Window { from: epoch.seconds, to: epoch.seconds };
        let any = Window { from: FIRST_RUST, to: i64::from(u32::MAX) };
        (epoch.from == EpochFrom::Archive).then_some(Clocks { a: any, b: guess })
    }

    /// What the reader of the verdict should know.
    pub(super) fn notes(&self, held: &Held, settings: &[SettingRow]) -> Vec<String> {
        let mut notes = Vec::new();
        let Some(manifest) = self.manifest else {
            notes.extend(unchecked(held));
            return notes;
        };
        if manifest.verdict == Verdict::Single {
            notes.push("the publisher built once and compared nothing".to_string());
        }
        for row in settings.iter().filter(|row| row.setting.fate == Fate::Fact) {
            if row.state == SettingState::Accepted {
                let name = printable(row.setting.name.as_bytes());
                notes.push(format!("{name} was not set in the rebuild, as you accepted"));
            }
        }
        if held.other_contents {
            notes.push("the manifest does not list what the rebuild linked into its artifacts: use no SBOM that is made from it".to_string());
        }
        if manifest.variations.as_ref().is_some_and(|v| v.applied.is_empty()) {
            notes.push("the publisher's two builds varied nothing".to_string());
        }
        let rows = self.recipe.rows();
        let said = manifest.recipe.rows.iter();
        let same = rows.len() == manifest.recipe.rows.len()
            && said.zip(&rows).all(|(a, b)| a.what == b.what && a.value == b.value);
        if !same {
            notes.push("the recipe's rows are not those of the manifest".to_string());
        }
        if held.files.is_empty() {
            notes.push("no published file was checked; list them after the manifest: `repro verify repro.json FILE…`".to_string());
        }
        notes
    }
}

/// The manifest with what was rebuilt in place of what it lists.
fn rebuilt_manifest(
    manifest: &Manifest,
    components: Components,
    artifacts: &ArtifactSet,
    toolchain: &Toolchain,
) -> Manifest {
    let commit = |verbose: &str| field(verbose, "commit-hash").map(str::to_string);
    let (theirs, ours) = (&manifest.toolchain.rustc, &toolchain.rustc_verbose);
    // If the commits are equal, the rest comes from the compiler itself.
    let rustc = match commit(&theirs.join("\n")) == commit(ours) {
        true => ours.lines().map(str::to_string).collect(),
        false => theirs.clone(),
    };
    let rebuilt = manifest.artifacts.iter().map(|listed| {
        let same = |a: &&Artifact| {
            a.target == listed.target && a.kind == listed.kind && a.name == listed.name
        };
        let sha256 = artifacts.iter().find(same).map(|a| a.digest.sha256.clone());
        manifest::Artifact { sha256, ..listed.clone() }
    });
    Manifest {
        toolchain: manifest::Toolchain { rustc, ..manifest.toolchain.clone() },
        artifacts: rebuilt.collect(),
        components: manifest.components.as_ref().map(|claimed| components.as_claimed(claimed)),
        ..manifest.clone()
    }
}

/// The manifest's artifacts as a set to compare with.
pub(super) fn promised(manifest: &Manifest) -> ArtifactSet {
    // Only digests are known of them.
    let known = manifest.artifacts.iter().filter_map(|a| a.known(PathBuf::new()));
    ArtifactSet::new(known.collect())
}

/// Without a manifest: built files that were not compared with any published file.
fn unchecked(held: &Held) -> Option<String> {
    if held.files.iter().any(|c| c.part == Part::Members) {
        return None;
    }
    let seen = |a: &Artifact| held.files.iter().any(|c| c.rebuilt.as_ref() == Some(&a.digest));
    let left = held.artifacts.iter().filter(|a| a.kind.is_shipped() && !seen(a));
    let names: Vec<_> = left.map(|a| a.name.clone()).collect();
    (!names.is_empty())
        .then(|| format!("built, but not compared with anything: {}", names.join(", ")))
}

//! What a verification found: one value, which `report/` only prints, and its exit code.

use std::path::PathBuf;

use repro_explain::cause::Cause;
use repro_explain::finding::Finding;
use repro_formats::digest::Digest;
use repro_formats::names::visible;

use crate::compare::Comparison;
pub use crate::request::STEPS;
use crate::sandbox::Isolation;
use crate::setting::entry::Setting;
use crate::source::identity::SourceFacts;
use crate::verdict::Verification;

/// What of a published file was held against the rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A file that a build makes.
    File,
    /// The members of an archive.
    Members,
    /// The bytes of an archive.
    Archive,
    /// A list of what an artifact is made of.
    Sbom,
}

impl Part {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Part::File => "file",
            Part::Members => "members",
            Part::Archive => "archive-bytes",
            Part::Sbom => "sbom",
        }
    }
}

/// How a published file compares with the rebuild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOutcome {
    /// Every byte is the same.
    Same,
    /// The same after these steps, of [`STEPS`].
    After(Vec<Cause>),
    /// It is not.
    Differs,
    /// The manifest lists it, and it is not there.
    Missing,
    /// The manifest does not list it: it was compared with nothing.
    Unlisted,
}

/// One published file, or a part of it, held against the rebuild.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Path or name, as the user knows it.
    pub name: String,
    /// Which part.
    pub part: Part,
    /// How it came out.
    pub outcome: FileOutcome,
    /// The published bytes; none where the file is absent.
    pub published: Option<Digest>,
    /// The rebuilt ones; none where there are none.
    pub rebuilt: Option<Digest>,
    /// Why it is not the same.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// A file that differs, for these reasons.
    pub fn differs(name: String, findings: Vec<Finding>) -> Checked {
        Checked {
            name: visible(&name),
            part: Part::File,
            outcome: FileOutcome::Differs,
            published: None,
            rebuilt: None,
            findings,
        }
    }
}

/// A setting of the publisher's that the source does not ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// What it is.
    pub setting: Setting,
    /// Who agreed to it.
    pub state: SettingState,
}

/// Who agreed to a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingState {
    /// The user, by `--accept-setting`.
    Accepted,
    /// The user gave the same setting.
    Given,
    /// Unknown.
    NotAccepted,
}

impl SettingState {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            SettingState::Accepted => "accepted",
            SettingState::Given => "given",
            SettingState::NotAccepted => "not-accepted",
        }
    }
}

/// A difference between the two machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// What: a program, a file of the linker's, a variable.
    pub what: String,
    /// As the manifest has it.
    pub published: String,
    /// As it is here.
    pub here: String,
}

/// How published files without a manifest were made, of those that were not rebuilt the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBy {
    /// Their compilers; none where they were stripped of that.
    pub rustc: Vec<String>,
    /// Their linkers, likewise.
    pub linkers: Vec<String>,
    /// The release that rebuilt them.
    pub here_rustc: String,
    /// The linkers that the rebuilt files tell of.
    pub here_linkers: Vec<String>,
}

/// What a verification found.
#[derive(Default)]
pub struct Report {
    /// The verdict.
    pub verdict: Verification,
    /// The steps that were needed.
    pub steps: Vec<Cause>,
    /// Of these, the ones that the user accepts.
    pub accepted: Vec<Cause>,
    /// Settings that the source does not ask for.
    pub settings: Vec<SettingRow>,
    /// The user asked for no more than the manifest.
    pub manifest_only: bool,
    /// One line that names the source; none where a file was wrong before it was looked at.
    pub source: Option<String>,
    /// Which source it is.
    pub facts: SourceFacts,
    /// SOURCE_DATE_EPOCH of a source that has no commit to take it from.
    pub epoch: Option<i64>,
    /// First line of `rustc -vV`; none where nothing was built.
    pub toolchain: Option<String>,
    /// Whether the rebuild was without network and home.
    pub isolation: Option<Isolation>,
    /// The manifest's artifacts as A, the rebuilt ones as B; none where there is no manifest.
    pub comparison: Option<Comparison>,
    /// The published files.
    pub files: Vec<Checked>,
    /// Who made the published files, where they differ and there is no manifest.
    pub made: Option<MadeBy>,
    /// What the machines differ in; looked at where something differs.
    pub surroundings: Vec<Surroundings>,
    /// Things that the user should know.
    pub notes: Vec<String>,
    /// The manifest, if there is one.
    pub manifest: Option<PathBuf>,
    /// Where the rebuilt files are, if they were kept.
    pub output: Option<PathBuf>,
}

impl Report {
    /// The published files of which every byte was held against the rebuild, and is the same.
    pub fn same(&self) -> impl Iterator<Item = &Checked> {
        let whole = self.files.iter().filter(|f| f.part != Part::Members);
        whole.filter(|f| f.outcome == FileOutcome::Same)
    }

    /// The process exit code.
    pub fn code(&self) -> u8 {
        let accepted = match self.verdict {
            Verification::Manifest => self.manifest_only,
            _ => self.steps.iter().all(|s| self.accepted.contains(s)),
        };
        self.verdict.code(accepted)
    }
}

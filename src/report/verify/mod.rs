//! What a verification found: one value, which the renderings only print, and the verdict that
//! follows from it. Pure.

mod identity;
pub mod json;
pub mod several;
pub mod text;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cause::Cause;
use crate::compare::Comparison;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::source::identity::SourceFacts;
use crate::verdict::{Status, Verification};

/// Causes that a user may accept: steps after which files are equal that were not before, and that
/// leave what is in them as it is.
pub const STEPS: &[Cause] = &[
    Cause::ArchiveMtime,
    Cause::ArchiveOwner,
    Cause::ArchiveMode,
    Cause::ArchiveOrder,
    Cause::Compressor,
    Cause::CodeSignature,
];

/// What of a published file was held against the rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A file that a build makes.
    File,
    /// The members of an archive.
    Members,
    /// The bytes of an archive.
    Archive,
}

impl Part {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Part::File => "file",
            Part::Members => "members",
            Part::Archive => "archive-bytes",
        }
    }
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every byte is the same.
    Same,
    /// The same after these steps, of [`STEPS`].
    After(Vec<Cause>),
    /// It is not.
    Differs,
}

/// One published file, or a part of it, held against the rebuild.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Path or name, as the user knows it.
    pub name: String,
    /// Which part.
    pub part: Part,
    /// How it came out.
    pub outcome: Outcome,
    /// The published bytes; none where the file is absent.
    pub published: Option<Digest>,
    /// The rebuilt ones; none where there are none.
    pub rebuilt: Option<Digest>,
    /// Why it is not the same.
    pub findings: Vec<Finding>,
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

/// What a verification found.
pub struct Report {
    /// The verdict.
    pub verdict: Verification,
    /// The steps that were needed.
    pub steps: Vec<Cause>,
    /// Of these, the ones that the user accepts.
    pub accepted: Vec<Cause>,
    /// One line that names the source.
    pub source: String,
    /// Which source it is.
    pub facts: SourceFacts,
    /// First line of `rustc -vV`.
    pub toolchain: String,
    /// Whether the rebuild was without network and home.
    pub sandbox: bool,
    /// The manifest's artifacts as A, the rebuilt ones as B; none where there is no manifest.
    pub comparison: Option<Comparison>,
    /// The published files.
    pub files: Vec<Checked>,
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
    /// The process exit code.
    pub fn code(&self) -> u8 {
        let all = self.steps.iter().all(|s| self.accepted.contains(s));
        self.verdict.code(all)
    }
}

/// The verdict and the steps that it needs; `None` if nothing was compared, which is never a pass.
pub fn verdict(
    comparison: Option<&Comparison>,
    files: &[Checked],
) -> Option<(Verification, Vec<Cause>)> {
    let pairs = comparison.map(|c| c.pairs.as_slice()).unwrap_or_default();
    if pairs.is_empty() && files.is_empty() {
        return None;
    }
    let all_same = pairs.iter().all(|p| p.status() == Status::Same);
    let mut steps = BTreeSet::new();
    let mut worst = match all_same {
        true => Verification::Reproduced,
        false => Verification::Differs,
    };
    for file in files {
        worst = worst.max(match &file.outcome {
            Outcome::Same => Verification::Reproduced,
            Outcome::After(needed) => {
                steps.extend(needed);
                Verification::AfterNormalising
            }
            Outcome::Differs => Verification::Differs,
        });
    }
    Some((worst, steps.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(outcome: Outcome) -> Checked {
        Checked {
            name: "x".into(),
            part: Part::File,
            outcome,
            published: None,
            rebuilt: None,
            findings: Vec::new(),
        }
    }

    #[test]
    fn the_worst_part_decides_and_steps_are_listed() {
        let after = |causes: &[Cause]| checked(Outcome::After(causes.to_vec()));
        let same = || checked(Outcome::Same);
        assert_eq!(verdict(None, &[]), None);
        assert_eq!(verdict(None, &[same(), same()]), Some((Verification::Reproduced, Vec::new())));
        let steps =
            [after(&[Cause::Compressor]), same(), after(&[Cause::ArchiveMtime, Cause::Compressor])];
        assert_eq!(
            verdict(None, &steps),
            Some((Verification::AfterNormalising, vec![Cause::ArchiveMtime, Cause::Compressor]))
        );
        let (worst, _) =
            verdict(None, &[after(&[Cause::Compressor]), checked(Outcome::Differs)]).unwrap();
        assert_eq!(worst, Verification::Differs);
        let empty = Comparison { pairs: Vec::new() };
        assert_eq!(verdict(Some(&empty), &[]), None);
    }
}

//! A crate that diverged first, and the known reasons. Plain values: `blame` fills them from evidence, `replay` adds
//! what experiments have shown, and reports print them.

use std::fmt;

use repro_explain::Package;
use repro_explain::cause::Cause;

use crate::blame::changes::What;
use crate::term::count;
use crate::variation::VariationId;

/// What kind of unit diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// A build script: its program, or what it left when it ran.
    BuildScript,
    /// A procedural macro.
    ProcMacro,
    /// A library.
    Lib,
    /// A program.
    Bin,
}

impl UnitKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            UnitKind::BuildScript => "build-script",
            UnitKind::ProcMacro => "proc-macro",
            UnitKind::Lib => "lib",
            UnitKind::Bin => "bin",
        }
    }
}

/// What a culprit did in both builds, so that it can be run again alone: indices into their traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// In build A.
    pub a: usize,
    /// In build B.
    pub b: usize,
    /// Which of its outputs differ.
    pub parts: Parts,
    /// All that it was made from agrees.
    pub alone: bool,
}

/// What differs of a unit's outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parts {
    /// It is a run of a build script: what it left and told, and whether that differs by nothing but
    /// the directories of the builds.
    Run(Vec<(What, bool)>),
    /// It is a rustc call: files, by what they are.
    Call(Vec<String>),
}

/// Whether experiments have shown why a unit diverged.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// They have.
    Confirmed(Confirmed),
    /// They have not: why.
    Suspected(String),
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proof::Suspected(why) => write!(f, "suspected: {why}"),
            Proof::Confirmed(Confirmed {
                variations,
                file_system,
                itself,
                replays,
                seconds,
                ..
            }) => {
                let called = |id: &VariationId| match *id {
                    VariationId::DirectoryOrder if *file_system => {
                        "the file system of the source".to_string()
                    }
                    id => called(id),
                };
                let labels: Vec<String> = variations.iter().map(called).collect();
                let only = match labels.as_slice() {
                    [] => None,
                    [one] => Some(format!("only {one} changes this output")),
                    [most @ .., last] => {
                        let most = most.join(", ");
                        Some(format!("only {most} and {last} change this output"))
                    }
                };
                let itself = itself.map(|itself| match itself {
                    Itself::Chance if *file_system => {
                        "it is an inode number, and each copy has a different one"
                    }
                    Itself::Chance => "it differs from run to run, with a stopped clock too",
                    Itself::Time => "it differs from run to run, but not with a stopped clock",
                });
                let what: Vec<String> =
                    only.into_iter().chain(itself.map(str::to_string)).collect();
                let replays = count(*replays, "replay", "replays");
                write!(f, "confirmed: {}; {replays}, {seconds:.1} s", what.join("; "))
            }
        }
    }
}

/// The value of a variation, in a sentence.
fn called(id: VariationId) -> String {
    let label = id.row().label;
    match label.starts_with("a ") || label.starts_with(char::is_uppercase) {
        true => label.to_string(),
        false => format!("the {label}"),
    }
}

/// What experiments have shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmed {
    /// The variations that change the output; no other one does.
    pub variations: Vec<VariationId>,
    /// Of the variation `directory-order` it is the file system that changes it, and not the order; without
    /// a variation, it is the number of a file.
    pub file_system: bool,
    /// It differs by itself, too.
    pub itself: Option<Itself>,
    /// How often the unit was run again.
    pub replays: usize,
    /// Of these, how often to search; the others are controls.
    pub searches: usize,
    /// How long that took, in seconds.
    pub seconds: f64,
}

/// Why an output differs from one run to the next though nothing is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Itself {
    /// Random numbers, the order of threads, ids.
    Chance,
    /// The time: with a clock that stands still it does not.
    Time,
}

/// A unit that diverged although everything that it was made from agrees.
#[derive(Clone, Debug, PartialEq)]
pub struct Culprit {
    /// `name version` of its package.
    pub package: String,
    /// What it is.
    pub unit: UnitKind,
    /// Why, as far as is known; at least one.
    pub causes: Vec<Cause>,
    /// What shows it, one line each.
    pub evidence: Vec<String>,
    /// The file below the root of the source, and the line in it, that speaks of what differs.
    pub source: Option<(String, usize)>,
    /// What to change: sentences.
    pub remedies: Vec<String>,
    /// The packages that can be the reason: its own, and those that it uses.
    pub packages: Vec<Package>,
    /// Values of A and B in what it left and told: they may show up in other outputs.
    pub values: Vec<(String, String)>,
    /// Packages that differ because of it, those first that others are made of.
    pub via: Vec<String>,
    /// What can be run again of it.
    pub subjects: Vec<Subject>,
    /// What that has shown.
    pub proof: Proof,
}

impl Culprit {
    /// Packages from its own to the last that it reached.
    pub fn links(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.package).chain(&self.via)
    }

    /// Whether both are the same unit of a package.
    pub fn is_same_unit(&self, other: &Culprit) -> bool {
        (self.unit, &self.package) == (other.unit, &other.package)
    }

    /// Whether it was shown to differ from run to run.
    pub fn is_by_chance(&self) -> bool {
        matches!(&self.proof, Proof::Confirmed(c) if c.itself == Some(Itself::Chance))
    }
}

/// Adds what a list does not have yet.
pub fn add_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_sentences() {
        let shown = |variations: &[VariationId], itself, replays| {
            let variations = variations.to_vec();
            let file_system = variations == [VariationId::DirectoryOrder];
            Proof::Confirmed(Confirmed {
                variations,
                file_system,
                itself,
                replays,
                searches: 1,
                seconds: 1.44,
            })
            .to_string()
        };
        use VariationId::{Clock, Environment, Timezone};
        let (chance, time) = (Some(Itself::Chance), Some(Itself::Time));
        let cases = [
            (
                shown(&[VariationId::DirectoryOrder], None, 9),
                "only the file system of the source changes this output; 9 replays, 1.4 s",
            ),
            (shown(&[Timezone], None, 6), "only TZ changes this output; 6 replays, 1.4 s"),
            (
                shown(&[Timezone, Environment, Clock], None, 1),
                "only TZ, a variable of the environment and the time of the build change this output; 1 replay, 1.4 s",
            ),
            (
                shown(&[], chance, 4),
                "it differs from run to run, with a stopped clock too; 4 replays, 1.4 s",
            ),
            (
                shown(&[Timezone], time, 9),
                "only TZ changes this output; it differs from run to run, but not with a stopped clock; 9 replays, 1.4 s",
            ),
        ];
        for (said, want) in cases {
            assert_eq!(said, format!("confirmed: {want}"));
        }
        assert_eq!(Proof::Suspected("no".into()).to_string(), "suspected: no");
    }
}

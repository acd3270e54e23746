//! What a count of attestations found: who votes for the published files, and what that comes to.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::result::Report;
use crate::attest::statement::Files;
use crate::attest::votes::Count;
use crate::request::Owner;
use crate::verdict::Verification;

/// What was found.
pub struct Attested {
    /// How many groups have to agree.
    pub threshold: usize,
    /// How many groups are trusted.
    pub trusted: usize,
    /// The votes.
    pub count: Count,
    /// The published files that they are about.
    pub files: Files,
    /// Published files that are not what the manifest lists.
    pub wrong: Vec<String>,
    /// Published files that have the name of another one, and other bytes.
    pub twins: Vec<String>,
    /// What was not looked at.
    pub notes: Vec<String>,
    /// The manifest.
    pub manifest: PathBuf,
    /// The attestations, by name and SHA-256.
    pub evidence: Vec<(String, String)>,
    /// SHA-256 of the trust file.
    pub trust: String,
    /// The rebuild, if there was one.
    pub rebuild: Option<Rebuilt>,
}

/// A rebuild that votes.
pub struct Rebuilt {
    /// For whom.
    pub owner: Owner,
    /// What it found.
    pub report: Box<Report>,
}

impl Rebuilt {
    /// The owner, as reports name it.
    pub fn name(&self) -> &str {
        match &self.owner {
            Owner::Itself => "this rebuild",
            Owner::Trusted(group) => group,
        }
    }

    /// It votes if every byte of every file is its own; what has to be accepted first is no vote.
    pub fn votes(&self, files: &Files) -> bool {
        let same: BTreeSet<&str> =
            self.report.same().filter_map(|f| Some(&*f.published.as_ref()?.sha256)).collect();
        self.report.verdict == Verification::Reproduced
            && files.values().all(|sha256| same.contains(&**sha256))
    }
}

impl Attested {
    /// Whether enough owners vote for every file, and a rebuild is not against them.
    pub fn passes(&self) -> bool {
        self.verdict() == Verdict::Attested
    }

    /// The owners who vote for every file, each once.
    pub fn owners(&self) -> Vec<&str> {
        let mut owners: Vec<&str> = self.count.groups.iter().map(String::as_str).collect();
        if let Some(rebuild) = self.rebuild.as_ref().filter(|r| r.votes(&self.files)) {
            let counted = match &rebuild.owner {
                Owner::Itself => false,
                Owner::Trusted(group) => self.count.groups.contains(group),
            };
            owners.extend((!counted).then_some(rebuild.name()));
        }
        owners
    }

    /// How many owners could.
    pub fn possible(&self) -> usize {
        let own = self.rebuild.as_ref().is_some_and(|r| r.owner == Owner::Itself);
        self.trusted + usize::from(own)
    }

    /// Owners who attest other bytes of a file of this build, whatever the verdict.
    pub fn disputing(&self) -> BTreeSet<&str> {
        let ballots = self.count.ballots.iter().filter(|b| b.other_bytes_of.is_some());
        ballots.filter_map(|b| b.group.as_deref()).collect()
    }

    /// What the count ends in.
    pub fn verdict(&self) -> Verdict {
        // No votes make up for a requested rebuild that does not pass.
        let rebuilt = self.rebuild.as_ref().is_none_or(|r| r.report.code() == 0);
        match (self.wrong.is_empty() && self.twins.is_empty(), rebuilt) {
            (false, _) => Verdict::Differs,
            (true, false) => Verdict::NotConfirmed,
            (true, true) if self.owners().len() >= self.threshold => Verdict::Attested,
            (true, true) => Verdict::NotEnough,
        }
    }

    /// The process exit code.
    pub fn code(&self) -> u8 {
        (!self.passes()).into()
    }
}

/// What a count ends in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Enough owners vote for every file.
    Attested,
    /// Too few do.
    NotEnough,
    /// They do, and the rebuild is not the same.
    NotConfirmed,
    /// A published file is not the one that they are about.
    Differs,
}

impl Verdict {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Attested => "attested",
            Verdict::NotEnough => "not-enough-votes",
            Verdict::NotConfirmed => "not-confirmed",
            Verdict::Differs => "differs",
        }
    }
}

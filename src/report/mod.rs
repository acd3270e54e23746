//! The report: one value that a run makes and the renderings only print.

pub mod check;
pub mod env;
pub mod files;
mod findings;
pub mod github;
pub mod html;
pub mod init;
pub mod inspect;
pub mod json;
pub mod ledger;
mod rows;
pub mod sarif;
pub mod shell;
pub mod summary;
pub mod survey;
pub mod text;
mod variations;

use std::path::PathBuf;

use repro_explain::{Explained, NOTHING};

use crate::blame::culprit::Culprit;
use crate::compare::{Comparison, Pair};
use crate::ledger::Split;
use crate::remedies::Tried;
use crate::sandbox::Isolation;
use crate::setting::entry::Setting;
use crate::verdict::Verdict;
use crate::{term, variation};

/// What a double build found.
pub struct Report {
    /// The subcommand.
    pub command: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// How many builds were made.
    pub builds: usize,
    /// All artifacts.
    pub comparison: Comparison,
    /// Why each pair of it differs, in the same order, as far as that was asked.
    pub explained: Vec<Explained>,
    /// The units that diverged first.
    pub blame: Vec<Culprit>,
    /// The remedies that were tried; none where that was not asked for.
    pub tried: Option<Vec<Tried>>,
    /// What was varied and what was not; none of a single build.
    pub coverage: Option<variation::coverage::Coverage>,
    /// How the units were come by; none without the ledger.
    pub split: Option<Split>,
    /// Whether the builds ran in sandboxes.
    pub isolation: Isolation,
    /// The one path of both builds, if they had one.
    pub at: Option<String>,
    /// Settings that the source does not ask for, which a verifier has to accept.
    pub settings: Vec<Setting>,
    /// One line that names the source.
    pub source: String,
    /// The compiler, as it names itself.
    pub toolchain: String,
    /// How another builder gets the same source: a phrase.
    pub how_to_verify: String,
    /// Things that the user should know.
    pub notes: Vec<String>,
    /// The user's variables that were not passed on, and of which builds have no other value.
    pub dropped: Vec<String>,
    /// Where the manifest is.
    pub manifest: PathBuf,
    /// Directory of the results.
    pub results: PathBuf,
}

/// `212 units from the ledger, 9 built twice`.
fn of_ledger(split: &Split) -> String {
    let units = term::count(split.reused, "unit", "units");
    let foreign = match split.foreign {
        0 => String::new(),
        n => format!(", {n} of them from a different machine"),
    };
    format!("{units} from the ledger{foreign}, {} built twice", split.twice.len())
}

impl Report {
    /// The last line of the report.
    pub fn last_line(&self) -> String {
        let text = self.verdict.row().text;
        let line = match (self.verdict, &self.at) {
            (Verdict::AtPath | Verdict::AtScratchPath, Some(path)) => format!("{text} {path}"),
            (Verdict::FromLedger, Some(path)) => format!("{} {path}", Verdict::AtPath.row().text),
            _ => text.to_string(),
        };
        match self.split.as_ref().filter(|s| s.reused > 0 && self.verdict.is_reproducible()) {
            Some(split) => format!("{line} ({})", of_ledger(split)),
            None => line,
        }
    }
}

impl Report {
    /// The probability that none of the builds showed a fault with two equally likely outcomes.
    pub fn missed(&self) -> f64 {
        0.5_f64.powi(i32::try_from(self.builds.saturating_sub(1)).unwrap_or(i32::MAX))
    }

    /// What more than two builds show: a sentence.
    pub fn of_builds(&self) -> Option<String> {
        if self.builds <= 2 {
            return None;
        }
        let found = match self.comparison.distinct() {
            0 | 1 => "all equal".to_string(),
            n => format!("up to {n} different outputs of one file"),
        };
        let (n, chance) = (self.builds - 1, self.missed() * 100.0);
        Some(format!(
            "{}, {found}; a fault with two equally likely outcomes is missed with a probability of 2^-{n} ({chance:.3} %)",
            self.builds
        ))
    }

    /// Each pair, with why it differs. No pair is left out for want of an explanation.
    pub fn pairs(&self) -> impl Iterator<Item = (&Pair, &Explained)> {
        let explained = self.explained.iter().chain(std::iter::repeat(&*NOTHING));
        self.comparison.pairs.iter().zip(explained)
    }
}

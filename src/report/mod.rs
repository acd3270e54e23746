//! The report: one value that a run makes and the renderings only print.

pub mod files;
pub mod json;
pub mod text;
pub mod verify;

use std::path::PathBuf;

use crate::compare::Comparison;
use crate::recipe::Row;
use crate::variation::Values;
use crate::verdict::Verdict;

/// What a double build found.
pub struct Report {
    /// The subcommand.
    pub command: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// All artifacts.
    pub comparison: Comparison,
    /// What differed between A and B.
    pub variations: Vec<(&'static str, Values)>,
    /// What did not, or not wholly, and why.
    pub not_varied: Vec<(&'static str, String)>,
    /// One line that names the source.
    pub source: String,
    /// How another builder gets the same source: a phrase.
    pub how_to_verify: String,
    /// Things that the user should know.
    pub notes: Vec<String>,
    /// The recipe.
    pub recipe: Vec<Row>,
    /// The user's variables that were not passed on.
    pub dropped: Vec<String>,
    /// Where the manifest is.
    pub manifest: PathBuf,
    /// Directory of the results.
    pub results: PathBuf,
}

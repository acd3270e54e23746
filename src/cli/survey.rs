//! Arguments of `repro survey`.

use std::path::PathBuf;

use clap::Args;

use crate::request::SurveyRequest;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro survey crates.txt --out survey     build each crate of the list that has no row yet
  repro survey crates.txt --out survey --rows 10 --time-limit 600
  repro survey crates.txt --out survey --retry
  repro survey crates.txt --out survey --rows 0 --markdown survey.md   only write the page";

/// Arguments of `repro survey`.
#[derive(Args)]
pub struct SurveyArgs {
    /// The crates, and what they may take.
    #[command(flatten)]
    pub request: SurveyRequest,
    /// Also write the results as a Markdown page
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

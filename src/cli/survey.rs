//! Arguments of `repro survey`.

use std::path::PathBuf;
use std::time::Duration;

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
    /// The crates, one per line: NAME (its newest version), NAME@VERSION, or the path of a .crate
    /// file. Empty lines and lines that start with `#` are skipped
    list: PathBuf,
    /// Where the rows, manifests and logs go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Stop a crate that takes longer, and everything that it started
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: u64,
    /// Stop a crate that takes more space on disk
    #[arg(long, value_name = "BYTES", default_value_t = 20_000_000_000)]
    disk_limit: u64,
    /// Build at most N crates now
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Build again the crates that failed to build or did not finish
    #[arg(long)]
    retry: bool,
    /// Write all rows of the list as a page
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

impl SurveyArgs {
    /// The plain values.
    pub fn request(self) -> SurveyRequest {
        SurveyRequest {
            list: self.list,
            out: self.out,
            time_limit: Duration::from_secs(self.time_limit),
            disk_limit: self.disk_limit,
            rows: self.rows,
            retry: self.retry,
        }
    }
}

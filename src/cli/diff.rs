//! Arguments of `repro diff`.

use std::path::PathBuf;

use clap::Args;

use super::output::OutputArgs;
use crate::request::{self, LimitArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  repro diff mine.tar.gz theirs.tar.gz     what differs, and why
  repro diff app-a app-b --html page.html  two programs, side by side in a browser
  repro diff --format json a.zip b.zip
  repro diff target/a target/b             two directories, crate by crate
  repro diff --list-causes                 what can differ, and what to do about it";

/// Arguments of `repro diff`.
#[derive(Args)]
pub struct DiffArgs {
    /// File or directory
    #[arg(required_unless_present = "list_causes")]
    a: Option<PathBuf>,
    /// The other file or directory, or an archive of the directory
    #[arg(required_unless_present = "list_causes")]
    b: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Format of the report
    #[command(flatten)]
    pub output: OutputArgs,
    /// Print every known cause with its fix and a source, and exit
    #[arg(long, exclusive = true, help_heading = "Output")]
    pub list_causes: bool,
    /// List every difference
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

impl DiffArgs {
    /// The plain values.
    pub fn request(self) -> request::Diff {
        request::Diff {
            a: self.a.unwrap_or_default(),
            b: self.b.unwrap_or_default(),
            limits: self.limits.limits(),
        }
    }
}

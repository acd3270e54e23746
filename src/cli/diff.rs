//! Arguments of `repro diff`.

use std::path::PathBuf;

use clap::Args;

use super::Format;
use super::limits::LimitArgs;
use crate::request;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro diff mine.tar.gz theirs.tar.gz     what differs, and why
  repro diff --format json a.zip b.zip";

/// Arguments of `repro diff`.
#[derive(Args)]
pub struct DiffArgs {
    /// One file
    a: PathBuf,
    /// The other
    b: PathBuf,
    #[command(flatten)]
    limits: LimitArgs,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// List every difference
    #[arg(short, long)]
    pub verbose: bool,
}

impl DiffArgs {
    /// The plain values.
    pub fn request(self) -> request::Diff {
        request::Diff {
            a: self.a,
            b: self.b,
            limits: self.limits.limits(),
        }
    }
}

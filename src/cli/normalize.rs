//! Arguments of `repro normalize`.

use std::path::PathBuf;

use clap::Args;

use super::limits::LimitArgs;
use super::output::Format;
use crate::request;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro normalize --epoch 1700000000 dist/*.tar.gz
  SOURCE_DATE_EPOCH=1700000000 repro normalize app.jar libx.a
  repro normalize --check --epoch 1700000000 x.zip    exit 1 if it would be changed
  repro normalize --list-formats";

/// Arguments of `repro normalize`.
#[derive(Args)]
pub struct NormalizeArgs {
    /// The files to rewrite
    #[arg(value_name = "FILE", required_unless_present = "list_formats")]
    paths: Vec<PathBuf>,
    /// Clamp timestamps to this time (seconds since 1970) [default: SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    epoch: Option<i64>,
    /// Change nothing; exit 1 if something would be changed
    #[arg(long)]
    check: bool,
    /// Print the formats and what is made fixed in each, and exit
    #[arg(long)]
    pub list_formats: bool,
    #[command(flatten)]
    limits: LimitArgs,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl NormalizeArgs {
    /// The plain values.
    pub fn request(self) -> request::Normalize {
        request::Normalize {
            paths: self.paths,
            epoch: self.epoch,
            check: self.check,
            limits: self.limits.limits(),
        }
    }
}

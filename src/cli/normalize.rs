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
  repro normalize --check --epoch 1700000000 x.zip    exit 1 if it is not in normal form
  repro normalize --dry-run --set-time 0 x.tar        list what would be changed
  repro normalize --list-formats";

/// The end of the year 9999: the last time that every format has room for, or clamps.
const LATEST: i64 = 253_402_300_799;

/// Arguments of `repro normalize`.
#[derive(Args)]
pub struct NormalizeArgs {
    /// The files to rewrite
    #[arg(value_name = "FILE", required_unless_present = "list_formats")]
    paths: Vec<PathBuf>,
    /// Clamp timestamps to this time, in seconds since 1970 [default: SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    epoch: Option<i64>,
    /// Set every timestamp to this time, even earlier ones
    #[arg(long, value_name = "SECONDS", conflicts_with = "epoch")]
    #[arg(value_parser = clap::value_parser!(i64).range(0..=LATEST))]
    set_time: Option<i64>,
    /// Normalize archives inside archives too
    #[arg(long)]
    recursive: bool,
    /// Change nothing; exit 1 unless every file is in normal form
    #[arg(long)]
    pub check: bool,
    /// Change nothing; list what would be changed, member by member
    #[arg(long)]
    pub dry_run: bool,
    /// Print the supported formats and what is normalized in each, and exit
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
            set_time: self.set_time,
            check: self.check,
            dry_run: self.dry_run,
            recursive: self.recursive,
            limits: self.limits.limits(),
        }
    }
}

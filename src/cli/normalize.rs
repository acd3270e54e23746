//! Arguments of `repro normalize`.

use clap::Args;

use super::output::Format;
use crate::request;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro normalize --epoch 1700000000 dist/*.tar.gz
  SOURCE_DATE_EPOCH=1700000000 repro normalize app.jar libx.a
  repro normalize --check --epoch 1700000000 x.zip    exit 1 if it is not in normal form
  repro normalize --dry-run --set-time 0 x.tar        list what would be changed
  repro normalize --list-formats";

/// Arguments of `repro normalize`.
#[derive(Args)]
pub struct NormalizeArgs {
    /// The files, and what becomes of them.
    #[command(flatten)]
    pub request: request::Normalize,
    /// Print the supported formats and what is normalized in each, and exit
    #[arg(long)]
    pub list_formats: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

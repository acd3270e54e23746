//! Arguments of `repro inspect`.

use clap::Args;

use super::output::Format;
use crate::request;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro inspect target/release/app         compiler, linker, crates and paths
  repro inspect ruff-0.14.0-*.whl          each binary in a wheel
  repro inspect --format json app.exe libx.dylib app.wasm";

/// Arguments of `repro inspect`.
#[derive(Args)]
pub struct InspectArgs {
    /// The files.
    #[command(flatten)]
    pub request: request::Inspect,
    /// List every crate
    #[arg(short, long)]
    pub verbose: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

//! Arguments of `repro inspect`.

use std::path::PathBuf;

use clap::Args;

use super::limits::LimitArgs;
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
    /// Programs, libraries, or archives that hold some
    #[arg(value_name = "FILE", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    /// List every crate
    #[arg(short, long)]
    pub verbose: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl InspectArgs {
    /// The plain values.
    pub fn request(self) -> request::Inspect {
        request::Inspect { paths: self.paths, limits: self.limits.limits() }
    }
}

//! Arguments of `repro inspect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::limits::LimitArgs;
use super::output::Format;
use crate::request;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro inspect target/release/app         compiler, linker, crates and paths
  repro inspect ruff-0.14.0-*.whl          each binary in a wheel
  repro inspect --format json app.exe libx.dylib app.wasm";

/// Format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    /// For people.
    Text,
    /// One JSON object, schema `repro.inspect/1`.
    Json,
}

impl InspectFormat {
    /// The same as the format of what is no report, such as an error.
    pub fn plain(self) -> Format {
        match self {
            InspectFormat::Text => Format::Text,
            InspectFormat::Json => Format::Json,
        }
    }
}

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
    #[arg(long, value_enum, default_value_t = InspectFormat::Text)]
    pub format: InspectFormat,
}

impl InspectArgs {
    /// The plain values.
    pub fn request(self) -> request::Inspect {
        request::Inspect { paths: self.paths, limits: self.limits.limits() }
    }
}

//! How a report is printed, for the subcommands that explain differences.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object, which names its schema.
    Json,
}

/// Format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// One JSON object, schema `repro.report/1`.
    Json,
    /// For people, with annotations for GitHub Actions and a step summary.
    Github,
}

/// Where a report goes, and in which forms.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// Format of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, help_heading = "Output")]
    pub format: ReportFormat,
    /// Also write the report as an HTML page
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub html: Option<PathBuf>,
    /// Also run diffoscope, if it is installed, on the first pair that differs
    #[arg(long, help_heading = "Output")]
    pub diffoscope: bool,
}

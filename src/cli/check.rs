//! Arguments of `repro check`.

use clap::{Args, ValueEnum};

use crate::check::rules::RULES;
use crate::request;
use crate::request::offering::Offering;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro check                              the project in this directory
  repro check --target x86_64-pc-windows-msvc --all-features
  repro check --deny warnings              warnings count as errors
  repro check --allow reads-vcs --warn git-rev
  repro check --sbom sbom.cdx.json         git dependencies against an SBOM
  repro check --list-rules
  repro check --explain map-order
  repro check --format sarif >check.sarif  for code scanning";

// A name that is no rule's is found out with the settings of the project's metadata.
const RULE: Offering<String> =
    Offering { read: |id| Ok(id.to_string()), names: || RULES.iter().map(|r| r.id).collect() };
const RULE_OR_WARNINGS: Offering<String> =
    Offering { names: || RULES.iter().map(|r| r.id).chain(["warnings"]).collect(), ..RULE };

/// Format of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// One JSON object, schema `repro.report/1`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

/// Arguments of `repro check`.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    request: request::Check,

    /// Do not report findings of this rule; can be given several times
    #[arg(long, value_name = "ID", value_parser = RULE, hide_possible_values = true, help_heading = "Rules")]
    allow: Vec<String>,
    /// Report findings of this rule as warnings
    #[arg(long, value_name = "ID", value_parser = RULE, hide_possible_values = true, help_heading = "Rules")]
    warn: Vec<String>,
    /// Report findings of this rule as errors; `warnings` for all warnings
    #[arg(long, value_name = "ID", value_parser = RULE_OR_WARNINGS, hide_possible_values = true, help_heading = "Rules")]
    deny: Vec<String>,
    /// Print the table of rules and exit
    #[arg(long, help_heading = "Rules")]
    pub list_rules: bool,
    /// Explain a rule and exit
    #[arg(long, value_name = "ID", value_parser = RULE, hide_possible_values = true, help_heading = "Rules")]
    pub explain: Option<String>,

    /// Format of the findings
    #[arg(long, value_enum, default_value_t = CheckFormat::Text, help_heading = "Output")]
    pub format: CheckFormat,
    /// List every finding, including infos
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

impl CheckArgs {
    /// The plain values.
    pub fn request(self) -> request::Check {
        request::Check { allow: self.allow, warn: self.warn, deny: self.deny, ..self.request }
    }
}

//! Arguments of `repro sbom`.

use clap::Args;

use crate::request::SbomRequest;
use crate::sbom::FORMS;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro sbom                               of the last build, into target/repro/dist/
  repro sbom --spec 1.7                    CycloneDX 1.7, which marks external libraries
  repro sbom --format spdx
  repro sbom release/repro.json -o sboms   of any manifest
  repro check --sbom target/repro/dist/app.cdx.json";

/// Arguments of `repro sbom`.
#[derive(Args)]
pub struct SbomArgs {
    /// Format of the documents
    #[arg(long, value_name = "FORMAT", default_value = FORMS[0].format, value_parser = format_names())]
    format: String,
    #[command(flatten)]
    request: SbomRequest,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    let mut names: Vec<&str> = FORMS.iter().map(|row| row.format).collect();
    names.dedup();
    names.into()
}

impl SbomArgs {
    /// The plain values.
    pub fn request(self) -> SbomRequest {
        SbomRequest { format: self.format, ..self.request }
    }
}

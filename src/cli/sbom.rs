//! Arguments of `repro sbom`.

use std::path::PathBuf;

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
    /// The manifest of a build [default: that of the last `repro build`]
    manifest: Option<PathBuf>,
    /// Format of the documents
    #[arg(long, value_name = "FORMAT", default_value = FORMS[0].format, value_parser = format_names())]
    format: String,
    /// Version of the format [default: 1.6 of CycloneDX, 2.3 of SPDX]
    #[arg(long, value_name = "VERSION")]
    spec: Option<String>,
    /// Directory to write to [default: `dist` of the last build, else that of the manifest]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH", conflicts_with = "manifest")]
    manifest_path: Option<PathBuf>,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    let mut names: Vec<&str> = FORMS.iter().map(|row| row.format).collect();
    names.dedup();
    names.into()
}

impl SbomArgs {
    /// The plain values.
    pub fn request(self) -> SbomRequest {
        SbomRequest {
            manifest: self.manifest,
            format: self.format,
            spec: self.spec,
            output: self.output,
            manifest_path: self.manifest_path,
        }
    }
}

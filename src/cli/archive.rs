//! Arguments of `repro archive`.

use clap::Args;
use repro_formats::formats;

use super::output::Format;
use crate::request;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro archive                            the artifacts of the last reproducible build, and
                                           the files in [package.metadata.repro.archive]
  repro archive --format tar.gz,tar.xz --include README.md --include 'LICENSE*'
  repro archive --format tar.gz,oci --base debian@sha256:…   an image based on a local OCI layout
  repro archive --format oci --base scratch                  an image of static programs
  repro archive DIR -o out.tar.gz          the content of any directory
  repro archive a.txt doc -o out.tar.xz       a list of files and directories
  repro archive --show-policy              how metadata is set, and why";

/// Arguments of `repro archive`.
#[derive(Args)]
pub struct ArchiveArgs {
    /// Archive formats, `oci` for a container image, and `json` for the report [default: the
    /// extension of -o; for a build, tar.gz, or zip for Windows]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = format_names())]
    format: Vec<String>,
    #[command(flatten)]
    request: request::Archive,
    /// Print how member metadata (order, owner, mode, time) is set, and exit
    #[arg(long)]
    pub show_policy: bool,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    let names = formats::FORMATS.iter().map(|f| f.name);
    names.chain([request::OCI, "json"]).collect::<Vec<_>>().into()
}

impl ArchiveArgs {
    /// Format of the report.
    pub fn report(&self) -> Format {
        if self.format.iter().any(|f| f == "json") { Format::Json } else { Format::Text }
    }

    /// The plain values.
    pub fn request(self) -> request::Archive {
        let detail = self.report() == Format::Json;
        let formats = self.format.into_iter().filter(|f| f != "json").collect();
        request::Archive { formats, detail, ..self.request }
    }
}

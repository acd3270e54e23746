//! Arguments of `repro archive`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use repro_formats::formats::FORMATS;

use super::output::Format;
use crate::request::{self, Packing};

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
    format: Vec<Option<Packing>>,
    #[command(flatten)]
    request: request::Archive,
    /// Print how member metadata (order, owner, mode, time) is set, and exit
    #[arg(long)]
    pub show_policy: bool,
}

/// `json` packs nothing.
fn format_names() -> impl TypedValueParser<Value = Option<Packing>> {
    let names = FORMATS.iter().map(|f| f.name).chain([request::OCI, "json"]);
    PossibleValuesParser::new(names).map(|name| Packing::named(&name))
}

impl ArchiveArgs {
    /// Format of the report.
    pub fn report(&self) -> Format {
        if self.format.contains(&None) { Format::Json } else { Format::Text }
    }

    /// The plain values.
    pub fn request(self) -> request::Archive {
        let detail = self.report() == Format::Json;
        let formats = self.format.into_iter().flatten().collect();
        request::Archive { formats, detail, ..self.request }
    }
}

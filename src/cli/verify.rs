//! Arguments of `repro verify`.

use clap::Args;

use super::output::Format;
use crate::request::{LimitArgs, VerifyRequest};

pub(super) const EXAMPLES: &str = "\
Examples:
  repro verify app-1.2.0-x86_64-unknown-linux-gnu.tar.gz   with repro.json next to it
  repro verify repro.json app --no-sandbox                 build scripts with your permissions
  repro verify --source https://host/app@v1.2.0 --artifact app
  repro verify --crate hyperfine@1.19.0 --artifact hyperfine
  repro verify dist --keys trusted.toml --threshold 2      signed statements of two builders
  repro verify dist --keys trusted.toml --rebuild          and one more vote, by rebuilding
  repro verify --against alice=a.json bob=b.json carol=c.json --threshold 2

Build scripts and macros of the source run on this machine: in a sandbox where bubblewrap works,
otherwise with your permissions.";

/// Arguments of `repro verify`.
#[derive(Args)]
pub struct VerifyArgs {
    /// What to verify, and how.
    #[command(flatten)]
    pub request: VerifyRequest,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    pub format: Format,
    #[command(flatten)]
    limits: LimitArgs,
}

impl VerifyArgs {
    /// The plain values.
    pub fn request(self) -> VerifyRequest {
        VerifyRequest { limits: self.limits.limits(), ..self.request }
    }
}

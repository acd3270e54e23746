//! Arguments of `repro init`.

use std::path::PathBuf;

use clap::Args;

use super::output::Format;
use super::selection::SelectionArgs;
use crate::request::{BuildRequest, InitRequest, SourceChoice};

pub(super) const EXAMPLES: &str = "\
Examples:
  repro init --dry-run                     show all that would be written, and write nothing
  repro init
  repro init -p mytool --target x86_64-unknown-linux-musl
  repro init --force                       overwrite existing files that differ

It writes .github/workflows/reproducible-release.yml, Dockerfile.repro, REPRODUCIBILITY.md, deny.toml and
rust-toolchain.toml, and adds the table metadata.repro to Cargo.toml.";

/// Arguments of `repro init`.
#[derive(Args)]
pub struct InitArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Overwrite existing files that differ
    #[arg(long)]
    force: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl InitArgs {
    /// The plain values.
    pub fn request(self) -> InitRequest {
        let source = SourceChoice { manifest: self.manifest_path, ..SourceChoice::default() };
        InitRequest {
            build: BuildRequest::of(source, self.selection.selection()),
            force: self.force,
            dry_run: self.dry_run,
        }
    }
}

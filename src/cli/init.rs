//! Arguments of `repro init`.

use std::path::PathBuf;

use clap::Args;

use super::output::Format;
use crate::request::{BuildRequest, InitRequest, Publishes, Selection, SourceChoice};

pub(super) const EXAMPLES: &str = "\
Examples:
  repro init --dry-run                     show all that would be written, and write nothing
  repro init
  repro init -p mytool --target x86_64-unknown-linux-musl
  repro init --target x86_64-unknown-linux-gnu --target aarch64-apple-darwin   a job for each
  repro init --install 0123456789abcdef0123456789abcdef01234567   which repro the workflows use
  repro init --force                       overwrite existing files that differ

Writes workflows for GitHub, Dockerfile.repro, REPRODUCIBILITY.md, deny.toml and
rust-toolchain.toml, and adds the table metadata.repro to Cargo.toml. Adds what is missing in
Cargo.toml and deny.toml. Leaves any other file that exists and differs alone, and shows the
difference. If cargo-dist or a workflow of the project already makes releases, the new workflows
only build and verify them, and publish nothing.";

/// Arguments of `repro init`.
#[derive(Args)]
pub struct InitArgs {
    #[command(flatten)]
    selection: Selection,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Overwrite existing files that differ
    #[arg(long)]
    force: bool,
    /// Install repro in workflows from this commit, or from the released archive for Linux x86_64 with this
    /// SHA-256 [default: the commit of this version's tag, looked up with git]
    #[arg(long, value_name = "COMMIT|SHA256")]
    install: Option<String>,
    /// What the workflows do [default: `verify` if cargo-dist or another workflow makes releases,
    /// else `release`]
    #[arg(long, value_name = "KIND")]
    workflow: Option<Publishes>,
    /// Show the files without writing them
    #[arg(long)]
    dry_run: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl InitArgs {
    /// The plain values.
    pub fn request(self) -> InitRequest {
        let source = SourceChoice::of(self.manifest_path);
        InitRequest {
            build: BuildRequest::of(source, self.selection),
            force: self.force,
            dry_run: self.dry_run,
            install: self.install,
            publishes: self.workflow,
        }
    }
}

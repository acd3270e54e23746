//! Arguments of `repro rebuilderd-backend` and `repro rebuilderd-sync`.

use std::path::PathBuf;

use clap::Args;

use crate::request::SandboxArgs;

pub(super) const BACKEND_EXAMPLES: &str = "\
Example, in rebuilderd-worker.conf:
  [backend.\"crates\"]
  path = \"/usr/local/bin/rebuilder-crates\"

where rebuilder-crates is a link to repro, or a script that refuses to build without a sandbox:
  exec repro rebuilderd-backend --sandbox \"$1\"";

pub(super) const SYNC_EXAMPLES: &str = "\
Example:
  repro rebuilderd-sync repro.json --base-url 'https://host/{name}/{version}' |
    rebuildctl pkgs sync-stdin";

/// Arguments of `repro rebuilderd-backend`.
#[derive(Args)]
pub struct BackendArgs {
    /// A manifest or a `.crate` file
    pub input: PathBuf,
    /// Whether build scripts run in a sandbox.
    #[command(flatten)]
    pub sandbox: SandboxArgs,
}

//! Arguments of `repro rebuilderd-backend` and `repro rebuilderd-sync`.

use std::path::PathBuf;

use clap::Args;

use super::verify::SandboxArgs;
use crate::request::Sync;

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

/// Arguments of `repro rebuilderd-sync`.
#[derive(Args)]
pub struct SyncArgs {
    /// Manifests
    #[arg(required = true)]
    manifests: Vec<PathBuf>,
    /// Where each manifest and the files that it lists are published; `{name}` and `{version}` are
    /// those of the package
    #[arg(long, value_name = "URL")]
    base_url: String,
    /// The distribution, which is also the name of the worker's backend
    #[arg(long, value_name = "NAME", default_value = "crates")]
    distribution: String,
    /// The distribution's release
    #[arg(long, value_name = "NAME")]
    release: Option<String>,
    /// The distribution's component
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
}

impl SyncArgs {
    /// The plain values.
    pub fn request(self) -> Sync {
        Sync {
            manifests: self.manifests,
            base_url: self.base_url,
            distribution: self.distribution,
            release: self.release,
            component: self.component,
        }
    }
}

//! Arguments of `repro build`.

use clap::Args;

use super::output::OutputArgs;
use crate::request::BuildRequest;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro build                              the commit HEAD, release profile
  repro build -p mytool --features tls     one package of a workspace
  repro build --target x86_64-unknown-linux-musl
  repro build --rev v1.2.0                 a different commit
  repro build --source DIR --epoch 0       a directory without git
  repro build --vary -clock,-umask         leave two variations out
  repro build --same-path                  both at /build/<name>, for crates that store their path
  repro build --builds 5                   more likely to find what differs only sometimes
  repro build --ledger                     faster: builds only what changed
  repro build --once                       one build, for `repro verify --against`
  repro build --format json >report.json   for scripts
  repro build --html report.html           a page with every difference side by side
  repro build --expand                     where macro expansions differ
  repro build --try-remedies --write-patch fix.patch
  repro build --show-recipe                the changes to the build, and why";

/// Arguments of `repro build`.
#[derive(Args)]
pub struct BuildArgs {
    /// What to build, and how.
    #[command(flatten)]
    pub request: BuildRequest,
    /// Exit with 0 even if nothing was varied, as with `--vary none`
    #[arg(long, help_heading = "Recipe")]
    pub allow_nothing_varied: bool,
    /// Print the table of variations and exit
    #[arg(long, help_heading = "Recipe")]
    pub list_variations: bool,
    /// Format of the report
    #[command(flatten)]
    pub output: OutputArgs,
}

//! Arguments of `repro ledger`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::Format;
use crate::request::{LedgerAction, LedgerRequest};

pub(super) const EXAMPLES: &str = "\
Examples:
  repro build --ledger                     use the ledger and add to it
  repro ledger list                        what is in it
  repro ledger verify                      check that nothing in it was changed
  repro ledger prune --max-size 1000000000 keep what was used last";

/// Arguments of `repro ledger`.
#[derive(Args)]
pub struct LedgerArgs {
    #[command(subcommand)]
    action: ActionArg,
    /// The ledger [default: `repro/ledger` in the cache directory]
    #[arg(long, value_name = "DIR", global = true)]
    ledger: Option<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    pub format: Format,
}

#[derive(Clone, Copy, Subcommand)]
enum ActionArg {
    /// Lists the units that later checks can reuse, the last used first.
    List,
    /// Checks the authentication code of every entry and the digest of every stored file.
    ///
    /// Exits with 1 if some cannot be used; builds ignore these, and `prune` removes them.
    Verify,
    /// Removes what cannot be used, then what was used least recently.
    Prune {
        /// Largest total size of the stored files, in bytes [default: 4 GiB]
        #[arg(long, value_name = "BYTES")]
        max_size: Option<u64>,
    },
}

impl LedgerArgs {
    /// The plain values.
    pub fn request(self) -> LedgerRequest {
        let action = match self.action {
            ActionArg::List => LedgerAction::List,
            ActionArg::Verify => LedgerAction::Verify,
            ActionArg::Prune { max_size } => LedgerAction::Prune { max_size },
        };
        LedgerRequest { dir: self.ledger, action }
    }
}

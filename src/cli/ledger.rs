//! Arguments of `repro ledger`.

use clap::Args;

use super::output::Format;
use crate::request::LedgerRequest;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro build --ledger                     use the ledger and add to it
  repro ledger list                        what is in it
  repro ledger verify                      check that nothing in it was changed
  repro ledger prune --max-size 1000000000 keep what was used last";

/// Arguments of `repro ledger`.
#[derive(Args)]
pub struct LedgerArgs {
    /// What to do, and where.
    #[command(flatten)]
    pub request: LedgerRequest,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    pub format: Format,
}

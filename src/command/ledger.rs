//! `repro ledger`: what is in the ledger, whether it is as it was written, and less of it.

use anyhow::Result;

use crate::ledger::store::{self, LARGEST, Ledger, StoredEntry};
use crate::report::ledger::{EntryLine, LedgerReport, State};
use crate::request::{LedgerAction, LedgerRequest};

/// Runs it.
///
/// # Errors
/// The ledger cannot be read or written.
pub fn run(asked: &LedgerRequest) -> Result<LedgerReport> {
    crate::fs::given(asked.dir.as_deref())?;
    let dir = asked.dir.clone().map_or_else(store::default_dir, Ok)?;
    let ledger = Ledger::open(&dir)?;
    let _lock = ledger.lock()?;
    let removed = match asked.action {
        LedgerAction::Prune { max_size } => Some(ledger.prune(max_size.unwrap_or(LARGEST))?),
        LedgerAction::List | LedgerAction::Verify => None,
    };
    let mut all = ledger.all()?;
    all.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.path.cmp(&b.path)));
    let verify = matches!(asked.action, LedgerAction::Verify);
    let entries = all.into_iter().map(|found| line(&ledger, found, verify)).collect();
    let listed = !matches!(asked.action, LedgerAction::Prune { .. });
    Ok(LedgerReport {
        dir: ledger.dir().to_owned(),
        entries,
        listed,
        size: ledger.size()?,
        removed,
    })
}

fn line(ledger: &Ledger, found: StoredEntry, verify: bool) -> EntryLine {
    let state = match &found.entry {
        None => State::Altered,
        Some(_) if !found.own => State::Foreign,
        Some(entry) if verify && !ledger.holds(entry) => State::Altered,
        Some(_) => State::Own,
    };
    let name = found.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entry = found.entry.unwrap_or_default();
    EntryLine {
        key: name,
        unit: format!("{} {}", entry.package, entry.crate_name).trim().to_string(),
        size: entry.outputs.iter().map(|o| o.size).sum(),
        varied: entry.varied.into_keys().collect(),
        state,
    }
}

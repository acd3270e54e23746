//! What is in the ledger, as text and as JSON.

use std::fmt::Write;
use std::path::PathBuf;

use repro_formats::names::printable;
use serde::Serialize;

use crate::report::json::{SCHEMA, encode};
use crate::term::{self, BOLD, GOOD, WARN};

/// What was found.
pub struct LedgerReport {
    /// The ledger.
    pub dir: PathBuf,
    /// Its entries, the last used first.
    pub entries: Vec<EntryLine>,
    /// Whether they are listed one by one.
    pub listed: bool,
    /// Bytes that the stored files take.
    pub size: u64,
    /// How many were removed, if that was asked for.
    pub removed: Option<usize>,
}

/// One entry.
#[derive(Serialize)]
pub struct EntryLine {
    /// Its key.
    pub key: String,
    /// Package, version and crate; empty where that is not known.
    pub unit: String,
    /// Bytes of its outputs, unpacked.
    pub size: u64,
    /// What was varied when both builds made the same.
    pub varied: Vec<String>,
    /// Whether it can be used.
    pub state: State,
}

/// Whether an entry can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// This user wrote it.
    Own,
    /// Someone else did, or it was altered in a way that leaves an entry: only with
    /// `--ledger-trust-cache`.
    Foreign,
    /// Not at all.
    Altered,
}

impl LedgerReport {
    /// How many entries cannot be used as they are.
    fn unusable(&self) -> usize {
        self.entries.iter().filter(|e| e.state != State::Own).count()
    }

    /// The exit code.
    pub fn code(&self, verified: bool) -> u8 {
        (verified && self.unusable() > 0).into()
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for entry in self.entries.iter().filter(|_| self.listed) {
            let (style, note) = match entry.state {
                State::Own => (GOOD, ""),
                State::Foreign => (WARN, ": not written by you on this machine, so not used"),
                State::Altered => (WARN, ": altered or incomplete, so not used"),
            };
            let unit = match entry.unit.is_empty() {
                true => entry.key.clone(),
                false => printable(entry.unit.as_bytes()),
            };
            let under = term::count(entry.varied.len(), "variation", "variations");
            let what = format!("{unit}, {} bytes, compared under {under}{note}", entry.size);
            let _ = writeln!(out, "{style}unit{style:#}    {what}");
        }
        if let Some(removed) = self.removed {
            let units = term::count(removed, "unit", "units");
            let _ = writeln!(out, "{BOLD}removed{BOLD:#} {units}");
        }
        let units = term::count(self.entries.len(), "unit", "units");
        let (dir, size) = (self.dir.display(), self.size);
        let _ = writeln!(out, "{BOLD}ledger{BOLD:#}  `{dir}`: {units}, {size} bytes on disk");
        if self.unusable() > 0 {
            let n = term::count(self.unusable(), "unit", "units");
            let _ = writeln!(out, "{WARN}note{WARN:#}    {n} of it cannot be used");
        }
        out
    }

    /// As JSON.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct LedgerJson<'a> {
            schema: &'static str,
            command: &'static str,
            ledger: String,
            entries: &'a [EntryLine],
            bytes: u64,
            removed: Option<usize>,
        }
        encode(&LedgerJson {
            schema: SCHEMA,
            command: "ledger",
            ledger: self.dir.display().to_string(),
            entries: &self.entries,
            bytes: self.size,
            removed: self.removed,
        })
    }
}

//! What `repro init` writes, as JSON, schema `repro.report/1`.

use super::value::{list, object};
use super::{SCHEMA, encode};
use crate::init::files::Planned;
use crate::report::init::InitReport;

/// One JSON object.
pub fn report(report: &InitReport) -> String {
    let file = |file: &Planned| {
        object! {
            "path": report.shown(file),
            "state": file.state.name(),
            "added": file.added.as_ref(),
            "diff": file.diff.as_ref(),
            "text": &file.text,
        }
    };
    encode(&object! {
        "schema": SCHEMA,
        "command": "init",
        "dry_run": report.dry_run,
        "files": list(report.files.iter().map(file)),
        "notes": &report.notes,
        "next": &report.next,
    })
}

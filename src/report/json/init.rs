//! What `repro init` writes, as JSON, schema `repro.report/1`.

use serde::Serialize;

use super::{SCHEMA, encode};
use crate::report::init::{InitReport, Planned};

#[derive(Serialize)]
struct InitJson<'a> {
    schema: &'static str,
    command: &'static str,
    dry_run: bool,
    files: Vec<FileJson<'a>>,
    notes: &'a [String],
    next: &'a [String],
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: String,
    state: &'static str,
    added: Option<&'a str>,
    diff: Option<&'a str>,
    text: &'a str,
}

/// One JSON object.
pub fn report(report: &InitReport) -> String {
    let one = |f| {
        let file: &Planned = f;
        FileJson {
            path: report.shown(file),
            state: file.state.name(),
            added: file.added.as_deref(),
            diff: file.diff.as_deref(),
            text: &file.text,
        }
    };
    encode(&InitJson {
        schema: SCHEMA,
        command: "init",
        dry_run: report.dry_run,
        files: report.files.iter().map(one).collect(),
        notes: &report.notes,
        next: &report.next,
    })
}

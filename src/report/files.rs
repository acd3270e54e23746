//! Reports about single files: the results of `normalize` and `diff`, as text and JSON.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use repro_explain::compare::Row;
use repro_explain::{Explained, cause};
use repro_formats::digest::Digest;
use repro_formats::formats::FORMATS;
use repro_formats::listing::Member;
use repro_formats::names::visible;
use repro_formats::normalize::handlers::{HANDLERS, READ_ONLY};
use repro_formats::normalize::job::Change;

use super::findings;
use super::json::value::{Object, if_any, list, list_if_any, object};
use super::json::{self, SCHEMA, encode};
use super::rows::{row, under};
use crate::term::{BAD, BOLD, GOOD, WARN};
use crate::{error, verdict};

/// Findings that are listed one by one without `-v`: with four lines each, a screen holds no more.
const LISTED: usize = 5;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was rewritten.
    Changed,
    /// It was in normal form.
    Unchanged,
    /// With `--check` or `--dry-run`: it is not in normal form.
    WouldChange,
    /// It must stay as it is; why.
    LeftAlone(String),
}

impl Status {
    /// The name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Status::Changed => "changed",
            Status::Unchanged => "unchanged",
            Status::WouldChange => "would-change",
            Status::LeftAlone(_) => "left-alone",
        }
    }
}

/// One file and what became of it; the format by its name in the table.
pub struct Done {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What became of it.
    pub result: Result<One>,
}

/// What became of a file that was read.
pub struct One {
    /// Its format.
    pub format: &'static str,
    /// What became of it.
    pub status: Status,
    /// What is, or would be, different in it.
    pub changes: Vec<Change>,
    /// What the user should know, each as a clause.
    pub notes: Vec<String>,
}

impl One {
    /// A file that is as it was.
    pub fn new(format: &'static str, status: Status) -> One {
        One { format, status, changes: Vec::new(), notes: Vec::new() }
    }
}

/// One of the two files.
#[derive(Clone, Debug)]
pub struct Side {
    /// Where it is, as it was named.
    pub path: PathBuf,
    /// Its size and digest.
    pub digest: Digest,
    /// The format it was read as; `bytes` if no reader knows it.
    pub format: String,
}

/// What `diff` found.
pub struct Outcome {
    /// The first file.
    pub a: Side,
    /// The second.
    pub b: Side,
    /// Both hold the same bytes.
    pub same: bool,
    /// Why they differ; no findings only if they do not.
    pub explained: Explained,
}

/// The table of formats.
pub fn formats() -> String {
    let mut out = String::new();
    let mut row = |name: &str, extensions: &[&str], what: &str, how: &str| {
        let _ = writeln!(out, "{name:<11}{}\n           {what}: {how}", extensions.join(", "));
    };
    for h in HANDLERS {
        let what = match FORMATS.iter().any(|f| f.name == h.name) {
            true => "read, packed, normalized",
            false => "read, normalized",
        };
        row(h.name, h.extensions, what, h.fixes);
    }
    for r in READ_ONLY {
        row(r.name, r.extensions, "read", r.compared);
    }
    out
}

/// A line for each file, what happened to it first, and its notes; with `detail` what is different in
/// it. Errors are reported elsewhere.
pub fn normalized(done: &[Done], detail: bool) -> String {
    let mut out = String::new();
    for one in done {
        let path = visible(&one.path.display().to_string());
        let Ok(One { format, status, changes, notes }) = &one.result else { continue };
        let (style, why) = match status {
            Status::Changed | Status::Unchanged => (GOOD, String::new()),
            Status::WouldChange => (BAD, String::new()),
            Status::LeftAlone(why) => (WARN, format!(": {why}")),
        };
        row(&mut out, style, status.name(), format_args!("{path} ({format}{why})"));
        for Change { member, field, from, to } in changes.iter().filter(|_| detail) {
            let member = member.as_ref().map_or(String::new(), |m| format!("`{m}`: "));
            under(&mut out, format_args!("{member}{field} {from} -> {to}"));
        }
        for note in notes {
            under(&mut out, format_args!("note: {note}"));
        }
    }
    out
}

/// The same as JSON.
pub fn normalized_json(done: &[Done]) -> String {
    fn one(d: &Done) -> Object {
        let of = d.result.as_ref().ok();
        let why = of.and_then(|one| match &one.status {
            Status::LeftAlone(why) => Some(why),
            _ => None,
        });
        let error = d.result.as_ref().err().map(|e| {
            object! { "kind": error::kind_of(e).name(), "message": error::one_line(e) }
        });
        let change = |c: &Change| {
            let Change { member, field, from, to } = c;
            object! { "member": member.as_ref(), "field": *field, "from": from, "to": to }
        };
        object! {
            "path": &*d.path,
            "format": of.map(|one| one.format),
            "status": of.map_or("error", |one| one.status.name()),
            "why": if_any(why),
            "changes": list_if_any(of.into_iter().flat_map(|one| &one.changes).map(change)),
            "notes": list_if_any(of.into_iter().flat_map(|one| &one.notes)),
            "error": if_any(error),
        }
    }
    let files = list(done.iter().map(one));
    encode(&object! { "schema": SCHEMA, "command": "normalize", "files": files })
}

/// What `diff` found. With `verbose` every finding is listed.
pub fn diff(outcome: &Outcome, verbose: bool) -> String {
    let mut out = String::new();
    for (label, side) in [("A", &outcome.a), ("B", &outcome.b)] {
        let (path, Digest { size, sha256 }) = (side.path.display(), &side.digest);
        row(&mut out, BOLD, label, path);
        under(&mut out, format_args!("{size} bytes  sha256 {sha256}"));
    }
    if outcome.same {
        if let Some(note) = &outcome.explained.note {
            row(&mut out, WARN, "note", note);
        }
        let _ = writeln!(out, "{GOOD}SAME{GOOD:#}");
        return out;
    }
    let most = if verbose { usize::MAX } else { LISTED };
    findings::text(&mut out, &outcome.explained, most, "B");
    let sentence = content(outcome).map_or(String::new(), |s| format!(": {s}"));
    let _ = writeln!(out, "{BAD}DIFFERS{BAD:#}{sentence}");
    out
}

/// How the two of a name stand to each other, contents and metadata together.
fn status(row: &Row) -> verdict::Status {
    verdict::Status::of(&row.a, &row.b, |_, _| row.differs.is_empty())
}

/// What can be said of the members of two archives, as a clause.
fn content(outcome: &Outcome) -> Option<String> {
    let compared = outcome.explained.members.as_ref()?;
    let causes = outcome.explained.findings.iter().filter(|f| !f.consequence);
    let mut causes: Vec<_> = causes.map(|f| f.cause).collect();
    causes.sort();
    causes.dedup();
    let names = cause::names(&causes);
    if compared.same_content {
        return Some(format!("the content is the same; what differs is {names}"));
    }
    let of = |status| compared.rows.iter().filter(|r| self::status(r) == status).count();
    let parts = [
        (of(verdict::Status::Differs), "differ"),
        (of(verdict::Status::OnlyA), "only in A"),
        (of(verdict::Status::OnlyB), "only in B"),
    ];
    let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| match (n, *what) {
        (1, "differ") => "1 differs".to_string(),
        (n, what) => format!("{n} {what}"),
    });
    let parts: Vec<String> = parts.collect();
    let all = repro_explain::count(compared.rows.len(), "member");
    Some(format!("of {all}, {}: {names}", parts.join(", ")))
}

fn member(m: &Member) -> Object {
    object! {
        "kind": m.kind.name(),
        "target": m.target.as_ref(),
        "size": m.size,
        "sha256": m.sha256.as_ref(),
        "mode": m.mode.map(|m| format!("{m:04o}")),
        "owner": &m.owner,
        "mtime": &m.mtime,
    }
}

/// The same as JSON, schema `repro.report/1`.
pub fn diff_json(outcome: &Outcome) -> String {
    fn side(s: &Side) -> Object {
        object! { "path": &*s.path, "format": &s.format }.and(json::digest(&s.digest))
    }
    let status = if outcome.same { "same" } else { "differs" };
    let members = outcome.explained.members.as_ref();
    let row = |r: &Row| {
        object! {
            "name": &r.name,
            "status": self::status(r).name(),
            "differs": list(r.differs.iter().map(|f| f.name)),
            "a": r.a.as_ref().map(member),
            "b": r.b.as_ref().map(member),
        }
    };
    let artifact = object! {
        "name": &*outcome.a.path,
        "status": status,
        "a": side(&outcome.a),
        "b": side(&outcome.b),
    };
    encode(&object! {
        "schema": SCHEMA,
        "command": "diff",
        "verdict": status,
        "same_content": members.map(|c| c.same_content),
        "sentence": content(outcome),
        "artifacts": list([artifact.and(findings::json(&outcome.explained))]),
        "members": list(members.into_iter().flat_map(|c| &c.rows).map(row)),
    })
}

//! What `repro init` writes, for people and as JSON.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::report::json::{SCHEMA, encode};
use crate::term::{BOLD, GOOD, WARN};

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was not there.
    New,
    /// It is there with this content.
    Same,
    /// Something is added to it.
    Extended,
    /// It is replaced, as `--force` asks.
    Overwritten,
    /// It is there with another content, and stays.
    Kept,
}

impl State {
    /// The name in the report.
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Same => "same",
            State::Extended => "extended",
            State::Overwritten => "overwritten",
            State::Kept => "kept",
        }
    }

    /// Whether something is written.
    pub fn writes(self) -> bool {
        matches!(self, State::New | State::Extended | State::Overwritten)
    }
}

/// A file.
pub struct Planned {
    /// Where.
    pub path: PathBuf,
    /// The whole text that is to be there.
    pub text: String,
    /// What is added to a file that is there.
    pub added: Option<String>,
    /// What becomes of it.
    pub state: State,
}

/// All of it.
pub struct InitReport {
    /// Paths are shown relative to it.
    pub root: PathBuf,
    /// The files.
    pub files: Vec<Planned>,
    /// Things that the user should know.
    pub notes: Vec<String>,
    /// Nothing was written.
    pub dry_run: bool,
}

impl InitReport {
    fn shown(&self, file: &Planned) -> String {
        let path = file.path.strip_prefix(&self.root).unwrap_or(&file.path);
        path.display().to_string()
    }

    fn count(&self, of: impl Fn(State) -> bool) -> usize {
        self.files.iter().filter(|f| of(f.state)).count()
    }
}

/// For people. What is written is shown whole with `--dry-run`.
pub fn text(report: &InitReport) -> String {
    let mut out = String::new();
    for file in &report.files {
        let style = match file.state {
            State::New | State::Extended => GOOD,
            State::Kept | State::Overwritten => WARN,
            State::Same => BOLD,
        };
        let shown = file.added.as_ref().unwrap_or(&file.text);
        let aside = match file.state {
            State::Kept => {
                " (it is there with another content; --force would replace it)".to_string()
            }
            State::Same => String::new(),
            _ => format!(" ({} lines)", shown.lines().count()),
        };
        let _ =
            writeln!(out, "{style}{:<12}{style:#}{}{aside}", file.state.name(), report.shown(file));
        if report.dry_run && file.state.writes() {
            for line in shown.lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    for note in &report.notes {
        let _ = writeln!(out, "{WARN}{:<12}{WARN:#}{note}", "note");
    }
    let (written, kept) = (report.count(State::writes), report.count(|s| s == State::Kept));
    let kept = match kept {
        0 => String::new(),
        n => format!(", {n} kept as they are"),
    };
    let _ = match (report.dry_run, written) {
        (_, 0) => writeln!(out, "{GOOD}NOTHING TO WRITE{GOOD:#}{kept}"),
        (true, n) => writeln!(out, "{BOLD}WOULD WRITE {n}{BOLD:#}{kept}"),
        (false, n) => writeln!(out, "{GOOD}WROTE {n}{GOOD:#}{kept}"),
    };
    out
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    command: &'static str,
    dry_run: bool,
    files: Vec<One<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct One<'a> {
    path: String,
    state: &'static str,
    added: Option<&'a str>,
    text: &'a str,
}

/// One JSON object.
pub fn json(report: &InitReport) -> String {
    let one = |f| {
        let file: &Planned = f;
        One {
            path: report.shown(file),
            state: file.state.name(),
            added: file.added.as_deref(),
            text: &file.text,
        }
    };
    encode(&Whole {
        schema: SCHEMA,
        command: "init",
        dry_run: report.dry_run,
        files: report.files.iter().map(one).collect(),
        notes: &report.notes,
    })
}

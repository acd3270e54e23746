//! What `repro init` writes, for people.

use std::fmt::Write;

use crate::init::files::State;
use crate::report::init::InitReport;
use crate::report::rows::row;
use crate::term::{BOLD, GOOD, WARN, count};

/// The files: with `--dry-run` all that is written, and always what is different in those that stay.
pub fn report(report: &InitReport) -> String {
    let mut out = String::new();
    for file in &report.files {
        let style = match file.state {
            State::New | State::Extended => GOOD,
            State::Kept | State::Overwritten => WARN,
            State::Same => BOLD,
        };
        let shown = file.diff.as_ref().or(file.added.as_ref()).unwrap_or(&file.text);
        let aside = match file.state {
            State::Kept => " (exists and differs; --force makes these changes)".to_string(),
            State::Same => String::new(),
            _ => format!(" ({})", count(shown.lines().count(), "line", "lines")),
        };
        row(&mut out, style, file.state.name(), format_args!("{}{aside}", report.shown(file)));
        if file.diff.is_some() || report.dry_run && file.state.writes() {
            for line in shown.lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    for note in &report.notes {
        row(&mut out, WARN, "note", note);
    }
    for (n, step) in report.next.iter().enumerate() {
        let label = format!("next {}", n + 1);
        let step = step.replace('\n', "\n              ");
        row(&mut out, BOLD, &label, step);
    }
    let (written, kept) = (report.count(State::writes), report.count(|s| s == State::Kept));
    let kept = match kept {
        0 => String::new(),
        n => format!(", {} kept", count(n, "file", "files")),
    };
    let _ = match (report.dry_run, written) {
        (_, 0) => writeln!(out, "{GOOD}NOTHING TO WRITE{GOOD:#}{kept}"),
        (true, n) => writeln!(out, "{BOLD}WOULD WRITE {n}{BOLD:#}{kept}"),
        (false, n) => writeln!(out, "{GOOD}WROTE {n}{GOOD:#}{kept}"),
    };
    out
}

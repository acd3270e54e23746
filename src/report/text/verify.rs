//! A verification as text: what a person needs on one screen, the verdict last.
//! Every setting that the source does not ask for is listed, whatever the verdict is.

use std::fmt::Write;

use repro_explain::cause::names;
use repro_formats::names::printable;

use super::identity;
use crate::compare::Pair;
use crate::report::findings;
use crate::report::rows::{digest, named, rest, row, under};
use crate::term::{self, BAD, BOLD, GOOD, WARN};
use crate::verdict::{Status, Verification};
use crate::verify::result::{Checked, FileOutcome, MadeBy, Part, Report, SettingRow, SettingState};

/// How many lines of one kind are printed without `-v`.
pub(super) const LISTED: usize = 8;

/// The report, and notes on what was signed about it.
pub fn report(report: &Report, signed: &[String], verbose: bool) -> String {
    let mut out = String::new();
    body(&mut out, report, signed, verbose);
    ending(&mut out, report);
    out
}

/// All but the verdict.
pub(super) fn body(out: &mut String, report: &Report, signed: &[String], verbose: bool) {
    let shown = if verbose { usize::MAX } else { LISTED };
    if let Some(made) = &report.made {
        row(out, BOLD, "published", made_by(made));
    }
    if let Some(isolation) = &report.isolation {
        let sandbox = match &isolation.why {
            None => {
                "on: build scripts had no network and no access to your home directory".to_string()
            }
            Some(why) => format!("off: build scripts ran with your permissions ({why})"),
        };
        row(out, BOLD, "sandbox", &sandbox);
    }
    for (word, text) in [("source", &report.source), ("toolchain", &report.toolchain)] {
        if let Some(text) = text {
            row(out, BOLD, word, text);
        }
    }
    for said in identity::lines(&report.facts) {
        row(out, if said.warns { WARN } else { BOLD }, said.label, &said.text);
    }
    settings(out, report);
    if let Some(comparison) = &report.comparison {
        artifacts(out, &comparison.pairs, shown);
    }
    let (same, other): (Vec<&Checked>, Vec<&Checked>) =
        report.files.iter().partition(|f| f.outcome == FileOutcome::Same);
    for file in other.iter().chain(&same).take(shown) {
        checked(out, file, shown);
    }
    rest(out, report.files.len(), shown);
    for differing in report.surroundings.iter().take(shown) {
        row(out, WARN, "machine", &differing.what);
        under(out, format_args!("published: {}", differing.published));
        under(out, format_args!("here:      {}", differing.here));
    }
    rest(out, report.surroundings.len(), shown);
    for note in report.notes.iter().chain(signed) {
        row(out, WARN, "note", note);
    }
    if let Some(dir) = &report.output {
        row(out, BOLD, "rebuilt", format_args!("in {}", dir.display()));
    }
}

/// `built by rustc 1.99.1, linked by LLD 23; this machine has rustc 1.95.0 and LLD 22`.
fn made_by(made: &MadeBy) -> String {
    let rustc = match made.rustc.is_empty() {
        true => "built by a rustc that left no version".to_string(),
        false => format!("built by rustc {}", made.rustc.join(" and ")),
    };
    let linked = match made.linkers.is_empty() {
        true => String::new(),
        false => format!(", linked by {}", short(&made.linkers).join(" and ")),
    };
    let here = short(&made.here_linkers).iter().map(|l| format!(" and {l}")).collect::<String>();
    format!("{rustc}{linked}; this machine has rustc {}{here}", made.here_rustc)
}

/// Without the commit and directory that a linker was built from.
fn short(linkers: &[String]) -> Vec<&str> {
    linkers.iter().map(|l| l.split(" (").next().unwrap_or(l)).collect()
}

/// The settings that the source does not ask for: all of them, however the verdict came out.
fn settings(out: &mut String, report: &Report) {
    for SettingRow { setting, state } in &report.settings {
        let clean = |text: &str| printable(text.as_bytes());
        let (style, state) = match state {
            SettingState::NotAccepted => (WARN, "the source does not ask for it"),
            SettingState::Accepted => (GOOD, "accepted by you"),
            SettingState::Given => (GOOD, "given by you"),
        };
        let (name, value) = (clean(&setting.name), clean(&setting.value));
        row(out, style, "setting", format_args!("{BOLD}{name}{BOLD:#}={value} ({state})"));
    }
}

/// The manifest's artifacts, those that are not the same first; of libraries only their number.
fn artifacts(out: &mut String, pairs: &[Pair], shown: usize) {
    let matters = |p: &&Pair| {
        shown == usize::MAX || p.either().kind.is_shipped() || p.status() != Status::Same
    };
    let (mut listed, quiet): (Vec<&Pair>, Vec<&Pair>) = pairs.iter().partition(matters);
    listed.sort_by_key(|p| p.status() == Status::Same);
    for pair in listed.iter().take(shown) {
        let x = pair.either();
        let (style, word) = match pair.status() {
            Status::Same => (GOOD, "same"),
            Status::Differs => (BAD, "differs"),
            Status::OnlyA => (BAD, "not rebuilt"),
            Status::OnlyB => (BAD, "not known"),
        };
        row(out, style, word, named(x, ""));
        match (pair.status(), &pair.a, &pair.b) {
            (Status::Same, Some(a), _) => digest(out, "", &a.digest),
            (_, a, b) => {
                a.iter().for_each(|a| digest(out, "manifest: ", &a.digest));
                b.iter().for_each(|b| digest(out, "rebuilt:  ", &b.digest));
            }
        }
    }
    rest(out, listed.len(), shown);
    if !quiet.is_empty() {
        let libraries = term::count(quiet.len(), "Rust library", "Rust libraries");
        row(out, GOOD, "same", libraries + ", listed with -v");
    }
}

fn checked(out: &mut String, file: &Checked, shown: usize) {
    let (style, word) = match &file.outcome {
        FileOutcome::Same => (GOOD, "same"),
        FileOutcome::After(_) => (WARN, "equal after"),
        FileOutcome::Differs => (BAD, "differs"),
        FileOutcome::Missing => (BAD, "missing"),
        FileOutcome::Unlisted => (BAD, "not listed"),
    };
    let part = match file.part {
        Part::File => "",
        Part::Members => ", its members",
        Part::Archive => ", its bytes",
        Part::Sbom => ", an SBOM",
    };
    let after = match &file.outcome {
        FileOutcome::After(steps) => format!(": {}", names(steps)),
        _ => String::new(),
    };
    let name = &file.name;
    row(out, style, word, format_args!("published {BOLD}{name}{BOLD:#}{part}{after}"));
    if file.outcome == FileOutcome::Same {
        return;
    }
    file.published.iter().for_each(|d| digest(out, "published  ", d));
    file.rebuilt.iter().for_each(|d| digest(out, "rebuilt    ", d));
    for finding in file.findings.iter().take(shown) {
        findings::one(out, finding, None, (true, "B"), usize::MAX);
    }
    rest(out, file.findings.len(), shown);
}

pub(super) fn ending(out: &mut String, report: &Report) {
    let _ = match report.verdict {
        Verification::Reproduced => writeln!(out, "{GOOD}REPRODUCED{GOOD:#}"),
        Verification::AfterNormalizing => {
            let (steps, accept) = (names(&report.steps), to_accept(report));
            writeln!(out, "{WARN}REPRODUCED AFTER NORMALIZING{WARN:#}: {steps} ({accept})")
        }
        Verification::WithPublishersSettings => {
            let left = report.settings.iter().filter(|s| s.state == SettingState::NotAccepted);
            let mut left: Vec<_> = left.map(|s| printable(s.setting.name.as_bytes())).collect();
            left.dedup();
            writeln!(
                out,
                "{WARN}REPRODUCED WITH THE PUBLISHER'S SETTINGS{WARN:#}: {} (pass `--accept-setting {}` to accept this)",
                left.join(", "),
                left.join("` and `--accept-setting ")
            )
        }
        Verification::Manifest => {
            writeln!(out, "{WARN}MANIFEST REPRODUCED{WARN:#}: no published file was checked")
        }
        Verification::Differs => writeln!(out, "{BAD}DIFFERS{BAD:#}"),
    };
}

fn to_accept(report: &Report) -> String {
    let left = report.steps.iter().filter(|s| !report.accepted.contains(s));
    let left: Vec<_> = left.map(|s| format!("--accept {}", s.name())).collect();
    match left.is_empty() {
        true => "accepted".to_string(),
        false => format!("pass `{}` to accept this", left.join(" ")),
    }
}

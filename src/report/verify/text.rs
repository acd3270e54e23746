//! A verification as text: what a person needs on one screen, the verdict last.

use std::fmt::Write;

use super::{Checked, Outcome, Part, Report, Several};
use crate::compare::Pair;
use crate::report::findings;
use crate::term::{BAD, BOLD, GOOD, WARN};
use crate::verdict::{Agreement, Status, Verification};

/// How many lines of one kind are printed without `-v`.
const LISTED: usize = 8;

/// The report.
pub fn report(report: &Report, verbose: bool) -> String {
    let mut out = String::new();
    let shown = if verbose { usize::MAX } else { LISTED };
    line(&mut out, "source", &report.source);
    line(&mut out, "toolchain", &report.toolchain);
    line(
        &mut out,
        "sandbox",
        match report.sandbox {
            true => "on: the build had no network, and not the user's home",
            false => "off: build scripts ran with this user's rights",
        },
    );
    if let Some(comparison) = &report.comparison {
        artifacts(&mut out, &comparison.pairs, shown);
    }
    let (same, other): (Vec<&Checked>, Vec<&Checked>) =
        report.files.iter().partition(|f| f.outcome == Outcome::Same);
    for file in other.iter().chain(&same).take(shown) {
        checked(&mut out, file, shown);
    }
    rest(&mut out, report.files.len(), shown);
    for row in report.surroundings.iter().take(shown) {
        let _ = writeln!(
            out,
            "{WARN}machine{WARN:#}     {}\n            published: {}\n            here:      {}",
            row.what, row.published, row.here
        );
    }
    rest(&mut out, report.surroundings.len(), shown);
    for note in &report.notes {
        let _ = writeln!(out, "{WARN}note{WARN:#}        {note}");
    }
    if let Some(dir) = &report.output {
        line(&mut out, "rebuilt", &format!("in {}", dir.display()));
    }
    ending(&mut out, report);
    out
}

fn line(out: &mut String, word: &str, text: &str) {
    let _ = writeln!(out, "{BOLD}{word:<11}{BOLD:#} {text}");
}

fn rest(out: &mut String, all: usize, shown: usize) {
    if all > shown {
        let more = all - shown;
        let _ = writeln!(out, "            and {more} more, listed with -v");
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
        let _ = writeln!(
            out,
            "{style}{word:<11}{style:#} {BOLD}{}{BOLD:#} ({} of {}, {})",
            x.name,
            x.kind.name(),
            x.package,
            x.target
        );
        let mut side = |label: &str, x: &crate::artifact::Artifact| {
            let d = &x.digest;
            let _ = writeln!(out, "            {label}{} bytes  sha256 {}", d.size, d.sha256);
        };
        match (pair.status(), &pair.a, &pair.b) {
            (Status::Same, Some(a), _) => side("", a),
            (_, a, b) => {
                a.iter().for_each(|a| side("manifest: ", a));
                b.iter().for_each(|b| side("rebuilt:  ", b));
            }
        }
    }
    rest(out, listed.len(), shown);
    if !quiet.is_empty() {
        let _ = writeln!(
            out,
            "{GOOD}same{GOOD:#}        {} Rust libraries, listed with -v",
            quiet.len()
        );
    }
}

fn checked(out: &mut String, file: &Checked, shown: usize) {
    let (style, word) = match &file.outcome {
        Outcome::Same => (GOOD, "same"),
        Outcome::After(_) => (WARN, "equal after"),
        Outcome::Differs => (BAD, "differs"),
    };
    let part = match file.part {
        Part::File => "",
        Part::Members => ", its members",
        Part::Archive => ", its bytes",
    };
    let after = match &file.outcome {
        Outcome::After(steps) => format!(": {}", names(steps)),
        _ => String::new(),
    };
    let _ = writeln!(
        out,
        "{style}{word:<11}{style:#} published {BOLD}{}{BOLD:#}{part}{after}",
        file.name
    );
    if file.outcome == Outcome::Same {
        return;
    }
    for (label, digest) in [("published", &file.published), ("rebuilt", &file.rebuilt)] {
        if let Some(d) = digest {
            let _ = writeln!(out, "            {label:<10} {} bytes  sha256 {}", d.size, d.sha256);
        }
    }
    for finding in file.findings.iter().take(shown) {
        findings::one(out, finding, None, true, usize::MAX);
    }
    rest(out, file.findings.len(), shown);
}

fn names(steps: &[crate::cause::Cause]) -> String {
    let names: Vec<_> = steps.iter().map(|s| s.name()).collect();
    names.join(", ")
}

fn ending(out: &mut String, report: &Report) {
    let _ = match report.verdict {
        Verification::Reproduced => writeln!(out, "{GOOD}REPRODUCED{GOOD:#}"),
        Verification::AfterNormalising => {
            let left: Vec<_> = report
                .steps
                .iter()
                .filter(|s| !report.accepted.contains(s))
                .map(|s| format!("--accept {}", s.name()))
                .collect();
            let accepted = match left.is_empty() {
                true => "accepted".to_string(),
                false => format!("not accepted: `{}` if it is", left.join(" ")),
            };
            writeln!(
                out,
                "{WARN}REPRODUCED AFTER NORMALISING{WARN:#}: {} ({accepted})",
                names(&report.steps)
            )
        }
        Verification::Differs => writeln!(out, "{BAD}DIFFERS{BAD:#}"),
    };
}

/// What comparing several manifests found.
pub fn several(found: &Several) -> String {
    let mut out = String::new();
    line(&mut out, "subject", &found.subject);
    for (i, group) in found.groups.iter().enumerate() {
        let word = format!("group {}", i + 1);
        let agree = match group.len() {
            1 => "agrees with nobody",
            _ => "agree with each other",
        };
        line(&mut out, &word, &format!("{} {agree}", group.join(", ")));
    }
    for (name, why) in &found.left_out {
        let _ = writeln!(out, "{WARN}left out{WARN:#}    {name}: {why}");
    }
    for (name, values) in found.differing.iter().take(LISTED) {
        let _ = writeln!(out, "{BAD}differs{BAD:#}     {BOLD}{name}{BOLD:#}");
        for (i, value) in values.iter().enumerate() {
            let _ = writeln!(out, "            group {}: {value}", i + 1);
        }
    }
    rest(&mut out, found.differing.len(), LISTED);
    let largest = found.groups.first().map_or(0, Vec::len);
    let (style, word) = match found.agreement {
        Agreement::Agreed => (GOOD, "AGREED"),
        Agreement::Disagreed => (BAD, "DISAGREED"),
    };
    let _ = writeln!(
        out,
        "{style}{word}{style:#}: {largest} of {} agree, {} have to",
        found.groups.iter().map(Vec::len).sum::<usize>() + found.left_out.len(),
        found.threshold
    );
    out
}

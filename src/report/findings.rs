//! Findings, as every report shows them: lines of text, and rows of JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::explain::{Coverage, Explained};
use crate::finding::Finding;
use crate::term::{BOLD, WARN};

/// One finding in JSON.
#[derive(Serialize)]
pub(super) struct OneFinding<'a> {
    cause: &'a str,
    r#where: &'a str,
    symbol: Option<&'a str>,
    #[serde(rename = "crate")]
    krate: Option<&'a str>,
    source: Option<&'a str>,
    a: &'a str,
    b: &'a str,
    remedy: &'a str,
    consequence: bool,
}

impl<'a> From<&'a Finding> for OneFinding<'a> {
    fn from(f: &'a Finding) -> OneFinding<'a> {
        OneFinding {
            cause: f.cause.name(),
            r#where: &f.place,
            symbol: f.symbol.as_deref(),
            krate: f.krate.as_deref(),
            source: f.source.as_deref(),
            a: &f.a,
            b: &f.b,
            remedy: &f.remedy,
            consequence: f.consequence,
        }
    }
}

/// How much is explained, in JSON; bytes.
#[derive(Serialize)]
pub(super) struct OneCoverage {
    differing: u64,
    by_causes: u64,
    by_consequences: u64,
    unexplained: u64,
}

/// The row for what was measured; none where nothing was.
pub(super) fn coverage(coverage: &Coverage) -> Option<OneCoverage> {
    (coverage.differing > 0).then(|| OneCoverage {
        differing: coverage.differing,
        by_causes: coverage.caused,
        by_consequences: coverage.following,
        unexplained: coverage.residue(),
    })
}

/// Width of the first column.
const INDENT: &str = "             ";
/// Characters of a value on its line.
const WIDTH: usize = 160;

/// The findings as lines, at most `most` of them; consequences only if there is room for all.
pub(super) fn text(out: &mut String, explained: &Explained, most: usize) {
    let (causes, follow): (Vec<&Finding>, Vec<&Finding>) =
        explained.findings.iter().partition(|f| !f.consequence);
    let all = causes.len() + follow.len() <= most;
    let shown = causes.iter().take(most);
    for finding in shown {
        one(out, finding);
    }
    match all {
        true => follow.iter().for_each(|f| one_following(out, f)),
        false => {
            let more = causes.len().saturating_sub(most);
            let rest = match (more, follow.len()) {
                (0, n) => format!("{n} that follow from them"),
                (more, 0) => format!("{more} more"),
                (more, n) => format!("{more} more, {n} that follow from them"),
            };
            let _ = writeln!(out, "{INDENT}and {rest}, listed with -v");
        }
    }
    if let Some(note) = &explained.note {
        let _ = writeln!(out, "{WARN}note{WARN:#}         {note}");
    }
    if explained.coverage.differing > 0 {
        let _ = writeln!(out, "{INDENT}{}", explained.coverage.sentence());
    }
}

/// One finding as lines: cause and place, both values, remedy.
pub(super) fn one(out: &mut String, f: &Finding) {
    let owner: Vec<String> = [
        f.symbol.as_ref().map(|s| format!("in `{}`", short(s))),
        f.krate.as_ref().map(|k| format!("crate {k}")),
        f.source.clone(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let owner = match owner.is_empty() {
        true => String::new(),
        false => format!(" {}", owner.join(", ")),
    };
    let name = f.cause.name();
    let _ = writeln!(out, "{BOLD}{name:<12}{BOLD:#} {}{owner}", f.place);
    if !f.a.is_empty() || !f.b.is_empty() {
        let (a, b) = (short(&f.a), short(&f.b));
        let _ = writeln!(out, "{INDENT}A: {a}\n{INDENT}B: {b}");
    }
    let _ = writeln!(out, "{INDENT}remedy: {}", f.remedy);
}

fn one_following(out: &mut String, f: &Finding) {
    let _ = writeln!(out, "{:<12} {} follows from it", f.cause.name(), f.place);
}

/// The text, shortened in the middle.
fn short(text: &str) -> String {
    let count = text.chars().count();
    if count <= WIDTH {
        return text.to_string();
    }
    let head: String = text.chars().take(WIDTH * 2 / 3).collect();
    let tail: String = text.chars().skip(count - WIDTH / 3).collect();
    format!("{head}…{tail}")
}

//! The report for GitHub Actions: annotations on standard output, and a step summary in Markdown
//! (<https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>).
//! Names and messages come from crates and compilers: nothing in them may end a command or act as markup.

pub mod check;

use std::fmt::Write;

use repro_explain::cause::names;
use repro_explain::finding::Finding;

use super::summary::{Row, Summary};
use crate::term::count;
use crate::variation::Side;
use crate::verdict::{Status, Tone};

/// Annotations of one step that GitHub shows.
const MOST: usize = 10;

/// One line for each cause, the first ones, and one for the verdict.
pub fn annotations(summary: &Summary) -> String {
    let mut out = String::new();
    for culprit in summary.culprits.iter().take(MOST) {
        let title = format!("not reproducible: {} of {}", culprit.unit.name(), culprit.package);
        let causes = format!("{} ({})", names(&culprit.causes), culprit.proof);
        let text = [causes, culprit.evidence.join("\n")].join("\n");
        let place = culprit.source.as_ref().map(|(file, line)| (&file[..], line.to_string()));
        command(&mut out, "error", &title, place, &text);
    }
    let left = MOST.saturating_sub(summary.culprits.len() + 1);
    let causes = causes(summary);
    for (row, finding) in causes.iter().take(left) {
        let title = format!("{}: {}", row.name, finding.cause.name());
        let Finding { place, a, b, remedy, .. } = finding;
        let text = format!("{place}{}\nA: {a}\nB: {b}\n{remedy}", owner(finding));
        command(&mut out, "error", &title, finding.source.as_deref().and_then(inside), &text);
    }
    let differ = summary.artifacts.iter().filter(|r| r.status != Status::Same);
    let (differ, all) = (differ.count(), summary.artifacts.len());
    let text = match differ {
        0 => count(all, "file is the same", "files are the same"),
        _ => format!("{differ} of {all} files differ"),
    };
    let kind = match summary.tone {
        Tone::Good => "notice",
        Tone::Warn => "warning",
        Tone::Bad => "error",
    };
    let title = format!("{}: {}", summary.command, summary.verdict);
    command(&mut out, kind, &title, None, &text);
    out
}

/// The line for a run that ended without a verdict.
pub fn failure(name: &str, kind: &str, message: &str) -> String {
    let mut out = String::new();
    command(&mut out, "error", &format!("repro {name}: {kind}"), None, message);
    out
}

fn causes<'a>(summary: &'a Summary) -> Vec<(&'a Row<'a>, &'a Finding)> {
    let rows = summary.artifacts.iter();
    let each = rows.flat_map(|r| r.explained.findings.iter().map(move |f| (r, f)));
    each.filter(|(_, f)| !f.consequence).collect()
}

fn owner(finding: &Finding) -> String {
    let symbol = finding.symbol.as_ref().map(|s| format!(" in `{s}`"));
    let krate = finding.krate.as_ref().map(|k| format!(", crate {k}"));
    symbol.unwrap_or_default() + &krate.unwrap_or_default()
}

/// The recipe calls the source `/build/<name>`: what is below is in the repository, with its line.
fn inside(source: &str) -> Option<(&str, String)> {
    let (_, below) = source.strip_prefix("/build/")?.split_once('/')?;
    below.rsplit_once(':').map(|(file, line)| (file, line.to_string()))
}

fn command(out: &mut String, kind: &str, title: &str, place: Option<(&str, String)>, text: &str) {
    let mut properties = format!("title={}", property(title));
    if let Some((file, line)) = place {
        let _ = write!(properties, ",file={},line={}", property(file), property(&line));
    }
    let _ = writeln!(out, "::{kind} {properties}::{}", data(text));
}

/// A text as the message of an annotation: nothing in it can end it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as one of its properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The step summary.
pub fn step_summary(summary: &Summary) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "## {}: {}\n", summary.command, summary.verdict);
    for culprit in summary.culprits {
        let links: Vec<String> = culprit.links().map(|l| code(l)).collect();
        let (unit, links) = (culprit.unit.name(), links.join(" → "));
        let (causes, proof) = (names(&culprit.causes), &culprit.proof);
        let _ = writeln!(out, "- **{unit}** of {links}: {causes} ({proof})");
        for line in &culprit.evidence {
            let _ = writeln!(out, "  - {}", code(line));
        }
    }
    let _ = writeln!(out, "\n| | file | A | B |\n| --- | --- | --- | --- |");
    for row in &summary.artifacts {
        let digest = |d: Option<&repro_formats::digest::Digest>| {
            d.map_or("absent".to_string(), |d| {
                format!("{} bytes, `{}…`", d.size, &d.sha256[..16.min(d.sha256.len())])
            })
        };
        let (status, name, about) = (row.status.name(), code(&row.name), cell(&row.about));
        let (a, b) = (digest(row.a), digest(row.b));
        let b = if row.other == Side::B { b } else { format!("{}: {b}", row.other.label()) };
        let _ = writeln!(out, "| {status} | {name} ({about}) | {a} | {b} |");
    }
    let causes = causes(summary);
    if !causes.is_empty() {
        let _ =
            writeln!(out, "\n| cause | where | A | B | remedy |\n| --- | --- | --- | --- | --- |");
    }
    for (_, f) in causes.iter().take(50) {
        let (cause, place) = (f.cause.name(), cell(&format!("{}{}", f.place, owner(f))));
        let (a, b, remedy) = (code(&f.a), code(&f.b), cell(&f.remedy));
        let _ = writeln!(out, "| {cause} | {place} | {a} | {b} | {remedy} |");
    }
    for (name, value) in &summary.facts {
        let _ = writeln!(out, "\n{name}: {}", cell(value));
    }
    out
}

/// Text in a table: what would end a cell or begin something is escaped.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '|' | '<' | '>' | '*' | '_' | '[' | ']' | '\\' | '#' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Text as code; a backtick within it cannot be escaped.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_stay_on_their_line_and_name_the_file_of_the_repository() {
        let mut out = String::new();
        let source = inside("/build/app/src/main.rs:3");
        command(&mut out, "error", "a: b, c", source, "100 %\nnext");
        assert_eq!(inside("/cargo/registry/src/index/x-1.0.0/src/lib.rs:3"), None);
        assert_eq!(out, "::error title=a%3A b%2C c,file=src/main.rs,line=3::100 %25%0Anext\n");
    }

    #[test]
    fn cells_hold_no_markup() {
        assert_eq!(cell("a|b\n<x>"), "a\\|b \\<x\\>");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }
}

//! Findings, as every report shows them: lines of text, and rows of JSON.
//! Text leaves out consequences where there is no room for all of them; JSON always has them.

use std::fmt::Write;

use repro_explain::cause::Cause;
use repro_explain::finding::{At, Excerpt, Finding, cut};
use repro_explain::{Explained, count};
use repro_formats::names::printable;

use super::json::value::{Object, list, object};
use super::rows::{INDENT, row, under};
use crate::term::{BOLD, WARN};

/// One finding in JSON.
pub(super) fn finding(f: &Finding) -> Object {
    object! {
        "cause": f.cause.name(),
        "where": f.place.to_string(),
        "symbol": f.symbol.as_ref(),
        "crate": f.krate.as_ref(),
        "source": f.source.as_ref(),
        "a": &f.a,
        "b": &f.b,
        "remedy": &f.remedy,
        "consequence": f.consequence,
    }
}

/// Why two files differ, and how much of it is explained, in JSON; bytes.
pub(super) fn json(explained: &Explained) -> Object {
    let c = &explained.coverage;
    let coverage = object! {
        "differing": c.differing,
        "by_causes": c.caused,
        "by_consequences": c.following,
        "unexplained": c.residue(),
    };
    object! {
        "findings": list(explained.findings.iter().map(finding)),
        "explained": (c.differing > 0).then_some(coverage),
        "note": explained.note.as_ref(),
    }
}

/// Lines that findings may take up where not all are listed.
const LINES: usize = 18;

/// The findings as lines, at most `most` of them; `other` is what the side is called that is not A; consequences only if there is room for all.
pub(super) fn text(out: &mut String, explained: &Explained, most: usize, other: &str) {
    let (causes, follow): (Vec<&Finding>, Vec<&Finding>) =
        explained.findings.iter().partition(|f| !f.consequence);
    let limit = if most == usize::MAX { usize::MAX } else { LINES };
    let mut text = String::new();
    let mut shown = 0;
    for (i, finding) in causes.iter().enumerate().take(most) {
        if text.lines().count() > limit {
            break;
        }
        let before = i.checked_sub(1).map(|i| causes[i]);
        let next = causes.get(i + 1).filter(|_| i + 1 < most);
        let remedy = next.is_none_or(|n| n.remedy != finding.remedy);
        one(&mut text, finding, before, (remedy, other), limit);
        shown = i + 1;
    }
    out.push_str(&text);
    let room = shown == causes.len() && (limit == usize::MAX || shown + follow.len() <= most);
    if room {
        let named = causes.iter().find(|f| f.cause != Cause::Unknown).map(|f| f.cause);
        let is_there = |cause| causes.iter().any(|f| f.cause == cause);
        for f in follow {
            one_following(out, f, if is_there(f.cause) { Some(f.cause) } else { named });
        }
    } else {
        let rest = match (causes.len() - shown, follow.len()) {
            (0, n) => {
                format!("{n} that follow from {}", if shown == 1 { "it" } else { "them" })
            }
            (more, 0) => format!("{more} more"),
            (more, n) => format!("{more} more, {n} that follow"),
        };
        under(out, format_args!("and {rest}, listed with -v"));
    }
    if let Some(note) = &explained.note {
        row(out, WARN, "note", note);
    }
    if explained.binary && explained.coverage.differing > 0 {
        under(out, explained.coverage.sentence());
    }
}

/// One finding as lines: cause and place, both values or lines, and the remedy, unless the next one has
/// the same.
pub(super) fn one(
    out: &mut String,
    f: &Finding,
    before: Option<&Finding>,
    (remedy, other): (bool, &str),
    limit: usize,
) {
    let symbol = f.symbol.as_ref().map(|s| format!("in `{}`", cut(s)));
    let krate = f.krate.as_ref().map(|k| format!("crate {k}"));
    let owner: Vec<String> = [symbol, krate, f.source.clone()].into_iter().flatten().collect();
    let owner = if owner.is_empty() { String::new() } else { format!(" {}", owner.join(", ")) };
    row(out, BOLD, f.cause.name(), format_args!("{}{owner}", f.place));
    let text = matches!(f.place.at, At::Line(_));
    let earlier = before.and_then(|b| b.excerpt.as_ref());
    match f.excerpt.as_ref().filter(|_| text) {
        // Several values in one line.
        Some([a, b]) if earlier.is_some_and(|[x, y]| x.bytes == a.bytes && y.bytes == b.bytes) => {}
        Some(sides) => lines(out, sides, limit / 3),
        None if f.a.is_empty() && f.b.is_empty() => {}
        None => {
            let shown =
                |value: &str| if value.is_empty() { "nothing".to_string() } else { cut(value) };
            under(out, format_args!("A: {}", shown(&f.a)));
            under(out, format_args!("{other}: {}", shown(&f.b)));
        }
    }
    if remedy {
        under(out, format_args!("remedy: {}", f.remedy));
    }
}

/// Lines that differ, between those around them.
fn lines(out: &mut String, [of_a, of_b]: &[Excerpt; 2], most: usize) {
    let split = |text: &[u8]| -> Vec<String> {
        let lines = text.split_inclusive(|b| *b == b'\n');
        lines.map(|l| cut(&printable(l.strip_suffix(b"\n").unwrap_or(l)))).collect()
    };
    let (a, b) = (split(&of_a.bytes), split(&of_b.bytes));
    let first = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let last = a[first..].iter().rev().zip(b[first..].iter().rev());
    let last = last.take_while(|(x, y)| x == y).count();
    let mut list = |sign: &str, lines: &[String], at: u64, from: usize| {
        for (i, line) in lines.iter().enumerate().take(most) {
            let n = at + (from + i) as u64;
            let _ = writeln!(out, "{}", format!("{INDENT}{sign} {n:>4}  {line}").trim_end());
        }
        if lines.len() > most {
            let rest = count(lines.len() - most, "line");
            under(out, format_args!("{sign}    …  {rest} more, listed with -v"));
        }
    };
    list(" ", &a[..first], of_a.at, 0);
    list("-", &a[first..a.len() - last], of_a.at, first);
    list("+", &b[first..b.len() - last], of_b.at, first);
    list(" ", &b[b.len() - last..], of_b.at, b.len() - last);
}

fn one_following(out: &mut String, f: &Finding, from: Option<Cause>) {
    let from = match from {
        None | Some(Cause::Unknown) => "what is not explained",
        Some(cause) => cause.name(),
    };
    under(out, format_args!("{} follows from {from}", f.place));
}

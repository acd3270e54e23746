//! The report as one self-contained HTML page: no script, no font, no external resource. The markup
//! is in `page.html`, a template that escapes every text, because names and bytes come from the
//! files; this module makes its values.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use minijinja::value::ValueKind;
use minijinja::{Environment, Value, context, escape_formatter};
use repro_explain::finding::{Excerpt, Finding};
use repro_explain::time;
use repro_formats::digest::Digest;

use super::summary::{Row, Summary};
use crate::blame::culprit::Culprit;
use crate::verdict::{Status, Tone};

/// Findings of one file that are shown.
const MOST: usize = 200;
/// Facts that are in the header.
const HEAD: [&str; 2] = ["source", "toolchain"];
/// Bytes in a line of a view.
const LINE: usize = 16;

/// The page.
///
/// # Errors
/// The template does not fit the values, which a test rules out.
pub fn page(summary: &Summary) -> Result<String> {
    let mut env = Environment::new();
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if value.kind() == ValueKind::String && !value.is_safe() => {
            out.write_str(&escape(text)).map_err(minijinja::Error::from)
        }
        _ => escape_formatter(out, state, value),
    });
    env.add_template("page.html", include_str!("page.html"))?;
    let of = |wanted: &dyn Fn(&str) -> bool| {
        let facts = summary.facts.iter().filter(|(name, _)| wanted(name));
        facts.map(|(name, text)| context! { name => *name, text => prose(text) }).collect::<Value>()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs() as i64);
    let values = context! {
        command => summary.command,
        version => env!("CARGO_PKG_VERSION"),
        verdict => &summary.verdict,
        tone => match summary.tone {
            Tone::Good => "good",
            Tone::Warn => "aside",
            Tone::Bad => "bad",
        },
        chains => summary.culprits.iter().map(chain).collect::<Value>(),
        files => summary.artifacts.iter().enumerate().map(file).collect::<Value>(),
        date => time::show(now),
        facts => of(&|_| true),
        head => of(&|name| HEAD.contains(&name)),
    };
    env.get_template("page.html")?.render(values).context("failed to make the HTML page")
}

/// From the culprit to what it reached.
fn chain(culprit: &Culprit) -> Value {
    context! {
        links => culprit.links().cloned().collect::<Vec<_>>(),
        unit => culprit.unit.name(),
        causes => culprit.causes.iter().map(|c| c.name()).collect::<Vec<_>>(),
        proof => prose(&culprit.proof.to_string()),
        evidence => &culprit.evidence,
        remedies => culprit.remedies.iter().map(|r| prose(r)).collect::<Value>(),
    }
}

fn file((number, row): (usize, &Row)) -> Value {
    let explained = row.explained;
    let coverage = &explained.coverage;
    let share = |n: u64| format!("{:.2}", n as f64 * 100.0 / coverage.differing as f64);
    let covered = explained.binary && coverage.differing > 0;
    let (causes, follow): (Vec<&Finding>, Vec<&Finding>) =
        explained.findings.iter().partition(|f| !f.consequence);
    let shown = |all: &[&Finding]| {
        all.iter().take(MOST).map(|f| finding(f, row.other.label())).collect::<Value>()
    };
    let side = |d: Option<&Digest>| d.map(|d| context! { size => d.size, sha256 => &d.sha256 });
    context! {
        number,
        tone => match (row.status, row.counts) {
            (Status::Same, _) => "good",
            (_, true) => "bad",
            (_, false) => "aside",
        },
        status => row.status.name(),
        name => &row.name,
        about => &row.about,
        counts => row.counts,
        sides => [side(row.a), side(row.b)],
        other => row.other.label(),
        outputs => &row.outputs,
        explained => !explained.findings.is_empty(),
        covered => covered.then(|| context! {
            caused => share(coverage.caused),
            following => share(coverage.following),
            sentence => coverage.sentence(),
        }),
        note => explained.note.as_deref().map(prose),
        findings => shown(&causes),
        more => causes.len().saturating_sub(MOST),
        following => follow.len(),
        consequences => shown(&follow),
    }
}

fn finding(f: &Finding, other: &str) -> Value {
    let bytes = f.excerpt.as_ref().map(|[a, b]| {
        let hex = |own, other| Value::from_safe_string(hex(own, other));
        context! { a => hex(a, b), b => hex(b, a) }
    });
    context! {
        cause => f.cause.name(),
        place => f.place.to_string(),
        symbol => &f.symbol,
        krate => &f.krate,
        source => &f.source,
        a => &f.a,
        b => &f.b,
        other,
        bytes,
        remedy => (!f.consequence && !f.remedy.is_empty()).then(|| prose(&f.remedy)),
    }
}

/// Lines of offset, hexadecimal and text; what the value has and the other side's has not in the same
/// place is marked.
fn hex(own: &Excerpt, other: &Excerpt) -> String {
    let same = |i: usize, byte: u8| {
        let within = i.checked_sub(own.value.start).map(|k| other.value.start + k);
        let is = |k| other.value.contains(&k) && other.bytes.get(k) == Some(&byte);
        !own.value.contains(&i) || within.is_some_and(is)
    };
    let mut out = String::new();
    for (n, line) in own.bytes.chunks(LINE).enumerate() {
        let _ = write!(out, "<i>{:08x}</i> ", own.at + (n * LINE) as u64);
        let mut text = String::new();
        for k in 0..LINE {
            let Some(byte) = line.get(k) else {
                out.push_str("   ");
                continue;
            };
            let shown = match byte {
                0x20..=0x7e => escape(&(*byte as char).to_string()),
                _ => "·".to_string(),
            };
            if same(n * LINE + k, *byte) {
                let _ = write!(out, "{byte:02x} ");
                text.push_str(&shown);
            } else {
                let _ = write!(out, "<mark>{byte:02x}</mark> ");
                let _ = write!(text, "<mark>{shown}</mark>");
            }
        }
        let _ = writeln!(out, " {text}");
    }
    out
}

/// A sentence, with what is between backticks as code.
fn prose(text: &str) -> Value {
    let parts: Vec<String> = text.split('`').map(escape).collect();
    Value::from_safe_string(match parts.len() % 2 {
        0 => parts.join("`"),
        _ => {
            let tags = ["", "<code>", "</code>"];
            let tag = |n: usize| tags[if n == 0 { 0 } else { 2 - n % 2 }];
            parts.iter().enumerate().map(|(n, part)| format!("{}{part}", tag(n))).collect()
        }
    })
}

/// Text, with what means something in HTML escaped, quotes included. Control characters, which HTML
/// does not allow, become their pictures; those that turn the direction of text, which could make it
/// read as something else, are replaced.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + c as u32)),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{7f}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blame::culprit::{Proof, UnitKind};
    use repro_explain::Explained;
    use repro_explain::cause::Cause;
    use repro_explain::finding::At;

    #[test]
    fn nothing_of_a_file_becomes_markup() {
        let hostile = "<script>alert(1)</script>\"'&\u{1b}\u{202e}";
        let mut finding =
            Finding::new(Cause::Unknown, At::Member(hostile.to_string()), hostile, hostile);
        finding.place.called = Some(hostile.to_string());
        finding.symbol = Some(hostile.to_string());
        finding.remedy = hostile.to_string();
        let sides = [&b"<script>"[..], b"&amp;"];
        finding.excerpt =
            Some(sides.map(|b| Excerpt { at: 0, bytes: b.to_vec(), value: 0..b.len() }));
        let explained = Explained {
            findings: vec![finding],
            note: Some(hostile.to_string()),
            ..Explained::default()
        };
        let page = page(&Summary {
            command: "repro diff",
            verdict: "DIFFERS".to_string(),
            tone: Tone::Bad,
            facts: vec![("A", hostile.to_string())],
            culprits: &[Culprit {
                package: hostile.to_string(),
                unit: UnitKind::BuildScript,
                causes: vec![Cause::Timestamp],
                evidence: vec![hostile.to_string()],
                source: None,
                remedies: vec![hostile.to_string()],
                packages: Vec::new(),
                values: Vec::new(),
                via: vec!["app 1.0.0".to_string()],
                subjects: Vec::new(),
                proof: Proof::Suspected(hostile.to_string()),
            }],
            artifacts: vec![Row {
                name: hostile.to_string(),
                about: hostile.to_string(),
                status: Status::Differs,
                counts: true,
                a: None,
                b: None,
                other: crate::variation::Side::B,
                outputs: Some(hostile.to_string()),
                explained: &explained,
            }],
        })
        .unwrap();
        assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{page}");
        assert!(!page.contains("http:") && !page.contains("src="), "{page}");
        let code = |text: &str| prose(text).to_string();
        assert_eq!(code("pass `-C <DIR>`"), "pass <code>-C &lt;DIR&gt;</code>");
        assert_eq!(code("a ` alone"), "a ` alone");
        assert_eq!(page.matches("<article>").count(), page.matches("</article>").count());
    }
}

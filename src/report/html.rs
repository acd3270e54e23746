//! The report as one page that needs nothing else: no script, no font, nothing from elsewhere. Every
//! text is escaped, since names and bytes come from the files.

use std::fmt::Write;
use std::ops::Range;

use repro_explain::finding::{Excerpt, Finding};
use repro_formats::digest::Digest;

use super::summary::{Chain, Row, Summary};
use crate::verdict::{Status, Tone};

/// Findings of one file that are shown.
const MOST: usize = 200;
/// Bytes in a line of a view.
const LINE: usize = 16;

/// The page.
pub fn page(summary: &Summary) -> String {
    let mut out = String::new();
    let tone = match summary.tone {
        Tone::Good => "good",
        Tone::Warn => "aside",
        Tone::Bad => "bad",
    };
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{command}: {verdict}</title>\n<style>{STYLE}</style></head><body>\n\
         <header><p class=\"command\">{command}</p><h1 class=\"{tone}\">{verdict}</h1></header>\n<main>\n",
        command = summary.command,
        verdict = summary.verdict,
    );
    if !summary.chains.is_empty() {
        out.push_str("<section><h2>Who is to blame</h2>\n");
        summary.chains.iter().for_each(|c| chain(&mut out, c));
        out.push_str("</section>\n");
    }
    artifacts(&mut out, summary);
    let differing = summary.artifacts.iter();
    let differing = differing
        .enumerate()
        .filter(|(_, r)| !r.explained.findings.is_empty() || r.explained.note.is_some());
    for (i, row) in differing {
        findings(&mut out, i, row);
    }
    out.push_str("<section><h2>What was compared</h2><dl>\n");
    for (name, value) in &summary.facts {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escape(value));
    }
    out.push_str("</dl></section>\n</main></body></html>\n");
    out
}

/// From the culprit to what it reached, as boxes.
fn chain(out: &mut String, chain: &Chain) {
    out.push_str("<div class=\"chain\"><ol>\n");
    for (i, link) in chain.links.iter().enumerate() {
        let (class, unit) = match i {
            0 => ("culprit", format!("<small>{}</small>", escape(chain.unit))),
            _ => ("link", String::new()),
        };
        let _ = writeln!(out, "<li class=\"{class}\">{unit}{}</li>", escape(link));
    }
    out.push_str("</ol>\n<p>");
    for cause in &chain.causes {
        let _ = write!(out, "<span class=\"cause\">{cause}</span> ");
    }
    let _ = writeln!(out, "{}</p>", escape(&chain.proof));
    for line in &chain.evidence {
        let _ = writeln!(out, "<pre>{}</pre>", escape(line));
    }
    for remedy in &chain.remedies {
        let _ = writeln!(out, "<p class=\"remedy\">{}</p>", escape(remedy));
    }
    out.push_str("</div>\n");
}

fn artifacts(out: &mut String, summary: &Summary) {
    out.push_str(
        "<section><h2>Files</h2>\n<div class=\"wide\"><table><thead><tr><th>status</th><th>file</th><th>A</th><th>B</th></tr></thead><tbody>\n",
    );
    for (i, row) in summary.artifacts.iter().enumerate() {
        let tone = match (row.status, row.counts) {
            (Status::Same, _) => "good",
            (_, true) => "bad",
            (_, false) => "aside",
        };
        let name = match row.explained.findings.is_empty() {
            true => escape(&row.name),
            false => format!("<a href=\"#file-{i}\">{}</a>", escape(&row.name)),
        };
        let aside = if row.counts { "" } else { "; not in the verdict" };
        let outputs = row.outputs.iter().map(|o| format!("<br><small>{}</small>", escape(o)));
        let _ = writeln!(
            out,
            "<tr><td class=\"{tone}\">{}</td><td>{name}<br><small>{}{aside}</small>{}</td>{}{}</tr>",
            row.status.name(),
            escape(&row.about),
            outputs.collect::<String>(),
            digest(row.a, row.b, ""),
            digest(row.b, row.a, if row.other == "B" { "" } else { row.other }),
        );
    }
    out.push_str("</tbody></table></div></section>\n");
}

/// A cell; `called` is what its side is called, if not what is above the column.
fn digest(this: Option<&Digest>, other: Option<&Digest>, called: &str) -> String {
    let called = if called.is_empty() { String::new() } else { format!("{called}: ") };
    let Some(d) = this else {
        return format!("<td>{called}absent</td>");
    };
    let class = if other == this { "" } else { " class=\"other\"" };
    format!("<td{class}>{called}{} bytes<br><code>{}</code></td>", d.size, escape(&d.sha256))
}

fn findings(out: &mut String, i: usize, row: &Row) {
    let _ = writeln!(out, "<section id=\"file-{i}\"><h2>{}</h2>", escape(&row.name));
    let coverage = &row.explained.coverage;
    if row.explained.binary && coverage.differing > 0 {
        let share = |n: u64| n as f64 * 100.0 / coverage.differing as f64;
        let _ = writeln!(
            out,
            "<p class=\"bar\"><span class=\"by-cause\" style=\"width:{:.2}%\"></span><span class=\"follows\" style=\"width:{:.2}%\"></span></p>\n<p>{}</p>",
            share(coverage.caused),
            share(coverage.following),
            escape(&coverage.sentence())
        );
    }
    if let Some(note) = &row.explained.note {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(note));
    }
    let (causes, follow): (Vec<&Finding>, Vec<&Finding>) =
        row.explained.findings.iter().partition(|f| !f.consequence);
    causes.iter().take(MOST).for_each(|f| finding(out, f, row.other));
    if causes.len() > MOST {
        let _ = writeln!(out, "<p>and {} more</p>", causes.len() - MOST);
    }
    if !follow.is_empty() {
        let _ = writeln!(
            out,
            "<details><summary>{} more that follow from these and go away with them</summary>",
            follow.len()
        );
        follow.iter().take(MOST).for_each(|f| finding(out, f, row.other));
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
}

fn finding(out: &mut String, f: &Finding, other: &str) {
    let _ = writeln!(
        out,
        "<article><h3><span class=\"cause\">{}</span> {}</h3>",
        f.cause.name(),
        escape(&f.place.to_string())
    );
    let owner = [
        f.symbol.as_ref().map(|s| format!("in <code>{}</code>", escape(s))),
        f.krate.as_ref().map(|k| format!("crate <b>{}</b>", escape(k))),
        f.source.as_ref().map(|s| format!("<code>{}</code>", escape(s))),
    ];
    let owner: Vec<String> = owner.into_iter().flatten().collect();
    if !owner.is_empty() {
        let _ = writeln!(out, "<p class=\"owner\">{}</p>", owner.join(", "));
    }
    if !f.a.is_empty() || !f.b.is_empty() {
        let _ = writeln!(
            out,
            "<div class=\"sides\"><pre data-side=\"A\">{}</pre><pre data-side=\"{other}\">{}</pre></div>",
            escape(&f.a),
            escape(&f.b)
        );
    }
    if let Some(excerpt) = &f.excerpt {
        let Excerpt { at_a, a, at_b, b, value_a, value_b } = excerpt;
        let _ = writeln!(
            out,
            "<details open><summary>bytes</summary><div class=\"sides\"><pre data-side=\"A\">{}</pre><pre data-side=\"{other}\">{}</pre></div></details>",
            hex(*at_a, (a, value_a), (b, value_b)),
            hex(*at_b, (b, value_b), (a, value_a))
        );
    }
    if !f.consequence {
        let _ = writeln!(out, "<p class=\"remedy\">{}</p>", escape(&f.remedy));
    }
    out.push_str("</article>\n");
}

/// Lines of offset, hexadecimal and text; what the value has and the other side's has not in the same
/// place is marked.
fn hex(
    at: u64,
    (bytes, value): (&[u8], &Range<usize>),
    (other, its): (&[u8], &Range<usize>),
) -> String {
    let same = |i: usize, byte: u8| {
        let within = i.checked_sub(value.start).map(|k| its.start + k);
        !value.contains(&i)
            || within.is_some_and(|k| its.contains(&k) && other.get(k) == Some(&byte))
    };
    let mut out = String::new();
    for (n, line) in bytes.chunks(LINE).enumerate() {
        let _ = write!(out, "<i>{:08x}</i> ", at + (n * LINE) as u64);
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
            match same(n * LINE + k, *byte) {
                true => {
                    let _ = write!(out, "{byte:02x} ");
                    text.push_str(&shown);
                }
                false => {
                    let _ = write!(out, "<mark>{byte:02x}</mark> ");
                    let _ = write!(text, "<mark>{shown}</mark>");
                }
            }
        }
        let _ = writeln!(out, " {text}");
    }
    out
}

/// Text, with what means something in HTML escaped, quotes included; control characters, which HTML
/// does not allow, are shown as their pictures.
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
            c if (c as u32) < 0x20 => {
                out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'));
            }
            // Characters that turn the direction of text could make it read as something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{7f}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "
:root{color-scheme:light dark;--fg:#1c2024;--bg:#fbfbfa;--card:#fff;--line:#d9dcdf;--dim:#5f6873;--good:#18794e;--bad:#c4261d;--aside:#946800;--mark:#ffd9a8;--cause:#e7ebf5}
@media(prefers-color-scheme:dark){:root{--fg:#e6e8ea;--bg:#16181a;--card:#1e2124;--line:#363b40;--dim:#9aa4ae;--good:#5bd69b;--bad:#ff8a80;--aside:#e5b567;--mark:#7a4a12;--cause:#2b3450}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",sans-serif}
header,main{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
.command{margin:0;color:var(--dim);font-family:ui-monospace,Menlo,Consolas,monospace}
h1{margin:0 0 1rem;font-size:2rem;letter-spacing:.02em}
h2{font-size:1.2rem;margin:2rem 0 .75rem;overflow-wrap:anywhere}
h3{font-size:1rem;margin:0 0 .5rem;font-weight:500;overflow-wrap:anywhere}
.good{color:var(--good)}.bad{color:var(--bad)}.aside{color:var(--aside)}
small,.owner,dt{color:var(--dim)}
code,pre,i{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.82rem}
pre{margin:0;padding:.6rem .75rem;background:var(--bg);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
details pre{white-space:pre;overflow-x:auto;overflow-wrap:normal;font-size:.72rem}
.sides pre::before{content:attr(data-side);display:block;color:var(--dim)}
i{font-style:normal;color:var(--dim)}
mark{background:var(--mark);color:inherit;border-radius:2px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line)}
th,td{text-align:left;padding:.5rem .75rem;border-bottom:1px solid var(--line);vertical-align:top}
td code{font-size:.72rem;overflow-wrap:anywhere}
th{color:var(--dim);font-weight:500}
article,.chain{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem 1.1rem;margin:0 0 1rem}
.cause{display:inline-block;background:var(--cause);border-radius:999px;padding:.05rem .6rem;font-size:.85rem;font-weight:600}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:.6rem;margin:.5rem 0}
.sides>*{min-width:0}
.remedy{margin:.6rem 0 0;padding-left:.75rem;border-left:3px solid var(--good)}
.note{padding-left:.75rem;border-left:3px solid var(--aside)}
.owner{margin:0 0 .4rem;overflow-wrap:anywhere}
details{margin-top:.5rem}summary{cursor:pointer;color:var(--dim)}
details>article{margin-top:.75rem}
.bar{display:flex;height:.6rem;background:var(--line);border-radius:999px;overflow:hidden;margin:0 0 .4rem}
.by-cause{background:var(--bad)}.follows{background:var(--aside)}
.chain ol{display:flex;flex-wrap:wrap;gap:.5rem 0;list-style:none;margin:0 0 .75rem;padding:0}
.chain li{border:1px solid var(--line);border-radius:6px;padding:.3rem .7rem;background:var(--bg);display:flex;flex-direction:column;justify-content:center}
.chain li+li{margin-left:2.2rem;position:relative}
.chain li+li::before{content:\"\\2192\";position:absolute;left:-1.7rem;top:50%;transform:translateY(-50%);color:var(--dim)}
.chain .culprit{border-color:var(--bad);font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}
dd{margin:0;overflow-wrap:anywhere}
";

#[cfg(test)]
mod tests {
    use super::*;
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
        finding.excerpt = Some(Excerpt {
            at_a: 0,
            a: b"<script>".to_vec(),
            at_b: 0,
            b: b"&amp;".to_vec(),
            value_a: 0..8,
            value_b: 0..5,
        });
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
            chains: vec![Chain {
                proof: "confirmed: only TZ changes this output".into(),
                links: vec![hostile.to_string(), "app 1.0.0".to_string()],
                unit: "build-script",
                causes: vec!["timestamp"],
                evidence: vec![hostile.to_string()],
                remedies: vec![hostile.to_string()],
            }],
            artifacts: vec![Row {
                name: hostile.to_string(),
                about: hostile.to_string(),
                status: Status::Differs,
                counts: true,
                a: None,
                b: None,
                other: "B",
                outputs: Some(hostile.to_string()),
                explained: &explained,
            }],
        });
        assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{page}");
        assert!(!page.contains("http:") && !page.contains("src="), "{page}");
        assert_eq!(page.matches("<article>").count(), page.matches("</article>").count());
    }
}

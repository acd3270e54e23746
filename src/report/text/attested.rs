//! Who attests the published files, as text.

use std::fmt::Write;

use repro_formats::names::{printable, visible};

use super::verify;
use crate::report::rows::row;
use crate::term::{self, BAD, BOLD, GOOD, WARN};
use crate::verify::votes::{Attested, Verdict};

/// As text.
pub fn text(found: &Attested, signed: &[String], verbose: bool) -> String {
    let mut out = String::new();
    if let Some(rebuild) = &found.rebuild {
        verify::body(&mut out, &rebuild.report, signed, verbose);
        let _ = write!(out, "{BOLD}rebuild{BOLD:#}     ");
        verify::ending(&mut out, &rebuild.report);
    }
    row(&mut out, BOLD, "manifest", found.manifest.display().to_string());
    for (name, sha256) in &found.files {
        row(&mut out, BOLD, "file", format_args!("{} sha256 {sha256}", printable(name.as_bytes())));
    }
    for ballot in &found.count.ballots {
        let builder = ballot.builder.as_deref().unwrap_or("a builder that was not read");
        let key = if ballot.key.is_empty() { "a certificate" } else { &ballot.key };
        let who = format!("{} by {}", printable(builder.as_bytes()), printable(key.as_bytes()));
        match &ballot.why_not {
            None => {
                let group = ballot.group.as_deref().unwrap_or("");
                row(&mut out, BOLD, "vote", format_args!("{group}: {who}"));
            }
            Some(why) => {
                let why = visible(why);
                row(&mut out, WARN, "no vote", format_args!("{who}: {why} (`{}`)", ballot.file));
            }
        }
        if let Some(name) = &ballot.other_bytes_of {
            let (group, name) = (ballot.group.as_deref().unwrap_or(""), printable(name.as_bytes()));
            let text = format!("{group} attests other bytes of `{name}` (`{}`)", ballot.file);
            row(&mut out, BAD, "conflict", text);
        }
    }
    for name in found.wrong.iter().map(|name| visible(name)) {
        row(&mut out, BAD, "differs", format_args!("`{name}` is not what the manifest lists"));
    }
    for name in found.twins.iter().map(|name| visible(name)) {
        let text = format!("`{name}` differs from another published file with the same name");
        row(&mut out, BAD, "differs", text);
    }
    // The report of a rebuild has them above.
    for note in found.notes.iter().filter(|_| found.rebuild.is_none()) {
        row(&mut out, BOLD, "note", note);
    }
    let names = found.owners();
    let (n, needed) = (names.len(), found.threshold);
    let verdict = found.verdict();
    if verdict == Verdict::Attested && found.rebuild.is_none() {
        let rests = "nothing was built here: this rests on the builders whose keys you trust";
        row(&mut out, BOLD, "note", rests);
    }
    let disputing: Vec<&str> = found.disputing().into_iter().collect();
    let but = match disputing.is_empty() {
        true => String::new(),
        false => format!("; other bytes are attested by {}", disputing.join(", ")),
    };
    let _ = match verdict {
        Verdict::Attested => writeln!(
            out,
            "{GOOD}REPRODUCED BY {n}{GOOD:#}: {}, {} to agree{but}",
            names.join(", "),
            term::count(needed, "has", "have")
        ),
        Verdict::NotConfirmed => writeln!(
            out,
            "{BAD}NOT CONFIRMED BY THE REBUILD{BAD:#}: the published files are attested by {}{but}",
            if names.is_empty() { "no builder".to_string() } else { names.join(", ") }
        ),
        Verdict::Differs => writeln!(out, "{BAD}DIFFERS{BAD:#}"),
        Verdict::NotEnough => writeln!(
            out,
            "{BAD}NOT ENOUGH VOTES{BAD:#}: {n} of {} trusted builders attest every file, {} to{but}",
            found.possible(),
            term::count(needed, "has", "have")
        ),
    };
    out
}

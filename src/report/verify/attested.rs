//! Who attests the published files, as text and as JSON.

use std::fmt::Write;
use std::path::PathBuf;

use repro_formats::names::{printable, visible};
use serde::Serialize;

use super::text::line;
use crate::attest::statement::Files;
use crate::attest::votes::Count;
use crate::report::json::{SCHEMA, encode};
use crate::term::{BAD, GOOD, WARN};

/// What was found.
pub struct Attested {
    /// How many groups have to agree.
    pub threshold: usize,
    /// How many groups are trusted.
    pub possible: usize,
    /// The votes.
    pub count: Count,
    /// The published files that they are about.
    pub files: Files,
    /// Published files that are not what the manifest lists.
    pub wrong: Vec<String>,
    /// The manifest.
    pub manifest: PathBuf,
}

impl Attested {
    /// Whether enough builders attest every file.
    pub fn passes(&self) -> bool {
        self.wrong.is_empty() && self.count.groups.len() >= self.threshold
    }

    fn verdict(&self) -> Verdict {
        match (self.wrong.is_empty(), self.passes()) {
            (_, true) => Verdict::Attested,
            (true, false) => Verdict::NotEnough,
            (false, false) => Verdict::Differs,
        }
    }

    /// The process exit code.
    pub fn code(&self) -> u8 {
        (!self.passes()).into()
    }
}

/// What a count ends in.
enum Verdict {
    Attested,
    NotEnough,
    Differs,
}

impl Verdict {
    /// The name in reports.
    fn name(self) -> &'static str {
        match self {
            Verdict::Attested => "attested",
            Verdict::NotEnough => "not-enough-votes",
            Verdict::Differs => "differs",
        }
    }
}

/// As text.
pub fn text(found: &Attested) -> String {
    let mut out = String::new();
    line(&mut out, "manifest", &found.manifest.display().to_string());
    for (name, sha256) in &found.files {
        line(&mut out, "file", &format!("{} sha256 {sha256}", printable(name.as_bytes())));
    }
    for ballot in &found.count.ballots {
        let builder = ballot.builder.as_deref().unwrap_or("a builder that was not read");
        let who =
            format!("{} by {}", printable(builder.as_bytes()), printable(ballot.key.as_bytes()));
        match &ballot.why_not {
            None => {
                line(&mut out, "vote", &format!("{}: {who}", ballot.group.as_deref().unwrap_or("")))
            }
            Some(why) => {
                let why = visible(why);
                let _ = writeln!(out, "{WARN}no vote{WARN:#}     {who}: {why} (`{}`)", ballot.file);
            }
        }
    }
    for name in &found.wrong {
        let _ = writeln!(out, "{BAD}differs{BAD:#}     `{name}` is not what the manifest lists");
    }
    let names: Vec<&str> = found.count.groups.iter().map(String::as_str).collect();
    let (n, needed) = (names.len(), found.threshold);
    let _ = match found.verdict() {
        Verdict::Attested => {
            line(
                &mut out,
                "note",
                "nothing was built here: this rests on the builders whose keys you trust",
            );
            writeln!(
                out,
                "{GOOD}REPRODUCED BY {n}{GOOD:#}: {}, {needed} have to agree",
                names.join(", ")
            )
        }
        Verdict::Differs => writeln!(out, "{BAD}DIFFERS{BAD:#}"),
        Verdict::NotEnough => writeln!(
            out,
            "{BAD}NOT ENOUGH VOTES{BAD:#}: {n} of {} trusted builders attest every file, {needed} have to",
            found.possible
        ),
    };
    out
}

#[derive(Serialize)]
struct AttestedJson<'a> {
    schema: &'static str,
    command: &'static str,
    verdict: &'static str,
    threshold: usize,
    trusted: usize,
    groups: Vec<&'a str>,
    ballots: Vec<BallotJson<'a>>,
    attested: Vec<FileJson<'a>>,
    differing: &'a [String],
}

#[derive(Serialize)]
struct BallotJson<'a> {
    file: &'a str,
    key: &'a str,
    builder: Option<&'a str>,
    group: Option<&'a str>,
    why_not: Option<&'a str>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    name: &'a str,
    sha256: &'a str,
}

/// As JSON.
pub fn json(found: &Attested) -> String {
    encode(&AttestedJson {
        schema: SCHEMA,
        command: "verify",
        verdict: found.verdict().name(),
        threshold: found.threshold,
        trusted: found.possible,
        groups: found.count.groups.iter().map(String::as_str).collect(),
        ballots: found
            .count
            .ballots
            .iter()
            .map(|b| BallotJson {
                file: &b.file,
                key: &b.key,
                builder: b.builder.as_deref(),
                group: b.group.as_deref(),
                why_not: b.why_not.as_deref(),
            })
            .collect(),
        attested: found.files.iter().map(|(name, sha256)| FileJson { name, sha256 }).collect(),
        differing: &found.wrong,
    })
}

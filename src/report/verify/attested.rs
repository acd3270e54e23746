//! Who attests the published files, as text and as JSON.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use repro_formats::names::{printable, visible};

use super::{Report, json, text};
use crate::attest::statement::Files;
use crate::attest::votes::{Ballot, Count};
use crate::report::json::value::{list, object};
use crate::report::json::{SCHEMA, encode};
use crate::report::rows::row;
use crate::request::Owner;
use crate::term::{self, BAD, BOLD, GOOD, WARN};
use crate::verdict::Verification;

/// What was found.
pub struct Attested {
    /// How many groups have to agree.
    pub threshold: usize,
    /// How many groups are trusted.
    pub trusted: usize,
    /// The votes.
    pub count: Count,
    /// The published files that they are about.
    pub files: Files,
    /// Published files that are not what the manifest lists.
    pub wrong: Vec<String>,
    /// Published files that have the name of another one, and other bytes.
    pub twins: Vec<String>,
    /// What was not looked at.
    pub notes: Vec<String>,
    /// The manifest.
    pub manifest: PathBuf,
    /// The attestations, by name and SHA-256.
    pub evidence: Vec<(String, String)>,
    /// SHA-256 of the trust file.
    pub trust: String,
    /// The rebuild, if there was one.
    pub rebuild: Option<Rebuilt>,
}

/// A rebuild that votes.
pub struct Rebuilt {
    /// For whom.
    pub owner: Owner,
    /// What it found.
    pub report: Box<Report>,
}

impl Rebuilt {
    /// The owner, as reports name it.
    fn name(&self) -> &str {
        match &self.owner {
            Owner::Itself => "this rebuild",
            Owner::Trusted(group) => group,
        }
    }

    /// It votes if every byte of every file is its own; what has to be accepted first is no vote.
    fn votes(&self, files: &Files) -> bool {
        let same: BTreeSet<&str> =
            self.report.same().filter_map(|f| Some(&*f.published.as_ref()?.sha256)).collect();
        self.report.verdict == Verification::Reproduced
            && files.values().all(|sha256| same.contains(&**sha256))
    }
}

impl Attested {
    /// Whether enough owners vote for every file, and a rebuild is not against them.
    pub fn passes(&self) -> bool {
        self.verdict() == Verdict::Attested
    }

    /// The owners who vote for every file, each once.
    pub fn owners(&self) -> Vec<&str> {
        let mut owners: Vec<&str> = self.count.groups.iter().map(String::as_str).collect();
        if let Some(rebuild) = self.rebuild.as_ref().filter(|r| r.votes(&self.files)) {
            let counted = match &rebuild.owner {
                Owner::Itself => false,
                Owner::Trusted(group) => self.count.groups.contains(group),
            };
            owners.extend((!counted).then_some(rebuild.name()));
        }
        owners
    }

    /// How many owners could.
    fn possible(&self) -> usize {
        let own = self.rebuild.as_ref().is_some_and(|r| r.owner == Owner::Itself);
        self.trusted + usize::from(own)
    }

    /// Owners who attest other bytes of a file of this build, whatever the verdict.
    fn disputing(&self) -> BTreeSet<&str> {
        let ballots = self.count.ballots.iter().filter(|b| b.other_bytes_of.is_some());
        ballots.filter_map(|b| b.group.as_deref()).collect()
    }

    fn verdict(&self) -> Verdict {
        // Nobody's votes make up for a rebuild that the user asked for, and that does not pass.
        let rebuilt = self.rebuild.as_ref().is_none_or(|r| r.report.code() == 0);
        match (self.wrong.is_empty() && self.twins.is_empty(), rebuilt) {
            (false, _) => Verdict::Differs,
            (true, false) => Verdict::NotConfirmed,
            (true, true) if self.owners().len() >= self.threshold => Verdict::Attested,
            (true, true) => Verdict::NotEnough,
        }
    }

    /// The process exit code.
    pub fn code(&self) -> u8 {
        (!self.passes()).into()
    }
}

/// What a count ends in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Attested,
    NotEnough,
    NotConfirmed,
    Differs,
}

impl Verdict {
    /// The name in reports.
    fn name(self) -> &'static str {
        match self {
            Verdict::Attested => "attested",
            Verdict::NotEnough => "not-enough-votes",
            Verdict::NotConfirmed => "not-confirmed",
            Verdict::Differs => "differs",
        }
    }
}

/// As text.
pub fn text(found: &Attested, verbose: bool) -> String {
    let mut out = String::new();
    if let Some(rebuild) = &found.rebuild {
        text::body(&mut out, &rebuild.report, verbose);
        let _ = write!(out, "{BOLD}rebuild{BOLD:#}     ");
        text::ending(&mut out, &rebuild.report);
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
        let text = format!("`{name}` has other bytes than another published file of its name");
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
            if names.is_empty() { "nobody".to_string() } else { names.join(", ") }
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

/// As JSON.
pub fn json(found: &Attested) -> String {
    let ballot = |b: &Ballot| {
        object! {
            "file": &b.file,
            "key": &b.key,
            "builder": b.builder.as_ref(),
            "group": b.group.as_ref(),
            "why_not": b.why_not.as_ref(),
            "other_bytes_of": b.other_bytes_of.as_ref(),
        }
    };
    let files = found.files.iter();
    let rebuild = |r: &Rebuilt| {
        let (vote, report) = (r.votes(&found.files), json::whole(&r.report));
        object! { "group": r.name(), "vote": vote, "report": report }
    };
    encode(&object! {
        "schema": SCHEMA,
        "command": "verify",
        "verdict": found.verdict().name(),
        "threshold": found.threshold,
        "trusted": found.trusted,
        "groups": list(found.owners()),
        "ballots": list(found.count.ballots.iter().map(ballot)),
        "attested": list(files.map(|(name, sha256)| object! { "name": name, "sha256": sha256 })),
        "differing": list(found.wrong.iter().chain(&found.twins)),
        "notes": &found.notes,
        "rebuild": found.rebuild.as_ref().map(rebuild),
    })
}

//! The values behind the HTML page and the CI annotations: one type for a double build and for a
//! comparison of two files.

use repro_explain::Explained;
use repro_formats::digest::Digest;

use crate::blame::culprit::Culprit;
use crate::compare::{Output, Pair};
use crate::report::files::{Outcome, Side};
use crate::report::{Report, variations};
use crate::variation;
use crate::verdict::{Status, Tone};

/// Everything that is shown.
pub struct Summary<'a> {
    /// What was done: `repro build` or `repro diff`.
    pub command: &'static str,
    /// `REPRODUCIBLE`, `DIFFERS`, `SINGLE BUILD`, `SAME`.
    pub verdict: String,
    /// How it is shown.
    pub tone: Tone,
    /// What is said of the whole, by its name.
    pub facts: Vec<(&'static str, String)>,
    /// The crates that diverged first.
    pub culprits: &'a [Culprit],
    /// All files.
    pub artifacts: Vec<Row<'a>>,
}

/// One file, as both sides have it.
pub struct Row<'a> {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// How the two stand to each other.
    pub status: Status,
    /// Whether the verdict rests on it.
    pub counts: bool,
    /// A's size and digest.
    pub a: Option<&'a Digest>,
    /// The other's.
    pub b: Option<&'a Digest>,
    /// What the other is called.
    pub other: variation::Side,
    /// Which builds made which output, where there are more than two builds and outputs differ.
    pub outputs: Option<String>,
    /// Why they differ.
    pub explained: &'a Explained,
}

/// Of a double build.
pub fn of_build(report: &Report) -> Summary<'_> {
    let coverage = report.coverage.as_ref();
    let off = coverage.and_then(variations::off_by_project);
    let mut facts: Vec<_> = off.map(|off| ("not varied", off)).into_iter().collect();
    facts.push(("source", report.source.clone()));
    facts.push(("toolchain", report.toolchain.clone()));
    facts.extend(report.tried.iter().flatten().map(|tried| ("tried", tried.sentence())));
    facts.extend(report.of_builds().map(|builds| ("builds", builds)));
    let lines = coverage.into_iter().flat_map(variations::lines);
    facts.extend(lines.map(|(extent, text)| (extent.label(), text)));
    facts.extend(report.notes.iter().map(|n| ("note", n.clone())));
    facts.push(("manifest", report.manifest.display().to_string()));
    let mut artifacts: Vec<Row> = report.pairs().map(row).collect();
    artifacts.sort_by_key(|r| (r.status == Status::Same, !r.counts));
    let row = report.verdict.row();
    Summary {
        command: "repro build",
        verdict: report.last_line(),
        tone: row.tone,
        facts,
        culprits: &report.blame,
        artifacts,
    }
}

fn row<'a>((pair, explained): (&'a Pair, &'a Explained)) -> Row<'a> {
    let x = pair.either();
    Row {
        name: x.name.clone(),
        about: format!("{} of {}, {}", x.kind.name(), x.package, x.target),
        status: pair.status(),
        counts: pair.in_verdict(),
        a: pair.a.as_ref().map(|x| &x.digest),
        b: pair.b.as_ref().map(|x| &x.digest),
        other: pair.other(),
        outputs: grouped(&pair.outputs),
        explained,
    }
}

/// `A, C: 3f1c…; B: 77aa…`, of more than two builds.
fn grouped(outputs: &[Output]) -> Option<String> {
    let builds: usize = outputs.iter().map(|o| o.sides.len()).sum();
    let one = |o: &Output| {
        let digest = o.artifact.as_ref().map_or("absent", |x| &x.digest.sha256[..16]);
        format!("{}: {digest}…", o.labels())
    };
    (builds > 2 && outputs.len() > 1)
        .then(|| outputs.iter().map(one).collect::<Vec<_>>().join("; "))
}

/// Of two files.
pub fn of_diff(outcome: &Outcome) -> Summary<'_> {
    let status = if outcome.same { Status::Same } else { Status::Differs };
    let row = Row {
        name: outcome.a.path.display().to_string(),
        about: outcome.a.format.clone(),
        status,
        counts: true,
        a: Some(&outcome.a.digest),
        b: Some(&outcome.b.digest),
        other: variation::Side::B,
        outputs: None,
        explained: &outcome.explained,
    };
    let path = |side: &Side| side.path.display().to_string();
    Summary {
        command: "repro diff",
        verdict: if outcome.same { "SAME" } else { "DIFFERS" }.to_string(),
        tone: if outcome.same { Tone::Good } else { Tone::Bad },
        facts: vec![("A", path(&outcome.a)), ("B", path(&outcome.b))],
        culprits: &[],
        artifacts: vec![row],
    }
}

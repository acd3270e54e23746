//! The report as JSON, schema `repro.report/1`: one object on standard output and nothing else.

pub mod check;
pub mod env;
pub mod init;

use std::path::PathBuf;

use repro_explain::Explained;
use repro_formats::digest::Digest;
use serde::Serialize;

use super::findings::{self, OneCoverage, OneFinding};
use crate::blame::culprit::{Culprit, Proof};
use crate::compare::{Output, Pair};
use crate::ledger::Split;
use crate::manifest::{Archive, Image};
use crate::recipe::Row;
use crate::report::{Report, Tried};
use crate::setting::entry::Setting;
use crate::variation::coverage::Coverage;
use crate::variation::{SHARED, Side};
use crate::verdict::{SINGLE, Verdict};

/// The schema's name and version.
pub const SCHEMA: &str = "repro.report/1";

/// Size and digest of a file.
#[derive(Serialize)]
pub struct OneDigest<'a> {
    size: u64,
    sha256: &'a str,
}

impl<'a> From<&'a Digest> for OneDigest<'a> {
    fn from(digest: &'a Digest) -> OneDigest<'a> {
        OneDigest { size: digest.size, sha256: &digest.sha256 }
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    command: &'a str,
    sandbox: &'static str,
    sandbox_off_because: Option<&'a str>,
    verdict: &'static str,
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    builds: Option<BuildsJson>,
    artifacts: Vec<OneArtifact<'a>>,
    blame: Vec<OneCulprit<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tried: Option<Vec<TriedJson<'a>>>,
    variations: Option<VariationsJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<LedgerJson<'a>>,
    settings: Vec<OneSetting<'a>>,
    source: &'a str,
    notes: &'a [String],
    manifest: String,
}

/// How the units were come by.
#[derive(Serialize)]
struct LedgerJson<'a> {
    reused: usize,
    foreign: usize,
    built_twice: Vec<TwiceJson<'a>>,
}

/// A unit that was built twice.
#[derive(Serialize)]
struct TwiceJson<'a> {
    unit: &'a str,
    why: &'a str,
}

fn ledger(split: &Split) -> LedgerJson<'_> {
    let twice = split.twice.iter().map(|(unit, why)| TwiceJson { unit, why });
    LedgerJson { reused: split.reused, foreign: split.foreign, built_twice: twice.collect() }
}

/// What more than two builds show.
#[derive(Serialize)]
struct BuildsJson {
    count: usize,
    missed: f64,
}

/// A remedy that was tried.
#[derive(Serialize)]
struct TriedJson<'a> {
    what: &'a str,
    outcome: &'static str,
    why: Option<&'a str>,
}

fn tried(tried: &Tried) -> TriedJson<'_> {
    let Tried { what, outcome } = tried;
    TriedJson { what, outcome: outcome.name(), why: outcome.why() }
}

/// One of several outputs.
#[derive(Serialize)]
struct OutputJson<'a> {
    builds: Vec<&'static str>,
    #[serde(flatten)]
    digest: Option<OneDigest<'a>>,
}

fn output(output: &Output) -> OutputJson<'_> {
    OutputJson {
        builds: output.sides.iter().map(|side| side.label()).collect(),
        digest: output.artifact.as_ref().map(|x| OneDigest::from(&x.digest)),
    }
}

/// A setting that the source does not ask for.
#[derive(Serialize)]
struct OneSetting<'a> {
    name: &'a str,
    value: &'a str,
    advice: &'static str,
}

fn setting(setting: &Setting) -> OneSetting<'_> {
    OneSetting { name: &setting.name, value: &setting.value, advice: setting.home.advice() }
}

/// What was compared.
#[derive(Serialize)]
pub struct PairJson<'a> {
    package: &'a str,
    target: &'a str,
    kind: &'static str,
    name: &'a str,
    status: &'static str,
    a: Option<OneDigest<'a>>,
    b: Option<OneDigest<'a>>,
}

impl<'a> From<&'a Pair> for PairJson<'a> {
    fn from(pair: &'a Pair) -> PairJson<'a> {
        let x = pair.either();
        PairJson {
            package: &x.package,
            target: &x.target,
            kind: x.kind.name(),
            name: &x.name,
            status: pair.status().name(),
            a: pair.a.as_ref().map(|x| OneDigest::from(&x.digest)),
            b: pair.b.as_ref().map(|x| OneDigest::from(&x.digest)),
        }
    }
}

#[derive(Serialize)]
struct OneArtifact<'a> {
    #[serde(flatten)]
    pair: PairJson<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<OutputJson<'a>>,
    findings: Vec<OneFinding<'a>>,
    explained: Option<OneCoverage>,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct OneCulprit<'a> {
    package: &'a str,
    unit: &'static str,
    causes: Vec<&'static str>,
    confirmed: bool,
    variations: Vec<&'static str>,
    replays: usize,
    searches: usize,
    seconds: f64,
    suspected: Option<&'a str>,
    evidence: &'a [String],
    remedies: &'a [String],
    via: &'a [String],
}

#[derive(Serialize)]
struct VariationsJson {
    applied: Vec<AppliedJson>,
    off: Vec<OffJson>,
    unavailable: Vec<UnavailableJson>,
    shared: Vec<&'static str>,
}

#[derive(Serialize)]
struct AppliedJson {
    name: &'static str,
    a: String,
    b: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<String>,
}

#[derive(Serialize)]
struct OffJson {
    name: &'static str,
    by: &'static str,
}

#[derive(Serialize)]
struct UnavailableJson {
    name: &'static str,
    reason: &'static str,
    why: String,
}

impl From<&Coverage> for VariationsJson {
    fn from(coverage: &Coverage) -> VariationsJson {
        let applied = coverage.applied.iter().map(|(id, values)| AppliedJson {
            name: id.row().text,
            a: values.of(Side::A).to_string(),
            b: values.of(Side::B).to_string(),
            more: values.all().iter().skip(2).map(ToString::to_string).collect(),
        });
        let off = coverage.off.iter();
        let unavailable = coverage.unavailable.iter().map(|(id, why)| UnavailableJson {
            name: id.row().text,
            reason: why.code(),
            why: why.to_string(),
        });
        VariationsJson {
            applied: applied.collect(),
            off: off.map(|(id, by)| OffJson { name: id.row().text, by: by.name() }).collect(),
            unavailable: unavailable.collect(),
            shared: SHARED.iter().map(|row| row.text).collect(),
        }
    }
}

#[derive(Serialize)]
struct Failed<'a> {
    schema: &'static str,
    command: &'a str,
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    kind: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct RecipeRow<'a> {
    what: &'a str,
    value: &'a str,
    why: &'a str,
}

fn artifact<'a>((pair, explained): (&'a Pair, &'a Explained), report: &Report) -> OneArtifact<'a> {
    let outputs = match report.builds > 2 {
        true => pair.outputs.iter().map(output).collect(),
        false => Vec::new(),
    };
    let mut pair = PairJson::from(pair);
    if report.verdict == Verdict::Single {
        pair.status = SINGLE;
    }
    OneArtifact {
        pair,
        outputs,
        findings: explained.findings.iter().map(OneFinding::from).collect(),
        explained: findings::coverage(&explained.coverage),
        note: explained.note.as_deref(),
    }
}

fn culprit(culprit: &Culprit) -> OneCulprit<'_> {
    let (confirmed, suspected) = match &culprit.proof {
        Proof::Confirmed(confirmed) => (Some(confirmed), None),
        Proof::Suspected(why) => (None, Some(why.as_str())),
    };
    let variations = confirmed.map_or(&[][..], |c| &c.variations);
    OneCulprit {
        confirmed: confirmed.is_some(),
        variations: variations.iter().map(|id| id.row().text).collect(),
        replays: confirmed.map_or(0, |c| c.replays),
        searches: confirmed.map_or(0, |c| c.searches),
        seconds: confirmed.map_or(0.0, |c| (c.seconds * 1000.0).round() / 1000.0),
        suspected,
        package: &culprit.package,
        unit: culprit.unit.name(),
        causes: culprit.causes.iter().map(|c| c.name()).collect(),
        evidence: &culprit.evidence,
        remedies: &culprit.remedies,
        via: &culprit.via,
    }
}

/// The report of a finished double build.
pub fn report(report: &Report) -> String {
    let pairs = report.pairs();
    let whole = Whole {
        schema: SCHEMA,
        command: report.command,
        sandbox: report.isolation.state.name(),
        sandbox_off_because: report.isolation.why.as_deref(),
        verdict: report.verdict.name(),
        path: report.at.as_deref(),
        builds: (report.builds > 2)
            .then(|| BuildsJson { count: report.builds, missed: report.missed() }),
        artifacts: pairs.map(|p| artifact(p, report)).collect(),
        blame: report.blame.iter().map(culprit).collect(),
        tried: report.tried.as_ref().map(|all| all.iter().map(tried).collect()),
        variations: report.coverage.as_ref().map(VariationsJson::from),
        ledger: report.split.as_ref().map(ledger),
        source: &report.source,
        settings: report.settings.iter().map(setting).collect(),
        notes: &report.notes,
        manifest: report.manifest.display().to_string(),
    };
    encode(&whole)
}

/// The report of a run that ended without a verdict.
pub fn failure(command: &str, kind: &str, message: &str) -> String {
    encode(&Failed { schema: SCHEMA, command, error: ErrorBody { kind, message } })
}

/// The recipe.
pub fn recipe(rows: &[Row]) -> String {
    let rows: Vec<_> =
        rows.iter().map(|r| RecipeRow { what: &r.what, value: &r.value, why: &r.why }).collect();
    encode(&rows)
}

#[derive(Serialize)]
struct Packed<'a> {
    schema: &'static str,
    command: &'static str,
    archives: Vec<OneArchive<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<OneImage<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct OneArchive<'a> {
    path: String,
    #[serde(flatten)]
    archive: &'a Archive,
}

#[derive(Serialize)]
struct OneImage<'a> {
    path: String,
    #[serde(flatten)]
    image: &'a Image,
}

/// What was packed.
pub fn archives(
    archives: &[(PathBuf, Archive)],
    images: &[(PathBuf, Image)],
    notes: &[String],
) -> String {
    encode(&Packed {
        schema: SCHEMA,
        command: "archive",
        archives: archives
            .iter()
            .map(|(path, archive)| OneArchive { path: path.display().to_string(), archive })
            .collect(),
        images: images
            .iter()
            .map(|(path, image)| OneImage { path: path.display().to_string(), image })
            .collect(),
        notes,
    })
}

pub(super) fn encode(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain values always encode")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_failure_is_one_object() {
        let text = super::failure("build", "refused", "no \"lockfile\"");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"schema": "repro.report/1", "command": "build",
                "error": {"kind": "refused", "message": "no \"lockfile\""}})
        );
    }
}

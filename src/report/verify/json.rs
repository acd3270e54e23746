//! A verification as JSON, schema `repro.report/1`.

use repro_explain::cause::Cause;
use serde::Serialize;

use super::identity::IdentityJson;
use super::{Checked, MadeBy, Outcome, Report, SettingRow, Surroundings};
use crate::report::findings::OneFinding;
use crate::report::json::{OneDigest, PairJson, SCHEMA, encode};
use crate::setting::entry::Fate;

#[derive(Serialize)]
pub(super) struct Whole<'a> {
    schema: &'static str,
    command: &'static str,
    sandbox: Option<&'static str>,
    sandbox_off_because: Option<&'a str>,
    verdict: &'static str,
    /// The exit code says whether the verdict passes; this is why it may not.
    passes: bool,
    steps: Vec<&'static str>,
    accepted: Vec<&'static str>,
    settings: Vec<OneSetting<'a>>,
    source: Option<&'a str>,
    epoch: Option<i64>,
    identity: IdentityJson<'a>,
    toolchain: Option<&'a str>,
    /// `a` is the manifest's, `b` the rebuilt one.
    artifacts: Vec<PairJson<'a>>,
    files: Vec<OneFile<'a>>,
    made: Option<MadeJson<'a>>,
    machine: Vec<Machine<'a>>,
    notes: &'a [String],
    manifest: Option<String>,
    output: Option<String>,
}

/// A setting of the publisher's that the source does not ask for.
#[derive(Serialize)]
struct OneSetting<'a> {
    name: &'a str,
    value: &'a str,
    state: &'static str,
    /// False where it names a program or files: then the rebuild did not have it.
    replayed: bool,
}

/// `a` is the published one, `b` the rebuilt one.
#[derive(Serialize)]
struct OneFile<'a> {
    name: &'a str,
    part: &'static str,
    status: &'static str,
    steps: Vec<&'static str>,
    a: Option<OneDigest<'a>>,
    b: Option<OneDigest<'a>>,
    findings: Vec<OneFinding<'a>>,
}

/// What the published files tell of their making, and what rebuilt them.
#[derive(Serialize)]
struct MadeJson<'a> {
    rustc: &'a [String],
    linkers: &'a [String],
    here_rustc: &'a str,
    here_linkers: &'a [String],
}

#[derive(Serialize)]
struct Machine<'a> {
    what: &'a str,
    published: &'a str,
    here: &'a str,
}

fn names(causes: &[Cause]) -> Vec<&'static str> {
    causes.iter().map(|c| c.name()).collect()
}

fn file(checked: &Checked) -> OneFile<'_> {
    let (status, steps) = match &checked.outcome {
        Outcome::Same => ("same", Vec::new()),
        Outcome::After(steps) => ("same-after-normalizing", names(steps)),
        Outcome::Differs => ("differs", Vec::new()),
        Outcome::Missing => ("missing", Vec::new()),
        Outcome::Unlisted => ("not-listed", Vec::new()),
    };
    OneFile {
        name: &checked.name,
        part: checked.part.name(),
        status,
        steps,
        a: checked.published.as_ref().map(OneDigest::from),
        b: checked.rebuilt.as_ref().map(OneDigest::from),
        findings: checked.findings.iter().map(OneFinding::from).collect(),
    }
}

fn setting(row: &SettingRow) -> OneSetting<'_> {
    OneSetting {
        name: &row.setting.name,
        value: &row.setting.value,
        state: row.state.name(),
        replayed: row.setting.fate == Fate::Replayed,
    }
}

fn made(made: &MadeBy) -> MadeJson<'_> {
    let MadeBy { rustc, linkers, here_rustc, here_linkers } = made;
    MadeJson { rustc, linkers, here_rustc, here_linkers }
}

fn machine(row: &Surroundings) -> Machine<'_> {
    Machine { what: &row.what, published: &row.published, here: &row.here }
}

/// The report.
pub fn report(report: &Report) -> String {
    encode(&whole(report))
}

/// The report, to be encoded.
pub(super) fn whole(report: &Report) -> Whole<'_> {
    let pairs = report.comparison.iter().flat_map(|c| &c.pairs);
    Whole {
        schema: SCHEMA,
        command: "verify",
        sandbox: report.isolation.as_ref().map(|i| i.state.name()),
        sandbox_off_because: report.isolation.as_ref().and_then(|i| i.why.as_deref()),
        verdict: report.verdict.name(),
        passes: report.code() == 0,
        steps: names(&report.steps),
        accepted: names(&report.accepted),
        settings: report.settings.iter().map(setting).collect(),
        source: report.source.as_deref(),
        epoch: report.epoch,
        identity: IdentityJson::from(&report.facts),
        toolchain: report.toolchain.as_deref(),
        artifacts: pairs.map(PairJson::from).collect(),
        files: report.files.iter().map(file).collect(),
        made: report.made.as_ref().map(made),
        machine: report.surroundings.iter().map(machine).collect(),
        notes: &report.notes,
        manifest: report.manifest.as_ref().map(|p| p.display().to_string()),
        output: report.output.as_ref().map(|p| p.display().to_string()),
    }
}

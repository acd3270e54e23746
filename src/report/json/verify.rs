//! A verification as JSON, schema `repro.report/1`.

use repro_explain::cause::Cause;

use super::value::{Json, Object, list, object};
use super::{SCHEMA, digest, encode, pair};
use crate::report::findings::finding;
use crate::setting::entry::Fate;
use crate::source::identity::SourceFacts;
use crate::verify::result::{Checked, FileOutcome, MadeBy, Report, SettingRow, Surroundings};

fn names(causes: &[Cause]) -> Json {
    list(causes.iter().map(|c| c.name()))
}

/// `a` is the published one, `b` the rebuilt one.
fn file(checked: &Checked) -> Object {
    let (status, steps) = match &checked.outcome {
        FileOutcome::Same => ("same", &[][..]),
        FileOutcome::After(steps) => ("same-after-normalizing", &steps[..]),
        FileOutcome::Differs => ("differs", &[][..]),
        FileOutcome::Missing => ("missing", &[][..]),
        FileOutcome::Unlisted => ("not-listed", &[][..]),
    };
    object! {
        "name": &checked.name,
        "part": checked.part.name(),
        "status": status,
        "steps": names(steps),
        "a": checked.published.as_ref().map(digest),
        "b": checked.rebuilt.as_ref().map(digest),
        "findings": list(checked.findings.iter().map(finding)),
    }
}

/// A setting of the publisher's that the source does not ask for. It is not replayed where it names a
/// program or files.
fn setting(row: &SettingRow) -> Object {
    object! {
        "name": &row.setting.name,
        "value": &row.setting.value,
        "state": row.state.name(),
        "replayed": row.setting.fate == Fate::Replayed,
    }
}

/// How the published files were made, and what rebuilt them.
fn made(made: &MadeBy) -> Object {
    object! {
        "rustc": &made.rustc,
        "linkers": &made.linkers,
        "here_rustc": &made.here_rustc,
        "here_linkers": &made.here_linkers,
    }
}

fn machine(row: &Surroundings) -> Object {
    object! { "what": &row.what, "published": &row.published, "here": &row.here }
}

/// The report, and notes on what was signed about it.
pub fn report(report: &Report, signed: &[String]) -> String {
    encode(&whole(report, signed))
}

/// The report, to be encoded. Of `artifacts`, `a` is the manifest's and `b` the rebuilt one; the exit code
/// says whether the verdict passes, and `passes` says it here.
pub(super) fn whole(report: &Report, signed: &[String]) -> Object {
    let pairs = report.comparison.iter().flat_map(|c| &c.pairs);
    object! {
        "schema": SCHEMA,
        "command": "verify",
        "sandbox": report.isolation.as_ref().map(|i| i.name()),
        "sandbox_off_because": report.isolation.as_ref().and_then(|i| i.why.as_ref()),
        "verdict": report.verdict.name(),
        "passes": report.code() == 0,
        "steps": names(&report.steps),
        "accepted": names(&report.accepted),
        "settings": list(report.settings.iter().map(setting)),
        "source": report.source.as_ref(),
        "epoch": report.epoch,
        "identity": source(&report.facts),
        "toolchain": report.toolchain.as_ref(),
        "artifacts": list(pairs.map(|p| pair(p, p.status().name()))),
        "files": list(report.files.iter().map(file)),
        "made": report.made.as_ref().map(made),
        "machine": list(report.surroundings.iter().map(machine)),
        "notes": list(report.notes.iter().chain(signed)),
        "manifest": report.manifest.as_deref(),
        "output": report.output.as_deref(),
    }
}

/// The source that was used.
fn source(facts: &SourceFacts) -> Object {
    let epoch = facts.epoch.as_ref();
    object! {
        "commit": facts.commit.as_ref(),
        "repository": facts.repository.as_ref(),
        "tags": &facts.tags,
        "branches": facts.branches.as_ref(),
        "shallow": facts.shallow,
        "version": facts.version.as_ref(),
        "remote": facts.remote.as_ref(),
        "declared_repository": facts.declared.as_ref(),
        "remote_is_declared": facts.remote_is_declared(),
        "epoch": epoch.map(|(seconds, from)| object! { "seconds": *seconds, "from": &**from }),
        "expected_tag": facts.expected.tag.as_ref(),
        "expected_source": facts.expected.source.as_ref(),
        "doubts": &facts.doubts,
    }
}

//! The report as JSON, schema `repro.report/1`: one object on standard output and nothing else.
//! `docs/repro.report-1.schema.json` describes it; `docs/stability.md` says which changes need a new version.

pub mod attested;
pub mod check;
pub mod env;
pub mod init;
pub mod several;
pub mod value;
pub mod verify;

use std::path::PathBuf;

use repro_explain::Explained;
use repro_formats::digest::Digest;
use serde::Serialize;

use self::value::{Object, if_any, list, list_if_any, object};
use super::findings;
use crate::blame::culprit::{Culprit, Proof};
use crate::compare::{Output, Pair};
use crate::ledger::Split;
use crate::manifest::{Archive, Image};
use crate::recipe::RecipeRow;
use crate::remedies::Tried;
use crate::report::Report;
use crate::setting::entry::Setting;
use crate::variation::coverage::Coverage;
use crate::variation::{SHARED, Side};
use crate::verdict::{SINGLE, Verdict};

/// The schema's name and version.
pub const SCHEMA: &str = "repro.report/1";

/// Size and digest of a file.
pub fn digest(digest: &Digest) -> Object {
    object! { "size": digest.size, "sha256": &digest.sha256 }
}

/// How the units were come by.
fn ledger(split: &Split) -> Object {
    let twice = split.twice.iter().map(|(unit, why)| object! { "unit": unit, "why": why });
    object! { "reused": split.reused, "foreign": split.foreign, "built_twice": list(twice) }
}

/// A remedy that was tried.
fn tried(tried: &Tried) -> Object {
    let Tried { what, outcome } = tried;
    object! { "what": what, "outcome": outcome.name(), "why": outcome.why() }
}

/// One of several outputs.
fn output(output: &Output) -> Object {
    let builds = object! { "builds": list(output.sides.iter().map(|side| side.label())) };
    builds.and(output.artifact.as_ref().map(|x| digest(&x.digest)).unwrap_or_default())
}

/// A setting that the source does not ask for.
fn setting(setting: &Setting) -> Object {
    let advice = setting.home.advice();
    object! { "name": &setting.name, "value": &setting.value, "advice": advice }
}

/// What was compared.
pub fn pair(pair: &Pair, status: &'static str) -> Object {
    let x = pair.either();
    object! {
        "package": &x.package,
        "target": &x.target,
        "kind": x.kind.name(),
        "name": &x.name,
        "status": status,
        "a": pair.a.as_ref().map(|x| digest(&x.digest)),
        "b": pair.b.as_ref().map(|x| digest(&x.digest)),
    }
}

fn variations(coverage: &Coverage) -> Object {
    let applied = coverage.applied.iter().map(|(id, values)| {
        object! {
            "name": id.row().text,
            "a": values.of(Side::A).to_string(),
            "b": values.of(Side::B).to_string(),
            "more": list_if_any(values.all().iter().skip(2).map(ToString::to_string)),
        }
    });
    let off = coverage.off.iter();
    let off = off.map(|(id, by)| object! { "name": id.row().text, "by": by.name() });
    let unavailable = coverage.unavailable.iter().map(|(id, why)| {
        object! { "name": id.row().text, "reason": why.code(), "why": why.to_string() }
    });
    object! {
        "applied": list(applied),
        "off": list(off),
        "unavailable": list(unavailable),
        "shared": list(SHARED.iter().map(|row| row.text)),
    }
}

fn artifact((of, explained): (&Pair, &Explained), report: &Report) -> Object {
    let several = of.outputs.iter().filter(|_| report.builds > 2).map(output);
    let status = match report.verdict {
        Verdict::Single => SINGLE,
        _ => of.status().name(),
    };
    pair(of, status).and(object! { "outputs": list_if_any(several) }).and(findings::json(explained))
}

fn culprit(culprit: &Culprit) -> Object {
    let (confirmed, suspected) = match &culprit.proof {
        Proof::Confirmed(confirmed) => (Some(confirmed), None),
        Proof::Suspected(why) => (None, Some(why)),
    };
    let varied = confirmed.map_or(&[][..], |c| &c.variations);
    object! {
        "package": &culprit.package,
        "unit": culprit.unit.name(),
        "causes": list(culprit.causes.iter().map(|c| c.name())),
        "confirmed": confirmed.is_some(),
        "variations": list(varied.iter().map(|id| id.row().text)),
        "replays": confirmed.map_or(0, |c| c.replays),
        "searches": confirmed.map_or(0, |c| c.searches),
        "seconds": confirmed.map_or(0.0, |c| (c.seconds * 1000.0).round() / 1000.0),
        "suspected": suspected,
        "evidence": &culprit.evidence,
        "remedies": &culprit.remedies,
        "via": &culprit.via,
    }
}

/// The report of a finished double build.
pub fn report(report: &Report) -> String {
    let builds = object! { "count": report.builds, "missed": report.missed() };
    encode(&object! {
        "schema": SCHEMA,
        "command": report.command,
        "sandbox": report.isolation.name(),
        "sandbox_off_because": report.isolation.why.as_ref(),
        "verdict": report.verdict.name(),
        "path": report.at.as_ref(),
        "builds": if_any((report.builds > 2).then_some(builds)),
        "artifacts": list(report.pairs().map(|p| artifact(p, report))),
        "blame": list(report.blame.iter().map(culprit)),
        "tried": if_any(report.tried.as_ref().map(|all| list(all.iter().map(tried)))),
        "variations": report.coverage.as_ref().map(variations),
        "ledger": if_any(report.split.as_ref().map(ledger)),
        "settings": list(report.settings.iter().map(setting)),
        "source": &report.source,
        "notes": &report.notes,
        "manifest": &*report.manifest,
    })
}

/// The report of a run that ended without a verdict.
pub fn failure(command: &str, kind: &str, message: &str) -> String {
    let error = object! { "kind": kind, "message": message };
    encode(&object! { "schema": SCHEMA, "command": command, "error": error })
}

/// The recipe.
pub fn recipe(rows: &[RecipeRow]) -> String {
    encode(&rows)
}

#[derive(Serialize)]
struct Packed<'a> {
    schema: &'static str,
    command: &'static str,
    archives: Vec<OneFile<'a, Archive>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<OneFile<'a, Image>>,
    notes: &'a [String],
}

/// A file, and what it is.
#[derive(Serialize)]
struct OneFile<'a, T> {
    path: String,
    #[serde(flatten)]
    what: &'a T,
}

fn at_paths<T>(files: &[(PathBuf, T)]) -> Vec<OneFile<'_, T>> {
    files.iter().map(|(path, what)| OneFile { path: path.display().to_string(), what }).collect()
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
        archives: at_paths(archives),
        images: at_paths(images),
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

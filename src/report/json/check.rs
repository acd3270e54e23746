//! The findings of `repro check` as JSON, schema `repro.report/1`.

use super::value::{Object, list, object};
use super::{SCHEMA, encode};
use crate::check::Finding;
use crate::error;
use crate::report::check::CheckReport;

/// One JSON object.
pub fn report(report: &CheckReport) -> String {
    let outcome = &report.outcome;
    let trouble = |t| object! { "kind": error::kind_of(t).name(), "message": error::one_line(t) };
    let unrun = outcome.unrun.iter();
    let unrun =
        unrun.map(|u| object! { "reason": u.reason, "rules": list(u.rules.iter().copied()) });
    encode(&object! {
        "schema": SCHEMA,
        "command": "check",
        "verdict": report.verdict().name(),
        "targets": &report.targets,
        "packages": report.packages,
        "rules": report.ran(),
        "allowed": outcome.allowed,
        "findings": list(outcome.findings.iter().map(|f| finding(report, f))),
        "not_checked": list(report.troubles.iter().map(trouble)),
        "not_run": list(unrun),
    })
}

fn finding(report: &CheckReport, finding: &Finding) -> Object {
    let hit = &finding.hit;
    object! {
        "rule": finding.rule.id,
        "severity": finding.severity.name(),
        "package": hit.package.as_ref(),
        "path": hit.place.as_ref().map(|p| report.shown(&p.path)),
        "line": hit.place.as_ref().map(|p| p.line),
        "message": &hit.message,
        "why": finding.rule.why,
        "remedy": hit.remedy.as_deref().unwrap_or(finding.rule.remedy),
        "source": finding.rule.source,
    }
}

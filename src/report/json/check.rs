//! The findings of `repro check` as JSON, schema `repro.report/1`.

use serde::Serialize;

use super::{SCHEMA, encode};
use crate::check::Finding;
use crate::error;
use crate::report::check::{CheckReport, Verdict};

#[derive(Serialize)]
struct CheckJson<'a> {
    schema: &'static str,
    command: &'static str,
    verdict: Verdict,
    targets: &'a [String],
    packages: usize,
    rules: usize,
    allowed: usize,
    findings: Vec<FindingJson<'a>>,
    not_checked: Vec<TroubleJson>,
    not_run: Vec<UnrunJson<'a>>,
}

#[derive(Serialize)]
struct UnrunJson<'a> {
    reason: &'a str,
    rules: &'a [&'a str],
}

#[derive(Serialize)]
struct FindingJson<'a> {
    rule: &'a str,
    severity: &'a str,
    package: Option<&'a str>,
    path: Option<String>,
    line: Option<usize>,
    message: &'a str,
    why: &'a str,
    remedy: &'a str,
    source: &'a str,
}

#[derive(Serialize)]
struct TroubleJson {
    kind: &'static str,
    message: String,
}

/// One JSON object.
pub fn report(report: &CheckReport) -> String {
    let one = |f| finding(report, f);
    encode(&CheckJson {
        schema: SCHEMA,
        command: "check",
        verdict: report.verdict(),
        targets: &report.targets,
        packages: report.packages,
        rules: report.ran(),
        allowed: report.outcome.allowed,
        findings: report.outcome.findings.iter().map(one).collect(),
        not_checked: report
            .troubles
            .iter()
            .map(|t| TroubleJson { kind: error::kind_of(t).name(), message: error::one_line(t) })
            .collect(),
        not_run: report
            .outcome
            .unrun
            .iter()
            .map(|u| UnrunJson { reason: u.reason, rules: &u.rules })
            .collect(),
    })
}

fn finding<'a>(report: &CheckReport, finding: &'a Finding) -> FindingJson<'a> {
    let hit = &finding.hit;
    FindingJson {
        rule: finding.rule.id,
        severity: finding.severity.name(),
        package: hit.package.as_deref(),
        path: hit.place.as_ref().map(|p| report.shown(&p.path)),
        line: hit.place.as_ref().map(|p| p.line),
        message: &hit.message,
        why: finding.rule.why,
        remedy: hit.remedy.as_deref().unwrap_or(finding.rule.remedy),
        source: finding.rule.source,
    }
}

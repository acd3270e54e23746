//! Findings as SARIF 2.1.0, for code scanning.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
//!
//! Locations are relative to the source root (`SRCROOT`). What is found in a dependency's source is
//! at its entry of the lockfile, with the source itself as a related location (a `file:` URI).

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::check::Finding;
use crate::check::hit::Severity;
use crate::check::rules::{RULES, Rule};
use crate::error;
use crate::report::check::CheckReport;
use crate::report::json::encode;
use crate::source::git_url::percent_encoded;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Value; 1],
}

/// One SARIF document.
pub fn of(report: &CheckReport) -> String {
    let unrun = report.outcome.unrun.iter();
    let unrun = unrun.map(|u| format!("not checked: {} ({})", u.reason, u.rules.join(", ")));
    let notifications: Vec<Value> = report
        .troubles
        .iter()
        .map(error::one_line)
        .chain(unrun)
        .map(|text| json!({"level": "error", "message": {"text": text}}))
        .collect();
    let run = json!({
        "tool": {"driver": {
            "name": "repro",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
        }},
        "columnKind": "utf16CodeUnits",
        "invocations": [{
            "executionSuccessful": notifications.is_empty(),
            "exitCode": report.code(),
            "toolExecutionNotifications": notifications,
        }],
        "results": report.outcome.findings.iter().map(|f| result(report, f)).collect::<Vec<_>>(),
    });
    encode(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": format!("Looks at {}.", rule.looks_at)},
        "fullDescription": {"text": format!("Why: {}.", rule.why)},
        "help": {"text": format!("To do: {}.", rule.remedy)},
        "helpUri": rule.source,
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(report: &CheckReport, finding: &Finding) -> Value {
    let hit = &finding.hit;
    let index = RULES.iter().position(|r| r.id == finding.rule.id);
    let remedy = hit.remedy.as_deref().unwrap_or(finding.rule.remedy);
    let artifact = |path: &Path| match path.starts_with(&report.root) {
        true => json!({"uri": encoded(&report.shown(path)), "uriBaseId": "SRCROOT"}),
        false => json!({"uri": format!("file://{}", encoded(&slashes(path)))}),
    };
    // A finding of the whole project still needs a place, or code scanning drops it.
    let (path, line) = match finding.inside(&report.root).or(hit.place.as_ref()) {
        Some(place) => (place.path.clone(), place.line),
        None => (report.root.join("Cargo.toml"), 1),
    };
    let elsewhere = hit.place.iter().filter(|p| p.path != path);
    let related: Vec<Value> = elsewhere
        .map(|p| json!({"physicalLocation": {"artifactLocation": artifact(&p.path), "region": {"startLine": p.line.max(1)}}}))
        .collect();
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": {"text": format!("{}. To do: {remedy}.", hit.message)},
        "locations": [{"physicalLocation": {
            "artifactLocation": artifact(&path),
            "region": {"startLine": line.max(1)},
        }}],
        "relatedLocations": related,
    })
}

fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    if text.starts_with('/') { text } else { format!("/{text}") }
}

/// A path as part of a URI.
fn encoded(path: &str) -> String {
    percent_encoded(path, "/!$&'()*+,;=@")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(encoded("a b/é#?.rs"), "a%20b/%C3%A9%23%3F.rs");
        assert_eq!(slashes(Path::new("C:\\x\\y")), "/C:/x/y");
    }
}

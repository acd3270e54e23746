//! Findings as annotations of GitHub Actions.
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>
//!
//! An annotation needs a file of the repository: what is found in a dependency's source is told at
//! the dependency's entry of the lockfile where it has one.

use crate::check::hit::Severity;
use crate::error;
use crate::report::check::CheckReport;
use crate::report::github::command;

/// One line for each finding, and a last line that says what it comes to.
pub fn of(report: &CheckReport) -> String {
    let mut out = String::new();
    for finding in &report.outcome.findings {
        let kind = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let inside = finding.inside(&report.root).map(|p| (report.shown(&p.path), p.line));
        let place = inside.as_ref().map(|(file, line)| (&file[..], line.to_string()));
        let elsewhere = match &finding.hit.place {
            Some(p) if !p.path.starts_with(&report.root) => {
                format!(" ({}:{})", report.shown(&p.path), p.line)
            }
            _ => String::new(),
        };
        let remedy = finding.hit.remedy.as_deref().unwrap_or(finding.rule.remedy);
        let text = format!("{}{elsewhere}. To do: {remedy}", finding.hit.message);
        command(&mut out, kind, finding.rule.id, place, &text);
    }
    for trouble in &report.troubles {
        command(&mut out, "error", "not checked", None, &error::one_line(trouble));
    }
    for unrun in &report.outcome.unrun {
        let text = format!("{} ({})", unrun.reason, unrun.rules.join(", "));
        command(&mut out, "warning", "not checked", None, &text);
    }
    out + &report.counts() + "\n"
}

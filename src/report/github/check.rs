//! Findings as annotations of GitHub Actions.
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>
//!
//! An annotation needs a file of the repository: what is found in a dependency's source is told at
//! the dependency's entry of the lockfile where it has one.

use crate::check::hit::Severity;
use crate::error;
use crate::report::check::CheckReport;
use crate::report::github::{data, property};

/// One line for each finding, and a last line that says what it comes to.
pub fn of(report: &CheckReport) -> String {
    let mut out = String::new();
    for finding in &report.outcome.findings {
        let word = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let mut properties = Vec::new();
        if let Some(place) = finding.inside(&report.root) {
            properties.push(format!("file={}", property(&report.shown(&place.path))));
            properties.push(format!("line={}", place.line));
        }
        properties.push(format!("title={}", property(finding.rule.id)));
        let elsewhere = match &finding.hit.place {
            Some(p) if !p.path.starts_with(&report.root) => {
                format!(" ({}:{})", report.shown(&p.path), p.line)
            }
            _ => String::new(),
        };
        let remedy = finding.hit.remedy.as_deref().unwrap_or(finding.rule.remedy);
        let text = format!("{}{elsewhere}. To do: {remedy}", finding.hit.message);
        out.push_str(&format!("::{word} {}::{}\n", properties.join(","), data(&text)));
    }
    for trouble in &report.troubles {
        out.push_str(&format!("::error title=not checked::{}\n", data(&error::one_line(trouble))));
    }
    for unrun in &report.outcome.unrun {
        let text = format!("{} ({})", unrun.reason, unrun.rules.join(", "));
        out.push_str(&format!("::warning title=not checked::{}\n", data(&text)));
    }
    out.push_str(&format!("{}\n", report.counts()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_an_annotation_is_escaped() {
        assert_eq!(data("a\n::error::b 100%"), "a%0A::error::b 100%25");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}

//! The findings of `repro check` for people, and its rules.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::check::Finding;
use crate::check::hit::Severity;
use crate::check::rules::{RULES, Rule};
use crate::error;
use crate::report::check::{CheckReport, Verdict};
use crate::term::{self, BAD, BOLD, GOOD, WARN};

/// How many findings of a rule are listed without `-v`.
const LISTED: usize = 4;

/// The findings by rule, the gravest first, and what it comes to on the last line.
pub fn report(report: &CheckReport, verbose: bool) -> String {
    let mut out = String::new();
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.outcome.findings {
        if verbose || finding.severity != Severity::Info {
            let order = RULES.iter().position(|r| r.id == finding.rule.id);
            let key = (std::cmp::Reverse(finding.severity), order);
            groups.entry(key).or_default().push(finding);
        }
    }
    for findings in groups.values() {
        group(&mut out, report, findings, verbose);
    }
    for trouble in &report.troubles {
        let _ = writeln!(out, "{BAD}not checked{BAD:#}: {}", error::one_line(trouble));
    }
    for unrun in &report.outcome.unrun {
        let rules = unrun.rules.join(", ");
        let _ = writeln!(out, "{WARN}not checked{WARN:#}: {} ({rules})", unrun.reason);
    }
    let of = match report.targets.is_empty() {
        true => String::new(),
        false => format!(" for {}", report.targets.join(", ")),
    };
    let rules = match report.ran() {
        all if all == report.rules => term::count(all, "rule", "rules"),
        ran => format!("{ran} of {} rules", report.rules),
    };
    let packages = term::count(report.packages, "package", "packages");
    let allowed = match report.outcome.allowed {
        0 => String::new(),
        n => format!(", {n} allowed"),
    };
    let _ = writeln!(out, "{rules}, {packages}{of}{allowed}");
    ending(&mut out, report);
    out
}

fn group(out: &mut String, report: &CheckReport, findings: &[&Finding], verbose: bool) {
    let first = findings[0];
    let style = match first.severity {
        Severity::Error => BAD,
        Severity::Warning => WARN,
        Severity::Info => BOLD,
    };
    let rule = first.rule;
    let name = first.severity.name();
    let _ = writeln!(out, "{style}{name}[{}]{style:#}: {}", rule.id, rule.why);
    let shown = if verbose { findings.len() } else { LISTED };
    let mut remedies = Vec::new();
    for finding in findings {
        let remedy = finding.hit.remedy.as_deref().unwrap_or(rule.remedy);
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    for finding in &findings[..shown.min(findings.len())] {
        let place = match &finding.hit.place {
            Some(place) => format!("{}:{}: ", report.shown(&place.path), place.line),
            None => String::new(),
        };
        let _ = writeln!(out, "  {place}{}", finding.hit.message);
    }
    if findings.len() > shown {
        let _ = writeln!(out, "  and {} more, listed with -v", findings.len() - shown);
    }
    for remedy in remedies {
        let _ = writeln!(out, "  to do: {remedy}");
    }
}

fn ending(out: &mut String, report: &CheckReport) {
    let counts = report.counts();
    let _ = match report.verdict() {
        Verdict::Clean => writeln!(out, "{GOOD}CLEAN{GOOD:#} ({counts})"),
        Verdict::Warnings => writeln!(out, "{WARN}WARNINGS{WARN:#} ({counts})"),
        Verdict::Findings => writeln!(out, "{BAD}FINDINGS{BAD:#} ({counts})"),
        Verdict::Incomplete => {
            writeln!(out, "{BAD}INCOMPLETE{BAD:#} ({counts}; not everything was checked)")
        }
    };
}

/// The table of rules.
pub fn rules() -> String {
    let mut out = String::new();
    for rule in RULES {
        let _ = writeln!(out, "{:<24}{:<9}{}", rule.id, rule.severity.name(), rule.looks_at);
    }
    out
}

/// What a rule is about.
pub fn explain(rule: &Rule) -> String {
    let Rule { id, severity, looks_at, why, remedy, source, .. } = rule;
    let severity = severity.name();
    format!(
        "{BOLD}{id}{BOLD:#} ({severity})\nlooks at  {looks_at}\nwhy       {why}\n\
         to do     {remedy}\nsource    {source}\n\
         off       [[workspace.metadata.repro.check]] with id = \"{id}\", level = \"allow\" and a reason\n"
    )
}

//! The findings of `repro check` for people and as JSON, schema `repro.report/1`.

pub mod github;
pub mod sarif;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::check::rules::{RULES, Rule};
use crate::check::{Finding, Severity};
use crate::error;
use crate::report::json::{SCHEMA, encode};
use crate::term::{BAD, BOLD, GOOD, WARN};

/// What a check found.
pub struct CheckReport {
    /// Paths are shown relative to it.
    pub root: PathBuf,
    /// Targets that dependencies were resolved for.
    pub targets: Vec<String>,
    /// How many packages the build uses.
    pub packages: usize,
    /// How many rules there are.
    pub rules: usize,
    /// The findings, the gravest first.
    pub findings: Vec<Finding>,
    /// How many findings are allowed.
    pub allowed: usize,
    /// What could not be read, so that some rules were silent.
    pub troubles: Vec<anyhow::Error>,
}

impl CheckReport {
    /// How many findings count for so much.
    pub fn count(&self, severity: Severity) -> usize {
        let of = |f: &&Finding| f.severity == severity;
        self.findings.iter().filter(of).count()
    }

    /// The exit code: what could not be read comes first, as it may hide an error.
    pub fn code(&self) -> u8 {
        let troubles = self.troubles.iter().map(|t| error::kind_of(t).code());
        match troubles.max() {
            Some(code) => code,
            None => u8::from(self.count(Severity::Error) > 0),
        }
    }

    /// `clean`, `findings`, or `incomplete`.
    fn verdict(&self) -> &'static str {
        match self.code() {
            0 => "clean",
            1 => "findings",
            _ => "incomplete",
        }
    }

    /// A path as it is shown: relative to the root, with `/`, where it lies below it.
    fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.root) {
            Ok(inside) => {
                let parts: Vec<_> = inside.iter().map(|p| p.to_string_lossy()).collect();
                parts.join("/")
            }
            Err(_) => short(path),
        }
    }
}

/// A path in cargo's registry from the package on; any other as it is.
fn short(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|p| p.to_string_lossy()).collect();
    let at = parts.windows(2).position(|w| w == ["registry", "src"]);
    match at.and_then(|at| parts.get(at + 3..)) {
        Some(rest) if !rest.is_empty() => rest.join("/"),
        _ => path.display().to_string(),
    }
}

/// How many findings of a rule are listed without `-v`.
const LISTED: usize = 4;

/// For people: the findings by rule, the gravest first, and what it comes to on the last line.
pub fn text(report: &CheckReport, verbose: bool) -> String {
    let mut out = String::new();
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
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
    let of = match report.targets.is_empty() {
        true => String::new(),
        false => format!(" for {}", report.targets.join(", ")),
    };
    let _ = writeln!(
        out,
        "{} rules, {} packages{of}{}",
        report.rules,
        report.packages,
        match report.allowed {
            0 => String::new(),
            n => format!(", {n} allowed"),
        }
    );
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
    let count = |severity, one: &str, many: &str| match report.count(severity) {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    let counts = format!(
        "{}, {}, {}",
        count(Severity::Error, "error", "errors"),
        count(Severity::Warning, "warning", "warnings"),
        count(Severity::Info, "info", "infos")
    );
    let _ = match report.verdict() {
        "clean" => writeln!(out, "{GOOD}CLEAN{GOOD:#} ({counts})"),
        "findings" => writeln!(out, "{BAD}FINDINGS{BAD:#} ({counts})"),
        _ => writeln!(out, "{BAD}INCOMPLETE{BAD:#} ({counts}; not all could be checked)"),
    };
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    command: &'static str,
    verdict: &'static str,
    targets: &'a [String],
    packages: usize,
    rules: usize,
    allowed: usize,
    findings: Vec<One<'a>>,
    not_checked: Vec<Trouble>,
}

#[derive(Serialize)]
struct One<'a> {
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
struct Trouble {
    kind: &'static str,
    message: String,
}

/// One JSON object.
pub fn json(report: &CheckReport) -> String {
    let one = |f| one(report, f);
    encode(&Whole {
        schema: SCHEMA,
        command: "check",
        verdict: report.verdict(),
        targets: &report.targets,
        packages: report.packages,
        rules: report.rules,
        allowed: report.allowed,
        findings: report.findings.iter().map(one).collect(),
        not_checked: report
            .troubles
            .iter()
            .map(|t| Trouble { kind: error::kind_of(t).name(), message: error::one_line(t) })
            .collect(),
    })
}

fn one<'a>(report: &CheckReport, finding: &'a Finding) -> One<'a> {
    let hit = &finding.hit;
    One {
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
    format!(
        "{BOLD}{}{BOLD:#} ({})\nlooks at  {}\nwhy       {}\nto do     {}\nsource    {}\n\
         off       [[workspace.metadata.repro.check]] with id = \"{}\", level = \"allow\" and a reason\n",
        rule.id,
        rule.severity.name(),
        rule.looks_at,
        rule.why,
        rule.remedy,
        rule.source,
        rule.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_paths_are_shown_from_the_package_on() {
        let path = Path::new("/h/.cargo/registry/src/index-1/x-1.0.0/build.rs");
        assert_eq!(short(path), "x-1.0.0/build.rs");
        assert_eq!(short(Path::new("/h/x/build.rs")), "/h/x/build.rs");
    }
}

//! `repro check`: what can be told of a build before anything is compiled. Facts are gathered
//! once ([`facts`]); each rule of the one table ([`rules::RULES`]) is a pure function over them.
//!
//! Nothing is built, fetched or written here. What a rule's findings count for is decided by
//! [`Levels`], from the command line and the project's metadata.

pub mod facts;
mod families;
pub mod levels;
pub mod rules;
mod rust;

use std::path::PathBuf;

use facts::Facts;
use levels::Levels;
use rules::{RULES, Rule};

/// How much a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; counts for nothing.
    Info,
    /// The build may differ for another builder.
    Warning,
    /// The build differs, or cannot be made at all by another builder.
    Error,
}

impl Severity {
    /// `info`, `warning`, `error`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, absolute.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

/// What a rule found, before it is known how much it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Where; none where it is a matter of the whole project.
    pub place: Option<Place>,
    /// `name version` of the package that it is about, if it is about one.
    pub package: Option<String>,
    /// One sentence.
    pub message: String,
    /// Where this one counts for less than its rule says.
    pub at_most: Option<Severity>,
    /// What to do, where there is more to say than the rule does.
    pub remedy: Option<String>,
}

impl Hit {
    /// A hit at a place.
    pub fn at(place: Place, message: impl Into<String>) -> Hit {
        Hit { place: Some(place), message: message.into(), ..Hit::default() }
    }

    /// A hit of the whole project.
    pub fn of_project(message: impl Into<String>) -> Hit {
        Hit { message: message.into(), ..Hit::default() }
    }
}

/// What is reported.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How much it counts.
    pub severity: Severity,
    /// What was found.
    pub hit: Hit,
    /// The place in the repository that stands for a place outside of it: the package's entry in
    /// the lockfile.
    pub stands_for: Option<Place>,
}

impl Finding {
    /// A place in the repository, where there is one.
    pub fn inside(&self, root: &std::path::Path) -> Option<&Place> {
        let own = self.hit.place.as_ref().filter(|p| p.path.starts_with(root));
        own.or(self.stands_for.as_ref())
    }
}

/// Runs the rules. The second value counts the hits that are allowed.
pub fn run(facts: &Facts, levels: &Levels) -> (Vec<Finding>, usize) {
    let mut findings = Vec::new();
    let mut allowed = 0;
    for rule in RULES {
        for hit in (rule.judge)(facts) {
            let usual = hit.at_most.map_or(rule.severity, |most| most.min(rule.severity));
            match levels.of(rule.id, hit.package.as_deref(), usual) {
                Some(severity) => findings.push(Finding {
                    rule,
                    severity,
                    stands_for: stands_for(facts, &hit),
                    hit,
                }),
                None => allowed += 1,
            }
        }
    }
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (std::cmp::Reverse(f.severity), f.hit.place.clone());
        key(a).cmp(&key(b))
    });
    (findings, allowed)
}

fn stands_for(facts: &Facts, hit: &Hit) -> Option<Place> {
    let outside = hit.place.as_ref().is_some_and(|p| !p.path.starts_with(&facts.root));
    let (name, version) = hit.package.as_deref().filter(|_| outside)?.split_once(' ')?;
    facts.place_in_lockfile(name, version)
}

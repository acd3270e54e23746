//! `repro check`: what can be found out about a build before anything is compiled. Facts are gathered
//! once ([`facts`]); each rule of the one table ([`rules::RULES`]) is a pure function over them.
//!
//! Nothing is built, fetched or written here. [`Levels`] decides how much a rule's findings
//! count, by the command line and the project's metadata.

pub mod facts;
pub mod hit;
pub mod levels;
pub mod rules;
mod rust;

use facts::Facts;
use hit::{FileLine, Hit, Severity};
use levels::Levels;
use rules::{RULES, Rule};

/// What is reported.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How much it counts.
    pub severity: Severity,
    /// What was found.
    pub hit: Hit,
    /// Shown in place of one outside the repository: the package's entry in the lockfile.
    pub stands_for: Option<FileLine>,
}

impl Finding {
    /// A place in the repository, where there is one.
    pub fn inside(&self, root: &std::path::Path) -> Option<&FileLine> {
        let own = self.hit.place.as_ref().filter(|p| p.path.starts_with(root));
        own.or(self.stands_for.as_ref())
    }
}

/// Rules that could not look.
#[derive(Clone, Debug)]
pub struct Unrun {
    /// Why.
    pub reason: &'static str,
    /// Their names.
    pub rules: Vec<&'static str>,
}

/// What the rules came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings, the gravest first.
    pub findings: Vec<Finding>,
    /// How many hits are allowed.
    pub allowed: usize,
    /// The rules that could not look, but for those that are allowed.
    pub unrun: Vec<Unrun>,
}

/// Runs the rules.
pub fn run(facts: &Facts, levels: &Levels) -> Outcome {
    let mut outcome = Outcome::default();
    for rule in RULES {
        let hits = match rule.run(facts) {
            Ok(hits) => hits,
            Err(_) if levels.of(rule.id, None, rule.severity).is_none() => continue,
            Err(reason) => {
                outcome.not_run(rule.id, reason);
                continue;
            }
        };
        for hit in hits {
            let usual = hit.at_most.map_or(rule.severity, |most| most.min(rule.severity));
            match levels.of(rule.id, hit.package.as_deref(), usual) {
                Some(severity) => outcome.findings.push(Finding {
                    rule,
                    severity,
                    stands_for: stands_for(facts, &hit),
                    hit,
                }),
                None => outcome.allowed += 1,
            }
        }
    }
    outcome.findings.sort_by(|a, b| {
        let key = |f: &Finding| (std::cmp::Reverse(f.severity), f.hit.place.clone());
        key(a).cmp(&key(b))
    });
    outcome
}

impl Outcome {
    fn not_run(&mut self, rule: &'static str, reason: &'static str) {
        match self.unrun.iter_mut().find(|u| u.reason == reason) {
            Some(unrun) => unrun.rules.push(rule),
            None => self.unrun.push(Unrun { reason, rules: vec![rule] }),
        }
    }
}

fn stands_for(facts: &Facts, hit: &Hit) -> Option<FileLine> {
    let outside = hit.place.as_ref().is_some_and(|p| !p.path.starts_with(&facts.root));
    let (name, version) = hit.package.as_deref().filter(|_| outside)?.split_once(' ')?;
    facts.place_in_lockfile(name, version)
}

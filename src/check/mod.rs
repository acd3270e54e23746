//! `repro check`: what can be told of a build before anything is compiled. Facts are gathered
//! once ([`facts`]); each rule of the one table ([`rules::RULES`]) is a pure function over them.
//!
//! Nothing is built, fetched or written here. What a rule's findings count for is decided by
//! [`Levels`], from the command line and the project's metadata.

pub mod facts;
mod families;
pub mod hit;
pub mod levels;
pub mod rules;
mod rust;

use facts::Facts;
use hit::{Hit, Place, Severity};
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

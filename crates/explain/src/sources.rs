//! Decides whether two programs were built from the same source: crate versions in panic paths, and
//! how much of the text differs. If they were not, one finding reports that.

use std::collections::BTreeSet;

use repro_formats::parallel::both;

use crate::cause::Cause;
use crate::finding::{About, At, Finding, Place};

/// Findings without a sure cause beyond which two programs are not builds of one source.
const MOST: usize = 150;
/// Crates that are named.
const NAMED: usize = 8;

/// Crates by name and version, as in `…/registry/src/<index>/<name>-<version>/src/lib.rs`.
fn crates(bytes: &[u8]) -> BTreeSet<String> {
    const REGISTRY: &[u8] = b"/registry/src/";
    let mut found = BTreeSet::new();
    for at in memchr::memmem::find_iter(bytes, REGISTRY) {
        let rest = &bytes[at + REGISTRY.len()..];
        let mut parts = rest[..rest.len().min(256)].split(|b| *b == b'/').skip(1);
        let name = parts.next().and_then(|p| std::str::from_utf8(p).ok());
        let version = |n: &&str| n.rsplit_once('-').is_some_and(|(_, v)| v.contains('.'));
        found.extend(name.filter(version).filter(|n| n.len() < 100).map(str::to_string));
    }
    found
}

/// A list, shortened.
fn list(of: &BTreeSet<String>, other: &BTreeSet<String>) -> String {
    let only: Vec<&str> = of.difference(other).map(String::as_str).collect();
    match only.len() {
        0 => "no crate that the other does not have".to_string(),
        n if n > NAMED => format!("{} and {} more", only[..NAMED].join(", "), n - NAMED),
        _ => only.join(", "),
    }
}

/// Whether a finding is sure whatever else differs: the version of a tool, a value that is known.
fn is_sure(f: &Finding) -> bool {
    let guessed =
        matches!(f.cause, Cause::Unknown | Cause::SymbolHash | Cause::Randomness | Cause::Ordering);
    !(f.consequence || guessed || f.about == About::Guess || f.about == About::FileSymbol)
}

/// Puts the findings of two programs of different sources into one; what is sure stays.
pub(super) fn summarize(a: &[u8], b: &[u8], within: &[String], findings: &mut Vec<Finding>) {
    let tools = |f: &&Finding| !f.consequence && f.is_of_tool();
    let (x, y) = both(|| crates(a), || crates(b));
    let unsure = findings.iter().filter(|f| !f.consequence && !is_sure(f)).count();
    let versions = x != y && !x.is_empty() && !y.is_empty();
    let tool = findings.iter().find(tools).map(|f| f.cause);
    match tool {
        // What a different compiler or linker makes of the same source.
        Some(tool) if !versions => {
            let mut named = BTreeSet::new();
            // What a linker writes says more than what it does.
            let does = |f: &Finding| matches!(f.about, About::Relaxation | About::Option);
            let marked = findings.iter().any(|f| tools(&f) && !does(f));
            for f in findings.iter_mut().filter(|f| !f.consequence) {
                // Each tool is named once.
                let again = does(f) && marked || tools(&&*f) && !named.insert(f.cause);
                if again || !is_sure(f) {
                    super::tell::follow(f, tool);
                }
            }
            return;
        }
        _ if versions || unsure > MOST => {}
        _ => return,
    }
    let (sure, rest): (Vec<Finding>, Vec<Finding>) =
        std::mem::take(findings).into_iter().partition(is_sure);
    let (called, p, q) = match versions {
        true => ("two programs of different sources", list(&x, &y), list(&y, &x)),
        false => ("two programs that have little in common", String::new(), String::new()),
    };
    let place = Place::new(within, At::Whole).called(called);
    let bytes = rest.iter().map(|f| f.bytes).sum();
    let summary = Finding::new(Cause::Unknown, place, p, q).remedy(format!(
        "{} differ: compare builds of one commit with one Cargo.lock, one toolchain and one linker",
        super::found::count(unsure, "place")
    ));
    findings.push(Finding { about: About::Sources, bytes, ..summary });
    findings.extend(sure);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_paths_of_panics() {
        let text = b"\0/cargo/registry/src/index-1/itoa-1.0.15/src/lib.rs\0/c/registry/src/x/y\0";
        assert_eq!(crates(text), BTreeSet::from(["itoa-1.0.15".to_string()]));
        let mut findings: Vec<Finding> = (0..200)
            .map(|i| Finding::new(Cause::Unknown, At::Byte(i), i.to_string(), ""))
            .collect();
        findings.push(Finding::new(Cause::Username, At::Byte(1), "a", "b"));
        summarize(b"", b"", &[], &mut findings);
        let causes: Vec<Cause> = findings.iter().map(|f| f.cause).collect();
        assert_eq!(causes, [Cause::Unknown, Cause::Username]);
        let mut few = vec![Finding::new(Cause::Unknown, At::Byte(1), "a", "b")];
        summarize(text, text, &[], &mut few);
        assert_eq!(few.len(), 1);
        assert_ne!(few[0].about, About::Sources);
    }
}

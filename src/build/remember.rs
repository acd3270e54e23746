//! What both builds made the same enters the ledger. Runs outside of the builds, once they are compared:
//! what a build's own processes wrote down is checked against the files that are there now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use repro_formats::digest::{self, Digest};

use super::Built;
use crate::cargo::reuse::{Call, Done};
use crate::cargo::units::Unit;
use crate::ledger::entry::Entry;
use crate::ledger::store::{LARGEST, Ledger};
use crate::ledger::{Split, Varied};

type Calls<'a> = BTreeMap<(&'a str, &'a str, &'a [String]), &'a Call>;

/// By what is the same on both sides: the package, and the name with cargo's id in it.
fn by_unit(built: &Built) -> Calls<'_> {
    built.calls.iter().map(|c| ((&*c.package, &*c.stem, &*c.types), c)).collect()
}

/// How the units of two builds were come by.
pub fn split(a: &Built, b: &Built) -> Split {
    let (of_a, of_b) = (by_unit(a), by_unit(b));
    let mut split = Split::default();
    for unit in &a.trace.units {
        let stem = unit.stem();
        let key = (&*unit.package, &*stem, &*unit.crate_types);
        let calls = [of_a.get(&key), of_b.get(&key)].map(|call| call.map(|c| &c.done));
        let reused = |done: &Option<&Done>| match done {
            Some(Done::Reused { own, .. }) => Some(*own),
            _ => None,
        };
        let own: Vec<bool> = calls.iter().filter_map(reused).collect();
        if own.is_empty() {
            split.twice.push((shown(unit), why(calls[0])))
        } else {
            split.reused += 1;
            split.foreign += usize::from(own.contains(&false));
        }
    }
    let runs = a.trace.ran.iter();
    let always = "build scripts always run twice";
    split.twice.extend(runs.map(|ran| (format!("{} build script", ran.package), always.into())));
    split
}

fn shown(unit: &Unit) -> String {
    let kind =
        if unit.is_script() { "build script, compiled".into() } else { unit.crate_types.join(",") };
    format!("{} {} ({kind})", unit.package, unit.crate_name)
}

fn why(done: Option<&Done>) -> String {
    match done {
        Some(Done::Not(why)) => why.clone(),
        Some(_) => "not in the ledger as it is now".to_string(),
        None => "not known to the ledger".to_string(),
    }
}

/// Adds what both builds made the same, and marks what was used.
///
/// # Errors
/// The ledger cannot be written: nothing else is lost.
pub fn remember(ledger: &Ledger, scope: &str, varied: &Varied, a: &Built, b: &Built) -> Result<()> {
    let _lock = ledger.lock()?;
    let of_b = by_unit(b);
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (key, call) in by_unit(a) {
        match (&call.done, of_b.get(&key)) {
            (Done::Reused { key, .. }, _) => drop(used.insert(key)),
            (Done::Made(entry), Some(Call { done: Done::Made(other), out_dir, .. })) => {
                let both = [(a, &**entry, &call.out_dir), (b, &**other, out_dir)];
                if let Some(digests) = same(both) {
                    for (output, digest) in entry.outputs.iter().zip(&digests) {
                        let file = Path::new(&call.out_dir).join(&output.name);
                        ledger.put(&a.trace.now(file), digest)?;
                    }
                    ledger.add(scope, &Entry { varied: varied.clone(), ..(**entry).clone() })?;
                }
            }
            _ => {}
        }
    }
    used.iter().for_each(|key| ledger.touch(scope, key));
    if ledger.size()? > LARGEST {
        // Not at each run again.
        ledger.prune(LARGEST / 10 * 9)?;
    }
    Ok(())
}

/// The digests of what both made, if they made the same of the same, and it is still there: a build
/// script could have written over it since.
fn same(both: [(&Built, &Entry, &String); 2]) -> Option<Vec<Digest>> {
    let [(_, a, _), (_, b, _)] = both;
    if a != b || !a.is_sound() {
        return None;
    }
    let mut found = both.iter().map(|(built, entry, out_dir)| {
        let digest = |name: &str| {
            let file = built.trace.now(Path::new(out_dir).join(name));
            digest::of_file(&file).ok()
        };
        entry.outputs.iter().map(|o| digest(&o.name).filter(|d| d.sha256 == o.sha256)).collect()
    });
    let (of_a, of_b): (Option<Vec<Digest>>, Option<Vec<Digest>>) = (found.next()?, found.next()?);
    of_a.filter(|a| Some(a) == of_b.as_ref())
}

//! Explains why two trees of files differ: each differing file, and the crate that differs first.

use std::collections::{BTreeMap, BTreeSet};

use super::Search;
use super::compare;
use super::found::{Explained, unexplained};
use super::tree::Tree;
use crate::cause::Cause;
use crate::finding::{At, Finding};

impl Search<'_> {
    pub(super) fn trees(&mut self, x: &Tree, y: &Tree) -> Explained {
        let (a, b) = match (x.unlike(y), y.unlike(x)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(why), _) | (_, Err(why)) => {
                return Explained { note: Some(unexplained(&why)), ..Explained::default() };
            }
        };
        let mut out = self.opened(&a.0, &b.0, &[], compare::Fix::Packer);
        let large: BTreeSet<String> = a.1.into_iter().chain(b.1).collect();
        for name in large {
            let at = At::Field { name: compare::CONTENT, of: name };
            let finding = Finding::new(Cause::Unknown, at, "", "");
            out.findings.push(finding.remedy("compare the two files by themselves"));
        }
        let mut crates = x.crates.clone();
        crates.extend(y.crates.clone());
        if let Some(first) = first(&out, &crates) {
            out.add_note(first);
        }
        out.add_note(
            "files were compared by name and content, not empty directories, hard links, times, modes, owners and extended attributes"
                .to_string(),
        );
        if x.left_out + y.left_out > 0 {
            let n = x.left_out + y.left_out;
            out.add_note(format!("{n} files that cargo writes for itself were left out"));
        }
        out
    }
}

/// Which crates differ first: those that depend on none that differs.
fn first(out: &Explained, crates: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let rows = &out.members.as_ref()?.rows;
    let krate = |name: &str| {
        let base = name.rsplit('/').next()?.strip_prefix("lib")?;
        let stem = base.strip_suffix(".rlib").or_else(|| base.strip_suffix(".rmeta"))?;
        Some(stem.rsplit_once('-').map_or(stem, |(name, _)| name).to_string())
    };
    let differing: BTreeSet<String> = rows.iter().filter_map(|r| krate(&r.name)).collect();
    let depends = |of: &String| {
        let deps = crates.get(of);
        deps.is_some_and(|d| d.iter().any(|d| differing.contains(d) && d != of))
    };
    let first: Vec<&str> = differing.iter().filter(|c| !depends(c)).map(String::as_str).collect();
    if first.is_empty() || differing.len() < 2 || crates.is_empty() {
        return None;
    }
    let (n, names) = (differing.len(), first.join(", "));
    let (differ, it) = if first.len() == 1 { ("differs", "it") } else { ("differ", "them") };
    Some(format!("of {n} crates that differ, {names} {differ} first: the others depend on {it}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Members;
    use repro_formats::listing::Member;

    #[test]
    fn the_crate_on_which_the_others_depend_differs_first() {
        let member = |name: &str| Member { name: name.to_string(), ..Member::default() };
        let names = ["deps/libtop-01.rlib", "deps/libbottom-02.rlib"];
        let out = Explained {
            members: Some(Members {
                rows: compare::rows(names.iter().map(|name| (Some(member(name)), None))),
                same_content: false,
            }),
            ..Explained::default()
        };
        let deps = |of: &str, on: &[&str]| {
            (of.to_string(), on.iter().map(|s| s.to_string()).collect::<BTreeSet<_>>())
        };
        let crates = BTreeMap::from([deps("top", &["bottom"]), deps("bottom", &[])]);
        let found = first(&out, &crates).unwrap();
        assert!(found.starts_with("of 2 crates that differ, bottom differs first"), "{found}");
    }
}

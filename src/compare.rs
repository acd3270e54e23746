//! Compares two sets of artifacts. Pure: bytes decide, by their digests.

use std::collections::BTreeMap;

use crate::artifact::{Artifact, ArtifactSet, Kind};
use crate::verdict::{Status, Verdict};

/// One artifact as A and B made it; at least one of the two is there.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Build A's.
    pub a: Option<Artifact>,
    /// Build B's.
    pub b: Option<Artifact>,
}

impl Pair {
    /// Either side's, for what both have in common.
    pub fn either(&self) -> &Artifact {
        let artifact = self.a.as_ref().or(self.b.as_ref());
        artifact.expect("a pair has at least one side")
    }

    /// How the two stand to each other.
    pub fn status(&self) -> Status {
        let same = |a: &Artifact, b: &Artifact| a.digest == b.digest && a.name == b.name;
        Status::of(&self.a, &self.b, same)
    }

    /// Whether the verdict rests on it.
    pub fn in_verdict(&self) -> bool {
        self.either().kind.in_verdict()
    }
}

/// All pairs, sorted by target, package, kind and name.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The pairs.
    pub pairs: Vec<Pair>,
}

type Key = (String, String, Kind, String);

/// Pairs artifacts of the same target, package, kind and name; then those whose names differ only
/// in the hash that cargo puts at the end, where there is one such on each side.
pub fn compare(a: &ArtifactSet, b: &ArtifactSet) -> Comparison {
    let mut pairs = Vec::new();
    let mut left = by_key(a, |x| x.name.clone());
    let mut right = by_key(b, |x| x.name.clone());
    take_pairs(&mut left, &mut right, &mut pairs);
    let again = |rest: BTreeMap<Key, Vec<Artifact>>| {
        by_key(&ArtifactSet::new(rest.into_values().flatten().collect()), |x| without_hash(&x.name))
    };
    let (mut left, mut right) = (again(left), again(right));
    take_pairs(&mut left, &mut right, &mut pairs);
    let alone = |a: Option<Artifact>, b: Option<Artifact>| Pair { a, b };
    pairs.extend(left.into_values().flatten().map(|x| alone(Some(x), None)));
    pairs.extend(right.into_values().flatten().map(|x| alone(None, Some(x))));
    pairs.sort_by_key(|p| {
        let x = p.either();
        (x.target.clone(), x.package.clone(), x.kind, x.name.clone())
    });
    Comparison { pairs }
}

fn by_key(set: &ArtifactSet, name: impl Fn(&Artifact) -> String) -> BTreeMap<Key, Vec<Artifact>> {
    let mut map: BTreeMap<Key, Vec<Artifact>> = BTreeMap::new();
    for x in set.iter() {
        let key = (x.target.clone(), x.package.clone(), x.kind, name(x));
        map.entry(key).or_default().push(x.clone());
    }
    map
}

/// Moves out what both sides have under one key. Several under one key are paired in order: they
/// are files of one name, and each must find its like.
fn take_pairs(
    left: &mut BTreeMap<Key, Vec<Artifact>>,
    right: &mut BTreeMap<Key, Vec<Artifact>>,
    pairs: &mut Vec<Pair>,
) {
    for (key, of_a) in left.iter_mut() {
        let Some(of_b) = right.get_mut(key) else {
            continue;
        };
        let n = of_a.len().min(of_b.len());
        let both = of_a.drain(..n).zip(of_b.drain(..n));
        pairs.extend(both.map(|(a, b)| Pair { a: Some(a), b: Some(b) }));
    }
}

/// `libx-0123456789abcdef.rlib` -> `libx.rlib`.
fn without_hash(name: &str) -> String {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    match stem.rsplit_once('-') {
        Some((start, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            format!("{start}.{ending}")
        }
        _ => name.to_string(),
    }
}

impl Comparison {
    /// The verdict; `None` if nothing that counts was compared, which is never a pass.
    pub fn verdict(&self) -> Option<Verdict> {
        let mut counted = self.pairs.iter().filter(|p| p.in_verdict()).peekable();
        counted.peek()?;
        Some(if counted.all(|p| p.status() == Status::Same) {
            Verdict::Reproducible
        } else {
            Verdict::Differs
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use repro_formats::digest;

    fn set(list: &[(Kind, &str, &str)]) -> ArtifactSet {
        let artifact = |(kind, name, bytes): &(Kind, &str, &str)| Artifact {
            package: "p 1.0.0".into(),
            target: "t".into(),
            kind: *kind,
            name: name.to_string(),
            digest: digest::of_bytes(bytes.as_bytes()),
            path: format!("/{name}").into(),
        };
        ArtifactSet::new(list.iter().map(artifact).collect())
    }

    fn statuses(a: &ArtifactSet, b: &ArtifactSet) -> Vec<Status> {
        compare(a, b).pairs.iter().map(Pair::status).collect()
    }

    #[test]
    fn equal_bytes_are_reproducible_and_others_differ() {
        let a = set(&[(Kind::Bin, "x", "1"), (Kind::Lib, "l.rlib", "2")]);
        let b = set(&[(Kind::Bin, "x", "1"), (Kind::Lib, "l.rlib", "3")]);
        assert_eq!(compare(&a, &a).verdict(), Some(Verdict::Reproducible));
        assert_eq!(compare(&a, &b).verdict(), Some(Verdict::Differs));
        assert_eq!(statuses(&a, &b), [Status::Same, Status::Differs]);
    }

    #[test]
    fn a_file_on_one_side_only_is_a_difference() {
        let a = set(&[(Kind::Bin, "x", "1"), (Kind::Bin, "y", "1")]);
        let b = set(&[(Kind::Bin, "x", "1"), (Kind::Bin, "z", "1")]);
        assert_eq!(statuses(&a, &b), [Status::Same, Status::OnlyA, Status::OnlyB]);
        assert_eq!(compare(&a, &b).verdict(), Some(Verdict::Differs));
        assert_eq!(compare(&b, &set(&[])).verdict(), Some(Verdict::Differs));
    }

    #[test]
    fn nothing_compared_is_no_verdict() {
        assert_eq!(compare(&set(&[]), &set(&[])).verdict(), None);
        let only_macro = set(&[(Kind::ProcMacro, "libm.so", "1"), (Kind::BuildScript, "b", "1")]);
        assert_eq!(compare(&only_macro, &only_macro).verdict(), None);
    }

    #[test]
    fn macros_and_build_scripts_do_not_decide() {
        let a = set(&[(Kind::Bin, "x", "1"), (Kind::ProcMacro, "libm.so", "1")]);
        let b = set(&[(Kind::Bin, "x", "1"), (Kind::ProcMacro, "libm.so", "2")]);
        assert_eq!(compare(&a, &b).verdict(), Some(Verdict::Reproducible));
    }

    #[test]
    fn another_hash_in_the_name_is_one_differing_artifact() {
        let a = set(&[(Kind::Lib, "libx-0123456789abcdef.rlib", "1")]);
        let b = set(&[(Kind::Lib, "libx-fedcba9876543210.rlib", "1")]);
        assert_eq!(statuses(&a, &b), [Status::Differs]);
    }
}

//! Compares the artifact sets of the builds. Pure: bytes decide, by their digests.
//! Artifacts pair by target, package, kind and name, then by a name without cargo's hash. A file that only one build
//! made is a difference, and nothing that runs later can turn a difference into a match.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{Artifact, ArtifactSet, Kind};
use crate::variation::Side;
use crate::verdict::{Status, Verdict};

/// One artifact as the builds made it: build A, and the first that made another one. At least one of the
/// two is there.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Build A's.
    pub a: Option<Artifact>,
    /// The other's; build B's where all are the same.
    pub b: Option<Artifact>,
    /// Each different output, A's first.
    pub outputs: Vec<Output>,
}

/// An output, and the builds that made it.
#[derive(Clone, Debug)]
pub struct Output {
    /// The first of its files; none where these builds did not make it.
    pub artifact: Option<Artifact>,
    /// The builds.
    pub sides: Vec<Side>,
}

impl Output {
    /// `A, C`.
    pub fn labels(&self) -> String {
        self.sides.iter().map(|side| side.label()).collect::<Vec<_>>().join(", ")
    }
}

impl Pair {
    /// Either side's, for what both have in common.
    pub fn either(&self) -> &Artifact {
        let artifact = self.a.as_ref().or(self.b.as_ref());
        artifact.expect("a pair has at least one side")
    }

    /// One of what each side made, A's first.
    pub fn of(made: Vec<Option<Artifact>>) -> Pair {
        let mut outputs: Vec<Output> = Vec::new();
        for (side, artifact) in Side::first(made.len()).zip(&made) {
            let is_that = |o: &&mut Output| match (&o.artifact, artifact) {
                (Some(a), Some(b)) => same(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            match outputs.iter_mut().find(is_that) {
                Some(output) => output.sides.push(side),
                None => outputs.push(Output { artifact: artifact.clone(), sides: vec![side] }),
            }
        }
        let mut made = made.into_iter();
        let (a, b) = (made.next().flatten(), made.next().flatten());
        let b = outputs.get(1).map_or(b, |other| other.artifact.clone());
        Pair { a, b, outputs }
    }

    /// The side that `b` is of.
    pub fn other(&self) -> Side {
        self.outputs.get(1).map_or(Side::B, |output| output.sides[0])
    }

    /// How the two compare.
    pub fn status(&self) -> Status {
        Status::of(&self.a, &self.b, same)
    }

    /// Whether the verdict rests on it.
    pub fn in_verdict(&self) -> bool {
        self.either().kind.in_verdict()
    }
}

fn same(a: &Artifact, b: &Artifact) -> bool {
    a.digest == b.digest && a.name == b.name
}

/// All pairs, sorted by target, package, kind and name.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The pairs.
    pub pairs: Vec<Pair>,
}

type Key = (String, String, Kind, String);

/// Compares what build A made with what the others did.
pub fn compare_all(sets: &[&ArtifactSet]) -> Comparison {
    let none = ArtifactSet::default();
    let (a, others) = sets.split_first().map_or((&none, &[][..]), |(a, others)| (*a, others));
    let mut rows: Vec<Vec<Option<Artifact>>> = Vec::new();
    for (at, other) in (1..).zip(others) {
        for (x, y) in pair_up(a, other) {
            // What A has is the same each time; what it does not have is known by its name.
            let is_it = |row: &&mut Vec<Option<Artifact>>| match (&row[0], &x, &y) {
                (Some(known), Some(x), _) => known == x,
                (None, None, Some(y)) => {
                    row.len() <= at && {
                        let mut known = row.iter().flatten();
                        known
                            .any(|k| key(k, without_hash(&k.name)) == key(y, without_hash(&y.name)))
                    }
                }
                _ => false,
            };
            match rows.iter_mut().find(is_it) {
                Some(row) => {
                    row.resize(at, None);
                    row.push(y);
                }
                None => {
                    let mut row = vec![x];
                    row.resize(at, None);
                    row.push(y);
                    rows.push(row);
                }
            }
        }
    }
    let all = |mut row: Vec<Option<Artifact>>| {
        row.resize(sets.len().max(2), None);
        Pair::of(row)
    };
    let mut pairs: Vec<Pair> = rows.into_iter().map(all).collect();
    pairs.sort_by_key(|p| key(p.either(), p.either().name.clone()));
    Comparison { pairs }
}

/// Compares two sets.
pub fn compare(a: &ArtifactSet, b: &ArtifactSet) -> Comparison {
    compare_all(&[a, b])
}

fn key(x: &Artifact, name: String) -> Key {
    (x.target.clone(), x.package.clone(), x.kind, name)
}

type Two = (Option<Artifact>, Option<Artifact>);

/// Pairs artifacts of the same target, package, kind and name; then those whose names differ only
/// in the hash that cargo puts at the end, where there is one such on each side.
fn pair_up(a: &ArtifactSet, b: &ArtifactSet) -> Vec<Two> {
    let mut pairs = Vec::new();
    let mut left = by_key(a, |x| x.name.clone());
    let mut right = by_key(b, |x| x.name.clone());
    take_pairs(&mut left, &mut right, &mut pairs);
    let again = |rest: BTreeMap<Key, Vec<Artifact>>| {
        by_key(&ArtifactSet::new(rest.into_values().flatten().collect()), |x| without_hash(&x.name))
    };
    let (mut left, mut right) = (again(left), again(right));
    take_pairs(&mut left, &mut right, &mut pairs);
    pairs.extend(left.into_values().flatten().map(|x| (Some(x), None)));
    pairs.extend(right.into_values().flatten().map(|x| (None, Some(x))));
    pairs
}

fn by_key(set: &ArtifactSet, name: impl Fn(&Artifact) -> String) -> BTreeMap<Key, Vec<Artifact>> {
    let mut map: BTreeMap<Key, Vec<Artifact>> = BTreeMap::new();
    for x in set.iter() {
        map.entry(key(x, name(x))).or_default().push(x.clone());
    }
    map
}

/// Moves out what both sides have under one key. Several under one key are paired in order: they
/// are files of one name, and each must find its like.
fn take_pairs(
    left: &mut BTreeMap<Key, Vec<Artifact>>,
    right: &mut BTreeMap<Key, Vec<Artifact>>,
    pairs: &mut Vec<Two>,
) {
    for (key, of_a) in left.iter_mut() {
        let Some(of_b) = right.get_mut(key) else { continue };
        let n = of_a.len().min(of_b.len());
        let both = of_a.drain(..n).zip(of_b.drain(..n));
        pairs.extend(both.map(|(a, b)| (Some(a), Some(b))));
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
    /// The builds that made something else than A did, as far as a pair is about them.
    pub fn others(&self) -> BTreeSet<Side> {
        self.pairs.iter().filter(|p| p.status() != Status::Same).map(Pair::other).collect()
    }

    /// The pairs that are about one of them.
    pub fn about(&self, other: Side) -> Comparison {
        let pairs = self.pairs.iter().filter(|p| p.other() == other);
        Comparison { pairs: pairs.cloned().collect() }
    }

    /// How many different outputs there are at most of what counts.
    pub fn distinct(&self) -> usize {
        let counted = self.pairs.iter().filter(|p| p.in_verdict());
        counted.map(|p| p.outputs.len()).max().unwrap_or(0)
    }

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
    use std::path::PathBuf;

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
    fn of_several_builds_the_first_that_differs_is_shown_and_all_are_grouped() {
        let one = set(&[(Kind::Bin, "x", "1"), (Kind::Lib, "libl-0123456789abcdef.rlib", "1")]);
        let two = set(&[(Kind::Bin, "x", "2"), (Kind::Lib, "libl-0123456789abcdef.rlib", "1")]);
        let three = set(&[(Kind::Bin, "x", "3"), (Kind::Lib, "libl-fedcba9876543210.rlib", "1")]);
        let more = set(&[(Kind::Bin, "x", "1"), (Kind::Bin, "y", "1")]);
        let grouped = |sets: &[&ArtifactSet]| {
            let comparison = compare_all(sets);
            let labels = |p: &Pair| p.outputs.iter().map(Output::labels).collect::<Vec<_>>();
            let pairs = comparison.pairs.iter();
            let all: Vec<String> = pairs
                .map(|p| {
                    format!("{} {} {}", p.status().name(), p.other().label(), labels(p).join("|"))
                })
                .collect();
            (all, comparison.others().len(), comparison.distinct())
        };
        let of = |sets: &[&ArtifactSet]| grouped(sets).0;
        assert_eq!(of(&[&one, &one, &one]), ["same B A, B, C", "same B A, B, C"]);
        assert_eq!(of(&[&one, &one, &two]), ["differs C A, B|C", "same B A, B, C"]);
        assert_eq!(of(&[&one, &two, &one, &two]), ["differs B A, C|B, D", "same B A, B, C, D"]);
        let (all, others, distinct) = grouped(&[&one, &one, &three, &two]);
        assert_eq!(all, ["differs C A, B|C|D", "differs C A, B, D|C"]);
        assert_eq!((others, distinct), (1, 3));
        // What some builds do not make is a difference as well.
        let missing = ["same B A, B, C, D", "only-b C A, B|C, D", "only-a C A, B|C, D"];
        assert_eq!(of(&[&one, &one, &more, &more]), missing);
        assert_eq!(of(&[&more, &more, &one])[..2], ["same B A, B, C", "only-a C A, B|C"]);
    }

    #[test]
    fn files_of_one_name_for_several_targets_are_each_held_against_their_own() {
        // As of a manifest, whose files have no path here.
        let of = |second: &str| {
            let all = ["1", second].into_iter().zip(["t", "u"]).map(|(bytes, target)| Artifact {
                target: target.into(),
                path: PathBuf::new(),
                ..set(&[(Kind::Bin, "x", bytes)]).iter().next().unwrap().clone()
            });
            ArtifactSet::new(all.collect())
        };
        assert_eq!(statuses(&of("2"), &of("2")), [Status::Same, Status::Same]);
        assert_eq!(statuses(&of("2"), &of("3")), [Status::Same, Status::Differs]);
        let three = compare_all(&[&of("2"), &of("2"), &of("2")]);
        assert_eq!(three.pairs.len(), 2);
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

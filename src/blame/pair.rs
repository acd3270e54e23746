//! Which unit of build A is which of build B. Pure.

use std::collections::BTreeMap;

use crate::cargo::messages::Ran;
use crate::cargo::units::Unit;

/// Indices of one thing in both builds; at least one is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// In build A.
    pub a: Option<usize>,
    /// In build B.
    pub b: Option<usize>,
}

/// Pairs rustc calls by package, crate, crate types, target and id; those that are left, where
/// cargo's id itself depends on the place, without the id and in order.
pub fn units(a: &[Unit], b: &[Unit]) -> Vec<Pair> {
    let key = |u: &Unit| {
        let what = [&u.package, &u.crate_name, &u.target].map(String::as_str);
        let lists = [u.crate_types.join(","), u.features.join(",")];
        (what.join("\0"), lists.join("\0"))
    };
    let with_id = |u: &Unit| (key(u), u.id().to_string());
    let mut pairs = Vec::new();
    let (left, right) = take(by(a, with_id, |_| true), by(b, with_id, |_| true), &mut pairs);
    let rest = |list: Vec<usize>| move |i: usize| list.contains(&i);
    let (left, right) = take(by(a, key, rest(left)), by(b, key, rest(right)), &mut pairs);
    alone(left, right, &mut pairs);
    pairs.sort_by_key(|p| (p.a.is_none(), p.a, p.b));
    pairs
}

/// Pairs runs of build scripts: those whose OUT_DIR paired units were given, then by package.
pub fn runs(a: (&[Unit], &[Ran]), b: (&[Unit], &[Ran]), units: &[Pair]) -> Vec<Pair> {
    let of = |(units, ran): (&[Unit], &[Ran]), i: Option<usize>| {
        let out_dir = units[i?].script_output.as_ref()?;
        ran.iter().position(|r| r.out_dir.as_os_str() == out_dir.as_str())
    };
    let mut pairs: Vec<Pair> = Vec::new();
    for unit in units {
        let (x, y) = (of(a, unit.a), of(b, unit.b));
        let taken = |p: &Pair| p.a == x || p.b == y;
        if x.is_some() && y.is_some() && !pairs.iter().any(taken) {
            pairs.push(Pair { a: x, b: y });
        }
    }
    let key = |r: &Ran| r.package.clone();
    let left: Vec<_> = pairs.iter().filter_map(|p| p.a).collect();
    let right: Vec<_> = pairs.iter().filter_map(|p| p.b).collect();
    let (left, right) = take(
        by(a.1, key, |i| !left.contains(&i)),
        by(b.1, key, |i| !right.contains(&i)),
        &mut pairs,
    );
    alone(left, right, &mut pairs);
    pairs
}

type Groups<K> = BTreeMap<K, Vec<usize>>;

fn by<T, K: Ord>(list: &[T], key: impl Fn(&T) -> K, keep: impl Fn(usize) -> bool) -> Groups<K> {
    let mut groups: Groups<K> = BTreeMap::new();
    for (i, item) in list.iter().enumerate().filter(|(i, _)| keep(*i)) {
        groups.entry(key(item)).or_default().push(i);
    }
    groups
}

/// Pairs what has one key on both sides, in order; returns what is left of each.
fn take<K: Ord>(
    mut a: Groups<K>,
    mut b: Groups<K>,
    pairs: &mut Vec<Pair>,
) -> (Vec<usize>, Vec<usize>) {
    for (key, left) in &mut a {
        let Some(right) = b.get_mut(key) else { continue };
        let n = left.len().min(right.len());
        for (x, y) in left.drain(..n).zip(right.drain(..n)) {
            pairs.push(Pair { a: Some(x), b: Some(y) });
        }
    }
    let flat = |groups: Groups<K>| groups.into_values().flatten().collect();
    (flat(a), flat(b))
}

/// What only one side has.
fn alone(a: Vec<usize>, b: Vec<usize>, pairs: &mut Vec<Pair>) {
    let of_a = a.into_iter().map(|i| (Some(i), None));
    let of_b = b.into_iter().map(|i| (None, Some(i)));
    pairs.extend(of_a.chain(of_b).map(|(a, b)| Pair { a, b }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, id: &str, out_dir: Option<&str>) -> Unit {
        Unit {
            crate_name: name.into(),
            metadata: id.into(),
            script_output: out_dir.map(str::to_string),
            ..Unit::default()
        }
    }

    fn both(a: usize, b: usize) -> Pair {
        Pair { a: Some(a), b: Some(b) }
    }

    #[test]
    fn units_are_paired_by_id_and_else_by_order() {
        let a = [unit("x", "1", None), unit("x", "2", None), unit("y", "3", None)];
        let b = [
            unit("y", "9", None),
            unit("x", "2", None),
            unit("x", "1", None),
            unit("z", "4", None),
        ];
        assert_eq!(
            units(&a, &b),
            [both(0, 2), both(1, 1), both(2, 0), Pair { a: None, b: Some(3) }]
        );
    }

    #[test]
    fn runs_follow_the_units_that_use_them() {
        let ran = |dirs: [&str; 2]| {
            dirs.map(|d| Ran { package: "p 1".into(), out_dir: d.into(), ..Ran::default() })
        };
        let a = [unit("x", "1", Some("/a/2")), unit("x", "2", Some("/a/1"))];
        let b = [unit("x", "1", Some("/b/1")), unit("x", "2", Some("/b/2"))];
        let pairs = units(&a, &b);
        let (of_a, of_b) = (ran(["/a/1", "/a/2"]), ran(["/b/1", "/b/2"]));
        assert_eq!(runs((&a, &of_a), (&b, &of_b), &pairs), [both(1, 0), both(0, 1)]);
        assert_eq!(runs((&[], &of_a), (&[], &of_b), &[]), [both(0, 0), both(1, 1)]);
    }
}

//! Which unit of build A is which of build B. Pure.

use repro_explain::matched;

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
    let all = ((0..a.len()).collect(), (0..b.len()).collect());
    let (left, right) = take(a, b, all, with_id, &mut pairs);
    let (left, right) = take(a, b, (left, right), key, &mut pairs);
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
    let left = (0..a.1.len()).filter(|i| pairs.iter().all(|p| p.a != Some(*i))).collect();
    let right = (0..b.1.len()).filter(|i| pairs.iter().all(|p| p.b != Some(*i))).collect();
    let (left, right) = take(a.1, b.1, (left, right), key, &mut pairs);
    alone(left, right, &mut pairs);
    pairs
}

/// Of what is left of each, pairs what has one key on both sides, in order; returns what is left then.
fn take<T, K: Ord>(
    a: &[T],
    b: &[T],
    (left, right): (Vec<usize>, Vec<usize>),
    key: impl Fn(&T) -> K,
    pairs: &mut Vec<Pair>,
) -> (Vec<usize>, Vec<usize>) {
    let x: Vec<_> = left.into_iter().map(|i| (i, &a[i])).collect();
    let y: Vec<_> = right.into_iter().map(|i| (i, &b[i])).collect();
    let (both, only_a, only_b) = matched(&x, &y, |(_, item)| key(item));
    pairs.extend(both.into_iter().map(|(i, j)| Pair { a: Some(x[i].0), b: Some(y[j].0) }));
    let rest = |of: Vec<usize>, all: &[(usize, &T)]| of.into_iter().map(|i| all[i].0).collect();
    (rest(only_a, &x), rest(only_b, &y))
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

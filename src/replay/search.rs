//! Which of the things that were varied change an output: experiments with an oracle that runs one unit
//! again. Pure; what is run, and how, is the caller's.
//!
//! First nothing is varied, twice, so an output that differs by itself is known; then the smallest set
//! is searched that turns A's output into B's; then that set alone is taken back.

use std::collections::{BTreeMap, BTreeSet};

use crate::blame::culprit::Itself;

/// An output: what its parts are called, and a digest of each. A part that is missing was not made.
pub type Seen = BTreeMap<String, String>;

/// How often a replay is made to see whether its output differs by chance: once, and twice where a coin,
/// which has two outcomes, would give the same answer in one of a thousand builds.
const MORE: usize = 10;
const MORE_OF_FEW: usize = 2 * MORE;
/// How often what confirms a cause is repeated: once where the bytes hint at it, and where nothing but the
/// replays speaks for it. A coin passes for a cause in one of three hundred builds with the first, of
/// twenty thousand with the other.
const AGAIN: usize = 4;
const AGAIN_UNHINTED: usize = 7;

/// How one replay is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trial<F: Ord> {
    /// What has B's value; all else has A's.
    pub switched: BTreeSet<F>,
    /// The clock stands still.
    pub frozen: bool,
    /// Which of several replays that are alike: each has ids of processes of its own.
    pub take: usize,
}

/// What is known before the first replay.
pub struct Known<'a, F> {
    /// What was varied, in order.
    pub factors: &'a [F],
    /// Those among them that the bytes hint at.
    pub likely: &'a [F],
    /// The parts that differ; one or the other build may not have made one.
    pub parts: &'a BTreeSet<String>,
    /// As build A made them.
    pub a: &'a Seen,
    /// As build B made them; none if B made them from something else.
    pub b: Option<&'a Seen>,
}

/// What the experiments show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown<F> {
    /// These change the output, and nothing else that was varied does.
    Confirmed {
        /// The variations; empty where it differs by itself alone.
        factors: Vec<F>,
        /// Some of it differs by itself.
        itself: Option<Itself>,
    },
    /// Nothing was shown.
    Nothing(Why),
}

/// Why nothing was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A's output does not come out again.
    NotAsInA,
    /// All that was varied, taken together, does not give B's output.
    NotAsInB,
    /// All that was varied, taken together, changes nothing.
    Unmoved,
    /// What differs is not among what a replay makes.
    OutOfSight,
    /// A replay could not be made: a sentence.
    Failed(String),
}

/// What was shown, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result<F> {
    /// What was shown.
    pub shown: Shown<F>,
    /// All replays.
    pub replays: usize,
    /// Those of them that searched; the rest are controls.
    pub searches: usize,
}

/// Makes the experiments. An error of the oracle is a sentence, and ends them.
pub fn search<F: Copy + Ord>(
    known: &Known<F>,
    oracle: &mut dyn FnMut(&Trial<F>) -> std::result::Result<Seen, String>,
) -> Result<F> {
    let mut bench = Bench { oracle, made: BTreeMap::new(), searches: 0 };
    let shown = bench.experiments(known).unwrap_or_else(|why| Shown::Nothing(Why::Failed(why)));
    Result { shown, replays: bench.made.len(), searches: bench.searches }
}

type Fails<T> = std::result::Result<T, String>;

struct Bench<'a, F: Ord> {
    oracle: &'a mut dyn FnMut(&Trial<F>) -> Fails<Seen>,
    made: BTreeMap<Trial<F>, Seen>,
    searches: usize,
}

impl<F: Copy + Ord> Bench<'_, F> {
    fn run(&mut self, trial: Trial<F>) -> Fails<Seen> {
        if let Some(seen) = self.made.get(&trial) {
            return Ok(seen.clone());
        }
        let seen = (self.oracle)(&trial)?;
        self.made.insert(trial, seen.clone());
        Ok(seen)
    }

    fn still(&mut self, frozen: bool, take: usize) -> Fails<Seen> {
        self.run(Trial { switched: BTreeSet::new(), frozen, take })
    }

    fn with(&mut self, switched: &BTreeSet<F>) -> Fails<Seen> {
        self.run(Trial { switched: switched.clone(), frozen: false, take: 0 })
    }

    fn experiments(&mut self, known: &Known<F>) -> Fails<Shown<F>> {
        if known.parts.is_empty() {
            return Ok(Shown::Nothing(Why::OutOfSight));
        }
        let (first, second) = (self.still(false, 0)?, self.still(false, 1)?);
        let steady = |name: &&String| first.get(*name) == second.get(*name);
        let (steady, unsteady): (Vec<_>, Vec<_>) = known.parts.iter().partition(steady);
        let mut itself = None;
        if !unsteady.is_empty() {
            itself = Some(self.itself(&|x, y| unsteady.iter().all(|n| x.get(*n) == y.get(*n)))?);
        }
        if steady.is_empty() {
            return Ok(Shown::Confirmed { factors: Vec::new(), itself });
        }
        let same = |x: &Seen, y: &Seen| steady.iter().all(|n| x.get(*n) == y.get(*n));
        let all: BTreeSet<F> = known.factors.iter().copied().collect();
        let failed = if same(&first, known.a) {
            let last = self.with(&all)?;
            let other = known.b.is_some_and(|b| !same(&last, b));
            let unmoved = same(&last, &first).then_some(Why::Unmoved);
            unmoved.or(other.then_some(Why::NotAsInB))
        } else {
            Some(Why::NotAsInA)
        };
        let nothing = BTreeSet::new();
        if let Some(why) = failed {
            // Two of a few outcomes can be equal by chance.
            return match self.wavers(&nothing, MORE_OF_FEW, &same)? {
                true => Ok(by_itself(self.itself(&same)?)),
                false => Ok(Shown::Nothing(why)),
            };
        }
        let last = self.with(&all)?;
        let mut factors = self.smallest_from(known, &mut |seen| same(seen, &last))?;
        // What is left could still do the same without these.
        let rest = |out: &BTreeSet<F>| all.difference(out).copied().collect::<BTreeSet<F>>();
        let others = rest(&factors);
        if !others.is_empty() && !same(&self.with(&others)?, &first) {
            let order: Vec<F> = others.iter().copied().collect();
            let back = self.smallest(&order, &mut |bench, taken| {
                let out = factors.union(taken).copied().collect();
                Ok(same(&bench.with(&rest(&out))?, &first))
            })?;
            factors.extend(back);
        }
        // So can all of these be.
        let hinted = factors.iter().all(|f| known.likely.contains(f));
        let takes = if hinted { AGAIN } else { AGAIN_UNHINTED };
        if self.wavers(&nothing, takes, &same)? || self.wavers(&factors, takes, &same)? {
            return Ok(by_itself(self.itself(&same)?));
        }
        let factors = known.factors.iter().copied().filter(|f| factors.contains(f)).collect();
        Ok(Shown::Confirmed { factors, itself })
    }

    /// Whether replays that are alike, some of which were not made before, give more than one output.
    fn wavers(
        &mut self,
        switched: &BTreeSet<F>,
        takes: usize,
        same: &dyn Fn(&Seen, &Seen) -> bool,
    ) -> Fails<bool> {
        let first = self.with(switched)?;
        for take in 1..takes {
            let trial = Trial { switched: switched.clone(), frozen: false, take };
            if !same(&self.run(trial)?, &first) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why something differs from run to run: by the time, if it does not with a stopped clock.
    fn itself(&mut self, same: &dyn Fn(&Seen, &Seen) -> bool) -> Fails<Itself> {
        let first = self.still(true, 0)?;
        // A time that stands is none of those that passed, but for what has few outcomes.
        let few = same(&first, &self.still(false, 0)?) || same(&first, &self.still(false, 1)?);
        for take in 1..if few { MORE_OF_FEW } else { MORE } {
            if !same(&self.still(true, take)?, &first) {
                return Ok(Itself::Chance);
            }
        }
        Ok(Itself::Time)
    }

    /// The smallest set that gives B's output, looked for where the bytes hint at first.
    fn smallest_from(
        &mut self,
        known: &Known<F>,
        gives: &mut dyn FnMut(&Seen) -> bool,
    ) -> Fails<BTreeSet<F>> {
        let mut gives = |bench: &mut Self, set: &BTreeSet<F>| Ok(gives(&bench.with(set)?));
        let likely: BTreeSet<F> = known.likely.iter().copied().collect();
        if !likely.is_empty() && likely.len() < known.factors.len() {
            self.searches += 1;
            if gives(self, &likely)? {
                return self.smallest(known.likely, &mut gives);
            }
        }
        self.smallest(known.factors, &mut gives)
    }

    /// The smallest set for which `holds`, which is known to hold for all of `order` and not for
    /// none: by bisection of what is put in, one needed factor after the other.
    fn smallest(
        &mut self,
        order: &[F],
        holds: &mut dyn FnMut(&mut Self, &BTreeSet<F>) -> Fails<bool>,
    ) -> Fails<BTreeSet<F>> {
        let (mut needed, mut order) = (BTreeSet::new(), order);
        loop {
            let (mut without, mut with) = (0, order.len());
            while with - without > 1 {
                let middle = usize::midpoint(without, with);
                let set = needed.iter().chain(&order[..middle]).copied().collect();
                self.searches += 1;
                if holds(self, &set)? { with = middle } else { without = middle }
            }
            needed.insert(order[without]);
            order = &order[..without];
            if order.is_empty() {
                return Ok(needed);
            }
            self.searches += 1;
            if holds(self, &needed)? {
                return Ok(needed);
            }
        }
    }
}

fn by_itself<F>(itself: Itself) -> Shown<F> {
    Shown::Confirmed { factors: Vec::new(), itself: Some(itself) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTORS: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    type Makes<'a> = &'a dyn Fn(&Trial<u8>) -> String;

    /// Experiments with a unit of one part, which is what `makes` says of a trial.
    fn of(likely: &[u8], makes: Makes) -> Result<u8> {
        let seen = |trial: &Trial<u8>| Seen::from([("part".into(), makes(trial))]);
        let built = |set: &[u8]| {
            let switched = set.iter().copied().collect();
            seen(&Trial { switched, frozen: false, take: 0 })
        };
        let (a, b) = (built(&[]), built(&FACTORS));
        let known =
            Known { factors: &FACTORS, likely, parts: &named(&["part"]), a: &a, b: Some(&b) };
        search(&known, &mut |trial| Ok(seen(trial)))
    }

    fn named(parts: &[&str]) -> BTreeSet<String> {
        parts.iter().map(ToString::to_string).collect()
    }

    fn confirmed(factors: &[u8]) -> Shown<u8> {
        Shown::Confirmed { factors: factors.to_vec(), itself: None }
    }

    #[test]
    fn each_single_factor_is_found_in_at_most_five_searches() {
        for factor in FACTORS {
            let makes = |t: &Trial<u8>| t.switched.contains(&factor).to_string();
            let found = of(&[], &makes);
            assert_eq!(found.shown, confirmed(&[factor]));
            assert!(found.searches <= 5, "{factor}: {found:?}");
            // The right hint is all that it takes; the wrong one costs one search.
            assert_eq!(of(&[factor], &makes).searches, 1);
            let wrong = of(&[(factor + 1) % 16], &makes);
            assert_eq!(wrong.shown, confirmed(&[factor]));
            assert!(wrong.searches <= 6, "{factor}: {wrong:?}");
        }
    }

    #[test]
    fn two_factors_are_found_however_they_work_together() {
        for (x, y) in [(0, 1), (3, 12), (14, 15), (0, 15)] {
            let both =
                |t: &Trial<u8>| (t.switched.contains(&x) && t.switched.contains(&y)).to_string();
            let either =
                |t: &Trial<u8>| (t.switched.contains(&x) || t.switched.contains(&y)).to_string();
            let each =
                |t: &Trial<u8>| format!("{} {}", t.switched.contains(&x), t.switched.contains(&y));
            let all: [Makes; 3] = [&both, &either, &each];
            for (i, makes) in all.into_iter().enumerate() {
                for likely in [&[][..], &[x], &[x, y], &[7]] {
                    let found = of(likely, makes);
                    assert_eq!(found.shown, confirmed(&[x, y]), "{i} {likely:?}");
                    assert!(found.searches <= 12, "{i} {likely:?}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn what_differs_by_itself_is_chance_or_time() {
        let chance = |t: &Trial<u8>| format!("{} {}", t.frozen, t.take);
        let time = |t: &Trial<u8>| if t.frozen { "stands".into() } else { t.take.to_string() };
        for (makes, itself) in [(&chance as Makes, Itself::Chance), (&time, Itself::Time)] {
            let found = of(&[1], makes);
            let replays = if itself == Itself::Time { 2 + MORE } else { 4 };
            assert_eq!(
                (found.shown, found.replays, found.searches),
                (by_itself(itself), replays, 0)
            );
        }
    }

    /// A coin can fall as any variation would have it.
    #[test]
    fn a_fault_with_two_outcomes_is_chance_and_no_variation_is_accused() {
        let mut wrong = 0;
        for seed in 0..4096_u64 {
            let fell = |n: u64| {
                let mut x = (seed * 7919 + n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                x ^= x >> 29;
                x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 60 & 1
            };
            let seen = |side: u64| Seen::from([("coin".into(), side.to_string())]);
            let (a, b) = (seen(0), seen(1));
            let parts = &named(&["coin"]);
            let known = Known { factors: &FACTORS, likely: &[3], parts, a: &a, b: Some(&b) };
            let mut n = 0;
            let found = search(&known, &mut |_| {
                n += 1;
                Ok(seen(fell(n)))
            });
            match found.shown {
                Shown::Confirmed { factors, itself: Some(Itself::Chance) }
                    if factors.is_empty() => {}
                _ => wrong += 1,
            }
        }
        assert!(wrong <= 8, "{wrong} of 4096");
    }

    #[test]
    fn a_part_that_differs_by_itself_does_not_hide_another() {
        let seen = |t: &Trial<u8>| {
            Seen::from([
                ("random".into(), format!("{} {:?}", t.take, t.switched)),
                ("zone".into(), t.switched.contains(&9).to_string()),
            ])
        };
        let built = |switched| seen(&Trial { switched, frozen: false, take: 7 });
        let (a, b) = (built(BTreeSet::new()), built(FACTORS.into()));
        let parts = &named(&["random", "zone"]);
        let known = Known { factors: &FACTORS, likely: &[], parts, a: &a, b: Some(&b) };
        let found = search(&known, &mut |trial| Ok(seen(trial)));
        let want = Shown::Confirmed { factors: vec![9], itself: Some(Itself::Chance) };
        assert_eq!(found.shown, want);
    }

    #[test]
    fn what_does_not_come_out_again_is_not_judged() {
        let seen = |text: &str| Seen::from([("part".to_string(), text.to_string())]);
        let parts = &named(&["part"]);
        let moved = |t: &Trial<u8>| if t.switched.is_empty() { "a" } else { "b" };
        let cases = [("other", Some("b"), Why::NotAsInA), ("a", Some("other"), Why::NotAsInB)];
        for (a, b, why) in cases {
            let (a, b) = (seen(a), b.map(seen));
            let known = Known { factors: &FACTORS, likely: &[], parts, a: &a, b: b.as_ref() };
            let found = search(&known, &mut |t| Ok(seen(moved(t))));
            assert_eq!(found.shown, Shown::Nothing(why));
        }
        let (a, b) = (seen("a"), seen("b"));
        let known = Known { factors: &FACTORS, likely: &[], parts, a: &a, b: Some(&b) };
        let found = search(&known, &mut |_| Ok(seen("a")));
        assert_eq!(found.shown, Shown::Nothing(Why::Unmoved));
        let found = search(&known, &mut |t| match t.take {
            0 => Ok(seen("a")),
            _ => Err("it took too long".to_string()),
        });
        assert_eq!(found.shown, Shown::Nothing(Why::Failed("it took too long".into())));
        assert_eq!(found.replays, 1);
        // A part that was not made at all is not as in A.
        let found = search(&known, &mut |_| Ok(Seen::new()));
        assert_eq!(found.shown, Shown::Nothing(Why::NotAsInA));
        let known = Known { parts: &named(&[]), ..known };
        let found = search(&known, &mut |_| unreachable!("there is nothing to look at"));
        assert_eq!(found.shown, Shown::Nothing(Why::OutOfSight));
    }

    #[test]
    fn a_part_that_only_one_build_made_is_judged_too() {
        let seen = |t: &Trial<u8>| match t.switched.contains(&6) {
            true => Seen::from([("part".into(), String::new())]),
            false => Seen::new(),
        };
        let b = Seen::from([("part".to_string(), String::new())]);
        let (parts, a) = (&named(&["part"]), &Seen::new());
        let known = Known { factors: &FACTORS, likely: &[], parts, a, b: Some(&b) };
        assert_eq!(search(&known, &mut |t| Ok(seen(t))).shown, confirmed(&[6]));
    }

    #[test]
    fn where_b_was_made_from_something_else_only_the_change_counts() {
        let seen =
            |t: &Trial<u8>| Seen::from([("part".into(), t.switched.contains(&4).to_string())]);
        let a = Seen::from([("part".to_string(), "false".to_string())]);
        let parts = &named(&["part"]);
        let known = Known { factors: &FACTORS, likely: &[], parts, a: &a, b: None };
        assert_eq!(search(&known, &mut |t| Ok(seen(t))).shown, confirmed(&[4]));
    }
}

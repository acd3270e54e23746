//! Differences in data as a whole rather than place by place: tables whose records changed places,
//! pools of constants that linkers sort by value, and UTF-16 text.

use std::collections::HashMap;
use std::ops::Range;

use super::super::align::{self, Hunk};
use super::super::image::{Kind, Part};
use super::super::text::{self, Texts};
use super::numbers::integer;
use super::work::{Claim, Work, claim};
use crate::cause::Cause;
use crate::finding::{About, cut};

/// Bytes between differences that still belong to one table.
const NEAR: usize = 256;
/// Bytes of a table that are looked at.
const MOST: usize = 1 << 20;
/// Sizes of records.
const SIZES: [usize; 13] = [2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64];
/// Bytes that must differ: fewer may agree by accident.
const LEAST: usize = 8;
/// Sizes of the constants of a pool.
const POOLS: [usize; 4] = [16, 8, 4, 32];
/// Bytes of a piece that is in another place, at least and on average.
const PIECE: usize = 4;
/// Bytes that are cut into pieces.
const CUT: usize = 1 << 16;
/// Constants that a pool has on one side only.
const CONSTANTS: usize = 4;
/// Characters that make a run of UTF-16.
const WIDE: usize = 4;

impl Work<'_> {
    /// How many hunks from the first on are near each other.
    pub(super) fn cluster(&self, hunks: &[Hunk]) -> usize {
        let near = |w: &&[Hunk]| w[1].a.start - w[0].a.end <= NEAR;
        let near = hunks.windows(2).take_while(near).count();
        (1..=near + 1).rev().find(|n| hunks[n - 1].a.end - hunks[0].a.start <= MOST).unwrap_or(1)
    }

    /// Claims a cluster of differences as a whole, if it is one of the above: how many hunks.
    pub(super) fn sets(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> Option<usize> {
        if self.texts_left == 0 || !matches!(pa.kind, Kind::Data | Kind::Bytes) {
            return None;
        }
        let all = Hunk::span(hunks)?;
        let permuted = || {
            let hunks = &hunks[..self.balanced(hunks)];
            Some((vec![self.permuted(pa, pb, &Hunk::span(hunks)?)?], hunks.len()))
        };
        let wide = self.wide(pa, pb, &all).map(|found| (found, hunks.len()));
        let (found, n) = match wide.or_else(permuted) {
            Some(found) => found,
            None => {
                let pool = POOLS.iter().find_map(|size| self.pool(*size, pa, pb, &all));
                (pool?, hunks.len())
            }
        };
        let hunks = &hunks[..n];
        let bytes = hunks.iter().map(Hunk::len).sum::<usize>() as u64;
        let mut left = bytes;
        let n = found.len() as u64;
        for (i, mut c) in found.into_iter().enumerate() {
            c.bytes = match (i as u64 + 1 == n, c.bytes) {
                (true, _) => left,
                (false, 0) => (bytes / n).min(left),
                (false, own) => own.min(left),
            };
            left -= c.bytes;
            if !c.follows || c.bytes > 0 {
                self.push(c);
            }
        }
        Some(hunks.len())
    }

    /// How many hunks from the first on have the same bytes in both, all of them together; but for zeros,
    /// which fill what is left.
    fn balanced(&self, hunks: &[Hunk]) -> usize {
        let mut counts = [0_i64; 256];
        let (mut uneven, mut differing, mut found) = (0_usize, 0, 0);
        for (i, h) in hunks.iter().enumerate() {
            differing += h.len();
            for (bytes, by) in [(&self.a[h.a.clone()], 1), (&self.b[h.b.clone()], -1)] {
                for byte in bytes.iter().filter(|b| **b != 0) {
                    let n = &mut counts[usize::from(*byte)];
                    uneven -= usize::from(*n != 0);
                    *n += by;
                    uneven += usize::from(*n != 0);
                }
            }
            if uneven == 0 && differing >= LEAST {
                found = i + 1;
            }
        }
        found
    }

    /// The same records in another order, or the same pieces.
    fn permuted(&self, pa: &Part, pb: &Part, Hunk { a: sa, b: sb }: &Hunk) -> Option<Claim> {
        let records = SIZES.iter().rev().filter(|_| sa.len() == sb.len()).find_map(|size| {
            let step = if *size <= 4 { 1 } else { 4 };
            (0..*size).step_by(step).find_map(|before| {
                let len = (sa.len() + before).next_multiple_of(*size);
                let table = |span: &Range<usize>, part: &Range<usize>| {
                    let start = span.start.checked_sub(before)?;
                    (part.start <= start && start + len <= part.end).then_some(start..start + len)
                };
                let (x, y) = (table(sa, &pa.range)?, table(sb, &pb.range)?);
                let records = |bytes: &'_ [u8]| -> Vec<Vec<u8>> {
                    let mut list: Vec<Vec<u8>> =
                        bytes.chunks_exact(*size).map(<[u8]>::to_vec).collect();
                    list.sort_unstable();
                    list
                };
                let same = records(&self.a[x.clone()]) == records(&self.b[y.clone()]);
                let what = format!("the same {} records of {size} bytes", len / size);
                same.then(|| claim(Cause::Ordering, x, y, 0).called(what))
            })
        });
        let pieces = || {
            let n = pieces(&self.a[sa.clone()], &self.b[sb.clone()])?.len();
            let what = format!("the same bytes in about {n} pieces");
            Some(claim(Cause::Ordering, sa.clone(), sb.clone(), 0).called(what))
        };
        records.or_else(pieces)
    }

    /// A pool of constants of one size, which the linker sorts by content: those that one side has alone,
    /// in pairs; that the others changed places follows.
    fn pool(&mut self, size: usize, pa: &Part, pb: &Part, all: &Hunk) -> Option<Vec<Claim>> {
        let Hunk { a: sa, b: sb } = all;
        if sa.len().max(sb.len()) > 1 << 16 {
            return None;
        }
        let entries = |bytes: &'_ [u8], part: &Part, span: &Range<usize>| {
            let before = part.address.map_or(0, |a| a as usize % size);
            let at = |offset: usize| (offset - part.range.start + before) / size * size;
            let place = |at: usize| (part.range.start + at).checked_sub(before);
            let places = (at(span.start)..=at(span.end - 1)).step_by(size).filter_map(place);
            let within = places.filter(|at| *at >= part.range.start && at + size <= part.range.end);
            let mut list: Vec<(Vec<u8>, usize)> =
                within.map(|at| (bytes[at..at + size].to_vec(), at)).collect();
            list.sort_unstable();
            list
        };
        if sa.is_empty() || sb.is_empty() {
            return None;
        }
        let (x, y) = (entries(self.a, pa, sa), entries(self.b, pb, sb));
        let (only_a, only_b) = (alone(&x, &y), alone(&y, &x));
        let few = only_a.len() == only_b.len() && (1..=CONSTANTS).contains(&only_a.len());
        let within = |part: &Part, at: usize| at as i64 - part.range.start as i64;
        let moved: Vec<i64> = both(&x, &y).map(|(p, q)| within(pb, q) - within(pa, p)).collect();
        if !few || moved.iter().all(|by| *by == 0) {
            return None;
        }
        let mut claims = Vec::new();
        let mut others = only_b;
        for (v, at) in only_a {
            let known = |(w, _): &(Vec<u8>, usize)| self.numbers(&v, w).is_some();
            let (w, to) = others.remove(others.iter().position(known).unwrap_or(0));
            let pair = Hunk { a: at..at + size, b: to..to + size };
            if self.moved(pa, &pair) {
                return None;
            }
            claims.push(self.constant((&v, at), (&w, to)));
            self.shifts.moved([within(pb, to) - within(pa, at)].into_iter());
        }
        self.shifts.moved(moved.into_iter());
        let rest = claim(Cause::Unknown, sa.clone(), sb.clone(), 0);
        claims.push(rest.following(About::Moved));
        Some(claims)
    }

    /// What two constants are: numbers, text, or bytes.
    fn constant(&self, (v, at): (&[u8], usize), (w, to): (&[u8], usize)) -> Claim {
        let (size, whole) = (v.len(), |at: usize| at..at + v.len());
        let c = match self.numbers(v, w) {
            Some((offset, shown, cause, what)) => {
                let (at, to) = (at + offset, to + offset);
                let c = claim(cause, at..at + 8.min(size), to..to + 8.min(size), 0);
                let c = c.called(format!("an integer among other constants: {what}"));
                Claim { shown: Some(shown), ..c }
            }
            None => {
                let hunk = self.without_padding(&Hunk { a: whole(at), b: whole(to) });
                match self.is_printable(&hunk) {
                    true => self.whole(&hunk.a, &hunk.b),
                    false if self.looks_random(&hunk) => {
                        let what = format!("{size} bytes that have nothing in common");
                        claim(Cause::Randomness, hunk.a, hunk.b, 0).called(what)
                    }
                    false => claim(Cause::Unknown, hunk.a, hunk.b, 0),
                }
            }
        };
        Claim { bytes: size as u64, ..c }
    }

    /// The known numbers that two constants are or hold: where in them, both as text, and what they are.
    fn numbers(&self, v: &[u8], w: &[u8]) -> Option<(usize, (String, String), Cause, String)> {
        let width = v.len().min(8);
        (0..v.len()).step_by(width).find_map(|at| {
            let (x, y) = (integer(&v[at..at + width], true), integer(&w[at..at + width], true));
            let (cause, what) = self.number(x, y)?;
            Some((at, (x.to_string(), y.to_string()), cause, what))
        })
    }

    /// Text in UTF-16, as in resources: the same strings in another order, or what differs in them.
    fn wide(&self, pa: &Part, pb: &Part, all: &Hunk) -> Option<Vec<Claim>> {
        let (x, y) = (runs(self.a, &pa.range, &all.a), runs(self.b, &pb.range, &all.b));
        if x.is_empty() || y.is_empty() {
            return None;
        }
        let sorted = |list: &[(String, Range<usize>)]| {
            let mut texts: Vec<String> = list.iter().map(|(t, _)| t.clone()).collect();
            texts.sort();
            texts
        };
        let whole = |list: &[(String, Range<usize>)]| list[0].1.start..list[list.len() - 1].1.end;
        let in_order = x.iter().map(|(t, _)| t).eq(y.iter().map(|(t, _)| t));
        if x.len() > 1 && !in_order && sorted(&x) == sorted(&y) {
            let list = |l: &[(String, Range<usize>)]| {
                cut(&l.iter().map(|(t, _)| t.as_str()).collect::<Vec<_>>().join(", "))
            };
            let c = claim(Cause::Ordering, whole(&x), whole(&y), 0);
            let c = c.called(format!("the same {} strings in UTF-16", x.len()));
            return Some(vec![Claim { shown: Some((list(&x), list(&y))), ..c }]);
        }
        let (only_a, only_b) = (alone(&x, &y), alone(&y, &x));
        if only_a.is_empty() || only_a.len() != only_b.len() {
            return None;
        }
        let mut claims = Vec::new();
        for ((t, at), (u, to)) in only_a.iter().zip(&only_b) {
            let texts = Texts { a: t.as_bytes(), b: u.as_bytes(), context: self.context };
            let r = text::read_whole(texts);
            let wide = |from: &Range<usize>, r: &Range<usize>| {
                from.start + r.start * 2..from.start + r.end * 2
            };
            let mut c = claim(r.cause, wide(at, &r.a), wide(to, &r.b), 0);
            let shown =
                |text: &str, r: &Range<usize>| text.get(r.clone()).unwrap_or("").to_string();
            c.shown = Some((shown(t, &r.a), shown(u, &r.b)));
            (c.about, c.what) = (r.about, r.what.or(Some("text in UTF-16".to_string())));
            claims.push(c);
        }
        Some(claims)
    }

    /// The list of dependencies of `cargo auditable`, as the packages in it.
    pub(super) fn dependencies(&mut self, [pa, pb]: [Option<&Part>; 2], bytes: u64) -> bool {
        use super::super::dependencies::{packages, unlike};
        let list = |part: Option<&Part>, all: &[u8]| match part {
            Some(p) => packages(&all[p.range.clone()]).map(Some),
            None => Some(None),
        };
        let (Some(x), Some(y)) = (list(pa, self.a), list(pb, self.b)) else { return false };
        let count = |n: Option<usize>| n.map_or("absent".to_string(), |n| format!("{n} packages"));
        let shown = match (&x, &y) {
            (Some(x), Some(y)) => unlike(x, y),
            _ => (count(x.as_ref().map(|x| x.len())), count(y.as_ref().map(|y| y.len()))),
        };
        let range = |part: Option<&Part>| part.map_or(0..0, |p| p.range.clone());
        let c = claim(Cause::DependencyList, range(pa), range(pb), bytes).called(match (pa, pb) {
            (Some(_), Some(_)) => "the dependencies that `cargo auditable` lists",
            _ => "built with `cargo auditable` on one side only",
        });
        self.push(Claim { shown: Some(shown), ..c });
        true
    }
}

/// What is in one sorted list and not in the other, each as often as it is there.
fn alone<T: Ord + Clone, P: Clone>(of: &[(T, P)], other: &[(T, P)]) -> Vec<(T, P)> {
    let mut others: std::collections::BTreeMap<&T, usize> = std::collections::BTreeMap::new();
    other.iter().for_each(|(t, _)| *others.entry(t).or_default() += 1);
    let missing = of.iter().filter(|(t, _)| match others.get_mut(t) {
        Some(n) if *n > 0 => {
            *n -= 1;
            false
        }
        _ => true,
    });
    missing.cloned().collect()
}

/// Where each has what both have, in order.
fn both<'x, T: Ord>(
    x: &'x [(T, usize)],
    y: &'x [(T, usize)],
) -> impl Iterator<Item = (usize, usize)> + 'x {
    let mut j = 0;
    x.iter().filter_map(move |(t, at)| {
        j += y[j..].iter().take_while(|(u, _)| u < t).count();
        let (u, to) = y.get(j)?;
        (u == t).then(|| {
            j += 1;
            (*at, *to)
        })
    })
}

/// The pieces of `y` that all of `x` consists of, if they are long enough to be no accident: where each
/// is in `x`, and in `y` but for a byte between two. Texts without anything between them, in another order.
pub(super) fn pieces(x: &[u8], y: &[u8]) -> Option<Vec<(usize, Option<usize>)>> {
    if x.len() < 4 * PIECE || x.len() > CUT || y.len() > MOST {
        return None;
    }
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    y.windows(PIECE).enumerate().for_each(|(at, w)| places.entry(w).or_default().push(at));
    let (mut at, mut found) = (0, Vec::new());
    while at < x.len() {
        let begins = x.get(at..at + PIECE).and_then(|w| places.get(w));
        let long = begins.into_iter().flatten().take(64);
        let long = long.map(|to| (align::common_prefix(&x[at..], &y[*to..]), Some(*to))).max();
        let (len, to) = long.unwrap_or((1, None));
        found.push((at, to));
        at += len;
    }
    (found.len() > 1 && found.len() * PIECE <= x.len()).then_some(found)
}

/// Runs of printable UTF-16 that touch the span, whole.
fn runs(bytes: &[u8], part: &Range<usize>, span: &Range<usize>) -> Vec<(String, Range<usize>)> {
    let unit = |at: usize| -> Option<char> {
        let two = bytes.get(at..at + 2).filter(|_| at + 2 <= part.end)?;
        (two[1] == 0 && (0x20..0x7f).contains(&two[0])).then_some(char::from(two[0]))
    };
    // Resources are aligned: both halves of a character begin at an even offset of the part.
    let mut at = part.start + (span.start - part.start) / 2 * 2;
    while at >= part.start + 2 && unit(at - 2).is_some() {
        at -= 2;
    }
    let mut found = Vec::new();
    while at < span.end {
        let start = at;
        let mut text = String::new();
        while let Some(c) = unit(at) {
            text.push(c);
            at += 2;
        }
        if text.len() >= WIDE {
            found.push((text, start..at));
        }
        at += 2;
    }
    found
}

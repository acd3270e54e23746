//! What differs in data as a whole rather than place by place: tables whose records changed places, pools
//! of constants that linkers sort by value, and UTF-16 text.

use std::ops::Range;

use super::super::align::{self, Hunk};
use super::super::image::{Kind, Part};
use super::super::text::{self, Texts};
use super::{Claim, Work, claim};
use crate::cause::Cause;
use crate::finding::About;

/// Bytes between differences that still belong to one table.
const NEAR: usize = 256;
/// Bytes of a table that are looked at.
const MOST: usize = 1 << 20;
/// Sizes of records.
const SIZES: [usize; 13] = [2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64];
/// Bytes that must differ: fewer are alike by chance.
const LEAST: usize = 8;
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
        if !matches!(pa.kind, Kind::Data | Kind::Bytes) || self.texts_left == 0 {
            return None;
        }
        let bytes = hunks.iter().map(Hunk::len).sum::<usize>() as u64;
        let (first, last) = (hunks.first()?, hunks.last()?);
        let span = (first.a.start..last.a.end, first.b.start..last.b.end);
        let found = self
            .wide(pa, pb, &span)
            .or_else(|| Some(vec![self.permuted(pa, pb, hunks, &span)?]))
            .or_else(|| self.pool(pa, pb, &span))?;
        let mut left = bytes;
        let n = found.len() as u64;
        for (i, mut c) in found.into_iter().enumerate() {
            c.bytes = if i as u64 + 1 == n { left } else { (bytes / n).min(left) };
            left -= c.bytes;
            self.push(c);
        }
        Some(hunks.len())
    }

    /// The same records in another order.
    fn permuted(
        &self,
        pa: &Part,
        pb: &Part,
        hunks: &[Hunk],
        (sa, sb): &(Range<usize>, Range<usize>),
    ) -> Option<Claim> {
        let differing: usize = hunks.iter().map(Hunk::len).sum();
        if sa.len() != sb.len() || differing < LEAST {
            return None;
        }
        // What is the same on both sides does not matter: the rest must have the same bytes.
        let mut counts = [0_i64; 256];
        for h in hunks {
            self.a[h.a.clone()].iter().for_each(|b| counts[usize::from(*b)] += 1);
            self.b[h.b.clone()].iter().for_each(|b| counts[usize::from(*b)] -= 1);
        }
        if counts.iter().any(|n| *n != 0) {
            return None;
        }
        SIZES.iter().find_map(|size| {
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
                same.then(|| {
                    let mut c = claim(Cause::Ordering, x, y, 0);
                    c.what = Some(format!("the same {} records of {size} bytes", len / size));
                    c
                })
            })
        })
    }

    /// A pool of constants, in which a known number made others change places.
    fn pool(
        &self,
        pa: &Part,
        pb: &Part,
        (sa, sb): &(Range<usize>, Range<usize>),
    ) -> Option<Vec<Claim>> {
        let words = |bytes: &[u8], part: &Range<usize>, span: &Range<usize>| {
            let start = part.start + (span.start - part.start) / 8 * 8;
            let end = (part.start + (span.end - part.start).next_multiple_of(8)).min(part.end);
            let each = (start..end).step_by(8).filter_map(|at| {
                Some((u64::from_le_bytes(*bytes.get(at..end)?.first_chunk()?), at))
            });
            let mut list: Vec<(u64, usize)> = each.collect();
            list.sort_unstable();
            list
        };
        if sa.len().max(sb.len()) > 1 << 16 {
            return None;
        }
        let (x, y) = (words(self.a, &pa.range, sa), words(self.b, &pb.range, sb));
        let (only_a, only_b) = (alone(&x, &y), alone(&y, &x));
        let few = only_a.len() == only_b.len() && (1..=CONSTANTS).contains(&only_a.len());
        if !few || x.len() < 2 {
            return None;
        }
        let mut claims = Vec::new();
        let mut rest = only_b;
        for (v, at) in only_a {
            let known = rest.iter().position(|(w, _)| self.number(v.into(), (*w).into()).is_some());
            let (w, to) = rest.remove(known?);
            let (cause, what) = self.number(v.into(), w.into())?;
            let mut c = claim(cause, at..at + 8, to..to + 8, 0);
            c.what = Some(format!("an integer of 8 bytes among others: {what}"));
            c.shown = Some((v.to_string(), w.to_string()));
            claims.push(c);
        }
        Some(claims)
    }

    /// Text in UTF-16, as in resources: the same strings in another order, or what differs in them.
    fn wide(
        &self,
        pa: &Part,
        pb: &Part,
        (sa, sb): &(Range<usize>, Range<usize>),
    ) -> Option<Vec<Claim>> {
        let (x, y) = (runs(self.a, &pa.range, sa), runs(self.b, &pb.range, sb));
        if x.is_empty() || y.is_empty() {
            return None;
        }
        let sorted = |list: &[(String, Range<usize>)]| {
            let mut texts: Vec<String> = list.iter().map(|(t, _)| t.clone()).collect();
            texts.sort();
            texts
        };
        let whole = |list: &[(String, Range<usize>)]| list[0].1.start..list[list.len() - 1].1.end;
        if x.len() > 1 && sorted(&x) == sorted(&y) {
            let mut c = claim(Cause::Ordering, whole(&x), whole(&y), 0);
            let list = |l: &[(String, Range<usize>)]| {
                l.iter().map(|(t, _)| t.as_str()).collect::<Vec<_>>().join(", ")
            };
            c.what = Some(format!("the same {} strings in UTF-16", x.len()));
            c.shown =
                Some((super::super::tell::cut(&list(&x)), super::super::tell::cut(&list(&y))));
            return Some(vec![c]);
        }
        let (only_a, only_b) = (alone(&x, &y), alone(&y, &x));
        if only_a.is_empty() || only_a.len() != only_b.len() {
            return None;
        }
        let mut claims = Vec::new();
        for ((t, at), (u, to)) in only_a.iter().zip(&only_b) {
            let texts = Texts { a: t.as_bytes(), b: u.as_bytes(), context: self.context };
            let first = align::common_prefix(texts.a, texts.b);
            let last = align::common_suffix(&texts.a[first..], &texts.b[first..]);
            let hunk = Hunk { a: first..t.len() - last, b: first..u.len() - last };
            for r in text::read(texts, &[hunk]) {
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
        }
        Some(claims)
    }

    /// The list of dependencies of `cargo auditable`, as the packages in it.
    pub(super) fn dependencies(
        &mut self,
        pa: Option<&Part>,
        pb: Option<&Part>,
        bytes: u64,
    ) -> bool {
        use super::super::dependencies::{packages, unlike};
        let list = |part: Option<&Part>, all: &[u8]| match part {
            Some(p) => packages(&all[p.range.clone()]).map(Some),
            None => Some(None),
        };
        let (Some(x), Some(y)) = (list(pa, self.a), list(pb, self.b)) else {
            return false;
        };
        let count = |n: Option<usize>| n.map_or("absent".to_string(), |n| format!("{n} packages"));
        let shown = match (&x, &y) {
            (Some(x), Some(y)) => unlike(x, y),
            _ => (count(x.as_ref().map(|x| x.len())), count(y.as_ref().map(|y| y.len()))),
        };
        let range = |part: Option<&Part>| part.map_or(0..0, |p| p.range.clone());
        let mut c = claim(Cause::DependencyList, range(pa), range(pb), bytes);
        c.what = Some(match (pa, pb) {
            (Some(_), Some(_)) => "the dependencies that `cargo auditable` lists".to_string(),
            _ => "built with `cargo auditable` on one side only".to_string(),
        });
        c.about = About::Anything;
        c.shown = Some(shown);
        self.push(c);
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

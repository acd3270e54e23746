//! Classifies a difference by facts about both builds: their values, their clocks.

use std::ops::Range;

use super::reading::{Reading, Texts, reading, touches, words};
use crate::align::Hunk;
use crate::cause::Cause;
use crate::known::{Known, Window};
use crate::time::{self, Stamp};

/// Where `value` is in `text`, touching `range`.
fn occurrence(text: &[u8], value: &[u8], range: &Range<usize>) -> Option<Range<usize>> {
    let from = range.start.saturating_sub(value.len());
    let to = (range.end + value.len()).min(text.len());
    let near = text.get(from..to)?;
    memchr::memmem::find_iter(near, value)
        .map(|at| from + at..from + at + value.len())
        .find(|found| touches(found, range))
}

/// Values that long say by themselves what they are.
const TELLING: usize = 6;

/// A known value of which both texts have their own, at the difference.
pub(super) fn known(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    for k in &texts.context.known {
        let (va, vb) = (k.a.as_bytes(), k.b.as_bytes());
        // One side is enough, since what differs need not be in the same place.
        let a = occurrence(texts.a, va, &hunk.a).filter(|_| va.len() >= TELLING);
        let b = occurrence(texts.b, vb, &hunk.b).filter(|_| vb.len() >= TELLING);
        if a.is_some() || b.is_some() {
            let at = Hunk { a: a.unwrap_or(hunk.a.clone()), b: b.unwrap_or(hunk.b.clone()) };
            return Some(of_known(k, at));
        }
    }
    None
}

fn of_known(k: &Known, at: Hunk) -> Reading {
    Reading { about: k.about, ..reading(k.cause, Some(&k.name), at) }
}

/// A known value of any length, exactly at the difference: nothing else of the difference remains.
pub fn short_known(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let list = texts.context.known.iter();
    let mut list = list.filter(|k| !k.a.is_empty() && !k.b.is_empty());
    list.find_map(|k| Some(of_known(k, exactly(texts, hunk, k)?)))
}

/// Words that differ in the same place of both texts, each of which is a known value.
pub(super) fn known_words(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let at = words(texts, hunk, |c| c.is_ascii_alphanumeric());
    let split = |text: &'_ [u8]| -> Vec<String> {
        let words = text.split(|c| !c.is_ascii_alphanumeric());
        words.map(|w| String::from_utf8_lossy(w).into_owned()).collect()
    };
    let (x, y) = (split(&texts.a[at.a.clone()]), split(&texts.b[at.b.clone()]));
    let differ: Vec<_> = x.iter().zip(&y).filter(|(v, w)| v != w).collect();
    let known =
        |(v, w): &(&String, &String)| texts.context.known.iter().find(|k| k.a == **v && k.b == **w);
    let first = known(differ.first().filter(|_| x.len() == y.len() && x.len() > 1)?)?;
    let all = differ.iter().all(|pair| known(pair).is_some_and(|k| k.cause == first.cause));
    all.then(|| of_known(first, at))
}

fn exactly(texts: Texts, hunk: &Hunk, k: &Known) -> Option<Hunk> {
    let (va, vb) = (k.a.as_bytes(), k.b.as_bytes());
    (0..=va.len().min(vb.len())).find_map(|before| {
        let a = hunk.a.start.checked_sub(before)?;
        let b = hunk.b.start.checked_sub(before)?;
        let (a, b) = (a..a + va.len(), b..b + vb.len());
        let fits = texts.a.get(a.clone()) == Some(va) && texts.b.get(b.clone()) == Some(vb);
        let after = (a.end.checked_sub(hunk.a.end)?, b.end.checked_sub(hunk.b.end)?);
        // Digits of a longer number are not the value.
        let number = va.iter().all(u8::is_ascii_digit);
        let alone = |text: &[u8], r: &Range<usize>| {
            let digit =
                |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
            !number || !digit(r.start.checked_sub(1)) && !digit(Some(r.end))
        };
        (fits && after.0 == after.1 && alone(texts.a, &a) && alone(texts.b, &b))
            .then_some(Hunk { a, b })
    })
}

/// Dates and times that both texts have at the difference.
pub(super) fn stamp(texts: Texts, hunk: &Hunk, stamps: &[Vec<Stamp>; 2]) -> Option<Reading> {
    let at = |list: &[Stamp], range: &Range<usize>| {
        list.iter().find(|s| touches(&s.range, range)).cloned()
    };
    let (a, b) = (at(&stamps[0], &hunk.a)?, at(&stamps[1], &hunk.b)?);
    let same = |k: &&Known| {
        k.cause == Cause::SourceMtime
            && k.a.parse().ok() == a.seconds
            && k.b.parse().ok() == b.seconds
    };
    let known = texts.context.known.iter().find(same);
    let range = Hunk { a: a.range, b: b.range };
    Some(match known {
        Some(k) => reading(k.cause, Some(&k.name), range),
        None => {
            let day = 86_400;
            let within = texts.context.clocks.is_some_and(|c| {
                let has = |w: Window, s: Option<i64>| s.is_some_and(|s| w.wider(day).has(s));
                has(c.a, a.seconds) && has(c.b, b.seconds)
            });
            let what = within.then_some("the time at which each was made");
            reading(Cause::Timestamp, what, range)
        }
    })
}

/// A decimal number that is a time in both builds.
pub(super) fn number(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let clocks = texts.context.clocks?;
    let at = words(texts, hunk, |c| c.is_ascii_digit());
    let value = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u128>().ok();
    let (x, y) = (value(texts.a.get(at.a.clone())?)?, value(texts.b.get(at.b.clone())?)?);
    let mut windows = clocks.pairs(120).into_iter();
    let unit = windows.find_map(|w| time::unit_of(x, y, w))?;
    let what = format!("{} since 1970, within the time at which each was made", unit.name);
    Some(reading(Cause::Timestamp, Some(&what), at))
}

/// A part of the date of both builds: the year, the day of the year, a month or weekday by name.
pub(super) fn part_of_date(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let clocks = texts.context.clocks?;
    let at = words(texts, hunk, |c| c.is_ascii_alphanumeric());
    let text = |text: &'_ [u8], r: &Range<usize>| {
        Some(std::str::from_utf8(text.get(r.clone())?).ok()?.to_string())
    };
    let (x, y) = (text(texts.a, &at.a)?, text(texts.b, &at.b)?);
    let what = time::part_of_date(&x, &y, (clocks.a, clocks.b))?;
    let what = format!("{what} in which each was made");
    Some(reading(Cause::Timestamp, Some(&what), at))
}

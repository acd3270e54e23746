//! Classifies a difference in text: a known value of the builds, a time, the same words in a
//! different order, a random number, a version. Pure; it does not know where the text is.

use std::ops::Range;

use super::align::Hunk;
use super::known::{Context, Known, Window};
use super::labels::{LABELS, is_described};
use super::time;
use crate::cause::Cause;
use crate::finding::About;

/// What some of the differences in a text are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The cause.
    pub cause: Cause,
    /// What kind of value it is.
    pub about: About,
    /// What the value is called or how it is to be read.
    pub what: Option<String>,
    /// The value in A.
    pub a: Range<usize>,
    /// The value in B.
    pub b: Range<usize>,
    /// The differences that it claims, by their place in the list.
    pub hunks: Range<usize>,
}

/// Both texts.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// A's.
    pub a: &'a [u8],
    /// B's.
    pub b: &'a [u8],
    /// Known values, the longest first.
    pub context: &'a Context,
}

/// What the differences are, each with the differences it claims; all are claimed by one, and where
/// nothing is recognized that is [`Cause::Unknown`].
pub fn read(texts: Texts, hunks: &[Hunk]) -> Vec<Reading> {
    if let Some(whole) = order(texts, hunks) {
        return vec![whole];
    }
    if let Some(whole) = export_subst(texts, hunks) {
        return vec![whole];
    }
    let stamps = (time::stamps(texts.a), time::stamps(texts.b));
    let mut readings: Vec<Reading> = Vec::new();
    for (i, hunk) in hunks.iter().enumerate() {
        // A value that was found in one difference often spans several.
        if let Some(last) = readings.last_mut()
            && last.cause != Cause::Unknown
            && touches(&last.a, &hunk.a)
            && touches(&last.b, &hunk.b)
        {
            last.hunks.end = i + 1;
            continue;
        }
        let found = known(texts, hunk)
            .or_else(|| version(texts, hunk, true))
            .or_else(|| stamp(texts, hunk, &stamps))
            .or_else(|| number(texts, hunk))
            .or_else(|| labelled(texts, hunk))
            .or_else(|| part_of_date(texts, hunk))
            .or_else(|| short_known(texts, hunk))
            .or_else(|| known_words(texts, hunk))
            .or_else(|| version(texts, hunk, false))
            .or_else(|| path(texts, hunk))
            .or_else(|| random(texts, hunk));
        let mut reading = found.unwrap_or_else(|| {
            let (a, b) = words(texts, hunk, is_word);
            reading(Cause::Unknown, None, a, b)
        });
        reading.hunks = i..i + 1;
        match readings.last_mut() {
            Some(last)
                if last.cause == reading.cause
                    && (&last.a, &last.b) == (&reading.a, &reading.b) =>
            {
                last.hunks.end = i + 1;
            }
            _ => readings.push(reading),
        }
    }
    readings
}

/// What `git archive` fills in on one side, and the other has as it is in the repository.
fn export_subst(texts: Texts, hunks: &[Hunk]) -> Option<Reading> {
    let (first, last) = (hunks.first()?, hunks.last()?);
    let has = |text: &[u8]| memchr::memmem::find(text, b"$Format:").is_some();
    if has(texts.a) == has(texts.b) {
        return None;
    }
    let (a, b) = (first.a.start..last.a.end, first.b.start..last.b.end);
    let what = Some("what `git archive` puts in place of `$Format$`");
    let found = reading(Cause::VcsState, what, a, b);
    Some(Reading { about: About::ExportSubst, hunks: 0..hunks.len(), ..found })
}

fn reading(cause: Cause, what: Option<&str>, a: Range<usize>, b: Range<usize>) -> Reading {
    Reading { cause, about: About::Anything, what: what.map(str::to_string), a, b, hunks: 0..0 }
}

/// Whether they overlap; an empty range, where it lies within or at an end.
fn touches(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    if inner.is_empty() {
        outer.start <= inner.start && inner.start <= outer.end
    } else {
        outer.start < inner.end && inner.start < outer.end
    }
}

/// Where `value` stands in `text` and touches `range`.
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
fn known(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    for k in &texts.context.known {
        let (va, vb) = (k.a.as_bytes(), k.b.as_bytes());
        let a = occurrence(texts.a, va, &hunk.a);
        let b = occurrence(texts.b, vb, &hunk.b);
        // One side is enough, since what differs need not stand in the same place.
        let telling = |value: &[u8]| value.len() >= TELLING;
        let a = a.filter(|_| telling(va));
        let b = b.filter(|_| telling(vb));
        let found = match (a, b) {
            (None, None) => None,
            (a, b) => {
                Some((a.unwrap_or_else(|| hunk.a.clone()), b.unwrap_or_else(|| hunk.b.clone())))
            }
        };
        if let Some((a, b)) = found {
            return Some(Reading { about: k.about, ..reading(k.cause, Some(&k.name), a, b) });
        }
    }
    None
}

/// A known value of any length, exactly at the difference: nothing else of the difference remains.
pub fn short_known(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let list = texts.context.known.iter();
    list.filter(|k| !k.a.is_empty() && !k.b.is_empty()).find_map(|k| {
        let (a, b) = exactly(texts, hunk, k)?;
        Some(Reading { about: k.about, ..reading(k.cause, Some(&k.name), a, b) })
    })
}

/// Words that differ in the same place of both texts, each of which is a known value.
fn known_words(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let (a, b) = words(texts, hunk, |c| c.is_ascii_alphanumeric());
    let split = |text: &'_ [u8]| -> Vec<String> {
        let words = text.split(|c| !c.is_ascii_alphanumeric());
        words.map(|w| String::from_utf8_lossy(w).into_owned()).collect()
    };
    let (x, y) = (split(&texts.a[a.clone()]), split(&texts.b[b.clone()]));
    let differ: Vec<_> = x.iter().zip(&y).filter(|(v, w)| v != w).collect();
    let known =
        |(v, w): &(&String, &String)| texts.context.known.iter().find(|k| k.a == **v && k.b == **w);
    let first = known(differ.first().filter(|_| x.len() == y.len() && x.len() > 1)?)?;
    let all = differ.iter().all(|pair| known(pair).is_some_and(|k| k.cause == first.cause));
    all.then(|| Reading { about: first.about, ..reading(first.cause, Some(&first.name), a, b) })
}

fn exactly(texts: Texts, hunk: &Hunk, k: &Known) -> Option<(Range<usize>, Range<usize>)> {
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
        (fits && after.0 == after.1 && alone(texts.a, &a) && alone(texts.b, &b)).then_some((a, b))
    })
}

/// Dates and times that both texts have at the difference.
fn stamp(
    texts: Texts,
    hunk: &Hunk,
    stamps: &(Vec<time::Stamp>, Vec<time::Stamp>),
) -> Option<Reading> {
    let at = |list: &[time::Stamp], range: &Range<usize>| {
        list.iter().find(|s| touches(&s.range, range)).cloned()
    };
    let (a, b) = (at(&stamps.0, &hunk.a)?, at(&stamps.1, &hunk.b)?);
    let same = |k: &&Known| {
        k.cause == Cause::SourceMtime
            && k.a.parse().ok() == a.seconds
            && k.b.parse().ok() == b.seconds
    };
    let known = texts.context.known.iter().find(same);
    Some(match known {
        Some(k) => reading(k.cause, Some(&k.name), a.range, b.range),
        None => {
            let day = 86_400;
            let within = texts.context.clocks.is_some_and(|c| {
                let has = |w: Window, s: Option<i64>| s.is_some_and(|s| w.wider(day).has(s));
                has(c.a, a.seconds) && has(c.b, b.seconds)
            });
            let what = within.then_some("the time at which each was made");
            reading(Cause::Timestamp, what, a.range, b.range)
        }
    })
}

/// A decimal number that is a time in both builds.
fn number(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let clocks = texts.context.clocks?;
    let (a, b) = words(texts, hunk, |c| c.is_ascii_digit());
    let value = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u128>().ok();
    let (x, y) = (value(texts.a.get(a.clone())?)?, value(texts.b.get(b.clone())?)?);
    let mut windows = clocks.pairs(120).into_iter();
    let unit = windows.find_map(|w| time::unit_of(x, y, w))?;
    let what = format!("{unit} since 1970, within the time at which each was made");
    Some(reading(Cause::Timestamp, Some(&what), a, b))
}

/// What the text in front of it says that it is, or its form.
fn labelled(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let (a, b) = words(texts, hunk, |c| is_word(c) && c != b'/');
    if is_described(&texts.a[a.clone()]) || is_described(&texts.b[b.clone()]) {
        return Some(reading(Cause::VcsState, Some("a version by `git describe`"), a, b));
    }
    LABELS.iter().find_map(|label| {
        let (a, b) = words(texts, hunk, label.belongs);
        let fits = label.fits(texts.a, &a) && label.fits(texts.b, &b);
        let found = || reading(label.cause, Some(label.what), a, b);
        fits.then(|| Reading { about: label.about, ..found() })
    })
}

/// A part of the date of both builds: the year, the day of the year, a month or weekday by name.
fn part_of_date(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let clocks = texts.context.clocks?;
    let (a, b) = words(texts, hunk, |c| c.is_ascii_alphanumeric());
    let text = |text: &'_ [u8], r: &Range<usize>| {
        Some(std::str::from_utf8(text.get(r.clone())?).ok()?.to_string())
    };
    let what = time::part_of_date(&text(texts.a, &a)?, &text(texts.b, &b)?, (clocks.a, clocks.b))?;
    let what = format!("{what} in which each was made");
    Some(reading(Cause::Timestamp, Some(&what), a, b))
}

/// Words that announce the version of a tool, and the cause that it is.
const TOOLS: &[(&str, Cause)] = &[
    ("rustc version ", Cause::CompilerVersion),
    ("rustc ", Cause::CompilerVersion),
    ("clang version ", Cause::CompilerVersion),
    ("clang LLVM (rustc version ", Cause::CompilerVersion),
    ("GCC: (", Cause::CompilerVersion),
    ("GNU C", Cause::CompilerVersion),
    ("Linker: LLD ", Cause::LinkerVersion),
    ("GNU ld ", Cause::LinkerVersion),
    ("GNU gold ", Cause::LinkerVersion),
    ("mold ", Cause::LinkerVersion),
];

/// The version of a tool that the text begins with, or that is named shortly before.
fn version(texts: Texts, hunk: &Hunk, begins: bool) -> Option<Reading> {
    let named = |text: &[u8], at: &Range<usize>| {
        let from = at.start.saturating_sub(64);
        let begin = text.get(from..at.start)?.iter().rposition(|b| *b == 0 || *b == b'\n');
        let line = &text[begin.map_or(from, |n| from + n + 1)..];
        let before = &line[..at.start - (text.len() - line.len())];
        TOOLS.iter().find(|(word, _)| {
            // It may be the name itself that one side does not have.
            match begins {
                true => line.starts_with(word.as_bytes()),
                false => memchr::memmem::find(before, word.as_bytes()).is_some(),
            }
        })
    };
    let hit = named(texts.a, &hunk.a).or_else(|| named(texts.b, &hunk.b))?;
    let line = |c: u8| c != 0 && c != b'\n' && is_text(c);
    let (a, b) = words(texts, hunk, line);
    let short = |r: &Range<usize>| r.len() <= 200;
    // A version has digits: programs have the names of tools in texts of their own.
    let digits = |t: &[u8], r: &Range<usize>| t[r.clone()].iter().any(u8::is_ascii_digit);
    let versions = digits(texts.a, &a) || digits(texts.b, &b);
    (short(&a) && short(&b) && versions)
        .then(|| reading(hit.1, Some(hit.0.trim_end_matches([' ', '('])), a, b))
}

/// Directories that hold people's homes.
const HOMES: [&str; 4] = ["/home/", "/Users/", ":\\Users\\", "/root/"];

/// Directories of programs that the system has.
const PROGRAMS: [&str; 5] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/"];

/// Bytes of a name in a path at most, as good as always.
const NAME: usize = 96;

/// A path on both sides.
fn path(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let (a, b) = words(texts, hunk, is_word);
    let (a, b) = (trimmed(texts.a, &a), trimmed(texts.b, &b));
    let separator = |c: &u8| matches!(c, b'/' | b'\\');
    let names = |r: &Range<usize>, text: &[u8], at: &Range<usize>| {
        let separators = text.get(r.clone())?.iter().filter(|c| separator(c)).count();
        // Literals stand side by side: one that has no separator is not in a path.
        let before = &text[at.start.saturating_sub(NAME).max(r.start)..at.end.max(r.start)];
        let within = before.iter().any(separator);
        let fits = separators >= 2 && within && r.len() < 4096;
        fits.then(|| String::from_utf8_lossy(&text[r.clone()]).into_owned())
    };
    let (x, y) = (names(&a, texts.a, &hunk.a)?, names(&b, texts.b, &hunk.b)?);
    let address = |t: &str| t.contains("://") && !t.contains("file://");
    if address(&x) || address(&y) {
        return None;
    }
    // Which of the system's programs: nothing is built there.
    if [&x, &y].iter().all(|t| PROGRAMS.iter().any(|dir| t.starts_with(dir))) {
        return None;
    }
    let home = |t: &str| HOMES.iter().any(|h| t.contains(h));
    let of_rustc = |t: &str| {
        let at = t.find("/rustc/")? + 7;
        let hash = t.get(at..at + COMMIT)?;
        hash.bytes().all(|b| b.is_ascii_hexdigit()).then(|| (hash.to_string(), at..at + COMMIT))
    };
    let inner = |of: &Range<usize>, r: Range<usize>| of.start + r.start..of.start + r.end;
    let found = match (of_rustc(&x), of_rustc(&y)) {
        (Some((p, at)), Some((q, to))) if p != q => {
            let (a, b) = (inner(&a, at), inner(&b, to));
            return Some(reading(Cause::CompilerVersion, Some("rustc's commit"), a, b));
        }
        _ if home(&x) && home(&y) => reading(Cause::Home, Some("a path in a home directory"), a, b),
        _ => reading(Cause::BuildPath, Some("a path"), a, b),
    };
    Some(Reading { about: About::Guess, ..found })
}

/// The range without what belongs to no word at its ends.
fn trimmed(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let Some(bytes) = text.get(range.clone()) else {
        return range.clone();
    };
    let first = bytes.iter().position(|b| is_word(*b));
    let last = bytes.iter().rposition(|b| is_word(*b));
    match first.zip(last) {
        Some((first, last)) => range.start + first..range.start + last + 1,
        None => range.clone(),
    }
}

/// Digits, or letters and digits, as long on both sides, that have next to nothing in common.
fn random(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let wordy = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    let number = words(texts, hunk, |c| c.is_ascii_digit());
    let hexadecimal = words(texts, hunk, |c| c.is_ascii_hexdigit());
    let candidates = [number, hexadecimal, words(texts, hunk, wordy)];
    for (i, (a, b)) in candidates.into_iter().enumerate() {
        let (x, y) = (texts.a.get(a.clone())?, texts.b.get(b.clone())?);
        let digits = |t: &[u8]| t.iter().filter(|c| c.is_ascii_digit()).count();
        let enough = match i {
            0 if digits(x) < x.len() || digits(y) < y.len() => false,
            0 => x.len().min(y.len()) >= 8 && x.len().abs_diff(y.len()) <= 2,
            _ => x.len().min(y.len()) >= 8 && x.len() == y.len() && digits(x) > 0 && digits(y) > 0,
        };
        let agree = x.iter().zip(y).filter(|(p, q)| p == q).count();
        let lower = |t: &[u8]| t.iter().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(c));
        if i == 1 && !(lower(x) && lower(y)) {
            continue;
        }
        if i == 1 && x.len() == COMMIT && y.len() == COMMIT {
            return Some(reading(Cause::VcsState, Some("a commit's id"), a, b));
        }
        if i == 1 && x.len() == 16 && y.len() == 16 && names_a_crate(texts.a, &a) {
            return Some(reading(Cause::SymbolHash, Some("a crate's hash"), a, b));
        }
        let varied = distinct(x) >= 5 && distinct(y) >= 5;
        if varied && x.len() >= SHUFFLED && x.len() >= agree + ELSEWHERE && sorted(x) == sorted(y) {
            return Some(reading(Cause::Ordering, Some("the same characters"), a, b));
        }
        if enough && agree * 2 <= x.len() && varied {
            let what = ["a number", "hexadecimal digits", "letters and digits"][i];
            let about = if i == 0 { About::Number } else { About::Anything };
            return Some(Reading { about, ..reading(Cause::Randomness, Some(what), a, b) });
        }
    }
    None
}

/// So many characters, and so many of them in other places, are not the same ones by chance.
const SHUFFLED: usize = 16;
const ELSEWHERE: usize = 6;

fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut sorted = bytes.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Digits of a commit's id in git.
const COMMIT: usize = 40;

/// Whether a hash stands where the compiler puts that of a crate or symbol into a name.
fn names_a_crate(text: &[u8], hash: &Range<usize>) -> bool {
    let before = &text[..hash.start];
    let after = &text[hash.end..];
    before.ends_with(b"17h")
        || after.starts_with(b"-cgu.")
        || before.ends_with(b"-") && after.starts_with(b".")
}

fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().for_each(|b| seen[usize::from(*b)] = true);
    seen.iter().filter(|s| **s).count()
}

/// The same words in another order, all differences together.
fn order(texts: Texts, hunks: &[Hunk]) -> Option<Reading> {
    let (first, last) = (hunks.first()?, hunks.last()?);
    let all = Hunk { a: first.a.start..last.a.end, b: first.b.start..last.b.end };
    // Literals stand side by side, so that the outer words may run into others.
    let widths: [&dyn Fn(u8) -> bool; 3] = [&is_name, &|c| c.is_ascii_digit(), &|_| false];
    let (a, b) = widths
        .iter()
        .map(|belongs| whole_words(texts, &all, belongs))
        .find(|(a, b)| same_words(&texts.a[a.clone()], &texts.b[b.clone()]))?;
    let mut found = reading(Cause::Ordering, Some("the same words"), a, b);
    found.hunks = 0..hunks.len();
    Some(found)
}

/// Both ranges, widened by what is the same around them: as far on one side as on the other, since the
/// word that is cut here may be whole there.
fn whole_words(
    texts: Texts,
    all: &Hunk,
    belongs: &dyn Fn(u8) -> bool,
) -> (Range<usize>, Range<usize>) {
    let (mut a, mut b) = (all.a.clone(), all.b.clone());
    let same = |i: Option<usize>, j: Option<usize>| {
        let byte = i.and_then(|i| texts.a.get(i));
        byte.is_some_and(|c| belongs(*c)) && byte == j.and_then(|j| texts.b.get(j))
    };
    while same(a.start.checked_sub(1), b.start.checked_sub(1)) {
        (a.start, b.start) = (a.start - 1, b.start - 1);
    }
    while same(Some(a.end), Some(b.end)) {
        (a.end, b.end) = (a.end + 1, b.end + 1);
    }
    (a, b)
}

fn is_name(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

/// Whether both are the same words, two at least, in different orders.
fn same_words(x: &[u8], y: &[u8]) -> bool {
    let split = |t: &[u8]| {
        let words = t.split(|c| !is_name(*c)).filter(|w| !w.is_empty());
        words.map(<[u8]>::to_vec).collect::<Vec<Vec<u8>>>()
    };
    let (mut p, mut q) = (split(x), split(y));
    // What is between them differs, if they are in one order.
    if x.len() != y.len() || p.len() < 2 || p == q {
        return false;
    }
    p.sort();
    q.sort();
    p == q
}

/// Both ranges, widened as far as the bytes around belong to the word.
fn words(texts: Texts, hunk: &Hunk, belongs: impl Fn(u8) -> bool) -> (Range<usize>, Range<usize>) {
    let widen = |text: &[u8], range: &Range<usize>| {
        let (mut start, mut end) = (range.start.min(text.len()), range.end.min(text.len()));
        while start < end && text[start].is_ascii_whitespace() {
            start += 1;
        }
        while start < end && text[end - 1].is_ascii_whitespace() {
            end -= 1;
        }
        while start > 0 && belongs(text[start - 1]) {
            start -= 1;
        }
        while end < text.len() && belongs(text[end]) {
            end += 1;
        }
        start..end
    };
    (widen(texts.a, &hunk.a), widen(texts.b, &hunk.b))
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"_-./:+@\\".contains(&c) || c >= 0x80
}

/// Whether a byte can be part of text.
pub fn is_text(c: u8) -> bool {
    (0x20..0x7f).contains(&c) || matches!(c, b'\t' | b'\n' | b'\r') || c >= 0x80
}

#[cfg(test)]
mod tests {
    use super::super::align::Aligner;
    use super::super::known::Clocks;
    use super::*;

    fn context() -> Context {
        let k = Known::new;
        Context {
            known: vec![
                k(Cause::BuildPath, "source", "/s/a/path-a-q7x", "/s/b/path-b-q7x/some/levels"),
                k(Cause::Username, "username", "user-a-q7x", "user-bb-q7x"),
                k(Cause::Parallelism, "jobs", "2", "3"),
                k(Cause::Locale, "LC_ALL", "C.UTF-8", "C"),
                k(Cause::Environment, "stray", "", "REPRO_STRAY"),
                k(Cause::SourceMtime, "mtime", "1265169906", "1404810611"),
            ],
            clocks: Some(Clocks {
                a: Window { from: 1_795_557_791, to: 1_795_557_800 },
                b: Window { from: 1_830_136_811, to: 1_830_136_820 },
            }),
            ..Context::default()
        }
    }

    fn causes(a: &str, b: &str) -> Vec<&'static str> {
        let context = context();
        let hunks = Aligner::new(1 << 20).align(a.as_bytes(), b.as_bytes());
        let texts = Texts { a: a.as_bytes(), b: b.as_bytes(), context: &context };
        let readings = read(texts, &hunks);
        let claimed: usize = readings.iter().map(|r| r.hunks.len()).sum();
        assert_eq!(claimed, hunks.len(), "{readings:?} {hunks:?}");
        readings.iter().map(|r| r.cause.name()).collect()
    }

    #[test]
    fn each_kind_of_text_has_its_cause() {
        let tail = "called `Option::unwrap()` on a `None` value";
        let cases: &[(&str, &str, &str)] = &[
            ("/s/a/path-a-q7x/src/x", "/s/b/path-b-q7x/some/levels/src/x", "build-path"),
            ("by user-a-q7x.", "by user-bb-q7x.", "username"),
            ("jobs=2\n", "jobs=3\n", "parallelism"),
            ("C.UTF-8\n", "C\n", "locale"),
            ("HOME PATH\n", "HOME PATH REPRO_STRAY\n", "environment"),
            ("at 1795557799\n", "at 1830136812\n", "timestamp"),
            ("1795557799123456789\n", "1830136812000000000\n", "timestamp"),
            ("day 20781\n", "day 21182\n", "timestamp"),
            ("2026-11-24 22:03:15 UTC", "2027-12-30 03:20:15 UTC", "timestamp"),
            ("Nov 24 2026", "Dec 29 2027", "timestamp"),
            ("1265169906\n", "1404810611\n", "source-mtime"),
            ("5 31 4 60\n", "60 4 5 31\n", "ordering"),
            ("6 16 60 23\n", "60 23 6 16\n", "ordering"),
            ("5817264019283746551\n", "1192837465564738291\n", "randomness"),
            ("id 3f9a1c77e0b24d58\n", "id 90c4e2ab17f3d6c1\n", "randomness"),
            (
                "at 5c1f21c3b4d2f0a7e6b9d8c7a1b2c3d4e5f60718.",
                "at 0123456789abcdef0123456789abcdef01234567.",
                "vcs-state",
            ),
            ("rustc version 1.95.0 (abc)", "rustc version 1.97.0 (abc)", "compiler-version"),
            ("rustc of old\n", "rustc of them\n", "unknown"),
            ("#!/usr/bin/env x\n", "#!/usr/bin/perl x\n", "unknown"),
            ("color red\n", "color blue\n", "unknown"),
            ("ids 0037741148852259\n", "ids 7400593785112248\n", "ordering"),
            ("ids 0037741148852259\n", "ids 0037857411482259\n", "ordering"),
            ("ids 0037741148852259\n", "ids 0037741148852295\n", "unknown"),
            ("ids 0037741148852259\n", "ids 7400593785112247\n", "randomness"),
            ("by pid 48213.", "by pid 51877.", "randomness"),
            ("ThreadId(3)", "ThreadId(7)", "randomness"),
            ("at 0x7ffd3a1b2c40.", "at 0x7ffe91c30d10.", "randomness"),
            (" uptime 123456.78 s", " uptime 123499.12 s", "timestamp"),
            ("day 328\n", "day 363\n", "timestamp"),
            ("in 2026.", "in 2027.", "timestamp"),
            ("day 328\n", "day 361\n", "unknown"),
            ("2026-328\n", "2027-363\n", "timestamp"),
            ("1.0 (a1b2c3d 2026-11-24)", "1.0 (9f8e7d6 2026-11-24)", "vcs-state"),
            ("v1.2.3-14-ga1b2c3d\n", "v1.2.3-15-g9f8e7d65\n", "vcs-state"),
            ("v1.2.3\n", "v1.2.3-dirty\n", "vcs-state"),
            (" rev=a1b2c3d;", " rev=9f8e7d6;", "vcs-state"),
            ("license Apache 2.0\n", "license Apache-2.0\n", "unknown"),
            ("at https://x.org/a/b\n", "at https://www.x.org/a/b\n", "unknown"),
            ("$Format:%h$\n", "1234abc\n", "vcs-state"),
        ];
        for (a, b, want) in cases {
            assert_eq!(causes(a, b), [*want], "{a:?} {b:?}");
            // Literals stand side by side in a program, with nothing between them.
            let joined = (format!("{tail}{a}{tail}"), format!("{tail}{b}{tail}"));
            assert_eq!(causes(&joined.0, &joined.1), [*want], "{joined:?}");
        }
    }

    #[test]
    fn two_values_in_one_text_are_two_readings() {
        let found =
            causes("by user-a-q7x with jobs=2 and more", "by user-bb-q7x with jobs=3 and more");
        assert_eq!(found, ["username", "parallelism"]);
    }
}

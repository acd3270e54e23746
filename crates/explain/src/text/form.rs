//! Classifies a difference by its form and the words before it, without facts about the builds.

use std::ops::Range;

use super::reading::{Reading, Texts, is_text, is_word, reading, trimmed, words};
use crate::align::Hunk;
use crate::cause::Cause;
use crate::finding::About;
use crate::labels::{LABELS, is_described};

/// What the text in front of it says that it is, or its form.
pub(super) fn labelled(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let at = words(texts, hunk, |c| is_word(c) && c != b'/');
    if is_described(&texts.a[at.a.clone()]) || is_described(&texts.b[at.b.clone()]) {
        return Some(reading(Cause::VcsState, Some("a version by `git describe`"), at));
    }
    LABELS.iter().find_map(|label| {
        let at = words(texts, hunk, label.belongs);
        let fits = label.fits(texts.a, &at.a) && label.fits(texts.b, &at.b);
        let found = || reading(label.cause, Some(label.what), at);
        fits.then(|| Reading { about: label.about, ..found() })
    })
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
pub(super) fn version(texts: Texts, hunk: &Hunk, begins: bool) -> Option<Reading> {
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
    let at = words(texts, hunk, line);
    let short = |r: &Range<usize>| r.len() <= 200;
    // A version has digits: programs have the names of tools in texts of their own.
    let digits = |t: &[u8], r: &Range<usize>| t[r.clone()].iter().any(u8::is_ascii_digit);
    let versions = digits(texts.a, &at.a) || digits(texts.b, &at.b);
    (short(&at.a) && short(&at.b) && versions)
        .then(|| reading(hit.1, Some(hit.0.trim_end_matches([' ', '('])), at))
}

const HOMES: [&str; 4] = ["/home/", "/Users/", ":\\Users\\", "/root/"];

const INSTALLED: [&str; 15] = [
    "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/lib/", "/lib64/",
    "/usr/lib/", "/usr/lib64/", "/usr/libexec/", "/usr/include/", "/usr/share/", "/etc/",
    "/nix/store/", "/gnu/store/",
];

const TEMPORARY: [&str; 2] = ["/tmp/", "/var/tmp/"];
/// Random characters in the name of a temporary file, at least.
const DRAWN: usize = 6;

/// Whether two paths are of temporary files or directories with random names.
fn are_temporary(x: &str, y: &str) -> bool {
    let name = |path: &'_ str| {
        let below = TEMPORARY.iter().find_map(|dir| path.strip_prefix(dir))?;
        Some(below.split('/').next().unwrap_or(below).as_bytes().to_vec())
    };
    let (Some(p), Some(q)) = (name(x), name(y)) else { return false };
    let same = p.iter().zip(&q).take_while(|(c, d)| c == d).count();
    let drawn = |name: &[u8]| {
        let end = &name[same..];
        let word = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit();
        end.len() >= DRAWN && end.iter().all(u8::is_ascii_alphanumeric) && end.iter().any(word)
    };
    p.len() == q.len() && drawn(&p) && drawn(&q)
}

/// Names in paths rarely have more bytes.
const NAME: usize = 96;

pub(super) fn path(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let at = words(texts, hunk, is_word);
    let at = Hunk { a: trimmed(texts.a, &at.a), b: trimmed(texts.b, &at.b) };
    let separator = |c: &u8| matches!(c, b'/' | b'\\');
    let names = |r: &Range<usize>, text: &[u8], at: &Range<usize>| {
        let separators = text.get(r.clone())?.iter().filter(|c| separator(c)).count();
        // Literals are stored side by side: one that has no separator is not in a path.
        let before = &text[at.start.saturating_sub(NAME).max(r.start)..at.end.max(r.start)];
        let within = before.iter().any(separator);
        let fits = separators >= 2 && within && r.len() < 4096;
        fits.then(|| String::from_utf8_lossy(&text[r.clone()]).into_owned())
    };
    let (x, y) = (names(&at.a, texts.a, &hunk.a)?, names(&at.b, texts.b, &hunk.b)?);
    let address = |t: &str| t.contains("://") && !t.contains("file://");
    if address(&x) || address(&y) {
        return None;
    }
    // Which of the system's files: nothing is built there.
    if [&x, &y].iter().all(|t| INSTALLED.iter().any(|dir| t.starts_with(dir))) {
        return None;
    }
    if are_temporary(&x, &y) {
        let found = reading(Cause::Randomness, Some("the name of a temporary file"), at);
        return Some(Reading { about: About::TempDir, ..found });
    }
    let home = |t: &str| HOMES.iter().any(|h| t.contains(h));
    let of_rustc = |t: &str| {
        let at = t.find("/rustc/")? + 7;
        let hash = t.get(at..at + COMMIT)?;
        hash.bytes().all(|b| b.is_ascii_hexdigit()).then(|| (hash.to_string(), at..at + COMMIT))
    };
    let inner = |of: &Range<usize>, r: Range<usize>| of.start + r.start..of.start + r.end;
    let found = match (of_rustc(&x), of_rustc(&y)) {
        (Some((p, from)), Some((q, to))) if p != q => {
            let at = Hunk { a: inner(&at.a, from), b: inner(&at.b, to) };
            return Some(reading(Cause::CompilerVersion, Some("rustc's commit"), at));
        }
        _ if home(&x) && home(&y) => reading(Cause::Home, Some("a path in a home directory"), at),
        _ => reading(Cause::BuildPath, Some("a path"), at),
    };
    Some(Reading { about: About::Guess, ..found })
}

/// Digits, or letters and digits, as long on both sides, that have next to nothing in common.
pub(super) fn random(texts: Texts, hunk: &Hunk) -> Option<Reading> {
    let wordy = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    let number = words(texts, hunk, |c| c.is_ascii_digit());
    let hexadecimal = words(texts, hunk, |c| c.is_ascii_hexdigit());
    let candidates = [number, hexadecimal, words(texts, hunk, wordy)];
    for (i, at) in candidates.into_iter().enumerate() {
        let (x, y) = (texts.a.get(at.a.clone())?, texts.b.get(at.b.clone())?);
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
            return Some(reading(Cause::VcsState, Some("a commit's id"), at));
        }
        if i == 1 && x.len() == 16 && y.len() == 16 && names_a_crate(texts.a, &at.a) {
            return Some(reading(Cause::SymbolHash, Some("a crate's hash"), at));
        }
        let varied = distinct(x) >= 5 && distinct(y) >= 5;
        if varied && x.len() >= SHUFFLED && x.len() >= agree + ELSEWHERE && sorted(x) == sorted(y) {
            return Some(reading(Cause::Ordering, Some("the same characters"), at));
        }
        if enough && agree * 2 <= x.len() && varied {
            let what = ["a number", "hexadecimal digits", "letters and digits"][i];
            let about = if i == 0 { About::Number } else { About::Anything };
            return Some(Reading { about, ..reading(Cause::Randomness, Some(what), at) });
        }
    }
    None
}

/// Texts of at least `SHUFFLED` characters, `ELSEWHERE` of them in other places, do not agree by accident.
const SHUFFLED: usize = 16;

const ELSEWHERE: usize = 6;

fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut sorted = bytes.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Digits of a commit's id in git.
const COMMIT: usize = 40;

/// Whether a hash is where the compiler puts that of a crate or symbol into a name.
fn names_a_crate(text: &[u8], hash: &Range<usize>) -> bool {
    let before = &text[..hash.start];
    let after = &text[hash.end..];
    before.ends_with(b"17h")
        || after.starts_with(b"-cgu.")
        || before.ends_with(b"-") && after.starts_with(b".")
}

/// How many different bytes there are.
pub(crate) fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().for_each(|b| seen[usize::from(*b)] = true);
    seen.iter().filter(|s| **s).count()
}

/// The same words in another order, all differences together.
pub(super) fn order(texts: Texts, hunks: &[Hunk]) -> Option<Reading> {
    let all = Hunk::span(hunks)?;
    // Literals are stored side by side, so the outer words may run into others.
    let widths: [&dyn Fn(u8) -> bool; 3] = [&is_name, &|c| c.is_ascii_digit(), &|_| false];
    let same = |at: &Hunk| same_words(&texts.a[at.a.clone()], &texts.b[at.b.clone()]);
    let at = widths.iter().map(|belongs| whole_words(texts, &all, belongs)).find(same)?;
    let found = reading(Cause::Ordering, Some("the same words"), at);
    Some(Reading { hunks: 0..hunks.len(), ..found })
}

/// Both ranges, widened by what is the same around them: as far on one side as on the other, since the
/// word that is cut here may be whole there.
fn whole_words(texts: Texts, all: &Hunk, belongs: &dyn Fn(u8) -> bool) -> Hunk {
    let Hunk { mut a, mut b } = all.clone();
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
    Hunk { a, b }
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

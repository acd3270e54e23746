//! Classifies a difference in text: a known value of the builds, a time, the same words in a
//! different order, a random number, a version. Pure; it does not know where the text is.

mod builds;
mod form;
mod reading;

use crate::align::Hunk;
use crate::cause::Cause;
use crate::finding::About;
use crate::time;
use builds::{known, known_words, number, part_of_date, stamp};
use form::{labelled, order, path, random, version};
use reading::{is_word, reading, touches, words};

pub(crate) use builds::short_known;
pub(crate) use form::distinct;
pub(crate) use reading::{Reading, Texts, is_text, widened};

/// What the differences are, each with the differences it claims; all are claimed by one, and where
/// nothing is recognized that is [`Cause::Unknown`].
pub fn read(texts: Texts, hunks: &[Hunk]) -> Vec<Reading> {
    if let Some(whole) = order(texts, hunks) {
        return vec![whole];
    }
    if let Some(whole) = filled_in(texts, hunks) {
        return vec![whole];
    }
    let stamps = [texts.a, texts.b].map(time::stamps);
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
        let unknown = || reading(Cause::Unknown, None, words(texts, hunk, is_word));
        let mut reading = found.unwrap_or_else(unknown);
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

/// What all that differs in two texts is, taken together.
pub fn read_whole(texts: Texts) -> Reading {
    // Each difference has one reading.
    read(texts, &[Hunk::between(texts.a, texts.b)]).swap_remove(0)
}

/// What git fills in on one side, and the other has as it is in the repository.
fn filled_in(texts: Texts, hunks: &[Hunk]) -> Option<Reading> {
    let all = Hunk::span(hunks)?;
    let has = |text: &[u8], word: &[u8]| memchr::memmem::find(text, word).is_some();
    let format = |text: &[u8]| has(text, b"$Format:");
    let (empty, filled) = (|text: &[u8]| has(text, b"$Id$"), is_ident);
    let (about, what) = if format(texts.a) != format(texts.b) {
        (About::ExportSubst, "what `git archive` puts in place of `$Format$`")
    } else if empty(texts.a) && filled(texts.b) || filled(texts.a) && empty(texts.b) {
        (About::Ident, "what git puts in place of `$Id$`")
    } else {
        return None;
    };
    let found = reading(Cause::VcsState, Some(what), all);
    Some(Reading { about, hunks: 0..hunks.len(), ..found })
}

/// Whether a text has `$Id: … $` with the id of a file in git.
fn is_ident(text: &[u8]) -> bool {
    const MARK: &[u8] = b"$Id: ";
    memchr::memmem::find_iter(text, MARK).any(|at| {
        let id = &text[at + MARK.len()..];
        let digits = id.iter().take_while(|c| c.is_ascii_hexdigit()).count();
        matches!(digits, 40 | 64) && id[digits..].starts_with(b" $")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::align::Aligner;
    use crate::known::{Clocks, Context, Known, Window};

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
            (
                " md5=4355a46b19d348dc2f57c046f8ef63d4\n",
                " md5=53c234e5e8472b6ac51c1ae1cab3fe06\n",
                "unknown",
            ),
            (
                " id=4355a46b19d348dc2f57c046f8ef63d4\n",
                " id=53c234e5e8472b6ac51c1ae1cab3fe06\n",
                "randomness",
            ),
            (" /usr/lib/x86_64-linux-gnu/libz.so\n", " /usr/lib64/libz.so\n", "unknown"),
            (" /usr/lib/x/libz.so\n", " /srv/x/libz.so\n", "build-path"),
            (" /tmp/rustcAbC123/x\n", " /tmp/rustcXyZ789/x\n", "randomness"),
            (" /tmp/checkout-one/x\n", " /tmp/checkout-two/x\n", "build-path"),
            ("$Id$\n", "$Id: 5c1f21c3b4d2f0a7e6b9d8c7a1b2c3d4e5f60718 $\n", "vcs-state"),
            ("$Id$\n", "$Id: main.c 12 alice $\n", "unknown"),
        ];
        for (a, b, want) in cases {
            assert_eq!(causes(a, b), [*want], "{a:?} {b:?}");
            // Literals are stored side by side in a program, with nothing between them.
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

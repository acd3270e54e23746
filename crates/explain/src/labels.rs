//! Values that the text before them names: process and thread ids, uptime, commits. Also addresses
//! and `git describe` versions, which have a form of their own. One table; words are matched as
//! identifiers spell them: `BUILD_PID`, `processId`, `pub const PID: u32 =`.

use crate::cause::Cause;
use crate::finding::About;

/// A kind of value that is announced.
pub struct Label {
    pub(crate) cause: Cause,
    pub(crate) about: About,
    pub(crate) what: &'static str,
    /// The last words before it, any of them.
    names: &'static [&'static str],
    /// What is right before it, any of them.
    prefixes: &'static [&'static str],
    /// What comes right after it, any of them.
    suffixes: &'static [&'static str],
    /// Bytes that belong to it.
    pub belongs: fn(u8) -> bool,
    is: fn(&[u8]) -> bool,
}

/// Plain digits: the defaults of a row.
const NUMBER: Label = Label {
    cause: Cause::Unknown,
    about: About::Anything,
    what: "",
    names: &[],
    prefixes: &[],
    suffixes: &[],
    belongs: |c| c.is_ascii_digit(),
    is: |_| false,
};

pub(crate) const LABELS: &[Label] = &[
    Label {
        cause: Cause::Randomness,
        about: About::ProcessId,
        what: "a process id",
        names: &["pid", "process", "process id", "ppid"],
        is: |v| (2..=7).contains(&v.len()) && v[0] != b'0',
        ..NUMBER
    },
    Label {
        cause: Cause::Randomness,
        about: About::ProcessId,
        what: "a thread id",
        names: &["tid", "thread", "thread id"],
        is: |v| (1..=7).contains(&v.len()),
        ..NUMBER
    },
    Label {
        cause: Cause::Timestamp,
        about: About::Uptime,
        what: "how long the machine has been running",
        names: &["uptime", "up time", "since boot"],
        belongs: |c| c.is_ascii_digit() || c == b'.',
        is: |v| v.first().is_some_and(u8::is_ascii_digit),
        ..NUMBER
    },
    Label {
        cause: Cause::Timestamp,
        what: "the day of the year",
        names: &["yday", "day of year", "day of the year"],
        is: |v| (1..=3).contains(&v.len()),
        ..NUMBER
    },
    Label {
        cause: Cause::VcsState,
        what: "the id of a commit",
        names: &[
            "commit", "commit id", "commit hash", "commit sha", "git", "git id", "git hash",
            "git sha", "git rev", "git commit", "revision", "rev", "head",
        ],
        belongs: |c| c.is_ascii_hexdigit(),
        is: is_commit,
        ..NUMBER
    },
    Label {
        // It differs because what it is made of does.
        cause: Cause::Unknown,
        about: About::Digest,
        what: "a digest",
        names: &[
            "sha1", "sha224", "sha256", "sha384", "sha512", "md5", "blake3", "digest", "checksum",
        ],
        // As `sha256sum` writes them: before the name of a file.
        suffixes: &["  ", " *"],
        belongs: |c| c.is_ascii_hexdigit(),
        is: |v| {
            matches!(v.len(), 32 | 40 | 56 | 64 | 96 | 128) && v.iter().all(u8::is_ascii_hexdigit)
        },
        ..NUMBER
    },
    Label {
        cause: Cause::Randomness,
        about: About::Address,
        what: "an address in memory",
        prefixes: &["0x"],
        belongs: |c| c.is_ascii_hexdigit(),
        // Where Linux puts stacks, libraries and programs on x86-64.
        is: |v| v.len() == 12 && [&b"7f"[..], b"55", b"56"].iter().any(|s| v.starts_with(s)),
        ..NUMBER
    },
];

/// Words that say nothing of what a value is.
const FILLERS: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i32", "i64", "str", "static", "const", "let",
    "is", "no", "number", "value", "num",
];
/// Bytes before a value that are read.
const BEFORE: usize = 48;

fn is_commit(text: &[u8]) -> bool {
    let hexadecimal = |c: &u8| c.is_ascii_digit() || (b'a'..=b'f').contains(c);
    (7..=40).contains(&text.len()) && text.iter().all(hexadecimal)
}

/// The words of a text in lowercase, as identifiers are made of them, without fillers.
fn words(text: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = 0_u8;
    for c in text {
        let begins = c.is_ascii_uppercase() && !before.is_ascii_uppercase();
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("it has one").push(char::from(c.to_ascii_lowercase()));
        }
        before = *c;
    }
    words.retain(|w| !w.is_empty() && !FILLERS.contains(&&**w));
    words
}

impl Label {
    /// Whether the value at this place of the text is of the kind, by itself and by what is before it.
    pub fn fits(&self, text: &[u8], at: &std::ops::Range<usize>) -> bool {
        let Some(value) = text.get(at.clone()).filter(|v| !v.is_empty() && (self.is)(v)) else {
            return false;
        };
        let before = &text[at.start.saturating_sub(BEFORE)..at.start];
        let line = before.rsplit(|c| matches!(c, b'\n' | 0)).next().unwrap_or_default();
        if self.prefixes.iter().any(|p| line.ends_with(p.as_bytes())) {
            return true;
        }
        if self.suffixes.iter().any(|s| text[at.end..].starts_with(s.as_bytes())) {
            return true;
        }
        // A value does not begin inside an identifier or a word.
        if line.last().is_none_or(u8::is_ascii_alphanumeric) {
            return false;
        }
        // `rustc 1.95.0 (59807616e 2026-04-14)`: tools give their commit so.
        let dated = || {
            let date = text[at.end..].strip_prefix(b" ").and_then(|rest| rest.get(..5));
            date.is_some_and(|d| d[..4].iter().all(u8::is_ascii_digit) && d[4] == b'-')
        };
        if self.cause == Cause::VcsState && line.ends_with(b"(") && dated() {
            return value.len() <= 12;
        }
        let words = words(line);
        let named = |name: &&&str| {
            let name: Vec<&str> = name.split(' ').collect();
            words.len() >= name.len() && words[words.len() - name.len()..] == name[..]
        };
        self.names.iter().any(|name| named(&name))
    }
}

/// Bytes of a version by `git describe` at most.
const DESCRIBED: usize = 100;

/// Whether it is a version by `git describe`: `v1.2.3-14-ga1b2c3d`, or anything that is `-dirty`.
pub fn is_described(word: &[u8]) -> bool {
    let text = std::str::from_utf8(word).unwrap_or_default();
    if text.len() > DESCRIBED {
        return false;
    }
    let commit = |rest: &str| {
        let id = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        is_commit(id.as_bytes())
    };
    let ahead =
        |before: &str| before.ends_with(|c: char| c.is_ascii_digit()) && before.contains('-');
    text.ends_with("-dirty") || text.rsplit_once("-g").is_some_and(|(n, id)| ahead(n) && commit(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, value: &str) -> Option<&'static str> {
        let start = text.find(value).unwrap();
        let at = start..start + value.len();
        LABELS.iter().find(|l| l.fits(text.as_bytes(), &at)).map(|l| l.what)
    }

    const DIGEST: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn values_are_what_the_words_before_them_say() {
        let cases = [
            ("built by process 48213.", "48213", Some("a process id")),
            ("pub const BUILD_PID: u32 = 48213;", "48213", Some("a process id")),
            ("processId=48213", "48213", Some("a process id")),
            ("ThreadId(3)", "3", Some("a thread id")),
            ("uptime: 123456.78 s", "123456.78", Some("how long the machine has been running")),
            ("day of the year 331", "331", Some("the day of the year")),
            ("GIT_HASH=a1b2c3d", "a1b2c3d", Some("the id of a commit")),
            ("app 1.0 (a1b2c3d 2026-11-24)", "a1b2c3d", Some("the id of a commit")),
            ("at 0x7ffd3a1b2c40", "7ffd3a1b2c40", Some("an address in memory")),
            ("sha256:0123456789abcdef0123456789abcdef", DIGEST, Some("a digest")),
            ("0123456789abcdef0123456789abcdef  x", DIGEST, Some("a digest")),
            // Not even close, each in one thing.
            ("0123456789abcdef0123456789abcdef x", DIGEST, None),
            ("id 0123456789abcdef0123456789abcdef", DIGEST, None),
            ("rapid 48213", "48213", None),
            ("pid 482137777", "482137777", None),
            ("threads: 3", "3", None),
            ("legit a1b2c3d", "a1b2c3d", None),
            ("commit a1b2c3", "a1b2c3", None),
            ("color (a1b2c3d, dark)", "a1b2c3d", None),
            ("0x1ffd3a1b2c40", "1ffd3a1b2c40", None),
            ("day 331", "331", None),
        ];
        for (text, value, want) in cases {
            assert_eq!(of(text, value), want, "{text}");
        }
    }

    #[test]
    fn git_describes_versions() {
        for word in ["v1.2.3-14-ga1b2c3d", "1.0-0-g0123456789", "v1.2.3-dirty", "a1b2c3d-dirty"] {
            assert!(is_described(word.as_bytes()), "{word}");
        }
        for word in ["v1.2.3", "x-gabcdefg", "1-2-3", "v1.2.3-14-gzzz", "dirty", ""] {
            assert!(!is_described(word.as_bytes()), "{word}");
        }
    }
}

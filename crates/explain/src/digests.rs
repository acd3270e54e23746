//! Lists of digests: RECORD, MANIFEST.MF and *.SF, SHA256SUMS, md5sums, .cargo-checksum.json,
//! SBOMs. A digest or size in them that differs because the file it describes differs is a
//! consequence.
//!
//! SHA-256 digests and sizes are checked against the files themselves; for other digests it is
//! enough that the line or section names a file that differs.

use std::collections::{HashMap, HashSet};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use repro_formats::digest::of_bytes;

use super::names::without_versions;
use super::plain;
use crate::cause::Cause;
use crate::finding::{About, At, Finding, Place};

/// Bytes of a list that are read.
const MOST: usize = 8 << 20;

/// The files that differ, by the digests and sizes that a list has of them; and the lists, which are read last.
#[derive(Default)]
pub(super) struct Digests {
    /// Spelled digest -> the pair that it is of; on each side.
    spelled: [HashMap<String, usize>; 2],
    sizes: Vec<(usize, usize)>,
    names: Vec<String>,
    /// Members that belong together under two names.
    pub(super) renamed: HashSet<(String, String)>,
    /// Members of one side.
    pub(super) lone: HashSet<String>,
    /// Lists, which are looked at once all files are known: the way to them, and both texts.
    pub(super) lists: Vec<(Vec<String>, Vec<u8>, Vec<u8>)>,
}

/// Lengths of digests in hexadecimal, and in base64 with and without `=`.
const HEX: [usize; 6] = [32, 40, 56, 64, 96, 128];
const BASE64: [usize; 8] = [24, 28, 40, 43, 44, 64, 86, 88];

/// How digests begin in Subresource Integrity.
const INTEGRITY: [&str; 4] = ["sha1-", "sha256-", "sha384-", "sha512-"];

fn is_digest(word: &str) -> bool {
    let hex = word.bytes().all(|b| b.is_ascii_hexdigit());
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/-_=".contains(&b);
    hex && HEX.contains(&word.len()) || BASE64.contains(&word.len()) && word.bytes().all(base64)
}

/// Whether a word is a digest, or the name of a file that is called after one.
fn has_digest(word: &str) -> bool {
    let base = word.rsplit('/').next().unwrap_or_default();
    is_digest(word) || base.split_once('.').is_some_and(|(stem, _)| is_digest(stem))
}

/// Whether the texts are lists of digests that differ: their words are looked at later.
pub(super) fn lists(name: &str, a: &[u8], b: &[u8]) -> bool {
    let small = a.len().max(b.len()) <= MOST;
    small
        && plain::is_text(a)
        && plain::is_text(b)
        && unequal_lines(name, a, b)
            .iter()
            .any(|(x, y, _)| words(x).any(has_digest) && words(y).any(has_digest))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || ",\":;*()[]{}".contains(c);
    let words = line.split(ends).filter(|w| !w.is_empty());
    // `sha256=…`, as in RECORD, and `sha512-…`, as in package-lock.json.
    words.map(|w| match w.split_once('=') {
        Some((name, value)) if name.len() < 8 && !value.is_empty() => value,
        _ => INTEGRITY.iter().find_map(|hash| w.strip_prefix(hash)).unwrap_or(w),
    })
}

/// Lines that differ, in pairs, each with the name that its section has. Where one side has more of them,
/// lines are paired by their words without digests and numbers, and some have no counterpart.
fn unequal_lines(name: &str, a: &[u8], b: &[u8]) -> Vec<(String, String, String)> {
    let manifest = name.ends_with(".MF") || name.ends_with(".SF");
    let read = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        match manifest {
            // A line that begins with a blank continues the one before it.
            true => text.replace("\r\n ", "").replace("\n ", ""),
            // A value on each line.
            false if text.starts_with(['{', '[']) && text.lines().count() < 4 => {
                text.replace(',', ",\n")
            }
            false => text,
        }
    };
    let (a, b) = (read(a), read(b));
    if a.lines().count() != b.lines().count() {
        return unequal_sets(&a, &b);
    }
    let mut section = String::new();
    let mut found = Vec::new();
    for (x, y) in a.lines().zip(b.lines()) {
        match x.strip_prefix("Name: ") {
            Some(name) => section = name.trim().to_string(),
            None if x.trim().is_empty() => section.clear(),
            None => {}
        }
        if x != y {
            found.push((x.to_string(), y.to_string(), section.clone()));
        }
    }
    found
}

fn unequal_sets(a: &str, b: &str) -> Vec<(String, String, String)> {
    let only = |from: &str, other: &str| {
        let other: HashSet<&str> = other.lines().collect();
        from.lines().filter(|l| !other.contains(l)).map(str::to_string).collect::<Vec<_>>()
    };
    let key = |line: &str| {
        let kept = words(line).filter(|w| !is_digest(w) && w.parse::<u64>().is_err());
        // A member may be called after its version.
        without_versions(&kept.collect::<Vec<_>>().join(" "))
    };
    let mut found = Vec::new();
    let mut rest: Vec<(String, String)> =
        only(b, a).into_iter().map(|line| (key(&line), line)).collect();
    for line in only(a, b) {
        let own = key(&line);
        let other = rest.iter().position(|(key, _)| *key == own).map(|i| rest.remove(i).1);
        found.push((line, other.unwrap_or_default(), String::new()));
    }
    found.extend(rest.into_iter().map(|(_, line)| (String::new(), line, String::new())));
    found
}

/// The part of a list that follows from files that differ.
pub(super) struct Follows {
    /// All of it.
    pub(super) all: bool,
    /// The words that do, on both sides.
    pub(super) words: Vec<(String, String)>,
}

impl Digests {
    /// A file of both sides that differs.
    pub(super) fn pair(&mut self, name: &str, a: &[u8], b: &[u8]) {
        let id = self.sizes.len();
        self.sizes.push((a.len(), b.len()));
        self.names.push(name.to_string());
        for (known, bytes) in self.spelled.iter_mut().zip([a, b]) {
            for spelled in spellings(bytes) {
                known.insert(spelled, id);
            }
        }
    }

    /// What differs in a list and follows from files that differ.
    pub(super) fn follows(&self, within: &[String], a: &[u8], b: &[u8]) -> Follows {
        let name = within.last().map_or("", String::as_str);
        let lines = unequal_lines(name, a, b);
        let own = |file: &&String| file.as_str() != name;
        let named = |line: &str, section: &str| {
            let base = |n: &str| n.rsplit('/').next().unwrap_or_default().to_string();
            let mut names = self.names.iter().filter(own);
            names.any(|n| section == n || line.contains(&base(n)))
                || name.ends_with(".SF") && line.contains("-Digest-Manifest")
        };
        let accounted = |line: &str, section: &str, x: &str, y: &str| {
            let (p, q) = (self.spelled[0].get(x), self.spelled[1].get(y));
            let size = |w: &str| w.parse::<usize>().ok();
            let sizes = size(x).zip(size(y));
            // What SHA-256 is of is known, but for the sections of a manifest.
            let sure = (x.len() == 64 || x.len() == 44 || x.len() == 43) && !name.ends_with(".SF");
            let bare = |w: &str| w.trim_start_matches("./").to_string();
            p.is_some() && p == q
                || self.renamed.contains(&(bare(x), bare(y)))
                || sizes.is_some_and(|s| self.sizes.contains(&s))
                || !sure && is_digest(x) && is_digest(y) && named(line, section)
        };
        let mut found = Follows { all: !lines.is_empty(), words: Vec::new() };
        for (x, y, section) in &lines {
            let (p, q): (Vec<&str>, Vec<&str>) = (words(x).collect(), words(y).collect());
            if p.is_empty() || q.is_empty() {
                // A line about a file that one side does not have.
                let mut words = p.iter().chain(&q);
                found.all &= words.any(|w| self.lone.contains(w.trim_start_matches("./")));
                continue;
            }
            found.all &= p.len() == q.len();
            for (v, w) in p.iter().zip(&q).filter(|(v, w)| v != w) {
                match accounted(x, section, v, w) {
                    true => found.words.push((v.to_string(), w.to_string())),
                    false => found.all = false,
                }
            }
        }
        found
    }
}

/// All of a list follows from files that differ.
pub(super) fn consequence(within: &[String]) -> Finding {
    let place = Place::new(within, At::Whole).called("digests and sizes of other files");
    let f = Finding::new(Cause::Unknown, place, "", "").remedy(super::remedy::FOLLOWS);
    Finding { about: About::Digests, consequence: true, ..f }
}

/// The digest of bytes as lists spell it: hexadecimal, base64, and base64 for names of files.
fn spellings(bytes: &[u8]) -> [String; 3] {
    let hex = of_bytes(bytes).sha256;
    let two = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or_default();
    let digest: Vec<u8> = (0..hex.len()).step_by(2).map(two).collect();
    [hex, Base64::encode_string(&digest), Base64UrlUnpadded::encode_string(&digest)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_follows_only_from_files_that_have_these_digests() {
        let mut digests = Digests::default();
        digests.pair("pkg/a.py", b"one", b"other");
        let [hex_a, base_a, url_a] = spellings(b"one");
        let [hex_b, base_b, url_b] = spellings(b"other");
        let wrong = "0".repeat(64);
        let [sum, other_sum] = ["0", "1"].map(|digit| digit.to_string() + &"0".repeat(31));
        let json = format!("{{\"files\":{{\"a.py\":\"@\"}},\"package\":\"{wrong}\"}}");
        let manifest = "Name: pkg/a.py\r\nSHA-256-Digest: @\r\n";
        // A list, a line of it with `@` in place of what differs, and that of both.
        for (name, line, a, b, want) in [
            ("SHA256SUMS", "@  a.py\n", &hex_a, &hex_b, true),
            ("SHA256SUMS", "@  a.py\n", &hex_a, &wrong, false),
            (
                "RECORD",
                "pkg/a.py,sha256=@\n",
                &(url_a.clone() + ",3"),
                &(url_b.clone() + ",5"),
                true,
            ),
            (
                "RECORD",
                "pkg/a.py,sha256=@\n",
                &(url_a.clone() + ",3"),
                &(url_b.clone() + ",6"),
                false,
            ),
            ("META-INF/MANIFEST.MF", manifest, &base_a, &base_b, true),
            (".cargo-checksum.json", &json, &hex_a, &hex_b, true),
            ("md5sums", "@  pkg/a.py\n", &sum, &other_sum, true),
            ("md5sums", "@  pkg/b.py\n", &sum, &other_sum, false),
        ] {
            let [a, b] = [a, b].map(|value| line.replace('@', value));
            assert!(lists(name, a.as_bytes(), b.as_bytes()), "{name} {a}");
            let found = digests.follows(&[name.to_string()], a.as_bytes(), b.as_bytes());
            assert_eq!(found.all, want, "{name} {a} {b}");
        }
        // One side has a file more, and some are called after the version.
        digests.lone.insert("pkg/new.py".to_string());
        digests.renamed.insert(("x-1.0/METADATA".to_string(), "x-1.1/METADATA".to_string()));
        let a = format!("pkg/a.py,sha256={url_a},3\nx-1.0/METADATA,sha256={wrong},7\n");
        let b = format!("pkg/a.py,sha256={url_b},5\nx-1.1/METADATA,sha256={wrong},7\n");
        let follows =
            |b: &str| digests.follows(&["RECORD".to_string()], a.as_bytes(), b.as_bytes());
        assert!(follows(&b).all);
        assert_eq!(follows(&b).words.len(), 3);
        let more = b.replace("x-1.1", "x-1.0") + "pkg/new.py,sha256=abc,9\n";
        assert!(follows(&more).all);
        assert!(!follows(&more.replace("new.py", "other.py")).all);
        let part = follows(&b.replace(",7", ",8"));
        assert_eq!((part.all, part.words.len()), (false, 3));
        assert!(!lists("notes", b"red\n", b"blue\n"));
    }
}

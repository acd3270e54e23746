//! Facts from texts anywhere in a binary: paths of the standard library's source, of crates in panic messages
//! and of the machine that built it, and the producers in debug information.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use super::binary::{Binary, LeakedPath};

/// Paths that are listed.
const MOST: usize = 40;
/// Bytes of a path that are looked at.
const LONGEST: usize = 400;

pub(super) fn read(out: &mut Binary, bytes: &[u8]) {
    out.rust |= memmem::find(bytes, b"RUST_BACKTRACE").is_some();
    commits(out, bytes);
    for at in memmem::find_iter(bytes, b"(rustc version ") {
        let text = word(bytes, at + 15, |b| b != b'\0' && b.is_ascii_graphic() || b == b' ');
        // `1.95.0 (59807616e 2026-04-14))`
        let end = text.find(')').map_or(text.len(), |end| end + 1);
        out.rustc_text(&text[..end], "debug information");
    }
    crates(out, bytes);
    paths(out, bytes);
}

/// `/rustc/<commit>/library/…`, in messages of the standard library.
fn commits(out: &mut Binary, bytes: &[u8]) {
    let mut seen = BTreeSet::new();
    for at in memmem::find_iter(bytes, b"/rustc/") {
        let commit = word(bytes, at + 7, |b| b.is_ascii_hexdigit());
        let next = bytes.get(at + 7 + commit.len());
        if commit.len() == 40 && matches!(next, Some(b'/' | b'\\')) {
            seen.insert(commit.to_string());
            continue;
        }
        // Distributions give the version instead.
        let version =
            word(bytes, at + 7, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        if version.bytes().filter(|b| *b == b'.').count() == 2
            && semver::Version::parse(version).is_ok()
        {
            out.rustc(Some(version), None, "paths of the standard library");
        }
    }
    for commit in seen {
        out.rustc(None, Some(&commit), "paths of the standard library");
    }
}

/// `name-1.2.3/src/…` and what cargo's registry and git checkouts have.
fn crates(out: &mut Binary, bytes: &[u8]) {
    let mut seen: BTreeSet<(String, String, &'static str)> = BTreeSet::new();
    for separator in [b'/', b'\\'] {
        let needle = [separator, b's', b'r', b'c', separator];
        for at in memmem::find_iter(bytes, &needle) {
            // In `…/registry/src/index.crates.io-…/name-1.2.3/…` the name is after the needle, else before it.
            let registry = bytes[..at].ends_with(b"registry");
            let found = match registry {
                true => {
                    let index = word(bytes, at + 5, in_name);
                    word(bytes, at + 5 + index.len() + 1, in_name)
                }
                false => before(bytes, at),
            };
            let Some((name, version)) = versioned(found) else { continue };
            let start = at.saturating_sub(found.len() + 11);
            let of_library =
                bytes[start..at].windows(10).any(|w| w == b"rust/deps/" || w == br"rust\deps\");
            let from = if of_library { "the standard library's own paths" } else { "paths" };
            seen.insert((name.to_string(), version.to_string(), from));
        }
    }
    for (name, version, from) in seen {
        out.krate(&name, Some(&version), from);
    }
}

/// `serde_json-1.0.149` taken apart.
fn versioned(text: &str) -> Option<(&str, &str)> {
    let mut halves = text.match_indices('-').map(|(at, _)| (&text[..at], &text[at + 1..]));
    let (name, version) = halves.find(|(_, v)| semver::Version::parse(v).is_ok())?;
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some((name, version))
}

/// Where absolute paths of people's and servers' machines begin.
const ROOTS: &[&str] = &[
    "/home/", "/Users/", "/root/", "/github/", "/__w/", "/builds/", "/build/", "/tmp/",
    "/private/", "/opt/", "/workspace/", "/workspaces/", "/project/", "/io/", "/mnt/",
    "/usr/local/", ":\\",
];
/// What a path must hold to be one of a build: texts of programs name directories, too.
const MARKS: &[&str] = &[".cargo", ".rustup", ".rs", ".c", ".cc", ".cpp", ".h", ".o", ".pdb"];

fn paths(out: &mut Binary, bytes: &[u8]) {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for root in ROOTS {
        for at in memmem::find_iter(bytes, root.as_bytes()) {
            let drive = root.starts_with(':');
            let Some(at) = at.checked_sub(usize::from(drive)) else { continue };
            if drive && !bytes[at].is_ascii_alphabetic() {
                continue;
            }
            // A path in a path begins at the outer one; a message ends with no separator.
            if !drive
                && at > 0
                && (in_name(bytes[at - 1]) || bytes[at - 1] == b'/')
                && inner(bytes, at)
            {
                continue;
            }
            let path =
                word(bytes, at, |b| in_name(b) || matches!(b, b'/' | b'\\' | b':' | b' ' | b'~'));
            if let Some(prefix) = prefix(path) {
                *found.entry(prefix).or_default() += 1;
            }
        }
    }
    let mut found: Vec<_> =
        found.into_iter().map(|(path, count)| LeakedPath { path, count }).collect();
    found.sort_by_key(|p| std::cmp::Reverse(p.count));
    found.truncate(MOST);
    out.paths = found;
}

/// Whether what is before belongs to the same path: it holds a separator in its last 60 bytes, with
/// nothing but parts of names after it.
fn inner(bytes: &[u8], at: usize) -> bool {
    let head = &bytes[at.saturating_sub(60)..at];
    let tail = head.iter().rev().take_while(|b| in_name(**b) || **b == b'/');
    tail.clone().any(|b| *b == b'/') && !head.ends_with(b".rs")
}

/// The directory that tells the machine: up to cargo's or rustup's own, or three parts.
fn prefix(path: &str) -> Option<String> {
    let separator = if path.contains('\\') { '\\' } else { '/' };
    let parts: Vec<&str> = path.split(separator).collect();
    let mark = |p: &&str| MARKS.iter().any(|m| p.ends_with(m) || p.contains(".rs"));
    parts.iter().skip(1).any(mark).then_some(())?;
    let own = parts.iter().position(|p| matches!(*p, ".cargo" | ".rustup"));
    let end = own.map_or(parts.len().saturating_sub(1).min(4), |at| at + 1);
    let text = parts[..end].join(&separator.to_string());
    (end > 1).then_some(text)
}

fn in_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+' | b'@')
}

/// The bytes from `at` on that belong to a word, as text.
fn word(bytes: &[u8], at: usize, belongs: impl Fn(u8) -> bool) -> &str {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().take(LONGEST).take_while(|b| belongs(**b)).count();
    std::str::from_utf8(&rest[..end]).unwrap_or_default()
}

/// The name that ends at `at`.
fn before(bytes: &[u8], at: usize) -> &str {
    let length = bytes[..at].iter().rev().take(128).take_while(|b| in_name(**b)).count();
    std::str::from_utf8(&bytes[at - length..at]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_and_directories_are_taken_from_paths_of_either_system() {
        let text = br"x\0C:\Users\me\.cargo\registry\src\index.crates.io-1949cf8c6b5b557f\foo-bar-1.0.0-rc.1\src\lib.rs
            /home/you/work/app/src/main.rs/rust/deps/hashbrown-0.15.2/src/raw.rs vendor/memchr-2.7.4/src/x.rs";
        let mut out = Binary::default();
        read(&mut out, text);
        let crates: Vec<_> =
            out.crates.iter().map(|c| (&*c.name, c.version.as_deref().unwrap(), c.from)).collect();
        assert_eq!(
            crates,
            [
                ("foo-bar", "1.0.0-rc.1", "paths"),
                ("hashbrown", "0.15.2", "the standard library's own paths"),
                ("memchr", "2.7.4", "paths"),
            ]
        );
        let paths: Vec<_> = out.paths.iter().map(|p| &*p.path).collect();
        assert_eq!(paths, ["/home/you/work", r"C:\Users\me\.cargo"]);
    }

    #[test]
    fn names_are_taken_apart_at_their_version() {
        assert_eq!(versioned("serde_json-1.0.149"), Some(("serde_json", "1.0.149")));
        assert_eq!(versioned("sha-1-0.10.1"), Some(("sha-1", "0.10.1")));
        assert_eq!(versioned("index.crates.io-1949cf8c6b5b557f"), None);
        assert_eq!(versioned("src"), None);
    }
}

//! Without a manifest: what the published files record about their build, the toolchain that fits, and
//! what the rebuilt files record differently. The text is untrusted: it chooses among installed compilers,
//! and nothing that it names is run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use repro_explain::inspect::{self, Binary, Rustc};
use repro_formats::limits::Limits;
use repro_formats::names::printable;

use super::toolchain;
use crate::artifact::ArtifactSet;
use crate::toolchain::Toolchain;
use crate::verify::result::{MadeBy, Surroundings};

/// The binaries in the files that Rust made; none of those that cannot be read, which is no error: their
/// bytes are compared all the same.
pub(super) fn inspect(paths: &[PathBuf], limits: &Limits) -> Vec<Binary> {
    let read = |path: &PathBuf| inspect::file(path, limits).unwrap_or_default();
    paths.iter().flat_map(read).filter(|b| b.rust).collect()
}

/// The compiler of all of them, where there is one.
fn compiler(binaries: &[Binary]) -> Option<&Rustc> {
    let mut all = binaries.iter().flat_map(|b| &b.rustc);
    let first = all.next()?;
    let same = |r: &Rustc| r.version == first.version;
    all.all(same).then_some(first)
}

/// Whether a toolchain is that of a compiler.
fn is(found: &Toolchain, rustc: &Rustc) -> bool {
    match (&rustc.commit, found.field("commit-hash").filter(|h| *h != "unknown")) {
        (Some(commit), Some(hash)) => hash.starts_with(&**commit),
        _ => rustc.version.as_deref().is_some_and(|v| found.field("release") == Some(v)),
    }
}

/// The installed toolchain that made the files, where that is known, else the one at hand; and one sentence if they
/// are not the same.
pub(super) fn choose(
    binaries: &[Binary],
    here: Toolchain,
    dir: &Path,
) -> (Toolchain, Option<String>) {
    let Some(rustc) = compiler(binaries).filter(|rustc| !is(&here, rustc)) else {
        return (here, None);
    };
    let named = clean(&rustc.name());
    let release = here.field("release").unwrap_or("unknown");
    let fits = |t: &Toolchain| is(t, rustc) && t.host() == here.host();
    if let Some(found) = toolchain::installed_that(dir, fits) {
        let note = format!(
            "built with rustc {named}, which the published file records; the source by itself is built with {release}"
        );
        return (found, Some(note));
    }
    let channel = rustc.version.as_deref().filter(|v| is_release(v));
    let next = channel.map(|c| format!(": run `rustup toolchain install {c}` and verify again"));
    let note = format!(
        "the published file records rustc {named}, which is not installed here{}; this rebuild used {release}",
        next.unwrap_or_default()
    );
    (here, Some(note))
}

/// Whether these words are the number of a release, which rustup has.
fn is_release(version: &str) -> bool {
    let mut parts = version.split('.');
    let number = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    parts.clone().count() == 3 && parts.all(number)
}

fn clean(text: &str) -> String {
    printable(text.as_bytes())
}

/// One thing that binaries record about their build.
struct Fact {
    what: &'static str,
    of: fn(&Binary) -> Vec<String>,
}

const FACTS: &[Fact] = &[
    Fact { what: "rustc", of: |b| b.rustc.iter().map(Rustc::name).collect() },
    Fact { what: "linker", of: |b| b.linkers.clone() },
    Fact { what: "target", of: |b| b.target.iter().cloned().collect() },
    Fact { what: "C compiler", of: |b| b.compilers.clone() },
    Fact { what: "C library", of: |b| b.libc.iter().cloned().collect() },
    Fact { what: "symbols", of: |b| vec![yes(b.symbols)] },
    Fact { what: "debug information", of: |b| vec![yes(b.debug_info)] },
];

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_string()
}

fn values(fact: &Fact, binaries: &[Binary]) -> BTreeSet<String> {
    binaries.iter().flat_map(fact.of).map(|v| clean(&v)).collect()
}

/// What the published files record about their build, and where the rebuilt files record something else.
pub(super) fn compare(
    published: &[Binary],
    rebuilt: &ArtifactSet,
    limits: &Limits,
    here: &Toolchain,
) -> (Option<MadeBy>, Vec<Surroundings>) {
    if published.is_empty() {
        return (None, Vec::new());
    }
    let shipped = rebuilt.iter().filter(|a| a.kind.is_shipped()).map(|a| a.path.clone());
    let ours = inspect(&shipped.collect::<Vec<_>>(), limits);
    let joined = |set: &BTreeSet<String>| match set.is_empty() {
        true => "unknown".to_string(),
        false => set.iter().cloned().collect::<Vec<_>>().join("; "),
    };
    let rows = FACTS.iter().filter_map(|fact| {
        let (theirs, ours) = (values(fact, published), values(fact, &ours));
        // What one side does not record is no difference.
        let both = !theirs.is_empty() && !ours.is_empty() && theirs != ours;
        both.then(|| Surroundings {
            what: fact.what.to_string(),
            published: joined(&theirs),
            here: joined(&ours),
        })
    });
    let list = |fact: &Fact, of: &[Binary]| values(fact, of).into_iter().collect::<Vec<_>>();
    let made = MadeBy {
        rustc: list(&FACTS[0], published),
        linkers: list(&FACTS[1], published),
        here_rustc: here.field("release").unwrap_or("unknown").to_string(),
        here_linkers: list(&FACTS[1], &ours),
    };
    (Some(made), rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rustc(version: Option<&str>, commit: Option<&str>) -> Rustc {
        let text = |t: Option<&str>| t.map(str::to_string);
        Rustc { version: text(version), commit: text(commit), date: None, from: "test" }
    }

    fn here() -> Toolchain {
        Toolchain::fixture("rustc 1.95.0\ncommit-hash: 59807616e1fa\nhost: h\nrelease: 1.95.0")
    }

    #[test]
    fn a_toolchain_is_known_by_commit_and_without_one_by_version() {
        for (version, commit, fits) in [
            (Some("1.95.0"), Some("59807616e"), true),
            (None, Some("59807616e"), true),
            (Some("1.95.0"), Some("000000000"), false),
            (Some("1.95.0"), None, true),
            (Some("1.94.0"), None, false),
            (None, None, false),
        ] {
            assert_eq!(is(&here(), &rustc(version, commit)), fits, "{version:?} {commit:?}");
        }
    }

    #[test]
    fn only_a_release_is_put_into_a_command() {
        let dir = std::env::temp_dir();
        let note = |version: &str| {
            let rustc = vec![rustc(Some(version), None)];
            let binaries = [Binary { rust: true, rustc, ..Binary::default() }];
            choose(&binaries, here(), &dir).1
        };
        assert_eq!(note("1.95.0"), None);
        assert!(note("1.9.0").unwrap().contains("`rustup toolchain install 1.9.0`"));
        for words in ["1.9.0; rm -rf x", "1.9.0\x1b[2J", "1.99.0-nightly"] {
            let note = note(words).unwrap();
            assert!(!note.contains("rustup") && !note.contains('\x1b'), "{note}");
        }
    }
}

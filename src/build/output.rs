//! cargo's output while it builds: its progress, and the reason of a failure.
//! cargo's text is matched only once a build has failed, to choose the message and the exit code.

use std::path::Path;

use crate::error::{Failure, Kind, one_line};
use crate::fs;

/// Has cargo count the units that it builds, for a progress line. No build script sees that.
pub(super) const COUNTING: [&str; 4] =
    ["--config", "term.progress.when='always'", "--config", "term.progress.width=160"];

/// What cargo does now, if the line is of its progress; empty if that is of no interest.
pub(super) fn progress_of(line: &str) -> Option<String> {
    let (verb, rest) = line.strip_prefix("   ")?.trim_start().split_once(' ')?;
    let verbs =
        ["Compiling", "Checking", "Finished", "Fresh", "Dirty", "Running", "Locking", "Building"];
    let indented = line.len() - line.trim_start().len() + verb.len() == 12;
    if !indented || !verbs.contains(&verb) {
        return None;
    }
    let what = rest.split(" (").next().unwrap_or(rest);
    Some(match verb {
        "Compiling" => what.to_string(),
        "Building" => units_of(rest).unwrap_or_default(),
        "Finished" => String::new(),
        _ => format!("{} {what}", verb.to_lowercase()),
    })
}

/// The package whose build script failed for want of a network.
pub(super) fn wants_network(words: &str) -> Option<&str> {
    const SIGNS: [&str; 9] = [
        "Network is unreachable",
        "os error 101",
        "Temporary failure in name resolution",
        "failed to lookup address",
        "Could not resolve host",
        "could not resolve",
        "unable to resolve host",
        "dns error",
        "Name or service not known",
    ];
    let script = words.split("failed to run custom build command for `").nth(1)?;
    SIGNS.iter().any(|s| words.contains(s)).then(|| script.split(['`', '(']).next())?.map(str::trim)
}

/// Whether a build failed in a program that can miss the network or files: no compiler error is for want of them.
pub(super) fn runs_programs(words: &str) -> bool {
    const SIGNS: [&str; 4] =
        ["failed to run custom build command", "panicked", "linker", "could not execute process"];
    SIGNS.iter().any(|s| words.contains(s))
}

/// `[====>   ] 3/10: a, b(bin)` in words.
fn units_of(bar: &str) -> Option<String> {
    let (count, names) = bar.split_once("] ")?.1.split_once(':')?;
    let (done, all) = count.trim().split_once('/')?;
    let (done, all): (usize, usize) = (done.parse().ok()?, all.parse().ok()?);
    let names = names.trim();
    let long = match names.strip_suffix("(bin)") {
        Some(name) if done + 1 == all && !name.contains(',') => ", optimizing and linking",
        _ => "",
    };
    Some(format!("{done} of {all} units: {names}{long}"))
}

/// With less free space than this after a failure, that is why: rustc has removed its files by then.
const SPARE: u64 = 16 << 20;

/// What a failed build is put down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// A tool says that the disk is full.
    Full,
    /// None does, but next to nothing is free: a linker that writes through a map dies of a bus error
    /// before anyone can report the disk.
    Scarce,
    /// There was space, or the compiler has found an error in the source.
    Enough,
}

/// Judges by what the tools printed, and by what is free afterwards.
pub(super) fn space(words: &str, free: Option<u64>) -> Space {
    let scarce = free.is_some_and(|free| free < SPARE);
    match (is_full(words), scarce) {
        (true, _) => Space::Full,
        (false, true) if !words.contains("error[E") => Space::Scarce,
        _ => Space::Enough,
    }
}

/// The error of a run whose scratch disk is full, in place of whatever failed for that reason.
pub fn if_full(error: anyhow::Error, scratch: &Path) -> anyhow::Error {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let io = error.chain().find_map(|e| e.downcast_ref::<std::io::Error>()).map(|e| e.kind());
    let full = matches!(io, Some(StorageFull | QuotaExceeded)) || is_full(&one_line(&error));
    let scarce = fs::free_space(scratch).is_some_and(|free| free < SPARE);
    if full && scarce { no_space(scratch, String::new()) } else { error }
}

/// `details` is what a tool printed that did not know the reason.
pub(super) fn no_space(scratch: &Path, details: String) -> anyhow::Error {
    let message = format!(
        "no space left on the disk of `{}`: free some, or set TMPDIR to a directory on another disk",
        scratch.parent().unwrap_or(scratch).display()
    );
    anyhow::Error::new(Failure { kind: Kind::Host, message, details })
}

/// Whether a tool failed because a disk or a quota is full.
pub(super) fn is_full(words: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "os error 28", "os error 112"]
        .iter()
        .any(|w| words.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_a_failed_build() {
        let cases = [
            ("failed to write x: No space left on device (os error 28)", 1 << 30, Space::Full),
            ("linking with `cc` failed: signal: 7 (SIGBUS)", 1 << 20, Space::Scarce),
            ("linking with `cc` failed: signal: 7 (SIGBUS)", 1 << 30, Space::Enough),
            ("error[E0308]: mismatched types", 1 << 20, Space::Enough),
        ];
        for (words, free, want) in cases {
            assert_eq!(space(words, Some(free)), want, "{words}");
        }
    }

    #[test]
    fn cargos_progress_lines_are_told_from_its_messages() {
        let cases = [
            ("   Compiling serde v1.0.0", Some("serde v1.0.0")),
            ("   Compiling demo v0.1.0 (/s/demo)", Some("demo v0.1.0")),
            ("    Finished `release` profile in 1s", Some("")),
            ("    Building [=====>    ] 3/10: a, b(bin)", Some("3 of 10 units: a, b(bin)")),
            ("    Building [=====>    ] 9/10: a(build)", Some("9 of 10 units: a(build)")),
            (
                "    Building [========> ] 9/10: b(bin)",
                Some("9 of 10 units: b(bin), optimizing and linking"),
            ),
            ("warning: unused", None),
            ("    Compiling is what I do", None),
            ("   |   ^^^", None),
        ];
        for (line, want) in cases {
            assert_eq!(progress_of(line).as_deref(), want, "{line}");
        }
    }
}

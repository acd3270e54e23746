//! What the code of build scripts, procedural macros and libraries reads of the machine.

use crate::check::facts::Facts;
use crate::check::facts::sources::{Code, Read, What};
use crate::check::hit::{Hit, Severity};

/// Calls whose code was reviewed and does not affect a build that succeeds: reported as info, with the reason.
const VETTED: &[(&str, What, &str)] = &[
    (
        "const-random-macro",
        What::Randomness,
        "unless CONST_RANDOM_SEED is set; see rule `known-crate`",
    ),
    ("rustversion", What::Clock, "for the date that its error message gives as an example"),
    (
        "rust-embed-impl",
        What::Mtime,
        "from rust-embed-utils, which takes SOURCE_DATE_EPOCH where it is set",
    ),
];

/// Hits for one kind of reading.
pub(in crate::check) fn of(facts: &Facts, what: What, verb: &str) -> Vec<Hit> {
    let reads = facts.reads.iter().filter(|r| r.what == what);
    reads.map(|r| hit(r, verb)).collect()
}

fn hit(read: &Read, verb: &str) -> Hit {
    let who = match read.code {
        Code::BuildScript => "the build script",
        Code::ProcMacro => "the procedural macro",
        Code::Target => "the code",
    };
    let of_time = matches!(read.what, What::Clock | What::Mtime);
    // For a build script the current directory is the package's, which it is given anyway.
    let harmless = match read.what {
        What::Clock | What::Mtime => read.knows_epoch,
        What::CurrentDir => read.code == Code::BuildScript && !read.emitted,
        // It is compiled into what only runs in the build.
        What::EnvMacro => read.code == Code::Target && !read.shipped,
        _ => false,
    };
    let vetted = VETTED
        .iter()
        .find(|(name, what, _)| *what == read.what && read.package.split(' ').next() == Some(name));
    let mut message = format!("{who} of {} {verb} {}", read.package, read.detail);
    if harmless && of_time {
        message.push_str("; it knows SOURCE_DATE_EPOCH");
    }
    if harmless && read.what == What::EnvMacro {
        message.push_str(", and is only needed for the build");
    }
    if let Some((_, _, reason)) = vetted {
        message.push_str(&format!(", {reason}"));
    }
    Hit {
        package: Some(read.package.clone()),
        at_most: (harmless || vetted.is_some()).then_some(Severity::Info),
        ..Hit::at(read.place.clone(), message)
    }
}

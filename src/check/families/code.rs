//! What the code of build scripts, procedural macros and libraries reads of the machine.

use crate::check::facts::Facts;
use crate::check::facts::sources::{Origin, Read, What};
use crate::check::families::flags;
use crate::check::hit::{Hit, Severity};

/// Readings of which somebody has looked at the code and found that they reach no build that
/// succeeds: told as info, with the reason.
const VETTED: &[(&str, What, &str)] = &[
    (
        "const-random-macro",
        What::Randomness,
        "where CONST_RANDOM_SEED is not set, which `known-crate` tells of",
    ),
    ("rustversion", What::Clock, "for the date that its error message gives as an example"),
    (
        "rust-embed-impl",
        What::Mtime,
        "from rust-embed-utils, which takes SOURCE_DATE_EPOCH where it is set",
    ),
    ("rust-embed-impl", What::CurrentDir, "for an error message"),
];

/// Hits for one kind of reading.
fn of(facts: &Facts, what: What, verb: &str) -> Vec<Hit> {
    let reads = facts.reads.iter().filter(|r| r.what == what);
    reads.map(|r| hit(r, verb)).collect()
}

fn hit(read: &Read, verb: &str) -> Hit {
    let who = match read.origin {
        Origin::BuildScript => "the build script",
        Origin::ProcMacro => "the procedural macro",
        Origin::Code => "the code",
    };
    let aside = match read.knows_epoch {
        true => "; it knows SOURCE_DATE_EPOCH",
        false => "",
    };
    let vetted = VETTED
        .iter()
        .find(|(name, what, _)| *what == read.what && read.package.split(' ').next() == Some(name));
    let mut message = format!("{who} of {} {verb} {}", read.package, read.detail);
    let of_time = matches!(read.what, What::Clock | What::Mtime);
    if of_time {
        message.push_str(aside);
    }
    if let Some((_, _, reason)) = vetted {
        message.push_str(&format!(", {reason}"));
    }
    let harmless = vetted.is_some() || (of_time && read.knows_epoch);
    Hit {
        package: Some(read.package.clone()),
        at_most: harmless.then_some(Severity::Info),
        ..Hit::at(read.place.clone(), message)
    }
}

pub(in crate::check) fn clock(facts: &Facts) -> Vec<Hit> {
    of(facts, What::Clock, "reads the time of day with")
}

pub(in crate::check) fn mtime(facts: &Facts) -> Vec<Hit> {
    of(facts, What::Mtime, "reads the time of a file with")
}

pub(in crate::check) fn randomness(facts: &Facts) -> Vec<Hit> {
    of(facts, What::Randomness, "takes random numbers from")
}

pub(in crate::check) fn map_order(facts: &Facts) -> Vec<Hit> {
    of(facts, What::MapOrder, "goes through the hash map")
}

pub(in crate::check) fn host_name(facts: &Facts) -> Vec<Hit> {
    of(facts, What::Hostname, "reads the name of the machine with")
}

pub(in crate::check) fn user(facts: &Facts) -> Vec<Hit> {
    of(facts, What::User, "reads the name of the user with")
}

pub(in crate::check) fn current_dir(facts: &Facts) -> Vec<Hit> {
    let mut hits = Vec::new();
    for read in facts.reads.iter().filter(|r| r.what == What::CurrentDir) {
        let mut hit = hit(read, "reads the current directory with");
        // For a build script that is the package's directory, which it is given anyway.
        if read.origin == Origin::BuildScript {
            hit.at_most = Some(Severity::Info);
        }
        hits.push(hit);
    }
    hits
}

pub(in crate::check) fn env_macro(facts: &Facts) -> Vec<Hit> {
    let mut hits = Vec::new();
    for read in facts.reads.iter().filter(|r| r.what == What::EnvMacro) {
        let mut hit = hit(read, "compiles in the variable");
        // It is compiled into what only runs in the build.
        if read.origin == Origin::Code && !read.shipped {
            hit.message.push_str(", and is needed for the build alone");
            hit.at_most = Some(Severity::Info);
        }
        hits.push(hit);
    }
    hits
}

pub(in crate::check) fn native_cpu(facts: &Facts) -> Vec<Hit> {
    let flags = of(facts, What::NativeCpu, "gives a C compiler");
    flags::target_cpu(facts).into_iter().chain(flags).collect()
}

pub(in crate::check) fn vcs(facts: &Facts) -> Vec<Hit> {
    of(facts, What::Vcs, "asks the version control system with")
}

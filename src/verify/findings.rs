//! Why a published file does not match the rebuilt one: it is a different artifact, or the offset
//! of the first difference and its causes.

use std::path::Path;

use anyhow::Result;
use repro_explain::Context;
use repro_explain::cause::Cause;
use repro_explain::finding::{At, Finding, Place};
use repro_formats::digest::Digest;

use super::rebuilt::Rebuilt;
use crate::artifact::Artifact;
use crate::fs;

/// A difference without a known cause.
pub(super) fn finding(place: impl Into<Place>, a: &str, b: &str, remedy: &str) -> Finding {
    Finding { remedy: remedy.to_string(), ..Finding::new(Cause::Unknown, place, a, b) }
}

/// A file that is another artifact than its name says.
pub(super) fn another_name(
    digest: &Digest,
    built: &Artifact,
    rebuilt: &Rebuilt,
) -> Option<Finding> {
    let twin = rebuilt.with_bytes(digest, Some(&built.target))?;
    let what = format!("`{}` is the built `{}`", built.name, twin.name);
    let remedy =
        "each file counts under its own name: ask the publisher which of the two was meant";
    Some(finding("the name", &what, "", remedy))
}

/// How many causes are printed of one file; `repro diff` lists all.
const TOLD: usize = 6;

/// Where a published file and the rebuilt one begin to differ, and why.
pub(super) fn explain(published: &Path, rebuilt: &Path, about: &Rebuilt) -> Result<Vec<Finding>> {
    let say = |byte: Option<u8>| match byte {
        Some(byte) => format!("0x{byte:02x}"),
        None => "the end of the file".to_string(),
    };
    let found = fs::first_difference(published, rebuilt)?;
    let row = |d: fs::Difference| {
        finding(At::Byte(d.at), &say(d.a), &say(d.b), "A is the published file, B the rebuilt one")
    };
    let mut findings: Vec<Finding> = found.map(row).into_iter().collect();
    let context = Context { clocks: about.clocks, ..Context::default() };
    // Nothing is known about the publisher's machine: only what the bytes show by themselves is found.
    let explained = repro_explain::explain(published, rebuilt, &context);
    let (known, unknown): (Vec<_>, Vec<_>) = explained
        .findings
        .into_iter()
        .filter(|f| !f.consequence)
        .partition(|f| f.cause != Cause::Unknown);
    findings.extend(known.into_iter().chain(unknown).take(TOLD));
    Ok(findings)
}

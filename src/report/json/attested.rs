//! Who attests the published files, as JSON.

use super::value::{list, object};
use super::{SCHEMA, encode, verify};
use crate::attest::votes::Ballot;
use crate::verify::votes::{Attested, Rebuilt};

/// As JSON.
pub fn attested(found: &Attested, signed: &[String]) -> String {
    let ballot = |b: &Ballot| {
        object! {
            "file": &b.file,
            "key": &b.key,
            "builder": b.builder.as_ref(),
            "group": b.group.as_ref(),
            "why_not": b.why_not.as_ref(),
            "other_bytes_of": b.other_bytes_of.as_ref(),
        }
    };
    let files = found.files.iter();
    let rebuild = |r: &Rebuilt| {
        let (vote, report) = (r.votes(&found.files), verify::whole(&r.report, signed));
        object! { "group": r.name(), "vote": vote, "report": report }
    };
    encode(&object! {
        "schema": SCHEMA,
        "command": "verify",
        "verdict": found.verdict().name(),
        "threshold": found.threshold,
        "trusted": found.trusted,
        "groups": list(found.owners()),
        "ballots": list(found.count.ballots.iter().map(ballot)),
        "attested": list(files.map(|(name, sha256)| object! { "name": name, "sha256": sha256 })),
        "differing": list(found.wrong.iter().chain(&found.twins)),
        "notes": &found.notes,
        "rebuild": found.rebuild.as_ref().map(rebuild),
    })
}

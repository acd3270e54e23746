//! The manifests of several builders, compared, as JSON.

use super::value::{Json, list, object};
use super::{SCHEMA, encode};
use crate::verify::agreement::{BuilderLine, Group, Several, Unlike};

/// As JSON.
pub fn several(found: &Several) -> String {
    let builder = |b: &BuilderLine| {
        let BuilderLine { name, file, named, verdict } = b;
        object! { "name": name, "file": file, "named": *named, "verdict": verdict.name() }
    };
    // The values are those of the groups, in their order; of an archive, who lists it.
    let each = |all: &[(String, Vec<String>)]| {
        list(all.iter().map(|(name, values)| object! { "name": name, "values": values }))
    };
    let group = |g: &Group| object! { "members": &g.members, "votes": g.votes };
    let left_out = found.left_out.iter();
    let settings = found.settings.iter();
    let unlike = |u: &Unlike| {
        let one =
            |(value, names): &(String, Vec<String>)| list([Json::Text(value.clone()), list(names)]);
        let values = u.values.iter().map(one);
        object! { "what": &u.what, "values": list(values) }
    };
    encode(&object! {
        "schema": SCHEMA,
        "command": "verify",
        "verdict": found.agreement.name(),
        "threshold": found.threshold,
        "subject": &found.subject,
        "builders": list(found.builders.iter().map(builder)),
        "groups": list(found.groups.iter().map(group)),
        "left_out": list(left_out.map(|(name, why)| object! { "name": name, "why": why })),
        "differing": each(&found.differing),
        "archives_not_agreed": each(&found.alone),
        "settings": list(settings.map(|(what, value)| object! { "what": what, "value": value })),
        "settings_not_alike": list(found.unlike.iter().map(unlike)),
    })
}

//! The result of comparing the manifests of several builders, as text and as JSON.

use std::fmt::Write;

use super::text::LISTED;
use crate::report::json::value::{Json, list, object};
use crate::report::json::{SCHEMA, encode};
use crate::report::rows::{rest, row, under};
use crate::term::{self, BAD, BOLD, GOOD, WARN};
use crate::verdict::Agreement;

/// What was found.
pub struct Several {
    /// Whether enough agree.
    pub agreement: Agreement,
    /// How many have to.
    pub threshold: usize,
    /// One line that names what they built.
    pub subject: String,
    /// All manifests, as given.
    pub builders: Vec<BuilderLine>,
    /// Builders that agree with each other, the largest group first.
    pub groups: Vec<Group>,
    /// Manifests that count for nothing, and why.
    pub left_out: Vec<(String, String)>,
    /// Artifacts and archives that not all have alike: the name, and what each group has.
    pub differing: Vec<(String, Vec<String>)>,
    /// Archives of the largest group that fewer than have to agree list, and who does.
    pub alone: Vec<(String, Vec<String>)>,
    /// Settings that all share.
    pub settings: Vec<(String, String)>,
    /// Settings that they do not share.
    pub unlike: Vec<Unlike>,
}

/// A manifest.
pub struct BuilderLine {
    /// The builder's name, else the file's.
    pub name: String,
    /// The file.
    pub file: String,
    /// Whether the user named the builder.
    pub named: bool,
    /// The manifest's verdict.
    pub verdict: String,
}

/// Builders that agree.
pub struct Group {
    /// Their names.
    pub members: Vec<String>,
    /// As how many builders they count.
    pub votes: usize,
}

/// A setting that is not the same for all: each value, and whose it is.
pub struct Unlike {
    /// Its name.
    pub what: String,
    /// The values.
    pub values: Vec<(String, Vec<String>)>,
}

/// As text.
pub fn text(found: &Several) -> String {
    let mut out = String::new();
    row(&mut out, BOLD, "subject", &found.subject);
    for builder in &found.builders {
        let BuilderLine { name, file, named, verdict } = builder;
        let who = if *named { format!("{name}: `{file}`") } else { format!("`{file}`, not named") };
        row(&mut out, BOLD, "builder", format_args!("{who}, {verdict}"));
    }
    for (i, group) in found.groups.iter().enumerate() {
        let mut text = match group.members.len() {
            1 => format!("{} agrees with no other builder", group.members[0]),
            _ => format!("{} agree with each other", group.members.join(", ")),
        };
        if group.votes < group.members.len() {
            let (builders, n) =
                (if group.votes == 1 { "builder" } else { "builders" }, group.votes);
            text += &format!(
                ", and count as {n} {builders}: a file without a name may be a copy (name each one: NAME=FILE)"
            );
        }
        row(&mut out, BOLD, &format!("group {}", i + 1), &text);
    }
    for (name, why) in &found.left_out {
        row(&mut out, WARN, "left out", format_args!("{name}: {why}"));
    }
    for (what, value) in &found.settings {
        row(&mut out, BOLD, "all use", format_args!("{what}: {value}"));
    }
    for Unlike { what, values } in &found.unlike {
        row(&mut out, WARN, "not alike", what);
        for (value, names) in values {
            under(&mut out, format_args!("{}: {value}", names.join(", ")));
        }
    }
    for (name, values) in found.differing.iter().take(LISTED) {
        row(&mut out, BAD, "differs", format_args!("{BOLD}{name}{BOLD:#}"));
        for (i, value) in values.iter().enumerate() {
            under(&mut out, format_args!("group {}: {value}", i + 1));
        }
    }
    rest(&mut out, found.differing.len(), LISTED);
    for (archive, names) in &found.alone {
        let text =
            format!("{archive}: only {} lists it; the others packed nothing", names.join(", "));
        row(&mut out, WARN, "not agreed", text);
    }
    ending(&mut out, found);
    out
}

fn ending(out: &mut String, found: &Several) {
    let most = found.groups.first().map_or(0, |g| g.votes);
    let all = found.groups.iter().map(|g| g.votes).sum::<usize>() + found.left_out.len();
    let (style, word) = match found.agreement {
        Agreement::Agreed => (GOOD, "AGREED"),
        Agreement::Disagreed => (BAD, "DISAGREED"),
        Agreement::NotEnough => (BAD, "NOT ENOUGH BUILDERS"),
    };
    let packed = match (found.agreement, found.alone.len()) {
        (Agreement::Agreed, 1..) => " (on artifacts, not on archives)",
        _ => "",
    };
    let need = term::count(found.threshold, "has", "have");
    let _ = writeln!(out, "{style}{word}{style:#}: {most} of {all} agree, {need} to{packed}");
}

/// As JSON.
pub fn json(found: &Several) -> String {
    let builder = |b: &BuilderLine| {
        let BuilderLine { name, file, named, verdict } = b;
        object! { "name": name, "file": file, "named": *named, "verdict": verdict }
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

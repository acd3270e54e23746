//! The manifests of several builders, compared, as text.

use std::fmt::Write;

use super::verify::LISTED;
use crate::report::rows::{rest, row, under};
use crate::term::{self, BAD, BOLD, GOOD, WARN};
use crate::verdict::Agreement;
use crate::verify::agreement::{BuilderLine, Several, Unlike};

/// As text.
pub fn text(found: &Several) -> String {
    let mut out = String::new();
    row(&mut out, BOLD, "subject", &found.subject);
    for builder in &found.builders {
        let BuilderLine { name, file, named, verdict } = builder;
        let who = if *named { format!("{name}: `{file}`") } else { format!("`{file}`, not named") };
        row(&mut out, BOLD, "builder", format_args!("{who}, {}", verdict.name()));
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

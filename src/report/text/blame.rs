//! The crates that diverged first, as lines of the text report.

use std::fmt::Write;

use repro_explain::cause::names;

use crate::blame::culprit::Culprit;
use crate::report::rows::{row, under};
use crate::term::{BAD, BOLD};

/// How much is printed.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Crates.
    pub culprits: usize,
    /// Lines of evidence, and as many remedies at most, for each.
    pub lines: usize,
}

/// Everything, for `-v`.
pub const ALL: Room = Room { culprits: usize::MAX, lines: usize::MAX };

/// The block of lines; empty if no culprit was found.
pub fn text(culprits: &[Culprit], room: Room) -> String {
    let mut out = String::new();
    for culprit in culprits.iter().take(room.culprits) {
        let (unit, package, causes) =
            (culprit.unit.name(), &culprit.package, names(&culprit.causes));
        let text = format_args!("{BOLD}{unit}{BOLD:#} of {BOLD}{package}{BOLD:#}: {causes}");
        row(&mut out, BAD, "culprit", text);
        row(&mut out, BOLD, "cause", format_args!("{causes} ({})", culprit.proof));
        lines(&mut out, "", &culprit.evidence, room.lines);
        lines(&mut out, "remedy: ", &culprit.remedies, room.lines.min(2));
        if !culprit.via.is_empty() {
            let via = short(&culprit.via, room.lines.saturating_mul(4));
            under(&mut out, format_args!("via {via}"));
        }
    }
    if culprits.len() > room.culprits {
        let one =
            |c: &Culprit| format!("{} of {} ({})", c.unit.name(), c.package, names(&c.causes));
        let more: Vec<_> = culprits[room.culprits..].iter().map(one).collect();
        under(&mut out, format_args!("and {}; all of it with -v", short(&more, 4)));
    }
    out
}

fn lines(out: &mut String, before: &str, list: &[String], room: usize) {
    for line in list.iter().take(room) {
        under(out, format_args!("{before}{line}"));
    }
}

fn short(names: &[String], most: usize) -> String {
    let mut shown = names[..most.min(names.len())].join(", ");
    if names.len() > most {
        let _ = write!(shown, " and {} more", names.len() - most);
    }
    shown
}

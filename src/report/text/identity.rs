//! The source that a verification used, as lines of text.

use repro_explain::time;

use crate::source::identity::SourceFacts;

/// A line of the text report: its label, what it says, and whether it is a warning.
pub(super) struct Line {
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) warns: bool,
}

/// The lines that follow the source.
pub(super) fn lines(facts: &SourceFacts) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |label, text: String, warns| {
        let text = text.escape_debug().to_string();
        lines.push(Line { label, text, warns });
    };
    if facts.commit.is_some() {
        let at = facts.repository.as_deref().unwrap_or("the repository");
        let cut = if facts.shallow { " (a shallow clone, which may lack some)" } else { "" };
        match facts.tags.is_empty() {
            false => line("tags", facts.tags.join(", "), false),
            true => line("tags", format!("none in {at} points at the commit{cut}"), true),
        }
        match &facts.branches {
            Some(names) if names.is_empty() => {
                line("branches", format!("none of {at} has the commit"), true);
            }
            Some(names) => line("branches", names.join(", "), false),
            None => line("branches", format!("not known in {at}{cut}"), true),
        }
    }
    if let (Some(false), Some(remote), Some(declared)) =
        (facts.remote_is_declared(), &facts.remote, &facts.declared)
    {
        let text = format!("{remote} is not the repository in Cargo.toml, {declared}");
        line("remote", text, true);
    }
    if let Some((seconds, from)) = &facts.epoch {
        let shown = time::show(*seconds);
        line("epoch", format!("{seconds} ({shown}), {from}"), facts.commit.is_none());
    }
    let expected = [("tag", &facts.expected.tag), ("source", &facts.expected.source)];
    for (what, value) in expected {
        if let Some(value) = value {
            line("expected", format!("{what} {value}: it is"), false);
        }
    }
    lines
}

//! Describes a difference in one line.

use repro_explain::finding::Finding;
use repro_formats::names::visible;

use crate::blame::canonical::Canonical;
use crate::term::count;

/// Characters of a value that are shown.
const SHOWN: usize = 64;

/// The first line that differs by more than the directories of the builds, else the first.
pub fn text_line(
    name: &str,
    (x, of_x): (&str, &Canonical),
    (y, of_y): (&str, &Canonical),
) -> String {
    let pairs = || {
        let pairs = x.lines().zip(y.lines()).enumerate();
        pairs.filter(|(_, (x, y))| x != y)
    };
    let more = |(_, (x, y)): &(usize, (&str, &str))| of_x.text(x) != of_y.text(y);
    match pairs().find(more).or_else(|| pairs().next()) {
        Some((i, (x, y))) => {
            let (x, y) = excerpts(x, y);
            format!("{name}:{}: {x} / {y}", i + 1)
        }
        None => format!(
            "{name}: {} in A, {} in B; the lines they share are equal",
            count(x.lines().count(), "line", "lines"),
            y.lines().count()
        ),
    }
}

/// A finding on one line.
pub fn place(finding: &Finding) -> String {
    let symbol = finding.symbol.as_ref();
    let symbol = symbol.map_or(String::new(), |s| format!(" in `{s}`"));
    let source = finding.source.as_ref();
    let source = source.map_or(String::new(), |s| format!(" ({s})"));
    let values = match (finding.a.as_str(), finding.b.as_str()) {
        ("", "") => String::new(),
        (a, b) => {
            let (a, b) = excerpts(a, b);
            format!(": {a} / {b}")
        }
    };
    format!("{}{symbol}{source}{values}", finding.place)
}

/// Two values in back quotes, both from shortly before where they begin to differ.
pub fn excerpts(a: &str, b: &str) -> (String, String) {
    let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let longest = a.chars().count().max(b.chars().count());
    let from = if longest > SHOWN { same.saturating_sub(16) } else { 0 };
    let cut = |text: &str| {
        let shown: String = text.chars().skip(from).take(SHOWN).collect();
        let shown = visible(&shown);
        let before = if from > 0 { "…" } else { "" };
        let more = text.chars().count() > from + SHOWN;
        format!("`{before}{shown}{}`", if more { "…" } else { "" })
    };
    (cut(a), cut(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::trace::Trace;

    #[test]
    fn lines_that_differ_by_more_than_directories_come_first() {
        let of = |dir: &str| {
            let mut trace = Trace::default();
            trace.dirs.source = dir.into();
            Canonical::of(&trace, Vec::new())
        };
        let line = |x: &str, y: &str| text_line("f", (x, &of("/a")), (y, &of("/bb")));
        assert_eq!(line("in /a/x\nat 1\n", "in /bb/x\nat 2\n"), "f:2: `at 1` / `at 2`");
        assert_eq!(line("in /a/x\n", "in /bb/x\n"), "f:1: `in /a/x` / `in /bb/x`");
        assert_eq!(line("1\n", "1\n2\n"), "f: 1 line in A, 2 in B; the lines they share are equal");
    }

    #[test]
    fn values_are_shown_where_they_begin_to_differ() {
        assert_eq!(excerpts("a", "b"), ("`a`".into(), "`b`".into()));
        let long = |end: &str| format!("{}{end}", "x".repeat(100));
        assert_eq!(
            excerpts(&long("1"), &long("2")),
            ("`…xxxxxxxxxxxxxxxx1`".into(), "`…xxxxxxxxxxxxxxxx2`".into())
        );
        assert_eq!(excerpts("a\nb\x1b[2Jé", "").0, "`a\\nb\\u{1b}[2Jé`");
    }
}

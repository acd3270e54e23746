//! The lines of a report about what was varied and what was not.
//! They derive from [`Coverage`]: a variation that was not applied cannot be listed as varied.

use crate::variation::coverage::Coverage;
use crate::variation::{ChosenBy, SHARED, VARIATIONS, VariationId};

/// How far what a line lists was varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// In full.
    Varied,
    /// For some programs only.
    InPart,
    /// Not at all.
    NotVaried,
}

impl Extent {
    /// The label of the line.
    pub fn label(self) -> &'static str {
        match self {
            Extent::Varied => "varied",
            Extent::InPart => "in part",
            Extent::NotVaried => "not varied",
        }
    }
}

/// The line that must come first: what the project's own metadata has switched off.
pub fn off_by_project(coverage: &Coverage) -> Option<String> {
    let names = off_by(coverage, ChosenBy::Project)?;
    Some(format!("{names} (switched off by the project's own metadata)"))
}

/// All other lines. What reached the builds in part only is not called varied.
pub fn lines(coverage: &Coverage) -> Vec<(Extent, String)> {
    let whole = coverage.applied.iter().map(|(id, _)| *id).filter(|id| coverage.is_whole(*id));
    let whole: Vec<_> = whole.map(|id| id.row().text).collect();
    let varied = if whole.is_empty() { "nothing".to_string() } else { whole.join(", ") };
    let mut lines = vec![(Extent::Varied, varied)];
    let missing = |applied: bool| {
        let mut reasons: Vec<(String, Vec<VariationId>)> = Vec::new();
        for (id, why) in &coverage.unavailable {
            let why = why.to_string();
            if coverage.is_applied(*id) != applied {
                continue;
            }
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, ids)) => ids.push(*id),
                None => reasons.push((why, vec![*id])),
            }
        }
        reasons.into_iter().map(|(why, ids)| format!("{} ({why})", names(ids)))
    };
    lines.extend(missing(true).map(|text| (Extent::InPart, text)));
    lines.extend(missing(false).map(|text| (Extent::NotVaried, text)));
    let kept = off_by(coverage, ChosenBy::SamePath);
    lines.extend(
        kept.map(|names| (Extent::NotVaried, format!("{names} (at one path: --same-path)"))),
    );
    let off = off_by(coverage, ChosenBy::Flag);
    lines.extend(
        off.map(|names| (Extent::NotVaried, format!("{names} (switched off with --vary)"))),
    );
    let shared: Vec<_> = SHARED.iter().map(|row| row.text).collect();
    lines.push((
        Extent::NotVaried,
        format!("{} (one machine: --list-variations)", shared.join(", ")),
    ));
    lines
}

fn off_by(coverage: &Coverage, by: ChosenBy) -> Option<String> {
    let off = coverage.off.iter().filter(|(_, chosen)| *chosen == by);
    let ids: Vec<VariationId> = off.map(|(id, _)| *id).collect();
    match ids.len() {
        0 => None,
        n if n == VARIATIONS.len() => Some("everything".to_string()),
        _ => Some(names(ids)),
    }
}

fn names(ids: Vec<VariationId>) -> String {
    ids.iter().map(|id| id.row().text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variation::coverage::{Holder, Reach, Unavailable};
    use crate::variation::{Canaries, Carrier, Value, Values, VariationSet};

    #[test]
    fn each_row_is_listed_by_each_carrier_that_does_not_reach_the_builds() {
        let (sides, locale) = (2, Some("de".to_string()));
        let canaries = Canaries { sides, locale, ..Canaries::default() };
        for row in VARIATIONS {
            for carrier in row.carriers {
                let names: &[&str] = match carrier {
                    Carrier::Directory(names)
                    | Carrier::Variables(names)
                    | Carrier::Within(names) => names,
                    _ => &[],
                };
                let code = match carrier {
                    Carrier::Directory(_) | Carrier::Variables(_) | Carrier::Within(_) => {
                        names.first().map(|_| "held")
                    }
                    Carrier::Umask => Some("no-umask"),
                    Carrier::Copies => Some("same-order"),
                    Carrier::Toolchain => Some("same-toolchain"),
                    Carrier::Preload => Some("no-preload"),
                    Carrier::Namespace => Some("no-namespaces"),
                    Carrier::Jobs | Carrier::Mtime => None,
                };
                let missing = [(row.id, "not here".to_string())];
                let of = |c| if *carrier == c { &missing[..] } else { &[] };
                let why = |c| (*carrier == c).then_some("not here");
                let reach = Reach {
                    holder: &|name| names.contains(&name).then_some(Holder::PassEnv),
                    umask: *carrier != Carrier::Umask,
                    preload: of(Carrier::Preload),
                    static_scripts: &[],
                    unreached: &[],
                    namespaces: of(Carrier::Namespace),
                    toolchain: why(Carrier::Toolchain),
                    copies: why(Carrier::Copies),
                };
                let all = VariationSet::default();
                let coverage = Coverage::of(VARIATIONS, &all, &canaries, &reach);
                let why = coverage.unavailable.iter().find(|(id, _)| *id == row.id);
                assert_eq!(why.map(|(_, why)| why.code()), code, "{} by {carrier:?}", row.text);
                let lines = lines(&coverage);
                let listed = |(_, text): &&(Extent, String)| {
                    let names = text.split(" (").next().unwrap();
                    names.split(", ").any(|name| name == row.text)
                };
                let found: Vec<Extent> = lines.iter().filter(listed).map(|line| line.0).collect();
                let want = match (code, row.carriers.len()) {
                    (None, _) => Extent::Varied,
                    (Some(_), 1) => Extent::NotVaried,
                    (Some(_), _) => Extent::InPart,
                };
                assert_eq!(found, [want], "{} by {carrier:?}", row.text);
            }
        }
    }

    #[test]
    fn nothing_is_called_varied_that_was_reached_in_part_or_not_at_all() {
        let pair = || Values(vec![Value::Count(1), Value::Count(2)]);
        let no_preload = || Unavailable::NoPreload("no glibc".to_string());
        let mut coverage = Coverage {
            applied: vec![(VariationId::Home, pair()), (VariationId::Hostname, pair())],
            off: vec![(VariationId::Umask, ChosenBy::Flag)],
            unavailable: vec![
                (VariationId::Hostname, no_preload()),
                (VariationId::CpuCount, no_preload()),
                (VariationId::Clock, no_preload()),
            ],
        };
        let mut found = lines(&coverage);
        let shared = found.pop().unwrap();
        assert!(shared.0 == Extent::NotVaried && shared.1.starts_with("cpu-model, memory, "));
        let found: Vec<_> = found.iter().map(|(extent, text)| (*extent, text.as_str())).collect();
        let want = [
            (Extent::Varied, "home"),
            (Extent::InPart, "hostname (no glibc)"),
            (Extent::NotVaried, "cpu-count, clock (no glibc)"),
            (Extent::NotVaried, "umask (switched off with --vary)"),
        ];
        assert_eq!(found, want);
        assert_eq!(off_by_project(&coverage), None);
        coverage.off[0].1 = ChosenBy::Project;
        let first = off_by_project(&coverage).unwrap();
        assert_eq!(first, "umask (switched off by the project's own metadata)");
        assert_eq!(lines(&coverage).len(), 4);
        let all = VARIATIONS.iter().map(|row| (row.id, ChosenBy::Flag));
        let none = Coverage { off: all.collect(), ..Coverage::default() };
        let want = [
            (Extent::Varied, "nothing"),
            (Extent::NotVaried, "everything (switched off with --vary)"),
        ];
        assert_eq!(lines(&none)[..2], want.map(|(extent, text)| (extent, text.to_string())));
    }
}

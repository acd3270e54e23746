//! The variations: what builds A and B differ in on purpose, because it must not matter.
//!
//! One const table drives behavior, `--vary`, `--list-variations`, the explanations, the report and
//! the manifest: a row says what carries a variation into a build, which cause it is found as, and
//! both values. The values are canaries: strings made for this run that occur nowhere else, so that
//! a differing byte range that holds them can be attributed. Which of them a run could apply is
//! decided in [`coverage`]; applying them is done by the steps above.

pub mod coverage;
mod row;
mod table;

use std::fmt;
use std::path::{Path, PathBuf};

pub use row::*;
pub use table::{CLOCK_OFFSET, SHARED, VARIATIONS};

impl VariationId {
    /// The directory that builds of everyone can have in common, of a variation that is one.
    pub fn canonical(self, name: &str) -> Option<PathBuf> {
        Some(match self {
            VariationId::BuildPath => Path::new("/build").join(name),
            VariationId::TargetDir => Path::new("/build").join(name).join("target"),
            VariationId::CargoHome => "/cargo".into(),
            // No name of a project begins so.
            VariationId::ToolchainPath => "/build/.toolchain".into(),
            VariationId::Home => "/tmp/home".into(),
            VariationId::Tmpdir => "/tmp/build".into(),
            _ => return None,
        })
    }

    /// Its row.
    pub fn row(self) -> &'static Variation {
        &VARIATIONS[self as usize]
    }
}

impl fmt::Display for VariationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().text)
    }
}

/// The rows that are carried so.
pub fn carried_by(fits: fn(&Carrier) -> bool) -> impl Iterator<Item = &'static Variation> {
    VARIATIONS.iter().filter(move |row| row.has(fits))
}

/// The row whose carriers set an environment variable.
pub fn of_variable(name: &str) -> Option<&'static Variation> {
    VARIATIONS.iter().find(|row| row.variables().any(|v| v == name))
}

/// Who chose the variations of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// The user, with `--vary`.
    Flag,
    /// The project, in its own metadata: who reads the report must learn of it first.
    Project,
    /// Either of them, with `--same-path` or `same-path`: the verdict tells.
    SamePath,
}

/// What `--same-path` keeps at one path.
pub const SAME_PATH: [VariationId; 4] = [
    VariationId::BuildPath,
    VariationId::CargoHome,
    VariationId::TargetDir,
    VariationId::ToolchainPath,
];

impl ChosenBy {
    /// The name in JSON and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            ChosenBy::Flag => "flag",
            ChosenBy::Project => "project",
            ChosenBy::SamePath => "same-path",
        }
    }
}

/// Which variations are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariationSet {
    on: Vec<VariationId>,
    by: ChosenBy,
    /// Those that are off for another reason.
    fixed: Vec<VariationId>,
}

impl Default for VariationSet {
    fn default() -> VariationSet {
        VariationSet {
            on: VARIATIONS.iter().map(|v| v.id).collect(),
            by: ChosenBy::Flag,
            fixed: Vec::new(),
        }
    }
}

impl VariationSet {
    /// Parses `--vary`: `none`, `all`, names (only these), or names with `+` and `-` (changes of
    /// the default). The error is a sentence.
    pub fn of_flag(text: &str) -> Result<VariationSet, String> {
        VariationSet::parse(text, ChosenBy::Flag)
    }

    /// Parses the same of the project's metadata.
    pub fn of_project(text: &str) -> Result<VariationSet, String> {
        VariationSet::parse(text, ChosenBy::Project)
    }

    fn parse(text: &str, by: ChosenBy) -> Result<VariationSet, String> {
        let all = VariationSet::default().on;
        match text {
            "none" => return Ok(VariationSet { on: Vec::new(), by, fixed: Vec::new() }),
            "all" => return Ok(VariationSet { on: all, by, fixed: Vec::new() }),
            _ => {}
        }
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        let signed = items.iter().filter(|i| i.starts_with(['+', '-'])).count();
        if signed != 0 && signed != items.len() {
            return Err(format!(
                "`{text}` mixes names with and without a sign: write `+name,-name` to change the default, or names alone to choose"
            ));
        }
        let mut on = if signed == 0 { Vec::new() } else { all };
        for item in items {
            let id = named(item.trim_start_matches(['+', '-']))?;
            on.retain(|n| *n != id);
            if !item.starts_with('-') {
                on.push(id);
            }
        }
        on.sort();
        Ok(VariationSet { on, by, fixed: Vec::new() })
    }

    /// The same without these.
    pub fn at_one_path(mut self, ids: &[VariationId]) -> VariationSet {
        self.fixed.extend(ids);
        self
    }

    /// Whether a variation is on.
    pub fn has(&self, id: VariationId) -> bool {
        self.on.contains(&id) && !self.fixed.contains(&id)
    }

    /// Who switched a variation off.
    pub fn off_by(&self, id: VariationId) -> ChosenBy {
        if self.fixed.contains(&id) { ChosenBy::SamePath } else { self.by }
    }

    /// The values of a variation in this run.
    pub fn values(&self, id: VariationId, canaries: &Canaries) -> ValuePair {
        let values = (id.row().values)(canaries);
        if self.has(id) {
            return values;
        }
        let canonical = canaries.canonical.as_ref().and_then(|name| id.canonical(name));
        // A toolchain that cannot be moved stays where it is.
        let canonical = canonical.filter(|_| values.a != Value::Nothing);
        let one = canonical.map_or(values.a, Value::Path);
        ValuePair { a: one.clone(), b: one }
    }
}

fn named(text: &str) -> Result<VariationId, String> {
    let names = || VARIATIONS.iter().map(|v| v.text).collect::<Vec<_>>();
    VARIATIONS.iter().find(|v| v.text == text).map(|v| v.id).ok_or_else(|| {
        format!("unknown variation `{text}`; expected one of: {}", names().join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canaries() -> Canaries {
        Canaries {
            scratch: "/s".into(),
            token: "q7x".into(),
            cpus: 2,
            locale: None,
            outer_configs: 1,
            toolchain: Some("/toolchain".into()),
            canonical: None,
        }
    }

    #[test]
    fn every_variation_differs_between_the_sides_and_names_are_unique() {
        let all = VariationSet::default();
        for row in VARIATIONS {
            let v = all.values(row.id, &canaries());
            assert_ne!(v.a, v.b, "{}", row.text);
            assert_eq!(VARIATIONS.iter().filter(|r| r.text == row.text).count(), 1);
            assert_eq!(row.id.row().text, row.text);
        }
    }

    #[test]
    fn paths_differ_in_length_and_depth() {
        let v = VariationSet::default().values(VariationId::BuildPath, &canaries());
        assert_eq!(v.a.to_string(), "/s/a/build-path-a-q7x/outer/src");
        assert_eq!(v.b.to_string(), "/s/b/build-path-b-q7x/some/levels/deeper/outer/src");
    }

    #[test]
    fn selections_are_parsed() {
        let parse = |t| VariationSet::of_flag(t).unwrap();
        assert_eq!(parse("none").on, vec![]);
        assert_eq!(parse("umask,clock").on, vec![VariationId::Umask, VariationId::Clock]);
        assert!(!parse("-clock,+umask").has(VariationId::Clock));
        assert!(parse("-clock,+umask").has(VariationId::Home));
        assert!(!parse("none").values(VariationId::Home, &canaries()).varied());
    }

    #[test]
    fn wrong_selections_are_refused_with_a_sentence() {
        assert!(
            VariationSet::of_flag("color")
                .unwrap_err()
                .contains("unknown variation `color`; expected one of: build-path")
        );
        assert!(VariationSet::of_flag("clock,-umask").unwrap_err().contains("mixes"));
    }

    #[test]
    fn the_clock_differs_in_hour_day_month_and_year_whenever_it_is() {
        let civil = |secs: i64| {
            let (year, month, day) = repro_explain::time::civil(secs);
            (year, month, day, secs.rem_euclid(86_400) / 3_600)
        };
        for day in 0..(4 * 366) {
            for hour in [0, 11, 23] {
                let now = 1_700_000_000 / 86_400 * 86_400 + day * 86_400 + hour * 3_600;
                let (a, b) = (civil(now), civil(now + CLOCK_OFFSET));
                assert!(a.0 != b.0 && a.1 != b.1 && a.2 != b.2 && a.3 != b.3, "{a:?} {b:?}");
            }
        }
    }
}

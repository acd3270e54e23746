//! Which variations a run has on: what `--vary`, the project and `--same-path` choose, who chose it, and
//! the values that follow for each build. A variation that is off has one value everywhere: the
//! path that everyone can have, or A's.

use super::canaries::Canaries;
use super::side::Side;
use super::table::{VARIATIONS, VariationId};
use super::value::{Value, Values};

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
    pub fn values(&self, id: VariationId, canaries: &Canaries) -> Values {
        let value = |side| (id.row().value)(canaries, side);
        if self.has(id) {
            return Values(Side::first(canaries.sides).map(value).collect());
        }
        let canonical = canaries.canonical.as_ref().and_then(|name| id.canonical(name));
        // A toolchain that cannot be moved stays where it is.
        let canonical = canonical.filter(|_| value(Side::A) != Value::Nothing);
        let one = canonical.map_or_else(|| value(Side::A), Value::Path);
        Values(vec![one; canaries.sides])
    }
}

fn named(text: &str) -> Result<VariationId, String> {
    let names = || VARIATIONS.iter().map(|v| v.text).collect::<Vec<_>>();
    VariationId::named(text).ok_or_else(|| {
        format!("unknown variation `{text}`; expected one of: {}", names().join(", "))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn canaries() -> Canaries {
        Canaries {
            scratch: "/s".into(),
            token: "q7x".into(),
            sides: Side::MOST,
            cpus: 2,
            outer_configs: 1,
            toolchain: Some("/toolchain".into()),
            ..Canaries::default()
        }
    }

    #[test]
    fn every_variation_differs_between_all_sides_and_names_are_unique() {
        let all = VariationSet::default();
        for row in VARIATIONS {
            let v = all.values(row.id, &canaries());
            let shown: BTreeSet<String> = v.all().iter().map(ToString::to_string).collect();
            assert_eq!(shown.len(), Side::MOST, "{}: {:?}", row.text, v.all());
            assert_eq!(VARIATIONS.iter().filter(|r| r.text == row.text).count(), 1);
            assert_eq!(row.id.row().text, row.text);
        }
    }

    #[test]
    fn paths_differ_in_length_and_depth() {
        let v = VariationSet::default().values(VariationId::BuildPath, &canaries());
        assert_eq!(v.path(Side::A), Path::new("/s/a/build-path-a-q7x/outer/src"));
        let of_b = "/s/b/build-path-b-r8y/some/levels/deeper/outer/checkout";
        assert_eq!(v.path(Side::B), Path::new(of_b));
        // As the system writes them, or they are found in no file.
        let separators = v.of(Side::B).to_string();
        assert!(!cfg!(windows) || !separators[2..].contains('/'), "{separators}");
        let mut apart = canaries();
        (apart.apart, apart.outer_configs) = (Some(apart.place_apart()), 0);
        for id in VARIATIONS.iter().filter(|row| row.id.canonical("").is_some()).map(|row| row.id) {
            let v = VariationSet::default().values(id, &apart);
            let of = |side| v.path(side).components().collect::<Vec<_>>();
            let (a, b) = (of(Side::A), of(Side::B));
            assert_ne!(a.len(), b.len(), "{id}");
            let in_tmp = id == VariationId::Tmpdir;
            assert!(in_tmp || a[1..].iter().all(|part| !b.contains(part)), "{id}: {a:?} {b:?}");
        }
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
}

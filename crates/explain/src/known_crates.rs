//! Crates known to make builds differ, by name, version and enabled feature. One data file, read by
//! `repro check` and by the remedies; `docs/known-crates.md` documents it for other programs.
//!
//! The file lists what a look at build scripts and macros cannot find, because the code is in a
//! library that a build script calls, or uses random numbers from the operating system.

use std::sync::LazyLock;

use semver::{Version, VersionReq};
use serde::{Deserialize, Deserializer, de};

use crate::cause::Cause;

const TEXT: &str = include_str!("known_crates.json");

/// The schema's name and version.
pub const SCHEMA: &str = "repro.known-crates/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    crates: Vec<KnownCrate>,
}

/// One row: a crate, when it makes builds differ, and what its users can do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownCrate {
    /// The crate.
    pub name: String,
    /// The versions that do it.
    #[serde(default)]
    pub versions: VersionReq,
    /// One of these features is on; none: whatever is on.
    #[serde(default)]
    pub features: Vec<String>,
    /// This feature turns it off again.
    #[serde(default)]
    pub unless: Option<String>,
    /// Does not count where only these crates depend on it: they have rows of their own.
    #[serde(default)]
    pub only_for: Vec<String>,
    /// A variable that fixes it, in the environment or `[env]` of cargo's configuration.
    #[serde(default)]
    pub fixed_by: Option<String>,
    /// The causes that it shows as.
    #[serde(deserialize_with = "causes")]
    pub causes: Vec<Cause>,
    /// Its macros put the value into the crate that uses it, so it is the reason wherever it is.
    pub into_users: bool,
    /// How `repro check` reports it; not at all where it is a difference only if it is misused.
    #[serde(default)]
    pub check: Option<Weight>,
    /// What it does, as a clause without a subject.
    pub what: String,
    /// What to do, as a clause.
    pub remedy: String,
    /// Where that is known from.
    pub source: String,
}

/// How much a row weighs before any build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The build differs.
    Error,
    /// The build may differ.
    Warning,
}

fn causes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Cause>, D::Error> {
    let known = |name: &String| {
        Cause::named(name).ok_or_else(|| de::Error::custom(format!("no cause `{name}`")))
    };
    Vec::<String>::deserialize(from)?.iter().map(known).collect()
}

static ROWS: LazyLock<Vec<KnownCrate>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(TEXT).expect("a test reads the file");
    assert_eq!(file.schema, SCHEMA);
    file.crates
});

/// All rows, in the order of the file. Of several that fit a crate the first counts.
pub fn all() -> &'static [KnownCrate] {
    &ROWS
}

impl KnownCrate {
    /// Whether a crate of that name and version (empty: unknown, which fits) is meant, with features
    /// of which `has` knows whether they are on.
    pub fn fits(&self, name: &str, version: &str, has: impl Fn(&str) -> Option<bool>) -> bool {
        let in_versions = || {
            version.is_empty() || Version::parse(version).is_ok_and(|v| self.versions.matches(&v))
        };
        let off = |feature: &String| has(feature) == Some(false);
        self.name == name
            && in_versions()
            && (self.features.is_empty() || !self.features.iter().all(off))
            && self.unless.as_deref().is_none_or(|f| has(f) != Some(true))
    }

    /// The crate with its versions and features: `ahash >=0.8.0 with compile-time-rng`.
    pub fn spec(&self) -> String {
        let versions = match self.versions.comparators.is_empty() {
            true => String::new(),
            false => format!(" {}", self.versions),
        };
        let features = match self.features.is_empty() {
            true => String::new(),
            false => format!(" with `{}`", self.features.join("`, `")),
        };
        format!("{}{versions}{features}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_each_row_has_a_cause_and_a_source() {
        assert!(all().len() > 10);
        for row in all() {
            assert!(!row.causes.is_empty() && !row.causes.contains(&Cause::Unknown), "{row:?}");
            assert!(row.source.starts_with("https://"), "{row:?}");
            assert!(row.remedy.len() > 10 && row.what.len() > 10, "{row:?}");
        }
    }

    #[test]
    fn unknown_versions_and_features_fit_and_known_ones_decide() {
        let ahash = all().iter().find(|row| row.name == "ahash").unwrap();
        let unknown = |_: &str| None;
        let only = |on: &'static str| move |feature: &str| Some(feature == on);
        let all = |_: &str| Some(true);
        assert!(ahash.fits("ahash", "", unknown));
        assert!(ahash.fits("ahash", "0.8.11", only("compile-time-rng")));
        assert!(!ahash.fits("ahash", "0.8.11", only("std")));
        assert!(!ahash.fits("ahash", "0.8.11", all), "`runtime-rng` turns it off");
        assert!(!ahash.fits("ahash", "0.7.8", unknown));
        assert!(!ahash.fits("ahash", "not a version", unknown));
        assert!(!ahash.fits("hash", "0.8.11", unknown));
        assert_eq!(ahash.spec(), "ahash >=0.8.0 with `compile-time-rng`");
    }
}

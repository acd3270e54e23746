//! The rows of `repro survey`, a stored format: one crate that was built twice, or could not be, and the result.
//! The only time in a row is how long it took.

pub mod list;
pub mod reason;
pub mod store;

use repro_formats::digest::is_sha256;
use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// The schema's name and version.
pub const SCHEMA: &str = "repro.survey/1";

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyRow {
    /// [`SCHEMA`].
    pub schema: String,
    /// The line of the list.
    pub entry: String,
    /// The crate's name.
    #[serde(rename = "crate")]
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the `.crate` file, as the registry's index has it.
    pub checksum: String,
    /// The commit that the crate claims to be from, which is not checked.
    pub commit: Option<String>,
    /// The first line of `rustc -vV`.
    pub toolchain: String,
    /// The host triple, which is what was built for.
    pub host: String,
    /// SOURCE_DATE_EPOCH: the latest time in the `.crate`.
    pub epoch: i64,
    /// Version of the recipe; none without a verdict.
    pub recipe: Option<u32>,
    /// The result.
    pub verdict: Outcome,
    /// How many files were compared, the libraries that programs are linked from among them.
    pub compared: usize,
    /// What users would get: programs, C and dynamic libraries.
    pub artifacts: Vec<File>,
    /// Variations that did not reach the builds, or not wholly.
    pub not_varied: Vec<String>,
    /// The crates that diverged first.
    pub culprits: Vec<Cause>,
    /// Why there is no verdict.
    pub reason: Option<String>,
    /// How long the builds and the search for causes took.
    pub seconds: u64,
    /// SHA-256 of the manifest, which has no `builder`.
    pub manifest: Option<String>,
}

/// A file that was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// File name.
    pub name: String,
    /// Its digest; of what differs there is no one digest.
    pub sha256: Option<String>,
}

/// A crate that diverged first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// Package and version.
    pub package: String,
    /// Which unit of it.
    pub unit: String,
    /// Why.
    pub causes: Vec<String>,
    /// Whether replays have shown it.
    pub confirmed: bool,
    /// What to do about it, the most specific first.
    pub remedies: Vec<String>,
}

/// The result for a crate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Outcome {
    /// It was built twice, and compared.
    Compared(Verdict),
    /// There is no build to compare.
    #[default]
    NotBuilt,
    /// A limit of the survey ended it before there was a verdict.
    NotFinished,
}

impl Outcome {
    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Compared(verdict) => verdict.name(),
            Outcome::NotBuilt => "not-built",
            Outcome::NotFinished => "not-finished",
        }
    }
}

impl From<Outcome> for String {
    fn from(outcome: Outcome) -> String {
        outcome.name().to_string()
    }
}

impl TryFrom<String> for Outcome {
    type Error = String;

    fn try_from(name: String) -> Result<Outcome, String> {
        let others = [Outcome::NotBuilt, Outcome::NotFinished];
        let compared = Verdict::named(&name).filter(|v| *v != Verdict::Single);
        compared
            .map(Outcome::Compared)
            .or_else(|| others.into_iter().find(|o| o.name() == name))
            .ok_or_else(|| format!("unknown verdict `{}`", name.escape_debug()))
    }
}

impl SurveyRow {
    /// Why the row cannot be one of a survey.
    fn doubt(&self) -> Option<String> {
        if self.schema != SCHEMA {
            return Some(format!("its schema is not {SCHEMA}: use the repro that wrote it"));
        }
        let digests = self.artifacts.iter().filter_map(|f| f.sha256.as_ref());
        let mut digests = digests.chain([&self.checksum]).chain(&self.manifest);
        if digests.any(|d| !is_sha256(d)) {
            return Some("a digest in it is not a SHA-256".to_string());
        }
        let all_equal = !self.artifacts.is_empty() || self.compared > 0;
        let all_equal = all_equal && self.artifacts.iter().all(|f| f.sha256.is_some());
        let sound = match self.verdict {
            Outcome::Compared(verdict) => {
                let fits = !verdict.is_reproducible() || all_equal && self.culprits.is_empty();
                fits && self.manifest.is_some() && self.recipe.is_some() && self.reason.is_none()
            }
            _ => self.reason.is_some() && self.manifest.is_none() && self.compared == 0,
        };
        let name = self.verdict.name();
        (!sound).then(|| format!("the verdict `{name}` contradicts the rest of the row"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A row of a crate that was reproducible.
    pub(crate) fn row(name: &str) -> SurveyRow {
        SurveyRow {
            schema: SCHEMA.into(),
            entry: name.into(),
            name: name.into(),
            version: "1.0.0".into(),
            checksum: "a".repeat(64),
            toolchain: "rustc 1.95.0".into(),
            host: "x86_64-unknown-linux-gnu".into(),
            epoch: 1,
            recipe: Some(3),
            verdict: Outcome::Compared(Verdict::Reproducible),
            compared: 1,
            artifacts: vec![File { name: name.into(), sha256: Some("b".repeat(64)) }],
            seconds: 2,
            manifest: Some("c".repeat(64)),
            ..SurveyRow::default()
        }
    }

    #[test]
    fn a_row_that_contradicts_itself_is_none() {
        type Case = (fn(&mut SurveyRow), bool);
        let cases: [Case; 9] = [
            (|_| {}, true),
            (|r| r.schema = "repro.survey/2".into(), false),
            (|r| r.checksum = "abc".into(), false),
            (|r| r.manifest = None, false),
            (|r| r.artifacts[0].sha256 = None, false),
            (|r| (r.artifacts, r.compared) = (Vec::new(), 0), false),
            (|r| r.reason = Some("x".into()), false),
            (|r| r.verdict = Outcome::NotBuilt, false),
            (
                |r| {
                    r.verdict = Outcome::Compared(Verdict::Differs);
                    r.artifacts[0].sha256 = None;
                },
                true,
            ),
        ];
        for (i, (change, sound)) in cases.into_iter().enumerate() {
            let mut row = row("x");
            change(&mut row);
            assert_eq!(row.doubt().is_none(), sound, "{i}: {:?}", row.doubt());
        }
    }

    #[test]
    fn outcomes_have_names_that_lead_back() {
        for name in ["reproducible", "differs", "not-built", "not-finished"] {
            assert_eq!(Outcome::try_from(name.to_string()).unwrap().name(), name);
        }
        for name in ["single", "fine", ""] {
            assert!(Outcome::try_from(name.to_string()).is_err(), "{name}");
        }
    }
}

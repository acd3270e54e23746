//! What `repro verify` was asked for.

use std::path::{Path, PathBuf};

use super::build::BuildRequest;
use crate::sandbox::Mode;
use repro_explain::cause::Cause;
use repro_formats::limits::Limits;

/// A source that is not the manifest's own word.
#[derive(Clone, Debug)]
pub enum Given {
    /// `--source`.
    Source(String),
    /// `--crate`.
    Crate(String),
}

/// A `repro verify`.
#[derive(Default)]
pub struct VerifyRequest {
    /// Manifests, published files and directories of them.
    pub files: Vec<PathBuf>,
    /// `--manifest`.
    pub manifest: Option<PathBuf>,
    /// `--artifact`: there is no manifest.
    pub artifacts: Vec<PathBuf>,
    /// `--source` or `--crate`.
    pub source: Option<Given>,
    /// `--expect-tag`, `--expect-source`.
    pub expected: Expected,
    /// What to build where there is no manifest.
    pub build: BuildRequest,
    /// `--allow-toolchain`.
    pub allow_toolchain: bool,
    /// `--sandbox` or `--no-sandbox`.
    pub sandbox: Mode,
    /// `--accept`.
    pub accept: Vec<Cause>,
    /// `--accept-setting`.
    pub accept_settings: Vec<Accept>,
    /// `--manifest-only`.
    pub manifest_only: bool,
    /// `--anyway`.
    pub anyway: bool,
    /// `--ledger-ok`.
    pub ledger_ok: bool,
    /// `--against`.
    pub against: Vec<String>,
    /// What of the verdict is signed.
    pub signing: Option<SigningRequest>,
    /// `--keys`: the builders that are trusted.
    pub keys: Option<PathBuf>,
    /// `--rebuild`, and for whom it votes.
    pub rebuild: Option<Owner>,
    /// `--attestation`.
    pub attestations: Vec<PathBuf>,
    /// `--threshold`.
    pub threshold: Option<usize>,
    /// `--output`.
    pub output: Option<PathBuf>,
    /// `--max-entries`, `--max-bytes`, `--max-ratio`.
    pub limits: Limits,
}

impl VerifyRequest {
    /// Files on the command line that are read whatever they turn out to be. What else is named may be an
    /// address.
    pub fn named_files(&self) -> impl Iterator<Item = &Path> {
        let key = self.signing.iter().map(|signing| &signing.key);
        let one = self.manifest.iter().chain(&self.keys).chain(key);
        one.chain(&self.artifacts).chain(&self.attestations).map(PathBuf::as_path)
    }
}

/// For whom a rebuild votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The rebuild has a vote of its own.
    Itself,
    /// For this group of the trust file, to which the user belongs.
    Trusted(String),
}

/// What of a verdict is signed.
#[derive(Clone, Debug)]
pub struct SigningRequest {
    /// `--attest`.
    pub summary: Option<SummaryRequest>,
    /// `--link`.
    pub link: Option<PathBuf>,
    /// `--key`.
    pub key: PathBuf,
}

/// How a verification is summarized.
#[derive(Clone, Debug)]
pub struct SummaryRequest {
    /// `--verifier-id`.
    pub verifier_id: String,
    /// `--resource-uri`.
    pub resource_uri: String,
    /// `--slsa-property`.
    pub slsa_property: bool,
}

/// What a verifier expects of the source.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// `--expect-tag`.
    pub tag: Option<String>,
    /// `--expect-source`.
    pub source: Option<String>,
}

/// A setting that the user accepts: by its name alone, or by its value too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The name.
    pub name: String,
    /// The value that is accepted; none for any.
    pub value: Option<String>,
}

impl Accept {
    /// Parses `NAME` or `NAME=VALUE`.
    ///
    /// # Errors
    /// There is no name.
    pub fn parse(text: &str) -> Result<Accept, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (text, None),
        };
        match name.is_empty() {
            true => Err("expected NAME or NAME=VALUE".to_string()),
            false => Ok(Accept { name: name.to_string(), value }),
        }
    }

    /// Whether it is this setting.
    pub fn fits(&self, name: &str, value: &str) -> bool {
        self.name == name && self.value.as_ref().is_none_or(|v| *v == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_accepted_by_name_or_by_name_and_value() {
        for (text, fits) in
            [("features", true), ("features=a", true), ("features=b", false), ("feature", false)]
        {
            assert_eq!(Accept::parse(text).unwrap().fits("features", "a"), fits, "{text}");
        }
        assert!(Accept::parse("=x").is_err());
    }
}

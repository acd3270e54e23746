//! What `repro verify` was asked for.

use std::path::{Path, PathBuf};

use clap::builder::{StringValueParser, TypedValueParser};
use clap::{ArgGroup, Args, value_parser};
use repro_explain::cause::Cause;
use repro_formats::limits::Limits;

use super::build::{Inject, Selection};
use super::offering::Offering;
use crate::sandbox::Mode;

/// Causes that a user may accept: steps after which files are equal that were not before, and that
/// leave what is in them as it is.
pub const STEPS: &[Cause] = &[
    Cause::ArchiveMtime,
    Cause::ArchiveOwner,
    Cause::ArchiveMode,
    Cause::ArchiveOrder,
    Cause::Compressor,
    Cause::CodeSignature,
];

const STEP: Offering<Cause> =
    Offering { read: step, names: || STEPS.iter().map(|c| c.name()).collect() };

/// One of the steps that can be accepted.
fn step(text: &str) -> Result<Cause, String> {
    let found = STEPS.iter().find(|c| c.name() == text);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = STEPS.iter().map(|c| c.name()).collect();
        format!("unknown step `{text}`; expected one of: {}", names.join(", "))
    })
}

/// `--sandbox` and `--no-sandbox`.
#[derive(Args, Clone, Debug, Default)]
pub struct SandboxArgs {
    /// Fail without a sandbox [default: use one if bubblewrap works, on Linux]
    #[arg(long, conflicts_with = "no_sandbox", help_heading = "Recipe")]
    sandbox: bool,
    /// Run build scripts with your permissions, network and home directory
    #[arg(long, help_heading = "Recipe")]
    no_sandbox: bool,
}

impl SandboxArgs {
    /// The plain value.
    pub fn mode(&self) -> Mode {
        match (self.sandbox, self.no_sandbox) {
            (true, _) => Mode::Always,
            (_, true) => Mode::Never,
            _ => Mode::Auto,
        }
    }
}

/// A source that is not the manifest's own word.
#[derive(Clone, Debug)]
pub enum Given {
    /// `--source`.
    Source(String),
    /// `--crate`.
    Crate(String),
}

/// A `repro verify`.
#[derive(Args, Default)]
pub struct VerifyRequest {
    /// A manifest, a directory with a release, or a published file next to its manifest
    #[arg(value_name = "MANIFEST|DIR|FILE", required_unless_present_any = ["manifest", "artifacts", "against"])]
    pub input: Option<PathBuf>,
    /// More published files
    #[arg(value_name = "FILE")]
    pub more: Vec<PathBuf>,

    /// The manifest [default: repro.json next to the file]
    #[arg(long, value_name = "FILE", help_heading = "Published")]
    pub manifest: Option<PathBuf>,
    /// A published file without a manifest; can be given several times
    #[arg(long = "artifact", value_name = "FILE", conflicts_with_all = ["input", "manifest"])]
    #[arg(help_heading = "Published")]
    pub artifacts: Vec<PathBuf>,

    /// Git URL (with @REV), directory, .crate or source tarball [default: what the manifest names]
    #[arg(long, value_name = "SOURCE", conflicts_with = "krate", value_parser = StringValueParser::new().map(Given::Source), help_heading = "Source")]
    pub source: Option<Given>,
    /// A crate that cargo fetches
    #[arg(long = "crate", value_name = "NAME@VERSION", value_parser = StringValueParser::new().map(Given::Crate), help_heading = "Source")]
    pub krate: Option<Given>,

    /// What is expected of the source.
    #[command(flatten)]
    pub expected: Expected,

    /// What is built without a manifest; the selection of one is its own.
    #[command(flatten)]
    pub selection: Selection,
    /// SOURCE_DATE_EPOCH, without a manifest [default: the commit's or the archive's time]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(i64).range(0..), help_heading = "Recipe")]
    pub epoch: Option<i64>,
    /// How the recipe's flags reach rustc, without a manifest
    #[arg(long, value_name = "HOW", help_heading = "Recipe")]
    pub inject: Option<Inject>,
    /// Link the list of packages into programs, without a manifest
    #[arg(long, help_heading = "Recipe")]
    pub auditable: bool,
    /// Pass this environment variable to the build; can be given several times
    #[arg(long, value_name = "NAME", help_heading = "Recipe")]
    pub pass_env: Vec<String>,
    /// Use a toolchain other than the manifest's
    #[arg(long, help_heading = "Recipe")]
    pub allow_toolchain: bool,
    /// Whether there has to be a sandbox.
    #[command(flatten)]
    pub sandbox: SandboxArgs,

    /// Accept files that match only after this normalization step; can be given several times
    #[arg(long, value_name = "STEP", value_parser = STEP, hide_possible_values = true, help_heading = "Verdict")]
    pub accept: Vec<Cause>,
    /// Accept a setting of the publisher that the source does not contain, by name or with
    /// its value; can be given several times
    #[arg(long = "accept-setting", value_name = "NAME[=VALUE]", value_parser = Accept::parse)]
    #[arg(help_heading = "Verdict")]
    pub accept_settings: Vec<Accept>,
    /// Check only the manifest: exit with 0 even if no published file was compared
    #[arg(long, help_heading = "Verdict")]
    pub manifest_only: bool,
    /// Accept a manifest whose build took units from a ledger instead of building all of them twice
    #[arg(long, help_heading = "Verdict")]
    pub ledger_ok: bool,
    /// Rebuild even if a published file does not match the manifest
    #[arg(long, help_heading = "Verdict")]
    pub anyway: bool,
    /// Count the signed statements of the builders in this trust file, without building
    #[arg(long, value_name = "FILE", group = "many", conflicts_with = "artifacts")]
    #[arg(help_heading = "Verdict")]
    pub keys: Option<PathBuf>,
    /// With --keys, also rebuild: this adds one vote, or counts as a vote of GROUP in the trust file
    #[arg(long, value_name = "GROUP", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = StringValueParser::new().map(Owner::of), requires = "keys")]
    #[arg(help_heading = "Verdict")]
    pub rebuild: Option<Owner>,
    /// A builder's signed statement that is not in the release; can be given several times
    #[arg(long = "attestation", value_name = "FILE", requires = "keys", help_heading = "Verdict")]
    pub attestations: Vec<PathBuf>,
    /// Compare the manifests of several builders without building; NAME is your name for a builder
    #[arg(long, group = "many", value_name = "NAME=MANIFEST", num_args = 2.., conflicts_with_all = ["input", "manifest", "artifacts", "source", "krate", "expect_tag", "expect_source", "sandbox", "no_sandbox", "accept", "accept_settings", "manifest_only", "anyway", "output"])]
    #[arg(help_heading = "Verdict")]
    pub against: Vec<String>,
    /// How many builders must agree [default: all of --against; with --keys, what
    /// the trust file says]
    #[arg(long, value_name = "N", requires = "many", value_parser = value_parser!(u64).range(1..).map(|n| n as usize))]
    #[arg(help_heading = "Verdict")]
    pub threshold: Option<usize>,

    /// What of the verdict is signed.
    #[command(flatten)]
    pub signing: SigningRequest,
    /// Write the rebuilt files to this directory, which must not exist
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Keep the temporary build directory and print its path
    #[arg(long, help_heading = "Output")]
    pub keep: bool,
    /// List everything
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// What a file may ask for.
    #[arg(skip)]
    pub limits: Limits,
}

impl VerifyRequest {
    /// Manifests, published files and directories of them.
    pub fn files(&self) -> Vec<PathBuf> {
        self.input.iter().chain(&self.more).cloned().collect()
    }

    /// `--source` or `--crate`.
    pub fn given(&self) -> Option<&Given> {
        self.source.as_ref().or(self.krate.as_ref())
    }

    /// Files on the command line that are read whatever they turn out to be. What else is named may be an
    /// address.
    pub fn named_files(&self) -> impl Iterator<Item = &Path> {
        let one = self.manifest.iter().chain(&self.keys).chain(&self.signing.key);
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

impl Owner {
    fn of(group: String) -> Owner {
        if group.is_empty() { Owner::Itself } else { Owner::Trusted(group) }
    }
}

/// What of a verdict is signed.
#[derive(Args, Clone, Debug, Default)]
#[command(group = ArgGroup::new("signed").args(["attest", "link"]).multiple(true))]
pub struct SigningRequest {
    /// Write a signed summary to `verification.sigstore.json` in the current directory if everything
    /// is REPRODUCED
    #[arg(long, requires_all = ["verifier_id", "resource_uri", "key"], conflicts_with = "against")]
    #[arg(help_heading = "Output")]
    pub attest: bool,
    /// With --attest, the URI that names you
    #[arg(long, value_name = "URI", requires = "attest", help_heading = "Output")]
    pub verifier_id: Option<String>,
    /// With --attest, where the files are published
    #[arg(long, value_name = "URI", requires = "attest", help_heading = "Output")]
    pub resource_uri: Option<String>,
    /// With --attest, --keys and --rebuild, also state SLSA_BUILD_REPRODUCED if at least two owners agree
    #[arg(long, requires = "attest", help_heading = "Output")]
    pub slsa_property: bool,
    /// Write a signed in-toto link to FILE, in rebuilderd's form, if everything is REPRODUCED
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "against")]
    #[arg(help_heading = "Output")]
    pub link: Option<PathBuf>,
    /// With --attest, sign with this Ed25519 or P-256 key; with --link, an Ed25519 key
    #[arg(long, value_name = "FILE", requires = "signed", help_heading = "Output")]
    pub key: Option<PathBuf>,
}

/// What a verifier expects of the source.
#[derive(Args, Clone, Debug, Default)]
pub struct Expected {
    /// Fail unless this tag points at the commit, in a repository that you named
    #[arg(id = "expect_tag", long = "expect-tag", value_name = "TAG", help_heading = "Source")]
    pub tag: Option<String>,
    /// Fail unless the commit is on a branch or tag of this repository
    #[arg(id = "expect_source", long = "expect-source", value_name = "URL")]
    #[arg(help_heading = "Source")]
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

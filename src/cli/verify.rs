//! Arguments of `repro verify`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use repro_explain::cause::Cause;

use super::output::Format;
use crate::request::offering::Offering;
use crate::request::{
    Accept, BuildRequest, Expected, Given, Inject, LimitArgs, Owner, Selection, SigningRequest,
    SummaryRequest, VerifyRequest,
};
use crate::sandbox::Mode;
use crate::verify::result::STEPS;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro verify app-1.2.0-x86_64-unknown-linux-gnu.tar.gz   with repro.json next to it
  repro verify repro.json app --no-sandbox                 build scripts with your permissions
  repro verify --source https://host/app@v1.2.0 --artifact app
  repro verify --crate hyperfine@1.19.0 --artifact hyperfine
  repro verify dist --keys trusted.toml --threshold 2      signed statements of two builders
  repro verify dist --keys trusted.toml --rebuild          and one more vote, by rebuilding
  repro verify --against alice=a.json bob=b.json carol=c.json --threshold 2

Build scripts and macros of the source run on this machine: in a sandbox where bubblewrap works,
otherwise with your permissions.";

/// `--sandbox` and `--no-sandbox`.
#[derive(Args)]
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

/// Arguments of `repro verify`.
#[derive(Args)]
#[command(group = ArgGroup::new("signed").args(["attest", "link"]).multiple(true))]
pub struct VerifyArgs {
    /// A manifest, a directory with a release, or a published file next to its manifest
    #[arg(
        value_name = "MANIFEST|DIR|FILE",
        required_unless_present_any = ["manifest", "artifacts", "against"]
    )]
    input: Option<PathBuf>,
    /// More published files
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The manifest [default: repro.json next to the file]
    #[arg(long, value_name = "FILE", help_heading = "Published")]
    manifest: Option<PathBuf>,
    /// A published file without a manifest; can be given several times
    #[arg(
        long = "artifact",
        value_name = "FILE",
        conflicts_with_all = ["input", "manifest"],
        help_heading = "Published"
    )]
    artifacts: Vec<PathBuf>,

    /// Git URL (with @REV), directory, .crate or source tarball [default: what the manifest names]
    #[arg(long, value_name = "SOURCE", conflicts_with = "krate", help_heading = "Source")]
    source: Option<String>,
    /// A crate that cargo fetches
    #[arg(long = "crate", value_name = "NAME@VERSION", help_heading = "Source")]
    krate: Option<String>,

    /// Fail unless this tag points at the commit, in a repository that you named
    #[arg(long, value_name = "TAG", help_heading = "Source")]
    expect_tag: Option<String>,
    /// Fail unless the commit is on a branch or tag of this repository
    #[arg(long, value_name = "URL", help_heading = "Source")]
    expect_source: Option<String>,

    #[command(flatten)]
    selection: Selection,
    /// SOURCE_DATE_EPOCH, without a manifest [default: the commit's or the archive's time]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..), help_heading = "Recipe")]
    epoch: Option<i64>,
    /// How the recipe's flags reach rustc, without a manifest
    #[arg(long, value_name = "HOW", help_heading = "Recipe")]
    inject: Option<Inject>,
    /// Link the list of packages into programs, without a manifest
    #[arg(long, help_heading = "Recipe")]
    auditable: bool,
    /// Pass this environment variable to the build; can be given several times
    #[arg(long, value_name = "NAME", help_heading = "Recipe")]
    pass_env: Vec<String>,
    /// Use a toolchain other than the manifest's
    #[arg(long, help_heading = "Recipe")]
    allow_toolchain: bool,
    #[command(flatten)]
    sandbox: SandboxArgs,

    /// Accept files that match only after this normalization step; can be given several times
    #[arg(long, value_name = "STEP", value_parser = STEP, hide_possible_values = true, help_heading = "Verdict")]
    accept: Vec<Cause>,
    /// Accept a setting of the publisher that the source does not contain, by name or with
    /// its value; can be given several times
    #[arg(
        long = "accept-setting",
        value_name = "NAME[=VALUE]",
        value_parser = Accept::parse,
        help_heading = "Verdict"
    )]
    accept_settings: Vec<Accept>,
    /// Check only the manifest: exit with 0 even if no published file was compared
    #[arg(long, help_heading = "Verdict")]
    manifest_only: bool,
    /// Accept a manifest whose build took units from a ledger instead of building all of them twice
    #[arg(long, help_heading = "Verdict")]
    ledger_ok: bool,
    /// Rebuild even if a published file does not match the manifest
    #[arg(long, help_heading = "Verdict")]
    anyway: bool,
    /// Count the signed statements of the builders in this trust file, without building
    #[arg(
        long,
        value_name = "FILE",
        group = "many",
        conflicts_with = "artifacts",
        help_heading = "Verdict"
    )]
    keys: Option<PathBuf>,
    /// With --keys, also rebuild: this adds one vote, or counts as a vote of GROUP in the trust file
    #[arg(
        long,
        value_name = "GROUP",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        requires = "keys",
        help_heading = "Verdict"
    )]
    rebuild: Option<String>,
    /// A builder's signed statement that is not in the release; can be given several times
    #[arg(long = "attestation", value_name = "FILE", requires = "keys", help_heading = "Verdict")]
    attestations: Vec<PathBuf>,
    /// Compare the manifests of several builders without building; NAME is your name for a builder
    #[arg(
        long,
        group = "many",
        value_name = "NAME=MANIFEST",
        num_args = 2..,
        conflicts_with_all = ["input", "manifest", "artifacts", "source", "krate", "expect_tag", "expect_source", "sandbox", "no_sandbox", "accept", "accept_settings", "manifest_only", "anyway", "output"],
        help_heading = "Verdict"
    )]
    against: Vec<String>,
    /// How many builders must agree [default: all of --against; with --keys, what
    /// the trust file says]
    #[arg(
        long,
        value_name = "N",
        requires = "many",
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Verdict"
    )]
    threshold: Option<u64>,

    /// Write a signed summary to `verification.sigstore.json` in the current directory if everything
    /// is REPRODUCED
    #[arg(
        long,
        requires_all = ["verifier_id", "resource_uri", "key"],
        conflicts_with = "against",
        help_heading = "Output"
    )]
    attest: bool,
    /// With --attest, the URI that names you
    #[arg(long, value_name = "URI", requires = "attest", help_heading = "Output")]
    verifier_id: Option<String>,
    /// With --attest, where the files are published
    #[arg(long, value_name = "URI", requires = "attest", help_heading = "Output")]
    resource_uri: Option<String>,
    /// With --attest, --keys and --rebuild, also state SLSA_BUILD_REPRODUCED if at least two owners agree
    #[arg(long, requires = "attest", help_heading = "Output")]
    slsa_property: bool,
    /// Write a signed in-toto link to FILE, in rebuilderd's form, if everything is REPRODUCED
    #[arg(
        long,
        value_name = "FILE",
        requires = "key",
        conflicts_with = "against",
        help_heading = "Output"
    )]
    link: Option<PathBuf>,
    /// With --attest, sign with this Ed25519 or P-256 key; with --link, an Ed25519 key
    #[arg(long, value_name = "FILE", requires = "signed", help_heading = "Output")]
    key: Option<PathBuf>,
    /// Write the rebuilt files to this directory, which must not exist
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    pub format: Format,
    /// Keep the temporary build directory and print its path
    #[arg(long, help_heading = "Output")]
    keep: bool,
    /// List everything
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

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

impl VerifyArgs {
    /// The plain values.
    pub fn request(self) -> VerifyRequest {
        let krate = self.krate.map(Given::Crate);
        VerifyRequest {
            files: self.input.into_iter().chain(self.files).collect(),
            manifest: self.manifest,
            artifacts: self.artifacts,
            source: self.source.map(Given::Source).or(krate),
            expected: Expected { tag: self.expect_tag, source: self.expect_source },
            build: BuildRequest {
                selection: self.selection,
                epoch: self.epoch,
                pass_env: self.pass_env,
                inject: self.inject,
                auditable: self.auditable,
                keep: self.keep,
                builder: true,
                verbose: self.verbose,
                ..BuildRequest::default()
            },
            allow_toolchain: self.allow_toolchain,
            sandbox: self.sandbox.mode(),
            accept: self.accept,
            accept_settings: self.accept_settings,
            manifest_only: self.manifest_only,
            anyway: self.anyway,
            ledger_ok: self.ledger_ok,
            against: self.against,
            signing: self.key.map(|key| SigningRequest {
                summary: match (self.attest, self.verifier_id, self.resource_uri) {
                    (true, Some(verifier_id), Some(resource_uri)) => Some(SummaryRequest {
                        verifier_id,
                        resource_uri,
                        slsa_property: self.slsa_property,
                    }),
                    _ => None,
                },
                link: self.link,
                key,
            }),
            keys: self.keys,
            rebuild: self.rebuild.map(|group| match group.is_empty() {
                true => Owner::Itself,
                false => Owner::Trusted(group),
            }),
            attestations: self.attestations,
            threshold: self.threshold.map(|n| n as usize),
            output: self.output,
            limits: self.limits.limits(),
        }
    }
}

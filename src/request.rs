//! What a user asked for, as plain values: the command line and the project's metadata both end
//! up here, and nothing below knows about either.

use std::path::PathBuf;
use std::time::Duration;

use crate::sandbox::Mode;
use crate::variation::VariationSet;
use repro_explain::cause::Cause;
use repro_formats::limits::Limits;

/// Which packages, targets, features and profile cargo is to build, spelled as cargo's flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// `-p`, as given.
    pub packages: Vec<String>,
    /// `--workspace`.
    pub workspace: bool,
    /// `--lib`.
    pub lib: bool,
    /// `--bin`, as given.
    pub bins: Vec<String>,
    /// `--bins`.
    pub all_bins: bool,
    /// `--features`, as given.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// `--target`, as given.
    pub targets: Vec<String>,
    /// `--profile`; `release` unless said otherwise.
    pub profile: Option<String>,
}

impl Selection {
    /// The profile's name.
    pub fn profile(&self) -> &str {
        self.profile.as_deref().unwrap_or("release")
    }

    /// The selection as arguments of `cargo build`.
    pub fn cargo_args(&self) -> Vec<String> {
        let mut args = vec!["--profile".to_string(), self.profile().to_string()];
        let mut each = |flag: &str, values: &[String]| {
            for value in values {
                args.extend([flag.to_string(), value.clone()]);
            }
        };
        each("--package", &self.packages);
        each("--bin", &self.bins);
        each("--features", &self.features);
        each("--target", &self.targets);
        let switches = [
            ("--workspace", self.workspace),
            ("--lib", self.lib),
            ("--bins", self.all_bins),
            ("--all-features", self.all_features),
            ("--no-default-features", self.no_default_features),
        ];
        args.extend(switches.iter().filter(|(_, on)| *on).map(|(flag, _)| flag.to_string()));
        args
    }
}

/// How the recipe's compiler flags reach rustc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inject {
    /// Appended to each rustc call by `RUSTC_WRAPPER`: the user's own flags stay where they are.
    Wrapper,
    /// Joined to the user's flags in `CARGO_ENCODED_RUSTFLAGS`: what users of plain cargo get.
    Rustflags,
}

impl Inject {
    /// The name on the command line and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Inject::Wrapper => "wrapper",
            Inject::Rustflags => "rustflags",
        }
    }
}

/// Where the source is taken from.
#[derive(Clone, Debug, Default)]
pub struct SourceChoice {
    /// `--manifest-path`.
    pub manifest: Option<PathBuf>,
    /// `--source`: copy this directory, git or not.
    pub directory: Option<PathBuf>,
    /// `--rev`.
    pub rev: Option<String>,
    /// `--allow-dirty`.
    pub allow_dirty: bool,
    /// What messages call the source where the user did not name its directory.
    pub called: Option<String>,
    /// The time of a directory, where the archive that it was in says one.
    pub time: Option<i64>,
    /// Files that are not copied with a directory.
    pub without: Vec<PathBuf>,
}

/// Which ledger is used, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerChoice {
    /// Its directory; none for the one in the user's cache.
    pub dir: Option<PathBuf>,
    /// `--ledger-trust-cache`.
    pub trust_cache: bool,
}

/// What `repro ledger` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerAction {
    /// `list`.
    List,
    /// `verify`.
    Verify,
    /// `prune`.
    Prune {
        /// `--max-size`.
        max_size: Option<u64>,
    },
}

/// What `repro ledger` was asked for.
#[derive(Clone, Debug)]
pub struct LedgerRequest {
    /// `--ledger`.
    pub dir: Option<PathBuf>,
    /// What to do.
    pub action: LedgerAction,
}

/// What `repro survey` was asked for.
#[derive(Clone, Debug)]
pub struct SurveyRequest {
    /// The list of crates.
    pub list: PathBuf,
    /// `--out`.
    pub out: PathBuf,
    /// `--time-limit`, of one row.
    pub time_limit: Duration,
    /// `--disk-limit`, of one row, in bytes.
    pub disk_limit: u64,
    /// `--rows`.
    pub rows: Option<usize>,
    /// `--retry`.
    pub retry: bool,
}

/// What the command line leaves open, so that the project's metadata can fill it.
#[derive(Clone, Default)]
pub struct BuildRequest {
    /// The source.
    pub source: SourceChoice,
    /// What cargo builds.
    pub selection: Selection,
    /// `--epoch`.
    pub epoch: Option<i64>,
    /// `--pass-env`.
    pub pass_env: Vec<String>,
    /// `--inject`.
    pub inject: Option<Inject>,
    /// `--vary`.
    pub vary: Option<VariationSet>,
    /// `--same-path`.
    pub same_path: bool,
    /// `--isolate`.
    pub isolate: Mode,
    /// `--network`.
    pub network: bool,
    /// `--auditable`.
    pub auditable: bool,
    /// `--builds`.
    pub builds: Option<usize>,
    /// `--ledger`.
    pub ledger: Option<LedgerChoice>,
    /// `--keep`.
    pub keep: bool,
    /// `--expand`.
    pub expand: bool,
    /// False with `--no-replay`.
    pub replay: bool,
    /// `--try-remedies`.
    pub try_remedies: bool,
    /// `--write-patch`.
    pub write_patch: Option<PathBuf>,
    /// Whether the manifest tells of this machine.
    pub builder: bool,
    /// `-v`.
    pub verbose: bool,
    /// `--once`.
    pub once: bool,
    /// `--show-recipe`.
    pub show_recipe: bool,
}

impl BuildRequest {
    /// A request that leaves all but source and selection to defaults.
    pub fn of(source: SourceChoice, selection: Selection) -> BuildRequest {
        BuildRequest { source, selection, ..BuildRequest::default() }
    }
}

/// What `repro init` was asked for.
pub struct InitRequest {
    /// The selection, which goes into the project's metadata.
    pub build: BuildRequest,
    /// `--force`.
    pub force: bool,
    /// `--dry-run`.
    pub dry_run: bool,
    /// `--install`.
    pub install: Option<String>,
    /// `--workflow`.
    pub publishes: Option<Publishes>,
}

/// What the workflow of `repro init` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publishes {
    /// It makes releases.
    Release,
    /// It verifies those of another workflow.
    Verify,
}

/// A `repro build`, with the project's metadata and the defaults already in it.
#[derive(Clone, Debug)]
pub struct Build {
    /// The source.
    pub source: SourceChoice,
    /// What cargo builds.
    pub selection: Selection,
    /// `--epoch`, in seconds since 1970.
    pub epoch: Option<i64>,
    /// `--pass-env`, as given.
    pub pass_env: Vec<String>,
    /// `--inject`.
    pub inject: Inject,
    /// `--vary`, without what `--same-path` keeps at one path.
    pub vary: VariationSet,
    /// `--same-path`, on the command line or in the metadata.
    pub same_path: bool,
    /// `--isolate`.
    pub isolate: Mode,
    /// `--network`.
    pub network: bool,
    /// The name in `/build/<name>`, where the project's metadata says one.
    pub name: Option<String>,
    /// `--auditable`, on the command line or in the metadata.
    pub auditable: bool,
    /// `--builds`: how many are made and compared.
    pub builds: usize,
    /// `--ledger`.
    pub ledger: Option<LedgerChoice>,
    /// `--keep`.
    pub keep: bool,
    /// `--expand`.
    pub expand: bool,
    /// False with `--no-replay`.
    pub replay: bool,
    /// False with `--no-builder`.
    pub builder: bool,
    /// `-v`.
    pub verbose: bool,
}

/// The format of `--format` that is a container image.
pub const OCI: &str = "oci";

/// What `repro archive` was asked for.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// Files and directories to pack; none: the artifacts of the last proven build.
    pub paths: Vec<PathBuf>,
    /// `-o`.
    pub output: Option<PathBuf>,
    /// `--format`, names of formats.
    pub formats: Vec<String>,
    /// `--base`.
    pub bases: Vec<String>,
    /// `--level`.
    pub level: Option<u32>,
    /// `--jobs`.
    pub jobs: Option<usize>,
    /// `--epoch`, in seconds since 1970.
    pub epoch: Option<i64>,
    /// `--include`.
    pub include: Vec<String>,
    /// `--prefix`.
    pub prefix: Option<String>,
    /// `--name`.
    pub name: Option<String>,
    /// `--release`.
    pub release: Option<String>,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// Whether `SHA256SUMS` is written.
    pub sums: bool,
    /// `--allow-nothing-varied`.
    pub allow_nothing_varied: bool,
    /// `--allow-dirty`.
    pub allow_dirty: bool,
    /// `--allow-single`.
    pub allow_single: bool,
    /// `--ledger-ok`.
    pub ledger_ok: bool,
    /// Whether members are digested for the report.
    pub detail: bool,
}

/// What `repro sbom` was asked for.
#[derive(Clone, Debug, Default)]
pub struct SbomRequest {
    /// A manifest; none: that of the last build.
    pub manifest: Option<PathBuf>,
    /// `--format`, the name of a format.
    pub format: String,
    /// `--spec`.
    pub spec: Option<String>,
    /// `-o`.
    pub output: Option<PathBuf>,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
}

/// Who signs an attestation.
#[derive(Clone, Debug)]
pub enum Signer {
    /// `--key`.
    Key(PathBuf),
    /// `--ssh`.
    Ssh(PathBuf),
    /// `--unsigned`.
    Unsigned,
}

/// What `repro attest` was asked for.
#[derive(Clone, Debug)]
pub struct AttestRequest {
    /// A manifest; none: that of the last build.
    pub manifest: Option<PathBuf>,
    /// `--builder-id`.
    pub builder_id: Option<String>,
    /// Who signs.
    pub signer: Signer,
    /// `--dsse`.
    pub dsse: bool,
    /// `--predicate`.
    pub predicate: bool,
    /// `--print-key`.
    pub print_key: bool,
    /// `--ledger-ok`.
    pub ledger_ok: bool,
    /// `-o`.
    pub output: Option<PathBuf>,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
}

/// What `repro normalize` was asked for.
#[derive(Clone, Debug)]
pub struct Normalize {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// `--epoch`, in seconds since 1970.
    pub epoch: Option<i64>,
    /// `--set-time`, in seconds since 1970.
    pub set_time: Option<i64>,
    /// `--check`.
    pub check: bool,
    /// `--dry-run`.
    pub dry_run: bool,
    /// `--recursive`.
    pub recursive: bool,
    /// `--max-entries`, `--max-bytes`, `--max-ratio`.
    pub limits: Limits,
}

/// What `repro diff` was asked for.
#[derive(Clone, Debug)]
pub struct Diff {
    /// One file.
    pub a: PathBuf,
    /// The other.
    pub b: PathBuf,
    /// `--max-entries`, `--max-bytes`, `--max-ratio`.
    pub limits: Limits,
}

/// What `repro inspect` was asked for.
#[derive(Clone, Debug)]
pub struct Inspect {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// `--max-entries`, `--max-bytes`, `--max-ratio`.
    pub limits: Limits,
}

/// What `repro check` was asked for.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// Packages, features and targets.
    pub selection: Selection,
    /// `--sbom`.
    pub sbom: Option<PathBuf>,
    /// `--allow`, names of rules.
    pub allow: Vec<String>,
    /// `--warn`.
    pub warn: Vec<String>,
    /// `--deny`.
    pub deny: Vec<String>,
}

/// What `repro rebuilderd-sync` was asked for.
#[derive(Clone, Debug, Default)]
pub struct Sync {
    /// The manifests.
    pub manifests: Vec<PathBuf>,
    /// `--base-url`.
    pub base_url: String,
    /// `--distribution`.
    pub distribution: String,
    /// `--release`.
    pub release: Option<String>,
    /// `--component`.
    pub component: Option<String>,
}

/// A source that is not the manifest's own word.
#[derive(Clone, Debug)]
pub enum Given {
    /// `--source`.
    Source(String),
    /// `--crate`.
    Crate(String),
}

/// What was asked for.
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

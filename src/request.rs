//! What a user asked for, as plain values: the command line and the project's metadata both end
//! up here, and nothing below knows about either.

mod build;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use repro_formats::limits::Limits;

pub use build::{Build, BuildRequest, Inject, LedgerChoice, Selection, SourceChoice};
pub use verify::{Accept, Expected, Given, Owner, SigningRequest, SummaryRequest, VerifyRequest};

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

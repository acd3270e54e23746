//! What a user asked for, as plain values. clap fills most of them from the command line, and prints the
//! comment of a field as its help; the project's metadata completes those of a build. Nothing below knows
//! about either.

mod build;
mod limits;
pub(crate) mod offering;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{ArgAction, Args, Subcommand, ValueEnum, value_parser};
use repro_formats::formats::Format;
use repro_formats::limits::Limits;

pub use build::{Build, BuildRequest, Field, Inject, LedgerChoice, Selection, SourceChoice};
pub use limits::LimitArgs;
pub use verify::{Expected, Given, Owner, STEPS, SandboxArgs, SigningRequest, VerifyRequest};

/// What `repro ledger` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum LedgerAction {
    /// Lists the units that later checks can reuse, the last used first.
    List,
    /// Checks the authentication code of every entry and the digest of every stored file.
    ///
    /// Exits with 1 if some cannot be used; builds ignore these, and `prune` removes them.
    Verify,
    /// Removes what cannot be used, then what was used least recently.
    Prune {
        /// Largest total size of the stored files, in bytes [default: 4 GiB]
        #[arg(long, value_name = "BYTES")]
        max_size: Option<u64>,
    },
}

/// What `repro ledger` was asked for.
#[derive(Args, Clone, Debug)]
pub struct LedgerRequest {
    /// What to do.
    #[command(subcommand)]
    pub action: LedgerAction,
    /// The ledger [default: `repro/ledger` in the cache directory]
    #[arg(long = "ledger", value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
}

/// What `repro survey` was asked for.
#[derive(Args, Clone, Debug)]
pub struct SurveyRequest {
    /// The crates, one per line: NAME (its newest version), NAME@VERSION, or the path of a .crate
    /// file. Empty lines and lines that start with `#` are skipped
    pub list: PathBuf,
    /// Where the rows, manifests and logs go
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Stop a crate that takes longer, and everything that it started
    #[arg(long, value_name = "SECONDS", default_value = "1800", value_parser = value_parser!(u64).range(1..).map(Duration::from_secs))]
    pub time_limit: Duration,
    /// Stop a crate that takes more space on disk
    #[arg(long, value_name = "BYTES", default_value_t = 20_000_000_000)]
    pub disk_limit: u64,
    /// Build at most N crates now
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Build again the crates that failed to build or did not finish
    #[arg(long)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Publishes {
    /// Make releases
    Release,
    /// Build and verify the releases that another workflow makes
    Verify,
}

/// The format of `--format` that is a container image.
pub const OCI: &str = "oci";

/// What `repro archive` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// An archive.
    Archive(&'static Format),
    /// A container image.
    Image,
}

impl Packing {
    /// What `--format` and the metadata call by this name.
    pub fn named(name: &str) -> Option<Packing> {
        if name == OCI { Some(Packing::Image) } else { Format::named(name).map(Packing::Archive) }
    }
}

/// What `repro archive` was asked for.
#[derive(Args, Clone, Debug, Default)]
pub struct Archive {
    /// Files and directories to pack instead of a build; a single directory is packed by its content
    pub paths: Vec<PathBuf>,
    /// File to write the archive of PATH to; also adds a line to the SHA256SUMS next to it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Base of an image: an OCI layout (a directory or tar) with the digest of an image or
    /// index in it, or `scratch`; several for several architectures [default: the digest that
    /// Cargo.toml has]
    #[arg(long = "base", value_name = "LAYOUT[@sha256:DIGEST]")]
    pub bases: Vec<String>,
    /// Compression level [default: depends on the format]
    #[arg(long, value_name = "N")]
    pub level: Option<u32>,
    /// Number of compression threads; does not change the bytes [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = value_parser!(u16).range(1..=256).map(usize::from))]
    pub jobs: Option<usize>,
    /// The time of all members, in seconds since 1970 [default: the build's time;
    /// with PATH, SOURCE_DATE_EPOCH or 1980-01-01]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(i64).range(0..))]
    pub epoch: Option<i64>,
    /// Also pack this: a file, directory or pattern of the source, or `FILE=NAME`; can be given
    /// several times
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Put PATH under this directory in the archive
    #[arg(long, value_name = "DIR")]
    pub prefix: Option<String>,
    /// The name in `<name>-<version>-<target>` [default: the package's]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The version in `<name>-<version>-<target>` [default: the package's]
    #[arg(long, value_name = "VERSION")]
    pub release: Option<String>,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Do not write SHA256SUMS next to the archive of PATH
    #[arg(long = "no-sums", action = ArgAction::SetFalse)]
    pub sums: bool,
    /// Pack a build of a dirty working tree, whose source cannot be retrieved
    #[arg(long)]
    pub allow_dirty: bool,
    /// Pack a build that was only compared with one in the same environment
    #[arg(long)]
    pub allow_nothing_varied: bool,
    /// Pack a build that was made once, with `repro build --once`, and not compared
    #[arg(long)]
    pub allow_single: bool,
    /// Pack a build that took units from a ledger instead of building all of them twice
    #[arg(long)]
    pub ledger_ok: bool,
    /// What is made.
    #[arg(skip)]
    pub formats: Vec<Packing>,
    /// Whether members are digested for the report.
    #[arg(skip)]
    pub detail: bool,
}

/// What `repro sbom` was asked for.
#[derive(Args, Clone, Debug, Default)]
pub struct SbomRequest {
    /// The manifest of a build [default: that of the last `repro build`]
    pub manifest: Option<PathBuf>,
    /// The name of a format.
    #[arg(skip)]
    pub format: String,
    /// Version of the format [default: 1.6 of CycloneDX, 2.3 of SPDX]
    #[arg(long, value_name = "VERSION")]
    pub spec: Option<String>,
    /// Directory to write to [default: `dist` of the last build, else that of the manifest]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH", conflicts_with = "manifest")]
    pub manifest_path: Option<PathBuf>,
}

/// What `repro attest` was asked for.
#[derive(Args, Clone, Debug)]
pub struct AttestRequest {
    /// The manifest of a build [default: that of the last `repro build`]
    pub manifest: Option<PathBuf>,
    /// URI that names you and the machine or service that built
    #[arg(long, value_name = "URI")]
    pub builder_id: Option<String>,
    /// Sign with this Ed25519 or P-256 key: PEM, or an OpenSSH key without a passphrase
    #[arg(long, value_name = "FILE", group = "signer", required_unless_present_any = ["ssh", "unsigned"])]
    pub key: Option<PathBuf>,
    /// Sign with ssh-keygen, for keys in an agent or a hardware token
    #[arg(long, value_name = "KEY", group = "signer")]
    pub ssh: Option<PathBuf>,
    /// Only write the statement, for cosign or another signer
    #[arg(long, group = "signer")]
    pub unsigned: bool,
    /// With --key, add the signature to a file of DSSE envelopes instead of writing a sigstore bundle
    #[arg(long, conflicts_with_all = ["ssh", "unsigned"])]
    pub dsse: bool,
    /// With --unsigned, write only the predicate, for the attestation action of a CI platform
    #[arg(long, conflicts_with_all = ["key", "ssh"])]
    pub predicate: bool,
    /// Print the public key of --key as PEM and for OpenSSH, and its id
    #[arg(long, conflicts_with_all = ["ssh", "unsigned", "dsse"])]
    pub print_key: bool,
    /// Attest a build that took units from a ledger instead of building all of them twice
    #[arg(long)]
    pub ledger_ok: bool,
    /// Directory to write to [default: `dist` of the last build, else that of the manifest]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH", conflicts_with = "manifest")]
    pub manifest_path: Option<PathBuf>,
}

/// The end of the year 9999: the last time that every format has room for, or clamps.
const LATEST: i64 = 253_402_300_799;

/// What `repro normalize` was asked for.
#[derive(Args, Clone, Debug)]
pub struct Normalize {
    /// The files to rewrite
    #[arg(value_name = "FILE", required_unless_present = "list_formats")]
    pub paths: Vec<PathBuf>,
    /// Clamp timestamps to this time, in seconds since 1970 [default: SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(i64).range(0..))]
    pub epoch: Option<i64>,
    /// Set every timestamp to this time, even earlier ones
    #[arg(long, value_name = "SECONDS", conflicts_with = "epoch")]
    #[arg(value_parser = value_parser!(i64).range(0..=LATEST))]
    pub set_time: Option<i64>,
    /// Normalize archives inside archives too
    #[arg(long)]
    pub recursive: bool,
    /// Change nothing; exit with 1 unless every file is in normal form
    #[arg(long)]
    pub check: bool,
    /// Change nothing; list the changes, member by member
    #[arg(long)]
    pub dry_run: bool,
    /// What a file may ask for.
    #[command(flatten)]
    pub limits: LimitArgs,
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
#[derive(Args, Clone, Debug)]
pub struct Inspect {
    /// Programs, libraries, or archives that contain them
    #[arg(value_name = "FILE", required = true)]
    pub paths: Vec<PathBuf>,
    /// What a file may ask for.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What `repro check` was asked for.
#[derive(Args, Clone, Debug, Default)]
pub struct Check {
    /// Packages, features and targets.
    #[command(flatten)]
    pub selection: Selection,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// CycloneDX or SPDX document in JSON that must name git dependencies with their commit
    #[arg(long, value_name = "FILE")]
    pub sbom: Option<PathBuf>,
    /// Names of rules.
    #[arg(skip)]
    pub allow: Vec<String>,
    /// Those whose findings are warnings.
    #[arg(skip)]
    pub warn: Vec<String>,
    /// Those whose findings are errors.
    #[arg(skip)]
    pub deny: Vec<String>,
}

/// What `repro rebuilderd-sync` was asked for.
#[derive(Args, Clone, Debug, Default)]
pub struct Sync {
    /// Manifests
    #[arg(required = true)]
    pub manifests: Vec<PathBuf>,
    /// Where each manifest and the files that it lists are published; `{name}` and `{version}` are
    /// those of the package
    #[arg(long, value_name = "URL")]
    pub base_url: String,
    /// The distribution, which is also the name of the worker's backend
    #[arg(long, value_name = "NAME", default_value = "crates")]
    pub distribution: String,
    /// The distribution's release
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
    /// The distribution's component
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
}

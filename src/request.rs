//! What a user asked for, as plain values: the command line and the project's metadata both end
//! up here, and nothing below knows about either.

use std::path::PathBuf;

use crate::limits::Limits;
use crate::variation::Selection as Variations;

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
    /// `--vary`.
    pub vary: Variations,
    /// The name in `/build/<name>`, where the project's metadata says one.
    pub name: Option<String>,
    /// `--keep`.
    pub keep: bool,
    /// `--expand`.
    pub expand: bool,
    /// False with `--no-builder`.
    pub builder: bool,
    /// `-v`.
    pub verbose: bool,
}

/// What `repro archive` was asked for.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// Files and directories to pack; none: the artifacts of the last proven build.
    pub paths: Vec<PathBuf>,
    /// `-o`.
    pub output: Option<PathBuf>,
    /// `--format`, names of formats.
    pub formats: Vec<String>,
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
    /// Whether members are digested for the report.
    pub detail: bool,
}

/// What `repro normalize` was asked for.
#[derive(Clone, Debug)]
pub struct Normalize {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// `--epoch`, in seconds since 1970.
    pub epoch: Option<i64>,
    /// `--check`.
    pub check: bool,
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

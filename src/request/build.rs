//! What `repro build` and the commands that build as it does were asked for: before and after the project's
//! metadata and the defaults are filled in.

use std::path::PathBuf;

use crate::sandbox::Mode;
use crate::variation::VariationSet;

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
        let profile = ["--profile".to_string(), self.profile().to_string()];
        profile.into_iter().chain(self.args_of(|_| true)).collect()
    }

    /// Those of its flags that are `wanted`, with their values; `--profile` is none of them.
    pub fn args_of(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut args = Vec::new();
        let lists = [
            ("--package", &self.packages),
            ("--bin", &self.bins),
            ("--features", &self.features),
            ("--target", &self.targets),
        ];
        for (flag, values) in lists.into_iter().filter(|(flag, _)| wanted(flag)) {
            args.extend(values.iter().flat_map(|value| [flag.to_string(), value.clone()]));
        }
        let switches = [
            ("--workspace", self.workspace),
            ("--lib", self.lib),
            ("--bins", self.all_bins),
            ("--all-features", self.all_features),
            ("--no-default-features", self.no_default_features),
        ];
        let given = switches.into_iter().filter(|(flag, on)| *on && wanted(flag));
        args.extend(given.map(|(flag, _)| flag.to_string()));
        args
    }
}

/// How the recipe's compiler flags reach rustc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inject {
    /// Appended to each rustc call by `RUSTC_WRAPPER`: the user's own flags stay where they are.
    #[default]
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

impl SourceChoice {
    /// The source of this Cargo.toml; none is the one of the current directory.
    pub fn of(manifest: Option<PathBuf>) -> SourceChoice {
        SourceChoice { manifest, ..SourceChoice::default() }
    }
}

/// Which ledger is used, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerChoice {
    /// Its directory; none for the one in the user's cache.
    pub dir: Option<PathBuf>,
    /// `--ledger-trust-cache`.
    pub trust_cache: bool,
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

/// A `repro build`, with the project's metadata and the defaults already in it.
#[derive(Clone, Debug)]
pub struct Build {
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
}

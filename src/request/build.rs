//! What `repro build` and the commands that build as it does were asked for: before and after the project's
//! metadata and the defaults are filled in.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{ArgAction, Args, ValueEnum, value_parser};

use super::offering::Offering;
use crate::sandbox::Mode;
use crate::variation::{Side, VARIATIONS, VariationSet};

const VARY: Offering<VariationSet> = Offering {
    read: VariationSet::of_flag,
    names: || ["none", "all"].into_iter().chain(VARIATIONS.iter().map(|v| v.text)).collect(),
};

const TARGET: Offering<String> =
    Offering { read: |name| Ok(name.to_string()), names: || TARGETS.to_vec() };
const PROFILE: Offering<String> = Offering { names: || vec!["release", "dev", "bench"], ..TARGET };

/// Targets that completions offer; any other can be given too.
const TARGETS: [&str; 14] = [
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "i686-unknown-linux-gnu",
    "armv7-unknown-linux-gnueabihf",
    "riscv64gc-unknown-linux-gnu",
    "x86_64-pc-windows-gnu",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "wasm32-unknown-unknown",
    "wasm32-wasip1",
];

/// Which packages, targets, features and profile cargo is to build, spelled as cargo's flags.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Package to build (same as cargo)
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Selection")]
    pub packages: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, help_heading = "Selection")]
    pub workspace: bool,
    /// Build only the library
    #[arg(long, help_heading = "Selection")]
    pub lib: bool,
    /// Build only this binary
    #[arg(long = "bin", value_name = "NAME", help_heading = "Selection")]
    pub bins: Vec<String>,
    /// Build all binaries
    #[arg(long = "bins", help_heading = "Selection")]
    pub all_bins: bool,
    /// Features to enable (same as cargo)
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = "Selection")]
    pub features: Vec<String>,
    /// Enable all features
    #[arg(long, help_heading = "Selection")]
    pub all_features: bool,
    /// Do not enable the `default` feature
    #[arg(long, help_heading = "Selection")]
    pub no_default_features: bool,
    /// Target triple; can be given several times
    #[arg(long = "target", value_name = "TRIPLE", value_parser = TARGET, hide_possible_values = true, help_heading = "Selection")]
    pub targets: Vec<String>,
    /// Profile [default: release]
    #[arg(long, value_name = "NAME", value_parser = PROFILE, hide_possible_values = true, help_heading = "Selection")]
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
        let flags = self.fields().into_iter().filter(|field| wanted(field.flag));
        let args = flags.flat_map(|Field { flag, value, .. }| match value {
            Chosen::List(values) => values.iter().flat_map(|v| [flag, v]).collect(),
            Chosen::Switch(true) => vec![flag],
            Chosen::Switch(false) | Chosen::Name(_) => Vec::new(),
        });
        args.map(str::to_string).collect()
    }

    /// All fields.
    pub fn fields(&self) -> [Field<'_>; 10] {
        use Chosen::{List, Name, Switch};
        let field = |flag, name, in_metadata, value| Field { flag, name, in_metadata, value };
        [
            field("--package", "packages", true, List(&self.packages)),
            field("--bin", "bins", false, List(&self.bins)),
            field("--features", "features", true, List(&self.features)),
            field("--target", "targets", true, List(&self.targets)),
            field("--workspace", "workspace", false, Switch(self.workspace)),
            field("--lib", "lib", false, Switch(self.lib)),
            field("--bins", "all-bins", false, Switch(self.all_bins)),
            field("--all-features", "all-features", true, Switch(self.all_features)),
            field(
                "--no-default-features",
                "no-default-features",
                true,
                Switch(self.no_default_features),
            ),
            field("--profile", "profile", true, Name(self.profile.as_deref())),
        ]
    }
}

/// A field of a selection.
pub struct Field<'a> {
    /// Its flag.
    pub flag: &'static str,
    /// Its name as a setting.
    pub name: &'static str,
    /// Whether a project's metadata can have it.
    pub in_metadata: bool,
    /// Its value.
    pub value: Chosen<'a>,
}

/// The value of a field.
#[derive(PartialEq, Eq)]
pub enum Chosen<'a> {
    /// Of a flag that can be given several times.
    List(&'a [String]),
    /// Of a flag without a value.
    Switch(bool),
    /// Of a flag that is given once.
    Name(Option<&'a str>),
}

impl Chosen<'_> {
    /// The value as text, if it is not the default.
    pub fn given(&self) -> Option<String> {
        let is_default =
            matches!(self, Chosen::List([]) | Chosen::Switch(false) | Chosen::Name(None));
        (!is_default).then(|| self.to_string())
    }
}

impl std::fmt::Display for Chosen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Chosen::List(values) => f.write_str(&values.join(",")),
            Chosen::Switch(on) => on.fmt(f),
            Chosen::Name(name) => f.write_str(name.unwrap_or_default()),
        }
    }
}

/// How the recipe's compiler flags reach rustc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Inject {
    /// Append to each rustc call; your own flags stay as they are
    #[default]
    Wrapper,
    /// Add to your flags in CARGO_ENCODED_RUSTFLAGS: produces the bytes that users of plain cargo get
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
#[derive(Args, Clone, Debug, Default)]
pub struct SourceChoice {
    /// Path of Cargo.toml
    #[arg(long = "manifest-path", value_name = "PATH", help_heading = "Source")]
    pub manifest: Option<PathBuf>,
    /// Build a copy of this directory, in git or not
    #[arg(id = "source", long, value_name = "DIR", conflicts_with_all = ["rev", "allow_dirty", "manifest"], help_heading = "Source")]
    pub directory: Option<PathBuf>,
    /// Build this commit instead of HEAD
    #[arg(long, value_name = "REV", conflicts_with = "allow_dirty", help_heading = "Source")]
    pub rev: Option<String>,
    /// Build the tracked files as they are, changed or not; recorded in the report and the manifest
    #[arg(long, help_heading = "Source")]
    pub allow_dirty: bool,
    /// What messages call the source where the user did not name its directory.
    #[arg(skip)]
    pub called: Option<String>,
    /// The time of a directory, where the archive that it was in says one.
    #[arg(skip)]
    pub time: Option<i64>,
    /// Files that are not copied with a directory.
    #[arg(skip)]
    pub without: Vec<PathBuf>,
    /// The objects of a repository are checked against their ids: it is someone else's.
    #[arg(skip)]
    pub untrusted: bool,
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
#[derive(Args, Clone, Default)]
pub struct BuildRequest {
    /// What cargo builds.
    #[command(flatten)]
    pub selection: Selection,
    /// The source.
    #[command(flatten)]
    pub source: SourceChoice,
    /// SOURCE_DATE_EPOCH, in seconds since 1970 [default: the variable, else the commit's time]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(i64).range(0..), help_heading = "Recipe")]
    pub epoch: Option<i64>,
    /// Pass this environment variable to the builds; can be given several times
    #[arg(long, value_name = "NAME", help_heading = "Recipe")]
    pub pass_env: Vec<String>,
    /// Pass on none that the source asks for: it is not trusted.
    #[arg(skip)]
    pub only_named: bool,
    /// How the recipe's flags reach rustc [default: wrapper]
    #[arg(long, value_name = "HOW", help_heading = "Recipe")]
    pub inject: Option<Inject>,
    /// Variations: `none`, `all`, names, or changes to the default such as `+clock,-umask`
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, value_parser = VARY, hide_possible_values = true, help_heading = "Recipe")]
    pub vary: Option<VariationSet>,
    /// Make both builds at `/build/<name>`, for crates that store their build path: the
    /// result is reproducible for everyone who builds there, as `repro verify` does. Needs bubblewrap
    #[arg(long, help_heading = "Recipe")]
    pub same_path: bool,
    /// Link the list of packages into programs and C libraries, as `cargo auditable` does: `cargo audit
    /// bin` and other scanners read it
    #[arg(long, help_heading = "Recipe")]
    pub auditable: bool,
    /// When to isolate the builds with bubblewrap: each gets its own /tmp, processes, user and
    /// hostname, and no network
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto", help_heading = "Recipe")]
    pub isolate: Mode,
    /// Let isolated builds use the network
    #[arg(long, help_heading = "Recipe")]
    pub network: bool,
    /// How many builds to make and compare, each in a different environment: more builds are less
    /// likely to miss a difference that does not always occur [default: 2]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(2..=Side::MOST as i64).map(usize::from), conflicts_with = "once", help_heading = "Recipe")]
    pub builds: Option<usize>,
    /// Build only what changed since it was last compared, and take everything else from the ledger in
    /// DIR [default: `repro/ledger` in the cache directory]. Links and build scripts are always made twice
    #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with_all = ["once", "builds"], help_heading = "Ledger")]
    pub ledger: Option<Option<PathBuf>>,
    /// Also use entries that a different machine wrote, such as those of a CI cache: whoever can write
    /// to the cache decides what they are
    #[arg(long, requires = "ledger", help_heading = "Ledger")]
    pub ledger_trust_cache: bool,
    /// Build once and compare nothing: writes a manifest that `repro verify --against` can compare with
    /// those of other builders
    #[arg(long, conflicts_with_all = ["vary", "expand", "html", "diffoscope"], help_heading = "Recipe")]
    pub once: bool,
    /// Print the recipe for this project and exit
    #[arg(long, help_heading = "Recipe")]
    pub show_recipe: bool,
    /// Expand the macros of a crate that differs, and show the first tokens that differ
    #[arg(long, help_heading = "Output")]
    pub expand: bool,
    /// Do not rerun crates that differ to confirm the cause
    #[arg(long = "no-replay", action = ArgAction::SetFalse, help_heading = "Output")]
    pub replay: bool,
    /// If the builds differ, try known remedies on scratch copies of the source and report which of them
    /// make the difference go away
    #[arg(long, conflicts_with = "once", help_heading = "Output")]
    pub try_remedies: bool,
    /// Write the remedies that helped to FILE, as a patch for `git apply`
    #[arg(long, value_name = "FILE", requires = "try_remedies", help_heading = "Output")]
    pub write_patch: Option<PathBuf>,
    /// Keep the temporary build directory and print its path
    #[arg(long, help_heading = "Output")]
    pub keep: bool,
    /// Do not record this machine's OS, linker and libraries in the manifest
    #[arg(long = "no-builder", action = ArgAction::SetFalse, help_heading = "Output")]
    pub builder: bool,
    /// List every artifact, each variation's values, and variables that were not passed to the builds
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
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

//! Arguments of `repro build`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::offering::Offering;
use super::output::OutputArgs;
use super::selection::SelectionArgs;
use crate::request::{BuildRequest, Inject, LedgerChoice, SourceChoice};
use crate::sandbox::Mode;
use crate::variation::{Side, VARIATIONS, VariationSet};

pub(super) const EXAMPLES: &str = "\
Examples:
  repro build                              the commit HEAD, release profile
  repro build -p mytool --features tls     one package of a workspace
  repro build --target x86_64-unknown-linux-musl
  repro build --rev v1.2.0                 another commit
  repro build --source DIR --epoch 0       a directory without git
  repro build --vary -clock,-umask         leave two variations out
  repro build --same-path                  both at /build/<name>, for crates that store their path
  repro build --builds 5                   more chances to see what differs only sometimes
  repro build --ledger                     faster: what did not change is not built again
  repro build --once                       one build, for `repro verify --against`
  repro build --format json >report.json   for scripts
  repro build --html report.html           a page with every difference side by side
  repro build --expand                     where a macro makes a crate differ
  repro build --try-remedies --write-patch fix.patch
  repro build --show-recipe                what is changed in the build, and why";

const VARY: Offering<VariationSet> = Offering {
    read: VariationSet::of_flag,
    names: || ["none", "all"].into_iter().chain(VARIATIONS.iter().map(|v| v.text)).collect(),
};

/// `--inject`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum InjectArg {
    Wrapper,
    Rustflags,
}

impl From<InjectArg> for Inject {
    fn from(arg: InjectArg) -> Inject {
        match arg {
            InjectArg::Wrapper => Inject::Wrapper,
            InjectArg::Rustflags => Inject::Rustflags,
        }
    }
}

/// `--isolate`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum IsolateArg {
    /// Where bubblewrap works; elsewhere, what it would have varied is listed as not varied
    Auto,
    /// Fail where bubblewrap does not work
    Always,
    /// Build scripts run with your permissions and network
    Never,
}

impl From<IsolateArg> for Mode {
    fn from(arg: IsolateArg) -> Mode {
        match arg {
            IsolateArg::Auto => Mode::Auto,
            IsolateArg::Always => Mode::Always,
            IsolateArg::Never => Mode::Never,
        }
    }
}

/// Arguments of `repro build`.
#[derive(Args)]
pub struct BuildArgs {
    #[command(flatten)]
    selection: SelectionArgs,

    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = "Source")]
    manifest_path: Option<PathBuf>,
    /// Build a copy of this directory, whether it is in git or not
    #[arg(long, value_name = "DIR", conflicts_with_all = ["rev", "allow_dirty", "manifest_path"], help_heading = "Source")]
    source: Option<PathBuf>,
    /// Build this commit instead of HEAD
    #[arg(long, value_name = "REV", conflicts_with = "allow_dirty", help_heading = "Source")]
    rev: Option<String>,
    /// Build the tracked files as they are, changed or not; recorded in the report and the manifest
    #[arg(long, help_heading = "Source")]
    allow_dirty: bool,

    /// SOURCE_DATE_EPOCH, in seconds since 1970 [default: the variable, else the commit's time]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..), help_heading = "Recipe")]
    epoch: Option<i64>,
    /// Pass this environment variable to the builds; can be given several times
    #[arg(long, value_name = "NAME", help_heading = "Recipe")]
    pass_env: Vec<String>,
    /// How the recipe's flags reach rustc: a wrapper keeps the user's own flags where they are,
    /// `rustflags` gives the bytes that users of plain cargo get [default: wrapper]
    #[arg(long, value_name = "HOW", help_heading = "Recipe")]
    inject: Option<InjectArg>,
    /// Variations: `none`, `all`, names, or changes of the default such as `+clock,-umask`
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, value_parser = VARY, hide_possible_values = true, help_heading = "Recipe")]
    vary: Option<VariationSet>,
    /// Make both builds at `/build/<name>`, for crates that store the path they were built at: the
    /// result is reproducible for everyone who builds there, as `repro verify` does. Needs bubblewrap
    #[arg(long, help_heading = "Recipe")]
    same_path: bool,
    /// Link the list of packages into programs and C libraries, as `cargo auditable` does: `cargo audit
    /// bin` and other scanners read it
    #[arg(long, help_heading = "Recipe")]
    auditable: bool,
    /// When to isolate the builds with bubblewrap: each gets its own /tmp, processes, user and
    /// hostname, and no network
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto", help_heading = "Recipe")]
    isolate: IsolateArg,
    /// Let isolated builds use the network
    #[arg(long, help_heading = "Recipe")]
    network: bool,
    /// How many builds to make and compare, each in a different environment: more builds are less
    /// likely to miss a difference that does not always occur [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=Side::MOST as i64), conflicts_with = "once", help_heading = "Recipe")]
    builds: Option<u8>,
    /// Build only what changed since it was last compared, and take everything else from the ledger in
    /// DIR [default: `repro/ledger` in the cache directory]. Links and build scripts are always made twice
    #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with_all = ["once", "builds"], help_heading = "Ledger")]
    ledger: Option<Option<PathBuf>>,
    /// Also use entries that a different machine wrote, such as those of a CI cache: whoever can write
    /// to the cache decides what they are
    #[arg(long, requires = "ledger", help_heading = "Ledger")]
    ledger_trust_cache: bool,
    /// Build once and compare nothing: makes a manifest that `repro verify --against` can compare with
    /// those of other builders
    #[arg(long, conflicts_with_all = ["vary", "expand", "html", "diffoscope"], help_heading = "Recipe")]
    pub once: bool,
    /// Exit with 0 also if nothing was varied, as with `--vary none`
    #[arg(long, help_heading = "Recipe")]
    pub allow_nothing_varied: bool,
    /// Print the recipe for this project and exit
    #[arg(long, help_heading = "Recipe")]
    pub show_recipe: bool,
    /// Print the table of variations and exit
    #[arg(long, help_heading = "Recipe")]
    pub list_variations: bool,

    /// Format of the report
    #[command(flatten)]
    pub output: OutputArgs,
    /// Expand the macros of a crate that differs, and show the first tokens that differ
    #[arg(long, help_heading = "Output")]
    expand: bool,
    /// Do not run a crate that differs again to confirm the cause
    #[arg(long, help_heading = "Output")]
    no_replay: bool,
    /// If the builds differ, try known remedies on scratch copies of the source and report which of them
    /// make the difference go away
    #[arg(long, conflicts_with = "once", help_heading = "Output")]
    try_remedies: bool,
    /// Write the remedies that helped to FILE, as a patch for `git apply`
    #[arg(long, value_name = "FILE", requires = "try_remedies", help_heading = "Output")]
    write_patch: Option<PathBuf>,
    /// Keep the temporary build directory and print its path
    #[arg(long, help_heading = "Output")]
    keep: bool,
    /// Do not record this machine's OS, linker and libraries in the manifest
    #[arg(long, help_heading = "Output")]
    no_builder: bool,
    /// List every artifact, each variation's values, and what was not passed to the builds
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

impl BuildArgs {
    /// The plain values.
    pub fn request(self) -> BuildRequest {
        BuildRequest {
            source: SourceChoice {
                manifest: self.manifest_path,
                directory: self.source,
                rev: self.rev,
                allow_dirty: self.allow_dirty,
                ..SourceChoice::default()
            },
            selection: self.selection.selection(),
            epoch: self.epoch,
            pass_env: self.pass_env,
            inject: self.inject.map(Inject::from),
            vary: self.vary,
            same_path: self.same_path,
            auditable: self.auditable,
            isolate: self.isolate.into(),
            network: self.network,
            builds: self.builds.map(usize::from),
            ledger: self
                .ledger
                .map(|dir| LedgerChoice { dir, trust_cache: self.ledger_trust_cache }),
            keep: self.keep,
            expand: self.expand,
            replay: !self.no_replay,
            try_remedies: self.try_remedies,
            write_patch: self.write_patch,
            builder: !self.no_builder,
            verbose: self.verbose,
            once: self.once,
            show_recipe: self.show_recipe,
        }
    }
}

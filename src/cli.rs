//! The command line: clap's types stop here. What is typed becomes plain request values.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::archive::formats;
use crate::limits::Limits;
use crate::request::{self, Inject, Selection, SourceChoice};
use crate::variation;

const EXIT_CODES: &str = "\
Exit codes:
  0  reproducible, or nothing to change
  1  it differs
  2  the command line is wrong
  3  a build failed: not a verdict
  4  refused before building: no lockfile or a stale one, dirty tree, unfit toolchain
  5  an input is malformed
  6  anything else of the host: disk full, a tool missing, permission
  130  interrupted";

const BUILD_EXAMPLES: &str = "\
Examples:
  repro build                              the commit HEAD, release profile
  repro build -p mytool --features tls     one package of a workspace
  repro build --target x86_64-unknown-linux-musl
  repro build --rev v1.2.0                 another commit
  repro build --source DIR --epoch 0       a directory without git
  repro build --vary -clock,-umask         leave two variations out
  repro build --format json >report.json   for scripts
  repro build --show-recipe                what is changed in the build, and why";

const ARCHIVE_EXAMPLES: &str = "\
Examples:
  repro archive                            the artifacts of the last proven build, with
                                           what [package.metadata.repro.archive] names
  repro archive --format tar.gz,tar.xz --include README.md --include 'LICENSE*'
  repro archive DIR -o out.tar.gz          the content of any directory
  repro archive a.txt doc -o out.tar.xz       a list of files and directories
  repro archive --show-policy              order, owners, modes and times, and why";

const NORMALIZE_EXAMPLES: &str = "\
Examples:
  repro normalize --epoch 1700000000 dist/*.tar.gz
  SOURCE_DATE_EPOCH=1700000000 repro normalize app.jar libx.a
  repro normalize --check --epoch 1700000000 x.zip    exit 1 if it would be changed
  repro normalize --list-formats";

const DIFF_EXAMPLES: &str = "\
Examples:
  repro diff mine.tar.gz theirs.tar.gz     what differs, and why
  repro diff --format json a.zip b.zip";

/// Makes, proves and explains bit-identical Rust builds.
#[derive(Parser)]
#[command(name = "repro", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Builds a project twice, differently on purpose, and compares every artifact.
    ///
    /// The source is a clean checkout of the commit HEAD, twice. Both builds run cargo with the
    /// same recipe, at the same time, in directories and environments that differ in everything
    /// that must not matter. The user's tree and cargo's target directory are not touched, but
    /// for `repro/` in the target directory.
    #[command(after_help = BUILD_EXAMPLES)]
    Build(Box<BuildArgs>),
    /// Packs proven artifacts, or any files, into archives whose bytes depend on content alone.
    ///
    /// Without PATH: the artifacts of the last `repro build`, one archive for each target, in
    /// `repro/dist/` of the target directory, with SHA256SUMS and the manifest beside them.
    /// Refused unless that build was reproducible, is of HEAD, and its files are still the ones
    /// that were proven.
    #[command(after_help = ARCHIVE_EXAMPLES)]
    Archive(Box<ArchiveArgs>),
    /// Rewrites files into a normal form: times, owners, order and leftover fields made fixed.
    ///
    /// In place, keeping permissions, and each file whole or not at all. Contents stay as they
    /// are; a file that is signed is left alone. A file in normal form is not touched.
    #[command(after_help = NORMALIZE_EXAMPLES)]
    Normalize(NormalizeArgs),
    /// Compares two files: the bytes, then what is in them, then what is said of it.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Prints a completion script for a shell.
    #[command(
        after_help = "Example:\n  repro completions bash >~/.local/share/bash-completion/completions/repro"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the man page.
    #[command(after_help = "Example:\n  repro man | man -l -")]
    Man,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object, schema `repro.report/1`.
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InjectArg {
    Wrapper,
    Rustflags,
}

/// Arguments of `repro build`.
#[derive(Args)]
pub struct BuildArgs {
    /// Package to build, as cargo's
    #[arg(
        short,
        long = "package",
        value_name = "SPEC",
        help_heading = "Selection"
    )]
    packages: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, help_heading = "Selection")]
    workspace: bool,
    /// Build only the library
    #[arg(long, help_heading = "Selection")]
    lib: bool,
    /// Build only this binary
    #[arg(long = "bin", value_name = "NAME", help_heading = "Selection")]
    bins: Vec<String>,
    /// Build all binaries
    #[arg(long = "bins", help_heading = "Selection")]
    all_bins: bool,
    /// Features to enable, as cargo's
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = "Selection")]
    features: Vec<String>,
    /// Enable all features
    #[arg(long, help_heading = "Selection")]
    all_features: bool,
    /// Do not enable the `default` feature
    #[arg(long, help_heading = "Selection")]
    no_default_features: bool,
    /// Target triple; can be given several times
    #[arg(long = "target", value_name = "TRIPLE", help_heading = "Selection")]
    targets: Vec<String>,
    /// Profile [default: release]
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    profile: Option<String>,

    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = "Source")]
    manifest_path: Option<PathBuf>,
    /// Build a copy of this directory, whether it is in git or not
    #[arg(long, value_name = "DIR", conflicts_with_all = ["rev", "allow_dirty", "manifest_path"], help_heading = "Source")]
    source: Option<PathBuf>,
    /// Build this commit instead of HEAD
    #[arg(
        long,
        value_name = "REV",
        conflicts_with = "allow_dirty",
        help_heading = "Source"
    )]
    rev: Option<String>,
    /// Build the tracked files as they are, changed or not; the report and the manifest say so
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
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, value_parser = variation::Selection::parse, help_heading = "Recipe")]
    vary: Option<variation::Selection>,
    /// Print the recipe for this project and stop
    #[arg(long, help_heading = "Recipe")]
    pub show_recipe: bool,
    /// Print the table of variations and stop
    #[arg(long, help_heading = "Recipe")]
    pub list_variations: bool,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    pub format: Format,
    /// Keep the scratch directory, and say where it is
    #[arg(long, help_heading = "Output")]
    keep: bool,
    /// Leave out what the manifest says of this machine
    #[arg(long, help_heading = "Output")]
    no_builder: bool,
    /// List every artifact, each variation's values, and what was not passed to the builds
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// What the command line leaves open, so that the project's metadata can fill it.
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
    pub vary: Option<variation::Selection>,
    /// `--keep`.
    pub keep: bool,
    /// Whether the manifest tells of this machine.
    pub builder: bool,
    /// `-v`.
    pub verbose: bool,
    /// `--show-recipe`.
    pub show_recipe: bool,
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
            },
            selection: Selection {
                packages: self.packages,
                workspace: self.workspace,
                lib: self.lib,
                bins: self.bins,
                all_bins: self.all_bins,
                features: self.features,
                all_features: self.all_features,
                no_default_features: self.no_default_features,
                targets: self.targets,
                profile: self.profile,
            },
            epoch: self.epoch,
            pass_env: self.pass_env,
            inject: self.inject.map(|i| match i {
                InjectArg::Wrapper => Inject::Wrapper,
                InjectArg::Rustflags => Inject::Rustflags,
            }),
            vary: self.vary,
            keep: self.keep,
            builder: !self.no_builder,
            verbose: self.verbose,
            show_recipe: self.show_recipe,
        }
    }
}

/// Arguments of `repro archive`.
#[derive(Args)]
pub struct ArchiveArgs {
    /// Files and directories to pack instead of a build; a single directory is packed by its content
    paths: Vec<PathBuf>,
    /// Where the archive of PATH goes; SHA256SUMS beside it gets its line
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Archive formats, and `json` for the report [default: by the name of -o; of a build `tar.gz`]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = format_names())]
    format: Vec<String>,
    /// Compression level [default: that of the format]
    #[arg(long, value_name = "N")]
    level: Option<u32>,
    /// Threads that compress; the bytes do not depend on it [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// The time of all members, in seconds since 1970 [default: the build's; of PATH
    /// SOURCE_DATE_EPOCH, else 1980-01-01]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    epoch: Option<i64>,
    /// Pack this too: a file, directory or pattern of the source, or `FILE=NAME`; can be given
    /// several times
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Put PATH under this directory in the archive
    #[arg(long, value_name = "DIR")]
    prefix: Option<String>,
    /// The name in `<name>-<version>-<target>` [default: the package's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The version in `<name>-<version>-<target>` [default: the package's]
    #[arg(long, value_name = "VERSION")]
    release: Option<String>,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Do not write SHA256SUMS beside the archive of PATH
    #[arg(long)]
    no_sums: bool,
    /// Print what archives say of their members, and why, and stop
    #[arg(long)]
    pub show_policy: bool,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    let names = formats::FORMATS.iter().map(|f| f.name);
    names.chain(["json"]).collect::<Vec<_>>().into()
}

impl ArchiveArgs {
    /// How the report is printed.
    pub fn report(&self) -> Format {
        match self.format.iter().any(|f| f == "json") {
            true => Format::Json,
            false => Format::Text,
        }
    }

    /// The plain values.
    pub fn request(self) -> request::Archive {
        request::Archive {
            detail: self.report() == Format::Json,
            paths: self.paths,
            output: self.output,
            formats: self.format.into_iter().filter(|f| f != "json").collect(),
            level: self.level,
            jobs: self.jobs.map(usize::from),
            epoch: self.epoch,
            include: self.include,
            prefix: self.prefix,
            name: self.name,
            release: self.release,
            manifest_path: self.manifest_path,
            sums: !self.no_sums,
        }
    }
}

/// What an archive may ask for before it is refused.
#[derive(Args)]
pub struct LimitArgs {
    /// Refuse archives with more members
    #[arg(long, value_name = "N", default_value_t = Limits::default().entries, help_heading = "Caps")]
    max_entries: u64,
    /// Refuse archives that unpack to more bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().bytes, help_heading = "Caps")]
    max_bytes: u64,
    /// Refuse archives that unpack to more times their size, past 64 MiB
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Caps")]
    max_ratio: u64,
}

impl LimitArgs {
    fn limits(&self) -> Limits {
        Limits {
            entries: self.max_entries,
            bytes: self.max_bytes,
            ratio: self.max_ratio,
        }
    }
}

/// Arguments of `repro normalize`.
#[derive(Args)]
pub struct NormalizeArgs {
    /// The files to rewrite
    #[arg(value_name = "FILE", required_unless_present = "list_formats")]
    paths: Vec<PathBuf>,
    /// Times after this become this, in seconds since 1970 [default: SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    epoch: Option<i64>,
    /// Change nothing; exit 1 if something would be changed
    #[arg(long)]
    check: bool,
    /// Print the formats and what is made fixed in each, and stop
    #[arg(long)]
    pub list_formats: bool,
    #[command(flatten)]
    limits: LimitArgs,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl NormalizeArgs {
    /// The plain values.
    pub fn request(self) -> request::Normalize {
        request::Normalize {
            paths: self.paths,
            epoch: self.epoch,
            check: self.check,
            limits: self.limits.limits(),
        }
    }
}

/// Arguments of `repro diff`.
#[derive(Args)]
pub struct DiffArgs {
    /// One file
    a: PathBuf,
    /// The other
    b: PathBuf,
    #[command(flatten)]
    limits: LimitArgs,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// List every difference
    #[arg(short, long)]
    pub verbose: bool,
}

impl DiffArgs {
    /// The plain values.
    pub fn request(self) -> request::Diff {
        request::Diff {
            a: self.a,
            b: self.b,
            limits: self.limits.limits(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

//! The command line: clap's types stop here. What is typed becomes plain request values.

pub mod archive;
pub mod build;
pub mod check;
pub mod diff;
pub mod env;
pub mod init;
pub mod limits;
pub mod normalize;
mod offering;
pub mod output;
pub mod rebuilderd;
pub mod selection;
pub mod verify;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use self::archive::ArchiveArgs;
use self::build::BuildArgs;
use self::check::CheckArgs;
use self::diff::DiffArgs;
use self::env::EnvArgs;
use self::init::InitArgs;
use self::normalize::NormalizeArgs;
use self::rebuilderd::{BackendArgs, SyncArgs};
use self::verify::VerifyArgs;
use crate::error::EXIT_CODES;

fn exit_codes() -> String {
    let rows = EXIT_CODES.iter().map(|(code, what)| format!("\n  {code}  {what}"));
    format!("Exit codes:{}", rows.collect::<String>())
}

/// When to use colors.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ColorArg {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<ColorArg> for anstream::ColorChoice {
    fn from(arg: ColorArg) -> anstream::ColorChoice {
        match arg {
            ColorArg::Auto => anstream::ColorChoice::Auto,
            ColorArg::Always => anstream::ColorChoice::Always,
            ColorArg::Never => anstream::ColorChoice::Never,
        }
    }
}

/// Makes, proves and explains bit-identical Rust builds.
#[derive(Parser)]
#[command(name = "repro", version, after_help = exit_codes())]
pub struct Cli {
    /// Run as if started in this directory
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = "Global options")]
    pub directory: Option<PathBuf>,
    /// Print no progress, only results, notes and errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// When to use colors [default: auto]
    #[arg(long, value_name = "WHEN", global = true, help_heading = "Global options")]
    pub color: Option<ColorArg>,
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
    #[command(after_help = build::EXAMPLES)]
    Build(Box<BuildArgs>),
    /// Tells from lockfile, manifests and sources what breaks reproducibility, before any build.
    ///
    /// Reads only: nothing is built, fetched or written. Dependencies are looked at as cargo
    /// resolves them for the target and the features; their sources must have been fetched.
    #[command(after_help = check::EXAMPLES)]
    Check(CheckArgs),
    /// Prints the recipe for people who run cargo themselves.
    ///
    /// For the tree and the machine at hand, or (`--format dockerfile`) for a container. The flags
    /// are joined to the user's own, as `repro build --inject rustflags` does.
    #[command(after_help = env::EXAMPLES)]
    Env(EnvArgs),
    /// Puts a release that proves itself into a project: workflow, Dockerfile, pins and guide.
    ///
    /// Shows what becomes of each file. A file that is there with another content stays as it is.
    #[command(after_help = init::EXAMPLES)]
    Init(InitArgs),
    /// Rebuilds what was published, from its source, and says whether it is the same.
    ///
    /// The source and the toolchain are checked against the manifest before anything of it runs;
    /// then its build is made once, at other paths, and compared byte for byte. Build scripts and
    /// macros of the source run on this machine, in a sandbox where bubblewrap works.
    #[command(after_help = verify::EXAMPLES)]
    Verify(Box<VerifyArgs>),
    /// Packs proven artifacts, or any files, into archives whose bytes depend on content alone.
    ///
    /// Without PATH: the artifacts of the last `repro build`, one archive for each target, in
    /// `repro/dist/` of the target directory, with SHA256SUMS and the manifest beside them.
    /// Refused unless that build was reproducible, is of HEAD, and its files are still the ones
    /// that were proven.
    #[command(after_help = archive::EXAMPLES)]
    Archive(Box<ArchiveArgs>),
    /// Rewrites files into a normal form: times, owners, order and leftover fields made fixed.
    ///
    /// In place, keeping permissions, and each file whole or not at all. Contents stay as they
    /// are; a file that is signed is left alone. A file in normal form is not touched.
    #[command(after_help = normalize::EXAMPLES)]
    Normalize(NormalizeArgs),
    /// Compares two files: the bytes, then what is in them, then what is said of it.
    #[command(after_help = diff::EXAMPLES)]
    Diff(DiffArgs),
    /// Rebuilds for rebuilderd's worker, which runs this with REBUILDERD_OUTDIR set.
    ///
    /// The rebuilt files and archives appear there if everything went well, and nothing else. The
    /// same as this program under the name `rebuilder-crates`.
    #[command(name = "rebuilderd-backend", after_help = rebuilderd::BACKEND_EXAMPLES)]
    RebuilderdBackend(BackendArgs),
    /// Prints manifests as `rebuildctl pkgs sync-stdin` takes them.
    #[command(name = "rebuilderd-sync", after_help = rebuilderd::SYNC_EXAMPLES)]
    RebuilderdSync(SyncArgs),
    /// Prints a completion script for a shell.
    #[command(
        after_help = "Example:\n  repro completions bash >~/.local/share/bash-completion/completions/repro"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the man pages, or writes one for each subcommand.
    #[command(
        after_help = "Examples:\n  repro man | man -l -\n  repro man --output ~/.local/share/man/man1"
    )]
    Man {
        /// Write one page for each subcommand into this directory
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

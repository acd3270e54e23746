//! The command line: the subcommands, their help, and the arguments that are not part of a request.
//! Only `entry` imports this module. A command gets a request, never the arguments of its subcommand.

pub mod archive;
pub mod attest;
pub mod build;
pub mod check;
pub mod diff;
pub mod docs;
pub mod env;
pub mod init;
pub mod inspect;
pub mod ledger;
pub mod normalize;
pub mod output;
pub mod rebuilderd;
pub mod sbom;
pub mod survey;
pub mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use self::archive::ArchiveArgs;
use self::build::BuildArgs;
use self::check::CheckArgs;
use self::diff::DiffArgs;
use self::env::EnvArgs;
use self::init::InitArgs;
use self::inspect::InspectArgs;
use self::ledger::LedgerArgs;
use self::normalize::NormalizeArgs;
use self::rebuilderd::BackendArgs;
use self::sbom::SbomArgs;
use self::survey::SurveyArgs;
use self::verify::VerifyArgs;
use crate::error::EXIT_CODES;
use crate::request::{AttestRequest, Sync};

fn exit_codes() -> String {
    let rows = EXIT_CODES.iter().map(|(code, what)| format!("\n  {code}  {what}"));
    format!("Exit codes:{}", rows.collect::<String>())
}

/// When to use colors.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ColorArg {
    /// If the output is a terminal.
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

/// Makes, checks and explains reproducible Rust builds.
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
    /// Builds a project twice in different environments and compares every artifact.
    ///
    /// Both builds are clean checkouts of the commit HEAD. They run cargo with the same recipe, at
    /// the same time, in directories and environments that differ in everything that should not
    /// affect the result. Your working tree is not touched; results go to `target/repro/`.
    #[command(after_help = build::EXAMPLES)]
    Build(Box<BuildArgs>),
    /// Finds what breaks reproducibility in the lockfile, manifests and sources, without building.
    ///
    /// Only reads: nothing is built, fetched or written. Checks dependencies as cargo
    /// resolves them for the target and the features; their sources must have been fetched.
    #[command(after_help = check::EXAMPLES)]
    Check(CheckArgs),
    /// Prints the recipe for people who run cargo themselves.
    ///
    /// For this source tree on this machine, or with `--format dockerfile` for a container. The
    /// flags are added to your own, as `repro build --inject rustflags` does.
    #[command(after_help = env::EXAMPLES)]
    Env(EnvArgs),
    /// Adds a reproducible-release setup to a project: GitHub workflow, Dockerfile, pinned
    /// toolchain and guide.
    ///
    /// Lists each file and what happens to it. Existing files that differ are left alone.
    #[command(after_help = init::EXAMPLES)]
    Init(InitArgs),
    /// Rebuilds a published release from source and checks that the bytes match.
    ///
    /// Checks the source and the toolchain against the manifest before it runs anything of the
    /// source, builds once, at different paths, and compares the files byte for byte. Build scripts
    /// and macros of the source run on this machine, in a sandbox where bubblewrap works.
    #[command(after_help = verify::EXAMPLES)]
    Verify(Box<VerifyArgs>),
    /// Packs verified artifacts, or any files, into byte-for-byte reproducible archives.
    ///
    /// Without PATH: the artifacts of the last `repro build`, one archive for each target, in
    /// `repro/dist/` of the target directory, with SHA256SUMS and the manifest.
    /// It refuses a build that was not reproducible, is not of HEAD, or whose files have changed since.
    #[command(after_help = archive::EXAMPLES)]
    Archive(Box<ArchiveArgs>),
    /// Writes a software bill of materials for each program and C library that was built.
    ///
    /// Lists the crates that were linked, with their features, and everything else that the
    /// linker took, as `repro build` recorded it. Resolves nothing again. The documents contain no
    /// timestamps or paths, so everyone who builds the same source gets the same documents.
    #[command(after_help = sbom::EXAMPLES)]
    Sbom(SbomArgs),
    /// Writes a signed statement of what was built from which source.
    ///
    /// SLSA provenance in an in-toto statement, about the artifacts, archives and SBOMs of the last
    /// `repro build`. Its bytes are the same for everyone who builds the same, apart from the name
    /// of the builder. `repro verify --keys` counts such statements.
    #[command(after_help = attest::EXAMPLES)]
    Attest(AttestRequest),
    /// Rewrites archives and other files into a normal form: fixed times, owners, order and leftover fields.
    ///
    /// Rewrites files in place and keeps their permissions; each file is replaced whole or not at
    /// all. Contents do not change. Leaves signed files, and files in normal form, alone.
    #[command(after_help = normalize::EXAMPLES)]
    Normalize(NormalizeArgs),
    /// Compares two files and explains how their contents and metadata differ.
    #[command(after_help = diff::EXAMPLES)]
    Diff(DiffArgs),
    /// Reports how a program or library was made: compiler, linker, target, crates, leaked paths.
    ///
    /// Reads the file and nothing else. Binaries in archives, wheels and packages are inspected too.
    #[command(after_help = inspect::EXAMPLES)]
    Inspect(InspectArgs),
    /// Lists, checks or shrinks the ledger of `repro build --ledger`.
    ///
    /// The ledger remembers the units whose outputs were equal in both builds, so that a repeated check
    /// builds twice only what changed.
    #[command(after_help = ledger::EXAMPLES)]
    Ledger(LedgerArgs),
    /// Builds published crates twice, one after another, and records a verdict for each.
    ///
    /// Each crate is fetched by cargo, unpacked and built as `repro build` does, in a sandbox without
    /// network, with its own Cargo.lock, its default features and the toolchain of the current
    /// directory. Each result is one line in `survey.jsonl` in DIR; a survey that was stopped continues
    /// where it stopped.
    #[command(after_help = survey::EXAMPLES)]
    Survey(SurveyArgs),
    /// Rebuilds for rebuilderd's worker, which runs this with REBUILDERD_OUTDIR set.
    ///
    /// If everything succeeds, writes the rebuilt files and archives there, and nothing else. The
    /// same as running this program under the name `rebuilder-crates`.
    #[command(name = "rebuilderd-backend", after_help = rebuilderd::BACKEND_EXAMPLES)]
    RebuilderdBackend(BackendArgs),
    /// Prints manifests in the format that `rebuildctl pkgs sync-stdin` reads.
    #[command(name = "rebuilderd-sync", after_help = rebuilderd::SYNC_EXAMPLES)]
    RebuilderdSync(Sync),
    /// Prints a completion script for a shell.
    #[command(
        after_help = "Examples:\n  repro completions bash >~/.local/share/bash-completion/completions/repro\n  repro completions zsh >~/.zfunc/_repro      with ~/.zfunc in fpath\n  repro completions fish >~/.config/fish/completions/repro.fish\n  repro completions powershell >>$PROFILE"
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

/// A command line.
pub struct Parsed {
    /// Its values.
    pub cli: Cli,
    /// The subcommand.
    pub command: String,
    /// Whether the subcommand was asked for JSON.
    pub json: bool,
}

/// Reads the command line. For a misspelled subcommand only the closest one is suggested; clap lists
/// all that are similar, the closest last.
///
/// # Errors
/// What clap found, to be printed.
pub fn parse(args: Vec<OsString>) -> Result<Parsed, clap::Error> {
    let parsed = Cli::command().try_get_matches_from(&args).map_err(|error| {
        // clap suggests nothing for `help biuld`.
        let of_help = args.get(1).is_some_and(|a| a == "help")
            && error.kind() == ErrorKind::InvalidSubcommand;
        let words = [args[..1].to_vec(), args.get(2..).unwrap_or_default().to_vec()].concat();
        let other = || Cli::command().try_get_matches_from(words).err();
        of_help.then(other).flatten().filter(|e| e.kind() == error.kind()).unwrap_or(error)
    });
    let mut matches = parsed.map_err(|mut error| {
        let similar = ContextKind::SuggestedSubcommand;
        if let Some(ContextValue::Strings(names)) = error.get(similar) {
            let closest = names.last().cloned().into_iter().collect();
            error.insert(similar, ContextValue::Strings(closest));
        } else if error.kind() == ErrorKind::InvalidSubcommand {
            let tip = "`repro --help` lists the commands".into();
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        }
        if let Some(tip) = tip(&error) {
            error.remove(ContextKind::SuggestedArg);
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
        error
    })?;
    let (command, of_command) = matches.subcommand().unwrap_or(("", &matches));
    let formats = of_command.try_get_raw("format").ok().flatten();
    let json = formats.is_some_and(|mut given| given.any(|format| format == "json"));
    let command = command.to_string();
    Ok(Parsed { cli: Cli::from_arg_matches_mut(&mut matches)?, command, json })
}

/// The subcommand of a command line that asks it for JSON, whether or not the rest can be parsed.
pub fn asked_for_json(args: &[OsString]) -> Option<String> {
    let words: Vec<&str> = args.iter().skip(1).filter_map(|a| a.to_str()).collect();
    let whole = Cli::command();
    let command = words.iter().find_map(|word| whole.find_subcommand(word))?;
    let has_json = |arg: &clap::Arg| {
        arg.get_long() == Some("format")
            && arg.get_possible_values().iter().any(|v| v.matches("json", false))
    };
    let is_json = |value: &str| value.split(',').any(|format| format == "json");
    let asked = words.windows(2).any(|two| two[0] == "--format" && is_json(two[1]))
        || words.iter().filter_map(|word| word.strip_prefix("--format=")).any(is_json);
    (asked && command.get_arguments().any(has_json)).then(|| command.get_name().to_string())
}

/// Options of cargo that people type first, and why they are not here.
const OF_CARGO: &[(&str, &str)] = &[
    ("--release", "the release profile is the default; `--profile NAME` selects a different one"),
    ("--debug", "`--profile dev` selects the debug profile"),
    ("--locked", "builds are always locked: Cargo.lock decides the versions"),
    ("--offline", "builds are always offline, after one `cargo fetch --locked`"),
    ("--frozen", "builds are always locked and offline"),
    ("-j", "the number of jobs is chosen for each build"),
    ("--jobs", "the number of jobs is chosen for each build"),
    ("--config", "set the key in `.cargo/config.toml`, where those who verify have it as well"),
    ("--target-dir", "set CARGO_TARGET_DIR, or `build.target-dir` in `.cargo/config.toml`"),
    ("--exclude", "select packages with `-p`, which can be given several times"),
];

/// The tip for an option that a command does not have.
fn tip(error: &clap::Error) -> Option<&'static str> {
    let typed = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(typed))) => typed,
        _ => return None,
    };
    OF_CARGO.iter().find(|(option, _)| option == typed).map(|(_, tip)| *tip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// One of the same name would be taken for it, and be missing.
    #[test]
    fn no_option_of_a_command_hides_a_global_one() {
        let whole = Cli::command();
        let global: Vec<_> = whole.get_arguments().map(clap::Arg::get_id).collect();
        for command in whole.get_subcommands() {
            let hides = |arg: &&clap::Arg| global.contains(&arg.get_id());
            assert_eq!(command.get_arguments().find(hides), None, "{}", command.get_name());
        }
    }

    #[test]
    fn a_misspelled_command_gets_a_tip_from_help_as_well() {
        let tip = |line: &str| {
            let error = parse(line.split(' ').map(OsString::from).collect()).err().unwrap();
            error.render().to_string()
        };
        for (line, wanted) in [
            ("repro biuld", "'build'"),
            ("repro help biuld", "'build'"),
            ("repro help zzz", "`repro --help` lists the commands"),
        ] {
            assert!(tip(line).contains(wanted), "{line}: {}", tip(line));
        }
    }

    #[test]
    fn no_line_of_the_examples_is_wrapped_by_clap() {
        for command in Cli::command().get_subcommands() {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let long: Vec<_> = text.lines().filter(|l| l.chars().count() > 100).collect();
            assert_eq!(long, [""; 0], "{}", command.get_name());
        }
    }
}

//! Parse, run, and the one map from outcome to exit code.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::cargo::wrapper;
use crate::cli::{Cli, Command, Format};
use crate::command::build::Outcome;
use crate::command::{archive, build, diff, docs, normalize, sync, verify};
use crate::error::{self, Kind};
use crate::report::{self, files, json, text};
use crate::{process, term};

/// What both binaries run.
pub fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    let program = args.first().cloned().unwrap_or_default();
    if let Some(dir) = wrapper::invoked_as(&program) {
        return wrapper::main(&dir, args.split_off(1));
    }
    // cargo calls `cargo-repro repro …`.
    let stem = Path::new(&program).file_stem();
    if stem.is_some_and(|s| s == "cargo-repro") && args.get(1).is_some_and(|a| a == "repro") {
        args.remove(1);
    }
    if stem.is_some_and(|s| s == "rebuilder-crates") {
        args.insert(1, "rebuilderd-backend".into());
    }
    term::set_up_colour();
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() {
                Kind::Usage.code()
            } else {
                0
            });
        }
    };
    let (name, format) = match &cli.command {
        Command::Build(args) => ("build", args.format),
        Command::Verify(args) => ("verify", args.format),
        Command::Archive(args) => ("archive", args.report()),
        Command::Normalize(args) => ("normalize", args.format),
        Command::Diff(args) => ("diff", args.format),
        Command::RebuilderdBackend(_) => ("rebuilderd-backend", Format::Text),
        Command::RebuilderdSync(_) => ("rebuilderd-sync", Format::Text),
        Command::Completions { .. } => ("completions", Format::Text),
        Command::Man => ("man", Format::Text),
    };
    match process::handle_signals().and_then(|()| run(cli.command)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(failed(name, format, &error)),
    }
}

fn run(command: Command) -> Result<u8> {
    match command {
        Command::Build(args) if args.list_variations => {
            print(&text::list_variations())?;
            Ok(0)
        }
        Command::Build(args) => {
            let (format, verbose) = (args.format, args.verbose);
            match (build::run(args.request())?, format) {
                (Outcome::Recipe(rows), Format::Text) => print(&text::recipe(&rows)).map(|()| 0),
                (Outcome::Recipe(rows), Format::Json) => print(&json::recipe(&rows)).map(|()| 0),
                (Outcome::Report(report), format) => {
                    print(&match format {
                        Format::Text => text::report(&report, verbose),
                        Format::Json => json::report(&report),
                    })?;
                    Ok(report.verdict.code())
                }
            }
        }
        Command::Verify(args) => {
            let (format, verbose) = (args.format, args.verbose);
            match (verify::run(args.request())?, format) {
                (verify::Outcome::Report(found), format) => {
                    print(&match format {
                        Format::Text => report::verify::text::report(&found, verbose),
                        Format::Json => report::verify::json::report(&found),
                    })?;
                    Ok(found.code())
                }
                (verify::Outcome::Several(found), format) => {
                    print(&match format {
                        Format::Text => report::verify::text::several(&found),
                        Format::Json => report::verify::json::several(&found),
                    })?;
                    Ok(found.agreement.code())
                }
            }
        }
        Command::Archive(args) if args.show_policy => print(&text::policy()).map(|()| 0),
        Command::Archive(args) => {
            let format = args.report();
            let outcome = archive::run(&args.request())?;
            print(&match format {
                Format::Text => text::archives(&outcome.archives, &outcome.notes),
                Format::Json => json::archives(&outcome.archives, &outcome.notes),
            })?;
            Ok(0)
        }
        Command::Normalize(args) if args.list_formats => print(&files::formats()).map(|()| 0),
        Command::Normalize(args) => {
            let format = args.format;
            let done = normalize::run(&args.request())?;
            for error in done.iter().filter_map(|d| d.result.as_ref().err()) {
                term::say(term::BAD, "error", &error::one_line(error));
            }
            print(&match format {
                Format::Text => files::normalized(&done),
                Format::Json => files::normalized_json(&done),
            })?;
            Ok(normalize::code(&done))
        }
        Command::Diff(args) => {
            let (format, verbose) = (args.format, args.verbose);
            let outcome = diff::run(&args.request())?;
            print(&match format {
                Format::Text => files::diff(&outcome, verbose),
                Format::Json => files::diff_json(&outcome),
            })?;
            Ok((!outcome.same).into())
        }
        Command::RebuilderdBackend(args) => {
            let done = verify::backend::run(&args.input, args.sandbox)?;
            for note in &done.notes {
                term::say(term::WARN, "note", note);
            }
            if !done.files.is_empty() {
                print(&done.files.join("\n"))?;
            }
            Ok(done.differs.into())
        }
        Command::RebuilderdSync(args) => print(&sync::run(&args.request())?).map(|()| 0),
        Command::Completions { shell } => docs::completions(shell).map(|()| 0),
        Command::Man => docs::man().map(|()| 0),
    }
}

/// The result, on standard output. A reader that went away does not make a failed run of it.
fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout();
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("failed to write to standard output"),
    }
}

fn failed(command: &str, format: Format, error: &anyhow::Error) -> u8 {
    let kind = error::kind_of(error);
    let details = error::details_of(error);
    if !details.is_empty() {
        let _ = writeln!(anstream::stderr(), "{details}");
    }
    let message = error::one_line(error);
    term::say(term::BAD, "error", &message);
    if format == Format::Json {
        let _ = print(&json::failure(command, kind.name(), &message));
    }
    kind.code()
}

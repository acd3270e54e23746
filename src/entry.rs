//! Parse, run, and the one map from outcome to exit code.
//! Commands return values. This module has them rendered, writes files first, and then prints the result: a file that
//! cannot be written must not follow a report on standard output.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::cargo::{mingw, wrapper};
use crate::cli::check::{CheckArgs, CheckFormat};
use crate::cli::env::{EnvArgs, EnvFormat};
use crate::cli::output::{Format, OutputArgs, ReportFormat};
use crate::cli::{self, Cli, Command, Parsed, docs};
use crate::command::build::Outcome;
use crate::command::{
    archive, attest, build, check, deliver, diff, env, init, inspect, ledger, normalize, sbom,
    survey, sync,
};
use crate::error::{self, Kind};
use crate::report::summary::{self, Summary};
use crate::report::{self, files, github, json, sarif, shell, text};
use crate::request::LedgerAction;
use crate::sandbox::start;
use crate::{fs, process, term, verify};

/// What the program runs.
pub fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    let program = args.first().cloned().unwrap_or_default();
    if let Some(dir) = wrapper::invoked_as(&program) {
        return wrapper::main(&dir, args.split_off(1));
    }
    if let Some(code) = mingw::main(&args) {
        return code;
    }
    if start::invoked_as(&program) {
        return start::main(&args[1..]);
    }
    #[cfg(unix)]
    process::keep_inherited_files();
    let stem = Path::new(&program).file_stem();
    if stem.is_some_and(|s| s == "rebuilder-crates") {
        args.insert(1, "rebuilderd-backend".into());
    }
    end_children_on_panic();
    term::set_up_color();
    let in_json = cli::asked_for_json(&args);
    let Parsed { cli, command, json } = match cli::parse(args) {
        Ok(parsed) => parsed,
        Err(e) => return unparsed(&e, in_json),
    };
    if let Some(color) = cli.color {
        anstream::ColorChoice::from(color).write_global();
    }
    if cli.quiet {
        term::be_quiet();
    }
    let annotate = match &cli.command {
        Command::Build(args) => args.output.format == ReportFormat::Github,
        Command::Diff(args) => args.output.format == ReportFormat::Github,
        _ => false,
    };
    let failing = move |error: &anyhow::Error| {
        if annotate {
            let kind = error::kind_of(error).name();
            let _ = print(&github::failure(&command, kind, &error::one_line(error)));
        }
        failed(&command, json, error)
    };
    let interrupted = failing.clone();
    // A computation does not ask whether it should go on.
    let give_up = move || {
        fs::remove_listed();
        std::process::exit(interrupted(&process::interruption()).into());
    };
    let entered = enter(cli.directory.as_deref()).and_then(|()| process::handle_signals(give_up));
    ExitCode::from(entered.and_then(|()| run(cli.command)).unwrap_or_else(|e| failing(&e)))
}

/// Help, or a mistake on the command line.
fn unparsed(error: &clap::Error, in_json: Option<String>) -> ExitCode {
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    if let Some(command) = in_json {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let _ = print(&json::failure(&command, Kind::Usage.name(), message));
    }
    ExitCode::from(Kind::Usage.code())
}

/// A panic does not unwind in a release build: nothing else would end the children. The next run removes
/// the scratch directory, and the exit code is the one that an unwound panic has.
fn end_children_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        print(info);
        process::stop_all();
        std::process::exit(101);
    }));
}

/// `-C`: everything that is given relatively is meant from there.
fn enter(dir: Option<&Path>) -> Result<()> {
    let Some(dir) = dir else { return Ok(()) };
    std::env::set_current_dir(dir)
        .map_err(|e| error::usage(format!("failed to enter `{}`: {e}", dir.display())))
}

fn run(command: Command) -> Result<u8> {
    match command {
        Command::Build(args) if args.list_variations => print(&text::list_variations()),
        Command::Build(args) if args.request.once && args.output.format == ReportFormat::Github => {
            Err(error::usage(
                "`--once` compares nothing that could be annotated: leave out `--format github`",
            ))
        }
        Command::Build(args) => {
            let files = args.output.html.iter().chain(&args.request.write_patch);
            files.into_iter().try_for_each(|file| fs::check_file(file))?;
            let (output, verbose) = (args.output.clone(), args.request.verbose);
            let accepted = args.allow_nothing_varied;
            match build::run(args.request)? {
                Outcome::Recipe(rows) if output.format == ReportFormat::Json => {
                    print(&json::recipe(&rows))
                }
                Outcome::Recipe(rows) => print(&text::recipe(&rows)),
                Outcome::Report(report) => {
                    let text = || text::report(&report, verbose);
                    let summary = summary::of_build(&report);
                    let pair = build::differing(&report);
                    deliver(&output, &summary, pair, text, || json::report(&report))?;
                    Ok(report.verdict.code(accepted))
                }
            }
        }
        Command::Check(args) => run_check(args),
        Command::Env(args) => run_env(args),
        Command::Init(args) => {
            let format = args.format;
            let report = init::run(args.request())?;
            show(format, || text::init::report(&report), || json::init::report(&report))
        }
        Command::Verify(args) => {
            let (format, verbose) = (args.format, args.request.verbose);
            match verify::run(args.request())? {
                verify::Outcome::Report(found, signed) => {
                    show(
                        format,
                        || text::verify::report(&found, &signed, verbose),
                        || json::verify::report(&found, &signed),
                    )?;
                    Ok(found.code())
                }
                verify::Outcome::Attested(found, signed) => {
                    show(
                        format,
                        || text::attested::text(&found, &signed, verbose),
                        || json::attested::attested(&found, &signed),
                    )?;
                    Ok(found.code())
                }
                verify::Outcome::Several(found) => {
                    show(
                        format,
                        || text::several::text(&found),
                        || json::several::several(&found),
                    )?;
                    Ok(found.agreement.code())
                }
            }
        }
        Command::Archive(args) if args.show_policy => print(&text::policy()),
        Command::Archive(args) => {
            let format = args.report();
            let done = archive::run(&args.request())?;
            let (archives, images, notes) = (&done.archives, &done.images, &done.notes);
            let text = || text::archives(archives, images, done.beside, notes);
            show(format, text, || json::archives(archives, images, notes))
        }
        Command::Attest(args) => match attest::run(&args)? {
            attest::Done::Written(paths) => print(&text::written(&paths)),
            attest::Done::Key(text) => print(&text),
        },
        Command::Sbom(args) => print(&text::written(&sbom::run(&args.request())?)),
        Command::Normalize(args) if args.list_formats => print(&files::formats()),
        Command::Normalize(args) => {
            let format = args.format;
            let (check, detail) = (args.request.check, args.request.dry_run);
            let done = normalize::run(&args.request)?;
            for error in done.iter().filter_map(|d| d.result.as_ref().err()) {
                term::say(term::BAD, "error", &error::one_line(error));
            }
            let text = || files::normalized(&done, detail);
            show(format, text, || files::normalized_json(&done))?;
            Ok(normalize::code(&done, check))
        }
        Command::Diff(args) if args.list_causes => print(&text::causes()),
        Command::Diff(args) => {
            args.output.html.iter().try_for_each(|file| fs::check_file(file))?;
            let (output, verbose) = (args.output.clone(), args.verbose);
            let outcome = diff::run(&args.request())?;
            let text = || files::diff(&outcome, verbose);
            let summary = summary::of_diff(&outcome);
            let pair = (outcome.a.path.clone(), outcome.b.path.clone());
            let pair = (!outcome.same).then_some(pair);
            deliver(&output, &summary, pair, text, || files::diff_json(&outcome))?;
            Ok((!outcome.same).into())
        }
        Command::Inspect(args) => {
            let (format, verbose) = (args.format, args.verbose);
            let files = inspect::run(&args.request)?;
            let text = || report::inspect::text(&files, verbose);
            show(format, text, || report::inspect::json(&files))
        }
        Command::Ledger(args) => {
            let format = args.format;
            let report = ledger::run(&args.request)?;
            show(format, || report.text(), || report.json())?;
            Ok(report.code(args.request.action == LedgerAction::Verify))
        }
        Command::Survey(args) => {
            args.markdown.iter().try_for_each(|page| fs::check_file(page))?;
            let survey = survey::run(&args.request)?;
            if let Some(page) = args.markdown {
                fs::write_atomic(&fs::through_link(&page), survey.markdown().as_bytes())?;
            }
            print(&survey.text())?;
            Ok(survey.code())
        }
        Command::RebuilderdBackend(args) => {
            let done = verify::backend::run(&args.input, args.sandbox.mode())?;
            for note in &done.notes {
                term::say(term::WARN, "note", note);
            }
            if !done.files.is_empty() {
                print(&done.files.join("\n"))?;
            }
            Ok(done.differs.into())
        }
        Command::RebuilderdSync(args) => print(&sync::run(&args)?),
        Command::Completions { shell } => docs::completions(shell, Cli::command()).map(|()| 0),
        Command::Man { output } => docs::man(Cli::command(), output.as_deref()).map(|()| 0),
    }
}

/// Prints a report in the form that was asked for, and delivers it in the others: exit code 0. What is written to
/// files comes first: a failure to do so must not follow a report on standard output.
fn deliver(
    output: &OutputArgs,
    summary: &Summary,
    pair: Option<(PathBuf, PathBuf)>,
    text: impl Fn() -> String,
    json: impl Fn() -> String,
) -> Result<u8> {
    if let Some(path) = &output.html {
        deliver::page(path, summary)?;
        term::say(term::BOLD, "wrote", &path.display().to_string());
    }
    if output.format == ReportFormat::Github {
        deliver::step_summary(summary)?;
    }
    match output.format {
        ReportFormat::Text => print(&text())?,
        ReportFormat::Json => print(&json())?,
        ReportFormat::Github => print(&(text() + &github::annotations(summary)))?,
    };
    if output.diffoscope {
        let json = output.format == ReportFormat::Json;
        deliver::diffoscope(pair.as_ref(), &|line| {
            // JSON has standard output to itself.
            let _ = match json {
                true => writeln!(anstream::stderr(), "{line}"),
                false => writeln!(anstream::stdout(), "{line}"),
            };
        });
    }
    Ok(0)
}

fn run_check(args: CheckArgs) -> Result<u8> {
    if args.list_rules {
        return print(&text::check::rules());
    }
    if let Some(id) = &args.explain {
        return print(&text::check::explain(check::rule(id)?));
    }
    let (format, verbose) = (args.format, args.verbose);
    let report = check::run(args.request())?;
    print(&match format {
        CheckFormat::Text => text::check::report(&report, verbose),
        CheckFormat::Json => json::check::report(&report),
        CheckFormat::Sarif => sarif::of(&report),
        CheckFormat::Github => github::check::of(&report),
    })?;
    Ok(report.code())
}

fn run_env(args: EnvArgs) -> Result<u8> {
    let format = args.format;
    let place = match format {
        EnvFormat::Dockerfile => env::Where::Container,
        _ => env::Where::Here,
    };
    let report = env::run(args.request(), place)?;
    for note in &report.notes {
        term::say(term::WARN, "note", note);
    }
    // As it is, with the control characters that it may hold.
    let text = match format {
        EnvFormat::Sh => shell::sh(&report),
        EnvFormat::Fish => shell::fish(&report),
        EnvFormat::Powershell => shell::powershell(&report),
        EnvFormat::Dockerfile => shell::dockerfile(&report),
        EnvFormat::Github => shell::github(&report),
        EnvFormat::Json => json::env::report(&report),
    };
    written(std::io::stdout(), &text)
}

/// Prints a result in the form that was asked for, as `print` does.
fn show(
    format: Format,
    text: impl FnOnce() -> String,
    json: impl FnOnce() -> String,
) -> Result<u8> {
    print(&match format {
        Format::Text => text(),
        Format::Json => json(),
    })
}

/// Prints a result to standard output: exit code 0. A reader that went away does not make a failed run of it.
fn print(text: &str) -> Result<u8> {
    written(anstream::stdout(), text)
}

fn written(mut out: impl Write, text: &str) -> Result<u8> {
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => {}
        other => other.context("failed to write to standard output")?,
    }
    Ok(0)
}

fn failed(command: &str, json: bool, error: &anyhow::Error) -> u8 {
    let kind = error::kind_of(error);
    let details = error::details_of(error);
    if !details.is_empty() {
        let _ = writeln!(anstream::stderr(), "{details}");
    }
    let message = error::one_line(error);
    term::say(term::BAD, "error", &message);
    if json {
        let _ = print(&json::failure(command, kind.name(), &message));
    }
    kind.code()
}

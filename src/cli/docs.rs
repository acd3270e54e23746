//! `repro completions` and `repro man`: generated from the definition of the command line and the
//! tables of exit codes and variables.
//! `docs/man` and `docs/completions` are this output; a test fails if they are out of date.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::error::EXIT_CODES;
use crate::fs;

/// The variables that change what `repro` itself does.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("SOURCE_DATE_EPOCH", "The time of the recipe in seconds since 1970, without --epoch."),
    ("RUSTC, RUSTC_WRAPPER", "The compiler and a wrapper of it, as in cargo."),
    ("CARGO_BUILD_TARGET", "The target, without --target, as in cargo."),
    ("CARGO_HOME", "Where cargo keeps downloaded crates and its configuration."),
    ("TMPDIR", "Where the temporary build directories are made."),
    ("NO_COLOR, CLICOLOR_FORCE, CARGO_TERM_COLOR", "Colors off or on, without --color."),
];

/// Files that it reads and writes, next to Cargo.toml.
const FILES: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[package.metadata.repro] and [workspace.metadata.repro] hold the project's settings.",
    ),
    ("target/repro/repro.json", "The manifest of the last build."),
    ("target/repro/artifacts/", "The files that it built."),
    ("target/repro/a/, target/repro/b/", "Both sides of the files that differ."),
    (
        "target/repro/dist/",
        "The release that `repro archive` packs: archives, SHA256SUMS and repro.json.",
    ),
];

/// In bash, `cargo repro`. Everything else is left to cargo's own completions.
const CARGO_IN_BASH: &str = r#"
_repro_of_cargo() {
    if [[ "${COMP_WORDS[1]}" == repro && "$COMP_CWORD" -gt 1 ]]; then
        COMP_WORDS=(repro "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _repro repro "$2" "$3"
        return
    fi
    declare -F _cargo >/dev/null || _completion_loader cargo 2>/dev/null
    ! declare -F _cargo >/dev/null || _cargo "$@"
}
complete -F _repro_of_cargo -o bashdefault -o default cargo
"#;

/// Writes a completion script to standard output.
pub fn completions(shell: clap_complete::Shell, mut whole: Command) -> Result<()> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut whole, "repro", &mut bytes);
    if shell == clap_complete::Shell::Bash {
        bytes.extend_from_slice(CARGO_IN_BASH.as_bytes());
    }
    print(&bytes)
}

/// Writes the man pages: one for each subcommand into a directory, or all to standard output.
pub fn man(whole: Command, dir: Option<&Path>) -> Result<()> {
    let pages = pages(whole).context("failed to render the man pages")?;
    let Some(dir) = dir else {
        return print(&pages.into_iter().flat_map(|(_, page)| page).collect::<Vec<_>>());
    };
    fs::create_dir(dir)?;
    pages.iter().try_for_each(|(name, page)| fs::write(&dir.join(format!("{name}.1")), page))
}

/// Each page with its name; that of the program comes first.
fn pages(mut whole: Command) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    whole.build();
    let subs = whole.get_subcommands().filter(|s| s.get_name() != "help");
    let commands: Vec<&Command> = std::iter::once(&whole).chain(subs).collect();
    let name = |c: &Command| c.get_display_name().unwrap_or(c.get_name()).to_string();
    let names: Vec<String> = commands.iter().map(|c| name(c)).collect();
    let page = |command: &&Command| {
        let own = name(command);
        let mut bytes = Vec::new();
        page(command, &mut bytes)?;
        let others = names.iter().filter(|n| **n != own);
        see_also(others).to_writer(&mut bytes)?;
        Ok((own, bytes))
    };
    commands.iter().map(page).collect()
}

fn page(command: &Command, out: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(command.clone()).source(concat!("repro ", env!("CARGO_PKG_VERSION")));
    man.render_title(out)?;
    man.render_name_section(out)?;
    synopsis(command).to_writer(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    let mut rest = Roff::new();
    let codes = EXIT_CODES.iter().map(|(code, what)| (code.to_string(), *what));
    table(&mut rest, "EXIT STATUS", codes);
    for (title, rows) in [("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)] {
        table(&mut rest, title, rows.iter().map(|(n, what)| (n.to_string(), *what)));
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for part in after.split("\n\n") {
        match part.split_once('\n').filter(|(head, _)| head.starts_with("Example")) {
            Some((_, lines)) => {
                rest.control("SH", ["EXAMPLES"]).control("nf", []);
                for line in lines.lines() {
                    rest.text([roman(line.trim_start())]);
                }
                rest.control("fi", []);
            }
            // The table of exit codes has its section.
            None if part.starts_with("Exit codes:") || part.is_empty() => {}
            None => {
                rest.control("SH", ["NOTES"]).text([roman(part)]);
            }
        }
    }
    rest.to_writer(out)
}

/// The options with their values: clap_mangen leaves those out.
fn synopsis(command: &Command) -> Roff {
    let mut line = vec![bold(command.get_bin_name().unwrap_or(command.get_name()))];
    let (of_place, options): (Vec<_>, Vec<_>) =
        command.get_arguments().filter(|a| !a.is_hide_set()).partition(|a| a.is_positional());
    line.extend(options.iter().map(|a| roman(format!(" [{a}]"))));
    line.extend(of_place.iter().map(|a| roman(format!(" {a}"))));
    if command.has_subcommands() {
        line.push(roman(" <COMMAND>"));
    }
    let mut out = Roff::new();
    out.control("SH", ["SYNOPSIS"]).text(line);
    out
}

fn table<'a>(out: &mut Roff, title: &str, rows: impl Iterator<Item = (String, &'a str)>) {
    out.control("SH", [title]);
    for (name, what) in rows {
        out.control("TP", []).text([bold(name)]).text([roman(what)]);
    }
}

fn see_also<'a>(names: impl Iterator<Item = &'a String>) -> Roff {
    let list = names.map(|n| format!("{n}(1)")).chain(["cargo(1)".to_string()]);
    let mut out = Roff::new();
    out.control("SH", ["SEE ALSO"]).text([roman(list.collect::<Vec<_>>().join(", "))]);
    out
}

/// A reader that went away, such as `head`, does not make a failed run of it.
fn print(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("failed to write to standard output"),
    }
}

//! `repro completions` and `repro man`: generated from the definition of the command line.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Command;

/// Writes a completion script to standard output.
pub fn completions(shell: clap_complete::Shell, mut whole: Command) -> Result<()> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut whole, "repro", &mut bytes);
    print(&bytes)
}

/// Writes the man page, with one section for each subcommand, to standard output.
pub fn man(whole: Command) -> Result<()> {
    let mut bytes = Vec::new();
    let mut page = |command: Command| {
        clap_mangen::Man::new(command).render(&mut bytes).context("failed to render the man page")
    };
    page(whole.clone())?;
    for sub in whole.get_subcommands() {
        let name = format!("repro-{}", sub.get_name());
        page(sub.clone().name(name))?;
    }
    print(&bytes)
}

fn print(bytes: &[u8]) -> Result<()> {
    std::io::stdout().write_all(bytes).context("failed to write to standard output")
}

//! `cargo repro …`: runs the `repro` next to it, or else the one in PATH. cargo calls `cargo-repro
//! repro …`. It uses nothing from the library, to stay small.

use std::io::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|a| a == "repro") {
        args.remove(0);
    }
    let name = PathBuf::from("repro").with_extension(std::env::consts::EXE_EXTENSION);
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(&name));
    let program = beside.filter(|p| p.is_file()).unwrap_or(name);
    match run(Command::new(&program).args(args)) {
        Ok(code) => code,
        Err(e) => {
            let program = program.display();
            eprintln!(
                "error: failed to run `{program}`: {e}: install `repro` next to `cargo-repro`"
            );
            ExitCode::from(6)
        }
    }
}

/// Becomes the program: returns only if that fails.
#[cfg(unix)]
fn run(command: &mut Command) -> Result<ExitCode, Error> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn run(command: &mut Command) -> Result<ExitCode, Error> {
    let code = command.status()?.code().unwrap_or(6);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(6)))
}

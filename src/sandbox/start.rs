//! How a command starts in a sandbox. Process ids begin at 1 in each, so two builds could have the
//! same ids by that alone; one that stores an id would then pass. Here ids are used up first, a
//! different number on each side, before the command is started.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Where a sandbox has a link to this program: it tells what is wanted by its name.
pub(super) const INSIDE: &str = "/run/start-of-build";

/// Whether this process was started to start another.
pub fn invoked_as(program: &OsStr) -> bool {
    Path::new(program) == Path::new(INSIDE)
}

/// `args` are how many ids to use up, and the command.
pub fn main(args: &[OsString]) -> ExitCode {
    let [count, program, args @ ..] = args else {
        return ExitCode::FAILURE;
    };
    for _ in 0..count.to_str().and_then(|c| c.parse().ok()).unwrap_or(0) {
        // A thread has an id as a process has.
        let _ = std::thread::spawn(|| {}).join();
    }
    let mut command = Command::new(program);
    command.args(args);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    match command.status() {
        // As a shell has it for one that a signal ended.
        Ok(status) => ExitCode::from(status.code().map_or(128, |code| code as u8)),
        Err(error) => {
            eprintln!("error: failed to run `{}`: {error}", program.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}

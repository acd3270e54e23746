//! How a command starts in a sandbox. Process ids begin at 1 in each, so two builds could have the
//! same ids by that alone; one that stores an id would then pass. Here ids are used up first, a
//! different number on each side, before the command is started; it leads a session of its own, so
//! the ids of its session and group differ as well.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Where a sandbox has a link to this program, which sees by this name that it is to start a command.
pub(super) const INSIDE: &str = "/run/start-of-build";

/// Whether this process was started to start another.
pub fn invoked_as(program: &OsStr) -> bool {
    Path::new(program) == Path::new(INSIDE)
}

/// In place of the number: the command itself is to be started.
const LEAD: &str = "lead";

/// `args` are how many ids to use up, and the command.
pub fn main(args: &[OsString]) -> ExitCode {
    let [count, command @ ..] = args else { return ExitCode::FAILURE };
    if count == LEAD {
        return lead(command);
    }
    for _ in 0..count.to_str().and_then(|c| c.parse().ok()).unwrap_or(0) {
        // A thread has an id as a process has.
        let _ = std::thread::spawn(|| {}).join();
    }
    // bubblewrap has made this process a leader already, and only another one can become a leader.
    match Command::new(INSIDE).arg(LEAD).args(command).status() {
        // As a shell has it for one that a signal ended.
        Ok(status) => ExitCode::from(status.code().map_or(128, |code| code as u8)),
        Err(error) => failed(command, &error),
    }
}

/// Makes this process the leader of a session, and then the command.
fn lead(command: &[OsString]) -> ExitCode {
    let [program, args @ ..] = command else { return ExitCode::FAILURE };
    let mut run = Command::new(program);
    run.args(args);
    #[cfg(target_os = "linux")]
    let error = {
        let _ = rustix::process::setsid();
        leave_key_ring();
        std::os::unix::process::CommandExt::exec(&mut run)
    };
    #[cfg(not(target_os = "linux"))]
    let error = std::io::Error::from(std::io::ErrorKind::Unsupported);
    failed(command, &error)
}

/// Gives this process a key ring of its own. No namespace divides those of sessions, and both builds would
/// have that of the user's login, where one can leave a value for the other.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn leave_key_ring() {
    use std::ffi::{c_char, c_long};
    unsafe extern "C" {
        fn syscall(number: c_long, ...) -> c_long;
    }
    const KEYCTL: c_long = if cfg!(target_arch = "x86_64") { 250 } else { 219 };
    const JOIN_SESSION: c_long = 1;
    // SAFETY: takes a number and no name; a kernel without key rings refuses it.
    unsafe { syscall(KEYCTL, JOIN_SESSION, std::ptr::null::<c_char>()) };
}

fn failed(command: &[OsString], error: &std::io::Error) -> ExitCode {
    let program = command.first().map(|p| p.to_string_lossy()).unwrap_or_default();
    eprintln!("error: failed to run `{program}`: {error}");
    ExitCode::FAILURE
}

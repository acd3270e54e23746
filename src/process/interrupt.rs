//! Signals, and ending child processes: the list of those that run, and the handler that ends
//! them all. A child is in the list from its start to its last wait; once the run has stopped, none
//! is started.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::error::{Kind, failure};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The run was interrupted and is about to end.
static NOTICED: AtomicBool = AtomicBool::new(false);
static STOPPED: AtomicBool = AtomicBool::new(false);
static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

/// A child that a signal must end: with its whole group where it leads one.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) group: bool,
}

/// Whether a signal has asked `repro` to stop.
pub fn interrupted() -> bool {
    let interrupted = INTERRUPTED.load(Ordering::SeqCst);
    NOTICED.fetch_or(interrupted, Ordering::SeqCst);
    interrupted
}

/// Whether children are kept from being started.
pub(super) fn stopped() -> bool {
    STOPPED.load(Ordering::SeqCst)
}

/// Enters a child that was just started; it is asked to end if that was too late.
pub(super) fn enter(child: Running) {
    RUNNING.lock().expect("no panic holds this lock").push(child);
    if stopped() || interrupted() {
        end(child, false);
    }
}

/// Takes a child that has ended out of the list.
pub(super) fn leave(child: Running) {
    RUNNING.lock().expect("no panic holds this lock").retain(|r| *r != child);
}

/// An error once a signal has asked `repro` to stop.
pub fn check_interrupt() -> Result<()> {
    if interrupted() { Err(interruption()) } else { Ok(()) }
}

/// What an interrupted run ends with.
pub fn interruption() -> anyhow::Error {
    failure(Kind::Interrupted, "interrupted")
}

/// How long a run that was interrupted may take to notice it.
const GRACE: Duration = Duration::from_secs(1);

/// Installs the handler for SIGINT, SIGTERM and SIGHUP (Ctrl-C elsewhere): it ends all running
/// children, whose waiters then return the error of [`check_interrupt`] and clean up. A long
/// computation has no waiter: where none has noticed after a grace period, `give_up` has to end the
/// process.
pub fn handle_signals(give_up: impl Fn() + Send + 'static) -> Result<()> {
    ctrlc::set_handler(move || {
        INTERRUPTED.store(true, Ordering::SeqCst);
        stop_all();
        std::thread::sleep(GRACE);
        if !NOTICED.load(Ordering::SeqCst) {
            give_up();
        }
    })
    .context("failed to install the signal handler")
}

/// Ends every running child, first asked, then, if it has not gone, forced; and keeps others from
/// being started.
pub fn stop_all() {
    STOPPED.store(true, Ordering::SeqCst);
    let running = || RUNNING.lock().map(|r| r.clone()).unwrap_or_default();
    for child in running() {
        end(child, false);
    }
    for _ in 0..40 {
        if running().is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    for child in running() {
        end(child, true);
    }
}

/// Lets children be started again after those of a failed build have ended. What a signal has stopped stays
/// stopped.
pub fn start_again() {
    STOPPED.store(false, Ordering::SeqCst);
}

#[cfg(unix)]
pub(super) fn end(child: Running, force: bool) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let signal = if force { Signal::KILL } else { Signal::TERM };
    if let Some(pid) = Pid::from_raw(child.pid as i32) {
        let _ =
            if child.group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}

#[cfg(not(unix))]
pub(super) fn end(child: Running, _force: bool) {
    let _ = std::process::Command::new("taskkill")
        .args(["/F", "/T", "/PID", &child.pid.to_string()])
        .output();
}

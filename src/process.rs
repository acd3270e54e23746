//! A command as a value: built, shown, run and ended here and nowhere else.
//!
//! Owns process groups and capture; what a signal does is in `interrupt`. Knows nothing of cargo or git.
//! A command either inherits the environment with changes, or gets exactly the one it is given.

#[cfg(unix)]
mod inherited;
mod interrupt;
mod lookup;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::error::host;
#[cfg(unix)]
pub use inherited::keep_inherited_files;
use interrupt::{Running, end, enter, leave, stopped};
pub use lookup::find_in_path;

pub use interrupt::{
    check_interrupt, handle_signals, interrupted, interruption, start_again, stop_all,
};

/// The environment of a command.
#[derive(Clone)]
enum Environment {
    /// The caller's, with changes: `None` removes.
    Inherit(Vec<(OsString, Option<OsString>)>),
    /// Exactly this.
    Exact(BTreeMap<OsString, OsString>),
}

impl Default for Environment {
    fn default() -> Environment {
        Environment::Inherit(Vec::new())
    }
}

/// A command to be run.
#[derive(Clone, Default)]
pub struct Cmd {
    /// The program that runs it, and its arguments: not part of what is shown.
    runner: Vec<OsString>,
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    env: Environment,
    umask: Option<u32>,
    own_group: bool,
    stdin: Option<Vec<u8>>,
    jobserver: Option<jobserver::Client>,
    limit: Option<Duration>,
    /// Whether the child has to be ended.
    over: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    with_parent: bool,
}

/// How often `over` is asked.
const EVERY: Duration = Duration::from_secs(2);

/// What a finished command left.
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error, lossily decoded.
    pub stderr: String,
}

impl Output {
    /// Standard output as text without the trailing newline.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_string()
    }
}

/// How this program ends in place of another one that ended so.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1))
}

/// Which of a child's streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Cmd {
    /// A command that inherits the environment.
    pub fn new(program: impl AsRef<OsStr>) -> Cmd {
        Cmd { program: program.as_ref().to_owned(), ..Cmd::default() }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Cmd {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Cmd {
        self.args.extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// The same command run by another, as its last arguments; what runs it already is run by that.
    pub fn within(mut self, other: &Cmd) -> Cmd {
        let outer = std::iter::once(&other.program).chain(&other.args).cloned();
        self.runner = outer.chain(std::mem::take(&mut self.runner)).collect();
        self
    }

    /// Sets the working directory.
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Cmd {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Sets one variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Cmd {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        match &mut self.env {
            Environment::Inherit(changes) => changes.push((name, Some(value))),
            Environment::Exact(all) => drop(all.insert(name, value)),
        }
        self
    }

    /// Removes one variable.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Cmd {
        match &mut self.env {
            Environment::Inherit(changes) => changes.push((name.as_ref().to_owned(), None)),
            Environment::Exact(all) => drop(all.remove(name.as_ref())),
        }
        self
    }

    /// Gives exactly this environment instead of the caller's.
    pub fn env_exact(mut self, env: BTreeMap<OsString, OsString>) -> Cmd {
        self.env = Environment::Exact(env);
        self
    }

    /// Sets the umask of the child (no effect where there is none).
    pub fn umask(mut self, mask: u32) -> Cmd {
        self.umask = Some(mask);
        self
    }

    /// Makes the child lead a session and a process group of its own, ended as a whole by a signal to
    /// `repro`. Not for commands that may ask the user for a password: it has no terminal.
    pub fn own_group(mut self) -> Cmd {
        self.own_group = true;
        self
    }

    /// Lets the child take part in a jobserver: it has one token of its own, and takes and gives
    /// back those of the pool.
    pub fn jobserver(mut self, client: &jobserver::Client) -> Cmd {
        self.jobserver = Some(client.clone());
        self
    }

    /// Ends the child, as a signal would, if it still runs after so long.
    pub fn limit(mut self, limit: Duration) -> Cmd {
        self.limit = Some(limit);
        self
    }

    /// Ends the child, as a signal would, once this says so: it is asked every few seconds.
    pub fn ends_when(mut self, over: impl Fn() -> bool + Send + Sync + 'static) -> Cmd {
        self.over = Some(Arc::new(over));
        self
    }

    /// Asks the child to end if this process is killed (on Linux): for children that clean up.
    pub fn ends_with_parent(mut self) -> Cmd {
        self.with_parent = true;
        self
    }

    /// Feeds these bytes to standard input; otherwise it is empty.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Cmd {
        self.stdin = Some(bytes.into());
        self
    }

    /// The command as a line for a POSIX shell.
    pub fn show(&self) -> String {
        std::iter::once(&self.program)
            .chain(&self.args)
            .map(|a| quote(&a.to_string_lossy()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Runs to the end and captures both streams. A non-zero exit is not an error here.
    pub fn output(&self) -> Result<Output> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = self.pump(|child| {
            let feed = self.stdin.clone().zip(child.stdin.take());
            let mut err_pipe = child.stderr.take();
            std::thread::scope(|s| {
                s.spawn(|| err_pipe.as_mut().map(|p| p.read_to_end(&mut stderr)));
                if let Some((bytes, mut pipe)) = feed {
                    s.spawn(move || pipe.write_all(&bytes));
                }
                if let Some(pipe) = &mut child.stdout {
                    let _ = pipe.read_to_end(&mut stdout);
                }
            });
        })?;
        Ok(Output { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
    }

    /// Runs to the end; a non-zero exit is an error that shows the command and its last words.
    pub fn checked(&self) -> Result<Output> {
        let out = self.output()?;
        if out.status.success() {
            return Ok(out);
        }
        let words = out.stderr.trim();
        Err(host(format!(
            "`{}` failed with {}{}{}",
            self.show(),
            out.status,
            if words.is_empty() { "" } else { ": " },
            words
        )))
    }

    /// Runs to the end and hands over each line of both streams as it comes. `on_line` is called
    /// from two threads, one a stream.
    pub fn stream(&self, on_line: impl Fn(Stream, &str) + Sync) -> Result<ExitStatus> {
        self.pump(|child| {
            let (out, err) = (child.stdout.take(), child.stderr.take());
            std::thread::scope(|s| {
                s.spawn(|| err.map(|p| lines(p, |l| on_line(Stream::Err, l))));
                if let Some(pipe) = out {
                    lines(pipe, |l| on_line(Stream::Out, l));
                }
            });
        })
    }

    fn pump(&self, work: impl FnOnce(&mut Child)) -> Result<ExitStatus> {
        check_interrupt()?;
        if stopped() {
            return Err(host(format!("`{}` was not started: the run has failed", self.show())));
        }
        let mut child = self.spawn()?;
        let me = Running { pid: child.id(), group: self.own_group };
        enter(me);
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let status = std::thread::scope(|s| {
            if self.limit.is_some() || self.over.is_some() {
                s.spawn(move || self.watch(me, &is_done));
            }
            work(&mut child);
            let status = child.wait();
            drop(done);
            status
        });
        leave(me);
        if self.own_group {
            // What the command left running in its group must not outlive it.
            end(me, true);
        }
        check_interrupt()?;
        status.with_context(|| format!("failed to wait for `{}`", self.show()))
    }

    /// Ends the child once a limit is reached.
    fn watch(&self, child: Running, is_done: &Receiver<()>) {
        let until = self.limit.map(|limit| Instant::now() + limit);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let every = self.over.as_ref().map(|_| EVERY);
            let wait = left.into_iter().chain(every).min().unwrap_or(EVERY);
            if is_done.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let late = until.is_some_and(|until| Instant::now() >= until);
            if late || self.over.as_ref().is_some_and(|over| over()) {
                return end(child, true);
            }
        }
    }

    fn spawn(&self) -> Result<Child> {
        let mut words = self.runner.iter().chain([&self.program]).chain(&self.args);
        let mut command = Command::new(words.next().unwrap_or(&self.program));
        command
            .args(words)
            .stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        match &self.env {
            Environment::Inherit(changes) => {
                for (name, value) in changes {
                    match value {
                        Some(value) => command.env(name, value),
                        None => command.env_remove(name),
                    };
                }
            }
            Environment::Exact(all) => {
                command.env_clear().envs(all);
            }
        }
        self.unix_settings(&mut command);
        if let Some(client) = &self.jobserver {
            client.configure(&mut command);
        }
        command.spawn().map_err(|e| {
            let program = self.program.to_string_lossy();
            if e.kind() == std::io::ErrorKind::NotFound {
                let dir_gone = self.dir.as_ref().is_some_and(|d| !d.is_dir());
                if dir_gone {
                    let dir = self.dir.as_deref().unwrap_or(Path::new("")).display();
                    return host(format!("failed to run `{program}`: no directory `{dir}`"));
                }
                return host(format!(
                    "failed to run `{program}`: no such program; install it or add its directory to PATH"
                ));
            }
            host(format!("failed to run `{program}`: {e}"))
        })
    }

    #[cfg(unix)]
    #[allow(unsafe_code)]
    fn unix_settings(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        if self.own_group {
            // SAFETY: setsid(2) is async-signal-safe and touches no memory.
            unsafe { command.pre_exec(|| rustix::process::setsid().map(drop).map_err(Into::into)) };
        }
        #[cfg(target_os = "linux")]
        if self.with_parent {
            use rustix::process::{Signal, set_parent_process_death_signal};
            // SAFETY: prctl(2) is async-signal-safe and touches no memory.
            unsafe {
                command.pre_exec(|| {
                    set_parent_process_death_signal(Some(Signal::TERM)).map_err(Into::into)
                });
            }
        }
        if let Some(mask) = self.umask {
            let mask = rustix::fs::Mode::from_raw_mode(mask);
            // SAFETY: umask(2) is async-signal-safe and touches no memory.
            unsafe {
                command.pre_exec(move || {
                    rustix::process::umask(mask);
                    Ok(())
                });
            }
        }
    }

    #[cfg(not(unix))]
    fn unix_settings(&self, _command: &mut Command) {}
}

/// Lines end with a line feed or, as those of a progress bar, with a carriage return.
fn lines(pipe: impl Read, mut each: impl FnMut(&str)) {
    let mut reader = BufReader::new(pipe);
    let (mut line, mut after_return) = (Vec::new(), false);
    loop {
        let bytes = match reader.fill_buf() {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) | Ok([]) => break,
            Ok(bytes) => bytes,
        };
        let end = memchr::memchr2(b'\n', b'\r', bytes);
        let part = end.unwrap_or(bytes.len());
        // Nothing is between the two of CR LF.
        let between = end.is_some_and(|i| bytes[i] == b'\n') && after_return && part == 0;
        line.extend_from_slice(&bytes[..part]);
        after_return = end.is_some_and(|i| bytes[i] == b'\r');
        reader.consume(part + usize::from(end.is_some()));
        if end.is_some() {
            if !between {
                each(&String::from_utf8_lossy(&line));
            }
            line.clear();
        }
    }
    if !line.is_empty() {
        each(&String::from_utf8_lossy(&line));
    }
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_either_sign() {
        let of = |text: &str| {
            let mut found = Vec::new();
            lines(text.as_bytes(), |l| found.push(l.to_string()));
            found
        };
        assert_eq!(of("a\n\nb\r\nc"), ["a", "", "b", "c"]);
        assert_eq!(of("1/2\r2/2\r  done\n"), ["1/2", "2/2", "  done"]);
        assert!(of("").is_empty());
    }

    #[test]
    fn shows_what_a_shell_would_take() {
        let cmd = Cmd::new("cargo").args(["build", "--features", "a b", "it's", ""]);
        assert_eq!(cmd.show(), r#"cargo build --features 'a b' 'it'\''s' ''"#);
    }

    #[cfg(unix)]
    #[test]
    fn a_command_within_another_keeps_its_words() {
        let cmd = Cmd::new("no-such-program").args(["build"]).within(&Cmd::new("echo"));
        assert_eq!(cmd.show(), "no-such-program build");
        assert_eq!(cmd.clone().output().unwrap().stdout, b"no-such-program build\n");
        // What ran it is run in turn.
        let twice = cmd.within(&Cmd::new("env").arg("A=b"));
        assert_eq!(twice.output().unwrap().stdout, b"no-such-program build\n");
    }

    #[cfg(unix)]
    #[test]
    fn programs_are_found_by_their_names() {
        let sh = find_in_path("sh").unwrap();
        assert!(sh.is_absolute() && sh.ends_with("sh"), "{sh:?}");
        assert_eq!(find_in_path("no-such-program-here"), None);
    }

    #[test]
    fn a_missing_program_is_a_fault_of_the_host() {
        let error = Cmd::new("no-such-program-here").output().err().unwrap();
        assert_eq!(crate::error::kind_of(&error), crate::error::Kind::Host);
    }

    #[cfg(unix)]
    #[test]
    fn what_runs_longer_than_its_limit_is_ended() {
        let sleep = |limit| Cmd::new("sleep").arg("60").own_group().limit(limit).output().unwrap();
        assert_eq!(sleep(Duration::ZERO).status.code(), None);
        let over = Cmd::new("sleep").arg("60").own_group().ends_when(|| true).output().unwrap();
        assert_eq!(over.status.code(), None);
        let quick = Cmd::new("true").limit(Duration::from_secs(60)).output().unwrap();
        assert!(quick.status.success());
    }

    #[cfg(unix)]
    #[test]
    fn captures_both_streams_and_sets_the_umask() {
        let out = Cmd::new("sh")
            .args(["-c", "umask; echo oops >&2; cat; exit 3"])
            .umask(0o027)
            .stdin("fed")
            .output()
            .unwrap();
        assert_eq!(out.text(), "0027\nfed");
        assert_eq!(out.stderr, "oops\n");
        assert_eq!(out.status.code(), Some(3));
    }
}

//! Output on standard error: a progress line on a terminal, plain lines elsewhere. Color only if
//! the user wants it. Results go to standard output, not through here.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anstyle::{AnsiColor, Style};

/// Bold green.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Bold red.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Bold yellow.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// Bold.
pub const BOLD: Style = Style::new().bold();

/// Takes CARGO_TERM_COLOR into account; NO_COLOR and terminals are known to `anstream`.
pub fn set_up_color() {
    let choice = match std::env::var("CARGO_TERM_COLOR").as_deref() {
        Ok("always") => anstream::ColorChoice::Always,
        Ok("never") => anstream::ColorChoice::Never,
        _ => anstream::ColorChoice::Auto,
    };
    choice.write_global();
}

static QUIET: AtomicBool = AtomicBool::new(false);

/// Has no progress printed from now on (`--quiet`).
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether that was asked for.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// `1 file`, `2 files`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Some of the names, if they are many.
pub fn short_list(names: &[String]) -> String {
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown}, …") } else { shown }
}

/// A line for standard error: `error: …`, `warning: …`, `note: …`.
pub fn say(style: Style, word: &str, text: &str) {
    let _ = writeln!(anstream::stderr(), "{style}{word}{style:#}: {text}");
}

/// The line that tells what A and B are doing.
pub struct Progress {
    live: bool,
    verbose: bool,
    quiet: bool,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    doing: Vec<(String, String)>,
    drawn: bool,
}

impl Progress {
    /// A progress line; live if standard error is a terminal. `verbose` prints each step as a
    /// plain line even so.
    pub fn new(verbose: bool) -> Progress {
        let quiet = is_quiet();
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        Progress {
            live: std::io::stderr().is_terminal() && !dumb && !verbose && !quiet,
            verbose,
            quiet,
            start: Instant::now(),
            state: Mutex::default(),
        }
    }

    /// Whether there is a line that shows what goes on.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// A new phase of the whole run: a plain line where there is no terminal.
    pub fn phase(&self, text: &str) {
        let mut state = self.state.lock().expect("no panic holds this lock");
        state.doing = vec![(String::new(), text.to_string())];
        if self.live {
            self.draw(&mut state);
        } else if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// What one of the builds does now.
    pub fn step(&self, who: &str, text: &str) {
        let mut state = self.state.lock().expect("no panic holds this lock");
        state.doing.retain(|(w, _)| !w.is_empty() && w != who);
        state.doing.push((who.to_string(), text.to_string()));
        state.doing.sort();
        if self.live {
            self.draw(&mut state);
        } else if self.verbose && !self.quiet {
            let _ = writeln!(anstream::stderr(), "{who}: {text}");
        }
    }

    /// Redraws the line with the elapsed time.
    pub fn tick(&self) {
        if self.live {
            self.draw(&mut self.state.lock().expect("no panic holds this lock"));
        }
    }

    /// Removes the line.
    pub fn clear(&self) {
        let mut state = self.state.lock().expect("no panic holds this lock");
        if state.drawn {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
            state.drawn = false;
        }
    }

    fn draw(&self, state: &mut State) {
        let seconds = self.start.elapsed().as_secs();
        let line = line_of(&state.doing, seconds, width());
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        let _ = std::io::stderr().flush();
        state.drawn = true;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Columns of the terminal; what $COLUMNS says where it does not know them itself.
fn width() -> usize {
    let own = terminal_size::terminal_size_of(std::io::stderr()).map(|(w, _)| w.0.into());
    let columns = || std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    own.filter(|n| *n > 0).or_else(columns).unwrap_or(80)
}

fn line_of(doing: &[(String, String)], seconds: u64, width: usize) -> String {
    let time = format!("[{}:{:02}] ", seconds / 60, seconds % 60);
    let part = |(who, text): &(String, String)| match who.is_empty() {
        true => text.clone(),
        false => format!("{who}: {text}"),
    };
    let parts: Vec<String> = doing.iter().map(part).collect();
    // Each has its share, and room that others do not need.
    let mut room = width.saturating_sub(1 + time.len() + 3 * parts.len().saturating_sub(1));
    let mut shown: Vec<String> = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let later: usize = parts[n + 1..].iter().map(|p| p.chars().count()).sum();
        let share = (room / (parts.len() - n)).max(room.saturating_sub(later));
        shown.push(part.chars().take(share).collect());
        room -= shown[n].chars().count();
    }
    (time + &shown.join("   ")).chars().take(width.saturating_sub(1)).collect()
}

/// Does the work while the progress line is kept alive.
pub fn with_progress<T>(progress: &Progress, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|s| {
        let (done, stop) = std::sync::mpsc::channel::<()>();
        s.spawn(move || {
            let tick = std::time::Duration::from_millis(200);
            while stop.recv_timeout(tick) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                progress.tick();
            }
        });
        let outcome = work();
        drop(done);
        outcome
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_the_terminal() {
        let doing = [("A".into(), "serde v1".into()), ("B".into(), "syn v2".into())];
        assert_eq!(line_of(&doing, 75, 80), "[1:15] A: serde v1   B: syn v2");
        assert_eq!(line_of(&doing, 75, 10), "[1:15]   ");
        let of =
            |a: &str, b: &str| line_of(&[("A".into(), a.into()), ("B".into(), b.into())], 75, 40);
        let both = of("3 of 9 units: serde, syn", "2 of 9 units: libc, log");
        assert_eq!(both, "[1:15] A: 3 of 9 unit   B: 2 of 9 units");
        assert_eq!(of(&"x".repeat(50), "syn"), "[1:15] A: xxxxxxxxxxxxxxxxxxxx   B: syn");
    }

    #[test]
    fn one_is_singular() {
        let files = |n| count(n, "file", "files");
        assert_eq!([files(0), files(1), files(2)], ["0 files", "1 file", "2 files"]);
    }
}

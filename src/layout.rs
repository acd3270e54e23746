//! The directories of one side of a double build. Only paths; nothing is created here.

use std::path::PathBuf;

/// The directories of one side.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// A directory above the source.
    pub above: PathBuf,
    /// The copy of the source.
    pub source: PathBuf,
    /// cargo's target directory.
    pub target: PathBuf,
    /// CARGO_HOME.
    pub cargo_home: PathBuf,
    /// HOME.
    pub home: PathBuf,
    /// TMPDIR.
    pub tmpdir: PathBuf,
    /// What the rustc wrapper reads and writes.
    pub wrapper: PathBuf,
}

impl Layout {
    /// What a build writes to, the wrapper's apart; the innermost first.
    pub fn directories(&self) -> [PathBuf; 5] {
        [&self.target, &self.source, &self.cargo_home, &self.home, &self.tmpdir].map(Clone::clone)
    }
}

//! What `repro init` writes, as the renderings need it.

use std::path::PathBuf;

use crate::init::files::{Planned, State};

/// All of it.
pub struct InitReport {
    /// Paths are shown relative to it.
    pub root: PathBuf,
    /// The files.
    pub files: Vec<Planned>,
    /// Things that the user should know.
    pub notes: Vec<String>,
    /// What is to be done next, in order; a step can have several lines.
    pub next: Vec<String>,
    /// Nothing was written.
    pub dry_run: bool,
}

impl InitReport {
    pub(super) fn shown(&self, file: &Planned) -> String {
        let path = file.path.strip_prefix(&self.root).unwrap_or(&file.path);
        path.display().to_string()
    }

    pub(super) fn count(&self, of: impl Fn(State) -> bool) -> usize {
        self.files.iter().filter(|f| of(f.state)).count()
    }
}

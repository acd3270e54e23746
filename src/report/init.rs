//! What `repro init` writes, as the renderings need it.

use std::path::PathBuf;

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was not there.
    New,
    /// It is there with this content.
    Same,
    /// Something is added to it.
    Extended,
    /// It is replaced, as `--force` asks.
    Overwritten,
    /// It is there with another content, and stays.
    Kept,
}

impl State {
    /// The name in the report.
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Same => "same",
            State::Extended => "extended",
            State::Overwritten => "overwritten",
            State::Kept => "kept",
        }
    }

    /// Whether something is written.
    pub fn writes(self) -> bool {
        matches!(self, State::New | State::Extended | State::Overwritten)
    }
}

/// A file.
pub struct Planned {
    /// Where.
    pub path: PathBuf,
    /// The whole text that is to be there.
    pub text: String,
    /// What is added to a file that is there.
    pub added: Option<String>,
    /// The hunks between a file that is there and `text`, where it is not only added to.
    pub diff: Option<String>,
    /// What becomes of it.
    pub state: State,
}

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

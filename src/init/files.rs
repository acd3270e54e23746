//! Each file of the plan beside what is there, and the writing of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::merge::New;
use crate::error::refused;
use crate::{fs, git};

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
    /// It exists with different content, and stays.
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

/// What becomes of a file; of one that would be replaced, what is different.
pub fn planned(new: New, force: bool, scratch: &Path) -> Result<Planned> {
    let there = fs::read_text_if_any(&new.path)?;
    let state = match &there {
        None => State::New,
        Some(text) if *text == new.text => State::Same,
        Some(_) if new.added.is_some() => State::Extended,
        Some(_) if force => State::Overwritten,
        Some(_) => State::Kept,
    };
    let writes = matches!(state, State::New | State::Extended | State::Overwritten);
    if writes && fs::lstat(&new.path).is_ok_and(|meta| meta.is_symlink()) {
        return Err(refused(format!(
            "`{}` is a symbolic link, so it was not written: put a file in its place, and run the command again",
            new.path.display()
        )));
    }
    let diff = match state {
        State::Kept | State::Overwritten => Some(diff(&new, scratch)?),
        _ => None,
    };
    Ok(Planned { path: new.path, text: new.text, added: new.added, diff, state })
}

/// The hunks from what is there to what would be.
fn diff(new: &New, scratch: &Path) -> Result<String> {
    let proposed = scratch.join("proposed");
    fs::write(&proposed, &new.text)?;
    let args = ["-c", "core.autocrlf=false", "diff", "--no-index", "--no-ext-diff", "--no-color"];
    // Of a link, git would show where it leads.
    let out = git::git(scratch, args).args([&fs::canonical(&new.path), &proposed]).output()?;
    let text = String::from_utf8(out.stdout).context("a file is not text")?;
    let hunks = text.find("\n@@").map_or("", |at| &text[at + 1..]);
    Ok(hunks.to_string())
}

/// Writes what the plan says.
pub fn write(files: &[Planned]) -> Result<()> {
    for file in files {
        match file.state {
            State::Same | State::Kept => {}
            State::New => {
                fs::create_dir(file.path.parent().unwrap_or(Path::new("/")))?;
                fs::write_atomic(&file.path, file.text.as_bytes())?;
            }
            State::Extended | State::Overwritten => replace(&file.path, &file.text)?,
        }
    }
    Ok(())
}

/// A file that is there keeps its owner and its permissions.
fn replace(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    let what = || format!("failed to write `{}`", path.display());
    let original = std::fs::File::open(path).with_context(what)?;
    let mut pending = fs::Pending::replacing(path)?;
    pending.file().write_all(text.as_bytes()).with_context(what)?;
    pending.keep(&original).with_context(what)?;
    // Windows replaces no file that is open.
    drop(original);
    pending.commit()
}

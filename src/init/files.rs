//! Each file of the plan beside what is there, and the writing of it.

use std::path::Path;

use anyhow::{Context, Result};

use super::merge::New;
use crate::error::refused;
use crate::report::init::{Planned, State};
use crate::{fs, git};

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

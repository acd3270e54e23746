//! `repro init`: adds a reproducible-release setup to a project. `facts.rs` reads the project, `plan.rs`
//! decides what to write, and it is shown first; then each file is written whole, and an existing file is
//! replaced only on request.

mod existing;
mod facts;
mod merge;
mod parts;
mod pin;
mod plan;
mod render;

use std::path::Path;

use anyhow::{Context, Result};

use crate::command::env::allow_changes;
use crate::error::refused;
use crate::project::Project;
use crate::project::scratch::Scratch;
use crate::report::init::{InitReport, Planned, State};
use crate::request::InitRequest;
use crate::{fs, git};
use facts::Facts;
use merge::New;

/// Runs it.
pub fn run(mut asked: InitRequest) -> Result<InitReport> {
    let scratch = Scratch::new(false)?;
    allow_changes(&mut asked.build)?;
    // No time is written anywhere, so that any will do.
    asked.build.epoch = Some(0);
    let given = asked.build.selection.targets.clone();
    let project = Project::open(asked.build, scratch.path())?;
    let mut facts = Facts::of(&project, &given, asked.install.as_deref(), asked.publishes)?;
    let root = project.source.root.clone();
    let workspace = root.join(&project.source.workspace);
    let new = plan::files(&mut facts, &workspace, &root)?;
    let next = plan::next(&facts, &new);
    let mut files = Vec::new();
    for new in new {
        files.push(planned(new, asked.force, scratch.path())?);
    }
    if !asked.dry_run {
        write(&files)?;
    }
    Ok(InitReport { root, files, notes: facts.notes, next, dry_run: asked.dry_run })
}

/// What becomes of a file; of one that would be replaced, what is different.
fn planned(new: New, force: bool, scratch: &Path) -> Result<Planned> {
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

fn write(files: &[Planned]) -> Result<()> {
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

//! `repro init`: adds a reproducible-release setup to a project. `plan.rs` decides what to write,
//! and it is shown first; then each file is written whole, and an existing file is replaced only on
//! request.

mod plan;
mod values;

use std::path::Path;

use anyhow::Result;

use crate::command::env::allow_changes;
use crate::fs;
use crate::project::Project;
use crate::project::scratch::Scratch;
use crate::report::init::{InitReport, Planned, State};
use crate::request::InitRequest;
use values::Values;

/// Runs it.
pub fn run(mut asked: InitRequest) -> Result<InitReport> {
    let scratch = Scratch::new(false)?;
    allow_changes(&mut asked.build)?;
    // No time is written anywhere, so that any will do.
    asked.build.epoch = Some(0);
    let project = Project::open(asked.build, scratch.path())?;
    let values = Values::of(&project)?;
    let root = project.source.root.clone();
    let workspace = root.join(&project.source.workspace);
    let mut files = Vec::new();
    let mut notes = values.notes.clone();
    for new in plan::files(&values, &workspace, &root, &mut notes)? {
        let there = fs::read_text_if_any(&new.path)?;
        let state = match there {
            None => State::New,
            Some(text) if text == new.text => State::Same,
            Some(_) if new.extends => State::Extended,
            Some(_) if asked.force => State::Overwritten,
            Some(_) => State::Kept,
        };
        files.push(Planned { path: new.path, text: new.text, added: new.added, state });
    }
    if !asked.dry_run {
        write(&files)?;
    }
    Ok(InitReport { root, files, notes, dry_run: asked.dry_run })
}

fn write(files: &[Planned]) -> Result<()> {
    for file in files {
        match file.state {
            State::Same | State::Kept => {}
            State::New => fs::write_atomic(&file.path, file.text.as_bytes())?,
            State::Extended | State::Overwritten => replace(&file.path, &file.text)?,
        }
    }
    Ok(())
}

/// A file that is there keeps its permissions.
fn replace(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    let permissions = fs::lstat(path)?.permissions();
    let mut pending = fs::Pending::create(path)?;
    let written = pending.file().write_all(text.as_bytes());
    anyhow::Context::with_context(written, || format!("failed to write `{}`", path.display()))?;
    pending.commit_as(permissions)
}

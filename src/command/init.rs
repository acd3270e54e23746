//! `repro init`: adds a reproducible-release setup to a project. What it writes is shown first.

use anyhow::Result;

use crate::command::env::allow_changes;
use crate::init::facts::Facts;
use crate::init::{files, plan};
use crate::project::Project;
use crate::project::scratch::Scratch;
use crate::report::init::InitReport;
use crate::request::InitRequest;

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
    let planned = new.into_iter().map(|new| files::planned(new, asked.force, scratch.path()));
    let files = planned.collect::<Result<Vec<_>>>()?;
    if !asked.dry_run {
        files::write(&files)?;
    }
    Ok(InitReport { root, files, notes: facts.notes, next, dry_run: asked.dry_run })
}

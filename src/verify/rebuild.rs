//! The one build of a verification, in a sandbox if one can be made.

use anyhow::Result;

use crate::artifact::ArtifactSet;
use crate::build::Built;
use crate::error::{Kind, failure};
use crate::manifest::components::Components;
use crate::project::Project;
use crate::recipe::Recipe;
use crate::sandbox::{Isolation, Wish};
use crate::term::{self, Progress};

/// What a rebuild gives.
pub(super) struct Rebuild {
    pub(super) project: Project,
    pub(super) built: Built,
    pub(super) isolation: Isolation,
    /// What its artifacts are made of.
    pub(super) components: Option<Components>,
}

/// One build, by the recipe.
pub(super) fn build(
    project: Project,
    label: &str,
    recipe: &Recipe,
    wish: Wish,
    asks_linker: bool,
    progress: &Progress,
) -> Result<Rebuild> {
    project.fetch(progress)?;
    let (project, room) = project.isolate(wish)?;
    let prepared = project.prepared(recipe, room, false, asks_linker)?;
    let plan = project.plan(recipe, &prepared, None);
    if let Some(why) = &prepared.isolation.why {
        progress.clear();
        let text = format!("sandbox off: build scripts will run with your permissions ({why})");
        term::say(term::WARN, "warning", &text);
    }
    progress.phase(&format!("building {label} once"));
    let built = plan.run_one(progress)?;
    if built.artifacts.iter().any(|a| a.kind.in_verdict()) {
        let components = match asks_linker {
            true => project.components(prepared.packages.as_ref(), &built, None)?.0,
            false => None,
        };
        let isolation = prepared.isolation.clone();
        drop(prepared);
        return Ok(Rebuild { built, isolation, components, project });
    }
    Err(failure(
        Kind::BuildFailed,
        "the build made no binary and no library for the target, so there is nothing to compare",
    ))
}

/// Of what was built, all that counts.
pub(super) fn counted(built: &Built) -> ArtifactSet {
    let counted = built.artifacts.iter().filter(|a| a.kind.in_verdict());
    ArtifactSet::new(counted.cloned().collect())
}

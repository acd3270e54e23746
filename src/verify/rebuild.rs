//! The one build of a verification, in a sandbox where one can be made.

use std::path::Path;

use anyhow::Result;

use crate::artifact::ArtifactSet;
use crate::build::{Built, Plan};
use crate::error::{Kind, failure};
use crate::fs;
use crate::project::Project;
use crate::project::machine;
use crate::recipe::Recipe;
use crate::sandbox::{self, Isolation, Sandbox};
use crate::term::{self, Progress};
use crate::variation::{Side, VariationId};

/// One build, by the recipe.
pub(super) fn build(
    project: &Project,
    label: &str,
    recipe: &Recipe,
    mode: sandbox::Mode,
    asks_linker: bool,
    scratch: &Path,
    progress: &Progress,
) -> Result<(Built, Isolation)> {
    progress.phase("fetching dependencies");
    let say = |line: &str| progress.step("cargo", line);
    project.fetch(&say)?;
    let registry_sources = project.registry_sources(recipe);
    let cfgs = project.cfgs()?;
    let values = |name| project.values(name);
    let mut plan = Plan {
        source: &project.source,
        selection: &project.request.selection,
        toolchain: &project.toolchain,
        config: &project.config,
        recipe,
        inject: project.request.inject,
        cfgs: &cfgs,
        user_wrapper: project.user_wrapper(),
        lockfile: &project.lockfile,
        registry_sources: &registry_sources,
        cargo_home: project.cargo_home.as_deref(),
        shim: None,
        trace_links: asks_linker && machine::linker_lists_inputs(project.toolchain.host(), scratch),
        keep_calls: false,
        values: &values,
        scratch,
        sandbox: None,
    };
    let (sandbox, isolation) = sandbox_of(mode, project, &plan)?;
    if let Some(why) = &isolation.why {
        progress.clear();
        let text = format!("sandbox off: build scripts will run with your permissions ({why})");
        term::say(term::WARN, "warning", &text);
    }
    plan.sandbox = sandbox.as_ref();
    progress.phase(&format!("building {label} once"));
    let built = plan.run_one(progress)?;
    if built.artifacts.iter().any(|a| a.kind.in_verdict()) {
        return Ok((built, isolation));
    }
    Err(failure(
        Kind::BuildFailed,
        "the build made nothing that a verdict could be about: no binary and no library for the target",
    ))
}

/// A sandbox that holds the directories of side A and nothing else of the run: neither the
/// published files nor a second copy of the source are in reach of a build script.
fn sandbox_of(
    mode: sandbox::Mode,
    project: &Project,
    plan: &Plan,
) -> Result<(Option<Sandbox>, Isolation)> {
    let layout = plan.layout(Side::A);
    let write = vec![layout.scratch.join("a"), layout.wrapper.clone()];
    for dir in &write {
        fs::create_dir(dir)?;
    }
    let copy = project.values(VariationId::BuildPath);
    let mut read = sandbox::borrowed_objects(copy.path(Side::A))?;
    read.extend(project.config.crate_directories());
    Sandbox::choose(mode, &project.toolchain, read, write)
}

/// Of what was built, all that counts.
pub(super) fn counted(built: &Built) -> ArtifactSet {
    let counted = built.artifacts.iter().filter(|a| a.kind.in_verdict());
    ArtifactSet::new(counted.cloned().collect())
}

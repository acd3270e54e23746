//! The one build of a verification, in a sandbox if that is asked for.

use std::path::Path;

use anyhow::Result;

use crate::artifact::ArtifactSet;
use crate::build::{Built, Plan};
use crate::cargo::fetch;
use crate::error::{Kind, failure};
use crate::fs;
use crate::project::Project;
use crate::project::machine;
use crate::recipe::Recipe;
use crate::sandbox::{self, Sandbox};
use crate::term::Progress;
use crate::variation::{Side, VariationId};

/// One build, by the recipe.
pub(super) fn build(
    project: &Project,
    label: &str,
    recipe: &Recipe,
    in_sandbox: bool,
    asks_linker: bool,
    scratch: &Path,
    progress: &Progress,
) -> Result<Built> {
    progress.phase("fetching dependencies");
    let say = |line: &str| progress.step("cargo", line);
    fetch::fetch(&project.toolchain, &project.run_dir(), &say)?;
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
    let sandbox = match in_sandbox {
        true => Some(sandbox_of(project, &plan)?),
        false => None,
    };
    plan.sandbox = sandbox.as_ref();
    progress.phase(&format!("building {label} once"));
    let built = plan.run_one(progress)?;
    if built.artifacts.iter().any(|a| a.kind.in_verdict()) {
        return Ok(built);
    }
    Err(failure(
        Kind::BuildFailed,
        "the build made nothing that a verdict could be about: no binary and no library for the target",
    ))
}

/// A sandbox that holds the directories of side A and nothing else of the run: neither the
/// published files nor a second copy of the source are in reach of a build script.
fn sandbox_of(project: &Project, plan: &Plan) -> Result<Sandbox> {
    let layout = plan.layout(Side::A);
    let write = vec![layout.scratch.join("a"), layout.wrapper.clone()];
    for dir in &write {
        fs::create_dir(dir)?;
    }
    let copy = project.values(VariationId::BuildPath);
    let read = sandbox::borrowed_objects(copy.path(Side::A))?;
    Sandbox::new(&project.toolchain, project.cargo_home.as_deref(), read, write)
}

/// Of what was built, all that counts.
pub(super) fn counted(built: &Built) -> ArtifactSet {
    let counted = built.artifacts.iter().filter(|a| a.kind.in_verdict());
    ArtifactSet::new(counted.cloned().collect())
}

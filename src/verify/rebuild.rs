//! The one build of a verification, in a sandbox if one can be made.

use std::path::Path;

use anyhow::Result;

use crate::artifact::ArtifactSet;
use crate::build::{Built, Plan};
use crate::error::{Kind, failure};
use crate::manifest::components::Components;
use crate::project::elsewhere::Elsewhere;
use crate::project::{Project, machine};
use crate::recipe::Recipe;
use crate::sandbox::{Isolation, Wish};
use crate::term::{self, Progress};

/// What a rebuild gives.
pub(super) struct Rebuild {
    pub(super) built: Built,
    pub(super) isolation: Isolation,
    /// What its artifacts are made of.
    pub(super) components: Option<Components>,
}

/// One build, by the recipe.
pub(super) fn build(
    project: &mut Project,
    label: &str,
    recipe: &Recipe,
    wish: Wish,
    asks_linker: bool,
    scratch: &Path,
    progress: &Progress,
) -> Result<Rebuild> {
    progress.phase("fetching dependencies");
    let say = |line: &str| progress.step("cargo", line);
    project.fetch(&say)?;
    let (sandbox, isolation) = project.isolate(wish, scratch)?;
    let project = &*project;
    let packages = project.resolved(recipe);
    let registry_sources = project.registry_sources(packages.as_ref())?;
    let auditable = project.auditable_packages(recipe, packages.as_ref())?;
    let cfgs = project.cfgs()?;
    let values = |name| project.values(name);
    let plan = Plan {
        source: &project.source,
        selection: &project.request.selection,
        toolchain: &project.toolchain,
        config: &project.config,
        recipe,
        inject: project.request.inject,
        cfgs: &cfgs,
        user_wrapper: project.user_wrapper(),
        lockfile: &project.lockfile.text,
        registry_sources: &registry_sources.intact,
        cargo_home: project.cargo_home.as_deref(),
        shim: None,
        trace_links: asks_linker && machine::linker_lists_inputs(project.toolchain.host(), scratch),
        keep_calls: false,
        ledger: None,
        values: &values,
        scratch,
        auditable: auditable.as_deref(),
        generated: &project.generated,
        sandbox: sandbox.as_ref(),
        on_disk: &|id| project.on_disk(id, &Elsewhere::default()),
    };
    if let Some(why) = &isolation.why {
        progress.clear();
        let text = format!("sandbox off: build scripts will run with your permissions ({why})");
        term::say(term::WARN, "warning", &text);
    }
    progress.phase(&format!("building {label} once"));
    let built = plan.run_one(progress)?;
    if built.artifacts.iter().any(|a| a.kind.in_verdict()) {
        let components = match asks_linker {
            true => project.components(packages.as_ref(), &built, None)?.0,
            false => None,
        };
        return Ok(Rebuild { built, isolation, components });
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

//! What builds need besides their project, and the plan that all of them follow.

use anyhow::Result;
use cargo_metadata::Metadata;

use super::auditable::Listing;
use crate::build::Plan;
use crate::cargo::intact::Sources;
use crate::ledger::Shared;
use crate::project::elsewhere::Elsewhere;
use crate::project::isolate::Room;
use crate::project::preload::ShimState;
use crate::project::{Project, machine};
use crate::recipe::Recipe;
use crate::sandbox::{Isolation, Sandbox};
use crate::variation::{Values, VariationId};

/// The values of each variation.
type OfVariation<'a> = Box<dyn Fn(VariationId) -> Values + Sync + 'a>;

/// What is there before the first build begins.
pub(crate) struct Prepared<'a> {
    pub(crate) packages: Option<Metadata>,
    pub(crate) registry_sources: Sources,
    pub(crate) isolation: Isolation,
    pub(crate) unseen: Vec<(VariationId, String)>,
    pub(crate) elsewhere: Elsewhere,
    pub(crate) shim: ShimState,
    sandbox: Option<Sandbox>,
    cfgs: Vec<(String, String)>,
    auditable: Option<Box<Listing>>,
    trace_links: bool,
    keep_calls: bool,
    values: OfVariation<'a>,
    on_disk: OfVariation<'a>,
}

impl Project {
    /// Prepares one build, or `several` that are to be compared, once the crates are fetched. `asks_linker`:
    /// somebody wants to know which files are linked.
    pub(crate) fn prepared(
        &self,
        recipe: &Recipe,
        (sandbox, isolation): Room,
        several: bool,
        asks_linker: bool,
    ) -> Result<Prepared<'_>> {
        let (host, scratch) = (self.toolchain.host(), &self.canaries.scratch);
        let packages = self.resolved(recipe);
        let registry_sources = self.registry_sources(packages.as_ref())?;
        let unseen = if several { self.unseen(&sandbox, &isolation) } else { Vec::new() };
        let (elsewhere, shim) = match several {
            true => (self.elsewhere(&isolation, &registry_sources.intact)?, self.shim(scratch)),
            false => Default::default(),
        };
        let copies = elsewhere.dir.as_ref().map(|dir| dir.path().to_owned());
        Ok(Prepared {
            trace_links: asks_linker && machine::linker_lists_inputs(host, scratch),
            keep_calls: several && (self.request.expand || self.request.replay),
            auditable: self.auditable_packages(recipe, packages.as_ref())?,
            cfgs: self.cfgs()?,
            values: Box::new(|id| self.values(id)),
            on_disk: Box::new(move |id| self.on_disk(id, copies.as_deref())),
            packages,
            registry_sources,
            isolation,
            unseen,
            elsewhere,
            shim,
            sandbox,
        })
    }

    /// The one place where a plan is put together.
    pub(crate) fn plan<'a>(
        &'a self,
        recipe: &'a Recipe,
        prepared: &'a Prepared<'a>,
        ledger: Option<&'a Shared>,
    ) -> Plan<'a> {
        Plan {
            source: &self.source,
            selection: &self.request.selection,
            toolchain: &self.toolchain,
            config: &self.config,
            recipe,
            inject: self.request.inject,
            cfgs: &prepared.cfgs,
            user_wrapper: self.user_wrapper(),
            lockfile: &self.lockfile.text,
            registry_sources: &prepared.registry_sources.intact,
            cargo_home: self.cargo_home.as_deref(),
            shim: prepared.shim.shim.as_ref(),
            trace_links: prepared.trace_links,
            keep_calls: prepared.keep_calls,
            ledger,
            values: &*prepared.values,
            scratch: &self.canaries.scratch,
            auditable: prepared.auditable.as_deref(),
            generated: &self.generated,
            sandbox: prepared.sandbox.as_ref(),
            on_disk: &*prepared.on_disk,
        }
    }
}

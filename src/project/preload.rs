//! The preload shim of a run: compiled and tried, with the list of what it does not reach.

use std::path::Path;

use anyhow::Result;

use crate::fs;
use crate::project::Project;
use crate::shim::{self, Settings, Shim};
use crate::variation::{Carrier, Side, VariationId, VariationSet, carried_by};

/// The preload shim and what it does not reach.
#[derive(Default)]
pub(crate) struct ShimState {
    pub(crate) shim: Option<Shim>,
    pub(crate) missing: Vec<(VariationId, String)>,
}

impl Project {
    /// Compiles the preload shim and tries it, where any variation needs it, or replays do.
    pub(crate) fn shim(&self, scratch: &Path) -> ShimState {
        let needed = || carried_by(|c| *c == Carrier::Preload).map(|row| row.id);
        if !self.request.replay && !needed().any(|id| self.request.vary.has(id)) {
            return ShimState::default();
        }
        let all = |why: String| needed().map(|id| (id, why.clone())).collect();
        let compiled = shim::supported(self.toolchain.host()).and_then(|()| {
            let dir = scratch.join("shim");
            fs::create_dir(&dir)
                .and_then(|()| Shim::compile(&self.toolchain.rustc, &dir))
                .map_err(|e| format!("the preload shim could not be compiled: {e:#}"))
        });
        let tried = compiled.and_then(|shim| {
            // It fails if no program runs with it.
            let missing = self.probe(&shim, scratch).map_err(|e| e.to_string())?;
            Ok(ShimState { shim: Some(shim), missing })
        });
        tried.unwrap_or_else(|why| ShimState { shim: None, missing: all(why) })
    }

    /// What the shim does not reach, tried with the values of build B.
    fn probe(&self, shim: &Shim, scratch: &Path) -> Result<Vec<(VariationId, String)>> {
        let path = scratch.join("probe.so");
        let all = VariationSet::default();
        let settings = Settings::of(Side::B, &|id| all.values(id, &self.canaries));
        shim.write(&settings, &path, &path)?;
        shim::probe(&path, &settings).map_err(anyhow::Error::msg)
    }
}

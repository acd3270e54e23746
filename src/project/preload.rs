//! The preload shim of a run: compiled, tried, and what it does not reach.

use std::path::Path;

use anyhow::Result;

use crate::fs;
use crate::project::Project;
use crate::shim::{self, Shim};
use crate::variation::Name;

/// The preload shim and what it does not reach.
#[derive(Default)]
pub(crate) struct ShimState {
    pub(crate) shim: Option<Shim>,
    pub(crate) missing: Vec<(Name, String)>,
}

impl Project {
    /// Compiles the preload shim and tries it, where any variation needs it.
    pub(crate) fn shim(&self, scratch: &Path) -> ShimState {
        let wanted = |name: &Name| self.request.vary.has(*name);
        let needed = [Name::Clock, Name::HostName, Name::CpuCount];
        if !needed.iter().any(wanted) {
            return ShimState::default();
        }
        let compiled = shim::supported(self.toolchain.host()).and_then(|()| {
            let dir = scratch.join("shim");
            fs::create_dir(&dir)
                .and_then(|()| Shim::compile(&self.toolchain.rustc, &dir))
                .map_err(|e| format!("the preload shim could not be compiled: {e:#}"))
        });
        match compiled {
            Err(why) => {
                ShimState { shim: None, missing: needed.map(|n| (n, why.clone())).to_vec() }
            }
            Ok(shim) => {
                let missing = self.probe(&shim, scratch).unwrap_or_else(|e| {
                    let why = format!("the preload shim could not be tried: {e:#}");
                    needed.map(|n| (n, why.clone())).to_vec()
                });
                ShimState { shim: Some(shim), missing }
            }
        }
    }

    pub(crate) fn probe(&self, shim: &Shim, scratch: &Path) -> Result<Vec<(Name, String)>> {
        let path = scratch.join("probe.so");
        let settings = shim::Settings {
            clock_offset: crate::variation::CLOCK_OFFSET,
            cpu_count: self.canaries.cpus + 3,
            host_name: Some(format!("probe-{}", self.canaries.token)),
        };
        shim.write(&settings, &path)?;
        let reach = shim::probe(&path, &settings);
        let tried = [
            (Name::Clock, reach.clock),
            (Name::HostName, reach.host_name),
            (Name::CpuCount, reach.cpu_count),
        ];
        Ok(tried.into_iter().filter_map(|(name, result)| Some((name, result.err()?))).collect())
    }
}

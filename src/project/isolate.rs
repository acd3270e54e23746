//! The sandbox of a run: whether one is made, what it has to show of this machine, and which paths
//! it can make canonical.

use std::path::PathBuf;

use anyhow::Result;

use crate::build::machine::Machine;
use crate::error::host;
use crate::manifest::Fixed;
use crate::project::Project;
use crate::recipe::environment::set;
use crate::sandbox::{self, Isolation, Sandbox, View, Wish};
use crate::source::Origin;
use crate::variation::{
    Canaries, Carrier, Side, VARIATIONS, VariationId, VariationSet, carried_by,
};

/// The sandbox, and why there is none.
pub(super) type Room = (Option<Sandbox>, Isolation);

impl Project {
    /// Makes the sandbox. If there is one, directories of this project that are not varied have their
    /// canonical paths.
    pub(crate) fn isolate(self, wish: Wish) -> Result<(Project, Room)> {
        // In a directory that is no repository of its own, whoever packed it may have written these lists.
        let mut read = match (&self.source.origin, wish.view) {
            (Origin::Git(_), _) | (_, View::Machine) => sandbox::borrowed_objects(&self.copy)?,
            (Origin::Directory, View::System) => Vec::new(),
        };
        read.extend(self.config.crate_directories());
        read.extend(self.user_wrapper().map(|(path, _)| path));
        read.extend([&self.toolchain.cargo, &self.toolchain.rustc].map(PathBuf::clone));
        if wish.view == View::Machine {
            let passed = self.divided.passed.values().map(|v| v.to_string_lossy().into_owned());
            let settings = self.outside_config().into_iter().map(|(_, text)| text);
            read.extend(passed.chain(settings).flat_map(|text| sandbox::named_paths(&text)));
            let rustup = std::env::home_dir().map(|home| home.join(".rustup"));
            read.extend(set(&self.env, &["RUSTUP_HOME"]).map(PathBuf::from).or(rustup));
        }
        let fixed = self.fixed();
        let made = match fixed.is_empty() {
            true => Vec::new(),
            false => {
                let canonical = VARIATIONS.iter().filter_map(|row| row.id.canonical(""));
                canonical.map(|dir| dir.iter().take(2).collect()).collect()
            }
        };
        let scratch = &self.canaries.scratch;
        let (sandbox, isolation) = Sandbox::choose(wish, &self.toolchain, scratch, made, read)?;
        if let (None, true, Some(why)) = (&sandbox, self.request.same_path, &isolation.why) {
            return Err(host(format!(
                "`/build/{}` cannot be made on this machine: {why}; a build at this path needs bubblewrap",
                self.name
            )));
        }
        let movable = sandbox.is_some() && self.toolchain.is_movable();
        let canaries = Canaries {
            canonical: sandbox.as_ref().map(|_| self.name.clone()),
            apart: sandbox.as_ref().map(|_| self.canaries.place_apart()),
            toolchain: movable.then(|| self.toolchain.sysroot.clone()),
            ..self.canaries
        };
        Ok((Project { canaries, ..self }, (sandbox, isolation)))
    }

    /// What namespaces carry and does not reach the builds, and why: tried with the values of build B.
    pub(super) fn unseen(
        &self,
        sandbox: &Option<Sandbox>,
        isolation: &Isolation,
    ) -> Vec<(VariationId, String)> {
        let Some(sandbox) = sandbox else {
            let why = isolation.why.clone().unwrap_or_default();
            let rows = carried_by(|c| *c == Carrier::Namespace);
            return rows.map(|row| (row.id, why.clone())).collect();
        };
        let all = VariationSet::default();
        let values = |id| all.values(id, &self.canaries);
        let made_in = self.canaries.scratch.join("machine-of-probe");
        Machine { side: Side::B, values: &values, made_in }.unseen(sandbox)
    }

    /// The directories that are not varied.
    pub(crate) fn fixed(&self) -> Vec<VariationId> {
        let ids = VARIATIONS.iter().map(|row| row.id);
        let there = |id: &VariationId| {
            *id != VariationId::ToolchainPath || self.canaries.toolchain.is_some()
        };
        ids.filter(|id| id.canonical("").is_some() && !self.request.vary.has(*id))
            .filter(there)
            .collect()
    }

    /// The same with their paths, as the manifest has them.
    pub(crate) fn fixed_paths(&self) -> Vec<Fixed> {
        let path = |id: VariationId| self.values(id).path(Side::A).display().to_string();
        self.fixed().into_iter().map(|id| Fixed { name: id.to_string(), path: path(id) }).collect()
    }
}

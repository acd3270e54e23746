//! A copy of the source, and the cargo config that holds for it. Nothing of the source has run when it is made.
//! What an untrusted source may not say is taken out or refused here, for `verify` with and without a manifest.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::canaries;
use crate::build;
use crate::cargo::config::{Config, FILE_NAMES, Inside};
use crate::project::metadata::Defaults;
use crate::project::profiles::Profiles;
use crate::recipe::environment::Env;
use crate::source::Source;
use crate::variation::{Canaries, Side, VariationId, VariationSet};

/// A source that was copied, with the cargo config that holds for the copy. Nothing of it has run.
pub(crate) struct Copied {
    pub(crate) source: Source,
    pub(crate) config: Config,
    pub(super) cargo_home: Option<PathBuf>,
    pub(super) canaries: Canaries,
    pub(crate) copy: PathBuf,
}

impl Copied {
    /// Copies a source. `config` is that outside of it; the source is the user's `own`, or untrusted.
    pub(crate) fn new(
        source: Source,
        mut config: Config,
        cargo_home: Option<PathBuf>,
        scratch: &Path,
        own: bool,
    ) -> Result<Copied> {
        let canaries = canaries::of_this_machine(scratch, &config);
        let copy = VariationSet::default().values(VariationId::BuildPath, &canaries);
        let copy = copy.path(Side::A).to_owned();
        // Files above the source are written with the copy, and its own are known only after it.
        if !own {
            config.connect_as_user();
        }
        build::check_out(&source, &config, &copy)?;
        let tree = Inside { root: &source.root, copy: &copy, outside: own };
        config.add_inside(tree, &inside_configs(&source, &copy))?;
        if !own {
            config.connect_as_user();
            config.send_no_token(cargo_home.as_deref())?;
        }
        Ok(Copied { source, config, cargo_home, canaries, copy })
    }

    /// The profiles that decide a build, by these variables too.
    pub(crate) fn profiles(&self, profile: &str, env: &Env) -> Result<Profiles> {
        Profiles::of(profile, &self.copy.join(&self.source.workspace), &self.config, env)
    }

    /// What the source's metadata asks for.
    pub(crate) fn defaults(&self) -> Result<Defaults> {
        let at = |below: &Path| self.copy.join(below);
        Defaults::read(&at(&self.source.package), &at(&self.source.workspace))
    }
}

/// Config files in the source, from the directory that cargo is run in up to its root.
fn inside_configs(source: &Source, copy: &Path) -> Vec<PathBuf> {
    let each = source.package.ancestors();
    let first = |dir: &Path| {
        FILE_NAMES.map(|n| dir.join(n)).into_iter().find(|file| copy.join(file).is_file())
    };
    each.filter_map(first).collect()
}

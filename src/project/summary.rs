//! Makes the manifest and the report of a finished double build.
//! The verdict is already decided by `compare`, and [`super::publish`] writes the manifest, after all files in it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use cargo_metadata::Metadata;
use repro_formats::digest;

use crate::build::Built;
use crate::compare::Comparison;
use crate::ledger::Split;
use crate::manifest::components::Components;
use crate::manifest::{self, FromLedger, Manifest};
use crate::project::prepared::Prepared;
use crate::project::{Project, machine, publish};
use crate::recipe::Recipe;
use crate::recipe::environment::{self, PLUMBING};
use crate::setting::entry::Setting;
use crate::source::Origin;
use crate::variation::VARIATIONS;
use crate::variation::coverage::{Coverage, Reach};
use crate::verdict::Verdict;
use crate::{git, sbom, setting};

/// What was built and compared.
pub(crate) struct Made {
    pub(crate) comparison: Comparison,
    /// What each build left, A's first.
    pub(crate) sides: Vec<Built>,
    /// The times between which they were made; none after `--once`.
    pub(crate) span: Option<[i64; 2]>,
}

impl Project {
    pub(crate) fn manifest(
        &self,
        recipe: &Recipe,
        made: &Made,
        verdict: Verdict,
        coverage: Option<&Coverage>,
        split: Option<&Split>,
        components: Option<Components>,
    ) -> Result<Manifest> {
        let (a, scratch) = (&made.sides[0], &self.canaries.scratch);
        let selection = &self.request.selection;
        let builder = match self.request.builder {
            true => Some(machine::describe(&self.toolchain, a)?),
            false => None,
        };
        Ok(Manifest {
            schema: manifest::SCHEMA.to_string(),
            verdict,
            builds: coverage.map(|_| self.request.builds).filter(|n| *n > 2),
            variations: coverage.map(manifest::Variations::from),
            ledger: split.and_then(FromLedger::of),
            source: self.manifest_source()?,
            toolchain: manifest::Toolchain {
                rustc: self.toolchain.rustc_verbose.lines().map(str::to_string).collect(),
                cargo: self.toolchain.cargo_version.clone(),
            },
            build: manifest::Build {
                host: self.toolchain.host().to_string(),
                targets: selection.targets.clone(),
                profile: selection.profile().to_string(),
                packages: selection.packages.clone(),
                workspace: selection.workspace,
                lib: selection.lib,
                bins: selection.bins.clone(),
                all_bins: selection.all_bins,
                features: selection.features.clone(),
                all_features: selection.all_features,
                no_default_features: selection.no_default_features,
            },
            recipe: manifest::Recipe {
                version: self.recipe_version,
                inject: self.request.inject,
                user_wrapper: self.user_wrapper_name(),
                epoch: recipe.epoch.seconds,
                auditable: recipe.auditable,
                fixed: self.fixed_paths(),
                rows: recipe.rows(),
            },
            outside_config: self.outside_config().into_iter().map(|(_, text)| text).collect(),
            environment: self.consulted(&a.consulted),
            artifacts: publish::artifacts(&made.comparison, scratch, verdict),
            archives: Vec::new(),
            images: Vec::new(),
            components,
            builder,
        })
    }

    /// What the artifacts are made of, as build A and one whose files are still there saw it, or why that is
    /// not known.
    pub(crate) fn components(
        &self,
        packages: Option<&Metadata>,
        a: &Built,
        b: Option<&Built>,
    ) -> Result<(Option<Components>, Option<String>)> {
        let Some(packages) = packages else {
            let why = "cargo did not list the packages of this build";
            return Ok((None, Some(format!("{why}, so the manifest has no data for an SBOM"))));
        };
        let home = self.cargo_home.as_deref();
        let known = sbom::Known::new(packages, &self.lockfile.text, &self.copy, home)?;
        let sysroot = &self.toolchain.sysroot;
        let components = sbom::gather::gather(&known, sysroot, a, b)?;
        let why = components.is_none().then(|| {
            "the builds linked different crates or libraries into equal files, so the manifest has no data for an SBOM".to_string()
        });
        Ok((components, why))
    }

    pub(crate) fn manifest_source(&self) -> Result<manifest::Source> {
        let mut source = manifest::Source {
            tags: self.source.tags()?,
            version: self.source.version(&self.copy),
            directory: manifest::directory(&self.source.package),
            lockfile_sha256: digest::of_bytes(self.lockfile.text.as_bytes()).sha256,
            ..manifest::Source::default()
        };
        match &self.source.origin {
            Origin::Git(commit) => {
                source.kind = manifest::SourceKind::Git;
                source.remote = commit.remote.clone();
                source.commit = Some(commit.commit.clone());
                source.tree = Some(commit.tree.clone());
                source.dirty = !commit.dirty.is_empty();
            }
            Origin::Directory => source.sha256 = self.content_digest.clone(),
        }
        Ok(source)
    }

    /// The settings of the build that the source does not ask for: a verifier has to accept each.
    pub(crate) fn settings(&self, manifest: &Manifest) -> (Vec<Setting>, Option<String>) {
        match setting::unsourced(manifest, &self.asks, &[]) {
            Ok(settings) => (settings, None),
            Err(why) => {
                let note = format!("no verifier can replay this build: {why}");
                (Vec::new(), Some(note))
            }
        }
    }

    /// Config files outside the source that change what is built, with those settings.
    pub(crate) fn outside_config(&self) -> Vec<(PathBuf, String)> {
        self.config
            .outside()
            .map(|f| {
                (
                    f.path.clone(),
                    f.build_settings(&|name| self.profiles.has(name)).trim().to_string(),
                )
            })
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    pub(crate) fn consulted(&self, names: &BTreeSet<String>) -> Vec<manifest::Variable> {
        let settings = self.divided.passed.iter();
        let settings = settings.map(|(k, v)| (k.to_string_lossy(), v.to_string_lossy()));
        // Whether a build script announced it or not: a variable that is there can be read.
        let mut variables: BTreeSet<manifest::Variable> = settings
            .filter(|(k, _)| !environment::is_of_machine(k) && !PLUMBING.contains(&&**k))
            .map(|(k, v)| manifest::Variable { name: k.into_owned(), value: Some(v.into_owned()) })
            .collect();
        for name in names {
            if !variables.iter().any(|v| v.name == *name) {
                variables.insert(manifest::Variable { name: name.clone(), value: None });
            }
        }
        variables.into_iter().collect()
    }

    /// What was varied and what was not, once the builds are made.
    pub(crate) fn coverage(&self, recipe: &Recipe, prepared: &Prepared, a: &Built) -> Coverage {
        let Prepared { isolation, unseen, elsewhere, shim, .. } = prepared;
        let one_path = match (&isolation.why, &self.canaries.toolchain) {
            (Some(why), _) => Some(why.as_str()),
            (None, Some(_)) => None,
            (None, None) => Some("the toolchain is not in a directory of its own"),
        };
        let reach = Reach {
            holder: &|name| recipe.pinned(name),
            umask: cfg!(unix),
            preload: &shim.missing,
            static_scripts: &a.static_scripts,
            unreached: &a.unreached,
            namespaces: unseen,
            copies: elsewhere.same_order.as_deref(),
            toolchain: one_path,
        };
        Coverage::of(VARIATIONS, &self.request.vary, &self.canaries, &reach)
    }

    /// Whether no commit holds what was built.
    pub(crate) fn is_dirty(&self) -> bool {
        matches!(&self.source.origin, Origin::Git(commit) if !commit.dirty.is_empty())
    }

    pub(crate) fn how_to_verify(&self) -> String {
        match &self.source.origin {
            Origin::Git(commit) if commit.dirty.is_empty() => format!(
                "anyone with a clone that has {} can check this: `repro verify repro.json`",
                git::short(&commit.commit)
            ),
            Origin::Git(_) => {
                "this source cannot be retrieved by others: commit the changes and build again"
                    .to_string()
            }
            Origin::Directory => {
                "anyone with the same files can check this: `repro verify repro.json --source DIR`"
                    .to_string()
            }
        }
    }
}

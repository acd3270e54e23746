//! What a finished double build is told as: the manifest and the report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;

use crate::artifact::Kind;
use crate::build::Built;
use crate::compare::Comparison;
use crate::manifest::{self, Manifest};
use crate::project::elsewhere::Elsewhere;
use crate::project::preload::ShimState;
use crate::project::{Project, set};
use crate::project::{machine, publish};
use crate::recipe::environment::{self, PLUMBING};
use crate::recipe::{Recipe, table};
use crate::request::Inject;
use crate::sandbox::Isolation;
use crate::setting;
use crate::setting::entry::Setting;
use crate::source::Origin;
use crate::term::{count, short_list};
use crate::variation::coverage::{Coverage, Reach};
use crate::variation::{VARIATIONS, of_variable};
use crate::verdict::Verdict;

impl Project {
    pub(crate) fn manifest(
        &self,
        recipe: &Recipe,
        comparison: &Comparison,
        verdict: Verdict,
        coverage: Option<&Coverage>,
        a: &Built,
        scratch: &Path,
    ) -> Result<Manifest> {
        let selection = &self.request.selection;
        let builder = match self.request.builder {
            true => Some(machine::describe(&self.toolchain, a)?),
            false => None,
        };
        Ok(Manifest {
            schema: manifest::SCHEMA.to_string(),
            verdict: verdict.name().to_string(),
            variations: coverage.map(manifest::Variations::from),
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
                version: table::VERSION,
                inject: self.request.inject.name().to_string(),
                user_wrapper: self.user_wrapper_name(),
                epoch: recipe.facts().epoch.seconds,
                fixed: self.fixed_paths(),
                rows: recipe
                    .rows()
                    .into_iter()
                    .map(|r| manifest::Row { what: r.what, value: r.value, why: r.why })
                    .collect(),
            },
            outside_config: self.outside_config().into_iter().map(|(_, text)| text).collect(),
            environment: self.consulted(&a.consulted),
            artifacts: publish::artifacts(comparison, scratch, verdict),
            archives: Vec::new(),
            builder,
        })
    }

    pub(crate) fn manifest_source(&self) -> Result<manifest::Source> {
        let inside = &self.source.package;
        let parts: Vec<_> = inside.iter().map(|p| p.to_string_lossy()).collect();
        let mut source = manifest::Source {
            kind: "directory".to_string(),
            remote: None,
            commit: None,
            tags: self.source.tags()?,
            version: self.source.version(&self.copy),
            tree: None,
            dirty: false,
            sha256: None,
            directory: if parts.is_empty() { ".".to_string() } else { parts.join("/") },
            lockfile_sha256: digest::of_bytes(self.lockfile.as_bytes()).sha256,
        };
        match &self.source.origin {
            Origin::Git(commit) => {
                source.kind = "git".to_string();
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
            .map(|f| (f.path.clone(), f.build_settings().trim().to_string()))
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
    pub(crate) fn coverage(
        &self,
        recipe: &Recipe,
        shim: &ShimState,
        isolation: &Isolation,
        elsewhere: &Elsewhere,
        a: &Built,
    ) -> Coverage {
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
            static_programs: &a.static_programs,
            namespaces: isolation.why.as_deref(),
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
                &commit.commit[..12.min(commit.commit.len())]
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

    pub(crate) fn notes(&self, a: &Built) -> Vec<String> {
        let mut notes = Vec::new();
        if let Origin::Git(commit) = &self.source.origin {
            if !commit.dirty.is_empty() {
                notes.push(format!(
                    "the source is not a commit: {} changed ({})",
                    commit.dirty.len(),
                    short_list(&commit.dirty)
                ));
            }
            if commit.untracked > 0 {
                let files = count(commit.untracked, "untracked file is", "untracked files are");
                notes.push(format!("{files} not part of the source"));
            }
        }
        for (path, _) in self.outside_config() {
            notes.push(format!(
                "settings of `{}` are in force, which is outside the source: another builder needs them as well",
                path.display()
            ));
        }
        let lost: Vec<_> = a.consulted.iter().filter(|n| self.is_lost(n)).collect();
        for name in &lost {
            notes.push(format!(
                "{name} is set and the build asks for it, but it was not passed on: `--pass-env {name}` if it is meant"
            ));
        }
        for (name, package) in self.may_be_read(a).iter().filter(|(name, _)| !lost.contains(&name))
        {
            notes.push(format!(
                "{name} is set, and the build script or macro of {package} may read it, but it was not passed on: `--pass-env {name}` if it is meant"
            ));
        }
        if let Some(name) = self.user_wrapper_name() {
            notes.push(format!(
                "`{name}` wraps rustc and is run in turn: another builder needs it as well, and what it hands to a server is not varied"
            ));
        }
        let workspace_wrapper = ["build", "rustc-workspace-wrapper"];
        if set(&self.env, &["RUSTC_WORKSPACE_WRAPPER"]).is_some()
            || self.config.get(&workspace_wrapper).is_some()
        {
            notes.push("RUSTC_WORKSPACE_WRAPPER is set: its path changes the bytes".to_string());
        }
        if set(&self.env, &["RUSTC_BOOTSTRAP"]).is_some() {
            notes.push("RUSTC_BOOTSTRAP is set: it changes all bytes".to_string());
        }
        if !self.beside.is_empty() && self.request.inject == Inject::Rustflags {
            notes.push(format!(
                "{} outside the workspace root: cargo puts the absolute path into symbol names, which only `--inject wrapper` can make canonical",
                short_list(&self.beside)
            ));
        }
        if a.random_build_id {
            notes.push("a random build-id (`--build-id=uuid`) was asked for; the recipe overrides it with sha1".to_string());
        }
        notes
    }

    /// Variables that were not passed on and whose name is in a program that ran in the build: it may
    /// read them without announcing it.
    fn may_be_read(&self, a: &Built) -> Vec<(String, String)> {
        let dropped: Vec<&String> = self.divided.dropped.iter().collect();
        let names = dropped.into_iter().filter(|name| self.is_lost(name) && !of_session(name));
        let names: Vec<&String> = names.collect();
        let ran = |kind: Kind| matches!(kind, Kind::BuildScript | Kind::ProcMacro);
        let mut found = Vec::new();
        for program in a.artifacts.iter().filter(|a| ran(a.kind) && !names.is_empty()) {
            let bytes = std::fs::read(&program.path).unwrap_or_default();
            for name in &names {
                let seen = found.iter().any(|(n, _): &(String, String)| n == *name);
                if !seen && memchr::memmem::find(&bytes, name.as_bytes()).is_some() {
                    found.push((name.to_string(), program.package.clone()));
                }
            }
        }
        found
    }

    /// Set by the user, asked for by the build, and neither passed on nor set by the recipe.
    pub(crate) fn is_lost(&self, name: &str) -> bool {
        let set_by_us = of_variable(name).is_some()
            || environment::is_own(name)
            || name.starts_with("CARGO")
            || table::TABLE
                .iter()
                .any(|i| matches!(i.channel, table::Channel::Env(n) if n == name))
            || self.config.env().iter().any(|(n, _, _)| n == name);
        !set_by_us && self.divided.dropped.iter().any(|d| d == name)
    }
}

/// Variables that a session has of its own accord, and that the standard library and cargo's own
/// protocol with build scripts name as well: their name in a program means nothing.
fn of_session(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "_",
        "COLORTERM",
        "DEBUG",
        "DISPLAY",
        "EDITOR",
        "HOST",
        "LANGUAGE",
        "MAIL",
        "NUM_JOBS",
        "OLDPWD",
        "OPT_LEVEL",
        "OUT_DIR",
        "PAGER",
        "PROFILE",
        "PWD",
        "SHELL",
        "SHLVL",
        "TARGET",
        "TERM",
    ];
    const STARTS: &[&str] = &["LC_", "RUST_", "SSH_", "XDG_", "DBUS_", "DEP_"];
    name.len() < 3 || NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start))
}

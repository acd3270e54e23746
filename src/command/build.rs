//! `repro build`: source, recipe, two builds, comparison, manifest, report. Straight down.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build::{self, Built, Plan};
use crate::cargo::config::{Config, FILE_NAMES};
use crate::cargo::{self, fetch, home, toolchain as find_toolchain};
use crate::cli::BuildRequest;
use crate::command::metadata::{Defaults, project_name};
use crate::command::{builder, publish};
use crate::compare::{Comparison, compare};
use crate::epoch::{self, Epoch, EpochFrom};
use crate::error::{Kind, bad_input, failure, host, refused};
use crate::manifest::{self, Manifest};
use crate::process::{self, Cmd};
use crate::recipe::environment::{self, Divided, PLUMBING};
use crate::recipe::{Facts, Recipe, table};
use crate::report::Report;
use crate::request::{Build, Inject, SourceChoice};
use crate::shim::{self, Shim};
use crate::source::{self, Origin, Source, Wanted};
use crate::term::{self, Progress};
use crate::toolchain::Toolchain;
use crate::variation::{Canaries, Name, Selection, VARIATIONS, Values};
use crate::verdict::Verdict;
use crate::{digest, fs};

/// What `repro build` ends with.
pub enum Outcome {
    /// A verdict and all that is said of it.
    Report(Box<Report>),
    /// `--show-recipe`.
    Recipe(Vec<crate::recipe::Row>),
}

/// Runs it.
pub fn run(asked: BuildRequest) -> Result<Outcome> {
    let progress = Progress::new(asked.verbose);
    let scratch = Scratch::new(asked.keep)?;
    std::thread::scope(|s| {
        let (done, stop) = std::sync::mpsc::channel::<()>();
        let progress = &progress;
        s.spawn(move || {
            let tick = std::time::Duration::from_millis(200);
            while stop.recv_timeout(tick) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                progress.tick();
            }
        });
        let outcome = double_build(asked, scratch.path(), progress);
        drop(done);
        outcome
    })
}

fn double_build(asked: BuildRequest, scratch: &Path, progress: &Progress) -> Result<Outcome> {
    progress.phase("checking out the source");
    let show_recipe = asked.show_recipe;
    let project = Project::open(asked, scratch)?;
    let recipe = project.recipe()?;
    if show_recipe {
        return Ok(Outcome::Recipe(recipe.rows()));
    }
    progress.phase("fetching dependencies");
    let say = |line: &str| progress.step("cargo", line);
    fetch::fetch(&project.toolchain, &project.run_dir(), &say)?;

    let shim = project.shim(scratch);
    let trace_links =
        project.request.builder && builder::linker_lists_inputs(project.toolchain.host(), scratch);
    let cfgs = project.cfgs()?;
    let values = |name| project.values(name);
    let plan = Plan {
        source: &project.source,
        selection: &project.request.selection,
        toolchain: &project.toolchain,
        config: &project.config,
        recipe: &recipe,
        inject: project.request.inject,
        cfgs: &cfgs,
        user_wrapper: project.user_wrapper(),
        lockfile: &project.lockfile,
        cargo_home: project.cargo_home.as_deref(),
        shim: shim.shim.as_ref(),
        trace_links,
        values: &values,
        scratch,
    };
    progress.phase(&format!("building {} twice", project.describe()));
    let (a, b) = plan.run(progress)?;
    progress.phase("comparing");
    let comparison = compare(&a.artifacts, &b.artifacts);
    not_with_itself(&comparison)?;
    let verdict = comparison.verdict().ok_or_else(|| {
        failure(
            Kind::BuildFailed,
            "the builds made nothing that a verdict could be about: no binary and no library for the target; select other packages or targets",
        )
    })?;
    let manifest = project.manifest(&recipe, &comparison, verdict, &a, scratch)?;
    process::check_interrupt()?;
    let path = publish::publish(&project.results, scratch, &comparison, verdict, &manifest)?;
    progress.clear();
    Ok(Outcome::Report(Box::new(
        project.report(&recipe, comparison, verdict, &shim, &a, path),
    )))
}

/// The scratch directory of a run, removed at its end.
struct Scratch {
    dir: tempfile::TempDir,
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    fn new(keep: bool) -> Result<Scratch> {
        // C flags are split at white space, remaps at `=` and `:`, linker arguments at `,`.
        let fit = |d: &&PathBuf| {
            let odd = [' ', '\t', '=', ':', ',', '$'];
            d.is_dir() && (cfg!(windows) || !d.to_string_lossy().contains(odd))
        };
        let first = std::env::temp_dir();
        let places = [first.clone(), "/var/tmp".into(), "/tmp".into()];
        let place = places.iter().find(fit).unwrap_or(&first);
        let dir = tempfile::Builder::new()
            .prefix("repro-")
            .disable_cleanup(keep)
            .tempdir_in(place)
            .map_err(|e| {
                host(format!(
                    "failed to make a scratch directory in `{}`: {e}; set TMPDIR to another one",
                    place.display()
                ))
            })?;
        let path =
            std::fs::canonicalize(dir.path()).context("failed to resolve the scratch path")?;
        if keep {
            term::say(term::BOLD, "scratch directory", &path.display().to_string());
        }
        Ok(Scratch { dir, path, keep })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Builds may leave directories without write permission, which the plain removal of a
        // temporary directory would not get past.
        if !self.keep && fs::remove_tree(self.dir.path()).is_err() {
            term::say(
                term::WARN,
                "warning",
                &format!("failed to remove `{}`", self.path.display()),
            );
        }
    }
}

/// All that is known before anything is built.
struct Project {
    request: Build,
    source: Source,
    toolchain: Toolchain,
    config: Config,
    cargo_home: Option<PathBuf>,
    canaries: Canaries,
    lockfile: String,
    name: String,
    divided: Divided,
    results: PathBuf,
    copy: PathBuf,
    content_digest: Option<String>,
    beside: Vec<String>,
}

impl Project {
    fn open(asked: BuildRequest, scratch: &Path) -> Result<Project> {
        let manifest = find_manifest(&asked.source)?;
        let target_dir = user_target_dir(&manifest)?;
        let source = source::find(&Wanted {
            manifest,
            directory: asked.source.directory.clone(),
            rev: asked.source.rev.clone(),
            allow_dirty: asked.source.allow_dirty,
            target_dir: target_dir.clone(),
        })?;
        let cargo_home = home::of_user();
        let mut config = Config::read(&source.root, cargo_home.as_deref())?;
        let canaries = canaries(scratch, &config)?;
        let copy = Selection::default().values(Name::BuildPath, &canaries);
        let copy = PathBuf::from(copy.a);
        build::check_out(&source, &config, &copy)?;
        config.add_inside(inside_configs(&source, &copy)?)?;
        // Of what was copied, before any build script could change it.
        let content_digest = match source.origin {
            Origin::Git(_) => None,
            Origin::Directory => Some(Source::content_digest(&copy)?),
        };

        let workspace = copy.join(&source.workspace);
        let lockfile = fs::read_text_if_any(&workspace.join("Cargo.lock"))?.ok_or_else(|| {
            refused(format!(
                "{} has no Cargo.lock, so that versions are not fixed: run `cargo generate-lockfile` and commit it",
                describe(&source)
            ))
        })?;
        let defaults = Defaults::read(&copy.join(&source.package), &workspace)?;
        let mut request = defaults.complete(asked)?;
        let toolchain = toolchain_of(&source, &copy, &config)?;
        complete_targets(&mut request.selection.targets, &config, toolchain.host());
        let name = match &request.name {
            Some(name) => name.clone(),
            None => project_name(&workspace, &toolchain.cargo)?,
        };
        if name.is_empty() || name.contains(['/', '=', ':', ' ', '\\']) {
            return Err(bad_input(format!(
                "the name `{name}` cannot stand in a path: set `name` in [workspace.metadata.repro]"
            )));
        }
        let divided = environment::divide(std::env::vars_os(), &request.pass_env);
        if let Some(own) = request.pass_env.iter().find(|n| environment::is_own(n)) {
            return Err(failure(
                Kind::Usage,
                format!("`--pass-env {own}`: repro sets {own} itself; leave it out"),
            ));
        }
        Ok(Project {
            beside: source.beside_workspace(&copy)?,
            request,
            source,
            toolchain,
            config,
            cargo_home,
            canaries,
            lockfile,
            name,
            divided,
            results: target_dir.join("repro"),
            copy,
            content_digest,
        })
    }

    fn run_dir(&self) -> PathBuf {
        self.copy.join(&self.source.package)
    }

    fn values(&self, name: Name) -> Values {
        self.request.vary.values(name, &self.canaries)
    }

    /// Targets asked for, else the host.
    fn targets(&self) -> Vec<String> {
        let asked = &self.request.selection.targets;
        if asked.is_empty() {
            vec![self.toolchain.host().to_string()]
        } else {
            asked.clone()
        }
    }

    fn recipe(&self) -> Result<Recipe> {
        let mut targets = self.targets();
        let host = self.toolchain.host().to_string();
        if !targets.contains(&host) {
            targets.push(host);
        }
        let is_set = |n: &&String| std::env::var_os(n).is_some();
        Ok(Recipe::new(Facts {
            name: self.name.clone(),
            epoch: self.epoch()?,
            targets,
            rust_src: self.toolchain.sysroot.join("lib/rustlib/src/rust"),
            rust_root: self.toolchain.canonical_library_root(),
            passed: self.divided.passed.clone(),
            config_env: self.config.env(),
            pass_env: self
                .request
                .pass_env
                .iter()
                .filter(is_set)
                .cloned()
                .collect(),
            canonical_ids: !self.beside.is_empty() && self.request.inject == Inject::Wrapper,
        }))
    }

    fn epoch(&self) -> Result<Epoch> {
        let read = |text: &str, from| {
            let seconds = epoch::parse(text).ok_or_else(|| {
                bad_input(format!(
                    "SOURCE_DATE_EPOCH is `{text}` ({}), which is not a number of seconds since 1970",
                    EpochFrom::phrase(from)
                ))
            })?;
            Ok(Epoch { seconds, from })
        };
        let in_config = self.config.env();
        let in_config = in_config.iter().find(|(n, _, _)| n == "SOURCE_DATE_EPOCH");
        if let Some((_, text, true)) = in_config {
            // cargo sets a forced variable over ours, so nothing else can be the truth.
            let forced = read(text, EpochFrom::Config)?;
            if self.request.epoch.is_some_and(|e| e != forced.seconds) {
                return Err(refused(
                    "[env] of a cargo config file forces SOURCE_DATE_EPOCH to another value than --epoch: leave out one of the two",
                ));
            }
            return Ok(forced);
        }
        if let Some(seconds) = self.request.epoch {
            return Ok(Epoch {
                seconds,
                from: EpochFrom::Option,
            });
        }
        if let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") {
            return read(&text, EpochFrom::Environment);
        }
        if let Some((_, text, _)) = in_config {
            return read(text, EpochFrom::Config);
        }
        match &self.source.origin {
            Origin::Git(commit) => Ok(Epoch {
                seconds: commit.time.max(0),
                from: EpochFrom::Commit,
            }),
            Origin::Directory => Err(refused(format!(
                "`{}` is not in git, so that there is no commit time for SOURCE_DATE_EPOCH: give one with --epoch SECONDS",
                self.source.root.display()
            ))),
        }
    }

    /// The user's own rustc wrapper, which ours must run in turn.
    fn user_wrapper(&self) -> Option<(PathBuf, bool)> {
        for name in ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"] {
            if let Some(value) = std::env::var_os(name) {
                return (!value.is_empty()).then(|| (absolute_program(value.into()), false));
            }
        }
        self.config.get_program(&["build", "rustc-wrapper"])
    }

    fn user_wrapper_name(&self) -> Option<String> {
        let (path, in_source) = self.user_wrapper()?;
        let inside = path
            .strip_prefix(&self.source.root)
            .ok()
            .filter(|_| in_source);
        let name = inside.map_or_else(|| path.file_name().map(PathBuf::from), |i| Some(i.into()));
        name.map(|n| n.display().to_string())
    }

    fn cfgs(&self) -> Result<Vec<(String, String)>> {
        if self.request.inject == Inject::Wrapper {
            return Ok(Vec::new());
        }
        let of = |t: String| {
            let cfgs = find_toolchain::cfgs(&self.toolchain, &t, &self.run_dir())?;
            Ok((t, cfgs))
        };
        self.targets().into_iter().map(of).collect()
    }

    /// Compiles the preload shim and tries it, where any variation needs it.
    fn shim(&self, scratch: &Path) -> ShimState {
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
            Err(why) => ShimState {
                shim: None,
                missing: needed.map(|n| (n, why.clone())).to_vec(),
            },
            Ok(shim) => {
                let missing = self.probe(&shim, scratch).unwrap_or_else(|e| {
                    let why = format!("the preload shim could not be tried: {e:#}");
                    needed.map(|n| (n, why.clone())).to_vec()
                });
                ShimState {
                    shim: Some(shim),
                    missing,
                }
            }
        }
    }

    fn probe(&self, shim: &Shim, scratch: &Path) -> Result<Vec<(Name, String)>> {
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
        Ok(tried
            .into_iter()
            .filter_map(|(name, result)| Some((name, result.err()?)))
            .collect())
    }

    fn describe(&self) -> String {
        describe(&self.source)
    }

    fn manifest(
        &self,
        recipe: &Recipe,
        comparison: &Comparison,
        verdict: Verdict,
        a: &Built,
        scratch: &Path,
    ) -> Result<Manifest> {
        let selection = &self.request.selection;
        let builder = match self.request.builder {
            true => Some(builder::describe(&self.toolchain, &a.linker_inputs)?),
            false => None,
        };
        Ok(Manifest {
            schema: manifest::SCHEMA.to_string(),
            verdict: verdict.name().to_string(),
            source: self.manifest_source()?,
            toolchain: manifest::Toolchain {
                rustc: self
                    .toolchain
                    .rustc_verbose
                    .lines()
                    .map(str::to_string)
                    .collect(),
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
                rows: recipe
                    .rows()
                    .into_iter()
                    .map(|r| manifest::Row {
                        what: r.what,
                        value: r.value,
                        why: r.why,
                    })
                    .collect(),
            },
            outside_config: self
                .outside_config()
                .into_iter()
                .map(|(_, text)| text)
                .collect(),
            environment: self.consulted(&a.consulted),
            artifacts: publish::artifacts(comparison, scratch, verdict),
            builder,
        })
    }

    fn manifest_source(&self) -> Result<manifest::Source> {
        let inside = &self.source.package;
        let parts: Vec<_> = inside.iter().map(|p| p.to_string_lossy()).collect();
        let mut source = manifest::Source {
            kind: "directory".to_string(),
            remote: None,
            commit: None,
            tree: None,
            dirty: false,
            sha256: None,
            directory: if parts.is_empty() {
                ".".to_string()
            } else {
                parts.join("/")
            },
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

    /// Config files outside the source that change what is built, with those settings.
    fn outside_config(&self) -> Vec<(PathBuf, String)> {
        let outside = |f: &&cargo::config::ConfigFile| f.place != cargo::config::Place::Source;
        let files = self.config.files.iter().filter(outside);
        files
            .map(|f| (f.path.clone(), f.build_settings().trim().to_string()))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    fn consulted(&self, names: &BTreeSet<String>) -> Vec<manifest::Variable> {
        let settings = self.divided.passed.iter();
        let settings = settings.map(|(k, v)| (k.to_string_lossy(), v.to_string_lossy()));
        // Flags reach rustc without being asked for by any crate.
        let always = |n: &str| n.contains("RUSTFLAGS") || n.starts_with("CARGO_PROFILE_");
        let mut variables: BTreeSet<manifest::Variable> = settings
            .filter(|(k, _)| names.contains(&**k) || always(k))
            .filter(|(k, _)| !PLUMBING.contains(&&**k))
            .map(|(k, v)| manifest::Variable {
                name: k.into_owned(),
                value: Some(v.into_owned()),
            })
            .collect();
        for name in names {
            if !variables.iter().any(|v| v.name == *name) {
                variables.insert(manifest::Variable {
                    name: name.clone(),
                    value: None,
                });
            }
        }
        variables.into_iter().collect()
    }

    fn report(
        &self,
        recipe: &Recipe,
        comparison: Comparison,
        verdict: Verdict,
        shim: &ShimState,
        a: &Built,
        manifest: PathBuf,
    ) -> Report {
        let not_varied = self.not_varied(recipe, shim, &a.static_scripts);
        let wholly_fixed = |name: Name| {
            let by_shim_only = matches!(name, Name::Clock | Name::CpuCount);
            let missing = shim.missing.iter().any(|(n, _)| *n == name);
            (by_shim_only && missing)
                || (recipe.held(name).is_some() && name != Name::HostName)
                || (name == Name::Umask && cfg!(not(unix)))
        };
        Report {
            command: "build",
            verdict,
            comparison,
            variations: VARIATIONS
                .iter()
                .filter(|v| self.values(v.name).varied() && !wholly_fixed(v.name))
                .map(|v| (v.text, self.values(v.name)))
                .collect(),
            not_varied,
            source: self.describe(),
            how_to_verify: self.how_to_verify(),
            notes: self.notes(a),
            recipe: recipe.rows(),
            dropped: self.divided.dropped.clone(),
            manifest,
            results: self.results.clone(),
        }
    }

    fn not_varied(
        &self,
        recipe: &Recipe,
        shim: &ShimState,
        static_scripts: &[String],
    ) -> Vec<(&'static str, String)> {
        let mut list = Vec::new();
        for row in VARIATIONS {
            let missing = shim.missing.iter().find(|(n, _)| *n == row.name);
            let by_shim = matches!(row.name, Name::Clock | Name::CpuCount | Name::HostName);
            let why = if !self.request.vary.has(row.name) {
                "switched off".to_string()
            } else if let Some(why) = recipe.held(row.name) {
                why
            } else if row.name == Name::Umask && cfg!(not(unix)) {
                "the host has none".to_string()
            } else if let Some((_, why)) = missing {
                why.clone()
            } else if by_shim && !static_scripts.is_empty() {
                format!(
                    "build scripts are statically linked: {}",
                    static_scripts.join(", ")
                )
            } else {
                continue;
            };
            list.push((row.text, why));
        }
        list
    }

    fn how_to_verify(&self) -> String {
        let options = match self.request.inject {
            Inject::Wrapper => "",
            Inject::Rustflags => " --inject rustflags",
        };
        match &self.source.origin {
            Origin::Git(commit) if commit.dirty.is_empty() => format!(
                "elsewhere, in a clone: `repro build --rev {}{options} --no-builder` with the same selection; compare repro.json",
                &commit.commit[..12.min(commit.commit.len())]
            ),
            Origin::Git(_) => {
                "nobody else has this source: commit the changes and build again".to_string()
            }
            Origin::Directory => format!(
                "elsewhere, with the same files: `repro build --source DIR{options} --no-builder` with the same --epoch; compare repro.json"
            ),
        }
    }

    fn notes(&self, a: &Built) -> Vec<String> {
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
                notes.push(format!(
                    "{} untracked files are not part of the source",
                    commit.untracked
                ));
            }
        }
        for (path, _) in self.outside_config() {
            notes.push(format!(
                "settings of `{}` are in force, which is outside the source: another builder needs them as well",
                path.display()
            ));
        }
        let lost: Vec<_> = a.consulted.iter().filter(|n| self.is_lost(n)).collect();
        for name in lost {
            notes.push(format!(
                "{name} is set and the build asks for it, but it was not passed on: `--pass-env {name}` if it is meant"
            ));
        }
        if let Some(name) = self.user_wrapper_name() {
            notes.push(format!(
                "`{name}` wraps rustc and is run in turn: another builder needs it as well, and what it hands to a server is not varied"
            ));
        }
        let workspace_wrapper = ["build", "rustc-workspace-wrapper"];
        if std::env::var_os("RUSTC_WORKSPACE_WRAPPER").is_some()
            || self.config.get(&workspace_wrapper).is_some()
        {
            notes.push("RUSTC_WORKSPACE_WRAPPER is set: its path changes the bytes".to_string());
        }
        if std::env::var_os("RUSTC_BOOTSTRAP").is_some() {
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

    /// Set by the user, asked for by the build, and neither passed on nor set by the recipe.
    fn is_lost(&self, name: &str) -> bool {
        let set_by_us = VARIATIONS.iter().any(|v| v.variables.contains(&name))
            || environment::is_own(name)
            || name.starts_with("CARGO")
            || table::TABLE
                .iter()
                .any(|i| matches!(i.channel, table::Channel::Env(n) if n == name))
            || self.config.env().iter().any(|(n, _, _)| n == name);
        !set_by_us && self.divided.dropped.iter().any(|d| d == name)
    }
}

/// The preload shim and what it does not reach.
#[derive(Default)]
struct ShimState {
    shim: Option<Shim>,
    missing: Vec<(Name, String)>,
}

/// `build.target` is the same as `--target`: it must be known, as rows of the recipe and the
/// places of artifacts depend on it. A target specification in a file is left to cargo.
fn complete_targets(targets: &mut Vec<String>, config: &Config, host: &str) {
    if targets.is_empty() {
        *targets = match std::env::var("CARGO_BUILD_TARGET") {
            Ok(target) => vec![target],
            Err(_) => config.strongest_list(&["build", "target"]),
        };
        targets.retain(|t| !t.is_empty() && !t.ends_with(".json"));
    }
    for target in targets.iter_mut().filter(|t| *t == "host-tuple") {
        *target = host.to_string();
    }
    let mut seen = BTreeSet::new();
    targets.retain(|t| seen.insert(t.clone()));
}

fn find_manifest(choice: &SourceChoice) -> Result<PathBuf> {
    let path = match (&choice.manifest, &choice.directory) {
        (Some(manifest), _) => manifest.clone(),
        (None, Some(dir)) => dir.join("Cargo.toml"),
        (None, None) => {
            let here = std::env::current_dir().context("failed to find the current directory")?;
            let found = here.ancestors().map(|d| d.join("Cargo.toml"));
            found.into_iter().find(|p| p.is_file()).ok_or_else(|| {
                refused(format!(
                    "there is no Cargo.toml in `{}` or above it: run repro in a cargo project, or give --manifest-path",
                    here.display()
                ))
            })?
        }
    };
    if !path.is_file() {
        return Err(refused(format!("there is no file `{}`", path.display())));
    }
    std::path::absolute(&path).with_context(|| format!("failed to resolve `{}`", path.display()))
}

/// The target directory that cargo would use, from the user's own configuration.
fn user_target_dir(manifest: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = [
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--manifest-path",
    ];
    let dir = manifest.parent().unwrap_or(Path::new("."));
    let out = Cmd::new(cargo).args(args).arg(manifest).dir(dir).output()?;
    if !out.status.success() {
        let words: Vec<_> = out
            .stderr
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        return Err(bad_input(format!(
            "cargo cannot read `{}`: {}",
            manifest.display(),
            words.join(" ").trim_start_matches("error: ")
        )));
    }
    let metadata = cargo_metadata::MetadataCommand::parse(out.text())
        .context("failed to read cargo's metadata")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn canaries(scratch: &Path, config: &Config) -> Result<Canaries> {
    let token = scratch.file_name().unwrap_or_default().to_string_lossy();
    let token = token.trim_start_matches("repro-").to_lowercase();
    let cpus = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    Ok(Canaries {
        scratch: scratch.to_owned(),
        token,
        cpus,
        locale: other_locale(),
        outer_configs: config.outer_count(),
    })
}

/// A locale of this host that is not C under another name.
fn other_locale() -> Option<String> {
    let out = Cmd::new("locale").arg("-a").output().ok()?;
    let plain = |l: &&str| l.starts_with("C.") || *l == "C" || *l == "POSIX";
    let text = out.text();
    text.lines().find(|l| !plain(l)).map(str::to_string)
}

/// Config files in the source, from the directory that cargo is run in up to its root: where they
/// lie in the user's tree, and their text as copied.
fn inside_configs(source: &Source, copy: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for dir in source.package.ancestors() {
        for name in FILE_NAMES {
            let relative = dir.join(name);
            if let Some(text) = fs::read_text_if_any(&copy.join(&relative))? {
                found.push((source.root.join(relative), text));
                break;
            }
        }
    }
    Ok(found)
}

/// The toolchain of the source where it names one, else the one that the user's directory has.
fn toolchain_of(source: &Source, copy: &Path, config: &Config) -> Result<Toolchain> {
    let names = ["rust-toolchain.toml", "rust-toolchain"];
    let named = source
        .package
        .ancestors()
        .any(|d| names.iter().any(|n| copy.join(d).join(n).is_file()));
    let root = if named { copy } else { &source.root };
    let from_env = ["RUSTC", "CARGO_BUILD_RUSTC"]
        .iter()
        .find_map(std::env::var_os)
        .map(|p| absolute_program(p.into()));
    let rustc = from_env.or_else(|| {
        let (path, in_source) = config.get_program(&["build", "rustc"])?;
        Some(match path.strip_prefix(&source.root) {
            Ok(inside) if in_source => copy.join(inside),
            _ => path,
        })
    });
    find_toolchain::find(&root.join(&source.package), rustc)
}

/// A program given with a directory is meant from here, not from where the builds run.
fn absolute_program(program: PathBuf) -> PathBuf {
    if program.components().count() > 1 {
        std::path::absolute(&program).unwrap_or(program)
    } else {
        program
    }
}

fn describe(source: &Source) -> String {
    match &source.origin {
        Origin::Git(commit) => {
            let short = &commit.commit[..12.min(commit.commit.len())];
            let state = if commit.dirty.is_empty() {
                ""
            } else {
                " with uncommitted changes"
            };
            format!("commit {short}{state} of `{}`", source.root.display())
        }
        Origin::Directory => format!("directory `{}`", source.root.display()),
    }
}

fn short_list(names: &[String]) -> String {
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 5 {
        format!("{shown}, …")
    } else {
        shown
    }
}

/// Two artifacts that are one file would be equal whatever was built.
fn not_with_itself(comparison: &Comparison) -> Result<()> {
    for pair in &comparison.pairs {
        if let (Some(a), Some(b)) = (&pair.a, &pair.b) {
            let (x, y) = (fs::identity(&a.path)?, fs::identity(&b.path)?);
            if a.path == b.path || (x.is_some() && x == y) {
                return Err(host(format!(
                    "`{}` of both builds is one file, so that comparing it says nothing: does a build script or wrapper share outputs between builds?",
                    a.name
                )));
            }
        }
    }
    Ok(())
}

//! Everything about a project that is known before a build: its source, configuration, toolchain and settings, each
//! read from where the user put it. Nothing is built here.
//! [`Project::new`] is the only constructor; `verify` uses it too, with what a manifest records.

mod auditable;
mod canaries;
pub(crate) mod context;
mod copied;
pub(crate) mod elsewhere;
pub(crate) mod isolate;
pub(crate) mod ledger;
pub(crate) mod lockfile;
pub(crate) mod machine;
pub(crate) mod metadata;
mod notes;
pub(crate) mod preload;
pub(crate) mod prepared;
pub(crate) mod profiles;
mod programs;
pub(crate) mod publish;
#[cfg(test)]
mod schema;
pub(crate) mod scratch;
pub(crate) mod selection;
mod settings;
pub(crate) mod summary;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::Metadata;

use crate::cargo::config::reach::Leads;
use crate::cargo::config::{Config, ConfigPlace};
use crate::cargo::intact::{self, Sources};
use crate::cargo::{fetch, home, toolchain as find_toolchain};
use crate::epoch::{self, Epoch, EpochFrom};
use crate::error::{bad_input, refused, usage};
use crate::git;
use crate::metadata::Cargo;
pub(crate) use crate::project::copied::Copied;
use crate::project::lockfile::Lockfile;
use crate::project::metadata::{Defaults, project_name};
use crate::project::profiles::Profiles;
use crate::project::programs::{absolute_program, programs_from_here, toolchain_of};
use crate::recipe::environment::{self, Divided, Env, set};
use crate::recipe::{Recipe, table};
use crate::request::{Build, BuildRequest, Inject, Selection, SourceChoice};
use crate::setting::Asks;
use crate::source::{self, Origin, Source, SourceRequest};
use crate::term::Progress;
use crate::toolchain::{self, Toolchain};
use crate::variation::{Canaries, Values, VariationId};

/// All that is known before anything is built.
pub(crate) struct Project {
    pub(crate) request: Build,
    pub(crate) source: Source,
    pub(crate) toolchain: Toolchain,
    pub(crate) config: Config,
    pub(crate) cargo_home: Option<PathBuf>,
    pub(crate) canaries: Canaries,
    pub(crate) lockfile: Lockfile,
    /// The profiles that decide the build.
    pub(crate) profiles: Profiles,
    pub(crate) name: String,
    /// The version of the recipe that is applied.
    pub(crate) recipe_version: u32,
    pub(crate) divided: Divided,
    pub(crate) results: PathBuf,
    pub(crate) copy: PathBuf,
    pub(crate) content_digest: Option<String>,
    pub(crate) beside: Vec<String>,
    /// The workspace as cargo describes it before any build script could change it; none of a replay.
    pub(crate) members: Option<Metadata>,
    /// What archives have besides artifacts and the build makes.
    pub(crate) generated: Vec<String>,
    /// What the source itself asks for; everything else is a setting that a verifier has to accept.
    pub(crate) asks: Asks,
    /// The user's environment, captured once; of a replay only what was accepted of it.
    pub(crate) env: Env,
}

/// What else a project is made of.
pub(crate) struct Rest {
    pub(crate) request: Build,
    pub(crate) toolchain: Toolchain,
    pub(crate) lockfile: Lockfile,
    pub(crate) profiles: Profiles,
    pub(crate) recipe_version: u32,
    pub(crate) divided: Divided,
    pub(crate) results: PathBuf,
    pub(crate) content_digest: Option<String>,
    pub(crate) members: Option<Metadata>,
    pub(crate) env: Env,
}

impl Project {
    pub(crate) fn open(request: BuildRequest, scratch: &Path) -> Result<Project> {
        Project::open_with(request, scratch, |toolchain| toolchain)
    }

    /// The same with the toolchain that is `chosen` where the source has this one.
    pub(crate) fn open_with(
        request: BuildRequest,
        scratch: &Path,
        chosen: impl FnOnce(Toolchain) -> Toolchain,
    ) -> Result<Project> {
        none_of_own(&request.pass_env)?;
        let env = environment::of_process();
        let manifest = find_manifest(&request.source)?;
        let cargo = match request.source.untrusted {
            true => Cargo::of_user().in_dir(manifest.parent().unwrap_or(Path::new("."))),
            false => Cargo::of_user(),
        };
        let metadata = cargo.metadata(&manifest)?;
        let target_dir = metadata.target_directory.clone().into_std_path_buf();
        let source = source::find(&SourceRequest {
            cargo,
            manifest,
            target_dir: target_dir.clone(),
            choice: request.source.clone(),
        })?;
        let cargo_home = home::of_user();
        let package = source.root.join(&source.package);
        let read = |below: &Path| {
            let mut config = Config::read(below, cargo_home.as_deref())?;
            if request.source.manifest.is_some() && !request.source.untrusted {
                let here =
                    std::env::current_dir().context("failed to find the current directory")?;
                config.add_callers(&here, &package, cargo_home.as_deref())?;
            }
            Ok::<_, anyhow::Error>(config)
        };
        let config = read(&source.root)?;
        let manifest = package.join("Cargo.toml");
        // Another commit may have other packages: they are looked at in its copy.
        if request.source.rev.is_none() {
            selection::check(&request.selection, &manifest, &metadata, &read(&manifest)?, &env)?;
        }
        let copied = Copied::new(source, config, cargo_home, scratch, !request.source.untrusted)?;
        let Copied { source, config, copy, .. } = &copied;
        config.carry(&source.root, copy)?;
        holds_its_crates(config, &source.root)?;
        // Of what was copied, before any build script could change it.
        let content_digest = match source.origin {
            Origin::Git(_) => None,
            Origin::Directory => Some(source::content_digest(copy)?),
        };
        let defaults = copied.defaults()?;
        let manifest = copy.join(&source.package).join("Cargo.toml");
        let members = source.cargo.metadata(&manifest)?;
        if request.source.rev.is_some() {
            selection::check(&request.selection, &manifest, &members, config, &env)?;
        }
        let mut request = defaults.complete(request)?;
        let toolchain = chosen(toolchain_of(source, copy, config, &env)?);
        selection::complete_targets(&mut request.selection.targets, config, &env, toolchain.host());
        let mut divided = environment::divide(env.clone(), &request.pass_env);
        let profiles = copied.profiles(request.selection.profile(), &env)?;
        profiles.drop_others(&mut divided);
        programs_from_here(&mut divided.passed);
        let lockfile = lockfile::find(source, copy, config, (&env, Path::new("")), &toolchain)?;
        if let Some(below) = &lockfile.elsewhere {
            let path = lockfile::from_package(source, below);
            divided.passed.insert(lockfile::VARIABLE.into(), path.into());
        }
        let rest = Rest {
            request,
            toolchain,
            lockfile,
            profiles,
            recipe_version: table::VERSION,
            divided,
            results: target_dir.join("repro"),
            content_digest,
            members: Some(members),
            env,
        };
        Project::new(copied, &defaults, rest)
    }

    /// The one place where a project is put together.
    pub(crate) fn new(copied: Copied, defaults: &Defaults, rest: Rest) -> Result<Project> {
        let Copied { source, config, cargo_home, canaries, copy } = copied;
        let canaries = Canaries { sides: rest.request.builds, ..canaries };
        let name = match &rest.request.name {
            Some(name) => name.clone(),
            None => project_name(&source.cargo, &copy.join(&source.workspace))?,
        };
        fits_in_path(&name)?;
        none_of_own(&rest.request.pass_env)?;
        Ok(Project {
            asks: asks(defaults, &source, &config)?,
            beside: source.beside_workspace(&copy)?,
            request: rest.request,
            source,
            toolchain: rest.toolchain,
            config,
            cargo_home,
            canaries,
            lockfile: rest.lockfile,
            profiles: rest.profiles,
            name,
            recipe_version: rest.recipe_version,
            divided: rest.divided,
            results: rest.results,
            copy,
            content_digest: rest.content_digest,
            members: rest.members,
            generated: defaults.archive()?.include,
            env: rest.env,
        })
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.copy.join(&self.source.package)
    }

    pub(crate) fn values(&self, name: VariationId) -> Values {
        self.request.vary.values(name, &self.canaries)
    }

    /// Targets asked for, else the host.
    pub(crate) fn targets(&self) -> Vec<String> {
        let targets = &self.request.selection.targets;
        if targets.is_empty() { vec![self.toolchain.host().to_string()] } else { targets.clone() }
    }

    pub(crate) fn recipe(&self) -> Result<Recipe> {
        let mut targets = self.targets();
        let host = self.toolchain.host().to_string();
        let wrapped = self.request.inject == Inject::Wrapper;
        if !targets.contains(&host) {
            targets.push(host);
        }
        let passed = &self.divided.passed;
        let is_set = |n: &&String| passed.contains_key(std::ffi::OsStr::new(n));
        Ok(Recipe {
            version: self.recipe_version,
            wrapped,
            name: self.name.clone(),
            epoch: self.epoch()?,
            targets,
            rust_src: self.toolchain.sysroot.join("lib/rustlib/src/rust"),
            rust_root: self.toolchain.canonical_library_root(),
            passed: self.divided.passed.clone(),
            config_env: self.config.env(),
            pass_env: self.request.pass_env.iter().filter(is_set).cloned().collect(),
            canonical_ids: !self.beside.is_empty() && wrapped,
            auditable: self.auditable()?,
        })
    }

    pub(crate) fn epoch(&self) -> Result<Epoch> {
        let in_config = self.config.env();
        let in_config = in_config.iter().find(|(n, _, _)| n == "SOURCE_DATE_EPOCH");
        if let Some((_, text, true)) = in_config {
            // cargo sets a forced variable over ours, so nothing else can be the truth.
            let forced = epoch::read(text, EpochFrom::Config)?;
            if self.request.epoch.is_some_and(|e| e != forced.seconds) {
                return Err(refused(
                    "[env] of a cargo config file forces SOURCE_DATE_EPOCH to a different value than --epoch: remove one of them",
                ));
            }
            return Ok(forced);
        }
        if let Some(seconds) = self.request.epoch {
            return Ok(Epoch { seconds, from: EpochFrom::Option });
        }
        if let Some(text) = set(&self.env, &["SOURCE_DATE_EPOCH"]) {
            return epoch::read(&text.to_string_lossy(), EpochFrom::Environment);
        }
        if let Some((_, text, _)) = in_config {
            return epoch::read(text, EpochFrom::Config);
        }
        match &self.source.origin {
            Origin::Git(commit) => {
                Ok(Epoch { seconds: commit.time.max(0), from: EpochFrom::Commit })
            }
            Origin::Directory => match self.source.time {
                Some(seconds) => Ok(Epoch { seconds: seconds.max(0), from: EpochFrom::Archive }),
                None => Err(self.source.without_time()),
            },
        }
    }

    /// The user's own rustc wrapper, which ours must run in turn.
    pub(crate) fn user_wrapper(&self) -> Option<(PathBuf, bool)> {
        match set(&self.env, &["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"]) {
            Some(value) if value.is_empty() => None,
            Some(value) => Some((absolute_program(value.into()), false)),
            None => self.config.get_program(&["build", "rustc-wrapper"]),
        }
    }

    pub(crate) fn user_wrapper_name(&self) -> Option<String> {
        let (path, in_source) = self.user_wrapper()?;
        let inside = path.strip_prefix(&self.source.root).ok().filter(|_| in_source);
        let name = inside.map_or_else(|| path.file_name().map(PathBuf::from), |i| Some(i.into()));
        name.map(|n| n.display().to_string())
    }

    /// All packages that builds for the host and the targets may use; none where cargo cannot say.
    pub(crate) fn resolved(&self, recipe: &Recipe) -> Option<Metadata> {
        let place = self.fetch_place().ok()?;
        fetch::metadata(&self.toolchain, &place, &recipe.targets).ok()
    }

    /// Unpacked registry crates among them.
    pub(crate) fn registry_sources(&self, packages: Option<&Metadata>) -> Result<Sources> {
        match (&self.cargo_home, packages) {
            (Some(home), Some(packages)) => {
                let unpacked = fetch::registry_sources(packages, home);
                intact::sort(unpacked, home, &self.lockfile.text)
            }
            _ => Ok(Sources::default()),
        }
    }

    /// Downloads what the lockfile names.
    pub(crate) fn fetch(&self, progress: &Progress) -> Result<()> {
        progress.phase("fetching dependencies");
        let say = |line: &str| progress.step("cargo", line);
        fetch::fetch(&self.toolchain, &self.fetch_place()?, &say)
    }

    /// Where cargo is run to find crates: outside the source, with what of its config is about that.
    fn fetch_place(&self) -> Result<fetch::FetchDir> {
        let to = self.canaries.scratch.join("fetch");
        Ok(fetch::FetchDir {
            dir: self.config.write_for_fetching(&self.source.root, &self.copy, &to)?,
            manifest: self.run_dir().join("Cargo.toml"),
            lockfile: self
                .lockfile
                .elsewhere
                .as_ref()
                .map(|below| (lockfile::VARIABLE, self.copy.join(below))),
        })
    }

    pub(crate) fn cfgs(&self) -> Result<Vec<(String, String)>> {
        match self.request.inject {
            Inject::Wrapper => Ok(Vec::new()),
            Inject::Rustflags => self.cfgs_of(self.targets()),
        }
    }

    /// Targets with their `rustc --print cfg`.
    pub(crate) fn cfgs_of(&self, targets: Vec<String>) -> Result<Vec<(String, String)>> {
        let of = |t: String| {
            let cfgs = find_toolchain::cfgs(&self.toolchain, &t, &self.run_dir())?;
            Ok((t, cfgs))
        };
        targets.into_iter().map(of).collect()
    }

    /// The name of the toolchain that a container installs: the channel of the toolchain file, else
    /// the release at hand.
    pub(crate) fn channel(&self) -> Result<String> {
        let pin = toolchain::pin(&self.run_dir())?;
        let release = self.toolchain.field("release").unwrap_or("stable");
        let channel = pin.and_then(|p| p.channel);
        Ok(channel.unwrap_or_else(|| release.to_string()))
    }

    pub(crate) fn describe(&self) -> String {
        match &self.source.origin {
            Origin::Git(commit) => {
                let id = git::short(&commit.commit);
                let state = if commit.dirty.is_empty() { "" } else { " with uncommitted changes" };
                format!("commit {id}{state} of `{}`", self.source.called)
            }
            Origin::Directory => format!("directory `{}`", self.source.called),
        }
    }
}

/// Crates in a directory outside the source are in no commit, and no lockfile has their checksums.
pub(crate) fn holds_its_crates(config: &Config, root: &Path) -> Result<()> {
    let Some(Leads { key, to, file }) = config.leads_out(root) else { return Ok(()) };
    Err(refused(format!(
        "`{key}` in `{}` of the source leads to `{}`, outside the source, so it cannot be rebuilt elsewhere: move the crates into the source, or use a git or registry dependency",
        file.strip_prefix(root).unwrap_or(&file).display(),
        to.display()
    )))
}

/// What the source asks for: by its metadata, its commit, and its cargo config.
fn asks(defaults: &Defaults, source: &Source, config: &Config) -> Result<Asks> {
    let inside = config.files.iter().filter(|f| f.place == ConfigPlace::Source).cloned();
    let inside = Config { files: inside.collect() };
    let set = inside.env().into_iter().filter(|(name, ..)| name == "SOURCE_DATE_EPOCH");
    let set = set.filter_map(|(_, value, _)| value.parse().ok());
    let epochs = match &source.origin {
        Origin::Git(commit) => std::iter::once(commit.time.max(0)).chain(set).collect(),
        Origin::Directory => Vec::new(),
    };
    let selection = defaults.selection(Selection::default())?;
    let auditable = defaults.auditable()?;
    let pass_env = defaults.pass_env()?;
    Ok(Asks { selection, inject: defaults.inject()?, auditable, pass_env, epochs })
}

/// What the recipe sets cannot be passed on, and what is no name is not set.
pub(crate) fn none_of_own(pass_env: &[String]) -> Result<()> {
    if let Some(odd) = pass_env.iter().find(|n| n.is_empty() || n.contains(['=', '\0'])) {
        let odd = odd.escape_debug();
        return Err(usage(format!("`--pass-env {odd}`: give the name of a variable alone")));
    }
    match pass_env.iter().find(|n| environment::is_own(n)) {
        None => Ok(()),
        Some(own) => {
            Err(usage(format!("`--pass-env {own}`: repro sets {own} itself; leave it out")))
        }
    }
}

/// The name in `/build/<name>` must be one part of a path, and fit into a remap.
fn fits_in_path(name: &str) -> Result<()> {
    if name.is_empty() || name.contains(['/', '=', ':', ' ', '\\']) {
        return Err(bad_input(format!(
            "the name `{name}` cannot be part of a path: set `name` in [workspace.metadata.repro]"
        )));
    }
    Ok(())
}

pub(crate) fn find_manifest(choice: &SourceChoice) -> Result<PathBuf> {
    let path = match (&choice.manifest, &choice.directory) {
        // The directory that it is in is as good.
        (Some(manifest), _) if manifest.join("Cargo.toml").is_file() => manifest.join("Cargo.toml"),
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
        let of_file = choice.directory.as_ref().filter(|dir| dir.is_file());
        let given = choice.manifest.is_some() || choice.directory.is_some();
        return Err(if given { usage } else { refused }(match of_file {
            Some(file) => format!(
                "--source takes a directory, and `{}` is a file: unpack it, and give the directory that has Cargo.toml",
                file.display()
            ),
            None => format!("there is no file `{}`: check the path", path.display()),
        }));
    }
    std::path::absolute(&path).with_context(|| format!("failed to resolve `{}`", path.display()))
}

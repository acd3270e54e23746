//! The builds: prepares a side, runs cargo in it, collects what it made; two at once where
//! their directories differ, one after the other where the user wants them the same.
//!
//! Decides nothing about what is varied or how artifacts are compared.

mod call;
mod generated;
pub mod left;
pub mod machine;
mod output;
pub mod outside;
pub mod remember;
mod search_path;
mod side;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};

pub use self::output::if_full;
use self::output::{COUNTING, Space, no_space, progress_of, runs_programs, space, wants_network};
use crate::artifact::{ArtifactSet, Kind, asks_for_loader};
use crate::build::outside::OutsideFile;
use crate::build_dirs::BuildDirs;
use crate::cargo::auditable::Packages;
use crate::cargo::config::{Config, ConfigPlace};
use crate::cargo::messages::{Collect, Messages};
use crate::cargo::trace::Trace;
use crate::cargo::units::Unit;
use crate::cargo::{env_deps, reuse, units, wrapper};
use crate::error::{Failure, Kind as ErrorKind, host};
use crate::fs;
use crate::ledger::Shared;
use crate::orphans::Orphans;
use crate::process::{self, Stream};
use crate::recipe::Recipe;
use crate::request::{Inject, Selection};
use crate::sandbox::Sandbox;
use crate::shim::Shim;
use crate::shim::ran::{self, NativeCall, Ran};
use crate::source::Source;
use crate::term::Progress;
use crate::toolchain::Toolchain;
use crate::variation::coverage::Unreached;
use crate::variation::{Carrier, Side, Values, VariationId, carried_by};

/// Where the shim lists programs that it is not loaded into, and calls of compilers, beside what the
/// wrapper writes.
const UNREACHED: &str = "unreached";

/// Everything that all builds have in common.
#[derive(Clone)]
pub struct Plan<'a> {
    /// The source.
    pub source: &'a Source,
    /// What cargo is to build.
    pub selection: &'a Selection,
    /// The toolchain.
    pub toolchain: &'a Toolchain,
    /// The user's cargo configuration.
    pub config: &'a Config,
    /// The recipe.
    pub recipe: &'a Recipe,
    /// How its flags reach rustc.
    pub inject: Inject,
    /// `rustc --print cfg` of each target, where flags are joined to the user's.
    pub cfgs: &'a [(String, String)],
    /// The user's own wrapper; `true` if it lies in the source and so moves with the copy.
    pub user_wrapper: Option<(PathBuf, bool)>,
    /// The text of Cargo.lock.
    pub lockfile: &'a str,
    /// Unpacked registry crates in it that the builds may use.
    pub registry_sources: &'a [PathBuf],
    /// The user's CARGO_HOME.
    pub cargo_home: Option<&'a Path>,
    /// The preload shim, where the host can have one.
    pub shim: Option<&'a Shim>,
    /// Ask the linker which files it reads.
    pub trace_links: bool,
    /// Write down each rustc call whole, and how each build script starts, so that they can be run
    /// again.
    pub keep_calls: bool,
    /// The ledger, where units may be taken from it.
    pub ledger: Option<&'a Shared>,
    /// The value of each variation on each side.
    pub values: &'a (dyn Fn(VariationId) -> Values + Sync),
    /// Scratch directory of the run.
    pub scratch: &'a Path,
    /// The packages of one side, where their list is linked into programs.
    pub auditable: Option<&'a (dyn Fn(&BuildDirs) -> Packages + Sync)>,
    /// What archives have besides artifacts, where the build makes it.
    pub generated: &'a [String],
    /// Run cargo in this sandbox.
    pub sandbox: Option<&'a Sandbox>,
    /// Where the directories of each side are on this machine, if it runs in the sandbox: apart, also
    /// where both builds see them at one path.
    pub on_disk: &'a (dyn Fn(VariationId) -> Values + Sync),
}

/// What one build left.
#[derive(Debug, Default)]
pub struct Built {
    /// Its artifacts, kept in the scratch directory.
    pub artifacts: ArtifactSet,
    /// Names of the environment variables that it asked for.
    pub consulted: BTreeSet<String>,
    /// Build scripts that the preload shim cannot reach, by package.
    pub static_scripts: Vec<String>,
    /// Other programs that it cannot reach.
    pub unreached: Vec<Unreached>,
    /// Compilers that were called for the CPU of this machine; none if nothing could see that.
    pub native: Option<BTreeSet<NativeCall>>,
    /// Files outside the scratch directory that the linker read.
    pub linker_inputs: BTreeSet<PathBuf>,
    /// Files that the compiler read, or that build scripts watch, outside the source.
    pub outside: Vec<OutsideFile>,
    /// The user asked for a random build-id somewhere.
    pub random_build_id: bool,
    /// How it came about: what a difference is traced back by.
    pub trace: Trace,
    /// What the ledger was used for.
    pub calls: Vec<reuse::Call>,
}

impl Plan<'_> {
    /// The directories of one side, as its build sees them.
    pub fn dirs(&self, side: Side) -> BuildDirs {
        BuildDirs::of(side, self.values, self.scratch)
    }

    /// The same, as they are on this machine.
    pub fn layout_on_disk(&self, side: Side) -> BuildDirs {
        match self.sandbox {
            Some(_) => BuildDirs::of(side, self.on_disk, self.scratch),
            None => self.dirs(side),
        }
    }

    /// Whether each side has directories of its own, so that both can be built at once.
    fn apart(&self) -> bool {
        if self.sandbox.is_some() {
            return true;
        }
        let mut directories = carried_by(|c| matches!(c, Carrier::Directory(_)));
        directories.all(|row| (self.values)(row.id).varied())
    }

    /// Makes the builds of these sides: at once where their directories differ, else one after the other,
    /// also after those that were `made` before. Each copy of the source is made here unless it is
    /// there already.
    pub fn run(&self, sides: &[Side], made: &mut Vec<Built>, progress: &Progress) -> Result<()> {
        let _orphans = self.sandbox.is_none().then(Orphans::adopt);
        if self.apart() {
            made.extend(self.run_at_once(sides, progress)?);
            return Ok(());
        }
        let jobs = job_tokens(1)?;
        for side in sides {
            if let Some(last) = made.last_mut() {
                last.trace.moved.extend(self.clear_after(last.trace.side, *side)?);
            }
            made.push(self.run_side(*side, &jobs, progress)?);
        }
        Ok(())
    }

    /// Makes build A alone, with all cores.
    pub fn run_one(&self, progress: &Progress) -> Result<Built> {
        let _orphans = self.sandbox.is_none().then(Orphans::adopt);
        self.run_side(Side::A, &job_tokens(1)?, progress)
    }

    fn run_at_once(&self, sides: &[Side], progress: &Progress) -> Result<Vec<Built>> {
        let first_error = Mutex::new(None);
        let jobs = job_tokens(sides.len())?;
        let run = |side| {
            let built = self.run_side(side, &jobs, progress);
            // The token that this side had of its own is now the other's.
            let _ = jobs.release_raw();
            built.map_err(|error| {
                // The other build cannot give a verdict any more.
                first_error.lock().expect("no panic holds this").get_or_insert(error);
                process::stop_all();
            })
        };
        let built: Vec<_> = std::thread::scope(|s| {
            let run = &run;
            let threads: Vec<_> = sides.iter().map(|side| s.spawn(move || run(*side))).collect();
            threads.into_iter().map(|t| t.join().expect("a build does not panic")).collect()
        });
        if let Some(error) = first_error.into_inner().expect("no panic holds this") {
            process::start_again();
            return Err(error);
        }
        let all: Result<Vec<_>, ()> = built.into_iter().collect();
        all.map_err(|()| host("a build ended without a result"))
    }

    /// Makes room for a build at the paths that the one before it was to have as well. What a
    /// difference could be traced back to is put aside: where it was, and where it is.
    fn clear_after(&self, before: Side, next: Side) -> Result<Vec<(PathBuf, PathBuf)>> {
        let (a, b) = (self.dirs(before), self.dirs(next));
        let mut moved = Vec::new();
        for (same, _) in a.directories().zip(b.directories()).filter(|(a, b)| a == b) {
            match same {
                (id @ (VariationId::BuildPath | VariationId::TargetDir), dir) if dir.exists() => {
                    let aside = self.scratch.join(format!("aside-{}", before.label()));
                    fs::create_dir(&aside)?;
                    let aside = aside.join(id.row().text);
                    std::fs::rename(dir, &aside)
                        .with_context(|| format!("failed to move `{}`", dir.display()))?;
                    moved.push((dir.to_owned(), aside));
                }
                (_, dir) => fs::remove_tree(dir)?,
            }
        }
        Ok(moved)
    }

    /// Removes the files of a build that are no longer needed: its artifacts are known.
    pub fn discard(&self, side: Side) -> Result<()> {
        let copies = self.layout_on_disk(side).source;
        let own = copies.ancestors().find(|dir| dir.ends_with(side.lower()));
        let label = side.label();
        let names = ["aside", "kept", "machine"].map(|name| format!("{name}-{label}"));
        let names = names.into_iter().chain([side.lower()]);
        let dirs = names.map(|name| self.scratch.join(name)).chain(own.map(Path::to_owned));
        dirs.into_iter().try_for_each(|dir| fs::remove_tree(&dir))
    }

    fn run_side(&self, side: Side, jobs: &jobserver::Client, progress: &Progress) -> Result<Built> {
        let dirs = self.dirs(side);
        progress.step(side.label(), "preparing");
        let on_disk = self.layout_on_disk(side);
        self.prepare(side, &on_disk)?;
        let said = Mutex::new(Messages::default());
        let words = Mutex::new(Vec::new());
        let command = self.command(side, &dirs)?.jobserver(jobs);
        let counting = match progress.is_live() {
            true => command.clone().args(COUNTING),
            false => command.clone(),
        };
        let status = counting.stream(|stream, line| match stream {
            Stream::Out => said.lock().expect("no panic holds this").read_line(line),
            Stream::Err => match progress_of(line) {
                Some(step) if step.is_empty() => {}
                Some(step) => progress.step(side.label(), &step),
                None => words.lock().expect("no panic holds this").push(line.to_string()),
            },
        })?;
        if !status.success() {
            let words = words.into_inner().expect("no panic holds this").join("\n");
            return Err(self.failed(side, status, words));
        }
        progress.step(side.label(), "built; reading the artifacts");
        let said = said.into_inner().expect("no panic holds this");
        self.collect(side, &dirs, &on_disk, said)
    }

    fn failed(
        &self,
        side: Side,
        status: std::process::ExitStatus,
        details: String,
    ) -> anyhow::Error {
        match space(&details, fs::free_space(self.scratch)) {
            Space::Full => return no_space(self.scratch, String::new()),
            Space::Scarce => return no_space(self.scratch, details),
            Space::Enough => {}
        }
        let label = side.label();
        let network = wants_network(&details).zip(self.sandbox.filter(|s| !s.has_network()));
        let message = match network {
            Some((package, sandbox)) => format!(
                "build {label} failed: the build script of {package} uses the network, which builds do not have; vendor what it downloads, or pass `{}`",
                sandbox.network_option()
            ),
            None => {
                let hint = match (side, self.sandbox) {
                    (Side::A, Some(sandbox)) if runs_programs(&details) => format!(
                        "; the build had no network or home directory; `{}` gives it both",
                        sandbox.off_option()
                    ),
                    (Side::A, _) => String::new(),
                    _ => "; if plain `cargo build` works, `--vary none` shows whether a variation broke it".to_string(),
                };
                format!("build {label} failed: cargo ended with {status}{hint}")
            }
        };
        anyhow::Error::new(Failure { kind: ErrorKind::BuildFailed, message, details })
    }

    /// The standard library's lockfile, where cargo is to build it.
    fn library_lockfile(&self) -> Option<String> {
        let variable = OsString::from("CARGO_UNSTABLE_BUILD_STD");
        let wanted = self.config.get(&["unstable", "build-std"]).is_some()
            || self.recipe.passed.contains_key(&variable);
        let library = self.toolchain.sysroot.join("lib/rustlib/src/rust/library/Cargo.lock");
        wanted.then(|| fs::read_text(&library).ok()).flatten()
    }

    fn collect(
        &self,
        side: Side,
        dirs: &BuildDirs,
        on_disk: &BuildDirs,
        mut said: Messages,
    ) -> Result<Built> {
        let mut trace = Trace { side, dirs: dirs.clone(), ..Trace::default() };
        // The target directory may be inside the source.
        let both = dirs.directories().zip(on_disk.directories());
        let moved = both.filter(|(seen, real)| seen != real);
        trace.moved = moved.map(|((_, seen), (_, real))| (seen.into(), real.into())).collect();
        let moved = self.moved_toolchain(side);
        trace.moved.extend(moved.map(|dir| (dir, self.toolchain.sysroot.clone())));
        for made in &mut said.made {
            made.path = trace.now(&made.path);
            made.metadata_of = made.metadata_of.take().map(|path| trace.now(&path));
        }
        let units = wrapper::units(&dirs.wrapper)?;
        let ran = &said.ran;
        let runs: Vec<_> = ran.iter().map(|r| (r.package.clone(), trace.now(&r.out_dir))).collect();
        let runs: Vec<_> = runs.iter().map(|(name, dir)| (name.clone(), dir.as_path())).collect();
        said.made.extend(generated::find(self.generated, &on_disk.target, &said.made, &runs)?);
        let keep = self.scratch.join(format!("kept-{}", side.label()));
        let collect = Collect {
            target_dir: &on_disk.target,
            host: self.toolchain.host(),
            targets: &self.selection.targets,
            only_for_the_build: &units::only_for_the_build(&units),
            canonical_stems: &units.iter().map(Unit::canonical_stem).collect(),
            keep: &keep,
        };
        let artifacts = collect.artifacts(&said.made)?;
        let random_build_id = units.iter().any(|u| u.random_build_id);
        let trace = Trace { units, ran: said.ran, ..trace };
        // Of a distribution the sysroot is /usr.
        let library =
            ["lib/rustlib", "lib/rustlib/src/rust"].map(|d| self.toolchain.sysroot.join(d));
        let known = [self.config.crate_directories(), library.to_vec()].concat();
        let ran = self.ran(dirs);
        Ok(Built {
            static_scripts: static_scripts(&artifacts),
            unreached: ran.unreached.into_iter().collect(),
            native: self.shim.map(|_| ran.native),
            artifacts,
            consulted: match side {
                Side::A => env_deps::names(&on_disk.target)?,
                _ => BTreeSet::new(),
            },
            linker_inputs: self.linker_inputs(dirs)?,
            outside: match side {
                Side::A => outside::files(&trace, &known),
                _ => Vec::new(),
            },
            random_build_id,
            calls: reuse::calls(&dirs.wrapper)?,
            trace,
        })
    }

    /// What the shim has written down.
    fn ran(&self, dirs: &BuildDirs) -> Ran {
        let list = std::fs::read(dirs.wrapper.join(UNREACHED)).unwrap_or_default();
        let roots = [self.scratch, Path::new("/build"), &dirs.above];
        let own = |path: &Path| {
            let all = dirs.directories().map(|(_, dir)| dir);
            all.chain(roots).any(|dir| path.starts_with(dir))
        };
        ran::read(&list, &own)
    }

    fn linker_inputs(&self, dirs: &BuildDirs) -> Result<BTreeSet<PathBuf>> {
        let mut inputs = BTreeSet::new();
        for list in wrapper::link_lists(&dirs.wrapper)? {
            let text = String::from_utf8_lossy(&std::fs::read(&list).unwrap_or_default())
                .replace("\\\n", " ");
            let words = text.split_whitespace().map(|w| w.trim_end_matches(':'));
            let paths = words.filter_map(|w| fs::canonicalize(w).ok());
            inputs.extend(paths.filter(|p| {
                !p.starts_with(self.scratch) && !p.starts_with(&self.toolchain.sysroot)
            }));
        }
        Ok(inputs)
    }
}

/// A pool of job tokens for `builds` builds at once, so that all of them together have as many jobs
/// as there are cores: each build has one token of its own. More programs than cores at once cost
/// CPU time, and a fixed share would leave cores idle while one build links.
pub fn job_tokens(builds: usize) -> Result<jobserver::Client> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = cores.saturating_sub(builds);
    // Windows knows no semaphore that can hold nothing.
    let least = usize::from(cfg!(windows));
    jobserver::Client::new(pool.max(least)).context("failed to make a jobserver")
}

/// Copies the source to `to`, with the config files of the directories above it.
pub fn check_out(source: &Source, config: &Config, to: &Path) -> Result<()> {
    let outer = config.files.iter().filter(|f| f.place == ConfigPlace::Outer);
    for (file, dir) in outer.zip(to.ancestors().skip(1)) {
        fs::write(&dir.join(".cargo/config.toml"), file.relocated())?;
    }
    if let Some(parent) = to.parent() {
        fs::create_dir(parent)?;
    }
    config.carry(&source.root, to)?;
    source.check_out(to)
}

/// Packages whose build script the preloaded shim cannot reach.
fn static_scripts(artifacts: &ArtifactSet) -> Vec<String> {
    let mut packages: Vec<String> = artifacts
        .iter()
        .filter(|a| a.kind == Kind::BuildScript)
        .filter(|a| {
            // Program headers stand at the start of what a linker writes.
            let mut head = Vec::new();
            let file = std::fs::File::open(&a.path);
            let read = file.and_then(|f| f.take(64 * 1024).read_to_end(&mut head));
            read.is_ok() && asks_for_loader(&head) == Some(false)
        })
        .map(|a| a.package.clone())
        .collect();
    packages.dedup();
    packages
}

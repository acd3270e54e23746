//! Builds A and B: prepares a side, runs cargo in it, collects what it made; both at once where
//! their directories differ, one after the other where the user wants them the same.
//!
//! Decides nothing about what is varied or how artifacts are compared.

mod generated;
pub mod left;
pub mod machine;
pub mod outside;
mod search_path;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use repro_formats::elf::{self, Linking};
use repro_formats::names::printable;

use crate::artifact::{ArtifactSet, Kind};
use crate::build::outside::OutsideFile;
use crate::cargo::config::{Config, Place};
use crate::cargo::crate_dirs::{self, CrateDir};
use crate::cargo::messages::{Collect, Messages};
use crate::cargo::trace::Trace;
use crate::cargo::units::Unit;
use crate::cargo::wrapper::{self, Spec};
use crate::cargo::{consulted, home, rustflags, units};
use crate::error::{Failure, Kind as ErrorKind, host};
use crate::fs;
use crate::layout::Layout;
use crate::process::{self, Cmd, Stream};
use crate::recipe::{Recipe, SideRecipe};
use crate::request::{Inject, Selection};
use crate::sandbox::{Room, Sandbox};
use crate::shim::record::Moment;
use crate::shim::{Settings, Shim};
use crate::source::{self, Source};
use crate::term::Progress;
use crate::toolchain::Toolchain;
use crate::variation::{Carrier, Side, Value, ValuePair, VariationId, carried_by};

/// Where the shim lists the programs that it is not loaded into, beside what the wrapper writes.
const UNREACHED: &str = "unreached";

/// Everything that both builds have in common.
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
    /// The value of each variation on each side.
    pub values: &'a (dyn Fn(VariationId) -> ValuePair + Sync),
    /// Scratch directory of the run.
    pub scratch: &'a Path,
    /// What archives have besides artifacts, where the build makes it.
    pub generated: &'a [String],
    /// Run cargo in this sandbox.
    pub sandbox: Option<&'a Sandbox>,
    /// Where the directories of each side are on this machine, if it runs in the sandbox: apart, also
    /// where both builds see them at one path.
    pub on_disk: &'a (dyn Fn(VariationId) -> ValuePair + Sync),
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
    /// Other programs that it cannot reach: paths, or names of those that the build has made.
    pub static_programs: Vec<String>,
    /// Files outside the scratch directory that the linker read.
    pub linker_inputs: BTreeSet<PathBuf>,
    /// Files that the compiler read, or that build scripts watch, outside the source.
    pub outside: Vec<OutsideFile>,
    /// The user asked for a random build-id somewhere.
    pub random_build_id: bool,
    /// How it came about: what a difference is traced back by.
    pub trace: Trace,
    /// cargo's diagnostics, without its progress lines.
    pub diagnostics: String,
}

impl Plan<'_> {
    /// The directories of one side, as its build sees them.
    pub fn layout(&self, side: Side) -> Layout {
        self.layout_by(side, self.values)
    }

    /// The same, as they are on this machine.
    pub fn layout_on_disk(&self, side: Side) -> Layout {
        match self.sandbox {
            Some(_) => self.layout_by(side, self.on_disk),
            None => self.layout(side),
        }
    }

    fn layout_by(&self, side: Side, values: &dyn Fn(VariationId) -> ValuePair) -> Layout {
        let path = |name| values(name).path(side).to_owned();
        Layout {
            scratch: self.scratch.to_owned(),
            source: path(VariationId::BuildPath),
            target: path(VariationId::TargetDir),
            cargo_home: path(VariationId::CargoHome),
            home: path(VariationId::Home),
            tmpdir: path(VariationId::Tmpdir),
            wrapper: self.scratch.join(format!("wrapper-{}", side.label())),
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

    /// Makes both builds. Each side's copy of the source is made here unless it is there already.
    pub fn run(&self, progress: &Progress) -> Result<(Built, Built)> {
        if self.apart() {
            return self.run_at_once(progress);
        }
        let jobs = job_tokens(1)?;
        let mut a = self.run_side(Side::A, &jobs, progress)?;
        a.trace.moved = self.clear_for_second()?;
        let b = self.run_side(Side::B, &jobs, progress)?;
        Ok((a, b))
    }

    /// Makes build A alone, with all cores.
    pub fn run_one(&self, progress: &Progress) -> Result<Built> {
        self.run_side(Side::A, &job_tokens(1)?, progress)
    }

    fn run_at_once(&self, progress: &Progress) -> Result<(Built, Built)> {
        let first_error = Mutex::new(None);
        let jobs = job_tokens(2)?;
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
        let (a, b) = std::thread::scope(|s| {
            let a = s.spawn(|| run(Side::A));
            let b = run(Side::B);
            (a.join().expect("a build does not panic"), b)
        });
        if let Some(error) = first_error.into_inner().expect("no panic holds this") {
            return Err(error);
        }
        match (a, b) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            _ => Err(host("a build ended without a result")),
        }
    }

    /// Makes room for build B at the paths that build A was to have as well. What a difference
    /// could be traced back to is put aside: where it was, and where it is.
    fn clear_for_second(&self) -> Result<Vec<(PathBuf, PathBuf)>> {
        let (a, b) = (self.layout(Side::A), self.layout(Side::B));
        let mut moved = Vec::new();
        for (name, a, b) in [("source", a.source, b.source), ("target", a.target, b.target)] {
            if a == b {
                let aside = self.scratch.join("aside-A").join(name);
                fs::create_dir(aside.parent().unwrap_or(self.scratch))?;
                std::fs::rename(&a, &aside)
                    .with_context(|| format!("failed to move `{}`", a.display()))?;
                moved.push((a, aside));
            }
        }
        for (a, b) in [(a.cargo_home, b.cargo_home), (a.home, b.home), (a.tmpdir, b.tmpdir)] {
            if a == b {
                fs::remove_tree(&a)?;
            }
        }
        Ok(moved)
    }

    fn run_side(&self, side: Side, jobs: &jobserver::Client, progress: &Progress) -> Result<Built> {
        let layout = self.layout(side);
        progress.step(side.label(), "preparing");
        let on_disk = self.layout_on_disk(side);
        self.prepare(side, &on_disk)?;
        let said = Mutex::new(Messages::default());
        let words = Mutex::new(Vec::new());
        let command = self.command(side, &layout)?.jobserver(jobs);
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
        let words = words.into_inner().expect("no panic holds this").join("\n");
        if !status.success() {
            return Err(self.failed(side, &command, status, words));
        }
        progress.step(side.label(), "built; reading what it made");
        let said = said.into_inner().expect("no panic holds this");
        self.collect(side, &layout, &on_disk, said, words)
    }

    fn failed(
        &self,
        side: Side,
        command: &Cmd,
        status: std::process::ExitStatus,
        details: String,
    ) -> anyhow::Error {
        // A linker that writes through a map dies of a bus error before anyone can report the disk.
        if is_full(&details) || fs::free_space(self.scratch).is_some_and(|free| free < SPARE) {
            return host(format!(
                "no space left on the disk of `{}` while making build {}: free some, or set TMPDIR to a directory on another disk",
                self.scratch.display(),
                side.label()
            ));
        }
        if let (Some(sandbox), Some(package)) = (self.sandbox, wants_network(&details))
            && !sandbox.has_network()
        {
            let why = format!(
                "build {} failed: the build script of {package} wants the network, which builds do not have; vendor what it downloads, or pass `{}`",
                side.label(),
                sandbox.network_option()
            );
            return anyhow::Error::new(Failure {
                kind: ErrorKind::BuildFailed,
                message: why,
                details,
            });
        }
        let hint = match side {
            Side::A if self.sandbox.is_some() => {
                "; it ran in a sandbox: if it needs the network or programs in your home directory, `--no-sandbox` (`--isolate never` of `repro build`) runs it with your permissions"
            }
            Side::A => "",
            Side::B => {
                "; if plain `cargo build` works, `--vary none` tells whether a variation broke it"
            }
        };
        anyhow::Error::new(Failure {
            kind: ErrorKind::BuildFailed,
            message: format!(
                "build {} failed: `{}` ended with {status}{hint}",
                side.label(),
                command.show(),
            ),
            details,
        })
    }

    /// Copies the source if that is not done yet, and makes everything around it.
    fn prepare(&self, side: Side, layout: &Layout) -> Result<()> {
        if !layout.source.exists() {
            check_out(self.source, self.config, &layout.source)?;
        }
        self.as_unpacked(side, &layout.source)?;
        let mtime = (self.values)(VariationId::SourceMtime);
        fs::set_mtimes(&layout.source, mtime.number(side))?;
        source::refresh_index(&layout.source)?;
        for dir in [&layout.target, &layout.home, &layout.tmpdir] {
            fs::create_dir(dir)?;
        }
        let library = self.library_lockfile();
        let lockfiles = [self.lockfile, library.as_deref().unwrap_or_default()];
        home::make(
            self.cargo_home,
            &layout.cargo_home,
            self.config,
            &lockfiles,
            self.registry_sources,
        )?;
        for unpacked in ["registry/src", "git/checkouts"] {
            self.as_unpacked(side, &layout.cargo_home.join(unpacked))?;
        }
        self.fill_home(side, &layout.home)
    }

    /// Puts into a home directory what one side has there.
    pub fn fill_home(&self, side: Side, home: &Path) -> Result<()> {
        if let Value::Text(name) = (self.values)(VariationId::GitConfig).of(side) {
            fs::write(&home.join(".gitconfig"), git_config(name))?;
        }
        Ok(())
    }

    /// Copies get the modes that files have which are unpacked under the umask of this side, and on
    /// side B they are put into their directories in another order.
    fn as_unpacked(&self, side: Side, root: &Path) -> Result<()> {
        if !root.exists() {
            return Ok(());
        }
        fs::set_modes(root, (self.values)(VariationId::Umask).number(side) as u32)?;
        let reordered = (self.values)(VariationId::DirectoryOrder).varied() && side == Side::B;
        if reordered { fs::reorder(root) } else { Ok(()) }
    }

    /// The directory that PATH has besides those of the user.
    fn search_path(&self, side: Side) -> Option<PathBuf> {
        let values = (self.values)(VariationId::SearchPath);
        let held = self.recipe.pinned("PATH").is_some();
        (values.varied() && !held && *values.of(side) != Value::Nothing)
            .then(|| values.path(side).to_owned())
    }

    /// The standard library's lockfile, where cargo is to build it.
    fn library_lockfile(&self) -> Option<String> {
        let variable = OsString::from("CARGO_UNSTABLE_BUILD_STD");
        let wanted = self.config.get(&["unstable", "build-std"]).is_some()
            || self.recipe.facts().passed.contains_key(&variable);
        let library = self.toolchain.sysroot.join("lib/rustlib/src/rust/library/Cargo.lock");
        wanted.then(|| fs::read_text(&library).ok()).flatten()
    }

    /// Where one side sees the toolchain, if not where it is.
    fn moved_toolchain(&self, side: Side) -> Option<PathBuf> {
        let values = (self.values)(VariationId::ToolchainPath);
        let dir = values.path(side);
        let moved = self.sandbox.is_some() && values.varied() && dir != self.toolchain.sysroot;
        moved.then(|| dir.to_owned())
    }

    /// A program of the toolchain as one side sees it.
    fn of_toolchain(&self, side: Side, program: &Path) -> PathBuf {
        let inside = program.strip_prefix(&self.toolchain.sysroot).ok();
        let moved = inside.and_then(|inside| Some(self.moved_toolchain(side)?.join(inside)));
        moved.unwrap_or_else(|| program.to_owned())
    }

    /// The compiler by its absolute path; one that is in the source is that of this side's copy.
    fn rustc(&self, side: Side, layout: &Layout) -> PathBuf {
        let rustc = &self.toolchain.rustc;
        match rustc.strip_prefix(self.layout(Side::A).source) {
            Ok(inside) => layout.source.join(inside),
            Err(_) => self.of_toolchain(side, rustc),
        }
    }

    fn command(&self, side: Side, layout: &Layout) -> Result<Cmd> {
        let share = self.recipe.side(side, layout, self.values);
        let mut env = share.env.clone();
        self.tool_variables(side, &mut env)?;
        let crates = self.crate_dirs(side, layout)?;
        let scripted = crates.iter().filter(|dir| dir.scripted);
        let scripted: Vec<_> =
            scripted.map(|dir| (dir.from.display().to_string(), dir.to.clone())).collect();
        self.recipe.add_c_remaps(&mut env, &scripted);
        let mut set = |name: &str, value: OsString| env.insert(name.into(), value);
        set("RUSTC_WRAPPER", self.wrapper(layout, &share, &crates)?.into());
        set("RUSTC", self.rustc(side, layout).into());
        let rustdoc = self.toolchain.rustc.with_file_name("rustdoc");
        let rustdoc = rustdoc.with_extension(std::env::consts::EXE_EXTENSION);
        if rustdoc.is_file() {
            set("RUSTDOC", self.of_toolchain(side, &rustdoc).into());
        }
        if self.inject == Inject::Rustflags {
            let passed = &self.recipe.facts().passed;
            let flags = rustflags::joined(passed, self.config, self.cfgs, &share.rustc_args)?;
            set("CARGO_ENCODED_RUSTFLAGS", rustflags::encode(&flags).into());
        }
        let mut room = Room::default();
        if let Some(shim) = self.shim {
            let path = self.scratch.join(format!("preload-{}.so", side.label()));
            // In a sandbox one text on both sides.
            let seen = match self.sandbox {
                Some(_) => PathBuf::from("/run/preload.so"),
                None => path.clone(),
            };
            let settings = Settings {
                unreached: Some(layout.wrapper.join(UNREACHED)),
                ..Settings::of(side, self.values)
            };
            let records = self.keep_calls.then(|| wrapper::runs(&layout.wrapper));
            let moment = Moment { records, ..Moment::default() };
            shim.write_at(&settings, &moment, &path, &seen)?;
            match self.sandbox {
                Some(_) => {
                    room.read.push((path, seen.clone()));
                    room.preload = Some(seen);
                }
                None => drop(set("LD_PRELOAD", seen.into())),
            }
        }
        let args = ["build", "--message-format", "json-render-diagnostics"];
        let dir = layout.source.join(&self.source.package);
        // Without a separator at the end: gcc takes PWD as it is for the directory in debug info. Every
        // shell sets it, and bubblewrap does.
        let dir: PathBuf = dir.components().collect();
        set("PWD", dir.clone().into());
        let cargo = Cmd::new(self.of_toolchain(side, &self.toolchain.cargo))
            .args(args)
            .args(&share.cargo_args)
            .args(self.selection.cargo_args());
        let cargo = match self.sandbox {
            Some(sandbox) => {
                self.furnish(side, layout, &mut room);
                // By the ids of this user the index says that every file has changed.
                if self.layout_on_disk(side).source.join(".git").exists() {
                    let git = Cmd::new("git").args(["update-index", "-q", "--really-refresh"]);
                    sandbox.around(git, &layout.source, &room).env_exact(env.clone()).output()?;
                }
                sandbox.around(cargo, &dir, &room)
            }
            None => cargo.dir(dir),
        };
        Ok(cargo.env_exact(env).umask(share.umask).own_group())
    }

    /// Who and where the processes of one side are, in its room.
    pub fn identify(&self, side: Side, layout: &Layout, room: &mut Room) {
        let text = |id| (self.values)(id).of(side).to_string();
        let user = (self.values)(VariationId::UserId).number(side);
        let machine = machine::Machine {
            side,
            values: self.values,
            home: &layout.home,
            made_in: self.scratch.join(format!("machine-{}", side.label())),
        };
        room.spent_ids = match side {
            Side::A => 0,
            Side::B => 1000,
        };
        room.user = u32::try_from(user).ok();
        room.hostname = Some(text(VariationId::Hostname));
        room.read.extend(machine.files());
        room.read.extend(self.search_path(side).map(|dir| (dir.clone(), dir)));
        let moved = self.moved_toolchain(side);
        room.read.extend(moved.map(|dir| (self.toolchain.sysroot.clone(), dir)));
    }

    /// Puts into the room of one side what it has for itself.
    fn furnish(&self, side: Side, layout: &Layout, room: &mut Room) {
        let on_disk = self.layout_on_disk(side);
        self.identify(side, layout, room);
        room.write.push((layout.wrapper.clone(), layout.wrapper.clone()));
        let mut apart: Vec<_> =
            on_disk.directories().into_iter().zip(layout.directories()).collect();
        // The source first: the target directory may be inside.
        apart.reverse();
        room.write.extend(apart);
        // What was put above the source: config files of the directories there.
        let above = |dir: &Path| dir.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
        for (real, seen) in above(&on_disk.source).into_iter().zip(above(&layout.source)) {
            // The directory of this side, in the scratch directory or on another disk.
            if real.ends_with(side.label().to_lowercase()) {
                break;
            }
            for name in fs::entries(&real).unwrap_or_default() {
                let (from, to) = (real.join(&name), seen.join(&name));
                if !on_disk.source.starts_with(&from) {
                    room.read.push((from, to));
                }
            }
        }
    }

    /// Variables that lead to the tools: HOME is not the user's, so rustup must be told its own.
    fn tool_variables(&self, side: Side, env: &mut crate::recipe::environment::Env) -> Result<()> {
        let bin = self.toolchain.sysroot.join("bin");
        let path = env.get(OsStr::new("PATH")).cloned();
        let mut path: Vec<_> = path.iter().flat_map(std::env::split_paths).collect();
        // A distribution's toolchain is where all other programs are: in front it would hide those that
        // the user put before them.
        if bin.join("rustc").exists() && !path.contains(&bin) {
            path.insert(0, bin.clone());
        }
        if let Some(own) = self.search_path(side) {
            fs::create_dir(&own)?;
            path = search_path::varied(path, &own);
        }
        // Only now: what is there is known by the path on this machine.
        for dir in path.iter_mut().filter(|dir| **dir == bin) {
            *dir = self.of_toolchain(side, &bin);
        }
        if let Ok(joined) = std::env::join_paths(path) {
            env.insert("PATH".into(), joined);
        }
        let rustup = std::env::home_dir().map(|h| h.join(".rustup"));
        if let Some(dir) = rustup.filter(|d| d.is_dir()) {
            env.entry("RUSTUP_HOME".into()).or_insert(dir.into());
        }
        Ok(())
    }

    /// Where crates of crates.io are that are not where cargo itself has them.
    fn crate_dirs(&self, side: Side, layout: &Layout) -> Result<Vec<CrateDir>> {
        if !self.recipe.changes_calls() {
            return Ok(Vec::new());
        }
        let crates = crate_dirs::of_crates_io(self.lockfile);
        let mut found = match self.cargo_home {
            Some(user) => {
                crate_dirs::mirrors(self.registry_sources, user, &layout.cargo_home, &crates)
            }
            None => BTreeSet::new(),
        };
        let copy = self.layout_on_disk(side).source;
        for dir in self.config.directory_sources() {
            found.extend(match dir.strip_prefix(&self.source.root) {
                Ok(below) => {
                    crate_dirs::vendored(&copy.join(below), &layout.source.join(below), &crates)?
                }
                Err(_) => crate_dirs::vendored(&dir, &dir, &crates)?,
            });
        }
        Ok(found.into_iter().collect())
    }

    fn wrapper(&self, layout: &Layout, share: &SideRecipe, crates: &[CrateDir]) -> Result<PathBuf> {
        let args = match self.inject {
            Inject::Wrapper => share.rustc_args.clone(),
            Inject::Rustflags => Vec::new(),
        };
        let user_wrapper = self.user_wrapper.clone().map(|(path, in_source)| {
            match path.strip_prefix(&self.source.root) {
                Ok(inside) if in_source => layout.source.join(inside),
                _ => path,
            }
        });
        let spec = Spec {
            host: self.toolchain.host().to_string(),
            user_wrapper,
            args: args
                .into_iter()
                .map(|(family, arg)| (family.map(wrapper::family_name), arg))
                .collect(),
            trace_links: self.trace_links,
            keep_calls: self.keep_calls,
            whole_scope: self.recipe.changes_calls(),
            crate_dirs: crates.iter().map(|dir| (dir.from.clone(), dir.to.clone())).collect(),
            registries: layout.cargo_home.join("registry/src"),
            crates: match self.recipe.changes_calls() {
                true => crate_dirs::of_crates_io(self.lockfile),
                false => BTreeSet::new(),
            },
            canonical_roots: share.canonical_ids.then(|| {
                let root = |dir: &Path, name: &str| (dir.display().to_string(), name.to_string());
                let source = format!("/build/{}", self.recipe.facts().name);
                vec![
                    root(&layout.source, &source),
                    root(&layout.target, &format!("{source}/target")),
                    root(&layout.cargo_home, "/cargo"),
                ]
            }),
        };
        wrapper::install(&layout.wrapper, &spec)
    }

    fn collect(
        &self,
        side: Side,
        layout: &Layout,
        on_disk: &Layout,
        mut said: Messages,
        diagnostics: String,
    ) -> Result<Built> {
        let mut trace = Trace { layout: layout.clone(), ..Trace::default() };
        // The target directory may be inside the source.
        let seen = layout.directories().into_iter().zip(on_disk.directories());
        trace.moved = seen.filter(|(seen, real)| seen != real).collect();
        let moved = self.moved_toolchain(side);
        trace.moved.extend(moved.map(|dir| (dir, self.toolchain.sysroot.clone())));
        said.made.iter_mut().for_each(|made| made.path = trace.now(&made.path));
        let units = wrapper::units(&layout.wrapper)?;
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
        Ok(Built {
            static_scripts: static_scripts(&artifacts),
            static_programs: self.static_programs(layout),
            artifacts,
            consulted: match side {
                Side::A => consulted::names(&on_disk.target)?,
                Side::B => BTreeSet::new(),
            },
            linker_inputs: self.linker_inputs(layout)?,
            outside: match side {
                Side::A => outside::files(&trace, &known),
                Side::B => Vec::new(),
            },
            random_build_id,
            trace,
            diagnostics,
        })
    }

    /// What the shim has written down. A build can write there too, and it is no more than a text.
    fn static_programs(&self, layout: &Layout) -> Vec<String> {
        let list = std::fs::read(layout.wrapper.join(UNREACHED)).unwrap_or_default();
        let own = |path: &Path| path.starts_with(self.scratch) || path.starts_with("/build");
        let shown = |line: &str| match (own(Path::new(line)), Path::new(line).file_name()) {
            (true, Some(name)) => printable(name.to_string_lossy().as_bytes()),
            _ => printable(line.as_bytes()),
        };
        let text = String::from_utf8_lossy(&list);
        let all: BTreeSet<String> = text.lines().map(shown).collect();
        all.into_iter().filter(|name| !name.starts_with("build-script-")).collect()
    }

    fn linker_inputs(&self, layout: &Layout) -> Result<BTreeSet<PathBuf>> {
        let mut inputs = BTreeSet::new();
        for list in wrapper::link_lists(&layout.wrapper)? {
            let text = String::from_utf8_lossy(&std::fs::read(&list).unwrap_or_default())
                .replace("\\\n", " ");
            let words = text.split_whitespace().map(|w| w.trim_end_matches(':'));
            let paths = words.filter_map(|w| std::fs::canonicalize(w).ok());
            inputs.extend(paths.filter(|p| {
                !p.starts_with(self.scratch) && !p.starts_with(&self.toolchain.sysroot)
            }));
        }
        Ok(inputs)
    }
}

/// Settings of git of a user of this name. The length of short ids is none of them: the recipe fixes it
/// by variables, which libgit2 does not read, and cargo names directories of git dependencies by it.
fn git_config(name: &str) -> String {
    format!(
        "[user]\n\tname = {name}\n\temail = {name}@example.org\n[init]\n\tdefaultBranch = {name}\n[log]\n\tdate = format:%Y-%m-%d by {name}\n"
    )
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
    let outer = config.files.iter().filter(|f| f.place == Place::Outer);
    for (file, dir) in outer.zip(to.ancestors().skip(1)) {
        fs::write(&dir.join(".cargo/config.toml"), file.relocated())?;
    }
    if let Some(parent) = to.parent() {
        fs::create_dir(parent)?;
    }
    config.carry(&source.root, to)?;
    source.check_out(to)
}

/// Has cargo count the units that it builds, for a progress line. No build script sees that.
const COUNTING: [&str; 4] =
    ["--config", "term.progress.when='always'", "--config", "term.progress.width=160"];

/// What cargo does now, if the line is of its progress; empty if that is of no interest.
fn progress_of(line: &str) -> Option<String> {
    let (verb, rest) = line.strip_prefix("   ")?.trim_start().split_once(' ')?;
    let verbs =
        ["Compiling", "Checking", "Finished", "Fresh", "Dirty", "Running", "Locking", "Building"];
    let indented = line.len() - line.trim_start().len() + verb.len() == 12;
    if !indented || !verbs.contains(&verb) {
        return None;
    }
    let what = rest.split(" (").next().unwrap_or(rest);
    Some(match verb {
        "Compiling" => what.to_string(),
        "Building" => units_of(rest).unwrap_or_default(),
        "Finished" => String::new(),
        _ => format!("{} {what}", verb.to_lowercase()),
    })
}

/// The package whose build script failed for want of a network.
fn wants_network(words: &str) -> Option<&str> {
    const SIGNS: [&str; 9] = [
        "Network is unreachable",
        "os error 101",
        "Temporary failure in name resolution",
        "failed to lookup address",
        "Could not resolve host",
        "could not resolve",
        "unable to resolve host",
        "dns error",
        "Name or service not known",
    ];
    let script = words.split("failed to run custom build command for `").nth(1)?;
    SIGNS.iter().any(|s| words.contains(s)).then(|| script.split(['`', '(']).next())?.map(str::trim)
}

/// `[====>   ] 3/10: a, b(bin)` in words.
fn units_of(bar: &str) -> Option<String> {
    let (count, names) = bar.split_once("] ")?.1.split_once(':')?;
    let (done, all) = count.trim().split_once('/')?;
    let (done, all): (usize, usize) = (done.parse().ok()?, all.parse().ok()?);
    let names = names.trim();
    let long = match names.strip_suffix("(bin)") {
        Some(name) if done + 1 == all && !name.contains(',') => ", optimizing and linking",
        _ => "",
    };
    Some(format!("{done} of {all} units: {names}{long}"))
}

/// With less free space than this after a failure, that is why: rustc has removed its files by then.
const SPARE: u64 = 16 << 20;

/// Whether a tool failed because a disk or a quota is full.
fn is_full(words: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "os error 28", "os error 112"]
        .iter()
        .any(|w| words.contains(w))
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
            read.is_ok() && elf::linking_of(&head) == Linking::Static
        })
        .map(|a| a.package.clone())
        .collect();
    packages.dedup();
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_a_failed_build() {
        assert!(is_full("error: failed to write x: No space left on device (os error 28)"));
        assert!(!is_full("error[E0308]: mismatched types"));
    }

    #[test]
    fn cargos_progress_lines_are_told_from_its_messages() {
        let cases = [
            ("   Compiling serde v1.0.0", Some("serde v1.0.0")),
            ("   Compiling demo v0.1.0 (/s/demo)", Some("demo v0.1.0")),
            ("    Finished `release` profile in 1s", Some("")),
            ("    Building [=====>    ] 3/10: a, b(bin)", Some("3 of 10 units: a, b(bin)")),
            ("    Building [=====>    ] 9/10: a(build)", Some("9 of 10 units: a(build)")),
            (
                "    Building [========> ] 9/10: b(bin)",
                Some("9 of 10 units: b(bin), optimizing and linking"),
            ),
            ("warning: unused", None),
            ("    Compiling is what I do", None),
            ("   |   ^^^", None),
        ];
        for (line, want) in cases {
            assert_eq!(progress_of(line).as_deref(), want, "{line}");
        }
    }
}

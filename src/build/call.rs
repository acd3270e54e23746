//! How cargo is called on one side: its variables, the wrapper around rustc, and the sandbox that it runs in.
//! The recipe decides which variables and flags there are; this module gives them the paths of the side, and
//! [`super::side`] has filled those directories before.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::{Plan, UNREACHED, machine, search_path};
use crate::build_dirs::BuildDirs;
use crate::cargo::crate_dirs::{self, CrateDir};
use crate::cargo::wrapper::{self, Spec};
use crate::cargo::{auditable, rustflags};
use crate::ledger::places::Places;
use crate::platform::{self, Platform};
use crate::process::Cmd;
use crate::recipe::SideRecipe;
use crate::recipe::environment::Env;
use crate::request::Inject;
use crate::sandbox::Room;
use crate::shim::Settings;
use crate::variation::{Side, Value, VariationId};
use crate::{fs, ledger};

/// Where programs of the toolchain look for the compiler's libraries, and the directories that this replaces if
/// it is not set. rustup sets it for the cargo that it starts; without it rust-objcopy does not run, and programs for
/// Apple's systems are not stripped.
const LIBRARIES: Option<(&str, &[&str])> = if cfg!(target_os = "macos") {
    Some(("DYLD_FALLBACK_LIBRARY_PATH", &["/usr/local/lib", "/usr/lib"]))
} else if cfg!(unix) {
    Some(("LD_LIBRARY_PATH", &[]))
} else {
    None
};

impl Plan<'_> {
    /// The directory that PATH has besides those of the user.
    fn search_path(&self, side: Side) -> Option<PathBuf> {
        let values = (self.values)(VariationId::SearchPath);
        let held = self.recipe.pinned("PATH").is_some();
        (values.varied() && !held && *values.of(side) != Value::Nothing)
            .then(|| values.path(side).to_owned())
    }

    /// Where one side sees the toolchain, if not where it is.
    pub(super) fn moved_toolchain(&self, side: Side) -> Option<PathBuf> {
        let values = (self.values)(VariationId::ToolchainPath);
        let dir = values.path(side);
        let known = self.sandbox.is_some() && *values.of(side) != Value::Nothing;
        (known && dir != self.toolchain.sysroot).then(|| dir.to_owned())
    }

    /// A program of the toolchain as one side sees it.
    pub(super) fn of_toolchain(&self, side: Side, program: &Path) -> PathBuf {
        let inside = program.strip_prefix(&self.toolchain.sysroot).ok();
        let moved = inside.and_then(|inside| Some(self.moved_toolchain(side)?.join(inside)));
        moved.unwrap_or_else(|| program.to_owned())
    }

    /// The compiler by its absolute path; one that is in the source is that of this side's copy.
    fn rustc(&self, side: Side, dirs: &BuildDirs) -> PathBuf {
        let rustc = &self.toolchain.rustc;
        match rustc.strip_prefix(self.dirs(Side::A).source) {
            Ok(inside) => dirs.source.join(inside),
            Err(_) => self.of_toolchain(side, rustc),
        }
    }

    pub(super) fn command(&self, side: Side, dirs: &BuildDirs) -> Result<Cmd> {
        let share = self.recipe.side(side, dirs, self.values);
        let mut env = share.env.clone();
        self.tool_variables(side, &mut env)?;
        // Only a recipe that changes calls maps the directories of crates.
        let names = match self.recipe.changes_calls() {
            true => crate_dirs::of_crates_io(self.lockfile),
            false => BTreeSet::new(),
        };
        let crates = self.crate_dirs(side, dirs, &names)?;
        let scripted = crates.iter().filter(|dir| dir.scripted);
        let scripted: Vec<_> =
            scripted.map(|dir| (dir.from.display().to_string(), dir.to.clone())).collect();
        self.recipe.add_c_remaps(&mut env, &scripted);
        let mut set = |name: &str, value: OsString| env.insert(name.into(), value);
        set("RUSTC_WRAPPER", self.wrapper(side, dirs, &share, &crates, names)?.into());
        set("RUSTC", self.rustc(side, dirs).into());
        let rustdoc = self.toolchain.rustc.with_file_name("rustdoc");
        let rustdoc = rustdoc.with_extension(std::env::consts::EXE_EXTENSION);
        if rustdoc.is_file() {
            set("RUSTDOC", self.of_toolchain(side, &rustdoc).into());
        }
        if self.inject == Inject::Rustflags {
            let passed = &self.recipe.passed;
            let flags = rustflags::joined(passed, self.config, self.cfgs, &share.rustc_args)?;
            set("CARGO_ENCODED_RUSTFLAGS", rustflags::encode(&flags).into());
        }
        let mut room = Room::default();
        if let Some(shim) = self.shim {
            let path = self.preload_on_disk(side);
            let seen = self.preload(side);
            let settings = Settings {
                unreached: Some(dirs.wrapper.join(UNREACHED)),
                records: self.keep_calls.then(|| wrapper::runs(&dirs.wrapper)),
                since: self.since(),
                ..Settings::of(side, self.values)
            };
            shim.write(&settings, &path, &seen)?;
            match self.sandbox {
                Some(_) => {
                    room.read.push((path, seen.clone()));
                    room.preload = Some(seen);
                }
                None => drop(set("LD_PRELOAD", seen.into())),
            }
        }
        let args = ["build", "--message-format", "json-render-diagnostics"];
        let dir = dirs.source.join(&self.source.package);
        // Without a separator at the end: gcc takes PWD as it is for the directory in debug info. Every
        // shell sets it, and bubblewrap does.
        let dir: PathBuf = dir.components().collect();
        set("PWD", dir.clone().into());
        let cargo = Cmd::new(self.of_toolchain(side, &self.toolchain.cargo))
            .args(args)
            .args(&share.cargo_args)
            .args(self.selection.cargo_args());
        // By the ids and times of this user the index says that every file has changed.
        let git = Cmd::new("git").args(["update-index", "-q", "--really-refresh"]);
        let in_git = self.layout_on_disk(side).source.join(".git").exists();
        if self.sandbox.is_some() {
            self.furnish(side, dirs, &mut room);
        }
        let at = |cmd: Cmd, dir: &Path| match self.sandbox {
            Some(sandbox) => sandbox.around(cmd, dir, &room),
            None => cmd.dir(dir),
        };
        if in_git {
            at(git, &dirs.source).env_exact(env.clone()).output()?;
        }
        let cargo = at(cargo, &dir);
        Ok(cargo.env_exact(env).umask(share.umask).own_group())
    }

    fn preload_on_disk(&self, side: Side) -> PathBuf {
        self.scratch.join(format!("preload-{}.so", side.label()))
    }

    /// Where one side sees the preload shim: in a sandbox one text on both sides.
    fn preload(&self, side: Side) -> PathBuf {
        match self.sandbox {
            Some(_) => PathBuf::from("/run/preload.so"),
            None => self.preload_on_disk(side),
        }
    }

    /// When this run began. Files made after it get times from the clock that the programs of a build see;
    /// the modification times of sources are set by `source-mtime`.
    pub fn since(&self) -> Option<Duration> {
        let made = self.scratch.metadata().and_then(|m| m.created()).unwrap_or(SystemTime::now());
        made.duration_since(UNIX_EPOCH).ok()
    }

    /// Who and where the processes of one side are, in its room.
    pub fn identify(&self, side: Side, room: &mut Room) {
        let machine = machine::Machine {
            side,
            values: self.values,
            made_in: self.scratch.join(format!("machine-{}", side.label())),
        };
        room.spent_ids = 1000 * u32::try_from(side.index()).unwrap_or(0);
        machine.furnish(room);
        room.read.extend(self.search_path(side).map(|dir| (dir.clone(), dir)));
        let moved = self.moved_toolchain(side);
        room.read.extend(moved.map(|dir| (self.toolchain.sysroot.clone(), dir)));
    }

    /// Puts into the room of one side what it has for itself.
    fn furnish(&self, side: Side, dirs: &BuildDirs, room: &mut Room) {
        let on_disk = self.layout_on_disk(side);
        self.identify(side, room);
        room.write.push((dirs.wrapper.clone(), dirs.wrapper.clone()));
        if let Some(ledger) = self.ledger {
            let shown = [&ledger.view, &ledger.blobs].map(|dir| (dir.clone(), dir.clone()));
            room.read.extend(shown);
            room.read.extend(ledger.watch.iter().map(|path| (path.clone(), path.clone())));
            room.hidden.extend(ledger.hidden.iter().cloned());
        }
        let both = on_disk.directories().zip(dirs.directories());
        let mut apart: Vec<_> =
            both.map(|((_, real), (_, seen))| (real.into(), seen.into())).collect();
        // The source first: the target directory may be inside.
        apart.reverse();
        room.write.extend(apart);
        // What was put above the source: config files of the directories there.
        let above = |dir: &Path| dir.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
        for (real, seen) in above(&on_disk.source).into_iter().zip(above(&dirs.source)) {
            // The directory of this side, in the scratch directory or on another disk.
            if real.ends_with(side.lower()) {
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
    fn tool_variables(&self, side: Side, env: &mut Env) -> Result<()> {
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
        self.add_libraries(side, env)?;
        let rustup = std::env::home_dir().map(|h| h.join(".rustup"));
        if let Some(dir) = rustup.filter(|d| d.is_dir()) {
            env.entry("RUSTUP_HOME".into()).or_insert(dir.into());
        }
        Ok(())
    }

    /// Puts the compiler's libraries in front of the user's where programs for Apple's systems are built.
    fn add_libraries(&self, side: Side, env: &mut Env) -> Result<()> {
        let is_apple = |target: &String| platform::of_triple(target) == Platform::Apple;
        let wanted = self.toolchain.is_movable() && self.recipe.targets.iter().any(is_apple);
        let Some((name, unset)) = LIBRARIES.filter(|_| wanted) else { return Ok(()) };
        let mut dirs = vec![self.of_toolchain(side, &self.toolchain.sysroot.join("lib"))];
        match env.get(OsStr::new(name)).filter(|users| !users.is_empty()) {
            Some(users) => dirs.extend(std::env::split_paths(users)),
            None => dirs.extend(unset.iter().map(PathBuf::from)),
        }
        env.insert(name.into(), std::env::join_paths(dirs)?);
        Ok(())
    }

    /// Where crates of crates.io are that are not where cargo itself has them.
    fn crate_dirs(
        &self,
        side: Side,
        dirs: &BuildDirs,
        crates: &BTreeSet<String>,
    ) -> Result<Vec<CrateDir>> {
        if !self.recipe.changes_calls() {
            return Ok(Vec::new());
        }
        let mut found = match self.cargo_home {
            Some(user) => {
                crate_dirs::mirrors(self.registry_sources, user, &dirs.cargo_home, crates)
            }
            None => BTreeSet::new(),
        };
        let copy = self.layout_on_disk(side).source;
        for dir in self.config.directory_sources() {
            found.extend(match dir.strip_prefix(&self.source.root) {
                Ok(below) => {
                    crate_dirs::vendored(&copy.join(below), &dirs.source.join(below), crates)?
                }
                Err(_) => crate_dirs::vendored(&dir, &dir, crates)?,
            });
        }
        Ok(found.into_iter().collect())
    }

    /// What one side needs of the ledger: the directories that are varied have one name on both sides.
    fn of_ledger(&self, side: Side, dirs: &BuildDirs, shared: &ledger::Shared) -> ledger::Spec {
        let sysroot = self.moved_toolchain(side).unwrap_or_else(|| self.toolchain.sysroot.clone());
        let toolchain = self.sandbox.map(|_| (VariationId::ToolchainPath, &*sysroot));
        let all = dirs.directories().chain(toolchain);
        let varied = all.filter(|(id, _)| (self.values)(*id).varied());
        let inside = [&dirs.source, &dirs.target, &dirs.cargo_home];
        ledger::Spec {
            view: shared.view.clone(),
            blobs: shared.blobs.clone(),
            base: shared.base.clone(),
            places: Places::new(varied.map(|(id, dir)| (dir, id.row().text))),
            inside: inside.map(Clone::clone).to_vec(),
            written: vec![dirs.target.clone()],
            watch: shared.watch.clone(),
            sysroot: sysroot.clone(),
            files_varied: [VariationId::SourceMtime, VariationId::Clock, VariationId::Umask]
                .iter()
                .all(|id| (self.values)(*id).varied()),
            preload: self.shim.map(|_| self.preload(side)),
            side: side.label().to_string(),
        }
    }

    fn wrapper(
        &self,
        side: Side,
        dirs: &BuildDirs,
        share: &SideRecipe,
        crates: &[CrateDir],
        names: BTreeSet<String>,
    ) -> Result<PathBuf> {
        let args = match self.inject {
            Inject::Wrapper => share.rustc_args.clone(),
            Inject::Rustflags => Vec::new(),
        };
        let user_wrapper = self.user_wrapper.clone().map(|(path, in_source)| {
            match path.strip_prefix(&self.source.root) {
                Ok(inside) if in_source => dirs.source.join(inside),
                _ => path,
            }
        });
        let spec = Spec {
            host: self.toolchain.host().to_string(),
            user_wrapper,
            args,
            trace_links: self.trace_links,
            keep_calls: self.keep_calls,
            whole_scope: self.recipe.changes_calls(),
            mingw: self.recipe.is_mingw() && self.toolchain.has_dlltool_option(),
            crate_dirs: crates.iter().map(|dir| (dir.from.clone(), dir.to.clone())).collect(),
            registries: dirs.cargo_home.join("registry/src"),
            crates: names,
            checkouts: dirs.cargo_home.join("git/checkouts"),
            commits: match self.recipe.changes_calls() {
                true => crate_dirs::commits(self.lockfile),
                false => BTreeSet::new(),
            },
            auditable: self.auditable.is_some(),
            ledger: self.ledger.map(|shared| self.of_ledger(side, dirs, shared)),
            ids_of_any_host: self.recipe.ids_of_any_host(),
            canonical_roots: share.canonical_ids.then(|| {
                let root = |dir: &Path, name: &str| (dir.display().to_string(), name.to_string());
                let source = format!("/build/{}", self.recipe.name);
                vec![
                    root(&dirs.source, &source),
                    root(&dirs.target, &format!("{source}/target")),
                    root(&dirs.cargo_home, "/cargo"),
                ]
            }),
        };
        let path = wrapper::install(&dirs.wrapper, &spec)?;
        if let Some(packages) = self.auditable {
            auditable::keep(&dirs.wrapper, &packages(dirs))?;
        }
        Ok(path)
    }
}

//! Everything that rules look at, read once. Only this part of `check` reads files and runs programs.
//! If something cannot be read, that is reported in one sentence and the rules that need it do not run; all others do.

pub mod graph;
pub mod manifests;
pub mod policy;
pub mod settings;
pub mod sources;
pub mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;
use cargo_metadata::Metadata;

use crate::cargo::lockfile::{self, Lockfile};
use crate::cargo::toolchain as find_toolchain;
use crate::check::hit::FileLine;
use crate::fs::{self, toml};
use crate::metadata::Cargo;
use crate::request::Selection;
use crate::source::root_of;
use crate::toolchain::{self, Pin};
use graph::{Missing, Used};
use manifests::Dependency;
use policy::{Deny, Sbom};
use settings::Setting;
use sources::Read;
use tree::Tree;

/// What is asked of the project.
#[derive(Clone, Debug)]
pub struct CheckScope {
    /// Who answers questions about it.
    pub cargo: Cargo,
    /// Cargo.toml, absolute.
    pub manifest: PathBuf,
    /// Packages, features and target.
    pub selection: Selection,
    /// `--sbom`.
    pub sbom: Option<PathBuf>,
    /// The user's cargo home.
    pub cargo_home: Option<PathBuf>,
}

/// The facts.
#[derive(Debug, Default)]
pub struct Facts {
    /// The directory that places are shown relative to: the repository, else the workspace.
    pub root: PathBuf,
    /// The workspace root.
    pub workspace: PathBuf,
    /// The targets that dependencies are resolved for.
    pub targets: Vec<String>,
    /// What the manifests of the workspace depend on, its root's first.
    pub dependencies: Vec<Dependency>,
    /// `cargo metadata --no-deps`.
    pub members: Option<Metadata>,
    /// Cargo.lock; none where there is none or it cannot be read.
    pub lockfile: Option<Lockfile>,
    /// There is no Cargo.lock.
    pub lockfile_missing: bool,
    /// cargo says that the lockfile does not fit.
    pub lockfile_stale: bool,
    /// The toolchain file.
    pub pin: Option<Pin>,
    /// A toolchain file is there but cannot be read.
    pub pin_unreadable: bool,
    /// Settings of config files, manifests and the environment.
    pub settings: Vec<Setting>,
    /// deny.toml.
    pub deny: Option<Deny>,
    /// The SBOM that was given.
    pub sbom: Option<Sbom>,
    /// Files of the source.
    pub tree: Tree,
    /// There is a git repository, and git does not read it.
    pub repository_unreadable: bool,
    /// The packages that the build uses.
    pub used: Vec<Used>,
    /// cargo resolved them, and their code was looked through.
    pub resolved: bool,
    /// What their build scripts, macros and libraries read.
    pub reads: Vec<Read>,
    /// What could not be read.
    pub troubles: Vec<anyhow::Error>,
}

impl Facts {
    /// Reads everything.
    pub fn gather(scope: &CheckScope) -> Facts {
        let troubles = Mutex::new(Vec::new());
        let note = |error| troubles.lock().expect("no panic holds this").push(error);
        // Canonical, so that it is below the repository as git names that.
        let scope = &CheckScope { manifest: fs::canonical(&scope.manifest), ..scope.clone() };
        let dir = scope.manifest.parent().unwrap_or(Path::new("/")).to_owned();
        // A broken manifest is reported below, with its line.
        let workspace = scope.cargo.workspace_root(&scope.manifest);
        let workspace = workspace.unwrap_or_else(|_| dir.clone());
        let mut facts = Facts { workspace: workspace.clone(), ..Facts::default() };
        let target = target_directory(&workspace);
        let compiler = std::thread::scope(|s| {
            let tree = s.spawn(|| {
                let repository = kept(root_of(&workspace), &note);
                (repository.is_none(), tree::read(&workspace, repository.flatten(), &target))
            });
            let compiler = s.spawn(|| Compiler::ask(&dir));
            facts.read_files(scope, &dir, &note);
            let (unreadable, tree) = tree.join().expect("reading files does not panic");
            facts.repository_unreadable = unreadable;
            facts.tree = kept(tree, &note).unwrap_or_default();
            compiler.join().expect("asking rustc does not panic")
        });
        facts.root = facts.tree.repository.clone().unwrap_or(workspace);
        match compiler {
            Ok(compiler) => facts.read_graph(scope, &compiler, &note),
            // rustup has printed the same error in place of cargo's output.
            Err(_)
                if facts.members.is_none()
                    && !troubles.lock().expect("no panic holds this").is_empty() => {}
            Err(error) => note(error),
        }
        facts.troubles = troubles.into_inner().expect("no panic holds this");
        facts
    }

    fn read_files(&mut self, scope: &CheckScope, dir: &Path, note: &dyn Fn(anyhow::Error)) {
        let lock = self.workspace.join("Cargo.lock");
        self.lockfile_missing = !lock.exists();
        self.lockfile = kept(lockfile::read(&lock), note).flatten();
        let pin = toolchain::pin(dir);
        self.pin_unreadable = pin.is_err();
        self.pin = kept(pin, note).flatten();
        self.deny = kept(policy::deny(&self.workspace), note).flatten();
        self.sbom = scope.sbom.as_deref().and_then(|path| kept(policy::sbom(path), note));
        self.settings = settings::of_environment(std::env::vars_os());
        for path in settings::config_files(dir, scope.cargo_home.as_deref(), note) {
            if let Some(file) = kept(toml::File::read(&path), note).flatten() {
                self.settings.extend(settings::of_file(&file));
            }
        }
        self.read_manifests(scope, note);
    }

    fn read_manifests(&mut self, scope: &CheckScope, note: &dyn Fn(anyhow::Error)) {
        let root = self.workspace.join("Cargo.toml");
        let mut paths = vec![root.clone(), scope.manifest.clone()];
        let mut unanswered = None;
        match scope.cargo.metadata(&root) {
            Ok(metadata) => {
                let members = metadata.packages.iter();
                paths.extend(members.map(|p| p.manifest_path.as_std_path().to_owned()));
                self.members = Some(metadata);
            }
            Err(error) => unanswered = Some(error),
        }
        let mut seen = BTreeSet::new();
        let mut broken = false;
        for path in paths {
            let path = fs::canonical(&path);
            if !seen.insert(path.clone()) {
                continue;
            }
            match kept(manifests::read(&path), note) {
                Some(dependencies) => self.dependencies.extend(dependencies),
                None => broken = true,
            }
        }
        // cargo's own error only where ours has no line.
        if let Some(error) = unanswered.filter(|_| !broken) {
            note(error);
        }
        if let Ok(Some(file)) = toml::File::read(&root) {
            let found = settings::of_file(&file).into_iter();
            self.settings.extend(found.filter(|s| s.key.starts_with("profile.")));
        }
        if let Some(profile) = &scope.selection.profile {
            settings::keep_profile(&mut self.settings, profile);
        }
    }

    fn read_graph(&mut self, scope: &CheckScope, rustc: &Compiler, note: &dyn Fn(anyhow::Error)) {
        self.targets = self.asked_targets(&scope.selection, &rustc.host);
        // Without a lockfile or with a manifest that cargo cannot read there is nothing to resolve.
        if self.lockfile.is_none() || self.members.is_none() {
            return;
        }
        let resolver = graph::Resolver {
            cargo: &scope.cargo,
            manifest: &scope.manifest,
            selection: &scope.selection,
            targets: &self.targets,
        };
        match resolver.graph() {
            Ok(used) => self.used = used,
            Err(Missing::Stale) => {
                self.lockfile_stale = true;
                return;
            }
            Err(Missing::Other(error)) => return note(error),
        }
        let cfgs: Result<Vec<_>> = self.targets.iter().map(|t| rustc.cfgs_of(t)).collect();
        let Some(cfgs) = kept(cfgs, note) else { return };
        let (reads, troubles) = sources::scan(&self.used, &rustc.cfgs, &cfgs);
        self.reads = reads;
        self.resolved = true;
        troubles.into_iter().for_each(note);
    }

    /// `--target`, else `build.target`, else the host.
    fn asked_targets(&self, selection: &Selection, host: &str) -> Vec<String> {
        let configured = self.settings.iter().find(|s| s.key == "build.target");
        let mut targets = match (selection.targets.as_slice(), configured) {
            ([], Some(setting)) => setting.words.clone(),
            (given, _) => given.to_vec(),
        };
        if targets.is_empty() {
            targets.push(host.to_string());
        }
        for target in targets.iter_mut().filter(|t| *t == "host-tuple") {
            *target = host.to_string();
        }
        targets
    }

    /// Where a package stands in the lockfile.
    pub fn place_in_lockfile(&self, name: &str, version: &str) -> Option<FileLine> {
        let entry = self.lockfile.as_ref()?.entry(name, version)?;
        Some(entry.place.clone())
    }

    /// A path as it is shown: relative to the root where it lies below it.
    pub fn shown(&self, path: &Path) -> String {
        let short = path.strip_prefix(&self.root).unwrap_or(path);
        if short.as_os_str().is_empty() { ".".to_string() } else { short.display().to_string() }
    }
}

/// What was read; what could not be is noted.
fn kept<T>(read: Result<T>, note: &dyn Fn(anyhow::Error)) -> Option<T> {
    read.map_err(note).ok()
}

/// cargo's default target directory; it is only left out of a walk.
fn target_directory(workspace: &Path) -> PathBuf {
    workspace.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into()))
}

/// What rustc prints about itself and the host.
struct Compiler {
    host: String,
    cfgs: String,
    dir: PathBuf,
}

impl Compiler {
    fn ask(dir: &Path) -> Result<Compiler> {
        let mut compiler =
            Compiler { host: String::new(), cfgs: String::new(), dir: dir.to_owned() };
        let version = compiler.rustc(&["-vV"])?;
        let host = toolchain::field(&version, "host");
        compiler.host = host.unwrap_or("unknown").to_string();
        compiler.cfgs = compiler.rustc(&["--print", "cfg"])?;
        Ok(compiler)
    }

    fn cfgs_of(&self, target: &str) -> Result<String> {
        if target == self.host {
            return Ok(self.cfgs.clone());
        }
        self.rustc(&["--print", "cfg", "--target", target])
    }

    fn rustc(&self, args: &[&str]) -> Result<String> {
        let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        find_toolchain::ask(Path::new(&program), &self.dir, args)
    }
}

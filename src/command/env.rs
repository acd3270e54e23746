//! `repro env`: the recipe as variables, for people who run cargo themselves.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::build_dirs::BuildDirs;
use crate::cargo::config::{Config, ConfigPlace};
use crate::cargo::rustflags;
use crate::git;
use crate::platform::{self, Platform};
use crate::project::scratch::Scratch;
use crate::project::{Project, find_manifest};
use crate::recipe::Recipe;
use crate::recipe::environment::{Env, set};
use crate::recipe::export::Variable;
use crate::report::env::EnvReport;
use crate::request::BuildRequest;
use crate::source::Origin;
use crate::term::{count, short_list};
use crate::variation::{Side, VariationId};

/// Where the variables are to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In this tree, on this machine.
    Here,
    /// In a container of an official Rust image, with the source at its canonical path: nothing of
    /// this machine may be in them.
    Container,
}

/// Runs it.
pub fn run(mut asked: BuildRequest, place: Where) -> Result<EnvReport> {
    let scratch = Scratch::new(false)?;
    allow_changes(&mut asked)?;
    let project = Project::open(asked, scratch.path())?;
    of_project(&project, place)
}

/// People build the tree as it is, changed or not; outside of git that goes without saying.
pub(super) fn allow_changes(asked: &mut BuildRequest) -> Result<()> {
    let manifest = find_manifest(&asked.source)?;
    let dir = manifest.parent().unwrap_or(Path::new("/"));
    let inside = git::try_text(dir, ["rev-parse", "--is-inside-work-tree"]);
    asked.source.allow_dirty = matches!(inside, Ok(Some(answer)) if answer == "true");
    Ok(())
}

/// The report for a project that is open.
pub(super) fn of_project(project: &Project, place: Where) -> Result<EnvReport> {
    let mut notes = notes(project, place);
    let (recipe, config, dirs) = match place {
        Where::Here => (project.recipe()?, project.config.clone(), here(project)),
        Where::Container => container(project)?,
    };
    let exported = recipe.export(&dirs, &|name| project.values(name));
    notes.extend(exported.notes);
    let passed = &recipe.passed;
    let cfgs = project.cfgs_of(match place {
        Where::Here => project.targets(),
        Where::Container => linux_targets(project),
    })?;
    let mut flags = rustflags::joined(passed, &config, &cfgs, &exported.rustc_args)?;
    flags.splice(0..0, canonical_home(place, &dirs.cargo_home));
    let selection = project.request.selection.cargo_args();
    let cargo = ["cargo", "build", "--locked"].map(str::to_string);
    let mut variables = exported.variables;
    if place == Where::Container && project.request.same_path {
        variables.push(Variable {
            name: "CARGO_HOME".into(),
            value: dirs.cargo_home.display().to_string(),
            why: "crates that store the path of their sources",
        });
    }
    Ok(EnvReport {
        variables,
        flags,
        encoded_is_set: place == Where::Here
            && set(&project.env, &["CARGO_ENCODED_RUSTFLAGS"]).is_some(),
        umask: project.values(VariationId::Umask).of(Side::A).to_string(),
        cargo: cargo.into_iter().chain(selection).collect(),
        notes,
    })
}

fn here(project: &Project) -> BuildDirs {
    let root = project.source.root.clone();
    let target = project.results.parent().unwrap_or(&project.results);
    BuildDirs {
        above: root.parent().unwrap_or(Path::new("/")).to_owned(),
        target: target.to_owned(),
        cargo_home: project.cargo_home.clone().unwrap_or_default(),
        source: root,
        ..BuildDirs::default()
    }
}

/// What a container or a runner is where nothing says otherwise.
const LINUX: &str = "x86_64-unknown-linux-gnu";

/// The targets that a Linux machine builds for: those asked for, else its own.
pub(super) fn linux_targets(project: &Project) -> Vec<String> {
    let mut targets = project.targets();
    targets.retain(|t| t.contains("linux"));
    if targets.is_empty() {
        targets.push(LINUX.to_string());
    }
    targets
}

/// The source and the cargo home in a container. Without `--same-path` not the canonical paths
/// themselves: there C compilers would have no path to map, and write the file table of the debug info
/// in another way than where they have.
pub(super) fn container_dirs(project: &Project) -> (PathBuf, PathBuf) {
    let canonical =
        |id: VariationId| id.canonical(&project.name).filter(|_| project.request.same_path);
    let source = canonical(VariationId::BuildPath);
    (
        source.unwrap_or_else(|| Path::new("/usr/src").join(&project.name)),
        canonical(VariationId::CargoHome).unwrap_or_else(|| "/usr/local/cargo".into()),
    )
}

/// Where the toolchain is to be in a container, if not where its image has it.
pub(super) fn container_toolchain(project: &Project) -> Option<PathBuf> {
    VariationId::ToolchainPath.canonical(&project.name).filter(|_| project.request.same_path)
}

/// Paths of the official images; settings are those of the source alone.
fn container(project: &Project) -> Result<(Recipe, Config, BuildDirs)> {
    let (source, cargo_home) = container_dirs(project);
    let channel = project.channel()?;
    let host = Some(project.toolchain.host()).filter(|h| h.contains("linux")).unwrap_or(LINUX);
    let sysroot = container_toolchain(project)
        .unwrap_or_else(|| format!("/usr/local/rustup/toolchains/{channel}-{host}").into());
    let mut config = project.config.clone();
    config.files.retain(|f| f.place == ConfigPlace::Source);
    let recipe = Recipe {
        passed: Env::new(),
        pass_env: Vec::new(),
        targets: linux_targets(project),
        rust_src: sysroot.join("lib/rustlib/src/rust"),
        config_env: config.env(),
        ..project.recipe()?
    };
    let dirs = BuildDirs {
        above: source.parent().unwrap_or(&source).to_owned(),
        target: source.join("target"),
        cargo_home,
        source,
        ..BuildDirs::default()
    };
    Ok((recipe, config, dirs))
}

/// The home's canonical form, where a link leads to it: some tools hand on that one. It stands
/// before all others, which win over it.
fn canonical_home(place: Where, home: &Path) -> Option<String> {
    let canonical = crate::fs::canonicalize(home).ok()?;
    let other = place == Where::Here && canonical != home;
    other.then(|| format!("--remap-path-prefix={}=/cargo", canonical.display()))
}

fn notes(project: &Project, place: Where) -> Vec<String> {
    let mut notes = Vec::new();
    if place == Where::Container {
        return notes;
    }
    if let Origin::Git(commit) = &project.source.origin
        && !commit.dirty.is_empty()
    {
        notes.push(format!(
            "the tree has {} ({}): the result will differ from the commit's",
            count(commit.dirty.len(), "uncommitted change", "uncommitted changes"),
            short_list(&commit.dirty)
        ));
    }
    if !project.beside.is_empty() {
        notes.push(format!(
            "{} outside the workspace root: cargo puts the absolute path into symbol names, which only `repro build` makes canonical",
            short_list(&project.beside)
        ));
    }
    if project.targets().iter().any(|t| platform::of_triple(t) == Platform::MinGw) {
        notes.push(
            "on Windows GNU targets, names and order of imports depend on paths, which no variable changes: only `repro build` fixes them"
                .to_string(),
        );
    }
    if project.request.auditable {
        notes.push("the list of packages (`auditable`) is linked by `repro build` alone, so the bytes differ: `cargo auditable` links one of its own".to_string());
    }
    if let Some(name) = project.user_wrapper_name() {
        notes.push(format!("`{name}` wraps rustc: other builders need it too"));
    }
    notes
}

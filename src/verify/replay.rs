//! A manifest's build, made ready to be made again: its settings and not those of this user, its
//! source checked, other paths. Nothing of the source has run when this is done.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::source;
use crate::build;
use crate::cargo::config::Config;
use crate::cargo::home;
use crate::error::refused;
use crate::fs;
use crate::manifest::{self, Manifest};
use crate::project::metadata::{Defaults, project_name};
use crate::project::{Project, canaries, fits_in_path, inside_configs, none_of_own};
use crate::recipe::environment::{self, Divided};
use crate::recipe::table;
use crate::request::{Build, Inject, Selection, SourceChoice};
use crate::source::{Origin, Source, commit};
use crate::toolchain::Toolchain;
use crate::variation::{self, Name};

/// What the row of a variable says that `--pass-env` left to the caller.
const LEFT: &str = "(left to --pass-env)";

/// Whether the manifest is of a build that this program can make again.
pub(super) fn can_replay(manifest: &Manifest) -> Result<()> {
    if manifest.verdict == "differs" {
        return Err(refused(
            "the manifest says itself that its build is not reproducible, so that there is nothing to verify: ask for one of a reproducible build",
        ));
    }
    if manifest.recipe.version != table::VERSION {
        return Err(refused(format!(
            "the manifest was made by version {} of the recipe, and this repro has version {}: use the repro that made it",
            manifest.recipe.version,
            table::VERSION
        )));
    }
    if manifest.artifacts.is_empty() {
        return Err(refused("the manifest lists no artifact, so that there is nothing to verify"));
    }
    Ok(())
}

/// Everything before the build, from a checked source.
pub(super) fn open(
    manifest: &Manifest,
    mut source: Source,
    toolchain: Toolchain,
    pass_env: &[String],
    keep: bool,
    scratch: &Path,
) -> Result<Project> {
    let cargo_home = home::of_user();
    let mut config = Config::replay(&manifest.outside_config, cargo_home.as_deref())?;
    let canaries = canaries(scratch, &config)?;
    let copy = variation::Selection::default().values(Name::BuildPath, &canaries);
    let copy = PathBuf::from(copy.a);
    build::check_out(&source, &config, &copy)?;
    let content_digest = match source.origin {
        Origin::Git(_) => {
            source.settle(&copy)?;
            commit::set_remote(&copy, manifest.source.remote.as_deref())?;
            None
        }
        Origin::Directory => {
            source::check_content(&manifest.source, &copy)?;
            manifest.source.sha256.clone()
        }
    };
    config.add_inside(inside_configs(&source, &copy)?)?;
    no_programs(&config)?;
    let workspace = copy.join(&source.workspace);
    let lockfile = fs::read_text_if_any(&workspace.join("Cargo.lock"))?.ok_or_else(|| {
        refused("the source has no Cargo.lock, and the manifest says that it had")
    })?;
    source::check_lockfile(&manifest.source, &lockfile)?;
    let name = match Defaults::read(&copy.join(&source.package), &workspace)?.name()? {
        Some(name) => name,
        None => project_name(&workspace)?,
    };
    fits_in_path(&name)?;
    let (divided, pass_env) = environment_of(manifest, pass_env)?;
    Ok(Project {
        beside: source.beside_workspace(&copy)?,
        request: request(manifest, pass_env, name.clone(), keep),
        source,
        toolchain,
        config,
        cargo_home,
        canaries,
        lockfile,
        name,
        divided,
        // Nothing is published there.
        results: scratch.join("results"),
        copy,
        content_digest,
        env_wrapper: None,
    })
}

/// Cargo would start these programs of a stranger's before anything is built, or take the compiler
/// for the one that was checked.
pub(super) fn no_programs(config: &Config) -> Result<()> {
    match config.programs_of_others().first() {
        None => Ok(()),
        Some(key) => Err(refused(format!(
            "the source's own cargo config, or the manifest's, names a program in `{key}`, which would run before anything is checked: nothing was built"
        ))),
    }
}

fn request(manifest: &Manifest, pass_env: Vec<String>, name: String, keep: bool) -> Build {
    let build = &manifest.build;
    Build {
        source: SourceChoice::default(),
        selection: selection(build),
        epoch: Some(manifest.recipe.epoch),
        pass_env,
        inject: match manifest.recipe.inject == Inject::Wrapper.name() {
            true => Inject::Wrapper,
            false => Inject::Rustflags,
        },
        vary: variation::Selection::default(),
        name: Some(name),
        keep,
        expand: false,
        builder: true,
        verbose: false,
    }
}

fn selection(build: &manifest::Build) -> Selection {
    Selection {
        packages: build.packages.clone(),
        workspace: build.workspace,
        lib: build.lib,
        bins: build.bins.clone(),
        all_bins: build.all_bins,
        features: build.features.clone(),
        all_features: build.all_features,
        no_default_features: build.no_default_features,
        targets: build.targets.clone(),
        profile: Some(build.profile.clone()),
    }
}

/// The environment that the recipe starts from: what leads to this machine's tools, the manifest's
/// settings, and what the user passes on here. Returns the names that `--pass-env` stood for.
fn environment_of(manifest: &Manifest, pass: &[String]) -> Result<(Divided, Vec<String>)> {
    none_of_own(pass)?;
    let ours = std::env::vars_os();
    let mut divided = environment::divide(ours, pass);
    divided.passed.retain(|name, _| {
        let name = name.to_string_lossy();
        environment::is_of_machine(&name) || pass.iter().any(|p| **p == *name)
    });
    let mut names: Vec<String> = pass.to_vec();
    for variable in &manifest.environment {
        let Some(value) = &variable.value else {
            continue;
        };
        if pass.contains(&variable.name) {
            continue;
        }
        if !environment::is_allowed(&variable.name) {
            names.push(variable.name.clone());
        }
        let name = OsString::from(&variable.name);
        divided.passed.insert(name, OsString::from(value));
    }
    let left = manifest.recipe.rows.iter().filter(|r| r.value == LEFT);
    for row in left.filter(|r| divided.passed.contains_key(std::ffi::OsStr::new(&r.what))) {
        if !names.contains(&row.what) {
            names.push(row.what.clone());
        }
    }
    Ok((divided, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let text = include_str!("../../tests/fixtures/manifest.json");
        Manifest::from_bytes(text.as_bytes(), "fixture").unwrap()
    }

    #[test]
    fn settings_are_the_manifests_and_tools_are_this_machines() {
        let mut manifest = manifest();
        let set = |name: &str, value: Option<&str>| manifest::Variable {
            name: name.into(),
            value: value.map(str::to_string),
        };
        manifest.environment = vec![
            set("APP_CHANNEL", Some("beta")),
            set("CFLAGS", Some("-O1")),
            set("OUT_DIR", None),
        ];
        let (divided, names) = environment_of(&manifest, &[]).unwrap();
        let get = |n: &str| divided.passed.get(std::ffi::OsStr::new(n)).cloned();
        assert_eq!(get("APP_CHANNEL"), Some("beta".into()));
        assert_eq!(get("CFLAGS"), Some("-O1".into()));
        assert_eq!(get("PATH"), std::env::var_os("PATH"));
        assert_eq!((get("HOME"), get("OUT_DIR")), (None, None));
        assert_eq!(names, ["APP_CHANNEL"]);
    }

    #[test]
    fn only_what_can_be_made_again_is() {
        assert!(can_replay(&manifest()).is_ok());
        for spoil in [
            |m: &mut Manifest| m.verdict = "differs".into(),
            |m: &mut Manifest| m.recipe.version += 1,
            |m: &mut Manifest| m.artifacts.clear(),
        ] {
            let mut manifest = manifest();
            spoil(&mut manifest);
            let error = can_replay(&manifest).unwrap_err();
            assert_eq!(crate::error::kind_of(&error), crate::error::Kind::Refused);
        }
    }
}

//! A manifest's build, made ready to be made again: its settings and not those of this user, its
//! source checked, other paths. Nothing of the source has run when this is done.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use super::settings;
use super::source;
use crate::build;
use crate::cargo::config::{Config, Inside};
use crate::cargo::home;
use crate::error::refused;
use crate::manifest::{self, Manifest};
use crate::project::lockfile;
use crate::project::metadata::{Defaults, project_name};
use crate::project::profiles::Profiles;
use crate::project::{
    Project, asks, canaries, fits_in_path, holds_its_crates, inside_configs, none_of_own,
};
use crate::recipe::environment::{self, Divided, Env};
use crate::recipe::table;
use crate::report::verify::{SettingRow, SettingState};
use crate::request::VerifyRequest;
use crate::request::{Build, Inject, Selection, SourceChoice};
use crate::sandbox::Mode;
use crate::setting;
use crate::setting::entry::{Fate, Setting};
use crate::source::{Origin, Source, commit};
use crate::toolchain::Toolchain;
use crate::variation::{Side, VARIATIONS, VariationId, VariationSet};
use crate::verdict::At;

/// What the row of a variable says that `--pass-env` left to the caller.
const LEFT: &str = "(left to --pass-env)";

/// Whether the manifest is of a build that this program can make again.
pub(super) fn can_replay(manifest: &Manifest, supplied: &[String]) -> Result<()> {
    if manifest.verdict == "differs" {
        return Err(refused(
            "the manifest says itself that its build is not reproducible, so that there is nothing to verify: ask for one of a reproducible build",
        ));
    }
    if !(1..=table::VERSION).contains(&manifest.recipe.version) {
        return Err(refused(format!(
            "the manifest was made by version {} of the recipe, and this repro has versions 1 to {}: use the repro that made it",
            manifest.recipe.version,
            table::VERSION
        )));
    }
    setting::check(manifest, supplied).map_err(settings::not_sound)?;
    if manifest.recipe.at() == Some(At::Scratch) {
        return Err(refused(
            "the manifest is of a build at a path that no other run has, so it cannot be made again: ask for one made with `repro build --same-path`",
        ));
    }
    if manifest.artifacts.is_empty() {
        return Err(refused("the manifest lists no artifact, so that there is nothing to verify"));
    }
    Ok(())
}

/// Everything before the build, from a checked source; and the settings that the source does not ask
/// for.
pub(super) fn open(
    manifest: &Manifest,
    mut source: Source,
    toolchain: Toolchain,
    asked: &VerifyRequest,
    scratch: &Path,
) -> Result<(Project, Vec<SettingRow>)> {
    let cargo_home = home::of_user();
    let outside = setting::replayable(&manifest.outside_config).map_err(settings::not_sound)?;
    let mut config = Config::replay(&outside, cargo_home.as_deref())?;
    let canaries = canaries(scratch, &config)?;
    let copy = VariationSet::default().values(VariationId::BuildPath, &canaries);
    let copy = copy.path(Side::A).to_owned();
    build::check_out(&source, &config, &copy)?;
    // Before cargo, which reads them, is asked anything.
    let tree = Inside { root: &source.root, copy: &copy, outside: false };
    config.add_inside(tree, &inside_configs(&source, &copy))?;
    no_programs(&config, &source.root)?;
    holds_its_crates(&config, &source.root)?;
    let content_digest = match source.origin {
        Origin::Git(_) => {
            source.settle(&copy)?;
            commit::set_remote(&copy, remote(manifest, &source, asked))?;
            None
        }
        Origin::Directory => {
            source::check_content(&manifest.source, &copy)?;
            manifest.source.sha256.clone()
        }
    };
    let workspace = copy.join(&source.workspace);
    let lockfile = lockfile::find(&source, &copy, &config, &Env::new(), &toolchain)?;
    source::check_lockfile(&manifest.source, &lockfile.text)?;
    let defaults = Defaults::read(&copy.join(&source.package), &workspace)?;
    let asks = asks(&defaults, &source, &config)?;
    let mut settings = settings::rows(manifest, &asks, asked)?;
    if let Origin::Git(commit) = &source.origin
        && let Some(theirs) = remote(manifest, &source, asked)
        && commit.remote.as_deref() != Some(theirs)
    {
        let setting = Setting::remote(theirs);
        settings.push(SettingRow { setting, state: SettingState::Accepted });
    }
    let name = match defaults.name()? {
        Some(name) => name,
        None => project_name(&workspace)?,
    };
    fits_in_path(&name)?;
    let wrapper = |name: &&String| *name == "RUSTC_WRAPPER";
    let supplied: Vec<String> =
        asked.build.pass_env.iter().filter(|n| !wrapper(n)).cloned().collect();
    let (divided, pass_env) = environment_of(manifest, &supplied)?;
    let wraps = asked.build.pass_env.iter().any(|n| wrapper(&n));
    let accepted = std::env::vars_os().filter(|(name, _)| wraps && name == "RUSTC_WRAPPER");
    let profiles = Profiles::of(&manifest.build.profile, &workspace, &config, &divided.passed)?;
    let project = Project {
        recipe_version: manifest.recipe.version,
        members: None,
        generated: defaults.archive()?.include,
        asks,
        beside: source.beside_workspace(&copy)?,
        request: request(manifest, pass_env, name.clone(), asked.build.keep),
        source,
        toolchain,
        config,
        cargo_home,
        canaries,
        lockfile,
        profiles,
        name,
        divided,
        // Nothing is published there.
        results: scratch.join("results"),
        copy,
        content_digest,
        env: accepted.collect(),
    };
    Ok((project, settings))
}

/// What git names as the remote in the copy: a build script can read it, and a text of the publisher's
/// that nobody looked at must not reach the bytes. So it is that of the repository at hand, unless the
/// user accepts the manifest's.
fn remote<'a>(
    manifest: &'a Manifest,
    source: &'a Source,
    asked: &VerifyRequest,
) -> Option<&'a str> {
    let theirs = manifest.source.remote.as_deref();
    let ours = match &source.origin {
        Origin::Git(commit) => commit.remote.as_deref(),
        Origin::Directory => None,
    };
    let accepted = theirs.is_some_and(|remote| {
        let setting = Setting::remote(remote);
        asked.accept_settings.iter().any(|a| a.fits(&setting.name, &setting.value))
    });
    if accepted { theirs } else { ours }
}

/// Cargo would run these programs of a publisher's before anything is built, or in place of the
/// compiler that was checked.
pub(super) fn no_programs(config: &Config, root: &Path) -> Result<()> {
    let Some((key, file)) = config.programs_of_others().into_iter().next() else {
        return Ok(());
    };
    let file = match file.strip_prefix(root) {
        Ok(inside) => format!("`{}` of the source", inside.display()),
        Err(_) => "the manifest's cargo config".to_string(),
    };
    Err(refused(format!(
        "`{key}` in {file} names a program that would run before anything is checked, or in place of the compiler: nothing was built"
    )))
}

fn request(manifest: &Manifest, pass_env: Vec<String>, name: String, keep: bool) -> Build {
    let build = &manifest.build;
    let fixed: Vec<_> = VARIATIONS.iter().map(|row| row.id).collect();
    let fixed: Vec<_> = fixed
        .into_iter()
        .filter(|id| manifest.recipe.fixed.iter().any(|f| f.name == id.to_string()))
        .collect();
    Build {
        source: SourceChoice::default(),
        selection: selection(build),
        epoch: Some(manifest.recipe.epoch),
        pass_env,
        inject: match manifest.recipe.inject == Inject::Wrapper.name() {
            true => Inject::Wrapper,
            false => Inject::Rustflags,
        },
        vary: VariationSet::default().at_one_path(&fixed),
        same_path: !fixed.is_empty(),
        isolate: Mode::Auto,
        network: false,
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
        let replayed = setting::fate(&variable.name, value) == Ok(Fate::Replayed);
        if pass.contains(&variable.name) || !replayed {
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
        assert!(can_replay(&manifest(), &[]).is_ok());
        for spoil in [
            |m: &mut Manifest| m.verdict = "differs".into(),
            |m: &mut Manifest| m.recipe.version = table::VERSION + 1,
            |m: &mut Manifest| m.artifacts.clear(),
        ] {
            let mut manifest = manifest();
            spoil(&mut manifest);
            let error = can_replay(&manifest, &[]).unwrap_err();
            assert_eq!(crate::error::kind_of(&error), crate::error::Kind::Refused);
        }
    }
}

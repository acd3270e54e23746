//! Prepares the build of a manifest: its settings instead of this user's, its source checked,
//! different paths. No code of the source has run when this is done.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use super::{programs, settings, source};
use crate::cargo::config::Config;
use crate::cargo::home;
use crate::error::refused;
use crate::fs;
use crate::manifest::Manifest;
use crate::project::{Copied, Project, Rest, holds_its_crates, lockfile, none_of_own};
use crate::recipe::environment::{self, Divided};
use crate::recipe::table;
use crate::request::{Build, Selection, VerifyRequest};
use crate::sandbox::Mode;
use crate::setting;
use crate::setting::entry::{Fate, Setting};
use crate::source::{Origin, Source, commit};
use crate::toolchain::Toolchain;
use crate::variation::coverage::Holder;
use crate::variation::{VariationId, VariationSet};
use crate::verdict::{At, Verdict};
use crate::verify::result::{SettingRow, SettingState};

/// Why a manifest is refused whose publisher did not build all of it twice.
pub(super) const LEDGER: &str = "the manifest is of a build that took units from a ledger instead of building them twice: ask for one made without `--ledger`, or pass `--ledger-ok`";

/// Whether the manifest is of a build that this program can make again.
pub(super) fn can_replay(manifest: &Manifest, supplied: &[String], ledger_ok: bool) -> Result<()> {
    if manifest.verdict == Verdict::Differs {
        return Err(refused(
            "the manifest records a build that is not reproducible, so there is nothing to verify: ask for one of a reproducible build",
        ));
    }
    if manifest.ledger.is_some() && !ledger_ok {
        return Err(refused(LEDGER));
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
            "the manifest records a build in a temporary directory, which cannot be recreated: ask for one made with `repro build --same-path`",
        ));
    }
    if manifest.artifacts.is_empty() {
        return Err(refused("the manifest lists no artifact, so there is nothing to verify"));
    }
    Ok(())
}

/// Everything before the build, from a checked source; and the settings that the source does not ask
/// for.
pub(super) fn open(
    manifest: &Manifest,
    source: Source,
    toolchain: Toolchain,
    asked: &VerifyRequest,
    scratch: &Path,
) -> Result<(Project, Vec<SettingRow>)> {
    let cargo_home = home::of_user();
    let outside = setting::replayable(&manifest.outside_config).map_err(settings::not_sound)?;
    let config = Config::replay(&outside, cargo_home.as_deref())?;
    let mut copied = Copied::new(source, config, cargo_home, scratch, false)?;
    // Before cargo, which reads them, is asked anything.
    fs::only_files(&copied.copy, &|_| true)?;
    programs::none_in(&copied.config, &copied.source.root)?;
    holds_its_crates(&copied.config, &copied.source.root)?;
    let content_digest = match copied.source.origin {
        Origin::Git(_) => {
            copied.source.settle(&copied.copy)?;
            commit::set_remote(&copied.copy, remote(manifest, &copied.source, asked))?;
            None
        }
        Origin::Directory => {
            source::check_content(&manifest.source, &copied.copy)?;
            manifest.source.sha256.clone()
        }
    };
    let Copied { source, config, copy, .. } = &copied;
    let wrapper = |name: &&String| *name == "RUSTC_WRAPPER";
    let supplied: Vec<String> = asked.pass_env.iter().filter(|n| !wrapper(n)).cloned().collect();
    let (divided, pass_env) = environment_of(manifest, &supplied)?;
    let from = source.root.join(&source.package);
    let lockfile = lockfile::find(source, copy, config, (&divided.passed, &from), &toolchain)?;
    source::check_lockfile(&manifest.source, &lockfile.text)?;
    let defaults = copied.defaults()?;
    let wraps = asked.pass_env.iter().any(|n| wrapper(&n));
    let accepted =
        environment::of_process().into_iter().filter(|(name, _)| wraps && name == "RUSTC_WRAPPER");
    let rest = Rest {
        recipe_version: manifest.recipe.version,
        members: None,
        profiles: copied.profiles(&manifest.build.profile, &divided.passed)?,
        request: request(manifest, pass_env, defaults.name()?, asked.keep),
        toolchain,
        lockfile,
        divided,
        // Nothing is published there.
        results: scratch.join("results"),
        content_digest,
        env: accepted.collect(),
    };
    let project = Project::new(copied, &defaults, rest)?;
    let mut settings = settings::rows(manifest, &project.asks, asked)?;
    if let Origin::Git(commit) = &project.source.origin
        && let Some(theirs) = remote(manifest, &project.source, asked)
        && commit.remote.as_deref() != Some(theirs)
    {
        let setting = Setting::remote(theirs);
        settings.push(SettingRow { setting, state: SettingState::Accepted });
    }
    Ok((project, settings))
}

/// What git names as the remote in the copy. A build script can read it, and the publisher's text must not
/// reach the bytes unseen: it is the remote of the repository at hand, unless the user accepts the
/// manifest's.
fn remote<'a>(
    manifest: &'a Manifest,
    source: &'a Source,
    asked: &VerifyRequest,
) -> Option<&'a str> {
    let theirs = manifest.source.remote.as_deref();
    let accepted = |remote: &&str| {
        settings::accepted(&Setting::remote(remote), asked) == SettingState::Accepted
    };
    theirs.filter(accepted).or(source.remote())
}

fn request(manifest: &Manifest, pass_env: Vec<String>, name: Option<String>, keep: bool) -> Build {
    let fixed = manifest.recipe.fixed.iter().filter_map(|f| VariationId::named(&f.name));
    let fixed: Vec<_> = fixed.collect();
    Build {
        selection: Selection::from(&manifest.build),
        epoch: Some(manifest.recipe.epoch),
        pass_env,
        inject: manifest.recipe.inject,
        vary: VariationSet::default().at_one_path(&fixed),
        same_path: !fixed.is_empty(),
        isolate: Mode::Auto,
        network: false,
        name,
        auditable: manifest.recipe.auditable,
        builds: 2,
        ledger: None,
        keep,
        expand: false,
        replay: false,
        builder: true,
    }
}

/// The environment that the recipe starts from: what leads to this machine's tools, the manifest's
/// settings, and what the user passes on here. Returns the names that `--pass-env` stood for.
fn environment_of(manifest: &Manifest, pass: &[String]) -> Result<(Divided, Vec<String>)> {
    none_of_own(pass)?;
    let ours = environment::of_process();
    let mut divided = environment::divide(ours, pass);
    divided.passed.retain(|name, _| {
        let name = name.to_string_lossy();
        environment::is_of_machine(&name) || pass.iter().any(|p| **p == *name)
    });
    let mut names: Vec<String> = pass.to_vec();
    for variable in &manifest.environment {
        let Some(value) = &variable.value else { continue };
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
    let left = manifest.recipe.rows.iter().filter(|r| r.left_to() == Some(Holder::PassEnv));
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
    use crate::manifest;

    #[test]
    fn settings_are_the_manifests_and_tools_are_this_machines() {
        let mut manifest = Manifest::fixture();
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
        assert!(can_replay(&Manifest::fixture(), &[], false).is_ok());
        for spoil in [
            |m: &mut Manifest| m.verdict = Verdict::Differs,
            |m: &mut Manifest| m.recipe.version = table::VERSION + 1,
            |m: &mut Manifest| m.artifacts.clear(),
            |m: &mut Manifest| m.ledger = Some(from_ledger()),
        ] {
            let mut manifest = Manifest::fixture();
            spoil(&mut manifest);
            let error = can_replay(&manifest, &[], false).unwrap_err();
            assert_eq!(crate::error::kind_of(&error), crate::error::Kind::Refused);
        }
        let mut manifest = Manifest::fixture();
        manifest.ledger = Some(from_ledger());
        assert!(can_replay(&manifest, &[], true).is_ok());
    }

    fn from_ledger() -> manifest::FromLedger {
        manifest::FromLedger { reused: 2, foreign: 0, built_twice: 1 }
    }
}

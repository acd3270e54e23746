//! Settings: everything besides the source that decided the bytes of a build, and where each came
//! from.
//!
//! A setting is *sourced* if the commit's own files ask for it or it is a plain default; every
//! other setting is listed by name, so that `verify` can require its acceptance and `build` can
//! report which ones a verifier has to accept. Pure.

mod config;
pub mod entry;
mod flags;
mod variables;

use self::entry::{Fate, Home, Setting};
use crate::manifest::{Build, Manifest};
use crate::request::{Field, Inject, Selection};

pub use config::replayable;
pub use variables::fate;

/// What the source asks for.
#[derive(Clone, Debug, Default)]
pub struct Asks {
    /// The selection that its metadata completes an empty one to.
    pub selection: Selection,
    /// `inject` of its metadata, or the default.
    pub inject: Inject,
    /// `auditable` of its metadata.
    pub auditable: bool,
    /// Variables that its metadata wants passed on.
    pub pass_env: Vec<String>,
    /// The commit's time, and what cargo config in the source sets; none for a source without a
    /// commit, whose epoch heads the report instead.
    pub epochs: Vec<i64>,
}

/// Whether a rebuild may take the settings of a manifest at all, whatever the source asks for.
///
/// # Errors
/// As [`unsourced`].
pub fn check(manifest: &Manifest, supplied: &[String]) -> Result<(), String> {
    unsourced(manifest, &Asks::default(), supplied).map(drop)
}

/// The settings of a manifest that the source does not ask for, by name. Values of variables that are
/// `supplied` by the verifier are not used, and not read.
///
/// # Errors
/// A value that no replay may take, as a clause: the manifest is hostile or broken.
pub fn unsourced(
    manifest: &Manifest,
    asks: &Asks,
    supplied: &[String],
) -> Result<Vec<Setting>, String> {
    let mut found = selection(manifest, &asks.selection);
    let recipe = &manifest.recipe;
    if recipe.inject != asks.inject {
        found.push(Setting::new("inject", recipe.inject.name(), Fate::Replayed, Home::Metadata));
    }
    if recipe.auditable != asks.auditable {
        let auditable = recipe.auditable.to_string();
        found.push(Setting::new("auditable", auditable, Fate::Replayed, Home::Metadata));
    }
    if !asks.epochs.is_empty() && !asks.epochs.contains(&recipe.epoch) {
        let epoch = recipe.epoch.to_string();
        found.push(Setting::new("epoch", epoch, Fate::Replayed, Home::Commit));
    }
    if manifest.source.directory != "." {
        let directory = &manifest.source.directory;
        found.push(Setting::new("directory", directory, Fate::Replayed, Home::Directory));
    }
    if let Some(wrapper) = &recipe.user_wrapper {
        let setting = Setting::new("RUSTC_WRAPPER", wrapper, Fate::Fact, Home::Nowhere);
        found.push(Setting { variable: Some("RUSTC_WRAPPER".into()), ..setting });
    }
    let of_images = manifest.images.iter().map(|i| i.epoch);
    let mut epochs: Vec<i64> = manifest.archives.iter().map(|a| a.epoch).chain(of_images).collect();
    epochs.retain(|epoch| *epoch != recipe.epoch);
    epochs.dedup();
    let archived =
        |epoch: i64| Setting::new("archive-epoch", epoch.to_string(), Fate::Replayed, Home::Commit);
    found.extend(epochs.into_iter().map(archived));
    found.extend(config::settings(&manifest.outside_config)?);
    let variables = variables::settings(&manifest.environment, supplied)?;
    // Who accepts a setting by its name means one.
    let is_other = |name: &str| {
        entry::OF_RESULTS.contains(&name) || found.iter().any(|other| other.name == name)
    };
    if let Some(both) = variables.iter().find(|v| is_other(&v.name)) {
        let name = both.name.escape_debug();
        return Err(format!(
            "it has a variable `{name}`, which is also the name of a different setting"
        ));
    }
    found.extend(variables);
    Ok(found)
}

/// Targets are left out: they are part of what an artifact is.
fn selection(manifest: &Manifest, sourced: &Selection) -> Vec<Setting> {
    let theirs = Selection::from(&manifest.build);
    let sourced = Selection {
        targets: theirs.targets.clone(),
        profile: Some(sourced.profile().to_string()),
        ..sourced.clone()
    };
    let both = theirs.fields().into_iter().zip(sourced.fields());
    let differing = both.filter(|(a, b)| a.value != b.value);
    let setting = |a: Field| {
        let home = if a.in_metadata { Home::Metadata } else { Home::Selection };
        Setting::new(a.name, a.value.to_string(), Fate::Replayed, home)
    };
    differing.map(|(a, _)| setting(a)).collect()
}

impl From<&Build> for Selection {
    fn from(build: &Build) -> Selection {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let mut manifest = Manifest::fixture();
        manifest.environment.clear();
        manifest.outside_config.clear();
        manifest
    }

    fn names(manifest: &Manifest, selection: &Selection) -> Vec<String> {
        let asks =
            Asks { selection: selection.clone(), epochs: vec![1_700_000_000], ..Asks::default() };
        let found = unsourced(manifest, &asks, &[]).unwrap();
        found.into_iter().map(|s| format!("{}={}", s.name, s.value)).collect()
    }

    #[test]
    fn a_plain_build_has_no_setting_and_each_change_is_one() {
        let plain = Selection::default();
        assert!(names(&manifest(), &plain).is_empty());
        type Change = (fn(&mut Manifest), &'static str);
        let changes: [Change; 11] = [
            (|m| m.build.features = vec!["a".into(), "b".into()], "features=a,b"),
            (|m| m.build.packages = vec!["evil".into()], "packages=evil"),
            (|m| m.build.no_default_features = true, "no-default-features=true"),
            (|m| m.build.profile = "dev".into(), "profile=dev"),
            (|m| m.recipe.inject = crate::request::Inject::Rustflags, "inject=rustflags"),
            (|m| m.recipe.auditable = true, "auditable=true"),
            (
                |m| {
                    m.recipe.epoch = 1;
                    m.archives[0].epoch = 1;
                },
                "epoch=1",
            ),
            (|m| m.archives[0].epoch = 1, "archive-epoch=1"),
            (|m| m.source.directory = "evil".into(), "directory=evil"),
            (|m| m.recipe.user_wrapper = Some("sccache".into()), "RUSTC_WRAPPER=sccache"),
            (|m| m.outside_config = vec!["[build]\nrustflags='-g'".into()], "build.rustflags=-g"),
        ];
        for (change, expected) in changes {
            let mut manifest = manifest();
            change(&mut manifest);
            assert_eq!(names(&manifest, &plain), [expected]);
        }
        // What the source asks for is sourced; what it asks for and was left out is not.
        let asks = Selection { features: vec!["a".into()], ..Selection::default() };
        let mut with = manifest();
        with.build.features = vec!["a".into()];
        assert!(names(&with, &asks).is_empty());
        assert_eq!(names(&manifest(), &asks), ["features="]);
    }
}

//! The publisher's settings in a verification: which of them the source asks for, which the verifier
//! accepted or gave, and which stop everything because they name programs.

use anyhow::Result;

use crate::error::{Kind, bad_input, failure, usage};
use crate::manifest::Manifest;
use crate::request::{Selection, VerifyRequest};
use crate::setting::entry::{Fate, Setting};
use crate::setting::{self, Asks};
use crate::verify::result::{SettingRow, SettingState};

/// The settings that the source does not ask for, each with who agreed to it.
///
/// # Errors
/// A value that no rebuild takes; a program that the verifier did not supply; an option that says
/// something else than the manifest.
pub(super) fn rows(
    manifest: &Manifest,
    asks: &Asks,
    asked: &VerifyRequest,
) -> Result<Vec<SettingRow>> {
    let given = given(manifest, asked)?;
    let supplied = &asked.pass_env;
    let settings = setting::unsourced(manifest, asks, supplied).map_err(not_sound)?;
    let state = |setting: &Setting| {
        let given = match &setting.variable {
            Some(variable) => supplied.contains(variable),
            None => given.contains(&&*setting.name),
        };
        if given { SettingState::Given } else { accepted(setting, asked) }
    };
    let rows = settings.into_iter().map(|setting| SettingRow { state: state(&setting), setting });
    let rows: Vec<SettingRow> = rows.collect();
    programs(&rows)?;
    Ok(rows)
}

/// Whether the user accepts a setting by its name.
pub(super) fn accepted(setting: &Setting, asked: &VerifyRequest) -> SettingState {
    match asked.accept_settings.iter().any(|a| a.fits(&setting.name, &setting.value)) {
        true => SettingState::Accepted,
        false => SettingState::NotAccepted,
    }
}

/// A value that no rebuild takes from a manifest.
pub(super) fn not_sound(clause: String) -> anyhow::Error {
    bad_input(format!("the manifest cannot be replayed, and nothing was run: {clause}"))
}

/// Programs of the publisher's machine are never replayed: the verifier supplies each, or says by name
/// that the rebuild goes on without it.
fn programs(rows: &[SettingRow]) -> Result<()> {
    let lacking = rows
        .iter()
        .filter(|row| row.setting.fate == Fate::Fact && row.state == SettingState::NotAccepted);
    let lacking: Vec<&Setting> = lacking.map(|row| &row.setting).collect();
    let Some(first) = lacking.first() else { return Ok(()) };
    let named = lacking.iter().map(|s| {
        let (name, value) = (s.name.escape_debug(), s.value.escape_debug());
        format!("{name}={value}")
    });
    let name = first.name.escape_debug();
    let supply = match &first.variable {
        Some(variable) => {
            let variable = variable.escape_debug();
            format!("set {variable} here and give `--pass-env {variable}`, or ")
        }
        None => String::new(),
    };
    Err(failure(
        Kind::NotAccepted,
        format!(
            "the publisher's build used programs or files that a rebuild never takes from a manifest: {}; {supply}give `--accept-setting {name}` to rebuild without it",
            named.collect::<Vec<_>>().join(", ")
        ),
    ))
}

/// The settings that the verifier gave as well, by name.
fn given(manifest: &Manifest, asked: &VerifyRequest) -> Result<Vec<&'static str>> {
    let mut names = Vec::new();
    let mut compare = |option: &str, name, theirs: String, ours: Option<String>| match ours {
        None => Ok(()),
        Some(ours) if ours == theirs => {
            names.push(name);
            Ok(())
        }
        Some(ours) => Err(usage(format!(
            "{option} gives `{}`, and the manifest has `{}`: leave it out, or verify without a manifest, by --source and --artifact",
            ours.escape_debug(),
            theirs.escape_debug()
        ))),
    };
    let theirs = Selection::from(&manifest.build);
    for (theirs, ours) in theirs.fields().into_iter().zip(asked.selection.fields()) {
        compare(theirs.flag, theirs.name, theirs.value.to_string(), ours.value.given())?;
    }
    let recipe = &manifest.recipe;
    let epoch = asked.epoch.map(|e| e.to_string());
    compare("--epoch", "epoch", recipe.epoch.to_string(), epoch)?;
    let inject = asked.inject.map(|i| i.name().to_string());
    compare("--inject", "inject", recipe.inject.name().to_string(), inject)?;
    let auditable = asked.auditable.then(|| "true".to_string());
    compare("--auditable", "auditable", recipe.auditable.to_string(), auditable)?;
    Ok(names)
}

/// What archives and images have, and nothing in the source puts there: files of the source, and bases.
pub(super) fn extra(settings: &[Setting], asked: &VerifyRequest) -> Vec<SettingRow> {
    let row = |setting: &&Setting| SettingRow {
        setting: Setting::clone(setting),
        state: accepted(setting, asked),
    };
    // Archives in several formats have the same files.
    let mut once: Vec<&Setting> = settings.iter().collect();
    once.sort_by_key(|s| (&s.name, &s.value));
    once.dedup();
    once.iter().map(row).collect()
}

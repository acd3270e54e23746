//! `repro check`: facts, rules, report. Straight down.

use std::path::Path;

use anyhow::Result;

use crate::cargo::config::Config;
use crate::cargo::home;
use crate::check::facts::{CheckScope, Facts};
use crate::check::levels::{Level, Levels};
use crate::check::rules::{self, RULES, Rule};
use crate::check::{self};
use crate::error::{bad_input, usage};
use crate::fs;
use crate::metadata::Cargo;
use crate::project::metadata::Defaults;
use crate::project::{find_manifest, selection};
use crate::recipe::environment;
use crate::report::check::CheckReport;
use crate::request::{Check, Selection, SourceChoice};

/// Runs it.
pub fn run(asked: Check) -> Result<CheckReport> {
    fs::given(asked.sbom.as_deref())?;
    let manifest = find_manifest(&SourceChoice::of(asked.manifest_path.clone()))?;
    let cargo = Cargo::of_user();
    let given = given(&asked);
    // Checked before anything is read: a wrong name must not cost a run.
    Levels::new(Vec::new(), given.clone()).map_err(usage)?;
    let defaults = defaults(&cargo, &manifest);
    let (selection, exceptions, unread) = match defaults {
        Ok(defaults) => {
            check_names(&asked.selection, &cargo, &manifest)?;
            (defaults.selection(asked.selection)?, defaults.exceptions()?, None)
        }
        Err(error) => (asked.selection, Vec::new(), Some(error)),
    };
    let levels = Levels::new(exceptions, given)
        .map_err(|e| bad_input(format!("`check` in metadata.repro: {e}")))?;
    let mut facts = Facts::gather(&CheckScope {
        cargo,
        manifest,
        selection,
        sbom: asked.sbom,
        cargo_home: home::of_user(),
    });
    // A manifest with a syntax error is told of once, with its line.
    if let Some(error) = unread.filter(|_| facts.troubles.is_empty()) {
        facts.troubles.push(error);
    }
    let outcome = check::run(&facts, &levels);
    Ok(CheckReport {
        root: facts.root,
        targets: facts.targets,
        packages: facts.used.len(),
        rules: RULES.len(),
        outcome,
        troubles: facts.troubles,
    })
}

/// What cannot be read is for the facts to report.
fn check_names(selection: &Selection, cargo: &Cargo, manifest: &Path) -> Result<()> {
    let config = Config::read(manifest, home::of_user().as_deref());
    let (Ok(metadata), Ok(config)) = (cargo.metadata(manifest), config) else { return Ok(()) };
    selection::check(selection, manifest, &metadata, &config, &environment::of_process())
}

/// The rule of a name that was given.
pub fn rule(id: &str) -> Result<&'static Rule> {
    rules::named(id).map_err(usage)
}

fn given(asked: &Check) -> Vec<(String, Level)> {
    let lists =
        [(&asked.allow, Level::Allow), (&asked.warn, Level::Warn), (&asked.deny, Level::Deny)];
    let pairs =
        lists.into_iter().flat_map(|(ids, level)| ids.iter().map(move |id| (id.clone(), level)));
    pairs.collect()
}

fn defaults(cargo: &Cargo, manifest: &Path) -> Result<Defaults> {
    let workspace = cargo.workspace_root(manifest)?;
    Defaults::read(manifest.parent().unwrap_or(Path::new("/")), &workspace)
}

//! `repro rebuilderd-backend`: what rebuilderd's worker runs. Its input is a manifest or a `.crate`.
//! The rebuilt files and archives appear in `REBUILDERD_OUTDIR` only if everything went well. The worker
//! compares: the published originals are next to the input, and are never looked at here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::limits::Limits;
use repro_formats::names::printable;

use super::compare::promised;
use super::input::is_manifest;
use super::rebuild::{Rebuild, build, counted};
use super::rebuilt::Rebuilt;
use super::{Claimed, archive, fresh, replay, replayed, settings};
use crate::artifact::ArtifactSet;
use crate::compare::compare;
use crate::error::usage;
use crate::fs::{self, Pending};
use crate::manifest::Manifest;
use crate::project::Project;
use crate::project::scratch::Scratch;
use crate::request::{Given, VerifyRequest};
use crate::sandbox::{Mode, Wish};
use crate::term::{Progress, with_progress};
use crate::verdict::Status;
use crate::verify::result::{SettingRow, SettingState};

/// The variable that names the directory for the results.
const OUTDIR: &str = "REBUILDERD_OUTDIR";

/// What was put there; and whether the rebuild is what the manifest says.
pub struct Outcome {
    /// Names of the files.
    pub files: Vec<String>,
    /// Things that the log should hold.
    pub notes: Vec<String>,
    /// The rebuild differs from the manifest, and nothing was put there.
    pub differs: bool,
}

impl Outcome {
    fn nothing(why: String) -> Outcome {
        Outcome { files: Vec::new(), notes: vec![why], differs: true }
    }
}

/// Files by the name that they get.
type Files = BTreeMap<String, PathBuf>;

/// Rebuilds from `input`.
pub fn run(input: &Path, mode: Mode) -> Result<Outcome> {
    let outdir = std::env::var_os(OUTDIR).filter(|d| !d.is_empty());
    let outdir = outdir.map(PathBuf::from).ok_or_else(|| {
        usage(format!(
            "{OUTDIR} is not set: this is run by rebuilderd's worker, which sets it to a directory for the results"
        ))
    })?;
    let progress = Progress::new(true);
    let scratch = Scratch::new(false)?;
    with_progress(&progress, || rebuild(input, &outdir, mode, scratch.path(), &progress))
}

fn rebuild(
    input: &Path,
    outdir: &Path,
    mode: Mode,
    scratch: &Path,
    progress: &Progress,
) -> Result<Outcome> {
    let claimed = match is_manifest(input, true)? {
        true => Some(Claimed {
            manifest: Manifest::read(input)?,
            // The originals are next to it, and must not be found.
            path: scratch.join("repro.json"),
        }),
        false => None,
    };
    let asked = VerifyRequest {
        source: claimed.is_none().then(|| Given::Source(input.display().to_string())),
        ..VerifyRequest::default()
    };
    progress.phase("checking the source");
    let ready = match &claimed {
        Some(claimed) => {
            replay::can_replay(&claimed.manifest, &[], false)?;
            replayed(claimed, &asked, scratch)?
        }
        None => fresh(&asked, &[], scratch)?,
    };
    if let Some(why) = not_accepted(&ready.settings) {
        return Ok(Outcome::nothing(why));
    }
    let recipe = ready.project.recipe()?;
    // The originals are next to the input.
    let beside = fs::canonicalize(input).ok().and_then(|p| p.parent().map(Path::to_owned));
    let wish = Wish::of_verify(mode, beside.into_iter().collect());
    let Rebuild { project, built, .. } =
        build(ready.project, &ready.label, &recipe, wish, false, progress)?;
    let artifacts = counted(&built);
    let (mut files, mut notes) = by_name(&artifacts);
    notes.extend(ready.notes);
    if let Some(Claimed { manifest, .. }) = &claimed {
        let packed = match differs(manifest, &artifacts) {
            Some(why) => Err(why),
            None => archives(manifest, &artifacts, &project, scratch)?,
        };
        match packed {
            Ok(archives) => files.extend(archives),
            Err(why) => return Ok(Outcome::nothing(why)),
        }
    }
    crate::process::check_interrupt()?;
    publish(&files, outdir)?;
    Ok(Outcome { files: files.into_keys().collect(), notes, differs: false })
}

/// Why nothing is written although the rebuild may succeed: the worker would call it good, and no user is
/// there to accept the publisher's settings.
fn not_accepted(settings: &[SettingRow]) -> Option<String> {
    let left = settings.iter().filter(|row| row.state == SettingState::NotAccepted);
    let left: Vec<_> = left
        .map(|row| format!("{}={}", row.setting.name, row.setting.value))
        .map(|text| printable(text.as_bytes()))
        .collect();
    (!left.is_empty()).then(|| {
        format!("the source does not ask for these settings of the publisher, so no result was written: {}", left.join(", "))
    })
}

/// Why what was rebuilt is not what the manifest lists, if it is not.
fn differs(manifest: &Manifest, artifacts: &ArtifactSet) -> Option<String> {
    let comparison = compare(&promised(manifest), artifacts);
    let other = comparison.pairs.iter().filter(|p| p.status() != Status::Same);
    let other = other.map(|p| format!("{} ({})", p.either().name, p.status().name()));
    let other: Vec<String> = other.collect();
    (!other.is_empty()).then(|| {
        format!(
            "the rebuild does not match the manifest (A), so no result was written: {}",
            other.join(", ")
        )
    })
}

/// What is shipped, by file name. The worker knows files by their names alone: of several targets'
/// files of one name none is the right one.
fn by_name(artifacts: &ArtifactSet) -> (Files, Vec<String>) {
    let mut files = Files::new();
    let mut twice = Vec::new();
    for artifact in artifacts.iter().filter(|a| a.kind.is_shipped()) {
        let path = artifact.path.clone();
        if files.insert(artifact.name.clone(), path).is_some() {
            twice.push(artifact.name.clone());
        }
    }
    let notes = twice.iter().map(|name| {
        files.remove(name);
        format!("several targets have a file `{name}`, so none was written")
    });
    let notes = notes.collect();
    (files, notes)
}

/// The manifest's archives, packed again from what was rebuilt and the source. The inner error says
/// which of them does not come out as the manifest has it.
fn archives(
    manifest: &Manifest,
    artifacts: &ArtifactSet,
    project: &Project,
    scratch: &Path,
) -> Result<std::result::Result<Files, String>> {
    let limits = Limits::default();
    let epoch = manifest.recipe.epoch;
    let rebuilt = Rebuilt::new(artifacts, epoch, &limits, &project.source, scratch);
    let mut files = Files::new();
    for entry in &manifest.archives {
        let name = entry.name.clone();
        let origins = match archive::origins_of_entry(entry, &rebuilt)? {
            Ok(origins) => origins,
            Err(why) => {
                return Ok(Err(format!(
                    "the members of `{name}` do not match the source, so no result was written: {why}"
                )));
            }
        };
        let to = rebuilt.fresh_place("packed");
        let digest = archive::pack_entry(entry, origins, &to)?;
        if digest.sha256 != entry.sha256 {
            return Ok(Err(format!(
                "`{name}` does not match the manifest (packed by {} {} there), so no result was written",
                entry.compressor.escape_debug(),
                entry.version.escape_debug()
            )));
        }
        files.insert(name, to);
    }
    if let Some(why) =
        not_accepted(&settings::extra(&rebuilt.extra.take(), &VerifyRequest::default()))
    {
        return Ok(Err(why));
    }
    Ok(Ok(files))
}

/// Writes all temporary files first: what can fail fails before one is in its place.
fn publish(files: &Files, outdir: &Path) -> Result<()> {
    let mut ready = Vec::new();
    for (name, path) in files {
        let mut pending = Pending::create(&outdir.join(name))?;
        let what = || format!("failed to write `{}`", outdir.join(name).display());
        let mut from = std::fs::File::open(path).with_context(what)?;
        std::io::copy(&mut from, pending.file()).with_context(what)?;
        let permissions = fs::lstat(path)?.permissions();
        ready.push((pending, permissions));
    }
    for (pending, permissions) in ready {
        pending.commit_as(permissions)?;
    }
    Ok(())
}

//! `repro verify`: a manifest or published files, the source checked, one rebuild, comparison, verdict.
//! Straight down; build scripts run only once everything was checked.

mod archive;
pub mod backend;
mod builders;
mod compare;
mod host_diff;
mod published;
mod rebuild;
mod rebuilt;
mod registry;
mod replay;
mod source;
mod toolchain;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::compare::About;
use self::rebuild::build;
use crate::artifact::ArtifactSet;
use crate::build::Built;
use crate::cli::verify::VerifyRequest;
use crate::epoch::EpochFrom;
use crate::error::{Kind as Failed, bad_input, failure, host, refused};
use crate::manifest::Manifest;
use crate::project::Project;
use crate::project::machine;
use crate::project::publish::MANIFEST;
use crate::project::scratch::Scratch;
use crate::recipe::environment;
use crate::report::verify::several::Several;
use crate::report::verify::{Report, Surroundings, verdict};
use crate::request::{Selection, SourceChoice};
use crate::source::commit::AsItIs;
use crate::source::identity::SourceFacts;
use crate::term::{Progress, with_progress};
use crate::variation::Side;
use crate::verdict::Verification;
use crate::{fs, query};

/// Bytes that a manifest may have.
const LONGEST: u64 = 64 << 20;

/// What `repro verify` ends with.
pub enum Outcome {
    /// A rebuild was held against what was published.
    Report(Box<Report>),
    /// Manifests were held against each other.
    Several(Several),
}

/// Runs it.
pub fn run(asked: VerifyRequest) -> Result<Outcome> {
    if !asked.against.is_empty() {
        return builders::run(&asked.against, asked.threshold).map(Outcome::Several);
    }
    let progress = Progress::new(asked.build.verbose);
    let scratch = Scratch::new(asked.build.keep)?;
    let report = with_progress(&progress, || verify(asked, scratch.path(), &progress))?;
    progress.clear();
    Ok(Outcome::Report(Box::new(report)))
}

/// A manifest that was read, and where it lies.
struct Claimed {
    manifest: Manifest,
    path: PathBuf,
}

/// What is ready to be built.
struct Ready {
    project: Project,
    label: String,
    facts: SourceFacts,
    notes: Vec<String>,
}

/// Verifies. What is published stays out of the scratch directory until the build is done.
pub(super) fn verify(asked: VerifyRequest, scratch: &Path, progress: &Progress) -> Result<Report> {
    let (claimed, files) = claimed(&asked)?;
    if let Some(dir) = asked.output.as_ref().filter(|d| d.exists()) {
        let dir = dir.display();
        return Err(refused(format!(
            "`{dir}` is there already: name a new directory with --output"
        )));
    }
    let manifest = claimed.as_ref().map(|c| (&c.manifest, c.path.as_path()));
    let (published, absent) = published::find(manifest, &files)?;
    progress.phase("checking the source");
    let ready = match &claimed {
        Some(claimed) => replayed(claimed, &asked, scratch)?,
        None => fresh(&asked, scratch)?,
    };
    let Ready { project, label, facts, mut notes } = ready;
    let recipe = project.recipe()?;
    let asks_linker = claimed.as_ref().is_some_and(|c| c.manifest.builder.is_some());
    let built = build(&project, &recipe, asked.sandbox, asks_linker, scratch, progress)?;
    progress.phase("comparing");
    let about = About {
        asked: &asked,
        manifest: claimed.as_ref().map(|c| &c.manifest),
        project: &project,
        recipe: &recipe,
        facts: &facts,
    };
    let held = about.hold(&built, &published, absent, scratch)?;
    let (verdict, steps) = verdict(held.comparison.as_ref(), &held.files)
        .ok_or_else(|| host("nothing was compared: name a published file"))?;
    let surroundings = match (&claimed, verdict) {
        (Some(claimed), Verification::Differs) => {
            surroundings_of(&claimed.manifest, &project, &built)?
        }
        _ => Vec::new(),
    };
    notes.extend(about.notes(&held));
    if verdict == Verification::Differs {
        notes.extend(facts.doubts.clone());
    }
    if let Some(dir) = &asked.output {
        keep(&held.artifacts, scratch, dir)?;
    }
    let rustc = project.toolchain.rustc_verbose.lines().next();
    let accepted = asked.accept.iter().filter(|c| steps.contains(c));
    Ok(Report {
        verdict,
        accepted: accepted.copied().collect(),
        steps,
        source: label,
        facts,
        toolchain: rustc.unwrap_or("rustc").to_string(),
        sandbox: asked.sandbox,
        comparison: held.comparison,
        files: held.files,
        surroundings,
        notes,
        manifest: claimed.map(|c| c.path),
        output: asked.output,
    })
}

/// The manifest, if there is one, and the published files that were named.
fn claimed(asked: &VerifyRequest) -> Result<(Option<Claimed>, Vec<PathBuf>)> {
    if !asked.artifacts.is_empty() {
        if asked.source.is_none() {
            return Err(failure(
                Failed::Usage,
                "--artifact is for files without a manifest: say what they were built from with --source or --crate, or give the manifest",
            ));
        }
        if asked.allow_toolchain {
            return Err(failure(
                Failed::Usage,
                "--allow-toolchain is about the toolchain of a manifest, and there is none: leave it out",
            ));
        }
        return Ok((None, asked.artifacts.clone()));
    }
    let build = &asked.build;
    if build.selection != Selection::default() || build.epoch.is_some() || build.inject.is_some() {
        return Err(failure(
            Failed::Usage,
            "the manifest says what is built and how: leave out the selection, --epoch and --inject, or verify without it, by --source and --artifact",
        ));
    }
    let mut files = asked.files.clone();
    let path = match (&asked.manifest, files.first()) {
        (Some(manifest), _) => manifest.clone(),
        (None, Some(first)) if is_manifest(first)? => files.remove(0),
        (None, Some(first)) => {
            let beside = first.with_file_name(MANIFEST);
            if !beside.is_file() {
                return Err(bad_input(format!(
                    "there is no `{}` beside `{}`: give the manifest with --manifest, or, where none is published, put the file behind --artifact: `repro verify --source SOURCE --artifact {}`",
                    beside.display(),
                    first.display(),
                    first.display()
                )));
            }
            beside
        }
        (None, None) => return Err(failure(Failed::Usage, "name a manifest")),
    };
    let manifest = read_manifest(&path)?;
    replay::can_replay(&manifest)?;
    Ok((Some(Claimed { manifest, path }), files))
}

/// Reads a manifest whole and checks it.
pub(super) fn read_manifest(path: &Path) -> Result<Manifest> {
    let what = || format!("failed to read `{}`", path.display());
    let file = File::open(path).with_context(what)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).with_context(what)?;
    if bytes.len() as u64 > LONGEST {
        return Err(bad_input(format!(
            "`{}` is over 64 MiB, which no manifest is",
            path.display()
        )));
    }
    Manifest::from_bytes(&bytes, &path.display().to_string())
}

/// A manifest is told by its name or its first character; it may be broken behind that.
pub(super) fn is_manifest(path: &Path) -> Result<bool> {
    if path.extension().is_some_and(|e| e == "json") {
        return Ok(true);
    }
    let mut head = [0; 64];
    let file = File::open(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let n = file
        .take(64)
        .read(&mut head)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    Ok(head[..n].trim_ascii_start().starts_with(b"{"))
}

fn replayed(claimed: &Claimed, asked: &VerifyRequest, scratch: &Path) -> Result<Ready> {
    let manifest = &claimed.manifest;
    let (toolchain, note) = toolchain::choose(manifest, scratch, asked.allow_toolchain)?;
    query::use_cargo(&toolchain.cargo);
    let given = asked.source.as_ref();
    let expected = &asked.expected;
    let placed = source::of_manifest(manifest, given, expected, scratch, &asked.limits)?;
    let source::Placed { source, label, facts } = placed;
    let build = &asked.build;
    let project = replay::open(manifest, source, toolchain, &build.pass_env, build.keep, scratch)?;
    let mut notes: Vec<String> = note.into_iter().collect();
    notes.extend(
        build.pass_env.iter().map(|name| format!("{name} is this user's own, not the manifest's")),
    );
    Ok(Ready { project, label, facts, notes })
}

/// A build without a manifest, as `repro build` would make it.
fn fresh(asked: &VerifyRequest, scratch: &Path) -> Result<Ready> {
    let given = asked.source.as_ref().context("a source was asked for")?;
    let mut tree = source::tree(given, &asked.expected, scratch, &asked.limits)?;
    for dir in tree.package.ancestors() {
        source::no_own_programs(&tree.dir.join(dir))?;
    }
    let manifest = tree.dir.join(&tree.package).join("Cargo.toml");
    if !manifest.is_file() {
        let inside = tree.package.join("Cargo.toml");
        return Err(refused(format!("{} has no `{}`", tree.label, inside.display())));
    }
    let mut build = asked.build.clone();
    build.source = SourceChoice {
        directory: (!tree.repository).then(|| tree.dir.clone()),
        manifest: tree.repository.then_some(manifest),
        called: Some(tree.called.clone()),
        time: tree.time,
        ..SourceChoice::default()
    };
    let mut project = Project::open(build, scratch)?;
    let mut notes = keep_back(&mut project, &asked.build.pass_env);
    notes.push(
        "there is no manifest: selection and recipe are those of this command line".to_string(),
    );
    let epoch = match (project.epoch(), tree.as_is) {
        (Err(_), Some(AsItIs { state, todo })) if asked.build.epoch.is_none() => {
            return Err(refused(format!(
                "`{called}` {state}, so no commit describes it and there is no time for SOURCE_DATE_EPOCH: {todo}, name a commit (--source {called}@REV), or give --epoch SECONDS to build the files as they are",
                called = tree.called
            )));
        }
        (epoch, _) => epoch?,
    };
    if epoch.from != EpochFrom::Commit {
        tree.facts.epoch = Some((epoch.seconds, epoch.from.phrase().to_string()));
    }
    if epoch.from == EpochFrom::Archive {
        tree.facts.doubts.extend(tree.time_doubt);
    }
    Ok(Ready { project, label: tree.label, facts: tree.facts, notes })
}

/// Only what this user passes on reaches the build: which of their variables a stranger's source would
/// like to see is not for it to say.
fn keep_back(project: &mut Project, asked: &[String]) -> Vec<String> {
    let wanted = std::mem::replace(&mut project.request.pass_env, asked.to_vec());
    project.divided = environment::divide(std::env::vars_os(), asked);
    let kept = |n: &&String| !asked.contains(n) && std::env::var_os(n).is_some();
    wanted
        .iter()
        .filter(kept)
        .map(|name| {
            let name = name.escape_debug();
            format!("the source asks for {name}, which is set and was not passed on: `--pass-env {name}` if it is meant")
        })
        .collect()
}

fn surroundings_of(
    manifest: &Manifest,
    project: &Project,
    built: &Built,
) -> Result<Vec<Surroundings>> {
    let here = machine::describe(&project.toolchain, &built.linker_inputs)?;
    Ok(host_diff::differing(
        manifest,
        &host_diff::Here {
            toolchain: &project.toolchain,
            builder: &here,
            passed: &project.divided.passed,
            consulted: &built.consulted,
            config: &project.config,
        },
    ))
}

/// Puts what was rebuilt where the user wants it, whole or not at all.
pub(super) fn keep(artifacts: &ArtifactSet, scratch: &Path, dir: &Path) -> Result<()> {
    let parent = dir.parent().filter(|p| !p.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    fs::create_dir(parent)?;
    let new = tempfile::Builder::new()
        .prefix(fs::TEMPORARY)
        .tempdir_in(parent)
        .with_context(|| format!("failed to write in `{}`", parent.display()))?;
    let kept = scratch.join(format!("kept-{}", Side::A.label()));
    for artifact in artifacts.iter() {
        let below = artifact.path.strip_prefix(&kept);
        let to = new.path().join(below.unwrap_or(Path::new(&artifact.name)));
        if let Some(dir) = to.parent() {
            fs::create_dir(dir)?;
        }
        std::fs::copy(&artifact.path, &to)
            .with_context(|| format!("failed to write `{}`", to.display()))?;
    }
    let made = new.keep();
    std::fs::rename(&made, dir).with_context(|| format!("failed to write `{}`", dir.display()))
}

//! `repro verify`: a manifest or published files, the source checked, one rebuild, comparison, verdict.
//! Straight down; build scripts run only once everything was checked.

pub mod agreement;
mod archive;
mod attested;
pub mod backend;
mod builders;
mod compare;
mod findings;
mod host_diff;
mod image;
mod input;
mod made;
mod outcome;
mod programs;
mod published;
mod rebuild;
mod rebuilt;
pub(crate) mod registry;
mod replay;
pub mod result;
mod settings;
mod source;
mod summary;
mod toolchain;
pub mod votes;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_explain::inspect::Binary;
use repro_formats::names::visible;

use self::compare::About;
use self::input::Input;
use self::published::Found;
use self::rebuild::{Rebuild, build};
use self::source::Search;
use crate::artifact::ArtifactSet;
use crate::build::{Built, if_full};
use crate::cargo::home;
use crate::epoch::EpochFrom;
use crate::error::{host, refused, usage};
use crate::fs;
use crate::manifest::Manifest;
use crate::metadata::Cargo;
use crate::project::scratch::Scratch;
use crate::project::{Project, machine};
use crate::recipe::environment;
use crate::request::{BuildRequest, SourceChoice, VerifyRequest};
use crate::sandbox::Wish;
use crate::source::identity::SourceFacts;
use crate::source::{AsItIs, Origin};
use crate::term::{Progress, with_progress};
use crate::variation::Side;
use crate::verdict::Verification;
use crate::verify::agreement::Several;
use crate::verify::result::{Checked, FileOutcome, Report, SettingRow, Surroundings};
use crate::verify::votes::{Attested, Rebuilt};

/// What `repro verify` ends with; of a rebuild, with notes on what was signed about it.
pub enum Outcome {
    /// A rebuild was compared with what was published.
    Report(Box<Report>, Vec<String>),
    /// Manifests were compared with each other.
    Several(Several),
    /// Statements of builders were counted.
    Attested(Attested, Vec<String>),
}

/// Runs it.
pub fn run(asked: VerifyRequest) -> Result<Outcome> {
    if !asked.against.is_empty() {
        return builders::run(&asked.against, asked.threshold, asked.ledger_ok)
            .map(Outcome::Several);
    }
    fs::given(asked.named_files())?;
    let rebuild = asked.rebuild.clone();
    let counted = asked.keys.as_ref().map(|keys| attested::run(&asked, keys)).transpose()?;
    let counted = match (counted, &rebuild) {
        (Some(counted), None) => return Ok(Outcome::Attested(counted, Vec::new())),
        (counted, _) => counted,
    };
    let progress = Progress::new(asked.verbose);
    let scratch = Scratch::new(asked.keep)?;
    let signer = summary::signer(&asked.signing, counted.as_ref())?;
    let report = with_progress(&progress, || verify(asked, scratch.path(), &progress))
        .map_err(|error| if_full(error, scratch.path()))?;
    progress.clear();
    let report = Box::new(report);
    let sign = |report: &Report, counted: Option<&Attested>| {
        signer.as_ref().map_or(Ok(Vec::new()), |signer| signer.write(report, counted))
    };
    let (Some(counted), Some(owner)) = (counted, rebuild) else {
        let signed = sign(&report, None)?;
        return Ok(Outcome::Report(report, signed));
    };
    let counted = Attested { rebuild: Some(Rebuilt { owner, report }), ..counted };
    let signed = counted.rebuild.as_ref().map(|r| sign(&r.report, Some(&counted))).transpose()?;
    Ok(Outcome::Attested(counted, signed.unwrap_or_default()))
}

/// A manifest that was read, and where it is.
struct Claimed {
    manifest: Manifest,
    path: PathBuf,
}

/// What is ready to be built.
struct Ready {
    project: Project,
    label: String,
    facts: SourceFacts,
    settings: Vec<SettingRow>,
    notes: Vec<String>,
}

/// Verifies. What is published stays out of the scratch directory until the build is done.
fn verify(asked: VerifyRequest, scratch: &Path, progress: &Progress) -> Result<Report> {
    // cargo and rustup read what is above what is built, whoever put it there.
    programs::none_above(scratch, home::of_user().as_deref())?;
    let (claimed, input) = claimed(&asked)?;
    if let Some(dir) = &asked.output {
        if dir.exists() {
            let dir = dir.display();
            let why = format!("`{dir}` already exists: name a new directory with --output");
            return Err(refused(why));
        }
        fs::check_writable(dir)?;
    }
    let mut found = match &claimed {
        Some(claimed) => {
            published::of_release(&claimed.manifest, &claimed.path, &input, &asked.limits)?
        }
        None => Found { files: published::alone(&asked.artifacts)?, ..Found::default() },
    };
    let listed = |c: &Checked| c.outcome != FileOutcome::Unlisted;
    if !asked.anyway && (!found.other.is_empty() || found.wrong.iter().any(listed)) {
        return Ok(wrong_before(&asked, claimed.as_ref(), &input, found));
    }
    progress.phase("checking the source");
    let published = match &claimed {
        Some(_) => Vec::new(),
        None => made::inspect(&asked.artifacts, &asked.limits),
    };
    let ready = match &claimed {
        Some(claimed) => replayed(claimed, &asked, scratch)?,
        None => fresh(&asked, &published, scratch)?,
    };
    let Ready { project, label, facts, mut settings, mut notes } = ready;
    let not_compared = std::mem::take(&mut found.notes);
    let recipe = project.recipe()?;
    let lists = |m: &Manifest| m.builder.is_some() || m.components.is_some();
    let asks_linker = claimed.as_ref().is_some_and(|c| lists(&c.manifest));
    let manifest_path = claimed.as_ref().map(|c| &*c.path);
    let wish = Wish::of_verify(asked.sandbox.mode(), found.places(&input, manifest_path));
    let Rebuild { project, built, isolation, components } =
        build(project, &label, &recipe, wish, asks_linker, progress)?;
    progress.phase("comparing");
    let about = About {
        asked: &asked,
        manifest: claimed.as_ref().map(|c| &c.manifest),
        project: &project,
        recipe: &recipe,
    };
    let held = about.hold(&built, components, found, scratch)?;
    settings.extend(settings::extra(&held.extra, &asked));
    let (verdict, steps) = outcome::decide(held.comparison.as_ref(), &held.files, &settings)
        .ok_or_else(|| host("nothing was compared: name a published file"))?;
    let (made, surroundings) = match (&claimed, verdict) {
        (Some(claimed), Verification::Differs) => {
            (None, surroundings_of(&claimed.manifest, &project, &built)?)
        }
        (None, Verification::Differs) => {
            made::compare(&published, &held.artifacts, &asked.limits, &project.toolchain)
        }
        _ => (None, Vec::new()),
    };
    notes.extend(about.notes(&held, &settings));
    if verdict == Verification::Differs {
        notes.extend(facts.doubts.clone());
    }
    notes.extend(input.notes().into_iter().chain(not_compared));
    if let Some(dir) = &asked.output {
        keep(&held.artifacts, scratch, dir)?;
    }
    let rustc = project.toolchain.rustc_verbose.lines().next();
    let accepted = asked.accept.iter().filter(|c| steps.contains(c));
    let commit = matches!(project.source.origin, Origin::Git(_));
    Ok(Report {
        verdict,
        accepted: accepted.copied().collect(),
        steps,
        settings,
        manifest_only: asked.manifest_only,
        source: Some(label),
        facts,
        epoch: (!commit).then_some(recipe.epoch.seconds),
        toolchain: rustc.map(str::to_string),
        isolation: Some(isolation),
        comparison: held.comparison,
        files: held.files,
        made,
        surroundings,
        notes,
        manifest: claimed.map(|c| c.path),
        output: asked.output,
    })
}

/// The report where a published file is not the one that the manifest lists: nothing was fetched or
/// built.
fn wrong_before(
    asked: &VerifyRequest,
    claimed: Option<&Claimed>,
    input: &Input,
    found: Found,
) -> Report {
    let mut notes = [input.notes(), found.notes].concat();
    notes.push("nothing was fetched or built: `--anyway` rebuilds all the same".to_string());
    Report {
        verdict: Verification::Differs,
        manifest_only: asked.manifest_only,
        files: found.other.into_iter().chain(found.wrong).collect(),
        notes,
        manifest: claimed.map(|c| c.path.clone()),
        ..Report::default()
    }
}

/// The manifest, if there is one, and what was given with it.
fn claimed(asked: &VerifyRequest) -> Result<(Option<Claimed>, Input)> {
    if !asked.artifacts.is_empty() {
        if asked.given().is_none() {
            return Err(usage(
                "--artifact is for files without a manifest: name what they were built from with --source or --crate, or give the manifest",
            ));
        }
        if asked.allow_toolchain {
            return Err(usage(
                "--allow-toolchain is about the toolchain of a manifest, and there is none: leave it out",
            ));
        }
        return Ok((None, Input::default()));
    }
    let mut input = input::sort(&asked.files(), asked.manifest.as_ref())?;
    let path = input.manifest.take().context("a manifest was found")?;
    if asked.keys.is_some() {
        // They were checked, and are not to be reported as if they were not.
        input.unchecked.retain(|path| !attested::is_one(path));
    }
    let manifest = Manifest::read(&path)?;
    replay::can_replay(&manifest, &asked.pass_env, asked.ledger_ok)?;
    Ok((Some(Claimed { manifest, path }), input))
}

fn replayed(claimed: &Claimed, asked: &VerifyRequest, scratch: &Path) -> Result<Ready> {
    let manifest = &claimed.manifest;
    let (toolchain, note) = toolchain::choose(manifest, scratch, asked.allow_toolchain)?;
    let cargo = Cargo::of(&toolchain);
    let placed = search(&cargo, asked, scratch).of_manifest(manifest)?;
    let source::Placed { source, label, facts } = placed;
    let (project, settings) = replay::open(manifest, source, toolchain, asked, scratch)?;
    let mut notes: Vec<String> = note.into_iter().collect();
    let pass_env = asked.pass_env.iter();
    notes.extend(pass_env.map(|name| format!("{name} is your setting, not the manifest's")));
    notes.extend(unlike(manifest, &facts));
    Ok(Ready { project, label, facts, settings, notes })
}

fn search<'a>(cargo: &'a Cargo, asked: &'a VerifyRequest, scratch: &'a Path) -> Search<'a> {
    let (given, expected) = (asked.given(), &asked.expected);
    Search { cargo, given, expected, scratch, limits: &asked.limits }
}

/// What the manifest says of its commit, and the repository does not.
fn unlike(manifest: &Manifest, facts: &SourceFacts) -> Vec<String> {
    let claimed = manifest.source.tags.iter().filter(|tag| !facts.tags.contains(tag));
    let mut notes: Vec<String> = claimed
        .map(|tag| {
            let (tag, at) =
                (tag.escape_debug(), facts.repository.as_deref().unwrap_or("the source"));
            format!(
                "the manifest says that tag `{tag}` points at the commit, but in {at} it does not"
            )
        })
        .collect();
    if let (Some(claimed), Some(real)) = (&manifest.source.version, &facts.version)
        && claimed != real
    {
        let claimed = claimed.escape_debug();
        notes.push(format!("the manifest says version {claimed}, but Cargo.toml has {real}"));
    }
    notes
}

/// A build without a manifest, as `repro build` would make it, with the toolchain that made what is published.
/// Only variables that this user passes on reach it: an untrusted source does not decide which of them it sees.
fn fresh(asked: &VerifyRequest, published: &[Binary], scratch: &Path) -> Result<Ready> {
    let given = asked.given().context("a source was asked for")?;
    let mut tree = search(&Cargo::of_user(), asked, scratch).tree(given)?;
    programs::no_toolchain_in(&tree.dir)?;
    for dir in tree.package.ancestors() {
        programs::none_at(&tree.dir.join(dir))?;
    }
    programs::none_above(&tree.dir, home::of_user().as_deref())?;
    let manifest = tree.dir.join(&tree.package).join("Cargo.toml");
    if !manifest.is_file() {
        let inside = tree.package.join("Cargo.toml");
        return Err(refused(format!("{} has no `{}`", tree.label, inside.display())));
    }
    // A published file is left out of the copy that is built, which would have no manifest then.
    let own = [fs::canonical(&manifest), fs::canonical(&manifest.with_file_name("Cargo.lock"))];
    if let Some(file) = asked.artifacts.iter().find(|file| own.contains(&fs::canonical(file))) {
        return Err(usage(format!(
            "`{}` is part of the source: name a published file with --artifact",
            file.display()
        )));
    }
    let source = SourceChoice {
        directory: (!tree.repository).then(|| tree.dir.clone()),
        manifest: tree.repository.then_some(manifest),
        called: Some(tree.called.clone()),
        time: tree.time,
        without: asked.artifacts.iter().map(|p| fs::canonical(p)).collect(),
        untrusted: true,
        ..SourceChoice::default()
    };
    let build = BuildRequest {
        epoch: asked.epoch,
        pass_env: asked.pass_env.clone(),
        only_named: true,
        inject: asked.inject,
        auditable: asked.auditable,
        keep: asked.keep,
        ..BuildRequest::of(source, asked.selection.clone())
    };
    let mut of_toolchain = None;
    let project = Project::open_with(build, scratch, |own| {
        let (toolchain, note) = made::choose(published, own, scratch);
        of_toolchain = note;
        toolchain
    })?;
    let mut notes = kept_back(&project);
    let inside = asked
        .artifacts
        .iter()
        .filter(|p| !tree.repository && fs::canonical(p).starts_with(&tree.dir));
    notes.extend(inside.map(|path| {
        let path = visible(&path.display().to_string());
        format!("`{path}` is in the directory of the source, and the build did not see it")
    }));
    notes.push(
        "there is no manifest: the selection and recipe come from this command line".to_string(),
    );
    notes.extend(of_toolchain);
    let epoch = match (project.epoch(), tree.as_is) {
        (Err(_), Some(AsItIs { state, todo })) if asked.epoch.is_none() => {
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
    Ok(Ready { project, label: tree.label, facts: tree.facts, settings: Vec::new(), notes })
}

/// The variables that the source asks for, and that it did not get.
fn kept_back(project: &Project) -> Vec<String> {
    let lacks = |n: &&String| project.divided.dropped.contains(n) && !environment::is_own(n);
    let names = project.asks.pass_env.iter().filter(lacks).map(|name| name.escape_debug());
    names.map(|name| format!("the source asks for {name}, which is set and was not passed on: pass `--pass-env {name}` if it should be")).collect()
}

fn surroundings_of(
    manifest: &Manifest,
    project: &Project,
    built: &Built,
) -> Result<Vec<Surroundings>> {
    let here = machine::describe(&project.toolchain, built)?;
    Ok(host_diff::differing(
        manifest,
        &host_diff::Here {
            toolchain: &project.toolchain,
            builder: &here,
            passed: &project.divided.passed,
            consulted: &built.consulted,
            config: &project.config,
            remote: project.source.remote(),
        },
    ))
}

/// Puts the rebuilt files where the user wants them, all or none.
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

//! `repro build`: source, recipe, two builds, comparison, manifest, report. Straight down.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::artifact::{Artifact, ArtifactSet};
use crate::blame::{self, Blame};
use crate::build::{Built, Plan};
use crate::compare::{Comparison, Pair, compare};
use crate::error::{Kind, failure, host};
use crate::project::Project;
use crate::project::elsewhere::Elsewhere;
use crate::project::isolate::Purpose;
use crate::project::preload::ShimState;
use crate::project::scratch::Scratch;
use crate::project::{context, machine, publish};
use crate::replay::{self, Builds};
use crate::report::Report;
use crate::request::BuildRequest;
use crate::sandbox::View;
use crate::term::{Progress, with_progress};
use crate::variation::coverage::Coverage;
use crate::verdict::{At, Status, Verdict};
use crate::{fs, process};

/// What `repro build` ends with.
pub enum Outcome {
    /// A verdict and all that is said of it.
    Report(Box<Report>),
    /// `--show-recipe`.
    Recipe(Vec<crate::recipe::Row>),
}

/// Runs it.
pub fn run(asked: BuildRequest) -> Result<Outcome> {
    let progress = Progress::new(asked.verbose);
    let scratch = Scratch::new(asked.keep)?;
    with_progress(&progress, || double_build(asked, scratch.path(), &progress))
}

fn double_build(asked: BuildRequest, scratch: &Path, progress: &Progress) -> Result<Outcome> {
    let (show_recipe, once) = (asked.show_recipe, asked.once);
    let mut project = Project::open(asked, scratch)?;
    let recipe = project.recipe()?;
    if show_recipe {
        return Ok(Outcome::Recipe(recipe.rows()));
    }
    fs::check_writable(&project.results)?;
    progress.phase("fetching dependencies");
    let say = |line: &str| progress.step("cargo", line);
    project.fetch(&say)?;
    let packages = project.resolved(&recipe);
    let registry_sources = project.registry_sources(packages.as_ref());

    let purpose = Purpose {
        mode: project.request.isolate,
        options: ["--isolate always", "--isolate never"],
        view: View::Machine,
        network: project.request.network,
    };
    let (sandbox, isolation) = project.isolate(purpose, scratch)?;
    let elsewhere = match once {
        true => Elsewhere::default(),
        false => project.elsewhere(&isolation, scratch, &registry_sources)?,
    };
    let shim = match once {
        true => ShimState::default(),
        false => project.shim(scratch),
    };
    let trace_links = machine::linker_lists_inputs(project.toolchain.host(), scratch);
    let cfgs = project.cfgs()?;
    let values = |name| project.values(name);
    let plan = Plan {
        source: &project.source,
        selection: &project.request.selection,
        toolchain: &project.toolchain,
        config: &project.config,
        recipe: &recipe,
        inject: project.request.inject,
        cfgs: &cfgs,
        user_wrapper: project.user_wrapper(),
        lockfile: &project.lockfile.text,
        registry_sources: &registry_sources,
        cargo_home: project.cargo_home.as_deref(),
        shim: shim.shim.as_ref(),
        trace_links,
        keep_calls: !once && (project.request.expand || project.request.replay),
        values: &values,
        scratch,
        generated: &project.generated,
        sandbox: sandbox.as_ref(),
        on_disk: &|id| project.on_disk(id, &elsewhere),
    };
    let built = match once {
        true => one(&plan, &project, progress)?,
        false => both(&plan, &project, progress)?,
    };
    let Made { comparison, a, b } = built;
    project.reads_only_its_source(&a)?;
    let coverage =
        b.is_some().then(|| project.coverage(&recipe, &shim, &isolation, &elsewhere, &a));
    let verdict = verdict(&comparison, coverage.as_ref(), &project)?;
    let mut manifest =
        project.manifest(&recipe, &comparison, verdict, coverage.as_ref(), &a, scratch)?;
    let mut unlike = None;
    if verdict != Verdict::Differs {
        let b = b.as_ref().map(|(b, ..)| b);
        (manifest.components, unlike) = project.components(packages.as_ref(), &a, b)?;
    }
    process::check_interrupt()?;
    let mut explained = Vec::new();
    let mut blame = Blame::default();
    if let (Some((b, started, ended)), Some(coverage)) = (&b, &coverage) {
        let known = project.known(coverage, *started, *ended);
        explained = context::explain_all(&comparison, &known);
        if verdict == Verdict::Differs {
            progress.phase("tracing the difference back");
            let expand = project.request.expand;
            blame = blame::trace(&a, b, &comparison, &known, expand, scratch);
            if project.request.replay {
                progress.phase("running again what differs");
                let varied = coverage.applied.iter().map(|(id, _)| *id).collect();
                let took = Duration::from_secs(ended.abs_diff(*started));
                let builds = Builds { plan: &plan, a: &a, b, varied, took };
                replay::confirm(&builds, &mut blame, scratch, progress);
                process::check_interrupt()?;
            }
        }
    }
    let path = publish::publish(&project.results, scratch, &comparison, verdict, &manifest)?;
    progress.clear();
    let shared = isolation.why.iter().filter(|_| b.is_some()).map(|why| {
        format!("not isolated: both builds shared /tmp, the network and the processes ({why})")
    });
    let (settings, not_replayable) = project.settings(&manifest);
    let not_replayable = not_replayable.into_iter();
    let mut of_builds = project.notes(&a, b.as_ref().map(|(b, ..)| b))?;
    of_builds.extend(unlike);
    let notes = [blame.unblamed, not_replayable.chain(shared).collect(), of_builds].concat();
    Ok(Outcome::Report(Box::new(Report {
        command: "build",
        verdict,
        comparison,
        explained,
        blame: blame.culprits,
        coverage,
        isolation,
        at: project.fixed_paths().into_iter().next().map(|fixed| fixed.path),
        settings,
        source: project.describe(),
        how_to_verify: project.how_to_verify(),
        notes,
        recipe: recipe.rows(),
        dropped: project.divided.dropped.clone(),
        manifest: path,
        results: project.results.clone(),
    })))
}

/// What was built and compared.
struct Made {
    comparison: Comparison,
    a: Built,
    /// The other build, with the times between which both were made; none after `--once`.
    b: Option<(Built, i64, i64)>,
}

fn both(plan: &Plan, project: &Project, progress: &Progress) -> Result<Made> {
    progress.phase(&format!("building {} twice", project.describe()));
    let started = context::now();
    let (a, b) = plan.run(progress)?;
    let ended = context::now();
    progress.phase("comparing");
    let comparison = compare(&a.artifacts, &b.artifacts);
    not_with_itself(&comparison)?;
    Ok(Made { comparison, a, b: Some((b, started, ended)) })
}

fn one(plan: &Plan, project: &Project, progress: &Progress) -> Result<Made> {
    progress.phase(&format!("building {} once", project.describe()));
    let a = plan.run_one(progress)?;
    let comparison = compare(&a.artifacts, &ArtifactSet::default());
    Ok(Made { comparison, a, b: None })
}

/// The verdict of what was compared; of one build nothing was, and nothing was varied.
fn verdict(
    comparison: &Comparison,
    coverage: Option<&Coverage>,
    project: &Project,
) -> Result<Verdict> {
    let verdict = comparison.verdict().ok_or_else(|| {
        failure(
            Kind::BuildFailed,
            "nothing to compare: the selected packages produced no binary or library for the target; select other packages or targets",
        )
    })?;
    Ok(match coverage {
        None => Verdict::Single,
        Some(coverage) => {
            let at = match (project.fixed().is_empty(), &project.canaries.canonical) {
                (true, _) => None,
                (false, Some(_)) => Some(At::Canonical),
                (false, None) => Some(At::Scratch),
            };
            verdict.qualified(coverage.applied.is_empty(), at, project.is_dirty())
        }
    })
}

/// Two artifacts that are one file would be equal whatever was built.
fn not_with_itself(comparison: &Comparison) -> Result<()> {
    for pair in &comparison.pairs {
        if let (Some(a), Some(b)) = (&pair.a, &pair.b) {
            let (x, y) = (fs::identity(&a.path)?, fs::identity(&b.path)?);
            if a.path == b.path || (x.is_some() && x == y) {
                return Err(host(format!(
                    "`{}` is the same file in both builds, so there is nothing to compare: does a build script or wrapper share outputs between builds?",
                    a.name
                )));
            }
        }
    }
    Ok(())
}

/// The published files of the first artifact that differs.
pub fn differing(report: &Report) -> Option<(PathBuf, PathBuf)> {
    let differs = |p: &&Pair| p.status() == Status::Differs && p.in_verdict();
    let pair = report.comparison.pairs.iter().find(differs)?;
    let published = |side: &str, x: &Artifact| {
        // Kept as `kept-A/<triple>/<file>` in the scratch directory, and published as `a/…`.
        let kept = format!("kept-{}", side.to_uppercase());
        let parts = x.path.iter().skip_while(|p| *p != kept.as_str()).skip(1);
        report.results.join(side).join(parts.collect::<PathBuf>())
    };
    Some((published("a", pair.a.as_ref()?), published("b", pair.b.as_ref()?)))
}

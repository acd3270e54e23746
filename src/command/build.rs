//! `repro build`: source, recipe, two builds, comparison, manifest, report. Straight down.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::artifact::Artifact;
use crate::blame::Blame;
use crate::build::Plan;
use crate::cargo::fetch;
use crate::cli::build::BuildRequest;
use crate::command::project::Project;
use crate::command::scratch::Scratch;
use crate::command::{builder, known, publish, trace};
use crate::compare::{Comparison, Pair, compare};
use crate::error::{Kind, failure, host};
use crate::report::Report;
use crate::term::Progress;
use crate::verdict::{Status, Verdict};
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
    std::thread::scope(|s| {
        let (done, stop) = std::sync::mpsc::channel::<()>();
        let progress = &progress;
        s.spawn(move || {
            let tick = std::time::Duration::from_millis(200);
            while stop.recv_timeout(tick) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                progress.tick();
            }
        });
        let outcome = double_build(asked, scratch.path(), progress);
        drop(done);
        outcome
    })
}

fn double_build(asked: BuildRequest, scratch: &Path, progress: &Progress) -> Result<Outcome> {
    progress.phase("checking out the source");
    let show_recipe = asked.show_recipe;
    let project = Project::open(asked, scratch)?;
    let recipe = project.recipe()?;
    if show_recipe {
        return Ok(Outcome::Recipe(recipe.rows()));
    }
    progress.phase("fetching dependencies");
    let say = |line: &str| progress.step("cargo", line);
    fetch::fetch(&project.toolchain, &project.run_dir(), &say)?;

    let registry_sources = project.registry_sources(&recipe);

    let shim = project.shim(scratch);
    let trace_links =
        project.request.builder && builder::linker_lists_inputs(project.toolchain.host(), scratch);
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
        lockfile: &project.lockfile,
        registry_sources: &registry_sources,
        cargo_home: project.cargo_home.as_deref(),
        shim: shim.shim.as_ref(),
        trace_links,
        keep_calls: project.request.expand,
        values: &values,
        scratch,
    };
    progress.phase(&format!("building {} twice", project.describe()));
    let started = known::now();
    let (a, b) = plan.run(progress)?;
    let known = project.known(&shim, started, known::now());
    progress.phase("comparing");
    let comparison = compare(&a.artifacts, &b.artifacts);
    not_with_itself(&comparison)?;
    let verdict = comparison.verdict().ok_or_else(|| {
        failure(
            Kind::BuildFailed,
            "the builds made nothing that a verdict could be about: no binary and no library for the target; select other packages or targets",
        )
    })?;
    let manifest = project.manifest(&recipe, &comparison, verdict, &a, scratch)?;
    process::check_interrupt()?;
    let explained = known::explain_all(&comparison, &known);
    let blame = match verdict {
        Verdict::Reproducible => Blame::default(),
        Verdict::Differs => {
            progress.phase("tracing the difference back");
            let expand = project.request.expand;
            trace::blame(&a, &b, &comparison, &known, expand, scratch)
        }
    };
    let path = publish::publish(&project.results, scratch, &comparison, verdict, &manifest)?;
    progress.clear();
    let mut report = project.report(&recipe, comparison, verdict, &shim, &a, path);
    report.explained = explained;
    report.blame = blame.culprits;
    report.notes.splice(0..0, blame.unblamed);
    Ok(Outcome::Report(Box::new(report)))
}

/// Two artifacts that are one file would be equal whatever was built.
fn not_with_itself(comparison: &Comparison) -> Result<()> {
    for pair in &comparison.pairs {
        if let (Some(a), Some(b)) = (&pair.a, &pair.b) {
            let (x, y) = (fs::identity(&a.path)?, fs::identity(&b.path)?);
            if a.path == b.path || (x.is_some() && x == y) {
                return Err(host(format!(
                    "`{}` of both builds is one file, so that comparing it says nothing: does a build script or wrapper share outputs between builds?",
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
    Some((
        published("a", pair.a.as_ref()?),
        published("b", pair.b.as_ref()?),
    ))
}

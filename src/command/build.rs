//! `repro build`: source, recipe, builds, comparison, manifest, report. Straight down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use repro_explain::Context;

use crate::artifact::{Artifact, ArtifactSet};
use crate::blame::culprit::Culprit;
use crate::blame::{self, Blame};
use crate::build::{Built, Plan, if_full};
use crate::compare::{Comparison, Pair, compare_all};
use crate::error::{Kind, failure, host};
use crate::project::prepared::Prepared;
use crate::project::scratch::Scratch;
use crate::project::summary::Made;
use crate::project::{Project, context, publish};
use crate::remedies::{self, TrialBuild, Tried};
use crate::replay::{self, Builds};
use crate::report::Report;
use crate::request::BuildRequest;
use crate::sandbox::{View, Wish};
use crate::term::{Progress, with_progress};
use crate::variation::Side;
use crate::variation::coverage::Coverage;
use crate::verdict::{At, Status, Verdict, Worth};
use crate::{fs, process};

/// What `repro build` ends with.
pub enum Outcome {
    /// A verdict and all that is said of it.
    Report(Box<Report>),
    /// `--show-recipe`.
    Recipe(Vec<crate::recipe::RecipeRow>),
}

/// Runs it.
pub fn run(asked: BuildRequest) -> Result<Outcome> {
    let progress = Progress::new(asked.verbose);
    let scratch = Scratch::new(asked.keep)?;
    with_progress(&progress, || builds(asked, scratch.path(), &progress, true))
        .map_err(|error| if_full(error, scratch.path()))
}

/// The remedies that were tried against what was found, and notes on them.
fn tried(
    asked: &BuildRequest,
    verdict: Verdict,
    culprits: &[Culprit],
    scratch: &Path,
    progress: &Progress,
) -> Result<(Vec<Tried>, Vec<String>)> {
    let (mut all, mut patch, mut notes) = (Vec::new(), String::new(), Vec::new());
    if verdict == Verdict::Differs {
        let build =
            |asked: BuildRequest, scratch: &Path| match builds(asked, scratch, progress, false)? {
                Outcome::Report(r) => Ok(TrialBuild { verdict: r.verdict, culprits: r.blame }),
                Outcome::Recipe(_) => Err(host("a build ended without a result")),
            };
        (all, patch) = remedies::try_all(asked, culprits, scratch, progress, &build)?;
        progress.clear();
        if all.is_empty() {
            notes.push("no known remedy can be tried automatically".to_string());
        }
    }
    if let Some(file) = &asked.write_patch {
        match patch.is_empty() {
            true => notes.push(format!("nothing helped, so `{}` was not written", file.display())),
            false => fs::write_atomic(&fs::through_link(file), patch.as_bytes())?,
        }
    }
    Ok((all, notes))
}

/// cargo would report it as a build that failed, with the names of the directories that it was made in.
fn wrapper_exists(project: &Project) -> Result<()> {
    match project.user_wrapper() {
        Some((path, false)) if path.components().count() > 1 && !path.is_file() => {
            Err(host(format!(
                "there is no rustc wrapper `{}`: check RUSTC_WRAPPER and `build.rustc-wrapper`",
                path.display()
            )))
        }
        _ => Ok(()),
    }
}

/// Makes the builds and compares them; `public` says whether the results are for the user.
fn builds(
    asked: BuildRequest,
    scratch: &Path,
    progress: &Progress,
    public: bool,
) -> Result<Outcome> {
    let (show_recipe, once) = (asked.show_recipe, asked.once);
    let remedies = (public && asked.try_remedies).then(|| asked.clone());
    let project = Project::open(asked, scratch)?;
    wrapper_exists(&project)?;
    let recipe = project.recipe()?;
    if show_recipe {
        return Ok(Outcome::Recipe(recipe.rows()));
    }
    if public {
        publish::check_place(&project.results)?;
        fs::check_writable(&project.results)?;
    }
    project.fetch(progress)?;
    let wish = Wish {
        mode: project.request.isolate,
        options: ["--isolate always", "--isolate never"],
        view: View::Machine,
        network: project.request.network,
        published: Vec::new(),
    };
    let (project, room) = project.isolate(wish)?;
    let prepared = project.prepared(&recipe, room, !once, true)?;
    // Before the builds: no program of theirs has any part in it.
    let reach = project.coverage(&recipe, &prepared, &Built::default());
    let ledger = public.then(|| project.ledger(&recipe, &reach, scratch)).flatten();
    let (using, mut of_ledger) = match ledger.transpose() {
        Ok(using) => (using, None),
        Err(why) => (None, Some(why)),
    };
    let plan = project.plan(&recipe, &prepared, using.as_ref().map(|using| &using.shared));
    let made = if once { one(&plan, &project, progress)? } else { all(&plan, &project, progress)? };
    let Made { comparison, sides, span } = &made;
    let a = &sides[0];
    project.reads_only_its_source(a)?;
    let coverage = span.map(|_| project.coverage(&recipe, &prepared, a));
    let split = using.as_ref().zip(sides.get(1)).map(|(using, b)| {
        progress.phase("adding to the ledger");
        let (split, why) = using.remember(a, b);
        of_ledger = why;
        split
    });
    let from_ledger = split.as_ref().is_some_and(|split| split.reused > 0);
    let verdict = verdict(comparison, coverage.as_ref(), &project, from_ledger)?;
    // Whose files were not discarded.
    let other = comparison.others().first().copied().unwrap_or(Side::B);
    let other = sides.get(other.index());
    let (components, unlike) = match verdict {
        Verdict::Differs => (None, None),
        _ => project.components(prepared.packages.as_ref(), a, other)?,
    };
    let split_of = split.as_ref();
    let manifest =
        project.manifest(&recipe, &made, verdict, coverage.as_ref(), split_of, components)?;
    process::check_interrupt()?;
    let mut explained = Vec::new();
    let mut blame = Blame::default();
    if let (Some(span), Some(coverage)) = (*span, &coverage) {
        let known = |other| project.known(coverage, other, span[0], span[1]);
        let causes = Causes { plan: &plan, project: &project, sides, coverage, span };
        blame = causes.found(comparison, &known, progress)?;
        let of_culprits = context::of_culprits(&blame.culprits);
        let known = |other| known(other).and(&of_culprits);
        explained = context::explain_all(comparison, &known);
    }
    let path = match public {
        true => publish::publish(&project.results, scratch, comparison, verdict, &manifest)?,
        false => project.results.join(publish::MANIFEST),
    };
    progress.clear();
    let Prepared { isolation, registry_sources, elsewhere, .. } = prepared;
    let shared = isolation.why.iter().filter(|_| span.is_some()).map(|why| {
        format!("not isolated: both builds shared /tmp, a directory above theirs, the network and the processes ({why})")
    });
    let network = project.request.network.then(|| {
        "the builds had this machine's network (`--network`): what they downloaded can be different elsewhere or later".to_string()
    });
    let (settings, not_replayable) = project.settings(&manifest);
    let not_replayable = not_replayable.into_iter();
    let mut of_builds = project.notes(a, other)?;
    of_builds.extend(unlike);
    let about_crates = registry_sources.note();
    let of_run =
        not_replayable.chain(shared).chain(network).chain(of_ledger).chain(about_crates).collect();
    // Nothing else would give the memory back while remedies are built.
    drop(elsewhere);
    let try_all = |asked| tried(&asked, verdict, &blame.culprits, scratch, progress);
    let (tried, of_remedies) = remedies.map(try_all).transpose()?.unzip();
    let notes = [blame.unblamed, of_run, of_builds, of_remedies.unwrap_or_default()].concat();
    Ok(Outcome::Report(Box::new(Report {
        command: "build",
        verdict,
        builds: made.sides.len(),
        comparison: made.comparison,
        explained,
        blame: blame.culprits,
        tried,
        coverage,
        split,
        isolation,
        at: project.fixed_paths().into_iter().next().map(|fixed| fixed.path),
        settings,
        source: project.describe(),
        toolchain: manifest.toolchain.rustc.first().cloned().unwrap_or_default(),
        how_to_verify: project.how_to_verify(),
        notes,
        dropped: project.divided.dropped.iter().filter(|n| !project.sets(n)).cloned().collect(),
        manifest: path,
        results: project.results.clone(),
    })))
}

/// How many builds are made at a time: more would only wait for each other.
const AT_ONCE: usize = 2;

fn all(plan: &Plan, project: &Project, progress: &Progress) -> Result<Made> {
    let builds = project.request.builds;
    let times = if builds == 2 { "twice".to_string() } else { format!("{builds} times") };
    progress.phase(&format!("building {} {times}", project.describe()));
    let from = context::now();
    let all: Vec<Side> = Side::first(builds).collect();
    let mut sides: Vec<Built> = Vec::new();
    let mut comparison = Comparison { pairs: Vec::new() };
    let mut left: BTreeSet<Side> = BTreeSet::new();
    for batch in all.chunks(AT_ONCE) {
        plan.run(batch, &mut sides, progress)?;
        let sets: Vec<&ArtifactSet> = sides.iter().map(|built| &built.artifacts).collect();
        comparison = compare_all(&sets);
        not_with_itself(&sets)?;
        // Of a build that shows nothing new only the digests are needed: disks are not endless.
        left.extend(batch);
        let mut needed = comparison.others();
        if needed.is_empty() {
            needed.insert(Side::B);
        }
        needed.insert(Side::A);
        for side in left.extract_if(.., |side| !needed.contains(side)) {
            plan.discard(side)?;
        }
    }
    progress.phase("comparing");
    Ok(Made { comparison, sides, span: Some([from, context::now()]) })
}

fn one(plan: &Plan, project: &Project, progress: &Progress) -> Result<Made> {
    progress.phase(&format!("building {} once", project.describe()));
    let a = plan.run_one(progress)?;
    let comparison = compare_all(&[&a.artifacts, &ArtifactSet::default()]);
    Ok(Made { comparison, sides: vec![a], span: None })
}

/// What causes are found from.
struct Causes<'a> {
    plan: &'a Plan<'a>,
    project: &'a Project,
    sides: &'a [Built],
    coverage: &'a Coverage,
    span: [i64; 2],
}

impl Causes<'_> {
    /// The units that diverged first: between A and each build that some pair is about.
    fn found(
        &self,
        comparison: &Comparison,
        known: &dyn Fn(Side) -> Context,
        progress: &Progress,
    ) -> Result<Blame> {
        let request = &self.project.request;
        let mut all = Blame::default();
        for other in comparison.others() {
            let pairs = comparison.about(other);
            if pairs.verdict() != Some(Verdict::Differs) {
                continue;
            }
            progress.phase("tracing the difference back");
            let (a, b) = (&self.sides[0], &self.sides[other.index()]);
            let scratch = self.plan.scratch;
            let mut found =
                blame::trace(&a.trace, &b.trace, &pairs, &known(other), request.expand, scratch);
            let is_new = |c: &Culprit| all.culprits.iter().all(|k| !k.is_same_unit(c));
            found.culprits.retain(is_new);
            if request.replay {
                progress.phase("running again what differs");
                let values = |id| (self.plan.values)(id).between(other);
                let plan = Plan { values: &values, ..self.plan.clone() };
                let varied = self.coverage.applied.iter().map(|(id, _)| *id).collect();
                let took = Duration::from_secs(self.span[1].abs_diff(self.span[0]));
                let builds = Builds { plan: &plan, a, b, varied, took };
                replay::confirm(&builds, &mut found, scratch, progress);
                process::check_interrupt()?;
            }
            all.culprits.append(&mut found.culprits);
            all.unblamed.append(&mut found.unblamed);
        }
        if request.builds > 2 {
            let seen =
                format!("{} different outputs in {} builds", comparison.distinct(), request.builds);
            let by_chance = all.culprits.iter_mut().filter(|c| c.is_by_chance());
            by_chance.for_each(|c| c.evidence.push(seen.clone()));
        }
        Ok(all)
    }
}

/// The verdict of what was compared; of one build nothing was, and nothing was varied.
fn verdict(
    comparison: &Comparison,
    coverage: Option<&Coverage>,
    project: &Project,
    from_ledger: bool,
) -> Result<Verdict> {
    let verdict = comparison.verdict().ok_or_else(|| {
        failure(
            Kind::BuildFailed,
            "nothing to compare: the selected packages produced no binary or library for the target; select other packages, features or targets",
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
            verdict.qualified(Worth {
                nothing_varied: coverage.applied.is_empty(),
                at,
                dirty: project.is_dirty(),
                from_ledger,
            })
        }
    })
}

/// Two artifacts that are one file would be equal whatever was built.
fn not_with_itself(sets: &[&ArtifactSet]) -> Result<()> {
    let mut known = BTreeMap::new();
    for (side, set) in sets.iter().enumerate() {
        for x in set.iter() {
            let file = fs::identity(&x.path).ok();
            let paths = known.insert(Ok(x.path.clone()), side);
            let files = file.and_then(|file| known.insert(Err(file), side));
            if [paths, files].into_iter().flatten().any(|other| other != side) {
                return Err(host(format!(
                    "`{}` is the same file in two builds, so there is nothing to compare: does a build script or wrapper share outputs between builds?",
                    x.name
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
    let published = |side: Side, x: &Artifact| {
        // Kept as `kept-A/<triple>/<file>` in the scratch directory, and published as `a/…`.
        let kept = format!("kept-{}", side.label());
        let parts = x.path.iter().skip_while(|p| *p != kept.as_str()).skip(1);
        report.results.join(side.lower()).join(parts.collect::<PathBuf>())
    };
    Some((published(Side::A, pair.a.as_ref()?), published(pair.other(), pair.b.as_ref()?)))
}

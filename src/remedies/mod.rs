//! Remedies that are tried: each is applied to a scratch copy of the source, which is built as the source
//! was. Those that make a difference go away become a patch. The user's tree is only read.

mod copy;
mod rewrite;
mod settings;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::semver::Op;
use repro_explain::cause::Cause;
use repro_explain::known_crates::{self, KnownCrate};

use self::copy::{Copy, Done};
use self::rewrite::{REWRITES, Rewrite};
use crate::blame::culprit::{Culprit, UnitKind};
use crate::project::Project;
use crate::request::{BuildRequest, SourceChoice};
use crate::source::Origin;
use crate::term::Progress;
use crate::verdict::Verdict;
use crate::{build, error, fs, git, process};

/// A remedy that was tried.
pub struct Tried {
    /// What was done: a clause.
    pub what: String,
    /// What came of it.
    pub outcome: TriedOutcome,
}

/// What came of a remedy.
pub enum TriedOutcome {
    /// The difference is gone with it.
    Helped,
    /// It is not.
    DidNotHelp,
    /// It could not be applied: why.
    NotApplied(String),
    /// The source does not build with it: why.
    NotBuilt(String),
}

impl TriedOutcome {
    /// The name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            TriedOutcome::Helped => "helped",
            TriedOutcome::DidNotHelp => "did-not-help",
            TriedOutcome::NotApplied(_) => "not-applied",
            TriedOutcome::NotBuilt(_) => "not-built",
        }
    }

    /// Why it could not be tried.
    pub fn why(&self) -> Option<&str> {
        match self {
            TriedOutcome::NotApplied(why) | TriedOutcome::NotBuilt(why) => Some(why),
            _ => None,
        }
    }
}

impl Tried {
    /// A line.
    pub fn sentence(&self) -> String {
        let what = &self.what;
        match &self.outcome {
            TriedOutcome::Helped => format!("{what}: helped"),
            TriedOutcome::DidNotHelp => format!("{what}: did not help"),
            TriedOutcome::NotApplied(why) => format!("{what}: could not be applied: {why}"),
            TriedOutcome::NotBuilt(why) => format!("{what}: does not build: {why}"),
        }
    }
}

/// What a build of a copy found.
pub(crate) struct TrialBuild {
    /// The verdict.
    pub verdict: Verdict,
    /// The units that diverged first.
    pub culprits: Vec<Culprit>,
}

/// Builds a source as it is asked for, in a scratch directory, and publishes nothing.
pub(crate) type Build<'a> = &'a dyn Fn(BuildRequest, &Path) -> Result<TrialBuild>;

/// Something that may help.
enum Remedy {
    Variable(String),
    Features(&'static KnownCrate),
    Update(&'static KnownCrate, String),
    SamePath,
    /// In these files, below the root of the source.
    Rewrite(&'static Rewrite, Vec<PathBuf>),
}

impl Remedy {
    /// What is done: a clause.
    fn what(&self, lines: &[String]) -> String {
        match self {
            Remedy::Variable(name) => format!("set {name} in [env] of .cargo/config.toml"),
            Remedy::Features(row) => {
                format!("turn `{}` of {} off", row.features.join("`, `"), row.name)
            }
            Remedy::Update(row, version) => format!("update {} from {version}", row.name),
            Remedy::SamePath => "build both at one path (`same-path` in the metadata)".to_string(),
            Remedy::Rewrite(rewrite, _) => format!("{}: {}", lines.join(", "), rewrite.what),
        }
    }

    fn apply(&self, copy: &Copy, lines: &mut Vec<String>) -> Result<Done> {
        match self {
            Remedy::Variable(name) => settings::variable(copy, name),
            Remedy::Features(row) => settings::without_features(copy, row),
            Remedy::Update(row, version) => settings::updated(copy, row, version),
            Remedy::SamePath => settings::same_path(copy),
            Remedy::Rewrite(rewrite, files) => {
                let mut changed = Vec::new();
                for file in files {
                    let path = copy.root.join(file);
                    let Some(new) = rewrite.of(&fs::read_text(&path)?) else { continue };
                    let each = new.lines.iter().map(|line| format!("{}:{line}", file.display()));
                    lines.extend(each);
                    fs::write(&path, new.text)?;
                    changed.push(path);
                }
                let none = || "the code has no place for it".to_string();
                Ok(if changed.is_empty() { Err(none()) } else { Ok(changed) })
            }
        }
    }
}

/// Tries what may help against these culprits, with builds as they were asked for. The patch is of all that
/// helped, and empty if nothing did.
pub(crate) fn try_all(
    request: &BuildRequest,
    culprits: &[Culprit],
    scratch: &Path,
    progress: &Progress,
    build: Build,
) -> Result<(Vec<Tried>, String)> {
    let dir = scratch.join("remedies");
    let base = dir.join(named(scratch, 0));
    fs::create_dir(&base)?;
    let project = Project::open(request.clone(), &base)?;
    let all = candidates(&project, culprits)?;
    let trials = Trials { request, project: &project, dir: &dir, scratch, build };
    let mut tried = Vec::new();
    let mut helped: Vec<&Remedy> = Vec::new();
    let mut rest: Vec<(usize, &Remedy)> = Vec::new();
    let mut solved = false;
    for remedy in &all {
        if solved {
            break;
        }
        process::check_interrupt()?;
        progress.phase(&format!("trying a remedy, {} of {}", tried.len() + 1, all.len()));
        let with: Vec<&Remedy> = helped.iter().copied().chain([remedy]).collect();
        let (ended, lines) = trials.of(tried.len() + 1, &with)?;
        let outcome = match ended {
            Ended::NotApplied(why) => TriedOutcome::NotApplied(why),
            Ended::NotBuilt(why) => TriedOutcome::NotBuilt(why),
            Ended::Built(found) => {
                if helps(&found, culprits) {
                    solved = passes(found.verdict);
                    helped.push(remedy);
                    TriedOutcome::Helped
                } else {
                    rest.push((tried.len(), remedy));
                    TriedOutcome::DidNotHelp
                }
            }
        };
        tried.push(Tried { what: remedy.what(&lines), outcome });
    }
    if !solved && rest.len() > 1 {
        // Two faults in one script: neither remedy helps alone.
        let with: Vec<&Remedy> =
            helped.iter().copied().chain(rest.iter().map(|(_, r)| *r)).collect();
        if let (Ended::Built(found), _) = trials.of(tried.len() + 1, &with)?
            && passes(found.verdict)
        {
            for n in (0..rest.len()).rev().filter(|_| rest.len() > 2).collect::<Vec<_>>() {
                let without =
                    rest.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, (_, r))| *r);
                let with: Vec<&Remedy> = helped.iter().copied().chain(without).collect();
                let (ended, _) = trials.of(tried.len() + 2 + n, &with)?;
                if matches!(ended, Ended::Built(found) if passes(found.verdict)) {
                    rest.remove(n);
                }
            }
            for (at, remedy) in rest {
                tried[at].outcome = TriedOutcome::Helped;
                helped.push(remedy);
            }
        }
    }
    let patch = if helped.is_empty() { String::new() } else { trials.patch(&helped)? };
    Ok((tried, patch))
}

fn passes(verdict: Verdict) -> bool {
    verdict.is_reproducible() && verdict.code(false) == 0
}

/// Whether a difference is gone: all, or that of one culprit, and there is no new one.
fn helps(found: &TrialBuild, before: &[Culprit]) -> bool {
    let known = |c: &Culprit| before.iter().any(|b| b.is_same_unit(c));
    passes(found.verdict)
        || found.verdict == Verdict::Differs
            && found.culprits.len() < before.len()
            && !found.culprits.is_empty()
            && found.culprits.iter().all(known)
}

/// The name of a scratch directory; canaries are made from it, and differ from those of the builds.
fn named(scratch: &Path, n: usize) -> String {
    let name = scratch.file_name().unwrap_or_default().to_string_lossy().into_owned();
    format!("{name}r{n}")
}

/// What may help, the cheapest first.
fn candidates(project: &Project, culprits: &[Culprit]) -> Result<Vec<Remedy>> {
    let causes: Vec<Cause> = culprits.iter().flat_map(|c| c.causes.iter().copied()).collect();
    // The bytes do not always show which kind of chance it was.
    let chance = |c: &Cause| matches!(c, Cause::Ordering | Cause::Randomness);
    let may_be = |c: &Cause, wanted: &[Cause]| {
        *c == Cause::Unknown || wanted.contains(c) || chance(c) && wanted.iter().any(chance)
    };
    let has = |wanted: &[Cause]| causes.iter().any(|c| may_be(c, wanted));
    let mut all = Vec::new();
    let mut variables = BTreeSet::new();
    let packages = project.packages();
    for row in known_crates::all().iter().filter(|row| has(&row.causes)) {
        let fitting = packages.iter().filter(|p| row.fits(&p.name, &p.version, |_| None));
        for package in fitting {
            if !row.features.is_empty() {
                all.push(Remedy::Features(row));
            }
            if row.versions.comparators.iter().any(|c| c.op == Op::Less) {
                all.push(Remedy::Update(row, package.version.clone()));
            }
            if let Some(name) = row.fixed_by.as_ref().filter(|n| *n != "SOURCE_DATE_EPOCH")
                && variables.insert(name)
            {
                all.push(Remedy::Variable(name.clone()));
            }
        }
    }
    let metadata = project.members.as_ref();
    for culprit in culprits {
        let script = culprit.unit == UnitKind::BuildScript;
        let files = metadata.map_or(Ok(Vec::new()), |m| sources(project, m, culprit))?;
        if files.is_empty() {
            continue;
        }
        // What differs from run to run hides what differs by the time as well.
        let fits = |r: &&Rewrite| culprit.is_by_chance() || has(r.causes);
        let rows = REWRITES.iter().filter(fits).filter(|r| script || !r.only_scripts);
        for row in rows {
            let place = |f: &PathBuf| {
                fs::read_text(&project.copy.join(f)).is_ok_and(|text| row.of(&text).is_some())
            };
            let places: Vec<PathBuf> = files.iter().filter(|f| place(f)).cloned().collect();
            if !places.is_empty() {
                all.push(Remedy::Rewrite(row, places));
            }
        }
    }
    if causes.contains(&Cause::BuildPath) && !project.request.same_path {
        all.push(Remedy::SamePath);
    }
    Ok(all)
}

/// The files of the source that a culprit's code is in: its build script; else its own, and those of the
/// procedural macros of the workspace.
fn sources(
    project: &Project,
    metadata: &cargo_metadata::Metadata,
    culprit: &Culprit,
) -> Result<Vec<PathBuf>> {
    let mut files = BTreeSet::new();
    for package in metadata.packages.iter().filter(|p| metadata.workspace_members.contains(&p.id)) {
        let own = format!("{} {}", package.name, package.version) == culprit.package;
        for target in &package.targets {
            let path = target.src_path.as_std_path();
            let takes = match culprit.unit {
                UnitKind::BuildScript => own && target.is_custom_build(),
                _ => target.is_proc_macro() || own && !target.is_custom_build(),
            };
            if !takes {
                continue;
            }
            files.insert(path.to_owned());
            let dir = path.parent().filter(|dir| dir.file_name() == Some("src".as_ref()));
            for (file, meta) in dir.map_or(Ok(Vec::new()), |d| fs::walk(d, &mut |_| true))? {
                if meta.is_file() && file.extension() == Some("rs".as_ref()) {
                    files.insert(file);
                }
            }
        }
    }
    let below = files.iter().filter_map(|f| f.strip_prefix(&project.copy).ok());
    Ok(below.map(Path::to_owned).collect())
}

/// How the build of a copy ended.
enum Ended {
    Built(TrialBuild),
    NotApplied(String),
    NotBuilt(String),
}

struct Trials<'a> {
    request: &'a BuildRequest,
    project: &'a Project,
    dir: &'a Path,
    scratch: &'a Path,
    build: Build<'a>,
}

impl Trials<'_> {
    /// A copy with these remedies; nothing of it is left.
    fn of(&self, n: usize, remedies: &[&Remedy]) -> Result<(Ended, Vec<String>)> {
        let dir = self.dir.join(named(self.scratch, n));
        let result = self.within(&dir, remedies);
        fs::remove_tree(&dir)?;
        result
    }

    fn within(&self, dir: &Path, remedies: &[&Remedy]) -> Result<(Ended, Vec<String>)> {
        let (copy, done, lines) = self.copy(dir, remedies)?;
        let changed = match done {
            Ok(changed) => changed,
            Err(why) => return Ok((Ended::NotApplied(why), lines)),
        };
        let source = self.committed(&copy, &changed)?;
        let request = BuildRequest {
            source,
            epoch: Some(self.project.epoch()?.seconds),
            expand: false,
            replay: false,
            ..self.request.clone()
        };
        let scratch = dir.join(named(self.scratch, 0));
        fs::create_dir(&scratch)?;
        Ok(match (self.build)(request, &scratch) {
            Ok(found) => (Ended::Built(found), lines),
            Err(e) => {
                process::check_interrupt()?;
                (Ended::NotBuilt(error::one_line(&e)), lines)
            }
        })
    }

    /// A copy with these remedies: of the last, whether it could be applied, and where.
    fn copy(&self, dir: &Path, remedies: &[&Remedy]) -> Result<(Copy<'_>, Done, Vec<String>)> {
        let outer = (0..self.project.config.outer_count()).map(|_| "outer");
        let root = dir.join(outer.collect::<PathBuf>()).join("src");
        build::check_out(&self.project.source, &self.project.config, &root)?;
        let copy = Copy { project: self.project, root };
        let (mut all, mut lines) = (BTreeSet::new(), Vec::new());
        for remedy in remedies {
            lines.clear();
            match remedy.apply(&copy, &mut lines)? {
                Ok(changed) => all.extend(changed),
                Err(why) => return Ok((copy, Err(why), lines)),
            }
        }
        Ok((copy, Ok(all.into_iter().collect()), lines))
    }

    /// The copy as a source to build: a commit at the time of the one that it is made from.
    fn committed(&self, copy: &Copy, changed: &[PathBuf]) -> Result<SourceChoice> {
        if matches!(self.project.source.origin, Origin::Directory) {
            let directory = Some(copy.package());
            return Ok(SourceChoice { directory, ..SourceChoice::default() });
        }
        let root = &copy.root;
        let time = git::git(root, ["log", "-1", "--format=%cI"]).checked()?.text();
        commit(root, changed, &["-C", "HEAD", "--allow-empty"], &time)?;
        Ok(SourceChoice::of(Some(copy.package().join("Cargo.toml"))))
    }

    /// What these remedies change, as `git apply` takes it.
    fn patch(&self, remedies: &[&Remedy]) -> Result<String> {
        let dir = self.dir.join("patched");
        let (copy, done, _) = self.copy(&dir, remedies)?;
        let changed = done.map_err(anyhow::Error::msg)?;
        let repository = self.dir.join("patch");
        let put = |from: &Path| -> Result<Vec<PathBuf>> {
            let mut there = Vec::new();
            for file in &changed {
                let below = file.strip_prefix(&copy.root).context("a file is outside the copy")?;
                if let Some(text) = fs::read_text_if_any(&from.join(below))? {
                    fs::write(&repository.join(below), text)?;
                    there.push(repository.join(below));
                }
            }
            Ok(there)
        };
        fs::create_dir(&repository)?;
        let init = ["-c", "init.defaultBranch=main", "init", "--quiet", "--template="];
        git::git(&repository, init).checked()?;
        let before = put(&self.project.copy)?;
        let message = ["--message", "before", "--allow-empty"];
        commit(&repository, &before, &message, "1970-01-02T00:00:00Z")?;
        let after = put(&copy.root)?;
        add(&repository, &after)?;
        let diff = ["diff", "--cached", "--no-ext-diff", "--no-color", "--no-renames"];
        let out = git::git(&repository, with_settings(&diff))
            .args(["--src-prefix=a/", "--dst-prefix=b/", "--full-index"])
            .checked()?;
        String::from_utf8(out.stdout).context("the patch is not text")
    }
}

/// Whatever the user's git does.
const SETTINGS: [&str; 6] = [
    "user.name=repro",
    "user.email=repro@localhost",
    "commit.gpgSign=false",
    "core.hooksPath=/dev/null",
    "core.autocrlf=false",
    "core.attributesFile=/dev/null",
];

/// A call of git with these settings.
fn with_settings<'a>(args: &[&'a str]) -> Vec<&'a str> {
    SETTINGS.into_iter().flat_map(|setting| ["-c", setting]).chain(args.iter().copied()).collect()
}

fn add(root: &Path, files: &[PathBuf]) -> Result<()> {
    if !files.is_empty() {
        let args = with_settings(&["add", "--force", "--all", "--"]);
        git::git(root, args).args(files).checked()?;
    }
    Ok(())
}

fn commit(root: &Path, files: &[PathBuf], args: &[&str], time: &str) -> Result<()> {
    add(root, files)?;
    let commit = with_settings(&["commit", "--quiet", "--no-verify"]);
    git::git(root, commit)
        .args(args)
        .env("GIT_COMMITTER_DATE", time)
        .env("GIT_AUTHOR_DATE", time)
        .checked()?;
    Ok(())
}

//! One unit of build A run again alone: the same program, arguments, directory and environment, with B's
//! value of whatever is switched. It works on copies, and on what the builds left it has no more than
//! a view.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::build::{self, Plan};
use crate::cargo::trace::Trace;
use crate::cargo::wrapper;
use crate::error;
use crate::fs;
use crate::process::{Cmd, Output};
use crate::replay::search::Trial;
use crate::sandbox::{Layer, Room};
use crate::shim::Settings;
use crate::shim::record::Moment;
use crate::source;
use crate::variation::{Carrier, Side, VARIATIONS, Value, ValuePair, VariationId};

/// A source larger than this is not copied; a build script that writes there then fails.
const COPIED: u64 = 64 << 20;
/// Variables that lead to pipes that are closed by now, and what the stage sets itself.
const DROPPED: [&str; 4] = ["LD_PRELOAD", "MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];
/// How cargo tells build scripts how many jobs there are, besides its own variable.
const JOBS: [&str; 2] = ["NUM_JOBS", "CARGO_BUILD_JOBS"];
/// Where the shim and the outputs of rustc are in a sandbox.
const PRELOAD: &str = "/run/preload.so";
const OUTPUTS: &str = "/run/replayed";

/// What is run.
#[derive(Clone, Debug)]
pub struct Process {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its directory.
    pub dir: String,
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// When it started, in seconds since 1970 by the clocks of A and B.
    pub at: [i64; 2],
    /// Where it writes, as build A saw it; rustc can be told to write elsewhere.
    pub out_dir: Option<PathBuf>,
}

/// What a replay left.
pub struct Made {
    /// What it printed.
    pub stdout: String,
    /// The files in its directory for outputs.
    pub dir: PathBuf,
    /// The directories that it saw in place of A's.
    pub swaps: Vec<(String, String)>,
}

/// Where replays are made.
pub struct Stage<'a> {
    plan: &'a Plan<'a>,
    a: &'a Trace,
    dir: PathBuf,
    jobs: jobserver::Client,
}

impl<'a> Stage<'a> {
    /// A stage for what build A did, in the directory `dir`, which is removed with each replay.
    pub fn new(plan: &'a Plan<'a>, a: &'a Trace, dir: PathBuf) -> Result<Stage<'a>> {
        Ok(Stage { plan, a, dir, jobs: build::job_tokens(1)? })
    }

    /// Runs it. The inner error is a sentence: why there is no output.
    pub fn run(
        &self,
        process: &Process,
        trial: &Trial<VariationId>,
        until: Instant,
    ) -> Result<std::result::Result<Made, String>> {
        let (Some(sandbox), Some(shim)) = (self.plan.sandbox, self.plan.shim) else {
            return Ok(Err("replays need bubblewrap and the preload shim".to_string()));
        };
        fs::remove_tree(&self.dir)?;
        let values = |id: VariationId| {
            let pair = (self.plan.values)(id);
            let one = if trial.switched.contains(&id) { pair.b } else { pair.a };
            ValuePair { a: one.clone(), b: one }
        };
        let swaps = self.swaps(&trial.switched);
        let seen = |path: &Path| PathBuf::from(swapped(&path.display().to_string(), &swaps));
        let plan = Plan { values: &values, scratch: &self.dir, ..self.plan.clone() };
        let mut room = Room::default();
        plan.identify(Side::A, &plan.layout(Side::A), &mut room);
        let made = self.dir.join("out");
        room.layers = self.layers(process, &made, values(VariationId::SourceMtime), &seen)?;

        let clock = trial.switched.contains(&VariationId::Clock);
        let at = process.at[usize::from(clock)];
        let mut settings = Settings::of(Side::A, &values);
        let mut moment = Moment::default();
        if trial.frozen {
            moment.still = Some(at);
        }
        // At its beginning, so that the second does not end while the process starts.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = i64::from(now.subsec_nanos());
        settings.clock_offset = at - i64::try_from(now.as_secs()).unwrap_or(0) - i64::from(nanos > 0);
        moment.nanos = (1_000_000_000 - nanos) % 1_000_000_000;
        let object = self.dir.join("preload.so");
        shim.write_at(&settings, Some(&moment), &object)?;
        room.read.push((object, PRELOAD.into()));
        room.preload = Some(PRELOAD.into());

        let limit = until.saturating_duration_since(Instant::now());
        if limit.is_zero() {
            return Ok(Err("its replays take too long".to_string()));
        }
        let env = self.environment(process, &trial.switched, &swaps);
        let dir = seen(Path::new(&process.dir));
        let args = process.args.iter().map(|a| swapped(a, &swaps));
        let command = Cmd::new(swapped(&process.program, &swaps)).args(args);
        // bubblewrap sets PWD to where it starts; cargo leaves it at where cargo was started.
        let start = env.get("PWD").map_or(dir.clone(), PathBuf::from);
        let command = match start == dir {
            true => command,
            false => command.within(&Cmd::new("env").arg("-C").arg(&dir)),
        };
        let umask = u32::try_from(values(VariationId::Umask).number(Side::A)).unwrap_or(0o022);
        let out = sandbox
            .around(command, &start, &room)
            .env_exact(env.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
            .umask(umask)
            .jobserver(&self.jobs)
            .own_group()
            .limit(limit)
            .output()?;
        if !out.status.success() {
            return Ok(Err(failure(&out, until)));
        }
        let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
        Ok(Ok(Made { stdout, dir: made, swaps }))
    }

    /// A's directories and what they are in a trial, the longest first.
    fn swaps(&self, switched: &BTreeSet<VariationId>) -> Vec<(String, String)> {
        let pair = |id: &VariationId| match (self.plan.values)(*id) {
            ValuePair { a: Value::Path(a), b: Value::Path(b) } => {
                Some((a.display().to_string(), b.display().to_string()))
            }
            _ => None,
        };
        let mut swaps: Vec<_> = switched.iter().filter_map(pair).collect();
        swaps.sort_by_key(|(a, _)| std::cmp::Reverse(a.len()));
        swaps
    }

    fn environment(
        &self,
        process: &Process,
        switched: &BTreeSet<VariationId>,
        swaps: &[(String, String)],
    ) -> BTreeMap<String, String> {
        let kept = process.env.iter().filter(|(k, _)| !DROPPED.contains(&k.as_str()));
        let mut env: BTreeMap<String, String> =
            kept.map(|(k, v)| (k.clone(), swapped(v, swaps))).collect();
        for row in VARIATIONS.iter().filter(|row| switched.contains(&row.id)) {
            let values = (self.plan.values)(row.id);
            if let Value::Variable(Some((name, _))) = &values.a {
                env.remove(name);
            }
            if let Value::Variable(Some((name, value))) = &values.b {
                env.insert(name.clone(), value.clone());
            }
            let (a, b) = (values.a.to_string(), values.b.to_string());
            let jobs: &[&str] = if row.carriers.contains(&Carrier::Jobs) { &JOBS } else { &[] };
            for name in row.variables().chain(jobs.iter().copied()) {
                // What holds another value is held by the user.
                if let Some(value) = env.get_mut(name).filter(|v| **v == a) {
                    value.clone_from(&b);
                }
            }
        }
        env
    }

    /// What the process sees of its build, in the order in which one is in another.
    fn layers(
        &self,
        process: &Process,
        made: &Path,
        mtime: ValuePair,
        seen: &dyn Fn(&Path) -> PathBuf,
    ) -> Result<Vec<Layer>> {
        let layout = &self.a.layout;
        let layer = |from: PathBuf, to: &Path, write| Layer { from, to: seen(to), write };
        let fresh = |name: &str| -> Result<PathBuf> {
            let dir = self.dir.join(name);
            fs::create_dir(&dir)?;
            Ok(dir)
        };
        let source = self.a.now(&layout.source);
        let writes = process.out_dir.is_some() && Path::new(&process.dir).starts_with(&layout.source);
        let source = match writes && size(&source)? <= COPIED {
            true => layer(self.copy_of_source(&source, &mtime)?, &layout.source, true),
            // Both builds have the same files with their own times.
            false => layer(source, &layout.source, false),
        };
        let home = self.a.now(&layout.cargo_home);
        let mut layers = vec![
            source,
            layer(home, &layout.cargo_home, false),
            layer(self.a.now(&layout.target), &layout.target, false),
            layer(fresh("home")?, &layout.home, true),
            layer(fresh("tmp")?, &layout.tmpdir, true),
            Layer { from: self.wrapper()?, to: layout.wrapper.clone(), write: true },
        ];
        fs::create_dir(made)?;
        let to = process.out_dir.as_deref().map_or(OUTPUTS.into(), seen);
        layers.push(Layer { from: made.to_owned(), to, write: true });
        Ok(layers)
    }

    fn copy_of_source(&self, source: &Path, mtime: &ValuePair) -> Result<PathBuf> {
        let copy = self.dir.join("source");
        let target = self.a.now(&self.a.layout.target);
        fs::copy_tree(source, &copy, &mut |p| p != target)?;
        fs::set_mtimes(&copy, mtime.number(Side::A))?;
        source::refresh_index(&copy)?;
        Ok(copy)
    }

    /// A copy of what the wrapper needs: build scripts may call rustc.
    fn wrapper(&self) -> Result<PathBuf> {
        let (from, to) = (&self.a.layout.wrapper, self.dir.join("wrapper"));
        let lists = wrapper::kept_lists(from);
        fs::copy_tree(from, &to, &mut |p| !lists.iter().any(|l| l == p))?;
        wrapper::kept_lists(&to).iter().filter(|l| l.extension().is_none()).try_for_each(|l| fs::create_dir(l))?;
        Ok(to)
    }
}

/// A text with what stands for A's directories.
pub fn swapped(text: &str, swaps: &[(String, String)]) -> String {
    swaps.iter().fold(text.to_string(), |t, (a, b)| t.replace(a, b))
}

/// Where rustc writes when it is run again.
pub fn outputs() -> &'static str {
    OUTPUTS
}

fn failure(out: &Output, until: Instant) -> String {
    if until.saturating_duration_since(Instant::now()) == Duration::ZERO {
        return "its replays take too long".to_string();
    }
    let line = out.stderr.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or_default();
    format!("run again alone, it ended with {}: {}", out.status, line.trim())
}

fn size(dir: &Path) -> Result<u64> {
    let all = fs::walk(dir, &mut |_| true).context("failed to look at the source")?;
    Ok(all.iter().filter(|(_, m)| m.is_file()).map(|(_, m)| m.len()).sum())
}

/// A failure of the machine as a sentence.
pub fn sentence(error: &anyhow::Error) -> String {
    error::one_line(error)
}

//! Runs one unit of build A again, alone: the same program, arguments, directory and environment, but
//! B's value of whatever is switched. It works on copies, and can only read what the builds left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::build::{self, Plan};
use crate::cargo::trace::Trace;
use crate::cargo::wrapper;
use crate::process::{Cmd, Output};
use crate::replay::search::Trial;
use crate::sandbox::{Layer, Room};
use crate::shim::Settings;
use crate::variation::{Carrier, Side, VARIATIONS, Value, VariationId, carried_by};
use crate::{fs, source};

/// A source larger than this is not copied; a build script that writes there then fails.
const COPIED: u64 = 64 << 20;
/// How long the machine has been running, and what that file says while the clock stands.
const UPTIME: &str = "/proc/uptime";
const STANDING: &str = "86400.00 86400.00\n";
/// Variables that lead to pipes that are closed by now, and what the stage sets itself.
const DROPPED: [&str; 4] = ["LD_PRELOAD", "MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];
/// How cargo tells build scripts how many jobs there are, besides its own variable.
const JOBS: [&str; 2] = ["NUM_JOBS", "CARGO_BUILD_JOBS"];
/// Where the shim is in a sandbox.
const PRELOAD: &str = "/run/preload.so";
/// Where the outputs of rustc are in a sandbox.
pub const OUTPUTS: &str = "/run/replayed";

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
    /// Its environment in build B.
    pub env_b: BTreeMap<String, String>,
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
    b: &'a Trace,
    dir: PathBuf,
    jobs: jobserver::Client,
    /// Without a sandbox: so copies can be where the builds were.
    aside: Option<Aside>,
    /// Of the order of directories only the file system is switched, which the order is not all of.
    pub disk_alone: bool,
}

impl<'a> Stage<'a> {
    /// A stage for what build A did, in the directory `dir`, which is removed with each replay.
    pub fn new(plan: &'a Plan<'a>, a: &'a Trace, b: &'a Trace, dir: PathBuf) -> Result<Stage<'a>> {
        let of = |trace: &Trace| plan.scratch.join(trace.side.lower());
        let real = [of(a), of(b), a.dirs.wrapper.clone()];
        let aside = match plan.sandbox {
            Some(_) => None,
            None => Some(Aside::put(real, &plan.scratch.join("aside-of-replays"))?),
        };
        Ok(Stage { plan, a, b, dir, jobs: build::job_tokens(1)?, aside, disk_alone: false })
    }

    /// Where a file of a build is now.
    fn now(&self, trace: &Trace, path: &Path) -> PathBuf {
        let path = trace.now(path);
        self.aside.as_ref().map_or(path.clone(), |aside| aside.now(&path))
    }

    /// Runs it. The inner error is a sentence: why there is no output.
    pub fn run(
        &self,
        process: &Process,
        trial: &Trial<VariationId>,
        until: Instant,
    ) -> Result<std::result::Result<Made, String>> {
        let Some(shim) = self.plan.shim else {
            return Ok(Err("it needs the preload shim, which needs glibc on Linux".to_string()));
        };
        fs::remove_tree(&self.dir)?;
        let values = |id: VariationId| {
            // Side A of the stage has B's value, and all that is varied still is.
            let values = (self.plan.values)(id);
            let as_in_a = self.disk_alone && id == VariationId::DirectoryOrder;
            if trial.switched.contains(&id) && !as_in_a { values.swapped() } else { values }
        };
        let swaps = self.swaps(&trial.switched);
        let seen = |path: &Path| PathBuf::from(swapped(&path.display().to_string(), &swaps));
        let plan = Plan { values: &values, scratch: &self.dir, ..self.plan.clone() };
        let mut room = Room::default();
        plan.identify(Side::A, &mut room);
        // An id that an output holds is not the same twice.
        room.spent_ids += 331 * u32::try_from(trial.take).unwrap_or(0);
        let made = self.dir.join("out");
        let layers = match self.layers(&plan, process, &made, trial, &seen)? {
            Ok(layers) => layers,
            Err(why) => return Ok(Err(why)),
        };
        room.layers = layers;

        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let settings = Settings { since: self.plan.since(), ..Settings::of(Side::A, &values) };
        let settings = clocked(settings, process.at, trial, now);
        let object = self.dir.join("preload.so");
        let in_sandbox = Path::new(PRELOAD);
        let preloaded = if self.plan.sandbox.is_some() { in_sandbox } else { &object };
        shim.write(&settings, &object, preloaded)?;

        let limit = until.saturating_duration_since(Instant::now());
        if limit.is_zero() {
            return Ok(Err("its replays take too long".to_string()));
        }
        let mut env = self.environment(process, &trial.switched, &swaps);
        let dir = seen(Path::new(&process.dir));
        let args = process.args.iter().map(|a| swapped(a, &swaps));
        let command = Cmd::new(swapped(&process.program, &swaps));
        let (command, made) = match self.plan.sandbox {
            Some(sandbox) => {
                room.read.push((object, PRELOAD.into()));
                room.preload = Some(PRELOAD.into());
                if trial.frozen {
                    let uptime = self.dir.join("uptime");
                    fs::write(&uptime, STANDING)?;
                    room.read.push((uptime, UPTIME.into()));
                }
                // bubblewrap sets PWD to where it starts; cargo leaves it at where cargo was started.
                let start = env.get("PWD").map_or(dir.clone(), PathBuf::from);
                let command = command.args(args);
                let command = match start == dir {
                    true => command,
                    false => command.within(&Cmd::new("env").arg("-C").arg(&dir)),
                };
                (sandbox.around(command, &start, &room), made)
            }
            None => {
                env.insert("LD_PRELOAD".into(), object.display().to_string());
                if let Err(why) = self.lay_out(&room.layers, process.out_dir.is_some())? {
                    return Ok(Err(why));
                }
                let args = args.map(|a| a.replace(OUTPUTS, &made.display().to_string()));
                let made = process.out_dir.as_deref().map_or(made.clone(), seen);
                (command.args(args).dir(dir), made)
            }
        };
        let umask = u32::try_from(values(VariationId::Umask).number(Side::A)).unwrap_or(0o022);
        let env = env.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        let command = command.env_exact(env).umask(umask).jobserver(&self.jobs);
        let out = command.own_group().limit(limit).output()?;
        if !out.status.success() {
            return Ok(Err(failure(&out, until)));
        }
        let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
        Ok(Ok(Made { stdout, dir: made, swaps }))
    }

    /// A's directories and what they are in a trial, the longest first.
    fn swaps(&self, switched: &BTreeSet<VariationId>) -> Vec<(String, String)> {
        let pair = |id: &VariationId| {
            let values = (self.plan.values)(*id);
            match (values.of(Side::A), values.of(Side::B)) {
                (Value::Path(a), Value::Path(b)) => {
                    Some((a.display().to_string(), b.display().to_string()))
                }
                _ => None,
            }
        };
        let mut swaps: Vec<_> = switched.iter().filter_map(pair).collect();
        // Both builds have the wrapper at a place of their own, which is theirs as the target directory is.
        if self.plan.sandbox.is_some() && switched.contains(&VariationId::TargetDir) {
            let shown = |trace: &Trace| trace.dirs.wrapper.display().to_string();
            swaps.push((shown(self.a), shown(self.b)));
        }
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
        // What build B had there, with the directories that are not switched.
        let all = VARIATIONS.iter().map(|row| row.id).collect();
        let back = self.swaps(&all).into_iter().filter(|pair| !swaps.contains(pair));
        let back: Vec<_> = back.map(|(a, b)| (b, a)).collect();
        for row in VARIATIONS.iter().filter(|row| switched.contains(&row.id)) {
            let jobs: &[&str] = if row.carriers.contains(&Carrier::Jobs) { &JOBS } else { &[] };
            let values = (self.plan.values)(row.id);
            let own = values.all().iter().filter_map(|value| match value {
                Value::Variable(variable) => Some(variable.clone()?.0),
                _ => None,
            });
            let names = row.variables().chain(jobs.iter().copied()).map(str::to_string);
            let within = row.carriers.iter().flat_map(|c| match c {
                Carrier::Within(names) => *names,
                _ => &[],
            });
            let names = names.chain(within.map(ToString::to_string));
            for name in names.chain(own) {
                match process.env_b.get(&name) {
                    Some(value) => env.insert(name, swapped(value, &back)),
                    None => env.remove(&name),
                };
            }
        }
        env
    }

    /// What the process sees of its build, in the order in which one is in another. The inner error is
    /// a sentence.
    fn layers(
        &self,
        plan: &Plan,
        process: &Process,
        made: &Path,
        trial: &Trial<VariationId>,
        seen: &dyn Fn(&Path) -> PathBuf,
    ) -> Result<std::result::Result<Vec<Layer>, String>> {
        let dirs = &self.a.dirs;
        let layer = |from: PathBuf, to: &Path, write| Layer { from, to: seen(to), write };
        let source = self.now(self.a, &dirs.source);
        let writes = process.out_dir.is_some() && Path::new(&process.dir).starts_with(&dirs.source);
        // What is varied about the copies of the source themselves.
        let mut of_copies =
            carried_by(|c| matches!(c, Carrier::Mtime | Carrier::Umask | Carrier::Copies));
        let other = of_copies.any(|row| trial.switched.contains(&row.id));
        let source = match (writes || other) && size(&source)? <= COPIED {
            true => layer(self.copy_of_source(plan, &source, trial)?, &dirs.source, true),
            false if other => return Ok(Err("its source is too large to be copied".to_string())),
            false => layer(source, &dirs.source, false),
        };
        let cargo_home = self.now(self.a, &dirs.cargo_home);
        let target = self.now(self.a, &dirs.target);
        fs::create_dir(made)?;
        let to = process.out_dir.as_deref().map_or(OUTPUTS.into(), seen);
        let mut layers = vec![
            source,
            layer(cargo_home, &dirs.cargo_home, false),
            layer(target, &dirs.target, false),
        ];
        for (id, dir) in &dirs.empty {
            let fresh = self.dir.join(id.row().text);
            plan.fill(Side::A, *id, &fresh)?;
            layers.push(layer(fresh, dir, true));
        }
        layers.push(layer(self.wrapper()?, &dirs.wrapper, true));
        layers.push(Layer { from: made.to_owned(), to, write: true });
        Ok(Ok(layers))
    }

    /// As it was before the build, with the times and modes of a trial.
    fn copy_of_source(
        &self,
        plan: &Plan,
        source: &Path,
        trial: &Trial<VariationId>,
    ) -> Result<PathBuf> {
        let reversed = trial.switched.contains(&VariationId::DirectoryOrder);
        let copy = match reversed {
            // On the file system that B's copy is on.
            true => self.now(self.b, &self.b.dirs.source).with_file_name("replayed"),
            false => self.dir.join("source"),
        };
        fs::remove_tree(&copy)?;
        let target = self.now(self.a, &self.a.dirs.target);
        fs::copy_tree(source, &copy, &mut |p| p != target)?;
        let number = |id| (plan.values)(id).number(Side::A);
        fs::set_modes(&copy, u32::try_from(number(VariationId::Umask)).unwrap_or(0o022))?;
        if reversed && !self.disk_alone {
            fs::reorder(&copy, u32::try_from(number(VariationId::DirectoryOrder)).unwrap_or(1))?;
        }
        fs::set_mtimes(&copy, number(VariationId::SourceMtime))?;
        source::refresh_index(&copy)?;
        Ok(copy)
    }

    /// A copy of what the wrapper needs: build scripts may call rustc.
    fn wrapper(&self) -> Result<PathBuf> {
        let to = self.dir.join("wrapper");
        wrapper::copy(&self.now(self.a, &self.a.dirs.wrapper), &to)?;
        Ok(to)
    }
}

impl Stage<'_> {
    /// Copies the layers to where the process looks for them. The inner error is a sentence.
    fn lay_out(
        &self,
        layers: &[Layer],
        of_script: bool,
    ) -> Result<std::result::Result<(), String>> {
        if let Some(aside) = &self.aside {
            aside.clear()?;
        }
        // Of what cargo made, that which nothing reads.
        let unread: &[&str] = match of_script {
            true => &["deps", "incremental", ".fingerprint", "examples"],
            false => &["incremental", ".fingerprint", "examples"],
        };
        let mut left = COPIED * 4;
        for Layer { from, to, .. } in layers.iter().filter(|l| l.to != Path::new(OUTPUTS)) {
            let is_read = |p: &Path| !unread.iter().any(|u| p.file_name() == Some(u.as_ref()));
            let all = fs::walk(from, &mut |p| is_read(p))?;
            let size: u64 = all.iter().filter(|(_, m)| m.is_file()).map(|(_, m)| m.len()).sum();
            let Some(rest) = left.checked_sub(size) else {
                return Ok(Err("without bubblewrap too much would be copied".to_string()));
            };
            left = rest;
            fs::remove_tree(to)?;
            fs::copy_tree(from, to, &mut |p| is_read(p))?;
        }
        Ok(Ok(()))
    }
}

/// What the builds left, out of the way of copies, until this is dropped.
struct Aside {
    dir: PathBuf,
    real: Vec<PathBuf>,
}

impl Aside {
    fn put(real: [PathBuf; 3], dir: &Path) -> Result<Aside> {
        fs::create_dir(dir)?;
        let mut aside = Aside { dir: dir.to_owned(), real: Vec::new() };
        for path in real.into_iter().filter(|p| p.is_dir()) {
            let to = aside.place(&path);
            std::fs::rename(&path, &to)
                .with_context(|| format!("failed to move `{}`", path.display()))?;
            aside.real.push(path);
        }
        Ok(aside)
    }

    fn place(&self, path: &Path) -> PathBuf {
        self.dir.join(path.file_name().unwrap_or_default())
    }

    fn now(&self, path: &Path) -> PathBuf {
        let moved = self.real.iter().find_map(|real| {
            let below = path.strip_prefix(real).ok()?;
            Some(self.place(real).join(below))
        });
        moved.unwrap_or_else(|| path.to_owned())
    }

    /// Removes the copies.
    fn clear(&self) -> Result<()> {
        self.real.iter().try_for_each(|real| fs::remove_tree(real))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Reports look at what the builds left; a failure shows there.
        let _ = self.clear();
        for real in &self.real {
            let _ = std::fs::rename(self.place(real), real);
        }
    }
}

/// With the clock at the recorded second: at its beginning, so that it does not end while the process
/// starts.
fn clocked(
    mut settings: Settings,
    recorded: [i64; 2],
    trial: &Trial<VariationId>,
    now: Duration,
) -> Settings {
    let at = recorded[usize::from(trial.switched.contains(&VariationId::Clock))];
    let nanos = i64::from(now.subsec_nanos());
    settings.clock_offset = at - i64::try_from(now.as_secs()).unwrap_or(0) - i64::from(nanos > 0);
    settings.nanos = (1_000_000_000 - nanos) % 1_000_000_000;
    settings.still = trial.frozen.then_some(at);
    settings
}

/// A text with what stands for A's directories.
pub fn swapped(text: &str, swaps: &[(String, String)]) -> String {
    swaps.iter().fold(text.to_string(), |t, (a, b)| t.replace(a, b))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_begins_or_stands_at_the_recorded_second_of_its_side() {
        let trial = |switched: &[VariationId], frozen| Trial {
            switched: switched.iter().copied().collect(),
            frozen,
            take: 0,
        };
        let of = |trial, now| {
            let told = clocked(Settings::default(), [7, 9], &trial, now);
            (told.clock_offset * 1_000_000_000 + told.nanos, told.still)
        };
        let now = Duration::new(1_000, 250_000_000);
        assert_eq!(of(trial(&[], false), now), (-993_250_000_000, None));
        assert_eq!(of(trial(&[VariationId::Clock], false), now), (-991_250_000_000, None));
        assert_eq!(of(trial(&[], true), Duration::from_secs(7)), (0, Some(7)));
    }

    #[test]
    fn what_was_put_aside_comes_back_and_copies_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str| dir.path().join(name);
        for side in ["a", "b"] {
            fs::write(&place(side).join("left"), side).unwrap();
        }
        // What is not there is left out.
        let real = [place("a"), place("b"), place("wrapper")];
        let aside = Aside::put(real, &place("aside")).unwrap();
        assert_eq!(aside.now(&place("a").join("left")), place("aside/a/left"));
        assert_eq!(aside.now(&place("c")), place("c"));
        fs::write(&place("a/copy/left"), "a replay").unwrap();
        drop(aside);
        assert!(!place("a/copy").exists());
        assert_eq!(fs::read_text(&place("a/left")).unwrap(), "a");
        assert_eq!(fs::read_text(&place("b/left")).unwrap(), "b");
    }
}

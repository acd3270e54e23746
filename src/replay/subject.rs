//! What a culprit did, as it was recorded: the process that can be run again, and its outputs, with what
//! a replay leaves in the same form.
//! The wrapper recorded the rustc calls, and the preload shim the starts of build scripts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::digest;

use crate::blame::canonical::Canonical;
use crate::blame::changes::What;
use crate::blame::culprit::{Parts, Subject};
use crate::cargo::dep_info::{self, Directive};
use crate::cargo::trace::Trace;
use crate::cargo::units::Unit;
use crate::cargo::wrapper;
use crate::fs;
use crate::replay::search::Seen;
use crate::replay::stage::{self, Made, Process};
use crate::shim::record::{self, Started};

/// What both builds left.
pub struct Outputs<'a> {
    /// Build A.
    pub a: &'a Trace,
    /// Build B.
    pub b: &'a Trace,
    /// The directories of both.
    pub roots: &'a (Canonical, Canonical),
}

/// The process of build A, and when both began. The inner error is a sentence: why it is not known.
pub fn process(
    a: &Trace,
    b: &Trace,
    subject: &Subject,
) -> Result<std::result::Result<Process, String>> {
    match &subject.parts {
        Parts::Run(_) => {
            let of = |trace: &Trace, i: usize| -> Result<Option<Started>> {
                let runs = wrapper::runs(&trace.dirs.wrapper);
                record::started(&runs, &trace.ran[i].out_dir)
            };
            let (Some(x), Some(y)) = (of(a, subject.a)?, of(b, subject.b)?) else {
                let why = "its run was not recorded: the preload shim, which needs glibc on Linux, does not reach it";
                return Ok(Err(why.to_string()));
            };
            // Of a script that is linked statically its first child is recorded.
            let out_dir = &a.ran[subject.a].out_dir;
            if !x.program.starts_with(&a.dirs.target) {
                return Ok(Err("its run was not recorded: it is linked statically".to_string()));
            }
            Ok(Ok(Process {
                program: x.program.display().to_string(),
                args: Vec::new(),
                dir: x.dir.display().to_string(),
                env: x.env,
                env_b: y.env,
                at: [x.at, y.at],
                out_dir: Some(out_dir.clone()),
            }))
        }
        Parts::Call(_) => {
            let of =
                |trace: &Trace, i: usize| wrapper::whole_call(&trace.dirs.wrapper, &trace.units[i]);
            let (Some(x), Some(y)) = (of(a, subject.a)?, of(b, subject.b)?) else {
                return Ok(Err("its rustc call was not recorded".to_string()));
            };
            let Some((program, args)) = x.args.split_first() else {
                return Ok(Err("its rustc call was not recorded".to_string()));
            };
            Ok(Ok(Process {
                program: program.clone(),
                args: elsewhere(args),
                dir: x.dir,
                env: x.env.into_iter().collect(),
                env_b: y.env.into_iter().collect(),
                at: [x.at, y.at],
                out_dir: None,
            }))
        }
    }
}

/// The arguments of a rustc call that writes to the stage's own directory.
fn elsewhere(args: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        // The list of what the linker reads, which no output holds.
        if arg.starts_with("-Clink-arg=-Wl,--dependency-file=") {
            continue;
        }
        match arg.as_str() {
            "--out-dir" => drop(args.next()),
            _ if arg.starts_with("--out-dir=") => {}
            _ => kept.push(arg.clone()),
        }
    }
    kept.extend(["--out-dir".to_string(), stage::OUTPUTS.to_string()]);
    kept
}

impl Outputs<'_> {
    /// What differs of the outputs, as A and B made them.
    pub fn as_built(&self, subject: &Subject) -> Result<(Seen, Seen)> {
        let (roots_a, roots_b) = self.roots;
        Ok((
            seen(self.a, subject.a, &subject.parts, roots_a)?,
            seen(self.b, subject.b, &subject.parts, roots_b)?,
        ))
    }

    /// The names of the files that a replayed rustc call makes, by what they are.
    pub fn names(&self, subject: &Subject) -> Result<BTreeMap<String, String>> {
        let Parts::Call(_) = &subject.parts else { return Ok(BTreeMap::new()) };
        let unit = &self.a.units[subject.a];
        let made = self.a.outputs_of(unit)?;
        Ok(made.into_iter().map(|(label, path)| (label, written_as(unit, &path))).collect())
    }

    /// What differs of the outputs, as a replay made them.
    pub fn made(
        &self,
        subject: &Subject,
        names: &BTreeMap<String, String>,
        made: &Made,
    ) -> Result<Seen> {
        match &subject.parts {
            Parts::Run(parts) => {
                let directives = dep_info::directives(&made.stdout);
                let left = Trace::files_below(&made.dir)?;
                of_run(parts, &directives, &left, &self.roots.0.moved(&made.swaps))
            }
            Parts::Call(labels) => of_files(labels, |l| Some(made.dir.join(names.get(l)?))),
        }
    }
}

/// The name under which rustc writes an output that cargo finds under another one.
fn written_as(unit: &Unit, path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match &unit.canonical_filename {
        Some(canonical) => name.replace(&unit.extra_filename, canonical),
        None => name.into_owned(),
    }
}

fn seen(trace: &Trace, at: usize, parts: &Parts, roots: &Canonical) -> Result<Seen> {
    match parts {
        Parts::Run(parts) => {
            let ran = &trace.ran[at];
            of_run(parts, &trace.directives(ran), &trace.left(ran)?, roots)
        }
        Parts::Call(labels) => {
            let outputs = trace.outputs_of(&trace.units[at])?;
            of_files(labels, |label| Some(trace.now(outputs.get(label)?)))
        }
    }
}

fn of_files(labels: &[String], path: impl Fn(&String) -> Option<PathBuf>) -> Result<Seen> {
    let mut seen = Seen::new();
    for label in labels {
        if let Some(path) = path(label).filter(|p| p.is_file()) {
            seen.insert(label.clone(), digest::of_file(&path)?.sha256);
        }
    }
    Ok(seen)
}

/// The parts of a build script's run. What differs by more than directories is seen without them.
fn of_run(
    parts: &[(What, bool)],
    directives: &[Directive],
    left: &BTreeMap<String, PathBuf>,
    roots: &Canonical,
) -> Result<Seen> {
    let mut seen = Seen::new();
    for (what, only_roots) in parts {
        let Some(bytes) = part(what, directives, left)? else { continue };
        let bytes = if *only_roots { bytes } else { roots.bytes(&bytes) };
        let before = seen.remove(&format!("{what:?}")).unwrap_or_default();
        let digest = digest::of_bytes(&bytes).sha256;
        seen.insert(format!("{what:?}"), before + &digest);
    }
    Ok(seen)
}

fn part(
    what: &What,
    directives: &[Directive],
    left: &BTreeMap<String, PathBuf>,
) -> Result<Option<Vec<u8>>> {
    let of = |key: &str, name: Option<&str>| {
        let all = directives.iter().filter(|d| d.key == key);
        let fits =
            all.filter(|d| name.is_none_or(|n| d.value.split_once('=').is_some_and(|v| v.0 == n)));
        let values: Vec<&str> = fits.map(|d| d.value.as_str()).collect();
        (!values.is_empty()).then(|| values.join("\n").into_bytes())
    };
    Ok(match what {
        What::Env(name) => of("rustc-env", Some(name)),
        What::Metadata(name) => of("metadata", Some(name)),
        What::Directive(key) => of(key, None),
        What::Left(name) => match left.get(name) {
            Some(path) => Some(content(path)?),
            None => None,
        },
        What::Source(_) | What::Id => None,
    })
}

/// What a file holds, or where a link leads.
fn content(path: &Path) -> Result<Vec<u8>> {
    let what = || format!("failed to read `{}`", path.display());
    let meta = fs::lstat(path)?;
    if meta.is_symlink() {
        let target = std::fs::read_link(path).with_context(what)?;
        return Ok(target.as_os_str().as_encoded_bytes().to_vec());
    }
    if !meta.is_file() {
        return Ok(Vec::new());
    }
    std::fs::read(path).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rustc_writes_to_the_stage_and_the_list_of_the_linker_is_left_alone() {
        let args = "--crate-name x --out-dir /t/deps -Clink-arg=-Wl,--dependency-file=/w/x.d --out-dir=/t x.rs";
        let args: Vec<String> = args.split(' ').map(str::to_string).collect();
        let want = ["--crate-name", "x", "x.rs", "--out-dir", stage::OUTPUTS];
        assert_eq!(elsewhere(&args), want);
    }

    #[test]
    fn parts_of_a_run_are_seen_without_directories_unless_they_are_the_difference() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(&dir.path().join("sub/x.rs"), "in /a/src").unwrap();
        let left = Trace::files_below(dir.path()).unwrap();
        let roots = |path: &str| {
            let mut trace = Trace::default();
            trace.dirs.source = path.into();
            Canonical::of(&trace, Vec::new())
        };
        let of = |directives: &str, root: &str, only_roots: bool| {
            let parts = [
                (What::Env("WHERE".into()), only_roots),
                (What::Left("sub/x.rs".into()), only_roots),
                (What::Left("missing".into()), only_roots),
            ];
            of_run(&parts, &dep_info::directives(directives), &left, &roots(root)).unwrap()
        };
        let (a, b) = ("cargo::rustc-env=WHERE=/a/src\n", "cargo::rustc-env=WHERE=/b\n");
        assert_eq!(of(a, "/a/src", false).len(), 2);
        let env = |seen: Seen| seen[&format!("{:?}", What::Env("WHERE".into()))].clone();
        assert_eq!(env(of(a, "/a/src", false)), env(of(b, "/b", false)));
        assert_ne!(env(of(a, "/a/src", true)), env(of(b, "/b", true)));
        // Another variable, and an order of directives, are parts of their own.
        let other = format!("{a}cargo::rustc-env=ELSE=1\n");
        assert_eq!(of(a, "/a/src", true), of(&other, "/a/src", true));
    }
}

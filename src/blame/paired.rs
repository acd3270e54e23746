//! Both builds, paired: which unit and which run of a build script is which, what a unit was made from, and what of it
//! differs. Indices are those of build A where both builds have the thing.
//! A file is compared when a step first asks about it, and the bytes that are searched are limited.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_explain::Package;
use repro_formats::digest;

use crate::artifact::Kind;
use crate::blame::canonical::{Canonical, Swaps};
use crate::blame::changes::{Both, Change};
use crate::blame::culprit::add_new;
use crate::blame::pair::{self, Pair};
use crate::cargo::dep_info::{Directive, Reads};
use crate::cargo::trace::{Outputs, Trace};
use crate::cargo::units::Unit;
use crate::compare::Pair as Artifacts;
use crate::fs;

/// Both builds, paired.
pub struct Paired<'a> {
    /// The builds.
    pub both: Both<'a>,
    /// The outputs of A's units.
    pub outputs_a: Vec<Outputs>,
    /// The outputs of B's units.
    pub outputs_b: Vec<Outputs>,
    /// The units.
    pub units: Vec<Pair>,
    /// The runs of build scripts.
    pub runs: Vec<Pair>,
    /// Of an output of build A (or B, for what only B made): its unit, and what it is to it.
    made_by: BTreeMap<PathBuf, (usize, String)>,
    differing: BTreeMap<usize, BTreeSet<String>>,
    /// What each run left that differs.
    left: BTreeMap<usize, Vec<Change>>,
    /// Bytes that may still be searched for values.
    pub search: Cell<u64>,
}

/// Bytes that are searched at most: a build script may leave thousands of files that differ.
const SEARCH: u64 = 4 << 30;

impl<'a> Paired<'a> {
    /// Pairs what both builds did.
    pub fn new(a: &'a Trace, b: &'a Trace) -> Result<Paired<'a>> {
        let units = pair::units(&a.units, &b.units);
        let runs = pair::runs((&a.units, &a.ran), (&b.units, &b.ran), &units);
        let (renamed_a, renamed_b) = renamed(a, b, &units, &runs);
        let (outputs_a, outputs_b) = (a.outputs()?, b.outputs()?);
        let mut made_by = BTreeMap::new();
        for (i, pair) in units.iter().enumerate() {
            let of_a = pair.a.map(|a| &outputs_a[a]);
            let outputs = of_a.or_else(|| pair.b.map(|b| &outputs_b[b]));
            for (label, path) in outputs.into_iter().flatten() {
                made_by.insert(path.clone(), (i, label.clone()));
            }
        }
        Ok(Paired {
            both: Both {
                a,
                b,
                roots_a: Canonical::of(a, renamed_a),
                roots_b: Canonical::of(b, renamed_b),
            },
            outputs_a,
            outputs_b,
            units,
            runs,
            made_by,
            differing: BTreeMap::new(),
            left: BTreeMap::new(),
            search: Cell::new(SEARCH),
        })
    }

    /// The rustc call of a unit, A's where both made it.
    pub fn of(&self, unit: usize) -> &'a Unit {
        let (trace, unit) = self.both.first(self.units[unit]);
        &trace.units[unit]
    }

    /// The unit that made an artifact.
    pub fn maker(&self, artifact: &Artifacts) -> Result<Option<usize>> {
        let x = artifact.either();
        let side = |p: &Pair| match artifact.a {
            Some(_) => p.a.map(|i| &self.outputs_a[i]),
            None => p.b.map(|i| &self.outputs_b[i]),
        };
        let trace = match artifact.a {
            Some(_) => self.both.a,
            None => self.both.b,
        };
        let fits = |i: &usize| {
            let unit = self.of(*i);
            unit.package == x.package && fits(x.kind, unit) && side(&self.units[*i]).is_some()
        };
        let mut candidates: Vec<usize> = (0..self.units.len()).filter(fits).collect();
        // The likely one first, since files are digested until one fits.
        let name = x.name.replace('-', "_");
        candidates.sort_by_key(|i| !name.contains(&self.of(*i).crate_name));
        for i in &candidates {
            for path in side(&self.units[*i]).into_iter().flat_map(|o| o.values()) {
                let path = trace.now(path);
                let same =
                    fs::lstat(&path)?.len() == x.digest.size && digest::of_file(&path)? == x.digest;
                if same {
                    return Ok(Some(*i));
                }
            }
        }
        // cargo or a tool after rustc may have changed the file.
        Ok(match candidates[..] {
            [only] => Some(only),
            _ => None,
        })
    }

    /// The outputs of a unit that differ, by what they are.
    pub fn differing(&mut self, unit: usize) -> Result<BTreeSet<String>> {
        if let Some(known) = self.differing.get(&unit) {
            return Ok(known.clone());
        }
        let mut found = BTreeSet::new();
        let pair = self.units[unit];
        match (pair.a, pair.b) {
            (Some(a), Some(b)) => {
                let (of_a, of_b) = (&self.outputs_a[a], &self.outputs_b[b]);
                for label in of_a.keys().chain(of_b.keys()) {
                    let same = match (of_a.get(label), of_b.get(label)) {
                        (Some(x), Some(y)) => {
                            let (x, y) = (self.both.a.now(x), self.both.b.now(y));
                            fs::first_difference(&x, &y)?.is_none()
                        }
                        _ => false,
                    };
                    if !same {
                        found.insert(label.clone());
                    }
                }
                if self.both.a.units[a].id() != self.both.b.units[b].id() {
                    found.insert("id".to_string());
                }
            }
            (a, b) => {
                let outputs = a.map(|a| &self.outputs_a[a]).or(b.map(|b| &self.outputs_b[b]));
                found.extend(outputs.into_iter().flat_map(|o| o.keys().cloned()));
            }
        }
        self.differing.insert(unit, found.clone());
        Ok(found)
    }

    /// The units that a unit was made from, each with which of its outputs was read. A linker
    /// reads the libraries of libraries as well.
    pub fn made_from(&self, unit: usize) -> Vec<(usize, String)> {
        let mut found = self.externs(unit);
        let links = ["bin", "cdylib", "dylib", "staticlib", "proc-macro"];
        if links.iter().any(|t| self.of(unit).makes(t)) {
            let mut open: Vec<usize> = found.iter().map(|(i, _)| *i).collect();
            let mut seen = BTreeSet::new();
            while let Some(at) = open.pop() {
                if self.of(at).makes("proc-macro") || !seen.insert(at) {
                    continue;
                }
                found.push((at, "rlib".to_string()));
                open.extend(self.externs(at).into_iter().map(|(i, _)| i));
            }
        }
        found
    }

    /// The units that a unit names with `--extern`, each with which of its outputs.
    pub fn externs(&self, unit: usize) -> Vec<(usize, String)> {
        let paths = self.of(unit).externs.iter();
        paths.filter_map(|path| self.made_by.get(Path::new(path)).cloned()).collect()
    }

    /// Packages of the procedural macros that a unit can use, its direct ones first; and all that
    /// it uses directly, with itself.
    pub fn used(&self, unit: usize) -> (Vec<String>, Vec<Package>) {
        let direct: Vec<usize> = self.externs(unit).into_iter().map(|(i, _)| i).collect();
        let handed_on = direct.iter().flat_map(|i| self.externs(*i)).map(|(i, _)| i);
        let all: Vec<usize> = direct.iter().copied().chain(handed_on).collect();
        let (mut macros, mut packages) = (Vec::new(), vec![package(self.of(unit))]);
        for i in all {
            let of = self.of(i);
            let is_macro = of.makes("proc-macro");
            if is_macro {
                add_new(&mut macros, of.package.clone());
            }
            if is_macro || direct.contains(&i) {
                add_new(&mut packages, package(of));
            }
        }
        (macros, packages)
    }

    /// The files that a unit read and that are still there.
    pub fn sources(&self, reads: &Reads) -> Vec<PathBuf> {
        let files = reads.files.iter().map(|f| self.both.a.now(f));
        files.filter(|p| p.is_file()).collect()
    }

    /// What a run left and told that differs.
    pub fn left(&mut self, run: usize) -> Result<Vec<Change>> {
        if let Some(known) = self.left.get(&run) {
            return Ok(known.clone());
        }
        let changes = self.both.of_run(self.runs[run])?;
        self.left.insert(run, changes.clone());
        Ok(changes)
    }

    /// The run of the build script whose OUT_DIR a unit was given.
    pub fn run_of(&self, unit: usize) -> Option<usize> {
        let pair = self.units[unit];
        let of = |trace: &Trace, unit: Option<usize>, run: Option<usize>| {
            let dir = trace.units[unit?].script_output.as_ref()?;
            Some(trace.ran[run?].out_dir.as_os_str() == dir.as_str())
        };
        self.runs.iter().position(|run| {
            of(self.both.a, pair.a, run.a) == Some(true)
                || of(self.both.b, pair.b, run.b) == Some(true)
        })
    }

    /// Whether only one build has a run.
    pub fn is_alone(&self, run: usize) -> bool {
        self.runs[run].a.is_none() || self.runs[run].b.is_none()
    }

    /// The directives of this key in a run, on both sides.
    fn directives(&self, run: usize, key: &str) -> Vec<Directive> {
        let Pair { a, b } = self.runs[run];
        let of = |trace: &Trace, i: Option<usize>| i.map(|i| trace.directives(&trace.ran[i]));
        let sides = [of(self.both.a, a), of(self.both.b, b)];
        sides.into_iter().flatten().flatten().filter(|d| d.key == key).collect()
    }

    /// Names of the variables that a build script sets for its crate.
    pub fn variables(&self, run: usize) -> BTreeSet<String> {
        let set = self.directives(run, "rustc-env").into_iter();
        set.filter_map(|d| Some(d.value.split_once('=')?.0.to_string())).collect()
    }

    /// Names of the variables that a build script says it depends on.
    pub fn declared(&self, run: usize) -> Vec<String> {
        let declared = self.directives(run, "rerun-if-env-changed").into_iter();
        let names: BTreeSet<String> = declared.map(|d| d.value.trim().to_string()).collect();
        names.into_iter().collect()
    }

    /// File names of the native libraries that a build script asks to link.
    pub fn native_libraries(&self, run: usize) -> BTreeSet<String> {
        let Some(a) = self.runs[run].a else { return BTreeSet::new() };
        let told = self.both.a.directives(&self.both.a.ran[a]);
        let libs = told.iter().filter(|d| d.key == "rustc-link-lib");
        libs.flat_map(|d| {
            let name = d.value.rsplit('=').next().unwrap_or_default();
            let name = name.split(':').next().unwrap_or_default();
            let endings = ["a", "so", "dylib"].map(|e| format!("lib{name}.{e}"));
            endings.into_iter().chain(["lib", "dll"].map(|e| format!("{name}.{e}")))
        })
        .collect()
    }

    /// Whether a run tells dependents where its OUT_DIR is.
    pub fn hands_on_its_directory(&self, run: usize) -> bool {
        let Some(a) = self.runs[run].a else { return false };
        let ran = &self.both.a.ran[a];
        let dir = ran.out_dir.display().to_string();
        let told = self.both.a.directives(ran);
        told.iter().any(|d| d.key == "metadata" && d.value.contains(&dir))
    }
}

fn package(unit: &Unit) -> Package {
    let (name, version) = unit.package.split_once(' ').unwrap_or((&unit.package, ""));
    Package {
        name: name.to_string(),
        version: version.to_string(),
        features: unit.features.clone(),
    }
}

fn fits(kind: Kind, unit: &Unit) -> bool {
    match kind {
        Kind::Bin => unit.makes("bin") && !unit.is_script(),
        Kind::ProcMacro => unit.makes("proc-macro"),
        Kind::BuildScript => unit.is_script(),
        kind => unit.makes(kind.name()),
    }
}

/// Names of directories with cargo's ids in them that differ between the builds, and a name that
/// stands for both.
fn renamed(a: &Trace, b: &Trace, units: &[Pair], runs: &[Pair]) -> (Swaps, Swaps) {
    let dir = |p: &Path| {
        let name = p.parent().and_then(Path::file_name).unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    let mut add = |x: String, y: String, name: String| {
        if x != y && !x.is_empty() && !y.is_empty() {
            of_a.push((x, name.clone()));
            of_b.push((y, name));
        }
    };
    for (n, run) in runs.iter().enumerate() {
        if let (Some(i), Some(j)) = (run.a, run.b) {
            add(dir(&a.ran[i].out_dir), dir(&b.ran[j].out_dir), format!("<run {n}>"));
        }
    }
    for (n, unit) in units.iter().enumerate() {
        if let (Some(i), Some(j)) = (unit.a, unit.b) {
            let (x, y) = (&a.units[i].extra_filename, &b.units[j].extra_filename);
            add(x.clone(), y.clone(), format!("<unit {n}>"));
        }
    }
    (of_a, of_b)
}

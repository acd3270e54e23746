//! From the artifacts that differ back through what they are made of: a node for each unit and each
//! run of a build script that came out differently, and what differs of it. Files are compared
//! only on this way back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::artifact::Kind;
use crate::blame::canonical::Canonical;
use crate::blame::changes::{Both, Change, Value, What, holds};
use crate::blame::graph::{Node, Role};
use crate::blame::pair::{self, Pair};
use crate::cargo::records::Reads;
use crate::cargo::trace::{Outputs, Trace};
use crate::cargo::units::Unit;
use crate::compare::{Comparison, Pair as Artifacts};
use crate::explain::Package;
use crate::verdict::Status;
use crate::{digest, fs};

/// What is known of a node beside its place in the graph.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The rustc call of both builds; none for a run of a build script, and where only one has it.
    pub units: Option<(Unit, Unit)>,
    /// What differs of its own: for a run, what it left; for a unit, what it read.
    pub changes: Vec<Change>,
    /// What its build script left that differs and that it is not known to read.
    pub perhaps: Vec<Change>,
    /// Its outputs that differ, as A and B have them.
    pub outputs: Vec<(PathBuf, PathBuf)>,
    /// Packages of the procedural macros that it uses, or that its libraries may hand on to it.
    pub macros: Vec<String>,
    /// Its own package, those of its macros, and those that it uses directly.
    pub packages: Vec<Package>,
    /// Source files that it was made from, as build A has them.
    pub sources: Vec<PathBuf>,
    /// Only one build made it: which.
    pub only: Option<&'static str>,
}

/// What was found on the way back.
pub struct Found {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Of each node.
    pub details: Vec<Details>,
    /// The nodes of the artifacts that differ.
    pub ends: Vec<usize>,
    /// Artifacts that differ and that no unit is known for, with what is known: sentences.
    pub unblamed: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Unit(usize),
    Run(usize),
}

/// Both builds, paired.
pub struct Explorer<'a> {
    both: Both<'a>,
    outputs_a: Vec<Outputs>,
    outputs_b: Vec<Outputs>,
    units: Vec<Pair>,
    runs: Vec<Pair>,
    /// Of an output of build A (or B, for what only B made): its unit, and what it is to it.
    made_by: BTreeMap<PathBuf, (usize, String)>,
    nodes: Vec<Node>,
    details: Vec<Details>,
    known: BTreeMap<Key, usize>,
    differing: BTreeMap<usize, BTreeSet<String>>,
}

impl<'a> Explorer<'a> {
    /// Pairs what both builds did.
    pub fn new(a: &'a Trace, b: &'a Trace) -> Result<Explorer<'a>> {
        let units = pair::units(&a.units, &b.units);
        let runs = pair::runs((&a.units, &a.ran), (&b.units, &b.ran), &units);
        let (renamed_a, renamed_b) = renamed(a, b, &units, &runs);
        let (outputs_a, outputs_b) = (a.outputs()?, b.outputs()?);
        let mut made_by = BTreeMap::new();
        for (i, pair) in units.iter().enumerate() {
            let outputs = match (pair.a, pair.b) {
                (Some(a), _) => &outputs_a[a],
                (None, b) => &outputs_b[b.expect("a pair has at least one side")],
            };
            for (label, path) in outputs {
                made_by.insert(path.clone(), (i, label.clone()));
            }
        }
        Ok(Explorer {
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
            nodes: Vec::new(),
            details: Vec::new(),
            known: BTreeMap::new(),
            differing: BTreeMap::new(),
        })
    }

    /// Goes back from all artifacts that differ and count.
    pub fn explore(mut self, comparison: &Comparison) -> Result<Found> {
        let (mut ends, mut unblamed) = (Vec::new(), Vec::new());
        let differs = |p: &&Artifacts| p.in_verdict() && p.status() != Status::Same;
        for pair in comparison.pairs.iter().filter(differs) {
            let name = &pair.either().name;
            match self.maker(pair)? {
                None => unblamed.push(format!("no rustc call is known that made `{name}`")),
                Some(unit) if self.differing(unit)?.is_empty() => unblamed.push(format!(
                    "rustc made `{name}` the same on both sides, and it was changed after that"
                )),
                Some(unit) => {
                    let end = self.unit(unit)?;
                    if !ends.contains(&end) {
                        ends.push(end);
                    }
                }
            }
        }
        Ok(Found {
            nodes: self.nodes,
            details: self.details,
            ends,
            unblamed,
        })
    }

    /// The rustc call of a unit, A's where both made it.
    fn of(&self, unit: usize) -> &'a Unit {
        let pair = self.units[unit];
        match pair.a {
            Some(a) => &self.both.a.units[a],
            None => &self.both.b.units[pair.b.expect("a pair has at least one side")],
        }
    }

    /// The unit that made an artifact.
    fn maker(&self, artifact: &Artifacts) -> Result<Option<usize>> {
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
        let candidates: Vec<usize> = (0..self.units.len()).filter(fits).collect();
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
    fn differing(&mut self, unit: usize) -> Result<BTreeSet<String>> {
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
            (Some(a), None) => found.extend(self.outputs_a[a].keys().cloned()),
            (None, b) => {
                let b = b.expect("a pair has at least one side");
                found.extend(self.outputs_b[b].keys().cloned());
            }
        }
        self.differing.insert(unit, found.clone());
        Ok(found)
    }

    /// The units that a unit was made from, each with which of its outputs was read. A linker
    /// reads the libraries of libraries as well.
    fn made_from(&self, unit: usize) -> Vec<(usize, String)> {
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

    fn externs(&self, unit: usize) -> Vec<(usize, String)> {
        let paths = self.of(unit).externs.iter();
        paths
            .filter_map(|path| self.made_by.get(Path::new(path)).cloned())
            .collect()
    }

    fn add(&mut self, key: Key, node: Node, details: Details) -> usize {
        let at = self.nodes.len();
        self.nodes.push(node);
        self.details.push(details);
        self.known.insert(key, at);
        at
    }

    /// The node of a unit that differs.
    fn unit(&mut self, unit: usize) -> Result<usize> {
        if let Some(at) = self.known.get(&Key::Unit(unit)) {
            return Ok(*at);
        }
        let this = self.of(unit);
        let node = Node {
            package: this.package.clone(),
            role: role(this),
            inputs: Vec::new(),
            leaks: false,
        };
        let at = self.add(Key::Unit(unit), node, Details::default());
        let mut inputs = Vec::new();
        for (from, label) in self.made_from(unit) {
            if self.differing(from)?.contains(&label) {
                let input = self.unit(from)?;
                if !inputs.contains(&input) {
                    inputs.push(input);
                }
            }
        }
        let pair = self.units[unit];
        let details = match (pair.a, pair.b) {
            (Some(a), Some(b)) => self.unit_details(at, unit, (a, b), &mut inputs)?,
            (a, _) => Details {
                only: Some(if a.is_some() { "A" } else { "B" }),
                ..Details::default()
            },
        };
        self.nodes[at].inputs = inputs;
        let (macros, packages) = self.used(unit);
        self.details[at] = Details {
            macros,
            packages,
            ..details
        };
        Ok(at)
    }

    /// Packages of the procedural macros that a unit can use, its direct ones first; and all that
    /// it uses directly, with itself.
    fn used(&self, unit: usize) -> (Vec<String>, Vec<Package>) {
        let direct: Vec<usize> = self.externs(unit).into_iter().map(|(i, _)| i).collect();
        let handed_on = direct.iter().flat_map(|i| self.externs(*i)).map(|(i, _)| i);
        let all: Vec<usize> = direct.iter().copied().chain(handed_on).collect();
        let (mut macros, mut packages) = (Vec::new(), vec![package(self.of(unit))]);
        for i in all {
            let of = self.of(i);
            let is_macro = of.makes("proc-macro");
            if is_macro && !macros.contains(&of.package) {
                macros.push(of.package.clone());
            }
            if (is_macro || direct.contains(&i)) && !packages.contains(&package(of)) {
                packages.push(package(of));
            }
        }
        (macros, packages)
    }

    /// What a unit read that differs; and whether its build script is among its inputs.
    fn unit_details(
        &mut self,
        at: usize,
        unit: usize,
        (a, b): (usize, usize),
        inputs: &mut Vec<usize>,
    ) -> Result<Details> {
        let (unit_a, unit_b) = (&self.both.a.units[a], &self.both.b.units[b]);
        let (reads_a, reads_b) = (self.both.a.reads(unit_a), self.both.b.reads(unit_b));
        let outputs: Vec<(PathBuf, PathBuf)> = self.outputs_a[a]
            .iter()
            .filter_map(|(label, x)| Some((x, self.outputs_b[b].get(label)?)))
            .map(|(x, y)| (self.both.a.now(x), self.both.b.now(y)))
            .collect();
        let run = self.run_of(unit);
        let mut set_by_script = BTreeSet::new();
        let mut perhaps = Vec::new();
        if let Some(run) = run {
            let left = self.both.of_run(self.runs[run])?;
            set_by_script = self.variables(run);
            let statics = self.static_libraries(run);
            let mut certain = Vec::new();
            for change in left {
                match self.reaches(&change, &reads_a, &outputs, &statics)? {
                    Some(true) => certain.push(change),
                    Some(false) => perhaps.push(change),
                    None => {}
                }
            }
            certain.extend(self.both.of_source(&reads_a, &reads_b)?);
            if !certain.is_empty() || self.is_alone(run) {
                inputs.push(self.run(run, certain)?);
            }
        }
        let mut changes = self.both.of_env(&reads_a, &reads_b, &set_by_script);
        if run.is_none() {
            changes.extend(self.both.of_source(&reads_a, &reads_b)?);
        }
        let mut leaks = false;
        let from: Vec<usize> = inputs.clone();
        for change in &mut changes {
            let shows = self.shows(change, &outputs)? && !self.shows_below(change, &from)?;
            leaks |= shows || !change.only_roots;
            // From here on this tells whether it may be left out of the evidence.
            change.only_roots &= !shows;
        }
        let (id_a, id_b) = (unit_a.id().to_string(), unit_b.id().to_string());
        if id_a != id_b {
            changes.push(Change {
                what: What::Id,
                a: Value::Text(id_a, None),
                b: Value::Text(id_b, None),
                only_roots: false,
            });
        }
        self.nodes[at].leaks = leaks;
        let differing =
            |(x, y): &(PathBuf, PathBuf)| fs::first_difference(x, y).map_or(true, |d| d.is_some());
        Ok(Details {
            units: Some((unit_a.clone(), unit_b.clone())),
            changes,
            perhaps,
            outputs: outputs.into_iter().filter(differing).collect(),
            sources: self.sources(&reads_a),
            ..Details::default()
        })
    }

    fn sources(&self, reads: &Reads) -> Vec<PathBuf> {
        let files = reads.files.iter().map(|f| self.both.a.now(f));
        files.filter(|p| p.is_file()).collect()
    }

    /// The run of the build script whose OUT_DIR a unit was given.
    fn run_of(&self, unit: usize) -> Option<usize> {
        let pair = self.units[unit];
        let out_dir = |trace: &Trace, i: usize| trace.units[i].script_output.clone();
        self.runs.iter().position(|run| {
            let of = |trace: &Trace, unit: Option<usize>, run: Option<usize>| {
                let (unit, run) = (unit?, run?);
                let dir = out_dir(trace, unit)?;
                Some(trace.ran[run].out_dir.as_os_str() == dir.as_str())
            };
            of(self.both.a, pair.a, run.a) == Some(true)
                || of(self.both.b, pair.b, run.b) == Some(true)
        })
    }

    fn is_alone(&self, run: usize) -> bool {
        self.runs[run].a.is_none() || self.runs[run].b.is_none()
    }

    /// Names of the variables that a build script sets for its crate.
    fn variables(&self, run: usize) -> BTreeSet<String> {
        let of = |trace: &Trace, i: Option<usize>| {
            let directives = i.map(|i| trace.directives(&trace.ran[i]));
            directives.unwrap_or_default()
        };
        let (a, b) = (
            of(self.both.a, self.runs[run].a),
            of(self.both.b, self.runs[run].b),
        );
        let set = a.into_iter().chain(b).filter(|d| d.key == "rustc-env");
        set.filter_map(|d| Some(d.value.split_once('=')?.0.to_string()))
            .collect()
    }

    /// File names of the static libraries that a build script asks to link.
    fn static_libraries(&self, run: usize) -> BTreeSet<String> {
        let Some(a) = self.runs[run].a else {
            return BTreeSet::new();
        };
        let told = self.both.a.directives(&self.both.a.ran[a]);
        let libs = told.iter().filter(|d| d.key == "rustc-link-lib");
        libs.flat_map(|d| {
            let name = d.value.rsplit('=').next().unwrap_or_default();
            let name = name.split(':').next().unwrap_or_default();
            [format!("lib{name}.a"), format!("{name}.lib")]
        })
        .collect()
    }

    /// Whether what a build script left made its crate differ: for certain, perhaps, or not.
    fn reaches(
        &self,
        change: &Change,
        reads: &Reads,
        outputs: &[(PathBuf, PathBuf)],
        statics: &BTreeSet<String>,
    ) -> Result<Option<bool>> {
        let read = match &change.what {
            What::Metadata(_) | What::Id => return Ok(None),
            What::Env(name) => reads.env.iter().any(|(n, _)| n == name),
            What::Directive(key) => {
                // Where libraries are looked for is told by the libraries themselves.
                let only_where = key == "rustc-link-search" && change.only_roots;
                if only_where {
                    return Ok(None);
                }
                true
            }
            What::Left(name) => {
                let file = name.rsplit('/').next().unwrap_or(name);
                statics.contains(file) || self.was_read(change, reads)
            }
            What::Source(_) => true,
        };
        if read && !change.only_roots {
            return Ok(Some(true));
        }
        Ok(Some(self.shows(change, outputs)?))
    }

    fn was_read(&self, change: &Change, reads: &Reads) -> bool {
        let Value::File(path) = &change.a else {
            return false;
        };
        reads.files.iter().any(|f| self.both.a.now(f) == *path)
    }

    /// Whether both outputs hold their side's own value.
    fn shows(&self, change: &Change, outputs: &[(PathBuf, PathBuf)]) -> Result<bool> {
        for (a, b) in self.needles(change)? {
            for (x, y) in outputs {
                if holds(x, &a)? && holds(y, &b)? && !holds(y, &a)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether it came with what the unit is made from.
    fn shows_below(&self, change: &Change, inputs: &[usize]) -> Result<bool> {
        for input in inputs {
            if self.shows(change, &self.details[*input].outputs)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What would be in the outputs if the change came through: the text itself, the directories in
    /// a file that differs by nothing else, or its first line that differs.
    fn needles(&self, change: &Change) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let (a, b) = match (&change.a, &change.b) {
            (Value::Text(a, _), Value::Text(b, _)) => {
                return Ok(vec![(a.clone().into_bytes(), b.clone().into_bytes())]);
            }
            (Value::File(a), Value::File(b)) if a.is_file() && b.is_file() => (a, b),
            _ => return Ok(Vec::new()),
        };
        let small = |p: &Path| Ok::<_, anyhow::Error>(fs::lstat(p)?.len() <= 16 << 20);
        if !small(a)? || !small(b)? {
            return Ok(Vec::new());
        }
        let (x, y) = (
            crate::blame::changes::read(a)?,
            crate::blame::changes::read(b)?,
        );
        if change.only_roots {
            let (roots_a, roots_b) = (self.both.roots_a.within(&x), self.both.roots_b.within(&y));
            let pairs = roots_a.iter().zip(&roots_b);
            return Ok(pairs
                .map(|(a, b)| (a.as_bytes().to_vec(), b.as_bytes().to_vec()))
                .collect());
        }
        let lines = |t: &[u8]| -> Vec<Vec<u8>> {
            t.split(|c| *c == b'\n')
                .map(|l| l.trim_ascii().to_vec())
                .collect()
        };
        let differs = |(a, b): &(Vec<u8>, Vec<u8>)| a != b;
        let first = lines(&x).into_iter().zip(lines(&y)).find(differs);
        Ok(first.into_iter().collect())
    }

    /// The node of a build-script run of which `changes` made a difference.
    fn run(&mut self, run: usize, changes: Vec<Change>) -> Result<usize> {
        if let Some(at) = self.known.get(&Key::Run(run)) {
            for change in changes {
                if !self.details[*at].changes.contains(&change) {
                    self.details[*at].changes.push(change);
                }
            }
            return Ok(*at);
        }
        let pair = self.runs[run];
        let ran = match (pair.a, pair.b) {
            (Some(a), _) => &self.both.a.ran[a],
            (None, b) => &self.both.b.ran[b.expect("a pair has at least one side")],
        };
        let package = ran.package.clone();
        let node = Node {
            package: package.clone(),
            role: Role::Run,
            inputs: Vec::new(),
            leaks: false,
        };
        let details = Details {
            changes,
            only: match (pair.a, pair.b) {
                (Some(_), Some(_)) => None,
                (a, _) => Some(if a.is_some() { "A" } else { "B" }),
            },
            ..Details::default()
        };
        let at = self.add(Key::Run(run), node, details);
        let mut inputs = Vec::new();
        let of_package = |i: &usize| self.of(*i).package == package;
        let units: Vec<usize> = (0..self.units.len()).filter(of_package).collect();
        for unit in units {
            if self.of(unit).is_script() {
                if let Some(a) = self.units[unit].a {
                    let program = &self.both.a.units[a];
                    let reads = self.both.a.reads(program);
                    self.details[at].sources = self.sources(&reads);
                    self.details[at].packages = self.used(unit).1;
                }
                if !self.differing(unit)?.is_empty() {
                    inputs.push(self.unit(unit)?);
                }
            } else if self.run_of(unit) == Some(run) {
                inputs.extend(self.told_by_dependencies(unit)?);
            }
        }
        inputs.sort_unstable();
        inputs.dedup();
        self.nodes[at].inputs = inputs;
        Ok(at)
    }

    /// Runs of direct dependencies whose metadata differs: the script was given it as DEP_* variables.
    fn told_by_dependencies(&mut self, unit: usize) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for (dependency, _) in self.externs(unit) {
            let Some(run) = self.run_of(dependency) else {
                continue;
            };
            let mut told = self.both.of_run(self.runs[run])?;
            told.retain(|c| matches!(c.what, What::Metadata(_)) && !c.only_roots);
            if !told.is_empty() {
                found.push(self.run(run, told)?);
            }
        }
        Ok(found)
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

fn role(unit: &Unit) -> Role {
    if unit.is_script() {
        Role::Program
    } else if unit.makes("proc-macro") {
        Role::ProcMacro
    } else if unit.makes("bin") {
        Role::Bin
    } else {
        Role::Lib
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
fn renamed(
    a: &Trace,
    b: &Trace,
    units: &[Pair],
    runs: &[Pair],
) -> (Vec<(String, String)>, Vec<(String, String)>) {
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
            add(
                dir(&a.ran[i].out_dir),
                dir(&b.ran[j].out_dir),
                format!("<run {n}>"),
            );
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

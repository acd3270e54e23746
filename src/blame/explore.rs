//! Walks back from the artifacts that differ through their inputs: one node for each unit and each
//! build-script run whose result differs, with its differences. Files are compared only on this
//! walk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use repro_explain::Package;

use crate::blame::canonical::Canonical;
use crate::blame::changes::{Change, Value, What};
use crate::blame::culprit::add_new;
use crate::blame::graph::{Node, Role};
use crate::blame::paired::Paired;
use crate::cargo::units::Unit;
use crate::compare::{Comparison, Pair as Artifacts};
use crate::fs;
use crate::verdict::Status;

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
    /// Of a run: variables that the build script says it depends on.
    pub declared: Vec<String>,
    /// Where it is in the traces of A and B, if both have it.
    pub pair: Option<(usize, usize)>,
    /// What its outputs that differ are.
    pub labels: Vec<String>,
    /// Only one build made it: which.
    pub only: Option<&'static str>,
}

/// What was found on the way back.
pub struct DivergedUnits {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Of each node.
    pub details: Vec<Details>,
    /// The nodes of the artifacts that differ.
    pub ends: Vec<usize>,
    /// Artifacts that differ and that no unit is known for, with what is known: sentences.
    pub unblamed: Vec<String>,
    /// The directories of A and B.
    pub roots: (Canonical, Canonical),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Unit(usize),
    Run(usize),
}

/// Goes back through both builds.
pub struct Explorer<'a> {
    paired: Paired<'a>,
    nodes: Vec<Node>,
    details: Vec<Details>,
    known: BTreeMap<Key, usize>,
}

impl<'a> Explorer<'a> {
    /// Of both builds.
    pub fn new(paired: Paired<'a>) -> Explorer<'a> {
        Explorer { paired, nodes: Vec::new(), details: Vec::new(), known: BTreeMap::new() }
    }

    /// Goes back from all artifacts that differ and count.
    pub fn explore(mut self, comparison: &Comparison) -> Result<DivergedUnits> {
        let (mut ends, mut unblamed) = (Vec::new(), Vec::new());
        let differs = |p: &&Artifacts| p.in_verdict() && p.status() != Status::Same;
        for pair in comparison.pairs.iter().filter(differs) {
            let name = &pair.either().name;
            match self.paired.maker(pair)? {
                None => unblamed.push(format!("the rustc call that made `{name}` is unknown")),
                Some(unit) if self.paired.differing(unit)?.is_empty() => unblamed.push(format!(
                    "rustc made `{name}` the same on both sides, and it was changed after that"
                )),
                Some(unit) => add_new(&mut ends, self.unit(unit)?),
            }
        }
        let both = self.paired.both;
        Ok(DivergedUnits {
            roots: (both.roots_a, both.roots_b),
            nodes: self.nodes,
            details: self.details,
            ends,
            unblamed,
        })
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
        let this = self.paired.of(unit);
        let node = Node {
            package: this.package.clone(),
            role: role(this),
            inputs: Vec::new(),
            leaks: false,
        };
        let at = self.add(Key::Unit(unit), node, Details::default());
        let mut inputs = Vec::new();
        for (from, label) in self.paired.made_from(unit) {
            if self.paired.differing(from)?.contains(&label) {
                add_new(&mut inputs, self.unit(from)?);
            }
        }
        let pair = self.paired.units[unit];
        let details = match (pair.a, pair.b) {
            (Some(a), Some(b)) => self.unit_details(at, unit, (a, b), &mut inputs)?,
            (a, _) => Details { only: Some(self.only(a.is_some())), ..Details::default() },
        };
        self.nodes[at].inputs = inputs;
        let (macros, packages) = self.paired.used(unit);
        self.details[at] = Details { macros, packages, ..details };
        Ok(at)
    }

    /// What the build is called that alone has something.
    fn only(&self, is_a: bool) -> &'static str {
        let both = &self.paired.both;
        if is_a { both.a.side.label() } else { both.b.side.label() }
    }

    /// What a unit read that differs; and whether its build script is among its inputs.
    fn unit_details(
        &mut self,
        at: usize,
        unit: usize,
        (a, b): (usize, usize),
        inputs: &mut Vec<usize>,
    ) -> Result<Details> {
        let (unit_a, unit_b) = (&self.paired.both.a.units[a], &self.paired.both.b.units[b]);
        let (reads_a, reads_b) =
            (self.paired.both.a.reads(unit_a), self.paired.both.b.reads(unit_b));
        let labels = self.paired.differing(unit)?;
        let outputs: Vec<(PathBuf, PathBuf)> = self.paired.outputs_a[a]
            .iter()
            .filter_map(|(label, x)| Some((x, self.paired.outputs_b[b].get(label)?)))
            .map(|(x, y)| (self.paired.both.a.now(x), self.paired.both.b.now(y)))
            .collect();
        let run = self.paired.run_of(unit);
        let mut set_by_script = BTreeSet::new();
        let mut perhaps = Vec::new();
        if let Some(run) = run {
            let left = self.paired.left(run)?;
            set_by_script = self.paired.variables(run);
            let libraries = self.paired.native_libraries(run);
            let mut certain = Vec::new();
            for change in left {
                match self.paired.reaches(&change, &reads_a, &outputs, &libraries)? {
                    Some(true) => certain.push(change),
                    Some(false) => perhaps.push(change),
                    None => {}
                }
            }
            certain.extend(self.paired.both.of_source(&reads_a, &reads_b)?);
            if !certain.is_empty() || self.paired.is_alone(run) {
                inputs.push(self.run(run, certain)?);
            }
        }
        let mut changes = self.paired.both.of_env(&reads_a, &reads_b, &set_by_script);
        if run.is_none() {
            changes.extend(self.paired.both.of_source(&reads_a, &reads_b)?);
        }
        let mut leaks = false;
        let from: Vec<usize> = inputs.clone();
        for change in &mut changes {
            let shows = self.paired.shows(change, &outputs)? && !self.shows_below(change, &from)?;
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
            pair: Some((a, b)),
            labels: labels.into_iter().collect(),
            outputs: outputs.into_iter().filter(differing).collect(),
            sources: self.paired.sources(&reads_a),
            ..Details::default()
        })
    }

    /// Whether it came with what the unit is made from.
    fn shows_below(&self, change: &Change, inputs: &[usize]) -> Result<bool> {
        for input in inputs {
            if self.paired.shows(change, &self.details[*input].outputs)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The node of a build-script run of which `changes` made a difference.
    fn run(&mut self, run: usize, changes: Vec<Change>) -> Result<usize> {
        if let Some(at) = self.known.get(&Key::Run(run)) {
            changes.into_iter().for_each(|c| add_new(&mut self.details[*at].changes, c));
            return Ok(*at);
        }
        let pair = self.paired.runs[run];
        let (trace, ran) = self.paired.both.first(pair);
        let package = trace.ran[ran].package.clone();
        let node =
            Node { package: package.clone(), role: Role::Run, inputs: Vec::new(), leaks: false };
        let details = Details {
            changes,
            declared: self.paired.declared(run),
            pair: pair.a.zip(pair.b),
            only: match (pair.a, pair.b) {
                (Some(_), Some(_)) => None,
                (a, _) => Some(self.only(a.is_some())),
            },
            ..Details::default()
        };
        let at = self.add(Key::Run(run), node, details);
        let mut inputs = Vec::new();
        let of_package = |i: &usize| self.paired.of(*i).package == package;
        let units: Vec<usize> = (0..self.paired.units.len()).filter(of_package).collect();
        for unit in units {
            if self.paired.of(unit).is_script() {
                if let Some(a) = self.paired.units[unit].a {
                    let program = &self.paired.both.a.units[a];
                    let reads = self.paired.both.a.reads(program);
                    self.details[at].sources = self.paired.sources(&reads);
                    self.details[at].packages = self.paired.used(unit).1;
                }
                if !self.paired.differing(unit)?.is_empty() {
                    inputs.push(self.unit(unit)?);
                }
            } else if self.paired.run_of(unit) == Some(run) {
                inputs.extend(self.told_by_dependencies(unit)?);
            }
        }
        inputs.sort_unstable();
        inputs.dedup();
        self.nodes[at].inputs = inputs;
        Ok(at)
    }

    /// Runs of direct dependencies that told the script something that differs, as DEP_* variables:
    /// a value, or an OUT_DIR whose files differ.
    fn told_by_dependencies(&mut self, unit: usize) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for (dependency, _) in self.paired.externs(unit) {
            let Some(run) = self.paired.run_of(dependency) else { continue };
            let hands_on = self.paired.hands_on_its_directory(run);
            let mut told = self.paired.left(run)?;
            told.retain(|c| match c.what {
                What::Metadata(_) => !c.only_roots,
                What::Left(_) => hands_on && !c.only_roots,
                _ => false,
            });
            if !told.is_empty() {
                found.push(self.run(run, told)?);
            }
        }
        Ok(found)
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

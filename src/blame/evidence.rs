//! Why a unit diverged first: one line for each piece of evidence, causes and remedies.
//! Reads the inputs and outputs of the units that [`super::graph`] suspects, and lets `repro_explain` look for causes.
//! A suspect that may only follow from another one is kept if it has a cause that the other does not have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_explain::cause::Cause;
use repro_explain::finding::{At, Finding};
use repro_explain::known_crates::{self, KnownCrate};
use repro_explain::{Context, explain, remedy};
use repro_formats::names::visible;

use crate::blame::changes::{Change, Value, What, text_of};
use crate::blame::culprit::{Culprit, Parts, Proof, Subject, UnitKind, add_new};
use crate::blame::expand::expand;
use crate::blame::explore::{Details, DivergedUnits};
use crate::blame::graph::{Role, Suspect};
use crate::blame::one_line::place;
use crate::blame::values::values_of;
use crate::cargo::trace::Trace;
use crate::{fs, variation};

/// What to do about a culprit whose cause is not known.
const UNKNOWN: &str = "no known cause fits: look at what writes these bytes";
/// How many findings of the same files become evidence.
const FINDINGS: usize = 4;
/// How many changes of one unit are read and shown; there may be thousands of files.
const CHANGES: usize = 12;
/// How many values of one unit are looked for in other outputs.
const VALUES: usize = 64;

/// What is needed to look for evidence.
pub struct Evidence<'a> {
    /// What was found on the way back.
    pub found: &'a DivergedUnits,
    /// What is known of both builds.
    pub context: &'a Context,
    /// Both builds, where crates are to be expanded.
    pub expand: Option<(&'a Trace, &'a Trace)>,
    /// Directory for files of its own.
    pub scratch: &'a Path,
    /// Root directories of the source and of cargo's home, which paths are shown below.
    pub roots: Vec<PathBuf>,
}

/// What was said of a culprit so far.
#[derive(Default)]
struct Notes {
    causes: Vec<Cause>,
    evidence: Vec<String>,
    remedies: Vec<String>,
}

impl Notes {
    fn take(&mut self, findings: &[Finding]) {
        let real = || findings.iter().filter(|f| !f.consequence);
        let known = real().any(|f| f.cause != Cause::Unknown);
        for finding in real().filter(|f| !known || f.cause != Cause::Unknown) {
            add_new(&mut self.causes, finding.cause);
            if !finding.remedy.is_empty() {
                add_new(&mut self.remedies, finding.remedy.clone());
            }
        }
    }
}

impl Evidence<'_> {
    /// The culprits among those suspected. One that may be a mere consequence of another is kept if
    /// there is a cause that the other does not have.
    pub fn culprits(&self, suspects: &[Suspect]) -> Result<Vec<Culprit>> {
        let mut causes: Vec<(usize, Vec<Cause>)> = Vec::new();
        let mut culprits: Vec<Culprit> = Vec::new();
        for (n, suspect) in suspects.iter().enumerate() {
            let culprit = self.culprit(n, suspect)?;
            let behind = |(node, _): &&(usize, Vec<Cause>)| suspect.perhaps_of.contains(node);
            let explained: BTreeSet<Cause> =
                causes.iter().filter(behind).flat_map(|(_, c)| c.clone()).collect();
            let own = |c: &Cause| is_telling(*c) && !explained.contains(c);
            causes.push((suspect.node, culprit.causes.clone()));
            if !suspect.perhaps_of.is_empty() && !culprit.causes.iter().any(own) {
                continue;
            }
            let same = |c: &&mut Culprit| c.package == culprit.package && c.unit == culprit.unit;
            match culprits.iter_mut().find(same) {
                Some(one) => merge(one, culprit),
                None => culprits.push(culprit),
            }
        }
        Ok(culprits)
    }

    fn culprit(&self, n: usize, suspect: &Suspect) -> Result<Culprit> {
        let node = &self.found.nodes[suspect.node];
        let details = &self.found.details[suspect.node];
        // Remedies are for the packages that can be the reason.
        let context = Context { packages: details.packages.clone(), ..self.context.clone() };
        let mut notes = Notes::default();
        if let Some(side) = details.only {
            let line = format!("only build {side} has it");
            notes.evidence.push(line);
        }
        let counts = |c: &&Change| !c.only_roots || node.role == Role::Run;
        let counted: Vec<&Change> = details.changes.iter().filter(counts).collect();
        for (i, change) in counted.iter().take(CHANGES).enumerate() {
            let name = format!("{n}-{i}");
            let findings = self.of_change(change, &name, &context)?;
            let line = self.line(change, node.role, details, &findings)?;
            notes.evidence.push(line);
            notes.take(&findings);
        }
        if counted.len() > CHANGES {
            let more = counted.len() - CHANGES;
            notes.evidence.push(format!("and {more} more of the kind"));
        }
        for name in &details.declared {
            if let Some(row) = variation::of_variable(name) {
                let variation = row.text;
                let line =
                    format!("it declares that it depends on {name} (variation `{variation}`)");
                notes.evidence.push(line);
            }
        }
        if node.inputs.is_empty() {
            self.of_outputs(details, &context, &mut notes)?;
            if counted.is_empty() {
                notes.evidence.extend(self.fellows(suspect.node));
            }
        }
        if let (Some((a, b)), Some((x, y)), true) =
            (self.expand, &details.units, node.role != Role::Run)
        {
            let line = expand((a, x), (b, y), self.scratch);
            let line = line.unwrap_or_else(|e| format!("it could not be expanded: {e:#}"));
            notes.evidence.insert(0, line);
        }
        if notes.causes.iter().any(|c| *c != Cause::Unknown) {
            notes.causes.retain(|c| *c != Cause::Unknown);
        }
        if notes.causes.is_empty() {
            notes.causes.push(Cause::Unknown);
        }
        if notes.remedies.is_empty() {
            let general = notes.causes.iter().map(|c| remedy::general(*c));
            notes.remedies.extend(general.map(str::to_string));
        }
        // It sends the reader of two files to `repro build`, which is what runs here.
        for remedy in notes.remedies.iter_mut().filter(|r| **r == remedy::general(Cause::Unknown)) {
            *remedy = UNKNOWN.to_string();
        }
        let mut via = Vec::new();
        for node in &suspect.via {
            let package = &self.found.nodes[*node].package;
            if *package != self.found.nodes[suspect.node].package {
                add_new(&mut via, package.clone());
            }
        }
        Ok(Culprit {
            package: node.package.clone(),
            unit: kind(node.role),
            causes: notes.causes,
            evidence: notes.evidence.iter().map(|l| visible(l)).collect(),
            source: counted.iter().find_map(|change| self.of_source(change, details)),
            remedies: notes.remedies,
            packages: details.packages.clone(),
            values: self.values(&counted)?,
            via,
            subjects: self.subject(suspect.node).into_iter().collect(),
            proof: Proof::Suspected("replays are switched off by `--no-replay`".to_string()),
        })
    }

    /// What can be run again of a node that both builds have.
    fn subject(&self, node: usize) -> Option<Subject> {
        let details = &self.found.details[node];
        let (a, b) = details.pair?;
        let parts = match self.found.nodes[node].role {
            Role::Run => {
                let changes = details.changes.iter();
                Parts::Run(changes.map(|c| (c.what.clone(), c.only_roots)).collect())
            }
            _ => Parts::Call(details.labels.clone()),
        };
        Some(Subject { a, b, parts, alone: self.found.nodes[node].inputs.is_empty() })
    }

    /// What differs within texts that the unit left and told.
    fn values(&self, changes: &[&Change]) -> Result<Vec<(String, String)>> {
        let mut values = Vec::new();
        for change in changes.iter().take(CHANGES) {
            match (&change.a, &change.b) {
                (Value::Text(a, _), Value::Text(b, _)) => values.extend(values_of(a, b)),
                (Value::File(a), Value::File(b)) => {
                    if let (Some(a), Some(b)) = (text_of(a)?, text_of(b)?) {
                        values.extend(values_of(&a, &b));
                    }
                }
                _ => {}
            }
        }
        values.sort();
        values.dedup();
        values.truncate(VALUES);
        Ok(values)
    }

    fn of_change(&self, change: &Change, name: &str, context: &Context) -> Result<Vec<Finding>> {
        let write = |text: &str, side: &str| -> Result<Option<PathBuf>> {
            let path = self.scratch.join(format!("{name}-{side}.txt"));
            fs::write(&path, text)?;
            Ok(Some(path))
        };
        let file = |value: &Value, side: &str| match value {
            Value::Nothing => write("", side),
            Value::File(path) => Ok(path.is_file().then(|| path.clone())),
            Value::Text(text, _) => write(text, side),
        };
        match (file(&change.a, "a")?, file(&change.b, "b")?) {
            _ if change.what == What::Id => Ok(vec![Finding {
                remedy: "build with `--inject wrapper`, which makes the ids of such crates canonical, or move the package below the workspace root".to_string(),
                ..Finding::new(Cause::BuildPath, At::Named("id"), "", "")
            }]),
            (Some(a), Some(b)) => Ok(explain(&a, &b, context).findings),
            _ => Ok(Vec::new()),
        }
    }

    /// What the outputs themselves say of a unit whose inputs all agree.
    fn of_outputs(&self, details: &Details, context: &Context, notes: &mut Notes) -> Result<()> {
        // A variable that it reads and that differs is reason enough.
        let known = !notes.evidence.is_empty();
        if let Some((a, b)) = details.outputs.iter().max_by_key(|(a, _)| rank(a)) {
            let mut findings = explain(a, b, context).findings;
            // Where the reason is known, the outputs only tell whether there is another.
            findings.retain(|f| {
                !f.consequence
                    && (!known || is_telling(f.cause) && !notes.causes.contains(&f.cause))
            });
            notes.take(&findings);
            findings.sort_by_key(|f| f.cause == Cause::Unknown);
            for finding in findings.iter().take(FINDINGS) {
                notes.evidence.push(place(finding));
            }
        }
        if known || details.outputs.is_empty() {
            return Ok(());
        }
        known_crates(details, notes);
        let paths: Vec<&Change> = details.changes.iter().filter(|c| c.only_roots).collect();
        notes.evidence.push(match (details.macros.as_slice(), paths.is_empty()) {
            ([], true) => "all its inputs are the same, and it uses no procedural macro: the compiler made the difference".to_string(),
            ([], false) => "its inputs are the same but for directories of the build, and it uses no procedural macro".to_string(),
            (macros, true) => format!(
                "all its inputs are the same: a procedural macro or the compiler made the difference; it uses {}",
                macros.join(", ")
            ),
            (macros, false) => format!(
                "its inputs are the same but for directories of the build; it uses the procedural macros of {}",
                macros.join(", ")
            ),
        });
        for change in details.perhaps.iter().filter(|c| !c.only_roots).take(3) {
            let line = self.line(change, Role::Run, details, &[])?;
            let line = format!("possibly, although nothing shows that it is read: {line}");
            notes.evidence.push(line);
        }
        if notes.causes.iter().any(|c| *c != Cause::Unknown) {
            return Ok(());
        }
        // A directory need not stand in the bytes as it is to make a difference.
        let of_unknown = std::mem::take(&mut notes.remedies);
        for (i, change) in paths.into_iter().enumerate() {
            let line = self.line(change, Role::Lib, details, &[])?;
            notes.evidence.push(format!("perhaps: {line}"));
            let name = format!("perhaps-{i}");
            notes.take(&self.of_change(change, &name, context)?);
        }
        if notes.remedies.is_empty() {
            notes.remedies = of_unknown;
        }
        Ok(())
    }

    /// Crates that follow from others and use the same macros, which may have done it there too.
    fn fellows(&self, node: usize) -> Option<String> {
        let macros = &self.found.details[node].macros;
        let uses = |d: &Details| d.macros.iter().any(|m| macros.contains(m));
        let mut packages = Vec::new();
        for (i, (other, details)) in self.found.nodes.iter().zip(&self.found.details).enumerate() {
            if i != node && !other.inputs.is_empty() && uses(details) {
                add_new(&mut packages, other.package.clone());
            }
        }
        (!packages.is_empty()).then(|| {
            format!(
                "{} can also use it, and differs at least because of others",
                packages.join(", ")
            )
        })
    }
}

/// Crates that are known to put what differs into those that use them, where the bytes do not tell.
fn known_crates(details: &Details, notes: &mut Notes) {
    if notes.causes.iter().any(|c| *c != Cause::Unknown) {
        return;
    }
    let mut rest = std::mem::take(&mut notes.remedies);
    for package in &details.packages {
        let has = |feature: &str| Some(package.features.iter().any(|f| f == feature));
        let fits = |r: &&KnownCrate| r.into_users && r.fits(&package.name, &package.version, has);
        for row in known_crates::all().iter().filter(fits) {
            row.causes.iter().for_each(|c| add_new(&mut notes.causes, *c));
            add_new(&mut notes.remedies, row.remedy.clone());
            let feature = match row.features.is_empty() {
                true => String::new(),
                false => format!(" with `{}`", row.features.join("`, `")),
            };
            notes.evidence.push(format!(
                "{} {}{feature} is known for it: {}",
                package.name, package.version, row.source
            ));
        }
    }
    if notes.remedies.is_empty() {
        notes.remedies.append(&mut rest);
    }
}

/// The output that says most: a library with its objects before its metadata.
fn rank(path: &Path) -> u8 {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    match ending.as_ref() {
        "rmeta" => 0,
        "rlib" => 2,
        _ => 1,
    }
}

/// Causes that a machine or a moment leaves, and not merely another one's random bytes.
fn is_telling(cause: Cause) -> bool {
    use Cause::*;
    !matches!(
        cause,
        Unknown
            | Randomness
            | Ordering
            | SymbolHash
            | CrateMetadata
            | BuildId
            | CompilerVersion
            | LinkerVersion
    )
}

fn kind(role: Role) -> UnitKind {
    match role {
        Role::Run | Role::Program => UnitKind::BuildScript,
        Role::ProcMacro => UnitKind::ProcMacro,
        Role::Lib => UnitKind::Lib,
        Role::Bin => UnitKind::Bin,
    }
}

fn merge(one: &mut Culprit, other: Culprit) {
    fn all<T: PartialEq>(list: &mut Vec<T>, items: Vec<T>) {
        items.into_iter().for_each(|item| add_new(list, item));
    }
    all(&mut one.causes, other.causes);
    all(&mut one.evidence, other.evidence);
    all(&mut one.remedies, other.remedies);
    all(&mut one.packages, other.packages);
    all(&mut one.values, other.values);
    all(&mut one.via, other.via);
    one.source = one.source.take().or(other.source);
    one.subjects.extend(other.subjects);
}

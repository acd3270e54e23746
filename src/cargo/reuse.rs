//! The ledger within the rustc wrapper: finds what a call reads, takes its outputs from the ledger if
//! an entry fits, or makes the call and writes down what an entry would need.
//!
//! Decides nothing about what enters the ledger: that is for the process outside, once both builds are
//! compared. If unsure, the call is made.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::Result;
use repro_formats::digest;
use serde::{Deserialize, Serialize};

use crate::cargo::rustc_args::{self, is_within};
use crate::cargo::{assembler, rustc_call};
use crate::ledger::entry::{self, Entry, Inputs, Output};
use crate::ledger::store;
use crate::shim::watch::Read;
use crate::{fs, process};
use crates::Crate;
pub use ledger_call::LedgerCall;

mod crates;
mod ledger_call;
mod watched;

/// In the wrapper's directory: a line for each call.
const CALLS: &str = "ledger.jsonl";
/// Variables beginning so that lead to programs.
const PROGRAMS: [&str; 5] =
    ["RUSTC", "RUSTDOC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTUP_"];
/// Where descriptions of targets are searched for.
const TARGETS: &str = "RUST_TARGET_PATH";
/// How variables end that decide for which version of Apple's systems code is made.
const TARGET_VERSION: &str = "_DEPLOYMENT_TARGET";
/// In place of the digest of a file that is not there.
const ABSENT: &str = "absent";
/// Behind the digest of a file that its owner may run: the rest of its mode follows from the umask, which is varied.
const EXECUTABLE: &str = "executable";
/// More than this is not kept of what a call prints.
const LONGEST: usize = 1 << 20;

/// What came of one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// [`crate::cargo::units::Unit::stem`], which is its own.
    pub stem: String,
    /// `name version` of the package.
    pub package: String,
    /// The crate.
    pub crate_name: String,
    /// `--crate-type`, all of them: a program and a library can have one stem.
    pub types: Vec<String>,
    /// `--out-dir`.
    pub out_dir: String,
    /// What was done.
    pub done: Done,
}

/// What was done for a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Done {
    /// Its outputs were taken from the entry with this key; `own` if this user wrote it.
    Reused {
        /// The key.
        key: String,
        /// Whether this user wrote the entry.
        own: bool,
    },
    /// It was made, and this would be its entry.
    Made(Box<Entry>),
    /// It was made, and is not remembered: why.
    Not(String),
}

/// The calls of a finished build.
///
/// # Errors
/// The list cannot be read.
pub fn calls(dir: &Path) -> Result<Vec<Call>> {
    fs::read_lines(&dir.join(CALLS), "the calls of the ledger")
}

/// A call that can be remembered.
struct Plain {
    primary: String,
    externs: BTreeMap<String, String>,
    trees: BTreeMap<String, String>,
    /// Where these are.
    dirs: Vec<PathBuf>,
}

impl LedgerCall<'_> {
    /// Takes the outputs from the ledger, or runs `command`.
    ///
    /// # Errors
    /// rustc cannot be run.
    pub fn run(&self, command: &mut Command) -> Result<ExitCode> {
        let below = self.below();
        let plain = self.plain(&below);
        if let Ok(plain) = &plain
            && let Some((own, entry)) = self.find(plain)
            && self.take(&entry, &below).is_some()
        {
            self.write_down(Done::Reused { key: entry.key(), own })?;
            // Only now: dependents start with the first of them.
            let _ = std::io::stderr().write_all(self.spec.places.real(&entry.messages).as_bytes());
            return Ok(ExitCode::SUCCESS);
        }
        let record = self.dir.join(format!("{}.watched", self.unit.link_name()));
        if let Ok(plain) = &plain {
            let preloaded = self.env.get(OsStr::new("LD_PRELOAD"));
            watched::watch(self.spec, &record, &plain.primary, preloaded.map(|v| &**v), command);
        }
        let (status, messages) = self.compile(command, &below)?;
        if status.success() {
            let done = plain.and_then(|plain| {
                let read = self.spec.watch.as_ref().map(|_| watched::read(&record)).transpose()?;
                self.entry(plain, &messages, read)
            });
            self.write_down(match done {
                Ok(entry) => Done::Made(Box::new(entry)),
                Err(why) => Done::Not(why),
            })?;
        }
        Ok(process::exit_code(status))
    }

    fn write_down(&self, done: Done) -> Result<()> {
        let call = Call {
            stem: self.unit.stem(),
            package: self.unit.package.clone(),
            crate_name: self.unit.crate_name.clone(),
            types: self.unit.crate_types.clone(),
            out_dir: self.unit.out_dir.clone(),
            done,
        };
        fs::append_line(&self.dir.join(CALLS), &call)
    }

    /// Whether it can be remembered; an error is a clause.
    fn plain(&self, below: &BTreeMap<String, Option<Crate>>) -> Result<Plain, String> {
        let known = rustc_args::read(self.args)?;
        let mut externs = BTreeMap::new();
        for (stem, known) in below {
            let known = known.as_ref().ok_or_else(|| format!("uses `{stem}`, which is unknown"))?;
            if let Some(why) = &known.unlisted {
                return Err(why.clone());
            }
            externs.insert(stem.clone(), known.identity.clone());
        }
        let out_dir = self.unit.script_output.iter().map(PathBuf::from);
        let dirs: Vec<_> = out_dir.chain(known.searched.iter().cloned()).collect();
        let mut trees = BTreeMap::new();
        for dir in &dirs {
            if !is_within(dir, &self.spec.inside) {
                return Err(format!("searches `{}` for libraries", dir.display()));
            }
            let name = self.canonical(&dir.display().to_string())?;
            let digest = entry::of_tree(dir).map_err(|e| crate::error::one_line(&e))?;
            trees.insert(name, digest);
        }
        let words: Result<Vec<_>, _> = known.words.iter().map(|w| self.canonical(w)).collect();
        let rustc_reads = |name: &str| {
            name.ends_with(TARGET_VERSION)
                || name.starts_with("RUST")
                    && !PROGRAMS
                        .iter()
                        .any(|p| name == *p || p.ends_with('_') && name.starts_with(p))
        };
        let mut env = BTreeMap::new();
        for (name, value) in self.env {
            let name = name.to_string_lossy().into_owned();
            if name == TARGETS {
                return Err(format!("has `{TARGETS}`"));
            }
            if rustc_reads(&name) {
                env.insert(name, self.canonical(&value.to_string_lossy())?);
            }
        }
        let dir = self.canonical(&self.unit.dir)?;
        let given = known
            .externs
            .iter()
            .map(|(name, path)| (name, path.file_stem().map(OsStr::to_string_lossy)));
        let call = (words?, given.collect::<Vec<_>>(), env, dir);
        let primary = entry::digest_of(&(&self.spec.base, &self.unit.package, call));
        Ok(Plain { primary, externs, trees, dirs })
    }

    /// An entry whose inputs are what they are now.
    fn find(&self, plain: &Plain) -> Option<(bool, Entry)> {
        let text = std::fs::read(self.spec.view.join(&plain.primary)).ok()?;
        let entries: Vec<(bool, Entry)> = serde_json::from_slice(&text).ok()?;
        let mut digests: BTreeMap<String, Option<String>> = BTreeMap::new();
        entries.into_iter().find(|(_, entry)| {
            let mut files = BTreeMap::new();
            for name in entry.inputs.files.keys() {
                let now = digests
                    .entry(name.clone())
                    .or_insert_with(|| content(Path::new(&self.spec.places.real(name))));
                let Some(now) = now else { return false };
                files.insert(name.clone(), now.clone());
            }
            let names = entry.inputs.env.keys();
            let Ok(env) = self.variables(names) else { return false };
            let (mut externs, trees) = (plain.externs.clone(), plain.trees.clone());
            for name in entry.inputs.externs.keys() {
                if !externs.contains_key(name) {
                    let Some(identity) = self.found(name) else { return false };
                    externs.insert(name.clone(), identity);
                }
            }
            let now = Inputs { externs, files, env, trees };
            entry.primary == plain.primary && now == entry.inputs
        })
    }

    fn variables<'n>(
        &self,
        names: impl Iterator<Item = &'n String>,
    ) -> Result<BTreeMap<String, Option<String>>, String> {
        let read = |name: &String| match self.env.get(OsStr::new(name)).map(|v| v.to_str()) {
            Some(Some(value)) => Ok((name.clone(), Some(self.canonical(value)?))),
            None => Ok((name.clone(), None)),
            Some(None) => Err(format!("asks for the variable `{name}`, which is not text")),
        };
        names.map(read).collect()
    }

    /// Puts the outputs of an entry where rustc would. None where one of them is not as it was.
    fn take(&self, entry: &Entry, below: &BTreeMap<String, Option<Crate>>) -> Option<()> {
        let out_dir = Path::new(&self.unit.out_dir);
        let metadata = entry.outputs.iter().find(|o| o.name.ends_with(".rmeta"))?;
        for output in &entry.outputs {
            store::restore(&self.spec.blobs, output, &out_dir.join(&output.name)).ok()?;
        }
        fs::write(&self.dep_info(), self.spec.places.real(&entry.dep_info)).ok()?;
        self.describe(&metadata.sha256, below)
    }

    /// Runs rustc; returns how it ended and what it printed.
    fn compile(
        &self,
        command: &mut Command,
        below: &BTreeMap<String, Option<Crate>>,
    ) -> Result<(ExitStatus, String)> {
        let mut messages = Vec::new();
        let mut described = None;
        // Dep-info is there before the metadata.
        let describe = |made: &Path| {
            digest::of_file(made).ok().and_then(|digest| self.describe(&digest.sha256, below))
        };
        let status = rustc_call::run(command, |line| {
            if described.is_none()
                && let Some(path) = metadata_in(line)
            {
                described = describe(Path::new(&path));
            }
            messages.extend_from_slice(line);
            Ok(())
        })?;
        if described.is_none() && status.success() {
            self.outputs().first().and_then(|path| describe(path));
        }
        Ok((status, String::from_utf8_lossy(&messages).into_owned()))
    }

    /// Adds a file to the inputs; an error is a clause.
    fn add_file(&self, path: &Path, files: &mut BTreeMap<String, String>) -> Result<(), String> {
        let name = self.canonical(&path.display().to_string())?;
        if files.contains_key(&name) {
            return Ok(());
        }
        let content = content(path).ok_or_else(|| format!("reads `{}`", path.display()))?;
        files.insert(name, content);
        Ok(())
    }

    /// What would be remembered of the call that was made; an error is a clause. `watched` is none where nothing
    /// can be watched.
    fn entry(
        &self,
        plain: Plain,
        messages: &str,
        watched: Option<BTreeSet<Read>>,
    ) -> Result<Entry, String> {
        let Plain { primary, mut externs, trees, dirs } = plain;
        if messages.len() > LONGEST {
            return Err("prints too much".to_string());
        }
        let (text, reads) = self.reads()?;
        let mut files = BTreeMap::new();
        for path in reads.files.iter().map(|file| self.file(file)) {
            if !is_within(&fs::normalized(&path), &self.spec.inside) {
                return Err(format!("reads `{}`", path.display()));
            }
            for path in [other_form(&path), Some(path)].into_iter().flatten() {
                self.add_file(&path, &mut files)?;
            }
        }
        let paths = reads.files.iter().map(|file| self.file(file));
        if watched.is_none()
            && assembler::in_files(paths).map_err(|e| e.to_string())? != assembler::Reads::Nothing
        {
            return Err("has assembler code, which can read files".to_string());
        }
        let mut names: Vec<String> = reads.env.into_iter().map(|(name, _)| name).collect();
        for read in watched.into_iter().flatten() {
            match watched::input(self, &dirs, read)? {
                watched::Input::Variable(name) => names.push(name),
                watched::Input::File(path) => self.add_file(&path, &mut files)?,
                watched::Input::Absent(path) if content(&path).as_deref() == Some(ABSENT) => {
                    self.add_file(&path, &mut files)?;
                }
                watched::Input::Absent(path) => {
                    return Err(format!("reads `{}`, which comes and goes", path.display()));
                }
                watched::Input::Crate(name) => {
                    let found = self.found(&name);
                    let found = found.ok_or_else(|| format!("reads `{name}`, which is unknown"))?;
                    externs.insert(name, found);
                }
                watched::Input::Known => {}
            }
        }
        let env = self.variables(names.iter())?;
        let mut outputs = Vec::new();
        for path in self.outputs() {
            let found = digest::of_file(&path).map_err(|e| e.to_string())?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            outputs.push(Output { name, sha256: found.sha256, size: found.size });
        }
        outputs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Entry {
            version: entry::VERSION.to_string(),
            package: self.unit.package.clone(),
            crate_name: self.unit.crate_name.clone(),
            primary,
            inputs: Inputs { externs, files, env, trees },
            outputs,
            dep_info: self.canonical(&text)?,
            messages: self.canonical(messages)?,
            varied: BTreeMap::new(),
        })
    }
}

/// The digest of a file and whether its owner may run it, or that there is none; none where it cannot be read.
fn content(path: &Path) -> Option<String> {
    match std::fs::metadata(path) {
        Err(e) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&e.kind()) => {
            Some(ABSENT.to_string())
        }
        meta => {
            let digest = digest::of_file(path).ok()?.sha256;
            Some(match fs::is_executable(&meta.ok()?) {
                true => format!("{digest} {EXECUTABLE}"),
                false => digest,
            })
        }
    }
}

/// The file that a module could be in as well: with both of them there, rustc fails.
fn other_form(path: &Path) -> Option<PathBuf> {
    match path.file_name()?.to_str()? {
        "mod.rs" => Some(path.parent()?.with_extension("rs")),
        name if name.ends_with(".rs") => Some(path.with_extension("").join("mod.rs")),
        _ => None,
    }
}

/// The metadata that a line of rustc's tells cargo of.
fn metadata_in(line: &[u8]) -> Option<String> {
    let said: serde_json::Value = serde_json::from_slice(line).ok()?;
    let path = said.get("artifact")?.as_str()?;
    path.ends_with(".rmeta").then(|| path.to_string())
}

#[cfg(test)]
mod tests;

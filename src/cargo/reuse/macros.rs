//! Procedural macros within calls that are remembered: which of them can be watched, and what they read as
//! inputs of the call that runs them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::rustc_args::is_within;
use crate::cargo::units::Unit;
use crate::fs;
use crate::ledger::Spec;
use crate::shim::watch::{self, Read};

/// What a macro read, as an input of the call.
pub(super) enum Input {
    /// A variable.
    Variable(String),
    /// A file, which need not be there.
    File(PathBuf),
}

/// What a record says; an error is a clause.
pub(super) fn read(record: &Path) -> Result<Vec<Read>, String> {
    let record = std::fs::read(record).unwrap_or_default();
    watch::read(&record)
        .ok_or_else(|| "uses a procedural macro, which could not be watched".to_string())
}

/// Has the macros of a call watched; the watcher writes to `record`. `preloaded` is what the call preloads already.
pub(super) fn watch(
    spec: &Spec,
    record: &Path,
    primary: &str,
    preloaded: Option<&OsStr>,
    command: &mut Command,
) {
    let _ = std::fs::remove_file(record);
    if let Some(object) = &spec.watch {
        let seed = format!("{}{primary}", spec.side);
        // The shim puts itself in front of whatever does not name it.
        let shim = spec.preload.as_ref().and_then(|path| path.to_str());
        let others = preloaded.and_then(|value| value.to_str());
        let others = others.into_iter().flat_map(|value| value.split([':', ' ']));
        let behind = shim.into_iter().chain(others.filter(|path| Some(*path) != shim));
        command.envs(watch::variables(object, record, &seed, behind));
    }
}

/// Why crates that use this procedural macro, made of these files, are not remembered; none if it can be
/// watched. `below` is why a crate that it is made of cannot.
pub(super) fn obstacle(
    spec: &Spec,
    name: &str,
    below: Option<&str>,
    files: &[PathBuf],
) -> Option<String> {
    let uses = |why: &str| format!("uses the procedural macro `{name}`: {why}");
    if spec.watch.is_none() {
        return Some("uses a procedural macro, which cannot be watched here".to_string());
    }
    if let Some(why) = below {
        return Some(uses(why));
    }
    let found = files.iter().find_map(|path| watch::obstacle(&std::fs::read(path).ok()?));
    match files.iter().all(|path| path.is_file()) && !files.is_empty() {
        true => found.map(|why| uses(&format!("it {why}"))),
        false => Some(uses("its library is not there")),
    }
}

/// What a macro of this unit read as an input; an error is a clause. Of the target directory only files in
/// OUT_DIR, which is an input as a whole: others there are written while rustc runs.
pub(super) fn input(spec: &Spec, unit: &Unit, read: Read) -> Result<Input, String> {
    let uses = |what: String| Err(format!("uses a procedural macro that {what}"));
    let path = match read {
        Read::Variable(name) => return Ok(Input::Variable(name)),
        Read::File(path) => Path::new(&unit.dir).join(path),
        Read::Called(name) => return uses(format!("called `{name}`")),
    };
    if !spec.files_varied {
        return uses("reads files, of which times and modes are not varied".to_string());
    }
    let real = fs::normalized(&path);
    let made = unit.script_output.as_deref().is_some_and(|out| real.starts_with(out));
    let written = spec.written.iter().any(|dir| real.starts_with(dir));
    match is_within(&real, &spec.inside) && (made || !written) {
        true if path.is_dir() => uses(format!("reads the directory `{}`", path.display())),
        true => Ok(Input::File(path)),
        false => uses(format!("reads `{}`", path.display())),
    }
}

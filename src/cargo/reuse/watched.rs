//! What a call reads beyond what its dep-info lists: files read by procedural macros, and by assembler code that
//! includes files. Decides which macros can be watched, and turns what was read into inputs of the call.
//! If a file that was read is no known kind of input, the call is not remembered.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ledger_call::LedgerCall;
use crate::cargo::rustc_args::is_within;
use crate::cargo::units::stem_of;
use crate::fs;
use crate::ledger::{SOURCES, Spec};
use crate::shim::watch::{self, Read};

/// What was read, as an input of the call.
pub(super) enum Input {
    /// A variable.
    Variable(String),
    /// A file, which need not be there.
    File(PathBuf),
    /// A crate that no argument names, by the name of its file.
    Crate(String),
    /// A file that is not there.
    Absent(PathBuf),
    /// It is another input already, or the call's own.
    Known,
}

/// Where rustc asks how many processors it may use, how much memory it has, and how wide the terminal is. A
/// directory ends in `/`.
const OF_PROCESS: [&str; 6] = [
    "/proc/self/cgroup", "/proc/self/maps", "/proc/self/mountinfo", "/proc/self/statm",
    "/sys/fs/cgroup/", "/dev/tty",
];

/// The variables that lead rustc to the jobserver.
const JOBSERVER: [&str; 3] = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];

/// How the names of libraries end that rustc looks into.
const CRATES: [&str; 3] = [".rmeta", ".rlib", ".so"];

/// How the names of directories begin in which rustc puts a library together.
const SCRATCH: [&str; 3] = ["rmeta", "rustc", ".tmp"];

/// What a record says; an error is a clause.
pub(super) fn read(record: &Path) -> Result<BTreeSet<Read>, String> {
    let record = std::fs::read(record).unwrap_or_default();
    watch::read(&record).ok_or_else(|| "could not be watched".to_string())
}

/// Has a call watched; the watcher writes to `record`. `preloaded` is what the call preloads already.
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

/// What the call read, as an input; an error is a clause. `trees` are directories that are inputs as a whole.
pub(super) fn input(call: &LedgerCall<'_>, trees: &[PathBuf], read: Read) -> Result<Input, String> {
    let at = |path: PathBuf| Path::new(&call.unit.dir).join(path);
    match read {
        Read::Variable(name) => Ok(Input::Variable(name)),
        Read::Called(name) => Err(format!("uses a procedural macro that called `{name}`")),
        Read::File(path) => {
            let found = by_macro(call, at(path));
            found.map_err(|what| format!("uses a procedural macro that reads {what}"))
        }
        Read::Opened(path) => opened(call, trees, at(path)),
        // Mostly the source of a macro from another crate, under a path that stands for the real one.
        Read::Missed(path) => Ok(match at(path) {
            path if is_own(call, &fs::normalized(&path)) => Input::Known,
            path => Input::Absent(path),
        }),
    }
}

/// Whether a path is in a place that the build reads from and does not write to.
fn is_source(spec: &Spec, real: &Path) -> bool {
    is_within(real, &spec.inside) && !is_within(real, &spec.written)
}

/// What a file is that a macro read; an error says what it is. Of the target directory only files in OUT_DIR
/// are inputs: others there are written while rustc runs.
fn by_macro(call: &LedgerCall<'_>, path: PathBuf) -> Result<Input, String> {
    let LedgerCall { spec, unit, .. } = call;
    if !spec.files_varied {
        return Err("files whose times and modes are not varied".to_string());
    }
    let real = fs::normalized(&path);
    let made = unit.script_output.as_deref().is_some_and(|out| real.starts_with(out));
    match is_source(spec, &real) || made && is_within(&real, &spec.inside) {
        true if path.is_dir() => Err(format!("the directory `{}`", path.display())),
        true => Ok(Input::File(path)),
        false => Err(format!("`{}`", path.display())),
    }
}

/// Whether rustc opens this to learn about its own process.
fn is_own(call: &LedgerCall<'_>, path: &Path) -> bool {
    OF_PROCESS.iter().any(|own| match own.ends_with('/') {
        true => path.starts_with(own),
        false => path == Path::new(own),
    }) || is_jobserver(call, path)
}

/// Whether this is a library of a target, or one of its sources, which the ledger counts as a part of the compiler.
fn is_standard(spec: &Spec, path: &Path) -> bool {
    if path.starts_with(spec.sysroot.join(SOURCES)) {
        return true;
    }
    let below = path.strip_prefix(spec.sysroot.join("lib/rustlib"));
    below.is_ok_and(|below| below.iter().nth(1).is_some_and(|dir| dir == "lib"))
}

/// What a file is that rustc opened. Most are its own business, but assembler code includes whatever it names.
fn opened(call: &LedgerCall<'_>, trees: &[PathBuf], path: PathBuf) -> Result<Input, String> {
    let LedgerCall { spec, unit, .. } = call;
    let real = fs::normalized(&path);
    if is_own(call, &real)
        || is_standard(spec, &real)
        || is_within(&real, trees)
        || unit.externs.iter().any(|given| Path::new(given) == real)
    {
        return Ok(Input::Known);
    }
    if let Ok(below) = real.strip_prefix(&unit.out_dir) {
        let names: Vec<_> = below.iter().map(OsStr::to_string_lossy).collect();
        let made = |name: &str| stem_of(name) == unit.stem() || name.starts_with(&unit.link_name());
        match &*names {
            [name] if made(name) => return Ok(Input::Known),
            [name] if CRATES.iter().any(|ending| name.ends_with(ending)) => {
                return Ok(Input::Crate(name.to_string()));
            }
            [dir, _] if SCRATCH.iter().any(|begin| dir.starts_with(begin)) => {
                return Ok(Input::Known);
            }
            _ => {}
        }
    }
    match is_source(spec, &real) {
        true => Ok(Input::File(path)),
        false => Err(format!("reads `{}`", path.display())),
    }
}

/// Whether this is the jobserver: a named pipe, or numbers of open files.
fn is_jobserver(call: &LedgerCall<'_>, path: &Path) -> bool {
    let values = JOBSERVER.iter().filter_map(|name| call.env.get(OsStr::new(name))?.to_str());
    let servers = values.flat_map(str::split_whitespace).filter_map(|word| {
        word.strip_prefix("--jobserver-auth=").or_else(|| word.strip_prefix("--jobserver-fds="))
    });
    servers.into_iter().any(|server| match server.strip_prefix("fifo:") {
        Some(pipe) => Path::new(pipe) == path,
        None => server.split(',').any(|number| Path::new("/dev/fd").join(number) == path),
    })
}

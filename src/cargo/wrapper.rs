//! `repro` as RUSTC_WRAPPER: appends the recipe's arguments to each rustc call, after the user's
//! own, and writes down the call. The user's own wrapper, if any, is run in turn.
//!
//! It is this same program under another name, with a specification beside it: no variable
//! that a build script could see is needed. <https://doc.rust-lang.org/cargo/reference/environment-variables.html>

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::cargo::crate_ids::{self, Roots};
use crate::cargo::reuse::LedgerCall;
use crate::cargo::rustc_call::Call;
use crate::cargo::units::Unit;
use crate::cargo::{auditable, crate_dirs, mingw};
use crate::platform::{self, Platform};
use crate::{error, fs, ledger, process};

/// File name (without `.exe`) under which the program is a wrapper.
const STEM: &str = "rustc-wrapper-of-build";
const SPEC: &str = "spec.json";
const UNITS: &str = "units.jsonl";
const LINKS: &str = "links";
/// Ending of the linker's lists of files.
const LIST: &str = "d";
/// Ending of its maps: which members of archives it took.
const MAP: &str = "map";
const CALLS: &str = "calls.jsonl";
const RUNS: &str = "runs";

/// What the wrapper is to do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Spec {
    /// The host triple: the target of calls without `--target`.
    pub host: String,
    /// The user's own wrapper.
    pub user_wrapper: Option<PathBuf>,
    /// Arguments to append: the triple family they are for (none is for all), and the argument.
    pub args: Vec<(Option<Platform>, String)>,
    /// Ask the host's linker for the list of files that it reads.
    pub trace_links: bool,
    /// Write down each call whole, so that it can be made again.
    pub keep_calls: bool,
    /// Leave `--remap-path-scope` out, so that remaps reach everything.
    pub whole_scope: bool,
    /// Be dlltool and linker of Windows GNU targets.
    pub mingw: bool,
    /// Directories of crates, and the path that stands for each.
    pub crate_dirs: Vec<(PathBuf, String)>,
    /// Where the cargo home has unpacked crates.
    pub registries: PathBuf,
    /// `name-version` of those there that have one path for everyone.
    pub crates: BTreeSet<String>,
    /// Where it has git dependencies.
    pub checkouts: PathBuf,
    /// The commits of these.
    pub commits: BTreeSet<String>,
    /// Link the list of packages into programs and C libraries.
    pub auditable: bool,
    /// The ledger.
    pub ledger: Option<ledger::Spec>,
    /// Where crate ids are to be canonical: the directories that differ between builders.
    pub canonical_roots: Option<Roots>,
    /// These ids are the same on every host.
    pub ids_of_any_host: bool,
}

/// Installs the wrapper in `dir` and returns the path for RUSTC_WRAPPER.
pub fn install(dir: &Path, spec: &Spec) -> Result<PathBuf> {
    fs::create_dir(&dir.join(LINKS))?;
    fs::create_dir(&runs(dir))?;
    let json = serde_json::to_vec(spec).context("failed to encode the wrapper's specification")?;
    fs::write(&dir.join(SPEC), json)?;
    let path = dir.join(STEM).with_extension(std::env::consts::EXE_EXTENSION);
    fs::link_to_this_program(&path)?;
    Ok(path)
}

/// The recorded units of a finished build.
pub fn units(dir: &Path) -> Result<Vec<Unit>> {
    fs::read_lines(&dir.join(UNITS), "the list of rustc calls")
}

/// The linker's lists of files, in the format of make.
pub fn link_lists(dir: &Path) -> Result<Vec<PathBuf>> {
    let dir = dir.join(LINKS);
    let paths = fs::entries(&dir)?.into_iter().map(|n| dir.join(n));
    Ok(paths.filter(|p| p.extension().is_some_and(|e| e == LIST)).collect())
}

/// The linker's list of files, and its map, of one call.
pub fn link_records(dir: &Path, unit: &Unit) -> [PathBuf; 2] {
    [LIST, MAP].map(|ending| dir.join(LINKS).join(format!("{}.{ending}", unit.link_name())))
}

/// Where the starts of build scripts are written down.
pub fn runs(dir: &Path) -> PathBuf {
    dir.join(RUNS)
}

/// Copies what the wrapper needs, and not what it kept for replays.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let kept = [from.join(CALLS), runs(from)];
    fs::copy_tree(from, to, &mut |p| !kept.iter().any(|k| k == p))
}

/// Whether this process was started as a wrapper; if so, where its specification lies.
pub fn invoked_as(program: &OsStr) -> Option<PathBuf> {
    let path = Path::new(program);
    (path.file_stem()? == STEM).then(|| path.parent().unwrap_or(Path::new(".")).to_owned())
}

/// Runs rustc. `args` are those after the program's name: rustc (behind the workspace wrapper
/// if there is one) and its arguments.
pub fn main(dir: &Path, args: Vec<OsString>) -> ExitCode {
    error::exit_code(run(dir, args))
}

fn run(dir: &Path, mut args: Vec<OsString>) -> Result<ExitCode> {
    let spec = fs::read_text(&dir.join(SPEC))?;
    let spec: Spec =
        serde_json::from_str(&spec).context("failed to read the wrapper's specification")?;
    let mut call = Call::read(&args)?;
    if spec.whole_scope && call.without_scope() {
        args = call.args.iter().map(OsString::from).collect();
    }
    let mut compiled = None;
    if call.compiles() {
        let mut unit = call.unit(&spec.host);
        let mut out_dir_remap = None;
        if let Some(roots) = &spec.canonical_roots {
            let known = crate_ids::stems(&units(dir)?, spec.ids_of_any_host);
            let id = crate_ids::extra_filename(&unit.package, &call.after_rustc(), roots, &known);
            let mut words = call.args.clone();
            crate_ids::replace(&mut words, &id);
            args = words.into_iter().map(OsString::from).collect();
            // Last, so that it wins over the remap of the whole target directory.
            out_dir_remap = unit.script_output.as_deref().map(|out| crate_ids::remap(out, roots));
            unit.canonical_filename = Some(id);
        }
        let mut added = call.additions(&spec, dir);
        added.extend(of_crate(&spec));
        added.extend(out_dir_remap);
        if spec.auditable && auditable::wants(&unit) {
            let own = auditable::arguments(dir, &unit, units(dir)?)?;
            added.extend(own.iter().flat_map(|arg| call.for_linker(arg)));
        }
        if spec.mingw && platform::of_triple(&unit.target) == Platform::MinGw {
            let links = call.links() && !call.linker_is_direct();
            let named = |option: &str| call.codegen(option).last().map(str::to_string);
            added.extend(mingw::install(dir, &unit, links, named)?);
        }
        args.extend(added.into_iter().map(OsString::from));
        fs::append_line(&dir.join(UNITS), &unit)?;
        if spec.keep_calls {
            fs::append_line(&dir.join(CALLS), &WholeCall::of(&unit, &args))?;
        }
        compiled = Some(unit);
    }
    args.splice(0..0, spec.user_wrapper.map(PathBuf::into_os_string));
    let program = args
        .first()
        .cloned()
        .ok_or_else(|| error::host("the rustc wrapper was called without a rustc"))?;
    let mut command = Command::new(&program);
    command.args(&args[1..]);
    if let (Some(spec), Some(unit)) = (&spec.ledger, &compiled) {
        let args = Call::read(&args[1..])?.args;
        let env = std::env::vars_os().collect();
        return LedgerCall { spec, dir, unit, args: &args, env: &env }.run(&mut command);
    }
    let canonical =
        compiled.as_ref().and_then(|unit| Some((unit, &**unit.canonical_filename.as_ref()?)));
    match canonical.filter(|(unit, _)| !unit.out_dir.is_empty()) {
        Some((unit, id)) => Ok(process::exit_code(crate_ids::run(unit, id, &mut command)?)),
        None => execute(&mut command)
            .with_context(|| format!("failed to run `{}`", program.to_string_lossy())),
    }
}

/// The remap of the crate that is compiled, if it has a directory of its own.
fn of_crate(spec: &Spec) -> Option<String> {
    let dir = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let fits = spec.crate_dirs.iter().filter(|(from, _)| dir.starts_with(from));
    let fits = fits.max_by_key(|(from, _)| from.as_os_str().len()).cloned();
    let unpacked = || crate_dirs::remap_of(&dir, &spec.registries, &spec.crates);
    let checked_out = || crate_dirs::remap_of_checkout(&dir, &spec.checkouts, &spec.commits);
    let (from, to) = fits.or_else(unpacked).or_else(checked_out)?;
    Some(format!("--remap-path-prefix={}={to}", from.display()))
}

#[cfg(unix)]
fn execute(command: &mut Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn execute(command: &mut Command) -> std::io::Result<ExitCode> {
    command.status().map(process::exit_code)
}

/// A rustc call as it was made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WholeCall {
    /// `name version` of the package.
    pub package: String,
    /// `--crate-name`.
    pub crate_name: String,
    /// [`Unit::id`].
    pub id: String,
    /// rustc, and all arguments.
    pub args: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// The directory.
    pub dir: String,
    /// When it was made, in seconds since 1970 by the clock of its build.
    pub at: i64,
}

impl WholeCall {
    fn of(unit: &Unit, args: &[OsString]) -> WholeCall {
        let text = |s: &OsString| s.to_string_lossy().into_owned();
        WholeCall {
            package: unit.package.clone(),
            crate_name: unit.crate_name.clone(),
            id: unit.id().to_string(),
            args: args.iter().map(text).collect(),
            env: std::env::vars_os().map(|(k, v)| (text(&k), text(&v))).collect(),
            dir: unit.dir.clone(),
            at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX)),
        }
    }
}

/// The recorded call of a unit, if calls were kept.
pub fn whole_call(dir: &Path, unit: &Unit) -> Result<Option<WholeCall>> {
    let calls = fs::read_lines::<WholeCall>(&dir.join(CALLS), "the list of whole rustc calls")?;
    let of = (&*unit.package, &*unit.crate_name, unit.id());
    Ok(calls.into_iter().find(|call| (&*call.package, &*call.crate_name, &*call.id) == of))
}

impl Call {
    /// What is appended to a call.
    fn additions(&self, spec: &Spec, dir: &Path) -> Vec<String> {
        let target = self.target(&spec.host);
        let family = platform::of_triple(target);
        let mut added: Vec<String> = spec
            .args
            .iter()
            .filter(|(only, _)| only.is_none_or(|only| only == family))
            .flat_map(|(_, arg)| self.for_linker(arg))
            .collect();
        let default_linker = self.codegen("linker").next().is_none()
            && self.codegen("linker-flavor").next().is_none();
        if spec.trace_links && self.links() && target == spec.host && default_linker {
            let unit = self.unit(&spec.host);
            let [list, map] = link_records(dir, &unit);
            added.push(format!("-Clink-arg=-Wl,--dependency-file={}", list.display()));
            // A map is as large as what it describes.
            if !unit.is_for_the_build() {
                added.push(format!("-Clink-arg=-Wl,-Map={}", map.display()));
            }
        }
        added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            host: "x86_64-unknown-linux-gnu".into(),
            args: vec![
                (None, "--remap-path-prefix=/a=/b".into()),
                (Some(Platform::Elf), "-Clink-arg=-Wl,--build-id=sha1".into()),
                (Some(Platform::Msvc), "-Clink-arg=/Brepro".into()),
            ],
            ..Spec::default()
        }
    }

    fn added(line: &str) -> Vec<String> {
        let call = Call { args: line.split(' ').map(str::to_string).collect() };
        call.additions(&spec(), Path::new("/w"))
    }

    #[test]
    fn arguments_depend_on_the_target_of_the_call() {
        let elf = ["--remap-path-prefix=/a=/b", "-Clink-arg=-Wl,--build-id=sha1"];
        assert_eq!(added("rustc --crate-name x"), elf);
        let windows = added("rustc --crate-name x --target x86_64-pc-windows-msvc");
        assert_eq!(windows[1..], ["-Clink-arg=/Brepro"]);
        assert_eq!(added("rustc --crate-name x --target wasm32-unknown-unknown").len(), 1);
    }

    #[test]
    fn a_linker_without_compiler_in_front_gets_the_bare_option() {
        for line in ["-Clinker=rust-lld", "-C linker=/usr/bin/ld.lld", "-Clinker-flavor=gnu-lld"] {
            assert_eq!(
                added(&format!("rustc --crate-name x {line}"))[1],
                "-Clink-arg=--build-id=sha1",
                "{line}"
            );
        }
        for line in
            ["-Clinker=clang", "-C linker=aarch64-linux-gnu-gcc", "-Clinker-flavor=gnu-lld-cc"]
        {
            assert_eq!(
                added(&format!("rustc --crate-name x {line}"))[1],
                "-Clink-arg=-Wl,--build-id=sha1",
                "{line}"
            );
        }
    }

    #[test]
    fn the_wrapper_is_known_by_its_name() {
        assert_eq!(invoked_as("/s/w/rustc-wrapper-of-build".as_ref()), Some("/s/w".into()));
        assert_eq!(invoked_as("/usr/bin/repro".as_ref()), None);
    }
}

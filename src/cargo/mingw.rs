//! `repro` as dlltool and as linker of Windows GNU targets: both derive names and order from paths.
//!
//! For `raw-dylib`, rustc has dlltool make import libraries in a temporary directory with a random name, and
//! dlltool makes symbols from the path of the library (<https://github.com/microsoft/windows-rs/issues/3634>).
//! So the real dlltool runs in an empty directory with bare file names, and its output is moved to where rustc
//! expects it. GNU ld sorts imports by the file names of archives (`SORT(*)(.idata$5)` of its script), so their
//! order depends on where the target directory and the toolchain are; slashes in front of the names make it
//! the same everywhere.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::cargo::units::Unit;
use crate::{error, fs, process};

/// A program that rustc runs, and that this one is run in place of.
struct Tool {
    /// File name (without `.exe`) under which the program is this tool. rustc infers the linker's options
    /// from the ending.
    stem: &'static str,
    /// The option of rustc, and the file with the name of the real one.
    option: &'static str,
    run: fn(&Path, &str, &[OsString]) -> Result<ExitCode>,
}

const DLLTOOL: Tool =
    Tool { stem: "dlltool-of-build", option: "dlltool", run: make_import_library };
const LINKER: Tool = Tool { stem: "linker-of-build-gcc", option: "linker", run: link };

/// The directory of the wrapper's that has a directory for each call of rustc.
const DIR: &str = "mingw";

/// Puts both tools before the real ones for one call of rustc, which names the user's choice by `named`: the
/// arguments to add. There is no linker in it where the call does not link, or not with GNU's options.
pub fn install(
    wrapper: &Path,
    unit: &Unit,
    links: bool,
    named: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>> {
    // An import library of one DLL in two crates must not share symbols, or the program gets the thunks of
    // only one of them: the directory has the name of the crate, and its id.
    let id = unit.canonical_filename.as_ref().unwrap_or(&unit.extra_filename);
    let dir = wrapper.join(DIR).join(format!("{}{id}", unit.crate_name));
    fs::create_dir(&dir)?;
    let links = links && cfg!(unix) && unit.target.ends_with("-windows-gnu");
    let tools = [Some(DLLTOOL), links.then_some(LINKER)];
    let install = |tool: Tool| {
        let real = named(tool.option);
        let real = real.unwrap_or_else(|| default_name(&unit.target, tool.option));
        fs::write(&dir.join(tool.option), real)?;
        let path = dir.join(tool.stem).with_extension(std::env::consts::EXE_EXTENSION);
        if fs::identity(&path).is_err() {
            fs::link_to_this_program(&path)?;
        }
        Ok(format!("-C{}={}", tool.option, path.display()))
    };
    tools.into_iter().flatten().map(install).collect()
}

/// The name by which rustc itself looks for it.
fn default_name(target: &str, option: &str) -> String {
    let tool = if option == LINKER.option { "gcc" } else { option };
    match target.split('-').next().unwrap_or_default() {
        _ if cfg!(windows) => format!("{tool}.exe"),
        "i586" | "i686" => format!("i686-w64-mingw32-{tool}"),
        arch @ ("x86_64" | "aarch64") => format!("{arch}-w64-mingw32-{tool}"),
        _ => tool.to_string(),
    }
}

/// Runs what this process was started as, if it is one of the tools.
pub fn main(args: &[OsString]) -> Option<ExitCode> {
    let path = Path::new(args.first()?);
    let stem = path.file_stem()?;
    let tool = [DLLTOOL, LINKER].into_iter().find(|tool| stem == tool.stem)?;
    let dir = path.parent().unwrap_or(Path::new("."));
    let real = fs::read_text(&dir.join(tool.option));
    Some(error::exit_code(real.and_then(|real| (tool.run)(dir, &real, &args[1..]))))
}

fn run(command: &mut Command, real: &str) -> Result<ExitCode> {
    let status = command.status().with_context(|| {
        format!("failed to run `{real}`, which Windows GNU targets need: install MinGW")
    })?;
    Ok(process::exit_code(status))
}

fn make_import_library(dir: &Path, real: &str, args: &[OsString]) -> Result<ExitCode> {
    let mut command = Command::new(real);
    let Some(call) = ImportLibrary::read(args, dir.file_name().unwrap_or_default())? else {
        return run(command.args(args), real);
    };
    // rustc removes its temporary directory, which this is in, also when it fails.
    fs::create_dir(&call.work)?;
    let code = run(command.args(&call.args).current_dir(&call.work), real)?;
    if call.work.join(&call.library).exists() {
        std::fs::rename(call.work.join(&call.library), &call.output)
            .with_context(|| format!("failed to write `{}`", call.output.display()))?;
    }
    fs::remove_tree(&call.work)?;
    Ok(code)
}

/// A call that makes an import library, with bare names.
#[derive(Debug, PartialEq, Eq)]
struct ImportLibrary {
    /// Where rustc expects it.
    output: PathBuf,
    /// The directory to run in.
    work: PathBuf,
    /// Its name there.
    library: OsString,
    args: Vec<OsString>,
}

impl ImportLibrary {
    /// `None` if the call makes none.
    fn read(args: &[OsString], krate: &OsStr) -> Result<Option<ImportLibrary>> {
        let at = |names: [&str; 2]| args.iter().position(|a| names.iter().any(|n| a == n));
        let value = |at: Option<usize>| at.and_then(|at| Some((at + 1, args.get(at + 1)?)));
        let absolute =
            |path| std::path::absolute(path).context("failed to find the current directory");
        let Some((library_at, output)) = value(at(["-l", "--output-lib"])) else { return Ok(None) };
        let output = absolute(output)?;
        let Some(name) = output.file_name() else {
            bail!("dlltool was called with `{}` as library", output.display());
        };
        let joined = |start: &OsStr| {
            let mut text = start.to_owned();
            text.push("-");
            text.push(name);
            text
        };
        let library = joined(krate);
        let mut args: Vec<OsString> = args.to_vec();
        match value(at(["--temp-prefix", "-t"])) {
            Some((i, prefix)) => {
                args[i] = Path::new(prefix).file_name().unwrap_or(&library).to_owned();
            }
            None => args.extend(["--temp-prefix".into(), library.clone()]),
        }
        if let Some((i, def)) = value(at(["-d", "--input-def"])) {
            args[i] = absolute(def)?.into();
        }
        args[library_at] = library.clone();
        let work = output.with_file_name(joined(OsStr::new(DLLTOOL.stem)));
        Ok(Some(ImportLibrary { output, work, library, args }))
    }
}

fn link(_dir: &Path, real: &str, args: &[OsString]) -> Result<ExitCode> {
    let mut command = Command::new(real);
    for arg in args {
        match arg.to_str().map(|text| (text, text.strip_prefix('@'))) {
            Some((_, Some(file))) => {
                let lines = fs::read_text(Path::new(file))?;
                let lines: Vec<String> = lines.lines().map(ordered).collect();
                fs::write(Path::new(file), lines.join("\n") + "\n")?;
                command.arg(arg)
            }
            Some((text, None)) => command.arg(ordered(text)),
            None => command.arg(arg),
        };
    }
    run(&mut command, real)
}

/// The same file under a name whose place in the order does not depend on where directories are: first the
/// toolchain's, then what was built, then what the linker itself looks for.
fn ordered(arg: &str) -> String {
    let (option, path) =
        if let Some(path) = arg.strip_prefix("-L") { ("-L", path) } else { ("", arg) };
    let slashes = match path {
        _ if !path.starts_with('/') => "",
        _ if path.contains("/lib/rustlib/") => "//",
        _ => "/",
    };
    format!("{option}{slashes}{path}")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn import_library(line: &str) -> Option<ImportLibrary> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        ImportLibrary::read(&args, OsStr::new("sys-0123")).unwrap()
    }

    #[test]
    fn dlltool_gets_bare_names() {
        let of_rustc = "-d /t/rustcX/k.dll_imports.def -D k.dll -l /t/rustcX/k.dll_imports.lib -f --64 \
                        --temp-prefix /t/rustcX/k.dll";
        let cases = [
            (
                of_rustc,
                "-d /t/rustcX/k.dll_imports.def -D k.dll -l sys-0123-k.dll_imports.lib -f --64 \
                 --temp-prefix k.dll",
            ),
            (
                "-d /t/k.def --output-lib /t/k.lib",
                "-d /t/k.def --output-lib sys-0123-k.lib --temp-prefix sys-0123-k.lib",
            ),
        ];
        for (line, want) in cases {
            let args = import_library(line).unwrap().args;
            assert_eq!(args.join(OsStr::new(" ")), want);
        }
        let call = import_library(of_rustc).unwrap();
        assert_eq!(call.output, Path::new("/t/rustcX/k.dll_imports.lib"));
        assert_eq!(call.work, Path::new("/t/rustcX/dlltool-of-build-k.dll_imports.lib"));
        assert_eq!((import_library("--version"), import_library("-l")), (None, None));
    }

    #[test]
    fn the_order_of_archives_does_not_depend_on_where_they_are() {
        let order = |sysroot: &str, target: &str| {
            let libraries = [
                format!("{sysroot}/lib/rustlib/x/lib/libstd.rlib"),
                format!("{target}/libsys.rlib"),
                format!("-L{target}/native"),
            ];
            let [std, sys, native] = libraries.map(|l| ordered(&l).replace("-L", ""));
            let own = "/usr/lib/libkernel32.a".to_string();
            assert!(std < sys && sys < own && native < own);
        };
        order("/a", "/z");
        order("/z", "/a");
        for kept in ["-lkernel32", "-Wl,--gc-sections", "relative.o", "-L", "-o"] {
            assert_eq!(ordered(kept), kept);
        }
    }

    #[test]
    fn the_real_tools_are_those_that_rustc_would_run() {
        let x86_64 = "x86_64-pc-windows-gnu";
        assert_eq!(default_name(x86_64, "dlltool"), "x86_64-w64-mingw32-dlltool");
        assert_eq!(default_name(x86_64, "linker"), "x86_64-w64-mingw32-gcc");
        assert_eq!(default_name("i686-pc-windows-gnu", "dlltool"), "i686-w64-mingw32-dlltool");
    }
}

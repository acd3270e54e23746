//! Finds the toolchain that a directory is built with, by running `rustc` there.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::refused;
use crate::process::{Cmd, find_in_path};
use crate::toolchain::Toolchain;

/// Asks the `rustc` (the user's own choice, else the one in PATH) in `dir`.
pub fn find(dir: &Path, rustc: Option<PathBuf>) -> Result<Toolchain> {
    // The one in PATH may be rustup's, which chooses by the directory: it is asked here once.
    let rustc = rustc.filter(|name| name != Path::new("rustc"));
    // By its absolute path, so that no PATH of a build can put another in its place.
    let named = rustc.clone().unwrap_or_else(|| "rustc".into());
    let absolute = |name: PathBuf| match name.is_absolute() {
        true => name,
        false => find_in_path(&name).unwrap_or(name),
    };
    let program = absolute(named);
    let sysroot = PathBuf::from(ask(&program, dir, &["--print", "sysroot"])?);
    let rustc_verbose = ask(&program, dir, &["-vV"])?;
    let bin = |name: &str| {
        let path = sysroot.join("bin").join(name);
        let path = path.with_extension(std::env::consts::EXE_EXTENSION);
        path.is_file().then_some(path)
    };
    let cargo = bin("cargo").unwrap_or_else(|| absolute("cargo".into()));
    let cargo_version = Cmd::new(&cargo).arg("-V").dir(dir).checked()?.text();
    Ok(Toolchain {
        cargo,
        rustc: match rustc {
            Some(_) => program,
            None => bin("rustc").unwrap_or(program),
        },
        sysroot,
        rustc_verbose,
        cargo_version,
    })
}

/// What a rustc prints for these arguments, in a directory by which rustup may choose it.
pub fn ask(rustc: &Path, dir: &Path, args: &[&str]) -> Result<String> {
    let out = Cmd::new(rustc).args(args).dir(dir).env_remove("RUST_BACKTRACE").output()?;
    if out.status.success() {
        return Ok(out.text());
    }
    let why = out.stderr.lines().find(|l| l.starts_with("error"));
    let why = why.unwrap_or(out.stderr.trim()).trim_start_matches("error: ");
    Err(refused(format!("`{}` does not run here: {why}", rustc.display())))
}

/// The `rustc --print cfg` lines of a target.
pub fn cfgs(toolchain: &Toolchain, target: &str, dir: &Path) -> Result<String> {
    let args = ["--print", "cfg", "--target", target];
    Ok(Cmd::new(&toolchain.rustc).args(args).dir(dir).checked()?.text())
}

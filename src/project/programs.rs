//! The programs that a project is built with: its toolchain and the programs that variables name. Relative paths
//! start at the user's directory, wherever the builds run.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cargo::config::Config;
use crate::cargo::toolchain as find_toolchain;
use crate::recipe::environment::{Env, set};
use crate::source::Source;
use crate::toolchain::Toolchain;

/// The toolchain of the source where it names one, else the one that the user's directory has.
pub(super) fn toolchain_of(
    source: &Source,
    copy: &Path,
    config: &Config,
    env: &Env,
) -> Result<Toolchain> {
    let names = ["rust-toolchain.toml", "rust-toolchain"];
    let named =
        source.package.ancestors().any(|d| names.iter().any(|n| copy.join(d).join(n).is_file()));
    let root = if named { copy } else { &source.root };
    let from_env = set(env, &["RUSTC", "CARGO_BUILD_RUSTC"]).map(|p| absolute_program(p.into()));
    let rustc = from_env.or_else(|| {
        let (path, in_source) = config.get_program(&["build", "rustc"])?;
        Some(match path.strip_prefix(&source.root) {
            Ok(inside) if in_source => copy.join(inside),
            _ => path,
        })
    });
    find_toolchain::find(&root.join(&source.package), rustc)
}

/// A program given with a directory is meant from here, not from where the builds run.
pub(super) fn absolute_program(program: PathBuf) -> PathBuf {
    if program.components().count() > 1 {
        std::path::absolute(&program).unwrap_or(program)
    } else {
        program
    }
}

/// The same of variables: cargo takes relative programs from the directory that it is called in.
pub(super) fn programs_from_here(passed: &mut Env) {
    for (name, value) in passed {
        let name = name.to_string_lossy();
        let ends = ["_LINKER", "_RUNNER", "_WRAPPER", "_RUSTC", "_RUSTDOC"];
        if name == "RUSTC"
            || name.starts_with("CARGO_") && ends.iter().any(|end| name.ends_with(end))
            || name == "RUSTC_WORKSPACE_WRAPPER"
        {
            *value = absolute_program(PathBuf::from(&*value)).into();
        }
    }
}

//! `repro inspect`: how binaries were made.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use repro_explain::inspect;
use repro_formats::digest;

use crate::error::bad_input;
use crate::fs;
use crate::report::inspect::Inspected;
use crate::request::Inspect;

/// Runs it; a file in which there is no binary is an error.
pub fn run(asked: &Inspect) -> Result<Vec<Inspected>> {
    fs::given(asked.paths.iter().map(PathBuf::as_path))?;
    let one = |path: &PathBuf| {
        let shown = path.display();
        if path.is_dir() {
            return Err(bad_input(format!("`{shown}` is a directory: name the files in it")));
        }
        let digest = digest::of_file(path)?;
        let binaries = inspect::file(path, &asked.limits.limits())
            .map_err(|why| bad_input(why).context(format!("failed to inspect `{shown}`")))?;
        if binaries.is_empty() {
            let why = format!(
                "`{shown}` is not a program or library in ELF, PE, Mach-O or WebAssembly, nor an archive that contains one"
            );
            return Err(bad_input(why)).context("there is nothing to inspect");
        }
        Ok(Inspected { path: path.clone(), digest, binaries })
    };
    asked.paths.iter().map(one).collect()
}

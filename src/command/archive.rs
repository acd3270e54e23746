//! `repro archive`: of a project, or of any files.

use std::path::PathBuf;

use anyhow::Result;

use crate::archive::packing::Outcome;
use crate::archive::{files, proven};
use crate::fs;
use crate::request::Archive;

/// Runs it.
pub fn run(asked: &Archive) -> Result<Outcome> {
    fs::given(asked.paths.iter().map(PathBuf::as_path))?;
    if asked.paths.is_empty() { proven::run(asked) } else { files::run(asked) }
}

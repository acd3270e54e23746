//! `repro archive`: of a project, or of any files.

use anyhow::Result;

use crate::archive::packing::Outcome;
use crate::archive::{files, proven};
use crate::request::Archive;

/// Runs it.
pub fn run(asked: &Archive) -> Result<Outcome> {
    if asked.paths.is_empty() { proven::run(asked) } else { files::run(asked) }
}

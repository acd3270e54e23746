//! `repro archive`: what to pack and where to put it; of a project or of any files. The bytes are
//! made in `repro_formats`.

mod files;
mod image;
mod packing;
mod proven;
pub(super) mod sums;

use anyhow::Result;

pub use self::packing::Outcome;
use crate::request::Archive;

/// Runs it.
pub fn run(asked: &Archive) -> Result<Outcome> {
    if asked.paths.is_empty() { proven::run(asked) } else { files::run(asked) }
}

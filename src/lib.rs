//! `repro` makes, proves and explains bit-identical Rust builds.
//!
//! The modules stand on floors and import only from below: ground (process, files, digests),
//! values, steps, outputs, entry. `tests/it/floors.rs` holds that.

pub mod digest;
pub mod error;
pub mod fs;
pub mod git;
pub mod process;

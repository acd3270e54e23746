//! `repro` builds Rust projects twice, compares the results and explains differences.
//!
//! Modules are layered and import only from lower layers: ground (process, files, digests),
//! values, steps, outputs, entry. `tests/it/floors.rs` checks that.
//!
//! There is no library API. What is public here is for `main`, the fuzz targets and the tests; the
//! compiler reports everything else that nothing uses.

mod archive;
mod artifact;
pub mod attest;
mod blame;
mod build;
mod build_dirs;
mod cargo;
mod check;
mod cli;
mod command;
mod compare;
pub mod entry;
mod epoch;
mod error;
mod fs;
mod git;
mod init;
mod ledger;
pub mod manifest;
mod metadata;
pub mod oci;
mod orphans;
mod platform;
mod process;
mod project;
mod recipe;
mod remedies;
mod replay;
mod report;
mod request;
mod sandbox;
mod sbom;
mod setting;
mod shim;
mod source;
mod survey;
mod term;
mod toolchain;
mod variation;
mod verdict;
pub mod verify;

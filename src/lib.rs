//! `repro` makes, proves and explains bit-identical Rust builds.
//!
//! The modules stand on floors and import only from below: ground (process, files, digests),
//! values, steps, outputs, entry. `tests/it/floors.rs` holds that.

pub mod artifact;
pub mod attest;
pub mod blame;
pub mod build;
pub mod cargo;
pub mod check;
pub mod cli;
pub mod command;
pub mod compare;
pub mod entry;
pub mod epoch;
pub mod error;
pub mod fs;
pub mod git;
pub mod layout;
pub mod ledger;
pub mod manifest;
pub mod oci;
pub mod orphans;
pub mod platform;
pub mod process;
pub mod project;
pub mod query;
pub mod recipe;
mod remedies;
pub mod replay;
pub mod report;
pub mod request;
pub mod sandbox;
pub mod sbom;
pub mod setting;
pub mod shim;
pub mod source;
pub mod survey;
pub mod term;
pub mod toolchain;
pub mod variation;
pub mod verdict;
pub mod verify;

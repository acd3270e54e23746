//! The subcommands: one straight function each, and what they share.

pub mod archive;
pub mod attest;
pub mod build;
pub mod check;
pub mod deliver;
pub mod diff;
pub mod env;
pub mod init;
pub mod inspect;
pub mod ledger;
pub mod normalize;
pub mod sbom;
pub mod survey;
pub mod sync;

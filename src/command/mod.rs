//! The subcommands: one straight function each, and what they share.

mod account;
pub mod archive;
pub mod build;
mod builder;
pub mod check;
pub mod deliver;
pub mod diff;
pub mod docs;
pub mod env;
pub mod init;
mod known;
mod metadata;
pub mod normalize;
mod project;
mod publish;
mod reach;
mod scratch;
pub mod sync;
mod trace;
pub mod verify;

//! The subcommands: one straight function each, and what they share.

mod account;
pub mod archive;
pub mod build;
mod builder;
pub mod deliver;
pub mod diff;
pub mod docs;
mod known;
mod metadata;
pub mod normalize;
mod project;
mod publish;
mod reach;
mod scratch;
mod trace;

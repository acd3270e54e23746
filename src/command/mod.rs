//! The subcommands: one straight function each, and what they share.

mod account;
pub mod archive;
pub mod build;
mod builder;
pub mod docs;
mod metadata;
mod project;
mod publish;
mod reach;
mod scratch;

//! The subcommands: one straight function each.

pub mod build;
mod builder;
pub mod docs;
mod metadata;
mod publish;

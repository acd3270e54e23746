//! Rust sources as a parser sees them: which files a target is made of, what is compiled of them
//! for this target and these features, and what that code reads of its surroundings.
//!
//! Comments and strings are no code here, and neither is what a `cfg` leaves out.

pub(super) mod cfg;
mod command;
mod embedded;
mod flow;
mod macros;
pub(super) mod modules;
mod names;
pub(super) mod reads;
pub(super) mod tables;
mod walk;

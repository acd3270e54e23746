//! Rust sources, parsed: the files of a target, which parts of them are compiled for this target and these
//! features, and what that code reads from the machine.
//!
//! Comments, strings and code that a `cfg` leaves out do not count.

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

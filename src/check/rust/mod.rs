//! Rust sources as a parser sees them: which files a target is made of, what is compiled of them
//! for this target and these features, and what that code reads of its surroundings.
//!
//! Comments and strings are no code here, and neither is what a `cfg` leaves out.

pub(super) mod cfg;
mod effects;
pub(super) mod modules;
pub(super) mod order;
pub(super) mod reads;
mod walk;

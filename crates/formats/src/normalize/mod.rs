//! The normal form of each format: what a handler is given and does, and the table of them.

pub mod handlers;
pub mod job;

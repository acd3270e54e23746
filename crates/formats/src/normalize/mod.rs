//! The normal form of each format: the input and duty of a handler, the table of handlers, and
//! archives inside archives.

pub mod handlers;
pub mod job;
pub mod named;
pub mod nested;

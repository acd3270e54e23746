//! The normal form of each format: what a handler is given and does, the table of them, and archives
//! in archives.

pub mod handlers;
pub mod job;
pub mod nested;

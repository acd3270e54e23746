//! What `repro init` writes: `facts.rs` reads the project, `plan.rs` decides which files there are to be,
//! and `files.rs` writes each of them whole. A file that is there is replaced only on request.

mod existing;
pub mod facts;
pub mod files;
mod merge;
mod parts;
mod pin;
pub mod plan;
mod render;

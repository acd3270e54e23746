//! Tar: v7, ustar, GNU and PAX headers are read; GNU's are written.

mod header;
pub mod list;
pub(crate) mod normalize;
mod pax;
pub mod read;
pub mod sparse;
pub mod write;

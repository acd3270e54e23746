//! Compressed containers: gzip, Zstandard, xz. Each is read within caps and written by a pinned
//! compressor.

pub mod container;
pub mod deflate;
pub mod unpack;

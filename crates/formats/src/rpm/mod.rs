//! RPM packages, read in order to compare them.

pub mod read;

//! RPM packages: read to be compared.

pub mod read;

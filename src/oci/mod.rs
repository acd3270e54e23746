//! Container images without a daemon: a base from a local OCI layout, copied as it is, and one layer of
//! what was built. <https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md>
//!
//! The bytes depend on the base, the built files and the source's metadata alone, so `repro verify` makes
//! an image again and compares.

pub mod config;
pub mod documents;
pub mod layout;
pub mod platform;
pub mod write;

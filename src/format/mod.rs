//! Readers of file formats, hardened: they take hostile bytes and never panic.

pub mod elf;

//! The `repro` command.

fn main() {}

//! Everything about cargo: the user's configuration, the toolchain, a CARGO_HOME for each side, the
//! rustc wrapper, and its messages about artifacts and units.

pub mod assembler;
pub mod auditable;
pub mod config;
pub mod crate_dirs;
pub mod crate_ids;
pub mod dep_info;
pub mod env_deps;
pub mod fetch;
pub mod home;
pub mod intact;
pub mod lockfile;
pub mod messages;
pub mod mingw;
pub mod reuse;
pub mod rustc_args;
mod rustc_call;
pub mod rustflags;
pub mod toolchain;
pub mod trace;
pub mod units;
pub mod wrapper;

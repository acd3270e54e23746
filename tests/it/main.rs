//! Black-box tests: the real binary, the real cargo, small projects that need no network.

// Elsewhere many tests are left out, and with them what their helpers are for.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

mod archive;
#[cfg(unix)]
mod attested;
mod auditable;
mod blame;
mod builders;
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
mod built;
#[cfg(target_os = "linux")]
mod callers;
mod check;
mod compared;
mod dependencies;
#[cfg(target_os = "linux")]
mod diff;
#[cfg(target_os = "linux")]
mod diff_formats;
mod env;
mod explain;
mod failures;
mod faults;
mod floors;
#[cfg(unix)]
mod forged;
mod hostile;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod image;
mod init;
mod init_shapes;
mod inspect;
#[cfg(target_os = "linux")]
mod isolation;
#[cfg(target_os = "linux")]
mod itself;
mod ledger;
#[cfg(target_os = "linux")]
mod normalize;
#[cfg(target_os = "linux")]
mod normalize_content;
#[cfg(target_os = "linux")]
mod normalize_keeps;
mod output;
mod own_release;
#[cfg(target_os = "linux")]
mod reach;
mod readme;
#[cfg(unix)]
mod rebuilderd;
#[cfg(unix)]
mod recipe;
mod remedies;
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
mod samples;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod sbom;
mod schemas;
mod seeds;
mod settings;
mod snapshots;
mod sound;
mod source;
mod support;
#[cfg(target_os = "linux")]
mod survey;
#[cfg(target_os = "linux")]
mod trees;
#[cfg(target_os = "linux")]
mod vandal;
mod verify;
mod wasm;
mod which_source;
#[cfg(target_os = "linux")]
mod written;

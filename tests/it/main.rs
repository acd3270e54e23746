//! Black-box tests: the real binary, the real cargo, small projects that need no network.

mod archive;
mod diff;
mod failures;
mod faults;
mod floors;
mod hostile;
#[cfg(target_os = "linux")]
mod normalize;
mod output;
mod readme;
#[cfg(unix)]
mod rebuilderd;
mod seeds;
mod settings;
mod sound;
mod source;
mod support;
mod verify;

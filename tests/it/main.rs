//! Black-box tests: the real binary, the real cargo, small projects that need no network.

mod archive;
mod blame;
mod diff;
mod explain;
mod failures;
mod faults;
mod floors;
#[cfg(target_os = "linux")]
mod mutation;
mod normalize;
mod output;
mod readme;
mod seeds;
mod settings;
mod sound;
mod source;
mod support;

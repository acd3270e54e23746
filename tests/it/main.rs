//! Black-box tests: the real binary, the real cargo, small projects that need no network.

mod failures;
mod faults;
mod floors;
mod output;
mod readme;
mod settings;
mod sound;
mod source;
mod support;

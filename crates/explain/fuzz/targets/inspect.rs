#![no_main]
//! Any bytes as a program: what is told of it are programs with a format each, or why there are none.

use repro_explain::inspect;
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { entries: 1_000, bytes: 64 << 20, ratio: 250 };
    match inspect::bytes(data, &limits) {
        Ok(found) => assert!(!found.is_empty()),
        Err(why) => assert!(!why.is_empty()),
    }
});

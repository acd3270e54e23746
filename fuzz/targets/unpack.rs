#![no_main]
//! Any bytes as compressed ones: gzip, Zstandard, xz.

use repro::archive::unpack;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    assert!(unpack::unpacked_head(data).len() <= 512);
});

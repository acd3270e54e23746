#![no_main]
//! Any bytes as a file of any type; compressed ones are unpacked as far as a tar would show itself.

use repro_formats::compress::container::Compression;
use repro_formats::compress::unpack;
use repro_formats::detect::detect;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = detect(data);
    assert!(unpack::unpacked_head(data, Compression::of(data)).len() <= 512);
});

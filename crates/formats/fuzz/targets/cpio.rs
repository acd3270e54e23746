#![no_main]
//! Any bytes as a cpio archive: its members are within it.

use repro_formats::cpio::read as cpio;
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let entries = cpio::read(data, &Limits::default()).unwrap_or_default();
    assert!(entries.iter().map(|e| e.content.len()).sum::<usize>() <= data.len());
});

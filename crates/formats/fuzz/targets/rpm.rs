#![no_main]
//! Any bytes as an RPM package: header and payload are within it, and do not overlap.

use repro_formats::rpm::read as rpm;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(package) = rpm::read(data) {
        assert!(package.header.len() + package.payload.len() <= data.len());
    }
});

#![no_main]
//! Any bytes as the header of a gzip member.

use repro_formats::gzip::header::Header;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(header) = Header::parse(data) {
        assert!(header.len <= data.len());
    }
});

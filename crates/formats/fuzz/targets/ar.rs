#![no_main]
//! Any bytes as an ar archive: its members are within it.

use std::io::Cursor;

use repro_formats::ar::read as ar;
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for entry in ar::read(&mut Cursor::new(data), &Limits::default()).unwrap_or_default() {
        assert!(entry.data_at + entry.size <= data.len() as u64);
    }
});

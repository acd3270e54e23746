#![no_main]
//! Any bytes as a PE file.

use std::io::Cursor;

use repro_formats::pe::stamps as pe;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = (pe::begins(data), pe::stamps(&mut Cursor::new(data)));
});

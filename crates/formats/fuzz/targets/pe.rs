#![no_main]
//! Any bytes as a PE file.

use std::io::Cursor;

use repro_formats::pe::{headers, stamps};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = (headers::begins(data), stamps::stamps(&mut Cursor::new(data)));
});

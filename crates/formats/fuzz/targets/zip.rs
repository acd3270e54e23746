#![no_main]
//! Any bytes as a zip: its members are unpacked as far as they go.

use std::io::{Cursor, Read};

use repro_formats::zip::read as zip;
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(found) = zip::read(&mut Cursor::new(data), &Limits::default()) else {
        return;
    };
    for entry in found.entries {
        assert!(!entry.name.starts_with(b"/") && !entry.name.starts_with(b"../"));
        if let Ok(content) = entry.content(Cursor::new(data)) {
            // A megabyte tells as much as more.
            let _ = std::io::copy(&mut content.take(1 << 20), &mut std::io::sink());
        }
    }
});

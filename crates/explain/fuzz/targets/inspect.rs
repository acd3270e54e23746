#![no_main]
//! Inspects any bytes. An ELF file is one program, and an error has a message.

use repro_explain::inspect;
use repro_formats::detect::{FileType, detect};
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { entries: 1_000, bytes: 64 << 20, ratio: 250 };
    match inspect::bytes(data, &limits) {
        Ok(found) => assert!(found.len() == 1 || detect(data) != FileType::Elf),
        Err(why) => assert!(!why.is_empty()),
    }
});

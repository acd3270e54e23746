#![no_main]
//! Any bytes as an ELF program.

use repro_formats::elf;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = elf::linking_of(data);
});

#![no_main]
//! Any bytes as a tar: every member is read to its end.

use repro_formats::tar::read::Walk;
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let mut walk = Walk::new(data, &limits);
    while let Ok(Some(entry)) = walk.next() {
        assert!(!entry.name.starts_with(b"/") && !entry.name.starts_with(b"../"));
        if std::io::copy(&mut walk, &mut std::io::sink()).is_err() {
            break;
        }
    }
});

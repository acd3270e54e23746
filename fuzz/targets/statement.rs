#![no_main]
//! Payloads of signed statements: every one is read or refused, and so is a trust file.

use libfuzzer_sys::fuzz_target;
use repro::attest::{statement, trust};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Ok(claim)) = statement::read(bytes) {
        assert!(claim.files.values().all(|sha256| sha256.len() == 64));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = trust::Trust::read(text);
    }
});

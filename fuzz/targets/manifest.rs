#![no_main]
//! Manifests: what is taken for sound is written, and read as the same again.

use libfuzzer_sys::fuzz_target;
use repro::manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::from_bytes(bytes, "fuzzed") {
        let again = Manifest::from_bytes(&manifest.to_bytes().unwrap(), "again").unwrap();
        assert_eq!(again, manifest);
    }
});

#![no_main]
//! Files of signed statements: what is read is written, and read as the same again.

use libfuzzer_sys::fuzz_target;
use repro::attest::dsse::{self, Envelope};

fuzz_target!(|bytes: &[u8]| {
    for envelope in dsse::read(bytes).into_iter().flatten() {
        let again = dsse::read(envelope.to_line().as_bytes()).unwrap();
        // A line names no certificate.
        assert_eq!(again, [Envelope { certified: false, ..envelope }]);
    }
});

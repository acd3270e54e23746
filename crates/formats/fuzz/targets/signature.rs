#![no_main]
//! Code signatures: what is unsigned once stays so.

use libfuzzer_sys::fuzz_target;
use repro_formats::signature;

fuzz_target!(|bytes: &[u8]| {
    if let Some(unsigned) = signature::without(bytes.to_vec()) {
        let again = signature::without(unsigned.bytes.clone()).unwrap();
        assert_eq!((again.bytes, again.signed), (unsigned.bytes, false));
    }
});

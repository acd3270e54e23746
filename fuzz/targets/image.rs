#![no_main]
//! Documents of container images: every digest that is read can be the name of a file, and nothing else.

use libfuzzer_sys::fuzz_target;
use repro::oci::documents::{self, Document};

fuzz_target!(|bytes: &[u8]| {
    let _ = documents::read_config(bytes, 1);
    let found = match documents::read(bytes) {
        Ok(Document::Index(images)) => images,
        Ok(Document::Image(config, layers)) => [vec![config], layers].concat(),
        Err(_) => return,
    };
    for descriptor in found {
        assert!(descriptor.sha256.len() == 64 && !descriptor.sha256.contains(['/', '.']));
        assert_eq!(descriptor.to_value()["size"], descriptor.size);
    }
});

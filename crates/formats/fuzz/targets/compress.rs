#![no_main]
//! Any bytes in each compression: what comes out stays within the limits, however it ends.

use std::io::Read;

use repro_formats::compress::container::{COMPRESSIONS, Compression};
use repro_formats::compress::unpack::Unpacked;
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { entries: 1_000, bytes: 16 << 20, ratio: 250 };
    // As its beginning says, and as every other compression, whose readers must bear it too.
    let said = Compression::of(data);
    let others = COMPRESSIONS.iter().map(|row| row.compression).filter(|c| *c != said);
    for compression in std::iter::once(said).chain(others) {
        let Ok(unpacked) = Unpacked::new(data, compression, &limits) else { continue };
        let mut content = Vec::new();
        let _ = unpacked.take((16 << 20) + 1).read_to_end(&mut content);
        assert!(compression == Compression::None || content.len() <= 16 << 20);
    }
});

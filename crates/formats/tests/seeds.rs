//! The seeds of the fuzz targets are what they are called: each is read by its reader.

use std::io::{self, Cursor, Read};

use repro_formats::compress::container::Compression;
use repro_formats::compress::unpack::Unpacked;
use repro_formats::detect::{FileType, detect};
use repro_formats::limits::Limits;
use repro_formats::{ar, cpio, gzip, pe, rpm, signature, tar, zip};

/// Whether the reader of a target takes the bytes.
fn reads(target: &str, bytes: &[u8]) -> Result<(), String> {
    let limits = Limits::default();
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let mut input = Cursor::new(bytes);
    match target {
        "tar" => {
            let mut walk = tar::read::Walk::new(bytes, &limits);
            while walk.next().map_err(|e| text(&e))?.is_some() {}
            Ok(())
        }
        "zip" => {
            let _ = zip::lenient::read_any(bytes, &limits);
            let found = zip::read::read(&mut input, &limits).map_err(|e| text(&e))?;
            found.entries.iter().try_for_each(|entry| {
                let content = entry.content(Cursor::new(bytes)).map_err(|e| text(&e))?;
                io::copy(&mut { content }, &mut io::sink()).map(drop).map_err(|e| text(&e))
            })
        }
        "ar" => ar::read::read(&mut input, &limits).map(drop).map_err(|e| text(&e)),
        "cpio" => cpio::read::read(bytes, &limits).map(drop).map_err(|e| text(&e)),
        "rpm" => rpm::read::read(bytes).map(drop).map_err(|e| text(&e)),
        "pe" => pe::stamps::stamps(&mut input).map(drop).map_err(|e| text(&e)),
        "compress" => {
            let said = Compression::of(bytes);
            let mut content = String::new();
            let unpacked = Unpacked::new(bytes, said, &limits).map_err(|e| text(&e))?;
            unpacked.take(1 << 20).read_to_string(&mut content).map_err(|e| text(&e))?;
            let whole = said != Compression::None && content.ends_with("\n60\n");
            whole.then_some(()).ok_or(format!("{said:?}: {content}"))
        }
        "gzip" => gzip::header::Header::parse(bytes).map(drop).map_err(|e| text(&e)),
        "signature" => match signature::without(bytes.to_vec()) {
            Some(unsigned) if unsigned.signed => Ok(()),
            _ => Err("no signature".to_string()),
        },
        "detect" => match detect(bytes) {
            FileType::Tar(_) | FileType::Compressed(_) => Ok(()),
            other => Err(format!("{other:?}")),
        },
        other => Err(format!("no reader for `{other}`")),
    }
}

#[path = "common/seeds.rs"]
mod each;

#[test]
fn every_seed_is_read_and_every_target_has_some() {
    each::are_read(env!("CARGO_MANIFEST_DIR"), reads);
}

/// Bytes of a seed that are changed one by one: headers are at the beginning of most formats.
const CHANGED: usize = 2048;

#[test]
fn no_change_of_a_byte_of_a_seed_panics() {
    each::are_read(env!("CARGO_MANIFEST_DIR"), |target, bytes| {
        // Checksums of tar and other people's decompressors refuse these at once; they have tests of their own.
        let places = if ["tar", "compress", "detect"].contains(&target) { 0 } else { bytes.len() };
        for at in (0..places).filter(|at| *at < CHANGED || at % 61 == 0) {
            let _ = reads(target, &bytes[..at]);
            for value in [0, 1, b'9', 0x50, 0x7f, 0xff, bytes[at] ^ 0x10, bytes[at] ^ 0xff] {
                let changed = [&bytes[..at], &[value], &bytes[at + 1..]].concat();
                let _ = reads(target, &changed);
            }
        }
        Ok(())
    });
}

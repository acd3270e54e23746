//! The seeds of the fuzz targets are what they are called: each is read by its reader.

use std::io::{Cursor, Read};

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
        "zip" => zip::read::read(&mut input, &limits).map(drop).map_err(|e| text(&e)),
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

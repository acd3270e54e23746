//! The seeds of the fuzz targets are what they are called: each is read by its reader.

use repro_explain::{Context, explain_bytes, inspect};
use repro_formats::limits::Limits;

/// Whether the reader of a target takes the bytes.
fn reads(target: &str, bytes: &[u8]) -> Result<(), String> {
    match target {
        "explain" => is_explained(bytes),
        "inspect" => inspect::bytes(bytes, &Limits::default()).map(drop),
        other => Err(format!("no reader for `{other}`")),
    }
}

fn is_explained(bytes: &[u8]) -> Result<(), String> {
    let mut other = bytes.to_vec();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    let found = explain_bytes(bytes, &other, &Context::default());
    match found.note {
        Some(note) => Err(note),
        None if found.formats[0].plain => {
            Err("it is none of the formats that have a reader".to_string())
        }
        None => Ok(()),
    }
}

#[path = "../../formats/tests/common/seeds.rs"]
mod each;

#[test]
fn every_seed_is_read_and_every_target_has_some() {
    each::are_read(env!("CARGO_MANIFEST_DIR"), reads);
}

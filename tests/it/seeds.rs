//! The seeds of the fuzz targets are what they are called: each is read by its reader.

use repro::attest::{dsse, statement};
use repro::manifest::Manifest;
use repro::oci::documents;

/// Whether the reader of a target takes the bytes.
fn reads(target: &str, bytes: &[u8]) -> Result<(), String> {
    match target {
        "manifest" => Manifest::from_bytes(bytes, "seed").map(drop).map_err(|e| e.to_string()),
        "envelope" => dsse::read(bytes).map(drop),
        "statement" => statement::read(bytes)?.map(drop),
        "image" => documents::read(bytes).map(drop),
        other => Err(format!("no reader for `{other}`")),
    }
}

#[path = "../../crates/formats/tests/common/seeds.rs"]
mod each;

#[test]
fn every_seed_is_read_and_every_target_has_some() {
    each::are_read(env!("CARGO_MANIFEST_DIR"), reads);
}

//! The seeds of the fuzz targets are what they are called: each is read by its reader.

use std::path::Path;

use repro::explain::{Context, explain_bytes};
use repro::manifest::Manifest;

/// Whether the reader of a target takes the bytes.
fn reads(target: &str, bytes: &[u8]) -> Result<(), String> {
    match target {
        "manifest" => Manifest::from_bytes(bytes, "seed").map(drop).map_err(|e| e.to_string()),
        "explain" => {
            let mut other = bytes.to_vec();
            let middle = other.len() / 2;
            other[middle] ^= 1;
            let found = explain_bytes(bytes, &other, &Context::default());
            match found.note {
                Some(note) => Err(note),
                None if ["text", "bytes"].contains(&found.formats[0].as_str()) => {
                    Err("it is none of the formats that have a reader".to_string())
                }
                None => Ok(()),
            }
        }
        other => Err(format!("no reader for `{other}`")),
    }
}

#[test]
fn every_seed_is_read_and_every_target_has_some() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let list = |dir: &Path| {
        let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
        entries.collect::<Vec<_>>()
    };
    let mut targets = 0;
    for source in list(&fuzz.join("targets")) {
        let target = source.file_stem().unwrap().to_str().unwrap();
        let seeds = list(&fuzz.join("seeds").join(target));
        assert!(!seeds.is_empty(), "{target}");
        for seed in seeds {
            let bytes = std::fs::read(&seed).unwrap();
            assert_eq!(reads(target, &bytes), Ok(()), "{}", seed.display());
        }
        targets += 1;
    }
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), targets);
}

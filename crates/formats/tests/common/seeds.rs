//! The seeds of a package's fuzz targets, for the tests of every package that has some.

use std::path::Path;

/// Each seed is taken by the reader of its target, and every target has some.
pub fn are_read(package: &str, reads: impl Fn(&str, &[u8]) -> Result<(), String>) {
    let fuzz = Path::new(package).join("fuzz");
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

//! Bad input: samples of every format, with bytes changed, cut off and moved around, thousands of times.
//! Nothing panics, and what differs is never said to be nothing.

use std::path::{Path, PathBuf};

use repro_explain::cause::Cause;
use repro_explain::{Clocks, Context, Known, Window, explain_bytes};
use repro_formats::limits::Limits;

/// A small generator: each run sees the same.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n.max(1)
    }

    fn byte(&mut self) -> u8 {
        // Those that numbers and names in headers are made of, more often than others.
        const OFTEN: [u8; 8] = [0, 1, 0xff, 0x7f, 0x80, b'/', b'0', 0x10];
        match self.below(3) {
            0 => self.below(256) as u8,
            _ => OFTEN[self.below(OFTEN.len())],
        }
    }

    /// The bytes, changed in one to four ways.
    fn change(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            let end = (at + self.below(64)).min(out.len());
            match self.below(6) {
                0 => out.truncate(at),
                1 => drop(out.drain(at..end)),
                2 => {
                    let piece = out[at..end].to_vec();
                    let to = self.below(out.len());
                    drop(out.splice(to..to, piece));
                }
                3 => {
                    let number = u32::MAX >> self.below(32);
                    let field = out.iter_mut().skip(at & !3).take(4);
                    field.zip(number.to_le_bytes()).for_each(|(b, n)| *b = n);
                }
                _ => {
                    if let Some(byte) = out.get_mut(at) {
                        *byte = self.byte();
                    }
                }
            }
        }
        out
    }
}

fn seeds() -> Vec<PathBuf> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let list = |dir: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut list: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
        list.sort();
        list
    };
    let targets = ["explain", "formats"].map(|of| list(&crates.join(of).join("fuzz/seeds")));
    targets.iter().flatten().flat_map(|dir| list(dir)).collect()
}

fn context() -> Context {
    let window = |from| Window { from, to: from + 100 };
    Context {
        known: vec![
            Known::new(Cause::Username, "user name", "user-a", "user-bb"),
            Known::new(Cause::Parallelism, "jobs", "2", "3"),
            Known::new(Cause::Environment, "variable", "", "STRAY"),
        ],
        clocks: Some(Clocks { a: window(1_700_000_000), b: window(1_734_579_000) }),
        limits: Limits { entries: 1_000, bytes: 16 << 20, ratio: 250 },
        ..Context::default()
    }
}

#[test]
fn no_change_of_any_sample_makes_a_reader_panic_or_silent() {
    let context = context();
    // Other changes than those of every run: MUTATION_SEED=N cargo test mutation
    let seed = std::env::var("MUTATION_SEED").ok().and_then(|n| n.parse().ok());
    let mut random = Random(seed.unwrap_or(1));
    let seeds = seeds();
    assert!(seeds.len() >= 20, "{seeds:?}");
    let mut count = 0;
    for seed in &seeds {
        let bytes = std::fs::read(seed).unwrap();
        // The bigger ones take longer, and are mostly padding.
        let rounds = if bytes.len() > 8_192 { 60 } else { 120 };
        for _ in 0..rounds {
            let a = match random.below(2) {
                0 => bytes.clone(),
                _ => random.change(&bytes),
            };
            let b = random.change(&a);
            if a == b {
                continue;
            }
            let found = explain_bytes(&a, &b, &context);
            let told = !found.findings.is_empty() || found.note.is_some();
            assert!(told, "{}: {found:?}", seed.display());
            assert!(found.coverage.residue() <= found.coverage.differing);
            count += 1;
        }
    }
    assert!(count > 3_000, "{count}");
}

#[test]
fn every_beginning_of_a_sample_is_read() {
    let context = context();
    for seed in seeds() {
        if !seed.parent().unwrap().ends_with("explain") {
            continue;
        }
        let bytes = std::fs::read(&seed).unwrap();
        // All short ones, where headers end, and then some.
        let lengths = (0..bytes.len()).filter(|n| *n < 256 || n % 97 == 0);
        for n in lengths {
            let found = explain_bytes(&bytes, &bytes[..n], &context);
            assert!(found.coverage.differing > 0 || found.note.is_some());
        }
    }
}

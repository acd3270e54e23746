#![no_main]
//! Any bytes, and the same with some changed, as two files that differ. The last eight bytes say which:
//! so a seed is a file as it is.

use repro_explain::cause::Cause;
use repro_explain::{Context, Known, explain_bytes};
use repro_formats::limits::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((file, change)) = data.split_last_chunk::<8>() else {
        return;
    };
    let mut other = file.to_vec();
    let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
    match change[2] % 4 {
        0 => other.truncate(at),
        1 => drop(other.splice(at.min(file.len()).., change[3..].iter().copied())),
        _ => {
            if let Some(byte) = other.get_mut(at) {
                *byte ^= change[3] | 1;
            }
        }
    }
    let context = Context {
        known: vec![Known::new(Cause::Username, "user name", "user-a", "user-bb")],
        limits: Limits {
            entries: 1_000,
            bytes: 64 << 20,
            ratio: 250,
        },
        ..Context::default()
    };
    let found = explain_bytes(file, &other, &context);
    assert!(file == other || !found.findings.is_empty() || found.note.is_some());
});

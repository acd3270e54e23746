//! Bytes of formats that have no reader of their own: what is looked for in them.

use std::io::Write;

use repro_explain::cause::Cause;
use repro_explain::finding::About;
use repro_explain::{Context, explain_bytes};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

#[test]
fn what_a_stream_unpacks_to_is_compared_and_not_its_bytes() {
    let lines = |n: u32| (0..400).map(|i| format!("{}\n", i * n)).collect::<String>();
    let file = |text: &str| [b"#!/bin/sh\nexit\n\0\0", &gzip(text.as_bytes())[..]].concat();
    let (a, b) = (lines(7), lines(9));
    let found = explain_bytes(&file(&a), &file(&b), &Context::default()).findings;
    assert!(found.iter().all(|f| f.cause != Cause::Randomness), "{found:?}");
    let first = &found[0];
    assert_eq!(first.place.within, ["the gzip stream at byte 17"], "{found:?}");
    // Random bytes next to a stream are still found to be random.
    let noise = |n: u8| (1..33_u8).map(|i| i.wrapping_mul(n).rotate_left(3)).collect();
    let beside = |text: &str, noise: Vec<u8>| [file(text), noise].concat();
    let (x, y) = (beside(&a, noise(37)), beside(&b, noise(91)));
    let found = explain_bytes(&x, &y, &Context::default()).findings;
    assert!(found.iter().any(|f| f.cause == Cause::Randomness), "{found:?}");
}

#[test]
fn the_time_in_a_compiled_python_module_is_that_of_its_source() {
    let module = |flags: u8, time: u32| {
        let head = [&3495_u16.to_le_bytes()[..], b"\r\n", &[flags, 0, 0, 0]].concat();
        [&head[..], &time.to_le_bytes(), &[4, 0, 0, 0], &[0xe3; 40]].concat()
    };
    let cause = |flags| {
        let (a, b) = (module(flags, 978_307_200), module(flags, 1_009_843_200));
        let found = explain_bytes(&a, &b, &Context::default()).findings;
        (found.len(), found[0].cause, found[0].about)
    };
    assert_eq!(cause(0), (1, Cause::SourceMtime, About::Python));
    // With this flag it is a hash of the source.
    assert_eq!(cause(1).1, Cause::Unknown);
}

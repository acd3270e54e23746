//! `repro diff` on modules of WebAssembly, made here byte by byte: no linker for them is needed.

use repro_explain::{Context, explain_bytes};
use serde_json::Value;

use crate::support::Project;

fn text(s: &str) -> Vec<u8> {
    [&[s.len() as u8], s.as_bytes()].concat()
}

fn section(id: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128);
    [&[id, body.len() as u8], body].concat()
}

/// A function that gives the address of a text in a data segment.
struct Module<'a> {
    rustc: &'a str,
    name: &'a str,
    says: &'a str,
    adds: u8,
    custom: &'a [u8],
}

const PLAIN: Module = Module {
    rustc: "1.95.0 (a 2026-04-14)",
    name: "said",
    says: "made on Monday",
    adds: 7,
    custom: b"x",
};

impl Module<'_> {
    fn bytes(&self) -> Vec<u8> {
        // i32.const 1048576 + 8; i32.const; i32.add; end
        let body = [0, 0x41, 0x88, 0x80, 0xc0, 0, 0x41, self.adds, 0x6a, 0x0b];
        let code = [&[1, body.len() as u8], &body[..]].concat();
        let content = [&[0; 8], self.says.as_bytes(), b"\0and what follows it"].concat();
        let data =
            [&[1, 0, 0x41, 0x80, 0x80, 0xc0, 0, 0x0b, content.len() as u8], &content[..]].concat();
        let function = [&[0u8][..], &text(self.name)].concat();
        let functions = [&[1u8][..], &function].concat();
        let names = [text("name"), vec![1, functions.len() as u8], functions].concat();
        let rustc = [text("rustc"), text(self.rustc)].concat();
        let tools = [text("producers"), vec![1], text("processed-by"), vec![1], rustc].concat();
        let sections = [
            section(1, &[1, 0x60, 0, 1, 0x7f]),
            section(3, &[1, 0]),
            section(10, &code),
            section(11, &data),
            section(0, &names),
            section(0, &tools),
            section(0, &[&text("own")[..], self.custom].concat()),
        ];
        [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
    }
}

/// What `repro diff` reports of two modules.
#[track_caller]
fn diff(a: &[u8], b: &[u8]) -> Value {
    let project = Project::plain("sound-features");
    std::fs::write(project.dir.join("a.wasm"), a).unwrap();
    std::fs::write(project.dir.join("b.wasm"), b).unwrap();
    let run = project.repro(&["diff", "--format", "json", "a.wasm", "b.wasm"]);
    assert_eq!(run.code, Some(i32::from(a != b)), "{}", run.all());
    run.json()["artifacts"][0].clone()
}

#[test]
fn a_text_is_in_its_segment_and_belongs_to_the_function_that_reads_it() {
    diff(&PLAIN.bytes(), &PLAIN.bytes());
    for says in ["made on Friday", "made on Wednesday"] {
        let found = diff(&PLAIN.bytes(), &Module { says, ..PLAIN }.bytes());
        let one = &found["findings"][0];
        assert_eq!(one["symbol"], "said", "{found:#}");
        assert!(one["where"].as_str().unwrap().starts_with("data segment 0+0x"), "{one}");
        assert!(one["b"].as_str().unwrap().contains(&says[8..]), "{one}");
    }
}

#[test]
fn each_kind_of_difference_has_its_place_and_cause() {
    let rustc = "1.96.0 (b 2026-05-26)";
    for (other, place, cause) in [
        (Module { rustc, ..PLAIN }, "producers", "compiler-version"),
        (Module { adds: 9, ..PLAIN }, "code", "unknown"),
        (Module { custom: b"y", ..PLAIN }, "own", "unknown"),
        (Module { name: "told", ..PLAIN }, "symbols", "unknown"),
    ] {
        let found = diff(&PLAIN.bytes(), &other.bytes());
        let one = &found["findings"][0];
        assert_eq!(one["cause"], cause, "{found:#}");
        assert!(one["where"].as_str().unwrap().starts_with(place), "{found:#}");
    }
}

#[test]
fn a_module_that_is_cut_off_or_lies_is_compared_all_the_same() {
    let whole = PLAIN.bytes();
    for end in 0..whole.len() {
        let found = explain_bytes(&whole, &whole[..end], &Context::default());
        assert!(!found.findings.is_empty() || found.note.is_some(), "{end}");
    }
    // Every number of it, as large as a byte can say.
    for at in 8..whole.len() {
        let mut lies = whole.clone();
        lies[at] = 0xff;
        let found = explain_bytes(&whole, &lies, &Context::default());
        assert!(!found.findings.is_empty() || found.note.is_some(), "{at}");
    }
    let found = explain_bytes(&whole, &whole[..whole.len() - 1], &Context::default());
    assert!(found.note.unwrap().contains("is cut off"));
}

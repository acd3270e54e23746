//! Assembler code within Rust: `.incbin` and `.include` in it read files that rustc does not list, so a
//! crate that has any is not remembered. Found by its words; only bytes.

use std::io;
use std::path::PathBuf;

use memchr::memmem;

/// Which crates' code may read files in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// None.
    Nothing,
    /// That of the crate.
    InCrate,
    /// That of crates that use it, too: by a macro, or by a function that is compiled with them.
    InDependents,
}

/// Looks through the files of one crate.
///
/// # Errors
/// One of them cannot be read.
pub fn in_files(files: impl Iterator<Item = PathBuf>) -> io::Result<Reads> {
    let (mut reads, mut directives) = (Reads::Nothing, false);
    for file in files {
        let text = std::fs::read(file)?;
        reads = reads.max(in_text(&text));
        directives |= has_directive(&text);
    }
    Ok(match reads {
        Reads::InCrate if directives => Reads::InDependents,
        other => other,
    })
}

fn in_text(text: &[u8]) -> Reads {
    let named = memmem::find_iter(text, "asm").any(|at| is_name(&text[..at], &text[at + 3..]));
    match named {
        false => Reads::Nothing,
        true if memmem::find(text, b"macro_export").is_none() => Reads::InCrate,
        true => Reads::InDependents,
    }
}

/// Whether `asm` between these is `asm`, `global_asm` or `naked_asm`, and not a part of another word.
fn is_name(before: &[u8], after: &[u8]) -> bool {
    let in_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let prefixes = [&b"global_"[..], b"naked_"];
    let before = prefixes.iter().find_map(|p| before.strip_suffix(*p)).unwrap_or(before);
    !in_word(before.last()) && !in_word(after.first())
}

/// The assembler does not tell upper from lower case.
fn has_directive(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    [&b"incbin"[..], b".include"].iter().any(|word| memmem::find(&text, word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Reads {
        let dir = tempfile::tempdir().unwrap();
        let write = |(i, text): (usize, &&str)| {
            let path = dir.path().join(i.to_string());
            std::fs::write(&path, text).unwrap();
            path
        };
        let paths: Vec<_> = texts.iter().enumerate().map(write).collect();
        in_files(paths.into_iter()).unwrap()
    }

    #[test]
    fn assembler_code_is_found_wherever_it_is_named() {
        for (texts, want) in [
            (
                &["fn f() {}", "cfg(target_family = \"wasm\"); disasm!(); asm_x; plasma"][..],
                Reads::Nothing,
            ),
            (&["// .incbin"], Reads::Nothing),
            (&["asm!(\"nop\")"], Reads::InCrate),
            (&["use core::arch::{global_asm as g};"], Reads::InCrate),
            (&["fn f() {}", "core::arch::naked_asm !(x)"], Reads::InCrate),
            (&["asm!(include_str!(\"x.s\"))", ".InCbin \"y\""], Reads::InDependents),
            (
                &["#[macro_export] macro_rules! m { () => { core::arch::global_asm!() } }"],
                Reads::InDependents,
            ),
            (&["asm", "#[macro_export]"], Reads::InCrate),
        ] {
            assert_eq!(of(texts), want, "{texts:?}");
        }
    }
}

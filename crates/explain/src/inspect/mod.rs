//! How a binary was made, read from its headers, notes, sections and texts: compiler, linker, target, crates,
//! paths. Nothing is run, and nothing is compared.
//!
//! Archives are opened, and each binary in them is inspected. A value that is not found is left out, never
//! guessed: a stripped program has fewer of them.

mod binary;
mod headers;
mod texts;
mod wasm;

use std::path::Path;

use repro_formats::detect::{FileType, detect};
use repro_formats::limits::Limits;
use repro_formats::listing::Container;

pub use self::binary::{Binary, Crate, LeakedPath, Rustc, release_of};
use super::open;
use super::read::READERS;

/// Archives in archives that are opened.
const DEEPEST: usize = 3;
/// Binaries of one file that are inspected.
const MOST: usize = 2_000;

/// What the binaries in a file tell; none if there is no binary in it.
///
/// # Errors
/// The file cannot be read, or is a malformed archive: a clause.
pub fn file(path: &Path, limits: &Limits) -> Result<Vec<Binary>, String> {
    bytes(&open::read(path)?, limits)
}

/// The same of bytes.
///
/// # Errors
/// They are a malformed archive: a clause.
pub fn bytes(bytes: &[u8], limits: &Limits) -> Result<Vec<Binary>, String> {
    let mut out = Vec::new();
    add(bytes, &[], limits, &mut out)?;
    Ok(out)
}

fn add(
    bytes: &[u8],
    within: &[String],
    limits: &Limits,
    out: &mut Vec<Binary>,
) -> Result<(), String> {
    if out.len() >= MOST {
        return Ok(());
    }
    let found = detect(bytes);
    let own = match found {
        // Of a Debian package the members are inspected one by one.
        FileType::Ar if !bytes.starts_with(crate::DEB) => Some("ar"),
        _ => READERS.iter().find(|r| r.of == found).map(|r| r.name),
    };
    if let Some(format) = own {
        out.push(binary(bytes, format, within.to_vec()));
        return Ok(());
    }
    if within.len() >= DEEPEST {
        return Ok(());
    }
    let peeled = open::peel(bytes, limits).map_err(|e| e.what)?;
    let opened = match open::open(&peeled.bytes, limits) {
        Some(opened) => opened.map_err(|e| e.what)?,
        None if peeled.layers.is_empty() => return Ok(()),
        // One compressed file.
        None => {
            let within = [within, &["content".to_string()]].concat();
            return add(&peeled.bytes, &within, limits, out);
        }
    };
    for part in opened.parts.iter().filter(|p| !p.bytes.is_empty()) {
        let below = [within, std::slice::from_ref(&part.said.name)].concat();
        let added = add(&part.bytes, &below, limits, out);
        // A member that is malformed hides the others of no archive but its own.
        if within.is_empty() && opened.kind == Container::Fat {
            added?;
        }
    }
    Ok(())
}

fn binary(bytes: &[u8], format: &'static str, within: Vec<String>) -> Binary {
    let mut out = Binary { within, format, ..Binary::default() };
    match format {
        "wasm" => wasm::read(&mut out, bytes),
        "ar" => {
            let members = open::open(bytes, &Limits::default());
            if let Some(Ok(opened)) = members {
                opened.parts.iter().for_each(|p| headers::object(&mut out, &p.bytes));
            }
        }
        _ => headers::read(&mut out, bytes),
    }
    texts::read(&mut out, bytes);
    out.settle();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_of_releases_are_known_in_full_and_abbreviated() {
        assert_eq!(release_of("59807616e1fa2540724bfbac14d7976d7e4a3860"), Some("1.95.0"));
        assert_eq!(release_of("4b91a6ea7"), Some("1.63.0"));
        assert_eq!(release_of("4b91"), None);
        assert_eq!(release_of("0000000000000000000000000000000000000000"), None);
    }

    fn inspected(bytes: &[u8]) -> Binary {
        let mut all = super::bytes(bytes, &Limits::default()).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_wasm_module_tells_by_its_producers_and_texts() {
        let text = |s: &str| [&[s.len() as u8], s.as_bytes()].concat();
        let field = |name: &str, value: &str, version: &str| {
            [text(name), vec![1], text(value), text(version)].concat()
        };
        let rustc = field("processed-by", "rustc", "1.95.0 (59807616e 2026-04-14)");
        let body = [text("producers"), vec![1], rustc].concat();
        let data = b"\0/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/option.rs\
            /home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde_json-1.0.149/src/de.rs\
            RUST_BACKTRACE";
        let section = |id: u8, body: &[u8]| {
            let (low, high) = (body.len() as u8 & 0x7f | 0x80, (body.len() >> 7) as u8);
            [&[id, low, high], body].concat()
        };
        let module = [&b"\0asm\x01\0\0\0"[..], &section(11, data), &section(0, &body)].concat();
        let found = inspected(&module);
        assert_eq!((found.format, found.rust), ("wasm", true));
        assert_eq!(found.rustc.len(), 1, "{:?}", found.rustc);
        assert_eq!(found.rustc[0].version.as_deref(), Some("1.95.0"));
        assert_eq!(found.rustc[0].date.as_deref(), Some("2026-04-14"));
        assert_eq!(found.rustc[0].commit.as_ref().unwrap().len(), 40);
        let krate = &found.crates[0];
        assert_eq!((&*krate.name, krate.version.as_deref()), ("serde_json", Some("1.0.149")));
        let leaked = &found.paths[0];
        assert_eq!((&*leaked.path, leaked.count), ("/home/me/.cargo", 1));
        // Cut off anywhere, it tells less and nothing breaks.
        for end in 0..module.len() {
            let _ = super::bytes(&module[..end], &Limits::default());
        }
    }

    #[test]
    fn what_is_no_binary_tells_nothing() {
        assert_eq!(
            super::bytes(b"rustc version 1.95.0 (59807616e)", &Limits::default()),
            Ok(vec![])
        );
    }
}

//! WebAssembly modules: the custom sections in which tools leave their names.

use super::binary::Binary;
use crate::wasm::{CUSTOM, IMPORT, producers, sections};

/// Reads its sections as far as they are sound.
pub(super) fn read(out: &mut Binary, bytes: &[u8]) {
    let mut target = "wasm32-unknown-unknown";
    let (sections, _) = sections(bytes);
    for section in &sections {
        let body = &bytes[section.range.clone()];
        match (section.id, section.name) {
            (CUSTOM, "producers") => {
                for p in producers(bytes, section) {
                    let version = String::from_utf8_lossy(&bytes[p.version.clone()]);
                    match (p.field, p.name) {
                        ("processed-by", "rustc") => out.rustc_text(&version, "producers"),
                        ("processed-by", "clang") => out.compilers.push(format!("clang {version}")),
                        ("processed-by", name) => {
                            out.hints.push(format!("processed by {name} {version}"));
                        }
                        _ => {}
                    }
                }
            }
            (CUSTOM, "name") => out.symbols = true,
            (CUSTOM, name) if name.starts_with(".debug_") => out.debug_info = true,
            // Imports name the interface of the system.
            (IMPORT, _) if memchr::memmem::find(body, b"wasi_snapshot_preview1").is_some() => {
                target = "wasm32-wasip1";
            }
            _ => {}
        }
    }
    out.target = Some(target.to_string());
}

//! WebAssembly modules: the custom sections in which tools leave their names
//! (<https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md>).

use super::binary::Binary;

/// Whether the bytes begin a module.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x01\0\0\0")
}

/// The rest of a module or section that is read from its beginning.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in LEB128, of up to 32 bits.
    fn number(&mut self) -> Option<usize> {
        let mut value = 0usize;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let size = self.number()?;
        std::str::from_utf8(self.take(size)?).ok()
    }
}

/// Reads its sections as far as they are sound.
pub(super) fn read(out: &mut Binary, bytes: &[u8]) {
    let mut rest = Rest(&bytes[8..]);
    let mut wasi = None;
    while let Some(id) = rest.take(1) {
        let Some(body) = rest.number().and_then(|size| rest.take(size)) else { break };
        let mut body = Rest(body);
        match id[0] {
            0 => match body.text() {
                Some("producers") => {
                    producers(out, &mut body);
                }
                Some("name") => out.symbols = true,
                Some(name) if name.starts_with(".debug_") => out.debug_info = true,
                _ => {}
            },
            // Imports name the interface of the system.
            2 => {
                let has = |what: &str| memchr::memmem::find(body.0, what.as_bytes()).is_some();
                wasi = has("wasi_snapshot_preview1").then_some("wasm32-wasip1");
            }
            _ => {}
        }
    }
    out.target = Some(wasi.unwrap_or("wasm32-unknown-unknown").to_string());
}

fn producers(out: &mut Binary, section: &mut Rest) -> Option<()> {
    for _ in 0..section.number()?.min(16) {
        let field = section.text()?;
        for _ in 0..section.number()?.min(64) {
            let (name, version) = (section.text()?, section.text()?);
            match (field, name) {
                ("processed-by", "rustc") => out.rustc_text(version, "producers"),
                ("processed-by", "clang") => out.compilers.push(format!("clang {version}")),
                ("processed-by", _) => out.hints.push(format!("processed by {name} {version}")),
                _ => {}
            }
        }
    }
    Some(())
}

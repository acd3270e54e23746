//! Mach-O: sections, the UUID, the code signature, times and paths of objects in the symbol table
//! (`mach-o/loader.h`, `mach-o/nlist.h`, `mach-o/stab.h`).

use std::ops::Range;

use object::{ObjectSection, SectionKind};
use repro_formats::bytes::chunk;
use repro_formats::digest;
use repro_formats::names::printable;

use super::object_file::{add_names, sections};
use crate::cause::Cause;
use crate::finding::About;
use crate::image::{Field, Follows, Image, Kind, Part};
use crate::time;

pub(crate) fn read(bytes: &[u8]) -> Result<Image, String> {
    let (file, mut image) = sections(bytes, "Mach-O", |name, s| match (name, s.kind()) {
        ("__unwind_info" | "__eh_frame" | "__compact_unwind", _) => Kind::Table,
        ("__debug_str" | "__debug_line_str", _) => Kind::Text,
        (".rmeta" | ".rustc" | "__bitcode" | "__cmdline", _) => Kind::Metadata,
        (_, SectionKind::Text) => Kind::Code,
        (_, SectionKind::Debug) => Kind::Debug,
        _ => Kind::Data,
    })?;
    let n = Numbers::of(bytes);
    for (command, at, size) in n.commands() {
        match command {
            0x02 => symbols(&mut image, &n, at),
            0x22 | 0x8000_0022 => dyld_info(&mut image, &n, at),
            _ => {
                image.fields.extend(field(&n, command, at, size));
                image.fields.extend(of_signature(&n, command, at));
                image.parts.extend(data(&n, command, at));
            }
        }
    }
    image.tile(bytes.len());
    add_names(&mut image, &file);
    Ok(image)
}

/// The numbers of a file, in its byte order.
pub(crate) struct Numbers<'a> {
    bytes: &'a [u8],
    little: bool,
    wide: bool,
}

impl Numbers<'_> {
    /// Those of a Mach-O file for one machine.
    pub(crate) fn of(bytes: &[u8]) -> Numbers<'_> {
        let little = matches!(bytes.first(), Some(0xce | 0xcf));
        let wide = matches!(bytes, [0xcf, ..] | [_, _, _, 0xcf, ..]);
        Numbers { bytes, little, wide }
    }

    /// The load commands, as far as they are within the file: which, where each is, and its size.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (u32, usize, usize)> {
        let mut at = if self.wide { 32 } else { 28 };
        (0..self.usize(16).min(COMMANDS)).map_while(move |_| {
            let size = self.usize(at + 4);
            let end = at.saturating_add(size);
            let command = (self.u32(at), std::mem::replace(&mut at, end), size);
            (size >= 8 && end <= self.bytes.len()).then_some(command)
        })
    }

    /// Four bytes; 0 past the end.
    pub(crate) fn u32(&self, at: usize) -> u32 {
        let bytes = chunk(self.bytes, at).unwrap_or_default();
        if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    fn usize(&self, at: usize) -> usize {
        self.u32(at) as usize
    }

    fn u64(&self, at: usize) -> u64 {
        let bytes = chunk(self.bytes, at).unwrap_or_default();
        if self.little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) }
    }

    fn range(&self, start: usize, len: usize) -> Range<usize> {
        start..start.saturating_add(len)
    }
}

// Load commands begin with `cmd` and `cmdsize`, 4 bytes each. Offsets from there:
//
// | command | cmd | fields |
// | --- | --- | --- |
// | LC_SEGMENT, LC_SEGMENT_64 | 0x01, 0x19 | segname 8 to 24; vmsize and filesize 28 and 36, 32 and 48 |
// | LC_SYMTAB | 0x02 | symoff 8, nsyms 12, stroff 16, strsize 20 |
// | LC_ID_DYLIB | 0x0d | timestamp 12 |
// | LC_UUID | 0x1b | uuid 8 to 24 |
// | LC_CODE_SIGNATURE | 0x1d | dataoff 8, datasize 12 |
// | LC_FUNCTION_STARTS, LC_DATA_IN_CODE | 0x26, 0x29 | dataoff 8, datasize 12 |
// | LC_DYLD_EXPORTS_TRIE, LC_DYLD_CHAINED_FIXUPS | 0x80000033, 0x80000034 | dataoff 8, datasize 12 |
// | LC_DYLD_INFO, LC_DYLD_INFO_ONLY | 0x22, 0x80000022 | five pairs of offset and size from 8 |
// | LC_BUILD_VERSION | 0x32 | platform 8, minos 12, sdk 16, ntools 20, then tool and version |

/// Commands that are read: more than any linker writes.
const COMMANDS: usize = 4096;

fn part(name: &str, range: Range<usize>, kind: Kind) -> Part {
    Part::new(name, range, None, kind)
}

/// What changes with the length of a signature: its size, and that of the segment which it ends. Alone, the
/// size of a segment says nothing of a signature.
fn of_signature(n: &Numbers, command: u32, at: usize) -> Vec<Field> {
    let cause = if command == 0x1d { Cause::CodeSignature } else { Cause::Unknown };
    let new = |name: &str, range: Range<usize>, value: u64| {
        Field::new(name, range, value.to_string(), cause).follows(Follows::Last)
    };
    let segment = n.bytes.get(at + 8..at + 24) == Some(b"__LINKEDIT\0\0\0\0\0\0");
    match command {
        0x1d => vec![new("size of the signature", at + 12..at + 16, u64::from(n.u32(at + 12)))],
        0x01 if segment => vec![
            new("size of __LINKEDIT in memory", at + 28..at + 32, u64::from(n.u32(at + 28))),
            new("size of __LINKEDIT", at + 36..at + 40, u64::from(n.u32(at + 36))),
        ],
        0x19 if segment => vec![
            new("size of __LINKEDIT in memory", at + 32..at + 40, n.u64(at + 32)),
            new("size of __LINKEDIT", at + 48..at + 56, n.u64(at + 48)),
        ],
        _ => Vec::new(),
    }
}

/// What a command says itself.
fn field(n: &Numbers, command: u32, at: usize, size: usize) -> Option<Field> {
    Some(match command {
        0x0d => {
            let time = n.u32(at + 12).to_string();
            Field::new("timestamp of LC_ID_DYLIB", at + 12..at + 16, time, Cause::Timestamp)
        }
        0x1b => {
            let uuid = digest::hex(n.bytes.get(at + 8..at + 24)?);
            let field = Field::new("LC_UUID", at + 8..at + 24, uuid, Cause::MachoUuid);
            field.follows(Follows::UnlessAlone)
        }
        0x1d => {
            let range = n.range(n.usize(at + 8), n.usize(at + 12));
            let value = format!("{} bytes", range.len());
            let field = Field::new("code signature", range, value, Cause::CodeSignature);
            field.follows(Follows::UnlessAlone)
        }
        0x32 => {
            let [minimum, sdk, tool, version] = [12, 16, 24, 28].map(|field| n.u32(at + field));
            let value =
                format!("minimum {minimum:#x}, SDK {sdk:#x}, tool {tool} version {version:#x}");
            Field::new("LC_BUILD_VERSION", at + 8..at + size, value, Cause::LinkerVersion)
        }
        _ => return None,
    })
}

/// What a command points to.
fn data(n: &Numbers, command: u32, at: usize) -> Option<Part> {
    let (name, kind) = match command {
        0x1d => ("code signature", Kind::Derived),
        0x26 => ("function starts", Kind::Debug),
        0x29 => ("data in code", Kind::Table),
        0x8000_0033 => ("exports trie", Kind::Debug),
        0x8000_0034 => ("chained fixups", Kind::Table),
        _ => return None,
    };
    Some(part(name, n.range(n.usize(at + 8), n.usize(at + 12)), kind))
}

fn dyld_info(image: &mut Image, n: &Numbers, at: usize) {
    let names = ["rebase", "bind", "weak bind", "lazy bind", "export"];
    for (i, name) in names.iter().enumerate() {
        let pair = at + 8 + i * 8;
        let range = n.range(n.usize(pair), n.usize(pair + 4));
        let name = format!("{name} info");
        image.parts.push(part(&name, range, Kind::Debug));
    }
}

/// Objects that are named one by one.
const FIELDS: usize = 512;
/// Entries of the symbol table that are read.
const SYMBOLS: usize = 4 << 20;

// nlist: n_strx 0, n_type 4, n_value 8; of 12 bytes with 32 bits, of 16 with 64.
//
// For the debugger: N_SO (0x64) names a source file or its directory, N_OSO (0x66) an object file, whose
// time of modification is its value.

fn symbols(image: &mut Image, n: &Numbers, at: usize) {
    let entry = if n.wide { 16 } else { 12 };
    let (table, count) = (n.usize(at + 8), n.usize(at + 12));
    let strings = n.range(n.usize(at + 16), n.usize(at + 20));
    let all = n.range(table, count.saturating_mul(entry));
    if all.end > n.bytes.len() || strings.end > n.bytes.len() {
        return;
    }
    for i in 0..count.min(SYMBOLS) {
        let at = table + i * entry;
        let (what, kind) = match n.bytes[at + 4] {
            0x64 => ("N_SO", false),
            0x66 => ("N_OSO", true),
            _ => continue,
        };
        let Some(start) = strings.start.checked_add(n.usize(at)) else { continue };
        let Some(rest) = n.bytes.get(start..strings.end) else { continue };
        let path = rest.split(|b| *b == 0).next().unwrap_or_default();
        if image.fields.len() >= FIELDS {
            break;
        }
        let (name, range) = (format!("{what} path {i}"), start..start + path.len());
        let about = if kind { About::ObjectName } else { About::FileSymbol };
        let field = Field::new(&name, range, printable(path), Cause::BuildPath);
        image.fields.push(field.about(about));
        if kind {
            let (value, len) = match n.wide {
                true => (n.u64(at + 8), 8),
                false => (u64::from(n.u32(at + 8)), 4),
            };
            let shown = i64::try_from(value).map_or_else(|_| value.to_string(), time::show);
            let (name, range) = (format!("N_OSO time {i}"), at + 8..at + 8 + len);
            let field = Field::new(&name, range, shown, Cause::Timestamp);
            image.fields.push(field.about(About::ObjectName));
        }
    }
    image.parts.push(part("symbol table", all, Kind::Table));
    image.parts.push(part("string table", strings, Kind::Names));
}

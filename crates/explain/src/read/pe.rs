//! PE and COFF: sections, times, the debug directory with the name of the PDB, signatures
//! (<https://learn.microsoft.com/windows/win32/debug/pe-format>).

use std::ops::Range;

use object::{ObjectSection, SectionKind};
use repro_formats::bytes::Fields;
use repro_formats::digest;
use repro_formats::names::printable;

use super::object_file::{add_names, sections};
use crate::cause::Cause;
use crate::finding::About;
use crate::image::{Field, Follows, Image, Kind, Part};
use crate::time;

/// Reads a COFF object.
pub fn read_coff(bytes: &[u8]) -> Result<Image, String> {
    let mut image = image_of(bytes, "COFF", 0)?;
    let time = Fields(bytes).u32(4);
    image.fields.push(stamp("TimeDateStamp of the file", 4, time, Follows::Never));
    Ok(image)
}

/// Reads a PE file.
pub fn read(bytes: &[u8]) -> Result<Image, String> {
    let mut image = image_of(bytes, "PE", Fields(bytes).u32(60) as usize + 4)?;
    headers(&mut image, bytes);
    Ok(image)
}

fn image_of(bytes: &[u8], format: &'static str, header: usize) -> Result<Image, String> {
    let (file, mut image) = sections(bytes, format, |name, s| match (name, s.kind()) {
        (".dep-v0", _) => Kind::Dependencies,
        (".pdata" | ".reloc" | ".xdata", _) => Kind::Table,
        (_, SectionKind::Text) => Kind::Code,
        (_, SectionKind::Debug) => Kind::Debug,
        _ => Kind::Data,
    })?;
    if let Some(range) = certificates(bytes).filter(|_| format == "PE") {
        image.parts.push(Part::new("signature", range, None, Kind::Derived));
    }
    // PointerToSymbolTable at 8, NumberOfSymbols at 12; 18 bytes each; then the size of the strings
    // in 4 bytes, and the strings.
    let all = Fields(bytes);
    let symbols = all.u32(header + 8) as usize;
    let names = symbols.saturating_add((all.u32(header + 12) as usize).saturating_mul(18));
    if symbols > 0 && names < bytes.len() {
        let end = names.saturating_add(all.u32(names) as usize).min(bytes.len());
        image.parts.push(Part::new("symbol table", symbols..names + 4, None, Kind::Table));
        image.parts.push(Part::new("string table", names + 4..end, None, Kind::Names));
    }
    image.tile(bytes.len());
    add_names(&mut image, &file);
    Ok(image)
}

// Offsets from the beginning of the PE header, `e_lfanew` at 60:
//
// | what | offset | bytes |
// | --- | --- | --- |
// | TimeDateStamp | 8 | 4 |
// | Magic of the optional header: 0x10b 32 bits, 0x20b 64 bits | 24 | 2 |
// | LinkerVersion | 26 | 2 |
// | CheckSum | 88 | 4 |
// | NumberOfRvaAndSizes, data directories of 8 bytes | 116, 120 or 132, 136 | |
//
// An entry of the debug directory: TimeDateStamp at 4, Type at 12 (2: CodeView, 16: repro),
// SizeOfData at 16, PointerToRawData at 24; 28 bytes in all. CodeView's data: `RSDS`, GUID of 16
// bytes, age of 4, path up to a NUL.

const EXPORT: usize = 0;
const RESOURCE: usize = 2;
const CERTIFICATE: usize = 4;
const DEBUG: usize = 6;
const ENTRY: usize = 28;
/// Entries of a debug directory that are read.
const ENTRIES: usize = 64;

/// Where the entry of a data directory is.
fn directory_entry(bytes: &[u8], index: usize) -> Option<usize> {
    let all = Fields(bytes);
    let pe = all.u32(60) as usize;
    let first = match all.u16(pe.checked_add(24)?) {
        0x10b => pe + 120,
        0x20b => pe + 136,
        _ => return None,
    };
    (index < all.u32(first - 4) as usize).then_some(first + index * 8)
}

/// Address (of certificates: offset) and size of a data directory.
fn directory(bytes: &[u8], index: usize) -> Option<(u64, usize)> {
    let all = Fields(bytes);
    let at = directory_entry(bytes, index)?;
    let (start, size) = (all.u32(at), all.u32(at + 4) as usize);
    (start > 0 && size > 0).then_some((u64::from(start), size))
}

fn certificates(bytes: &[u8]) -> Option<Range<usize>> {
    let (start, size) = directory(bytes, CERTIFICATE)?;
    let start = start as usize;
    let end = start.checked_add(size)?;
    (end <= bytes.len()).then_some(start..end)
}

fn headers(image: &mut Image, bytes: &[u8]) {
    let all = Fields(bytes);
    let pe = all.u32(60) as usize;
    let entries = debug_entries(image, bytes);
    // With `/Brepro` times are hashes of the content.
    let hashed = entries.iter().any(|at| all.u32(at + 12) == 16);
    let follows = if hashed { Follows::UnlessAlone } else { Follows::Never };
    let time_at = |name: &str, at: usize| stamp(name, at, all.u32(at), follows);
    let mut fields = vec![time_at("TimeDateStamp of the file header", pe + 8)];
    let sum = format!("{:#010x}", all.u32(pe + 88));
    let sum = Field::new("CheckSum", pe + 88..pe + 92, sum, Cause::Unknown);
    fields.push(sum.follows(Follows::Last));
    if let Some(at) = directory_entry(bytes, CERTIFICATE) {
        let place = format!("{} bytes at {:#x}", all.u32(at + 4), all.u32(at));
        let place = Field::new("place of the signature", at..at + 8, place, Cause::CodeSignature);
        fields.push(place.follows(Follows::Last));
    }
    let [major, minor] = all.u16(pe + 26).to_le_bytes();
    let (at, version) = (pe + 26..pe + 28, format!("{major}.{minor}"));
    fields.push(Field::new("LinkerVersion", at, version, Cause::LinkerVersion));
    // What Microsoft's linker writes of the tools that made the objects.
    let stub = bytes.get(64..pe).unwrap_or_default();
    if let Some(at) = memchr::memmem::find(stub, b"Rich") {
        let size = format!("{} bytes", at + 8);
        fields.push(Field::new("Rich header", 64..64 + at + 8, size, Cause::LinkerVersion));
    }
    for (index, name) in [
        (EXPORT, "TimeDateStamp of the export directory"),
        (RESOURCE, "TimeDateStamp of the resource directory"),
    ] {
        let start = directory(bytes, index).and_then(|(rva, _)| offset_of(image, rva));
        let about = if index == RESOURCE { About::Resource } else { About::Anything };
        fields.extend(start.map(|at| time_at(name, at + 4).about(about)));
    }
    for at in entries {
        fields.extend(debug_fields(bytes, at, follows));
    }
    if let Some(range) = certificates(bytes) {
        let size = format!("{} bytes", range.len());
        let field = Field::new("Authenticode signature", range, size, Cause::CodeSignature);
        fields.push(field.follows(Follows::UnlessAlone));
    }
    image.fields.extend(fields);
}

fn stamp(name: &str, at: usize, value: u32, follows: Follows) -> Field {
    let shown = format!("{value:#010x}, as a time {}", time::show(i64::from(value)));
    Field::new(name, at..at.saturating_add(4), shown, Cause::PeTimestamp).follows(follows)
}

/// The offset in the file of an address relative to the image's base. Parts have absolute addresses.
fn offset_of(image: &Image, rva: u64) -> Option<usize> {
    // The first section follows the headers, on the first page behind them.
    let base = image.base()? & !0xffff;
    image.offset_of(base.checked_add(rva)?)
}

fn debug_entries(image: &Image, bytes: &[u8]) -> Vec<usize> {
    let Some((rva, size)) = directory(bytes, DEBUG) else { return Vec::new() };
    let Some(start) = offset_of(image, rva) else { return Vec::new() };
    let count = (size / ENTRY).min(ENTRIES);
    let places = (0..count).map(|i| start.saturating_add(i * ENTRY));
    places.filter(|at| at.saturating_add(ENTRY) <= bytes.len()).collect()
}

fn debug_fields(bytes: &[u8], at: usize, follows: Follows) -> Vec<Field> {
    let entry = Fields(&bytes[at..]);
    let kind = entry.u32(12);
    let name = format!("TimeDateStamp of debug entry of type {kind}");
    let time = stamp(&name, at + 4, entry.u32(4), follows);
    let mut fields = vec![Field { cause: Cause::PeDebug, ..time }];
    let (size, data) = (entry.u32(16) as usize, entry.u32(24) as usize);
    let Some(content) = data.checked_add(size).and_then(|end| bytes.get(data..end)) else {
        return fields;
    };
    let mut add = |name: &str, from: usize, len: usize, value: String, follows: Follows| {
        let field = Field::new(name, data + from..data + from + len, value, Cause::PeDebug);
        fields.push(field.follows(follows));
    };
    match kind {
        2 if content.len() >= 24 && content.starts_with(b"RSDS") => {
            add("GUID of the PDB", 4, 16, digest::hex(&content[4..20]), follows);
            let age = Fields(content).u32(20).to_string();
            add("age of the PDB", 20, 4, age, Follows::Never);
            let path = content[24..].split(|b| *b == 0).next().unwrap_or_default();
            add("path of the PDB", 24, path.len(), printable(path), Follows::Never);
            fields.last_mut().expect("it was added").about = About::PdbPath;
        }
        16 => {
            let shown = digest::hex(&content[..content.len().min(36)]);
            add("hash of the content", 0, size, shown, Follows::UnlessAlone);
        }
        _ => {}
    }
    fields
}

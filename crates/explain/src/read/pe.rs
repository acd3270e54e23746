//! PE and COFF: sections, times, the debug directory with the name of the PDB, signatures
//! (<https://learn.microsoft.com/windows/win32/debug/pe-format>).

use std::io::Cursor;
use std::ops::Range;

use object::{ObjectSection, SectionKind};
use repro_formats::bytes::Fields;
use repro_formats::digest;
use repro_formats::names::printable;
use repro_formats::pe::headers::directories::{CERTIFICATES, DEBUG, EXPORT, RESOURCE};
use repro_formats::pe::headers::{CHECKSUM, Directory, Headers, LINKER, TIME};

use super::object_file::{add_names, sections};
use crate::cause::Cause;
use crate::finding::About;
use crate::image::{Field, Follows, Image, Kind, Part};
use crate::time;

pub(crate) fn read_coff(bytes: &[u8]) -> Result<Image, String> {
    let mut image = image_of(bytes, "COFF", 0, None)?;
    let time = Fields(bytes).u32(4);
    image.fields.push(stamp("TimeDateStamp of the file", 4, time, Follows::Never));
    Ok(image)
}

pub(crate) fn read(bytes: &[u8]) -> Result<Image, String> {
    let headers = Headers::read(&mut Cursor::new(bytes));
    let headers = headers.map_err(|e| format!("it is not a valid PE file: {e}"))?;
    let mut image = image_of(bytes, "PE", headers.at as usize + 4, certificates(&headers, bytes))?;
    image.fields = fields(&headers, bytes);
    Ok(image)
}

fn image_of(
    bytes: &[u8],
    format: &'static str,
    header: usize,
    signature: Option<Range<usize>>,
) -> Result<Image, String> {
    let (file, mut image) = sections(bytes, format, |name, s| match (name, s.kind()) {
        (".dep-v0", _) => Kind::Dependencies,
        (".pdata" | ".reloc" | ".xdata", _) => Kind::Table,
        (_, SectionKind::Text) => Kind::Code,
        (_, SectionKind::Debug) => Kind::Debug,
        _ => Kind::Data,
    })?;
    image.parts.extend(signature.map(|at| Part::new("signature", at, None, Kind::Derived)));
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

// An entry of the debug directory: TimeDateStamp at 4, Type at 12 (2: CodeView, 16: repro),
// SizeOfData at 16, PointerToRawData at 24; 28 bytes in all. CodeView's data: `RSDS`, GUID of 16
// bytes, age of 4, path up to a NUL.

const ENTRY: usize = 28;
/// Entries of a debug directory that are read.
const ENTRIES: usize = 64;

/// A data directory that is there.
fn directory(headers: &Headers, index: usize) -> Option<Directory> {
    headers.directory(index).filter(|d| d.start > 0 && d.size > 0)
}

fn certificates(headers: &Headers, bytes: &[u8]) -> Option<Range<usize>> {
    let found = directory(headers, CERTIFICATES)?;
    let start = found.start as usize;
    let end = start.checked_add(found.size as usize)?;
    (end <= bytes.len()).then_some(start..end)
}

fn fields(headers: &Headers, bytes: &[u8]) -> Vec<Field> {
    let all = Fields(bytes);
    let entries = debug_entries(headers, bytes);
    // With `/Brepro` times are hashes of the content.
    let hashed = entries.iter().any(|at| all.u32(at + 12) == 16);
    let follows = if hashed { Follows::UnlessAlone } else { Follows::Never };
    let time_at = |name: &str, at: usize| stamp(name, at, all.u32(at), follows);
    let pe = headers.at as usize;
    let mut fields = vec![time_at("TimeDateStamp of the file header", pe + TIME)];
    let (at, sum) = (pe + CHECKSUM, format!("{:#010x}", headers.fields().u32(CHECKSUM)));
    let sum = Field::new("CheckSum", at..at + 4, sum, Cause::Unknown);
    fields.push(sum.follows(Follows::Last));
    if let Some(Directory { entry_at, start, size }) = headers.directory(CERTIFICATES) {
        let (at, place) = (entry_at as usize, format!("{size} bytes at {start:#x}"));
        let place = Field::new("place of the signature", at..at + 8, place, Cause::CodeSignature);
        fields.push(place.follows(Follows::Last));
    }
    let [major, minor] = headers.fields().u16(LINKER).to_le_bytes();
    let (at, version) = (pe + LINKER..pe + LINKER + 2, format!("{major}.{minor}"));
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
        let at = offset_of(headers, index, bytes);
        let about = if index == RESOURCE { About::Resource } else { About::Anything };
        fields.extend(at.map(|at| time_at(name, at + 4).about(about)));
    }
    for at in entries {
        fields.extend(debug_fields(bytes, at, follows));
    }
    if let Some(range) = certificates(headers, bytes) {
        let size = format!("{} bytes", range.len());
        let field = Field::new("Authenticode signature", range, size, Cause::CodeSignature);
        fields.push(field.follows(Follows::UnlessAlone));
    }
    fields
}

fn stamp(name: &str, at: usize, value: u32, follows: Follows) -> Field {
    let shown = format!("{value:#010x}, as a time {}", time::show(i64::from(value)));
    Field::new(name, at..at.saturating_add(4), shown, Cause::PeTimestamp).follows(follows)
}

/// Where a directory is in the file.
fn offset_of(headers: &Headers, index: usize, bytes: &[u8]) -> Option<usize> {
    let at = headers.offset(directory(headers, index)?.start)?;
    usize::try_from(at).ok().filter(|at| at + 8 <= bytes.len())
}

fn debug_entries(headers: &Headers, bytes: &[u8]) -> Vec<usize> {
    let Some(start) = offset_of(headers, DEBUG, bytes) else { return Vec::new() };
    let size = directory(headers, DEBUG).map_or(0, |d| d.size as usize);
    let places = (0..(size / ENTRY).min(ENTRIES)).map(|i| start + i * ENTRY);
    places.filter(|at| at + ENTRY <= bytes.len()).collect()
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

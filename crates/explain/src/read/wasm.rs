//! WebAssembly: sections, functions with their names, data segments, the versions of the tools.

use std::collections::HashMap;

use repro_formats::digest;

use super::elf::kind_by_name;
use crate::cause::Cause;
use crate::image::{Field, Follows, Image, Kind, Machine, Part, Reference, Symbol};
use crate::wasm::{CODE, CUSTOM, DATA, EXPORT, IMPORT, Reader, Section, producers, sections};

/// Functions, segments and names that are read.
const MOST: usize = 1 << 20;
/// The operator that pushes a constant: of 32 bits, of 64 bits.
const CONST: [u8; 2] = [0x41, 0x42];
/// The operator that ends an expression.
const END: u8 = 0x0b;

/// What the section `name` calls functions and data segments, by their numbers.
#[derive(Default)]
struct Names<'a> {
    functions: HashMap<usize, &'a str>,
    segments: HashMap<usize, &'a str>,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Image, String> {
    let (sections, sound) = sections(bytes);
    if !sound {
        let end = sections.last().map_or(8, |s| s.range.end);
        return Err(format!(
            "it is not a valid WebAssembly module: the section at offset {end} is cut off"
        ));
    }
    let mut image = Image { format: "wasm", machine: Machine::Wasm, ..Image::default() };
    let mut names = Names::default();
    for section in &sections {
        match (section.id, section.name) {
            (CUSTOM, "name") => drop(read_names(bytes, section, &mut names)),
            // The section `name` says more.
            (EXPORT, _) => drop(exports(bytes, section, &mut names)),
            _ => {}
        }
    }
    for section in &sections {
        let whole = Part::new(section.name, section.range.clone(), None, kind_of(section));
        match section.id {
            DATA if segments(bytes, section, &names, &mut image.parts).is_some() => {}
            _ => image.parts.push(whole),
        }
        match (section.id, section.name) {
            (CUSTOM, "producers") => image.fields.extend(tools(bytes, section)),
            (CUSTOM, "build_id") => image.fields.push(build_id(bytes, section)),
            _ => {}
        }
    }
    image.tile(bytes.len());
    let imported = sections.iter().find(|s| s.id == IMPORT);
    let imported = imported.map_or(Some(0), |s| imported_functions(bytes, s));
    if let (Some(code), Some(first)) = (sections.iter().find(|s| s.id == CODE), imported) {
        let _ = functions(bytes, code, first, &names, &mut image);
        references(bytes, code, &mut image);
    }
    Ok(image)
}

fn kind_of(section: &Section) -> Kind {
    match (section.id, section.name) {
        (CODE, _) => Kind::Code,
        (DATA, _) => Kind::Data,
        (CUSTOM, "name") => Kind::Names,
        (CUSTOM, "build_id") => Kind::Derived,
        (CUSTOM, "linking") => Kind::Table,
        (CUSTOM, name) if name.starts_with("reloc.") => Kind::Table,
        (CUSTOM, name) => kind_by_name(name).unwrap_or(Kind::Bytes),
        // They name what the module takes and gives.
        (IMPORT | EXPORT, _) => Kind::Bytes,
        _ => Kind::Table,
    }
}

fn read_names<'a>(bytes: &'a [u8], section: &Section, names: &mut Names<'a>) -> Option<()> {
    let mut reader = Reader::new(bytes, section.range.clone());
    while !reader.is_at_end() {
        let kind = reader.byte()?;
        let body = reader.text_range()?;
        let into = match kind {
            1 => &mut names.functions,
            9 => &mut names.segments,
            _ => continue,
        };
        let mut body = Reader::new(bytes, body);
        for _ in 0..body.number()?.min(MOST) {
            let (index, name) = (body.number()?, body.text()?);
            into.insert(index, name);
        }
    }
    Some(())
}

/// The names under which functions are exported.
fn exports<'a>(bytes: &'a [u8], section: &Section, names: &mut Names<'a>) -> Option<()> {
    let mut reader = Reader::new(bytes, section.range.clone());
    for _ in 0..reader.number()?.min(MOST) {
        let (name, kind, index) = (reader.text()?, reader.byte()?, reader.number()?);
        if kind == 0 {
            names.functions.entry(index).or_insert(name);
        }
    }
    Some(())
}

/// How many functions are imported: they have the first numbers.
fn imported_functions(bytes: &[u8], section: &Section) -> Option<usize> {
    let mut reader = Reader::new(bytes, section.range.clone());
    let mut functions = 0;
    let limits = |reader: &mut Reader| {
        let flags = reader.byte()?;
        reader.signed()?;
        if flags & 1 != 0 { reader.signed().map(drop) } else { Some(()) }
    };
    for _ in 0..reader.number()?.min(MOST) {
        reader.text_range()?;
        reader.text_range()?;
        match reader.byte()? {
            0 => {
                reader.number()?;
                functions += 1;
            }
            1 => {
                reader.byte()?;
                limits(&mut reader)?;
            }
            2 => limits(&mut reader)?,
            3 => {
                reader.take(2)?;
            }
            4 => drop((reader.byte()?, reader.number()?)),
            _ => return None,
        }
    }
    Some(functions)
}

/// Each segment as a part, with its address in memory where that is a constant.
fn segments(bytes: &[u8], section: &Section, names: &Names, parts: &mut Vec<Part>) -> Option<()> {
    let mut reader = Reader::new(bytes, section.range.clone());
    let mut found = Vec::new();
    for index in 0..reader.number()?.min(MOST) {
        let flags = reader.number()?;
        if flags == 2 {
            reader.number()?;
        }
        let mut address = None;
        if flags != 1 {
            match reader.byte()? {
                op if CONST.contains(&op) => address = Some(reader.signed()? as u64),
                // A global: where the module is placed by what loads it.
                0x23 => drop(reader.number()?),
                _ => return None,
            }
            (reader.byte()? == END).then_some(())?;
        }
        let range = reader.text_range()?;
        let name = names.segments.get(&index).map_or(index.to_string(), |n| n.to_string());
        // Memory of 32 bits; an address is that of the first byte.
        let address = address.map(|a| a & u64::from(u32::MAX));
        found.push(Part::new(format!("data segment {name}"), range, address, Kind::Data));
    }
    parts.extend(found);
    Some(())
}

/// The version of each tool.
fn tools(bytes: &[u8], section: &Section) -> Vec<Field> {
    let field = |p: crate::wasm::Producer| {
        let cause = match (p.field, p.name) {
            ("processed-by", "rustc" | "clang") | ("language", _) => Cause::CompilerVersion,
            _ => Cause::LinkerVersion,
        };
        let value = String::from_utf8_lossy(&bytes[p.version.clone()]);
        Field::new(&format!("{} in `producers`", p.name), p.version, value, cause)
    };
    producers(bytes, section).into_iter().map(field).filter(|f| !f.range.is_empty()).collect()
}

fn build_id(bytes: &[u8], section: &Section) -> Field {
    let value = digest::hex(bytes[section.range.clone()].get(1..).unwrap_or_default());
    let field = Field::new("build-id", section.range.clone(), value, Cause::BuildId);
    field.follows(Follows::UnlessAlone)
}

/// The functions as symbols. They have no addresses: each is at an offset in its part.
fn functions(
    bytes: &[u8],
    section: &Section,
    first: usize,
    names: &Names,
    image: &mut Image,
) -> Option<()> {
    let part = image.part_at(section.range.start)?;
    let mut reader = Reader::new(bytes, section.range.clone());
    for index in 0..reader.number()?.min(MOST) {
        let body = reader.text_range()?;
        let Some(name) = names.functions.get(&(first + index)) else { continue };
        image.symbols.push(Symbol {
            name: name.to_string(),
            address: (body.start - section.range.start) as u64,
            size: body.len() as u64,
            part: Some(part),
        });
    }
    Some(())
}

/// The operand of an operator that pushes a constant, or the offset of one that reads or writes memory, which
/// comes after the exponent of the alignment.
fn operand(bytes: &[u8], at: usize, end: usize) -> Option<i64> {
    match (bytes[at], bytes.get(at + 1)) {
        (op, _) if CONST.contains(&op) => Reader::new(bytes, at + 1..end).signed(),
        (0x28..=0x3e, Some(0..=4)) => {
            Reader::new(bytes, at + 2..end).number().and_then(|n| n.try_into().ok())
        }
        _ => None,
    }
}

/// Constants in code, and words in data, that are addresses in a data segment. Memory of Rust's programs
/// begins at a mebibyte, so a number that is no address is rarely one of them.
fn references(bytes: &[u8], code: &Section, image: &mut Image) {
    let place = |image: &Image, address: u64| {
        image.place_of(image.offset_of(address)?).filter(|_| address >= 1024)
    };
    let Some(part) = image.part_at(code.range.start) else { return };
    let mut found = Vec::new();
    for at in code.range.clone() {
        let value = operand(bytes, at, code.range.end);
        let address = value.and_then(|v| u64::try_from(v).ok());
        if let Some(to) = address.and_then(|a| place(image, a)) {
            found.push(Reference { from: (part, (at - code.range.start) as u64), to });
        }
    }
    for (index, part) in image.parts.iter().enumerate() {
        let Some(address) = part.address else { continue };
        let lead = (address.wrapping_neg() % 4) as usize;
        let words = bytes[part.range.clone()].get(lead..).unwrap_or_default();
        for (i, word) in words.chunks_exact(4).enumerate() {
            let value = u32::from_le_bytes(word.try_into().expect("four bytes"));
            if let Some(to) = place(image, u64::from(value)) {
                found.push(Reference { from: (index, (lead + i * 4) as u64), to });
            }
        }
    }
    found.truncate(MOST);
    image.references = found;
}

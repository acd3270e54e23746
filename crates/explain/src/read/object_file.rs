//! The part that the `object` crate reads in every format: sections, symbols and relocations. Each
//! reader starts from this and adds what its format has in addition.

use std::collections::HashMap;

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex};

use super::super::image::{Image, Kind, Machine, Part, Reference, Symbol};

/// Symbols and relocations that are kept.
const MOST: usize = 1 << 20;

fn machine_of(file: &object::File) -> Machine {
    match file.architecture() {
        object::Architecture::X86_64 => Machine::X86_64,
        object::Architecture::Aarch64 => Machine::Aarch64,
        _ => Machine::Other,
    }
}

/// Which part each section became, by the section's place in the file.
fn part_of(image: &Image, file: &object::File, index: SectionIndex) -> Option<usize> {
    let section = file.section_by_index(index).ok()?;
    let (start, size) = section.file_range()?;
    let start = usize::try_from(start).ok()?;
    let part = image.part_at(start)?;
    (size > 0 && image.parts[part].range.start == start).then_some(part)
}

/// Parses the file, and makes a part of each section; `kind` decides what it holds.
pub(super) fn sections<'d>(
    bytes: &'d [u8],
    format: &'static str,
    kind: impl Fn(&str, &object::Section<'d, '_>) -> Kind,
) -> Result<(object::File<'d>, Image), String> {
    let file =
        object::File::parse(bytes).map_err(|e| format!("it is not a valid {format} file: {e}"))?;
    let mut image = Image { format, machine: machine_of(&file), ..Image::default() };
    let loaded = file.kind() != object::ObjectKind::Relocatable;
    for section in file.sections() {
        let (Ok(name), Some((start, size))) = (section.name(), section.file_range()) else {
            continue;
        };
        let (Ok(start), Ok(size)) = (usize::try_from(start), usize::try_from(size)) else {
            continue;
        };
        let Some(end) = start.checked_add(size) else { continue };
        let address = loaded.then_some(section.address());
        image.parts.push(Part::new(name, start..end, address, kind(name, &section)));
    }
    Ok((file, image))
}

/// Adds symbols and relocations, once the parts are there.
pub(super) fn add_names(image: &mut Image, file: &object::File) {
    let relocatable = file.kind() == object::ObjectKind::Relocatable;
    let part = |index| Some((index, part_of(image, file, index)?));
    let parts: HashMap<_, _> = file.sections().filter_map(|s| part(s.index())).collect();
    let symbols = file.symbols().chain(file.dynamic_symbols());
    for symbol in symbols.take(MOST) {
        let kind = symbol.kind();
        let (Ok(name), true) =
            (symbol.name(), symbol.is_definition() || kind == object::SymbolKind::File)
        else {
            continue;
        };
        use object::SymbolKind as K;
        if kind == K::File {
            image.files.push(name.to_string());
        }
        if name.is_empty() || !matches!(kind, K::Text | K::Data | K::Tls | K::Unknown | K::Label) {
            continue;
        }
        let part = symbol.section_index().and_then(|i| parts.get(&i).copied());
        image.symbols.push(Symbol {
            name: name.to_string(),
            address: symbol.address(),
            size: symbol.size(),
            part: part.filter(|_| relocatable),
        });
    }
    image.symbols.sort_by(|x, y| (x.part, x.address, &x.name).cmp(&(y.part, y.address, &y.name)));
    image.symbols.dedup();
    if relocatable { relocations(image, file, &parts) } else { relative(image, file) }
}

/// Relocations of an object file: from section to section.
fn relocations(image: &mut Image, file: &object::File, parts: &HashMap<SectionIndex, usize>) {
    for section in file.sections() {
        let Some(from) = parts.get(&section.index()) else { continue };
        for (offset, relocation) in section.relocations() {
            if image.references.len() >= MOST {
                return;
            }
            let RelocationTarget::Symbol(index) = relocation.target() else { continue };
            let Ok(symbol) = file.symbol_by_index(index) else { continue };
            let to = symbol.section_index().and_then(|i| parts.get(&i));
            let Some(to) = to else { continue };
            // A displacement counts from its own end.
            let end = match relocation.kind() {
                object::RelocationKind::Relative | object::RelocationKind::PltRelative => {
                    i64::from(relocation.size() / 8)
                }
                _ => 0,
            };
            let at = symbol.address().wrapping_add_signed(relocation.addend().wrapping_add(end));
            image.references.push(Reference { from: (*from, offset), to: (*to, at) });
        }
    }
}

/// Relocations of a linked file that hold the address of something in it.
fn relative(image: &mut Image, file: &object::File) {
    let Some(all) = file.dynamic_relocations() else { return };
    for (address, relocation) in all.take(MOST) {
        if relocation.target() != RelocationTarget::Absolute {
            continue;
        }
        let place = |address: u64| image.place_of(image.offset_of(address)?);
        if let (Some(from), Some(to)) = (place(address), place(relocation.addend() as u64)) {
            image.references.push(Reference { from, to });
        }
    }
}

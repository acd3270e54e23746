//! The dynamic libraries that a file asks for, with the versions of symbols that it needs, read
//! from the file itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use object::read::elf::FileHeader;
use object::{Endianness, FileKind, Object, elf};
use repro_formats::names::printable;

use crate::manifest::components::Library;

type Needed = BTreeMap<String, BTreeSet<String>>;

/// Reads them; none of a file that is no program or library.
pub(super) fn libraries(path: &Path) -> Vec<Library> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let mut needed = named(&bytes).unwrap_or_default();
    // What cannot be read of the versions is not known; the names still are.
    let _ = match FileKind::parse(&*bytes) {
        Ok(FileKind::Elf32) => versions::<elf::FileHeader32<Endianness>>(&bytes, &mut needed),
        Ok(FileKind::Elf64) => versions::<elf::FileHeader64<Endianness>>(&bytes, &mut needed),
        _ => Ok(()),
    };
    let library = |(name, versions): (String, BTreeSet<String>)| Library {
        name,
        versions: versions.into_iter().collect(),
    };
    needed.into_iter().map(library).collect()
}

fn named(bytes: &[u8]) -> object::Result<Needed> {
    let file = object::File::parse(bytes)?;
    let libraries = file.import_libraries()?.filter_map(Result::ok);
    Ok(libraries.map(|l| (printable(l.name()), BTreeSet::new())).collect())
}

fn versions<E: FileHeader<Endian = Endianness>>(
    bytes: &[u8],
    needed: &mut Needed,
) -> object::Result<()> {
    let header = E::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let Some((mut files, link)) = sections.gnu_verneed(endian, bytes)? else { return Ok(()) };
    let strings = sections.strings(endian, bytes, link)?;
    while let Some((file, mut versions)) = files.next()? {
        let of_file = needed.entry(printable(file.file(endian, strings)?)).or_default();
        while let Some(version) = versions.next()? {
            of_file.insert(printable(version.name(endian, strings)?));
        }
    }
    Ok(())
}

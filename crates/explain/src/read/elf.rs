//! ELF: sections, the build-id, symbols and relocations (gABI, chapters 4 and 5).

use std::ops::Range;

use object::{Object, ObjectSection, SectionFlags, elf};
use repro_formats::digest;

use super::object_file::{add_names, sections};
use crate::cause::Cause;
use crate::finding::About;
use crate::image::{Field, Follows, Image, Kind};

/// Names of sections and what they hold. The first that fits counts; a trailing `*` matches any ending.
const KINDS: &[(&str, Kind)] = &[
    (".dep-v0", Kind::Dependencies),
    (".rmeta", Kind::Metadata),
    (".rustc", Kind::Metadata),
    (".llvmbc", Kind::Metadata),
    (".llvmcmd", Kind::Metadata),
    (".note.gnu.build-id", Kind::Derived),
    (".gnu.hash", Kind::Derived),
    (".hash", Kind::Derived),
    (".strtab", Kind::Names),
    (".dynstr", Kind::Names),
    (".shstrtab", Kind::Names),
    (".comment", Kind::Text),
    (".debug_str", Kind::Text),
    (".debug_line_str", Kind::Text),
    (".debug_str_offsets", Kind::Table),
    (".debug_*", Kind::Debug),
    (".eh_frame", Kind::Debug),
    (".gcc_except_table*", Kind::Debug),
    (".eh_frame_hdr", Kind::Table),
    (".symtab*", Kind::Table),
    (".dynsym", Kind::Table),
    (".rel*", Kind::Table),
    (".dynamic", Kind::Table),
    (".got*", Kind::Table),
    (".init_array*", Kind::Table),
    (".fini_array*", Kind::Table),
    (".gnu.version*", Kind::Table),
];

/// What a section holds, if its name tells.
pub(super) fn kind_by_name(name: &str) -> Option<Kind> {
    KINDS.iter().find(|(pattern, _)| fits(pattern, name)).map(|(_, kind)| *kind)
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn kind_of(name: &str, flags: SectionFlags) -> Kind {
    kind_by_name(name).unwrap_or(match flags {
        SectionFlags::Elf { sh_flags, .. } if sh_flags.contains(elf::SHF_EXECINSTR) => Kind::Code,
        _ => Kind::Data,
    })
}

pub(crate) fn read(bytes: &[u8]) -> Result<Image, String> {
    let (file, mut image) = sections(bytes, "ELF", |name, s| kind_of(name, s.flags()))?;
    for part in &mut image.parts {
        // Sections that are not loaded have the address 0.
        part.address = part.address.filter(|a| *a != 0);
    }
    image.tile(bytes.len());
    let fields = [
        build_id(&image, bytes, &file),
        gold(&image, bytes),
        interpreter(&image, bytes),
        debug_link(&image, bytes),
    ];
    image.fields.extend(fields.into_iter().flatten());
    add_names(&mut image, &file);
    Ok(image)
}

/// Where the section of this name is.
fn section(image: &Image, name: &str) -> Option<Range<usize>> {
    image.parts.iter().find(|p| p.name == name).map(|p| p.range.clone())
}

/// The note `NT_GNU_BUILD_ID`. Its value is at the end of its section, which holds nothing else.
fn build_id(image: &Image, bytes: &[u8], file: &object::File) -> Option<Field> {
    let id = file.build_id().ok()??;
    let end = section(image, ".note.gnu.build-id")?.end;
    let range = end.checked_sub(id.len())?..end;
    (bytes.get(range.clone()) == Some(id)).then(|| {
        let field = Field::new("build-id", range, digest::hex(id), Cause::BuildId);
        field.follows(Follows::UnlessAlone)
    })
}

/// The note in which gold writes its version, where other linkers write theirs to `.comment`.
fn gold(image: &Image, bytes: &[u8]) -> Option<Field> {
    let range = section(image, ".note.gnu.gold-version")?;
    let value = gold_version(&bytes[range.clone()]);
    Some(Field::new("the linker", range, value, Cause::LinkerVersion))
}

/// What gold calls itself in its note.
pub(crate) fn gold_version(note: &[u8]) -> String {
    let text = String::from_utf8_lossy(note);
    text.find("gold ").map_or("gold", |at| text[at..].trim_end_matches('\0')).to_string()
}

/// The program that loads this one. The linker takes it from its command line, or else from its own
/// configuration.
fn interpreter(image: &Image, bytes: &[u8]) -> Option<Field> {
    let range = section(image, ".interp")?;
    let text = String::from_utf8_lossy(&bytes[range.clone()]);
    let value = text.trim_end_matches('\0');
    let field = Field::new("the program interpreter", range, value, Cause::LinkerVersion);
    Some(field.about(About::Interpreter))
}

/// The checksum of the separate file with debug info, at the end of its section.
fn debug_link(image: &Image, bytes: &[u8]) -> Option<Field> {
    let Range { start, end } = section(image, ".gnu_debuglink")?;
    let range = end.checked_sub(4).filter(|at| *at >= start)?..end;
    let value = format!("0x{}", digest::hex(&bytes[range.clone()]));
    let field = Field::new("the checksum of the debug file", range, value, Cause::Unknown);
    Some(field.follows(Follows::UnlessAlone).about(About::DebugFile))
}

/// Sections that only one file has because of how it was linked or stripped, with the cause. A trailing `*`
/// matches any ending.
const LONE: &[(&str, Cause, About)] = &[
    (".note.gnu.build-id", Cause::BuildId, About::OneSide),
    (".hash", Cause::LinkerVersion, About::Option),
    (".gnu.hash", Cause::LinkerVersion, About::Option),
    (".relr.dyn", Cause::LinkerVersion, About::Option),
    (".got.plt", Cause::LinkerVersion, About::Option),
    (".debug_*", Cause::Unknown, About::Stripped),
    (".symtab", Cause::Unknown, About::Stripped),
    (".strtab", Cause::Unknown, About::Stripped),
    (".gnu_debuglink", Cause::Unknown, About::Stripped),
];

/// The cause, where only one file has a section of this name.
pub fn alone(name: &str) -> Option<(Cause, About)> {
    let row = LONE.iter().find(|(pattern, ..)| fits(pattern, name))?;
    Some((row.1, row.2))
}

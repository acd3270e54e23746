//! ELF: sections, the build-id, symbols and relocations (gABI, chapters 4 and 5).

use object::{Object, ObjectSection, SectionFlags, elf};
use repro_formats::digest;

use super::object_file::{add_names, sections};
use crate::cause::Cause;
use crate::finding::About;
use crate::image::{Field, Follows, Image, Kind};

/// Names of sections and what they hold. The first that fits counts; a trailing `*` stands for any
/// ending.
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

/// Reads it.
pub fn read(bytes: &[u8]) -> Result<Image, String> {
    let (file, mut image) = sections(bytes, "ELF", |name, s| kind_of(name, s.flags()))?;
    for part in &mut image.parts {
        // Sections that are not loaded have the address 0.
        part.address = part.address.filter(|a| *a != 0);
    }
    image.tile(bytes.len());
    build_id(&mut image, bytes, &file);
    gold(&mut image, bytes);
    interpreter(&mut image, bytes);
    debug_link(&mut image, bytes);
    add_names(&mut image, &file);
    Ok(image)
}

/// The note `NT_GNU_BUILD_ID`. Its value is at the end of its section, which holds nothing else.
fn build_id(image: &mut Image, bytes: &[u8], file: &object::File) {
    let Ok(Some(id)) = file.build_id() else { return };
    let note = image.parts.iter().find(|p| p.name == ".note.gnu.build-id");
    let Some(part) = note else { return };
    let Some(end) = part.range.end.checked_sub(id.len()) else { return };
    if bytes.get(end..part.range.end) != Some(id) {
        return;
    }
    let field = Field::new("build-id", end..part.range.end, digest::hex(id), Cause::BuildId);
    image.fields.push(field.follows(Follows::UnlessAlone));
}

/// The note in which gold writes its version, where other linkers write theirs to `.comment`.
fn gold(image: &mut Image, bytes: &[u8]) {
    let note = image.parts.iter().find(|p| p.name == ".note.gnu.gold-version");
    let Some(part) = note else { return };
    let value = gold_version(&bytes[part.range.clone()]);
    let field = Field::new("the linker", part.range.clone(), value, Cause::LinkerVersion);
    image.fields.push(field);
}

/// What gold calls itself in its note.
pub(crate) fn gold_version(note: &[u8]) -> String {
    let text = String::from_utf8_lossy(note);
    text.find("gold ").map_or("gold", |at| text[at..].trim_end_matches('\0')).to_string()
}

/// The program that loads this one. The linker takes it from its command line, or else from its own
/// configuration.
fn interpreter(image: &mut Image, bytes: &[u8]) {
    let Some(part) = image.parts.iter().find(|p| p.name == ".interp") else { return };
    let range = part.range.clone();
    let text = String::from_utf8_lossy(&bytes[range.clone()]);
    let value = text.trim_end_matches('\0');
    let field = Field::new("the program interpreter", range, value, Cause::LinkerVersion);
    image.fields.push(Field { about: About::Interpreter, ..field });
}

/// The checksum of the separate file with debug info, at the end of its section.
fn debug_link(image: &mut Image, bytes: &[u8]) {
    let Some(part) = image.parts.iter().find(|p| p.name == ".gnu_debuglink") else { return };
    let range = part.range.end.saturating_sub(4)..part.range.end;
    if range.len() < 4 || range.start < part.range.start {
        return;
    }
    let value = format!("0x{}", digest::hex(&bytes[range.clone()]));
    let field = Field::new("the checksum of the debug file", range, value, Cause::Unknown);
    let field = field.follows(Follows::UnlessAlone);
    image.fields.push(Field { about: About::DebugFile, ..field });
}

/// Sections that one file has and the other has not because of how it was linked or stripped: what that
/// is found as. A trailing `*` stands for any ending.
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

/// What it is found as that one file alone has a section of this name.
pub fn alone(name: &str) -> Option<(Cause, About)> {
    let row = LONE.iter().find(|(pattern, ..)| fits(pattern, name))?;
    Some((row.1, row.2))
}

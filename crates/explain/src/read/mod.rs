//! The formats that are read as one file: bytes -> an image of parts, fields and symbols. One const
//! table. Readers explain only: what they cannot read is compared as plain bytes.

mod elf;
mod macho;
mod object_file;
mod pe;
mod wasm;

pub use self::elf::alone;

use repro_formats::detect::FileType;

pub(crate) use self::elf::gold_version;
pub(crate) use self::macho::Numbers;
use super::image::Image;

/// A format that has a reader.
pub struct Reader {
    pub(crate) name: &'static str,
    pub(crate) of: FileType,
    /// Reads it; the error is a clause that says what is wrong.
    pub read: fn(&[u8]) -> Result<Image, String>,
}

pub(crate) const READERS: &[Reader] = &[
    Reader { name: "ELF", of: FileType::Elf, read: elf::read },
    Reader { name: "PE", of: FileType::Pe, read: pe::read },
    Reader { name: "COFF", of: FileType::Coff, read: pe::read_coff },
    Reader { name: "Mach-O", of: FileType::MachO, read: macho::read },
    Reader { name: "wasm", of: FileType::Wasm, read: wasm::read },
];

//! The headers of a PE file (Microsoft's "PE Format"): where its fields are, its data directories and its
//! sections. Offsets from the beginning of each:
//!
//! | signature 0, 4 | machine 4, 2 | sections 6, 2 | time 8, 4 | symbols 12, 4 | their number 16, 4 |
//! | size of the optional header 20, 2 | characteristics 22, 2 |
//!
//! Optional header: | magic 0, 2 | version of the linker 2, 2 | … | checksum 64, 4 | … |
//! | number of directories 92, 4 (108 in PE32+) | directories of 8 |
//!
//! A section: | name 0, 8 | virtual size 8, 4 | address 12, 4 | size in the file 16, 4 | offset 20, 4 | … |

use std::io::{self, Read, Seek, SeekFrom};

use crate::bytes::Fields;
use crate::error::{Malformed, ReadError};

/// Data directories, by their place in the list.
pub mod directories {
    /// Names that the file gives to others.
    pub const EXPORT: usize = 0;
    /// Icons, versions, texts.
    pub const RESOURCE: usize = 2;
    /// Signatures.
    pub const CERTIFICATES: usize = 4;
    /// What debuggers need.
    pub const DEBUG: usize = 6;
    /// The header of .NET.
    pub const NET: usize = 14;
}

/// Offset of the time of the file, from the signature.
pub const TIME: usize = 8;
/// Offset of the version of the linker, two bytes.
pub const LINKER: usize = 26;
/// Offset of the checksum.
pub const CHECKSUM: usize = 88;
/// Offset of the place of the symbols, 0 where there are none, and of their number.
pub const SYMBOLS: [usize; 2] = [12, 16];

const SIGNATURE: &[u8] = b"PE\0\0";
/// Offset of the optional header.
const OPTIONAL: usize = 24;
/// Bytes of a section's entry.
const SECTION: usize = 40;

/// An entry in the list of data directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Offset of the entry in the file; it has 8 bytes.
    pub entry_at: u64,
    /// Where the directory is in memory; of the certificates: in the file. 0 where there is none.
    pub start: u32,
    /// Its size in bytes.
    pub size: u32,
}

/// The headers of a file, whole.
#[derive(Clone, Debug)]
pub struct Headers {
    /// Offset of the signature.
    pub at: u64,
    bytes: Vec<u8>,
    /// Where, from the signature, the number of directories and the section table are.
    directories: usize,
    sections: usize,
}

/// Whether the bytes begin a PE file.
pub fn begins(head: &[u8]) -> bool {
    let at = Fields(head).u32(60) as usize;
    head.starts_with(b"MZ") && head.get(at..).is_some_and(|b| b.starts_with(SIGNATURE))
}

impl Headers {
    /// Reads them.
    ///
    /// # Errors
    /// It is no PE file, or ends within them.
    pub fn read<R: Read + Seek>(input: &mut R) -> Result<Headers, ReadError> {
        let bad = |at: u64, what: &str| Err(ReadError::from(Malformed::at(at, what)));
        let dos = piece(input, 0, 64)?;
        let at = u64::from(Fields(&dos).u32(60));
        let coff = piece(input, at, OPTIONAL)?;
        if !dos.starts_with(b"MZ") || !coff.starts_with(SIGNATURE) || coff.len() < OPTIONAL {
            return bad(0, "it does not begin as a PE file does");
        }
        let sections = OPTIONAL + usize::from(Fields(&coff).u16(20));
        let end = sections + SECTION * usize::from(Fields(&coff).u16(6));
        let bytes = piece(input, at, end)?;
        let directories = match Fields(&bytes).u16(OPTIONAL) {
            _ if bytes.len() < end => return bad(at, "its headers are cut off"),
            0x10b => OPTIONAL + 92,
            0x20b => OPTIONAL + 108,
            _ => return bad(at, "its optional header is of no known kind"),
        };
        if sections < directories + 4 {
            return bad(at, "its optional header is too short");
        }
        Ok(Headers { at, bytes, directories, sections })
    }

    /// Their bytes, from the signature on.
    pub fn fields(&self) -> Fields<'_> {
        Fields(&self.bytes)
    }

    /// Offset of what follows them.
    pub fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    /// A data directory by its place in the list, if the list is so long.
    pub fn directory(&self, index: usize) -> Option<Directory> {
        let at = self.directories + 4 + 8 * index;
        let count = self.fields().u32(self.directories) as usize;
        (index < count && at + 8 <= self.sections).then(|| Directory {
            entry_at: self.at + at as u64,
            start: self.fields().u32(at),
            size: self.fields().u32(at + 4),
        })
    }

    /// The offset in the file of an address, by the section that holds it.
    pub fn offset(&self, rva: u32) -> Option<u64> {
        self.sections().find_map(|section| {
            let into = rva.checked_sub(section.u32(12))?;
            (into < section.u32(16)).then(|| u64::from(section.u32(20)) + u64::from(into))
        })
    }

    /// Offset of what follows the sections.
    pub fn sections_end(&self) -> u64 {
        self.sections().map(|s| u64::from(s.u32(20)) + u64::from(s.u32(16))).max().unwrap_or(0)
    }

    fn sections(&self) -> impl Iterator<Item = Fields<'_>> {
        self.bytes[self.sections..].chunks_exact(SECTION).map(Fields)
    }
}

/// Up to `len` bytes at an offset: fewer where the file ends.
pub(super) fn piece<R: Read + Seek>(input: &mut R, at: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.seek(SeekFrom::Start(at))?;
    input.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

//! The stamps of a PE file (Microsoft's PE Format): where its times and its checksum are, whether
//! it is signed, and whether its times are hashes. What the file does is not read here.

use std::io::{self, Read, Seek, SeekFrom};

use crate::bytes::Fields;
use crate::error::{Malformed, ReadError};

/// Entries of the debug directory that are read.
const ENTRIES: u32 = 4096;
/// Debug type: the times in the file are hashes of its content (`/Brepro`).
const REPRO: u32 = 16;
const SECTION: usize = 40;
const DEBUG: usize = 28;
/// The directories with times, by their place in the list of data directories.
const DIRECTORIES: [(usize, &str); 2] =
    [(0, "the export directory"), (2, "the resource directory")];
/// Place of the certificates and of the debug directory in that list.
const CERTIFICATES: usize = 4;
const DEBUG_DIRECTORY: usize = 6;
/// Place of the header of .NET in that list, and in it of the size of a strong name, which is a signature
/// (ECMA-335 II.25.3.3).
const NET: usize = 14;
const STRONG_NAME: usize = 36;

/// A time in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What it belongs to.
    pub of: &'static str,
    /// Offset of its four bytes.
    pub at: u64,
    /// Seconds since 1970, or a part of a hash.
    pub value: u32,
}

/// The times of a file, and what else its normal form depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// The times that are not 0.
    pub times: Vec<Stamp>,
    /// Offset of the checksum, and its value.
    pub checksum: (u64, u32),
    /// Whether it carries a signature.
    pub signed: bool,
    /// Whether the times are hashes.
    pub hashed: bool,
    /// Offset of what follows the sections and the symbols: nothing, the certificates, or what an
    /// installer carries.
    pub end: u64,
}

/// Whether the bytes begin a PE file.
pub fn begins(head: &[u8]) -> bool {
    let at = Fields(head).u32(60) as usize;
    head.starts_with(b"MZ") && head.get(at..).is_some_and(|b| b.starts_with(b"PE\0\0"))
}

/// Finds the stamps.
///
/// # Errors
/// It is no PE file, or its headers point outside of it.
pub fn stamps<R: Read + Seek>(input: &mut R) -> Result<Stamps, ReadError> {
    let bad = |at: u64, what: &str| ReadError::from(Malformed::at(at, what));
    let dos = piece(input, 0, 64)?;
    let coff_at = u64::from(Fields(&dos).u32(60)) + 4;
    let header = piece(input, coff_at - 4, 24)?;
    if !dos.starts_with(b"MZ") || !header.starts_with(b"PE\0\0") || header.len() < 24 {
        return Err(bad(0, "it does not begin as a PE file does"));
    }
    // | signature 0, 4 | machine 4, 2 | sections 6, 2 | time 8, 4 | symbols 12, 4 | their number 16, 4 |
    // | size of the optional header 20, 2 | characteristics 22, 2 |
    let header = Fields(&header);
    let (sections, optional_size) = (usize::from(header.u16(6)), usize::from(header.u16(20)));
    let optional_at = coff_at + 20;
    let optional = piece(input, optional_at, optional_size)?;
    if optional.len() < optional_size {
        return Err(bad(optional_at, "its optional header is cut off"));
    }
    // | magic 0, 2 | … | checksum 64, 4 | … | directories: their number 92, 4 (108 in PE32+) |
    let fields = Fields(&optional);
    let directories_at = match fields.u16(0) {
        0x10b => 96,
        0x20b => 112,
        _ => return Err(bad(optional_at, "its optional header is of no known kind")),
    };
    if optional.len() < directories_at {
        return Err(bad(optional_at, "its optional header is too short"));
    }
    let count = fields.u32(directories_at - 4) as usize;
    let directory = |i: usize| {
        let at = directories_at + 8 * i;
        let there = i < count && optional.len() >= at + 8 && fields.u32(at) != 0;
        there.then(|| (fields.u32(at), fields.u32(at + 4)))
    };
    let table_at = optional_at + optional.len() as u64;
    let table = piece(input, table_at, SECTION * sections)?;
    if table.len() < SECTION * sections {
        return Err(bad(table_at, "its section table is cut off"));
    }
    let mut found = Stamps {
        times: vec![Stamp { of: "the COFF header", at: coff_at + 4, value: header.u32(8) }],
        checksum: (optional_at + 64, fields.u32(64)),
        signed: directory(CERTIFICATES).is_some_and(|(_, size)| size != 0),
        hashed: false,
        end: end(input, &table, (header.u32(12), header.u32(16)))?,
    };
    if let Some(at) = directory(NET).and_then(|(rva, _)| offset(&table, rva)) {
        found.signed |= Fields(&piece(input, at, STRONG_NAME + 4)?).u32(STRONG_NAME) != 0;
    }
    if let Some((rva, size)) = directory(DEBUG_DIRECTORY) {
        let at = offset(&table, rva);
        let at = at.ok_or_else(|| bad(table_at, "its debug directory is in no section"))?;
        debug(input, at, size, &mut found)?;
    }
    for (i, of) in DIRECTORIES {
        // Resources of packed files may be anywhere: what is not there has no time.
        let at = directory(i).and_then(|(rva, _)| offset(&table, rva));
        let Some(at) = at.map(|at| at + 4) else { continue };
        // Past the end, it reads as 0, which is no time.
        let value = Fields(&piece(input, at, 4)?).u32(0);
        found.times.push(Stamp { of, at, value });
    }
    found.times.retain(|t| t.value != 0);
    Ok(found)
}

/// The end of the last section, and of the symbols with their names, which GNU's linker puts there.
fn end<R: Read + Seek>(
    input: &mut R,
    table: &[u8],
    (symbols_at, symbols): (u32, u32),
) -> io::Result<u64> {
    // | virtual size 8, 4 | address 12, 4 | size in the file 16, 4 | offset 20, 4 |
    let each = table.chunks_exact(SECTION).map(Fields);
    let sections = each.map(|s| u64::from(s.u32(20)) + u64::from(s.u32(16))).max().unwrap_or(0);
    if symbols_at == 0 {
        return Ok(sections);
    }
    let names_at = u64::from(symbols_at) + 18 * u64::from(symbols);
    let names = Fields(&piece(input, names_at, 4)?).u32(0);
    Ok(sections.max(names_at + u64::from(names)))
}

/// Up to `len` bytes at an offset: fewer where the file ends.
fn piece<R: Read + Seek>(input: &mut R, at: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.seek(SeekFrom::Start(at))?;
    input.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The entries of the debug directory, at an offset.
fn debug<R: Read + Seek>(
    input: &mut R,
    at: u64,
    size: u32,
    found: &mut Stamps,
) -> Result<(), ReadError> {
    let entries = size / DEBUG as u32;
    let len = DEBUG * entries.min(ENTRIES) as usize;
    let directory = piece(input, at, len)?;
    if entries > ENTRIES || directory.len() < len {
        let what = "its debug directory is cut off, or too long";
        return Err(Malformed::at(at, what).into());
    }
    // | characteristics 0, 4 | time 4, 4 | version 8, 4 | type 12, 4 | size 16, 4 | rva 20, 4 | at 24, 4 |
    for (entry, at) in directory.chunks_exact(DEBUG).zip((at..).step_by(DEBUG)) {
        found.hashed |= Fields(entry).u32(12) == REPRO;
        found.times.push(Stamp {
            of: "the debug directory",
            at: at + 4,
            value: Fields(entry).u32(4),
        });
    }
    Ok(())
}

/// The offset in the file of an address, by the section that holds it.
fn offset(table: &[u8], rva: u32) -> Option<u64> {
    // | name 0, 8 | virtual size 8, 4 | address 12, 4 | size in the file 16, 4 | offset 20, 4 |
    table.chunks_exact(SECTION).find_map(|section| {
        let fields = Fields(section);
        let into = rva.checked_sub(fields.u32(12))?;
        (into < fields.u32(16)).then(|| u64::from(fields.u32(20)) + u64::from(into))
    })
}

/// The checksum of a PE file, fed piece by piece: the sum of its 16-bit words with the carry added
/// back, its own four bytes left out, and its length.
#[derive(Clone, Copy, Debug)]
pub struct Checksum {
    at: u64,
    len: u64,
    sum: u64,
}

impl Checksum {
    /// Of a file with its checksum at `at`.
    pub fn new(at: u64) -> Checksum {
        Checksum { at, len: 0, sum: 0 }
    }

    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let own = (self.at..self.at + 4).contains(&self.len);
            let value = if own { 0 } else { u64::from(*byte) };
            self.sum += value << (8 * (self.len % 2));
            self.len += 1;
        }
    }

    /// The value that belongs into the field.
    pub fn finish(mut self) -> u32 {
        while self.sum >> 16 != 0 {
            self.sum = (self.sum & 0xffff) + (self.sum >> 16);
        }
        // The field has 32 bits; the specification lets longer files wrap.
        (self.sum as u32).wrapping_add(self.len as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn of(bytes: &[u8]) -> Result<Stamps, ReadError> {
        stamps(&mut Cursor::new(bytes))
    }

    /// Files of one section with all directories; the times of the second and third are hashes.
    const PLAIN: &[u8] = include_bytes!("../../fuzz/seeds/pe/pe32-plus");
    const HASHED: &[u8] = include_bytes!("../../fuzz/seeds/pe/pe32");
    const SIGNED: &[u8] = include_bytes!("../../fuzz/seeds/pe/signed");

    #[test]
    fn each_stamp_is_found_in_its_place() {
        let found = of(PLAIN).unwrap();
        let times: Vec<_> = found.times.iter().map(|t| (t.of, t.at)).collect();
        assert_eq!(
            times,
            [
                ("the COFF header", 0x88),
                ("the debug directory", 0x214),
                ("the debug directory", 0x230),
                ("the export directory", 0x284),
                ("the resource directory", 0x2c4)
            ]
        );
        assert_eq!(found.checksum, (0x98 + 64, 0x1234));
        assert!(!found.signed && !found.hashed);
        assert!(of(HASHED).unwrap().hashed && !of(HASHED).unwrap().signed);
        assert!(of(SIGNED).unwrap().signed);
    }

    #[test]
    fn no_lie_panics() {
        for bytes in crate::broken(PLAIN, &[0, 1, 0x7f, 0xff]) {
            let _ = of(&bytes);
        }
        assert!(of(b"MZ").is_err() && !begins(b"MZ") && begins(PLAIN));
    }

    #[test]
    fn the_checksum_leaves_itself_out_and_counts_the_length() {
        let sum = |bytes: &[u8]| {
            let mut sum = Checksum::new(4);
            let (one, other) = bytes.split_at(3);
            sum.update(one);
            sum.update(other);
            sum.finish()
        };
        assert_eq!(sum(&[1, 0, 2, 0, 9, 9, 9, 9, 3]), 1 + 2 + 3 + 9);
        assert_eq!(sum(&[0xff, 0xff, 1, 0, 0, 0, 0, 0]), 1 + 8);
    }
}

//! The stamps of a PE file (Microsoft's PE Format): where its times and its checksum are, whether
//! it is signed, and whether its times are hashes. What the file does is not read here.

use std::io::{self, Read, Seek};

use super::headers::directories::{CERTIFICATES, DEBUG, EXPORT, NET, RESOURCE};
use super::headers::{CHECKSUM, Directory, Headers, SYMBOLS, TIME, piece};
use crate::bytes::Fields;
use crate::error::{Malformed, ReadError};

/// Entries of the debug directory that are read.
const ENTRIES: u32 = 4096;
/// Debug type: the times in the file are hashes of its content (`/Brepro`).
const REPRO: u32 = 16;
/// Bytes of an entry of the debug directory.
const ENTRY: usize = 28;
/// The directories with times.
const DIRECTORIES: [(usize, &str); 2] =
    [(EXPORT, "the export directory"), (RESOURCE, "the resource directory")];
/// In the header of .NET, the place of the size of a strong name, which is a signature (ECMA-335 II.25.3.3).
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

/// Finds the stamps.
///
/// # Errors
/// It is no PE file, or its headers point outside of it.
pub fn stamps<R: Read + Seek>(input: &mut R) -> Result<Stamps, ReadError> {
    let headers = Headers::read(input)?;
    let directory = |i: usize| headers.directory(i).filter(|d| d.start != 0);
    let offset = |i: usize| directory(i).and_then(|d| headers.offset(d.start));
    let field = |at: usize| (headers.at + at as u64, headers.fields().u32(at));
    let (at, value) = field(TIME);
    let mut found = Stamps {
        times: vec![Stamp { of: "the COFF header", at, value }],
        checksum: field(CHECKSUM),
        signed: directory(CERTIFICATES).is_some_and(|d| d.size != 0),
        hashed: false,
        end: end(input, &headers)?,
    };
    if let Some(at) = offset(NET) {
        found.signed |= Fields(&piece(input, at, STRONG_NAME + 4)?).u32(STRONG_NAME) != 0;
    }
    if let Some(Directory { entry_at, size, .. }) = directory(DEBUG) {
        let bad = || Malformed::at(entry_at, "its debug directory is in no section");
        debug(input, offset(DEBUG).ok_or_else(bad)?, size, &mut found)?;
    }
    for (i, of) in DIRECTORIES {
        // Resources of packed files may be anywhere: what is not there has no time.
        let Some(at) = offset(i).map(|at| at + 4) else { continue };
        // Past the end, it reads as 0, which is no time.
        let value = Fields(&piece(input, at, 4)?).u32(0);
        found.times.push(Stamp { of, at, value });
    }
    found.times.retain(|t| t.value != 0);
    Ok(found)
}

/// The end of the last section, and of the symbols with their names, which GNU's linker puts there.
fn end<R: Read + Seek>(input: &mut R, headers: &Headers) -> io::Result<u64> {
    let [symbols_at, symbols] = SYMBOLS.map(|at| headers.fields().u32(at));
    if symbols_at == 0 {
        return Ok(headers.sections_end());
    }
    let names_at = u64::from(symbols_at) + 18 * u64::from(symbols);
    let names = Fields(&piece(input, names_at, 4)?).u32(0);
    Ok(headers.sections_end().max(names_at + u64::from(names)))
}

/// The entries of the debug directory, at an offset.
fn debug<R: Read + Seek>(
    input: &mut R,
    at: u64,
    size: u32,
    found: &mut Stamps,
) -> Result<(), ReadError> {
    let entries = size / ENTRY as u32;
    let len = ENTRY * entries.min(ENTRIES) as usize;
    let directory = piece(input, at, len)?;
    if entries > ENTRIES || directory.len() < len {
        let what = "its debug directory is cut off, or too long";
        return Err(Malformed::at(at, what).into());
    }
    // | characteristics 0, 4 | time 4, 4 | version 8, 4 | type 12, 4 | size 16, 4 | rva 20, 4 | at 24, 4 |
    for (entry, at) in directory.chunks_exact(ENTRY).zip((at..).step_by(ENTRY)) {
        found.hashed |= Fields(entry).u32(12) == REPRO;
        found.times.push(Stamp {
            of: "the debug directory",
            at: at + 4,
            value: Fields(entry).u32(4),
        });
    }
    Ok(())
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
        use crate::pe::headers::begins;
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

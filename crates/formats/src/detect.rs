//! Detects what a file is from its first bytes. Listing, extracting, comparing, explaining and
//! normalizing all use this answer. File names play no part.

use std::fs::File;
use std::io::{self, Read, Seek};

use crate::bytes::Fields;
use crate::compress::container::Compression;
use crate::compress::unpack;
use crate::{ar, cpio, macho, pe, rpm, tar};

/// Bytes from the beginning of a file that always contain the first compressed block: the longest are
/// LZ4's, of up to 4 MiB, and those of its legacy format, of up to 8 MiB.
pub const HEAD: usize = (4 << 20) + (64 << 10);
const LEGACY_HEAD: usize = 2 * HEAD;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// A zip, or what is made of one: a jar, a wheel.
    Zip,
    /// An ar archive: a static library, an rlib, a Debian package.
    Ar,
    /// A tar, compressed or not.
    Tar(Compression),
    /// Something compressed that is no tar.
    Compressed(Compression),
    /// A program or library of Windows.
    Pe,
    /// A program, library or object of most Unix systems.
    Elf,
    /// A program, library or object of Apple's systems.
    MachO,
    /// Several of them for several machines.
    FatMachO,
    /// An object of Windows.
    Coff,
    /// A module of WebAssembly.
    Wasm,
    /// cpio.
    Cpio,
    /// An RPM package.
    Rpm,
    /// None of the above.
    Other,
}

/// One row: a type, and whether bytes begin such a file.
type Row = (FileType, fn(&[u8]) -> bool);

/// Types that are tried before and after tars and compressed files. The order decides where bytes fit two
/// types; weak signatures come last.
const FIRST: &[Row] = &[
    (FileType::Zip, |head| head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")),
    (FileType::Ar, |head| head.starts_with(ar::read::MAGIC)),
    (FileType::Cpio, cpio::read::begins),
    (FileType::Rpm, |head| head.starts_with(rpm::read::MAGIC)),
];
const LAST: &[Row] = &[
    (FileType::Pe, pe::headers::begins),
    (FileType::Elf, |head| head.starts_with(b"\x7fELF")),
    (FileType::MachO, macho::begins),
    (FileType::FatMachO, macho::begins_fat),
    (FileType::Wasm, |head| head.starts_with(b"\0asm\x01\0\0\0")),
    (FileType::Coff, begins_coff),
];

/// What the file is that begins with these bytes: all of it, or its first [`HEAD`] bytes.
pub fn detect(head: &[u8]) -> FileType {
    let among =
        |rows: &[Row]| rows.iter().find(|(_, begins)| begins(head)).map(|(found, _)| *found);
    if let Some(found) = among(FIRST) {
        return found;
    }
    let compression = Compression::of(head);
    let is_tar = match compression {
        Compression::None => tar::read::begins(head),
        _ => tar::read::begins(&unpack::unpacked_head(head, compression)),
    };
    match (is_tar, compression) {
        (true, _) => FileType::Tar(compression),
        (false, Compression::None) => among(LAST).unwrap_or(FileType::Other),
        (false, _) => FileType::Compressed(compression),
    }
}

/// What an open file is. It is at its beginning afterwards; its first bytes come along.
pub fn of_file(mut file: &File) -> io::Result<(FileType, Vec<u8>)> {
    let mut head = Vec::new();
    file.take(HEAD as u64).read_to_end(&mut head)?;
    if Compression::of(&head) == Compression::LegacyLz4 {
        file.take((LEGACY_HEAD - HEAD) as u64).read_to_end(&mut head)?;
    }
    file.rewind()?;
    Ok((detect(&head), head))
}

/// Machines of object files: x86, x86-64, 64-bit ARM.
const MACHINES: [u16; 3] = [0x14c, 0x8664, 0xaa64];

/// Whether the bytes, which are the whole file, are a COFF object: a known machine, no optional
/// header, and a symbol table within the file.
fn begins_coff(bytes: &[u8]) -> bool {
    let header = Fields(bytes);
    let symbols = header.u32(8) as usize;
    bytes.len() >= 20
        && MACHINES.contains(&header.u16(0))
        && header.u16(16) == 0
        && (20..=bytes.len()).contains(&symbols)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_told_by_its_bytes_alone() {
        let mut tar = tar::write::Writer::new(Vec::new());
        let member = tar::write::Member {
            name: b"PK".to_vec(),
            kind: tar::write::Kind::File(0),
            mode: 0o644,
            mtime: 0,
            owner: tar::write::Owner::default(),
        };
        tar.member(&member, &mut io::empty()).unwrap();
        let tar = tar.finish().unwrap();
        let packed = |bytes: &[u8], compression| {
            let engine = Compression::compressor(compression).unwrap().engine;
            let packer = crate::compress::container::Packer::new(Vec::new(), engine, 1, 1);
            let mut packer = packer.unwrap();
            io::Write::write_all(&mut packer, bytes).unwrap();
            packer.finish().unwrap()
        };
        let pe = [&b"MZ"[..], &[0; 58], &[64, 0, 0, 0], b"PE\0\0"].concat();
        let coff = [&[0x64, 0x86][..], &[0; 6], &[20, 0, 0, 0], &[0; 8]].concat();
        for compression in [Compression::Gzip, Compression::Zstd, Compression::Xz] {
            assert_eq!(detect(&packed(&tar, compression)), FileType::Tar(compression));
            let text = packed(b"text", compression);
            assert_eq!(detect(&text), FileType::Compressed(compression));
            // Cut off within the first block: still what its magic says.
            assert_eq!(detect(&text[..6]), FileType::Compressed(compression));
        }
        let cases: [(&[u8], FileType); 14] = [
            (&tar, FileType::Tar(Compression::None)),
            (b"PK\x03\x04", FileType::Zip),
            (b"PK\x05\x06", FileType::Zip),
            (b"!<arch>\n", FileType::Ar),
            (b"\xed\xab\xee\xdb", FileType::Rpm),
            (&pe, FileType::Pe),
            (&pe[..64], FileType::Other),
            (b"\x7fELF", FileType::Elf),
            (b"\xcf\xfa\xed\xfe", FileType::MachO),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", FileType::FatMachO),
            (b"\xca\xfe\xba\xbe\0\0\0\x37", FileType::Other),
            (&coff, FileType::Coff),
            (b"\0asm\x01\0\0\0", FileType::Wasm),
            (b"\0asm\x02\0\0\0", FileType::Other),
        ];
        for (bytes, want) in cases {
            assert_eq!(detect(bytes), want);
        }
        assert_eq!(detect(b""), FileType::Other);
    }
}

//! The compressed containers for a tar, each with a pinned compressor whose output depends only on
//! its input and level. [`Packer`] is the writing end of all of them.

use std::io::{self, Write};

use liblzma::stream::{Check, Filters, LzmaOptions, MtStreamBuilder};
use liblzma::write::XzEncoder;

use super::deflate::{self, Deflater};

/// A container of compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// None: the bytes as they are.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// xz.
    Xz,
    /// bzip2, which is read only.
    Bzip2,
    /// LZ4 in frames, which is read only.
    Lz4,
}

/// One row of [`COMPRESSIONS`].
pub struct Row {
    /// The container.
    pub compression: Compression,
    /// Its name in reports.
    pub name: &'static str,
    /// How it begins; empty for none.
    pub magic: &'static [u8],
    /// The crate that compresses; of a container that is read only: the one that unpacks.
    pub compressor: &'static str,
    /// Its version. A test holds it against the lockfile.
    pub version: &'static str,
    /// The level unless one is asked for.
    pub level: u32,
    /// The levels that can be asked for; none of a container that is read only.
    pub levels: std::ops::RangeInclusive<u32>,
    /// Bytes of input that are compressed on their own, where there is such a thing.
    pub block: Option<u64>,
}

/// The containers, by their discriminants.
pub const COMPRESSIONS: &[Row] = &[
    Row {
        compression: Compression::None,
        name: "none",
        magic: b"",
        compressor: "none",
        version: "",
        level: 0,
        levels: 0..=0,
        block: None,
    },
    Row {
        compression: Compression::Gzip,
        name: "gzip",
        magic: b"\x1f\x8b",
        compressor: deflate::COMPRESSOR,
        version: deflate::VERSION,
        level: deflate::LEVEL,
        levels: deflate::LEVELS,
        block: Some(deflate::BLOCK as u64),
    },
    Row {
        compression: Compression::Zstd,
        name: "zstd",
        magic: b"\x28\xb5\x2f\xfd",
        compressor: "zstd-sys",
        version: "2.1.3+zstd.1.5.7",
        level: 12,
        levels: 1..=19,
        block: Some(ZSTD_JOB),
    },
    Row {
        compression: Compression::Xz,
        name: "xz",
        magic: b"\xfd7zXZ\0",
        compressor: "liblzma-sys",
        version: "0.4.9",
        level: 6,
        levels: 0..=9,
        block: Some(XZ_BLOCK),
    },
    read_only(Compression::Bzip2, "bzip2", b"BZh", "libbz2-rs-sys", "0.2.6"),
    read_only(Compression::Lz4, "lz4", b"\x04\x22\x4d\x18", "lz4_flex", "0.14.2"),
];

const fn read_only(
    compression: Compression,
    name: &'static str,
    magic: &'static [u8],
    compressor: &'static str,
    version: &'static str,
) -> Row {
    #[expect(clippy::reversed_empty_ranges, reason = "no level can be asked for")]
    let levels = 1..=0;
    Row { compression, name, magic, compressor, version, level: 0, levels, block: None }
}

/// Bytes that one job of zstd compresses: without it the level decides.
const ZSTD_JOB: u64 = 4 << 20;
/// Bytes of one xz block: without it the number of threads decides.
const XZ_BLOCK: u64 = 4 << 20;

impl Compression {
    /// The container that the bytes begin; `None` where it is none that is known.
    pub fn of(head: &[u8]) -> Compression {
        let mut rows = COMPRESSIONS.iter().rev();
        let begins = |row: &&Row| {
            head.starts_with(row.magic) && (row.compression != Compression::Bzip2 || bzip2(head))
        };
        let found = rows.find(begins);
        found.map_or(Compression::None, |row| row.compression)
    }

    /// Whether it can be written as well as read.
    pub fn is_written(self) -> bool {
        !self.row().levels.is_empty()
    }

    /// Its row of the table.
    pub fn row(self) -> &'static Row {
        &COMPRESSIONS[self as usize]
    }
}

/// Whether a level follows the three letters, and a block or the end of the stream that.
fn bzip2(head: &[u8]) -> bool {
    const BLOCK: &[u8] = &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    const END: &[u8] = &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    let level = head.get(3).is_some_and(|b| (b'1'..=b'9').contains(b));
    level && head.get(4..10).is_some_and(|next| next == BLOCK || next == END)
}

/// A gzip header without name, time or flags: deflate, no extra flags, of no known system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Compresses what is written to it. [`Packer::finish`] must be called.
pub enum Packer<W: Write> {
    /// As it comes.
    None(W),
    /// gzip.
    Gzip(Box<Deflater<W>>),
    /// Zstandard.
    Zstd(Box<zstd::Encoder<'static, W>>),
    /// xz.
    Xz(Box<XzEncoder<W>>),
}

impl<W: Write> Packer<W> {
    /// A packer at `level`, on `threads` threads.
    pub fn new(
        mut out: W,
        compression: Compression,
        level: u32,
        threads: usize,
    ) -> io::Result<Packer<W>> {
        let threads = threads.max(1) as u32;
        Ok(match compression {
            Compression::None => Packer::None(out),
            Compression::Gzip => {
                out.write_all(&GZIP_HEADER)?;
                Packer::Gzip(Box::new(Deflater::new(out, level, threads as usize)?))
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(out, level as i32)?;
                // One worker or many give the same bytes, no worker gives others.
                encoder.multithread(threads)?;
                encoder.set_parameter(zstd::zstd_safe::CParameter::JobSize(ZSTD_JOB as u32))?;
                encoder.include_checksum(true)?;
                Packer::Zstd(Box::new(encoder))
            }
            Compression::Xz => {
                let mut lzma = LzmaOptions::new_preset(level)?;
                // A block cannot refer to what lies before it.
                lzma.dict_size(XZ_BLOCK as u32);
                let mut filters = Filters::new();
                filters.lzma2(&lzma);
                let stream = MtStreamBuilder::new()
                    .filters(filters)
                    .threads(threads)
                    .block_size(XZ_BLOCK)
                    .check(Check::Crc64)
                    .encoder()?;
                Packer::Xz(Box::new(XzEncoder::new_stream(out, stream)))
            }
            Compression::Bzip2 | Compression::Lz4 => {
                let what = format!("{} is read, not written", compression.row().name);
                return Err(io::Error::new(io::ErrorKind::Unsupported, what));
            }
        })
    }

    /// Ends the stream.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Packer::None(out) => Ok(out),
            Packer::Gzip(deflater) => {
                let (mut out, totals) = deflater.finish()?;
                out.write_all(&totals.crc32.to_le_bytes())?;
                // RFC 1952: the size modulo 2^32.
                out.write_all(&(totals.read as u32).to_le_bytes())?;
                Ok(out)
            }
            Packer::Zstd(encoder) => encoder.finish(),
            Packer::Xz(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Packer::None(out) => out.write(buf),
            Packer::Gzip(out) => out.write(buf),
            Packer::Zstd(out) => out.write(buf),
            Packer::Xz(out) => out.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::deflate::tests::sample;
    use crate::digest;

    fn packed(input: &[u8], compression: Compression, threads: usize, chunk: usize) -> Vec<u8> {
        let level = compression.row().level;
        let mut packer = Packer::new(Vec::new(), compression, level, threads).unwrap();
        for part in input.chunks(chunk) {
            packer.write_all(part).unwrap();
        }
        packer.finish().unwrap()
    }

    #[test]
    fn each_compressor_is_pinned_and_does_not_depend_on_threads_or_writes() {
        let golden = [
            (Compression::None, "2a5b9abaa43f006212a91d01c18fca1d09813c9d7ebb32a7172359ef116499f2"),
            (Compression::Gzip, "a3f5085e96a405ad5bf7cb2aa642ea0924a4c0cdbfa59f116df748f187a5a7a6"),
            (Compression::Zstd, "c97814dc46ab0197f756a14bf2a7fc3b971fd2944822bbc2ed7c3f3b1d25a182"),
            (Compression::Xz, "3cd0710acd9f9742895222175cafa7c99ad4eaac1074720063e9620d48d5759a"),
        ];
        // More than a job and a block of each.
        let input = sample();
        let found = golden.map(|(compression, _)| {
            let one = packed(&input, compression, 1, 777);
            for (threads, chunk) in [(2, 1 << 20), (5, 100_000)] {
                assert!(
                    packed(&input, compression, threads, chunk) == one,
                    "{compression:?} with {threads} threads"
                );
            }
            (compression, digest::of_bytes(&one).sha256)
        });
        assert_eq!(found, golden.map(|(c, sum)| (c, sum.to_string())));
    }

    #[test]
    fn each_row_is_in_its_place_and_has_the_version_of_the_lockfile() {
        let lock = include_str!("../../../../Cargo.lock");
        for (i, row) in COMPRESSIONS.iter().enumerate() {
            assert_eq!(row.compression as usize, i);
            let entry = format!("name = \"{}\"\nversion = \"{}\"\n", row.compressor, row.version);
            assert!(row.compressor == "none" || lock.contains(&entry), "{entry}");
            assert!(row.levels.contains(&row.level) || !row.compression.is_written());
        }
    }

    #[test]
    fn a_gzip_header_says_nothing_of_the_host() {
        let bytes = packed(b"x", Compression::Gzip, 1, 1);
        assert_eq!(bytes[..10], GZIP_HEADER);
        assert_eq!(bytes[bytes.len() - 4..], [1, 0, 0, 0]);
    }
}

//! The compressed containers for a tar, each with a pinned compressor whose output depends only on
//! its input and level. [`Packer`] is the writing end of all of them.

use std::io::{self, Write};

use liblzma::stream::{Check, Filters, LzmaOptions, MtStreamBuilder};
use liblzma::write::XzEncoder;

use super::deflate::{self, Deflater};
use crate::bytes::Fields;

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
    /// LZ4 as `lz4 -l` and the Linux kernel frame it, which is read only.
    LegacyLz4,
    /// LZMA as it was before xz, which is read only.
    Lzma,
}

/// One row of [`COMPRESSIONS`].
pub struct Row {
    /// The container.
    pub compression: Compression,
    /// Its name in reports.
    pub name: &'static str,
    /// How it begins; empty for none.
    pub magic: &'static [u8],
    /// What compresses, the one in use first; none of a container that is read only.
    pub compressors: &'static [Compressor],
}

/// A pinned compressor. Its row stays when a newer one is put before it, so archives that name it in
/// their manifest can be packed again.
#[derive(Debug, PartialEq, Eq)]
pub struct Compressor {
    /// The crate that compresses.
    pub name: &'static str,
    /// Its version. A test compares it with the lockfile.
    pub version: &'static str,
    /// The default level.
    pub level: u32,
    /// The levels that can be chosen.
    pub levels: std::ops::RangeInclusive<u32>,
    /// Bytes of input that are compressed independently, if the compressor works in blocks.
    pub block: Option<u64>,
    /// How it is called.
    pub engine: Engine,
}

/// The libraries that compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// None.
    Stored,
    /// DEFLATE, in blocks.
    Deflate(deflate::Engine),
    /// zstd.
    Zstd,
    /// liblzma.
    Xz,
}

/// Rows: the container, its name and how it begins; of each compressor the crate and its version, the level
/// and the levels, the bytes of a block, and how it is called.
macro_rules! compressions {
    ($($compression:ident $name:literal $magic:literal [$(
        $by:literal $version:literal: $level:expr, $levels:expr, $block:expr, $engine:expr
    );*];)*) => {
        &[$(Row {
            compression: Compression::$compression,
            name: $name,
            magic: $magic,
            compressors: &[$(Compressor {
                name: $by,
                version: $version,
                level: $level,
                levels: $levels,
                block: $block,
                engine: $engine,
            }),*],
        }),*]
    };
}

/// The containers, by their discriminants.
pub const COMPRESSIONS: &[Row] = compressions! {
    None "none" b"" ["none" "": 0, 0..=0, None, Engine::Stored];
    Gzip "gzip" b"\x1f\x8b" [
        "zlib-rs" "0.6.8": deflate::CURRENT.1, 1..=9, DEFLATE_BLOCK, Engine::Deflate(deflate::CURRENT.0);
        "miniz_oxide" "0.9.1": 5, 1..=9, DEFLATE_BLOCK, Engine::Deflate(deflate::Engine::Miniz)
    ];
    Zstd "zstd" b"\x28\xb5\x2f\xfd" ["zstd-sys" "2.1.3+zstd.1.5.7": 12, 1..=19, Some(ZSTD_JOB), Engine::Zstd];
    Xz "xz" b"\xfd7zXZ\0" ["liblzma-sys" "0.4.9": 6, 0..=9, Some(XZ_BLOCK), Engine::Xz];
    Bzip2 "bzip2" b"BZh" [];
    Lz4 "lz4" b"\x04\x22\x4d\x18" [];
    LegacyLz4 "legacy lz4" b"\x02\x21\x4c\x18" [];
    Lzma "lzma" b"\x5d\0\0" [];
};

/// Bytes that one job of DEFLATE compresses.
const DEFLATE_BLOCK: Option<u64> = Some(deflate::BLOCK as u64);

/// Bytes that one job of zstd compresses: without it the level decides.
const ZSTD_JOB: u64 = 4 << 20;
/// Bytes of one xz block: without it the number of threads decides.
const XZ_BLOCK: u64 = 4 << 20;

impl Compression {
    /// The container that the bytes begin; `None` where it is none that is known.
    pub fn of(head: &[u8]) -> Compression {
        let mut rows = COMPRESSIONS.iter().rev();
        let begins = |row: &&Row| {
            head.starts_with(row.magic)
                && match row.compression {
                    Compression::Bzip2 => bzip2(head),
                    Compression::Lzma => lzma(head),
                    _ => true,
                }
        };
        let found = rows.find(begins);
        found.map_or(Compression::None, |row| row.compression)
    }

    /// What compresses it now; `None` of what is read only.
    pub fn compressor(self) -> Option<&'static Compressor> {
        self.row().compressors.first()
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

/// Whether the 13 bytes of a header without a signature are such as `xz --format=lzma` and 7-Zip write:
/// usual properties, a dictionary of a power of two or half of one more, and a size that is unknown or
/// below 256 GiB.
fn lzma(head: &[u8]) -> bool {
    let dictionary = Fields(head).u32(1);
    let usual = |d: u32| d.is_power_of_two() || (d.is_multiple_of(3) && (d / 3).is_power_of_two());
    let size = Fields(head).u64(5);
    head.len() > 13 && usual(dictionary) && (size == u64::MAX || size < 1 << 38) && head[13] == 0
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
    /// A packer at `level`, one of the compressor's, on `threads` threads.
    pub fn new(mut out: W, engine: Engine, level: u32, threads: usize) -> io::Result<Packer<W>> {
        let threads = threads.max(1) as u32;
        Ok(match engine {
            Engine::Stored => Packer::None(out),
            Engine::Deflate(engine) => {
                out.write_all(&GZIP_HEADER)?;
                Packer::Gzip(Box::new(Deflater::new(out, engine, level, threads as usize)?))
            }
            Engine::Zstd => {
                let mut encoder = zstd::Encoder::new(out, level as i32)?;
                // One worker or many give the same bytes, no worker gives others.
                encoder.multithread(threads)?;
                encoder.set_parameter(zstd::zstd_safe::CParameter::JobSize(ZSTD_JOB as u32))?;
                encoder.include_checksum(true)?;
                Packer::Zstd(Box::new(encoder))
            }
            Engine::Xz => {
                let mut lzma = LzmaOptions::new_preset(level)?;
                // A block cannot refer to what is before it.
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
        let with = compression.compressor().unwrap();
        let mut packer = Packer::new(Vec::new(), with.engine, with.level, threads).unwrap();
        for part in input.chunks(chunk) {
            packer.write_all(part).unwrap();
        }
        packer.finish().unwrap()
    }

    #[test]
    fn each_compressor_is_pinned_and_does_not_depend_on_threads_or_writes() {
        let golden = [
            (Compression::None, "2a5b9abaa43f006212a91d01c18fca1d09813c9d7ebb32a7172359ef116499f2"),
            (Compression::Gzip, "f2b129be413eb66ce0ee47489cfaf36fe243e11d2bbfe850855060db232de7bc"),
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
            for with in row.compressors {
                let entry = format!("name = \"{}\"\nversion = \"{}\"\n", with.name, with.version);
                assert!(with.name == "none" || lock.contains(&entry), "{entry}");
                assert!(with.levels.contains(&with.level));
            }
        }
    }
}

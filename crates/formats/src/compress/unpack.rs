//! The content of a compressed file, unpacked within caps.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use super::container::Compression;
use crate::error::{Error, Malformed};
use crate::limits::Limits;

/// Memory that an xz stream may ask for: what `xz -9` needs is 65 MiB.
const XZ_MEMORY: u64 = 256 << 20;
/// What the first bytes of a file unpack to, as far as they go.
pub fn unpacked_head(head: &[u8], compression: Compression) -> Vec<u8> {
    let mut out = Vec::new();
    // The input is cut off: what was unpacked before the error is the result.
    let _ = match decoder(head, compression, Streams::All) {
        Ok(mut reader) => reader.by_ref().take(512).read_to_end(&mut out),
        Err(e) => Err(e),
    };
    out
}

/// Which of the streams in a file are unpacked: every format allows several in a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Streams {
    First,
    All,
}

fn decoder<'a>(
    input: impl BufRead + 'a,
    compression: Compression,
    streams: Streams,
) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match (compression, streams) {
        (Compression::None, _) => Box::new(input),
        (Compression::Gzip, Streams::First) => Box::new(flate2::bufread::GzDecoder::new(input)),
        (Compression::Gzip, Streams::All) => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        (Compression::Zstd, Streams::First) => {
            Box::new(zstd::Decoder::with_buffer(input)?.single_frame())
        }
        (Compression::Zstd, Streams::All) => Box::new(zstd::Decoder::with_buffer(input)?),
        (Compression::Xz, streams) => {
            let flags = if streams == Streams::All { CONCATENATED } else { 0 };
            let stream = Stream::new_stream_decoder(XZ_MEMORY, flags)?;
            Box::new(XzDecoder::new_stream(input, stream))
        }
        (Compression::Lzma, _) => {
            let stream = Stream::new_lzma_decoder(XZ_MEMORY)?;
            Box::new(Alone(XzDecoder::new_stream(input, stream)))
        }
        (Compression::Bzip2, Streams::First) => Box::new(bzip2::bufread::BzDecoder::new(input)),
        (Compression::Bzip2, Streams::All) => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        (Compression::LegacyLz4, _) => {
            Box::new(LegacyFrames { input, block: Vec::new(), content: io::Cursor::default() })
        }
        (Compression::Lz4, Streams::First) => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
        (Compression::Lz4, Streams::All) => {
            Box::new(Frames(lz4_flex::frame::FrameDecoder::new(input)))
        }
    })
}

/// LZ4 frames in a row, as `lz4` reads them: the decoder ends at the end of each.
struct Frames<R: BufRead>(lz4_flex::frame::FrameDecoder<R>);

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.0.read(buf)?;
            if n > 0 || buf.is_empty() || self.0.get_mut().fill_buf()?.is_empty() {
                return Ok(n);
            }
        }
    }
}

/// LZ4 frames of the older kind: a magic number, then blocks of up to 8 MiB, each after its packed size, up to
/// the end of the file or the next magic number.
struct LegacyFrames<R> {
    input: R,
    block: Vec<u8>,
    content: io::Cursor<Vec<u8>>,
}

/// Bytes of a block, unpacked and as LZ4 packs it at worst.
const LEGACY_BLOCK: usize = 8 << 20;
const LEGACY_PACKED: usize = LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16;

impl<R: BufRead> LegacyFrames<R> {
    /// The next block; whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut word = [0; 4];
        loop {
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
            self.input.read_exact(&mut word)?;
            if word != *Compression::LegacyLz4.row().magic {
                break;
            }
        }
        let size = u32::from_le_bytes(word) as usize;
        if size > LEGACY_PACKED {
            return Err(invalid("a block is too large"));
        }
        self.block.clear();
        if self.input.by_ref().take(size as u64).read_to_end(&mut self.block)? < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let content = self.content.get_mut();
        content.resize(LEGACY_BLOCK, 0);
        let unpacked = lz4_flex::block::decompress_into(&self.block, content);
        content.truncate(unpacked.map_err(|e| invalid(&e.to_string()))?);
        self.content.set_position(0);
        Ok(true)
    }
}

impl<R: BufRead> Read for LegacyFrames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.content.read(buf)?;
            if n > 0 || buf.is_empty() || !self.next()? {
                return Ok(n);
            }
        }
    }
}

/// The only stream of a file: the format allows no data after it.
struct Alone<R: BufRead>(XzDecoder<R>);

impl<R: BufRead> Read for Alone<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buf)?;
        if n == 0 && !buf.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "data follows the stream"));
        }
        Ok(n)
    }
}

/// A file as it is read, counted.
struct Packed<R> {
    file: R,
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    read: Cell<u64>,
    failed: Cell<bool>,
}

impl<R: BufRead> Read for Packed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Packed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf().inspect_err(|_| self.state.failed.set(true))
    }

    fn consume(&mut self, n: usize) {
        self.state.read.set(self.state.read.get() + n as u64);
        self.file.consume(n);
    }
}

/// The unpacked content of a file. What is malformed or beyond the caps comes as an error that
/// holds a [`Malformed`].
pub struct Unpacked<'a> {
    decoder: Box<dyn Read + 'a>,
    compression: Compression,
    state: Rc<State>,
    unpacked: u64,
    limits: &'a Limits,
}

impl<'a> Unpacked<'a> {
    /// The content of `file`, which is at its beginning.
    pub fn new(
        file: impl Read + 'a,
        compression: Compression,
        limits: &'a Limits,
    ) -> Result<Unpacked<'a>, Error> {
        let file = BufReader::with_capacity(128 << 10, file);
        Unpacked::start(file, compression, Streams::All, limits).map_err(not_started())
    }

    /// The first stream of `file`, which is at its beginning. What follows it can be had from the
    /// reader, once this one has ended.
    pub fn first(
        file: &'a mut impl BufRead,
        compression: Compression,
        limits: &'a Limits,
    ) -> Result<Unpacked<'a>, Error> {
        Unpacked::start(file, compression, Streams::First, limits).map_err(not_started())
    }

    fn start(
        file: impl BufRead + 'a,
        compression: Compression,
        streams: Streams,
        limits: &'a Limits,
    ) -> io::Result<Unpacked<'a>> {
        let state = Rc::new(State::default());
        let decoder = decoder(Packed { file, state: state.clone() }, compression, streams)?;
        Ok(Unpacked { decoder, compression, state, unpacked: 0, limits })
    }
}

fn not_started() -> impl FnOnce(io::Error) -> Error {
    Error::io("failed to start the decompressor")
}

/// How many bytes the first stream of `file`, which is at its beginning, has packed and unpacked; none if
/// it unpacks to `most` bytes or more. `file` is at the end of the stream afterwards.
///
/// # Errors
/// It is no such stream, or is beyond the caps.
pub fn size_of_first(
    file: &mut impl BufRead,
    compression: Compression,
    limits: &Limits,
    most: u64,
) -> io::Result<Option<(u64, u64)>> {
    let stream = Unpacked::start(file, compression, Streams::First, limits)?;
    let packed = stream.state.clone();
    let unpacked = io::copy(&mut stream.take(most), &mut io::sink())?;
    Ok((unpacked < most).then(|| (packed.read.get(), unpacked)))
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let packed = self.state.read.get();
        let n = self.decoder.read(buf).map_err(|e| {
            if self.state.failed.get() || self.compression == Compression::None {
                return e;
            }
            let what = match e.kind() {
                io::ErrorKind::UnexpectedEof => "it ends early".to_string(),
                _ => e.to_string(),
            };
            let name = self.compression.row().name;
            let packed = self.state.read.get();
            Malformed::at(packed, format!("the {name} data cannot be unpacked: {what}")).into()
        })?;
        self.unpacked += n as u64;
        if self.compression != Compression::None {
            let read = packed.max(self.state.read.get());
            self.limits.check_bytes(self.unpacked, read, packed)?;
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `echo one; echo two`, each compressed by the format's own program, in a row.
    const BZIP2: &[&[u8]] = &[ONE_BZ2, TWO_BZ2];
    const LZ4: &[&[u8]] = &[ONE_LZ4, TWO_LZ4];
    /// By `lz4 -l` and `xz --format=lzma`.
    const LEGACY: &[&[u8]] = &[
        b"\x02\x21\x4c\x18\x05\x00\x00\x00\x40\x6f\x6e\x65\x0a",
        b"\x02\x21\x4c\x18\x05\x00\x00\x00\x40\x74\x77\x6f\x0a",
    ];
    const LZMA: &[u8] = b"\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x37\x9b\x88\xcc\xfb\xd7\x07\xff\xff\xfb\xc5\x40\x00";
    const ONE_BZ2: &[u8] = b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x78\x13\xc0\x82\x00\x00\x01\xc1\x00\x00\x10\x02\x01\xa0\x00\x21\x9a\x68\x33\x4d\x0c\xbc\x5d\xc9\x14\xe1\x42\x41\xe0\x4f\x02\x08";
    const TWO_BZ2: &[u8] = b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x2e\xb7\x1a\xd7\x00\x00\x01\x41\x80\x00\x10\x00\x00\x84\x80\x20\x00\x21\x9a\x68\x33\x4d\x07\x3c\x5d\xc9\x14\xe1\x42\x40\xba\xdc\x6b\x5c";
    const ONE_LZ4: &[u8] = b"\x04\x22\x4d\x18\x64\x40\xa7\x04\x00\x00\x80\x6f\x6e\x65\x0a\x00\x00\x00\x00\x86\xb6\xf7\x5a";
    const TWO_LZ4: &[u8] = b"\x04\x22\x4d\x18\x64\x40\xa7\x04\x00\x00\x80\x74\x77\x6f\x0a\x00\x00\x00\x00\x9c\x95\x7c\x35";

    #[test]
    fn what_is_read_only_unpacks_with_all_of_its_streams_and_ends_where_it_is_cut() {
        let read = |bytes: &[u8]| {
            let mut out = String::new();
            let limits = Limits::default();
            let mut unpacked = Unpacked::new(bytes, Compression::of(bytes), &limits).unwrap();
            unpacked.read_to_string(&mut out).map(|_| out)
        };
        for (compression, streams) in
            [(Compression::Bzip2, BZIP2), (Compression::Lz4, LZ4), (Compression::LegacyLz4, LEGACY)]
        {
            let both = streams.concat();
            assert_eq!(Compression::of(&both), compression);
            assert_eq!(read(&both).unwrap(), "one\ntwo\n");
            assert_eq!(read(streams[0]).unwrap(), "one\n");
            assert!(read(&both[..both.len() - 3]).is_err());
            assert!(read(&[streams[0], b"more after it"].concat()).is_err());
        }
        assert_eq!(Compression::of(LZMA), Compression::Lzma);
        assert_eq!(read(LZMA).unwrap(), "one\n");
        assert!(read(&LZMA[..LZMA.len() - 9]).is_err());
        assert!(read(&[LZMA, LZMA].concat()).is_err());
        assert_eq!(Compression::of(b"\x5d\0\0just a text"), Compression::None);
        assert_eq!(Compression::of(b"BZhave you read it?"), Compression::None);
    }
}

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
    // The input ends too early; what came until then is what was asked for.
    let _ = match decoder(head, compression, Streams::All) {
        Ok(mut reader) => reader.by_ref().take(512).read_to_end(&mut out),
        Err(e) => Err(e),
    };
    out
}

/// Which of the streams in a file are unpacked: all formats allow one behind the other.
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
    })
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
        Unpacked::start(file, compression, Streams::All, limits)
    }

    /// The first stream of `file`, which is at its beginning. What follows it can be had from the
    /// reader, once this one has ended.
    pub fn first(
        file: &'a mut impl BufRead,
        compression: Compression,
        limits: &'a Limits,
    ) -> Result<Unpacked<'a>, Error> {
        Unpacked::start(file, compression, Streams::First, limits)
    }

    fn start(
        file: impl BufRead + 'a,
        compression: Compression,
        streams: Streams,
        limits: &'a Limits,
    ) -> Result<Unpacked<'a>, Error> {
        let state = Rc::new(State::default());
        let packed = Packed { file, state: state.clone() };
        Ok(Unpacked {
            decoder: decoder(packed, compression, streams)
                .map_err(Error::io("failed to start the decompressor"))?,
            compression,
            state,
            unpacked: 0,
            limits,
        })
    }
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
            let fits = self.limits.check_bytes(self.unpacked, packed.max(self.state.read.get()));
            fits.map_err(|what| Malformed::at(packed, what))?;
        }
        Ok(n)
    }
}

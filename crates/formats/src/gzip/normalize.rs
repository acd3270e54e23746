//! The normal form of a gzip file that contains no tar: a header without metadata of the packer.
//! The compressed bytes stay as they are.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::DeflateDecoder;

use super::header::Header;
use crate::compress::container::Compression;
use crate::detect::HEAD;
use crate::error::{Error, Malformed, ReadError};
use crate::normalize::job::{Job, Outcome, Output, Times, Written};

/// OS: Unix, which most packers write anyway.
const UNIX: u8 = 3;
/// Bytes of the CRC and the size behind the deflate stream.
const TRAILER: usize = 8;

/// Writes the normal form.
pub fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    stream(job, out).map_err(job.unsound("gzip file"))
}

fn stream(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, ReadError> {
    let mut input =
        Counted { input: BufReader::with_capacity(HEAD, job.input), at: 0, copy: Vec::new() };
    let was = header(&mut input)?;
    if let Some(what) = was.meaningful() {
        return Ok(Outcome::LeftAlone(format!("its header holds {what}")));
    }
    let is = normal(&was, job.times);
    out.write_all(&is)?;
    content(&mut input, out, job)?;
    // Where the streams begin can be known elsewhere: to an index, or to a signature.
    let rest = input.fill_buf()?;
    if !rest.is_empty() {
        let what = match Compression::of(rest) {
            Compression::Gzip => "it has several gzip streams",
            _ => "data follows its gzip stream",
        };
        return Ok(Outcome::LeftAlone(what.to_string()));
    }
    let mut written = Written::default();
    for (was, is) in was.fields().into_iter().zip(Header::parse(&is)?.fields()) {
        written.field(None, was.name, was.value, is.value);
    }
    Ok(Outcome::Written(written))
}

/// The header, which must lie within the buffer.
fn header<R: Read>(input: &mut Counted<BufReader<R>>) -> Result<Header, ReadError> {
    let start = input.at;
    let moved = |e: Malformed| Malformed { at: start + e.at, ..e };
    let mut taken = Vec::new();
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let n = buffer.len();
        taken.extend_from_slice(buffer);
        match Header::parse(&taken) {
            Ok(header) => {
                input.consume(header.len - (taken.len() - n));
                input.copy.clear();
                return Ok(header);
            }
            Err(e) if taken.len() >= HEAD => return Err(moved(e).into()),
            Err(_) => input.consume(n),
        }
    }
    Ok(Header::parse(&taken).map_err(moved)?)
}

/// Copies a deflate stream and its trailer, which must hold.
fn content<R: Read>(
    input: &mut Counted<BufReader<R>>,
    out: &mut dyn Output,
    job: &Job<'_>,
) -> Result<(), ReadError> {
    let (mut crc, mut size) = (flate2::Crc::new(), 0);
    let mut buffer = vec![0; 128 << 10];
    let mut decoder = DeflateDecoder::new(&mut *input);
    loop {
        let read = decoder.read(&mut buffer);
        let at = decoder.get_ref().at;
        let n = read.map_err(|e| match e.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                ReadError::from(Malformed::at(at, "its deflate stream is broken"))
            }
            io::ErrorKind::UnexpectedEof => Malformed::at(at, "it ends early").into(),
            _ => e.into(),
        })?;
        let copy = std::mem::take(&mut decoder.get_mut().copy);
        out.write_all(&copy)?;
        if n == 0 {
            break;
        }
        crc.update(&buffer[..n]);
        size += n as u64;
        let fits = job.limits.check_bytes(size, at);
        fits.map_err(|what| Malformed::at(at, what))?;
    }
    let at = input.at;
    let mut trailer = [0; TRAILER];
    input.read_exact(&mut trailer).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => Malformed::at(at, "it ends early").into(),
        _ => ReadError::from(e),
    })?;
    input.copy.clear();
    let said = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
    if said != trailer {
        return Err(Malformed::at(at, "its content does not have its CRC or size").into());
    }
    out.write_all(&trailer)?;
    Ok(())
}

/// The header as everybody would write it: what the file was called does not matter to its content.
fn normal(header: &Header, times: Times) -> Vec<u8> {
    let time = times.of(header.time.into()).clamp(0, u32::MAX.into());
    let mut bytes = vec![0x1f, 0x8b, 8, 0];
    // It was clamped.
    bytes.extend((time as u32).to_le_bytes());
    bytes.extend([header.level, UNIX]);
    bytes
}

/// Counts what is taken from a reader, and keeps a copy until that is taken away.
struct Counted<R> {
    input: R,
    at: u64,
    copy: Vec<u8>,
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        if let Ok(buffer) = self.input.fill_buf() {
            self.copy.extend_from_slice(&buffer[..n.min(buffer.len())]);
        }
        self.at += n as u64;
        self.input.consume(n);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

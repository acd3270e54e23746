//! The normal form of a gzip file that holds no tar: its headers say nothing of who packed it. The
//! compressed bytes stay as they are.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::DeflateDecoder;

use super::header::Header;
use crate::detect::HEAD;
use crate::error::{Error, Malformed, ReadError};
use crate::normalize::job::{Job, Outcome, Output};

/// OS: Unix, which most packers write anyway.
const UNIX: u8 = 3;
/// Bytes of the CRC and the size behind the deflate stream.
const TRAILER: usize = 8;

/// Writes the normal form.
pub fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    members(job, out).map_err(job.unsound("gzip file"))?;
    Ok(Outcome::Written)
}

fn members(job: &Job<'_>, out: &mut dyn Output) -> Result<(), ReadError> {
    let mut input =
        Counted { input: BufReader::with_capacity(HEAD, job.input), at: 0, copy: Vec::new() };
    let (mut unpacked, mut count) = (0, 0);
    loop {
        let at = input.at;
        if input.fill_buf()?.is_empty() {
            break;
        }
        count += 1;
        let check = job.limits.check_entries(count);
        check.map_err(|what| Malformed::at(at, what))?;
        let header = header(&mut input)?;
        out.write_all(&normal(&header, job.epoch))?;
        unpacked = content(&mut input, out, unpacked, job)?;
    }
    Ok(())
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
    before: u64,
    job: &Job<'_>,
) -> Result<u64, ReadError> {
    let (mut crc, mut size) = (flate2::Crc::new(), before);
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
    Ok(size)
}

/// The header as everybody would write it. What programs put into the extra field may be needed to
/// read the file (BGZF); a name or a comment is not.
fn normal(header: &Header, epoch: i64) -> Vec<u8> {
    const EXTRA: u8 = 1 << 2;
    let time = i64::from(header.time).min(epoch.max(0));
    let time = u32::try_from(time).unwrap_or(header.time);
    let flags = if header.extra.is_some() { EXTRA } else { 0 };
    let mut bytes = vec![0x1f, 0x8b, 8, flags];
    bytes.extend(time.to_le_bytes());
    bytes.extend([header.level, UNIX]);
    if let Some(extra) = &header.extra {
        // It was read with a length of two bytes.
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes.extend_from_slice(extra);
    }
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

//! Zip, written field by field: no extra fields but zip64's, times in UTC, one host byte, and members
//! deflated in blocks by [`crate::compress::deflate`]. Order and values of members are the caller's.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::Crc;

use super::read::{DEFLATED, Kind, STORED};
use super::record::UTF8;
use crate::calendar::civil;
use crate::compress::deflate::{BLOCK, Engine, Pool};

/// Modes and types are Unix's.
const UNIX: u16 = 3 << 8;
/// The version of the specification that members need: 2.0, and with zip64 4.5.
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
const ZIP64: u16 = 1;
/// Sizes from here on go to the zip64 field; a margin lets contents grow as they are packed.
const BIG: u64 = u32::MAX as u64 - (16 << 20);
/// Stands for a value that is in the zip64 field.
const ELSEWHERE: u32 = u32::MAX;
/// 1980-01-01T00:00:00Z and 2107-12-31T23:59:58Z, in seconds since 1970.
const FIRST: i64 = 315_532_800;
const LAST: i64 = 4_354_819_198;

/// What the headers of a member say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name; that of a directory ends in `/`.
    pub name: Vec<u8>,
    /// The name and the comment are UTF-8 and say so, unless both are ASCII.
    pub utf8: bool,
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    /// DOS time and date.
    pub time: (u16, u16),
    /// Extra fields, encoded: what a reader needs and is not zip64's.
    pub extra: Vec<u8>,
    pub(crate) comment: Vec<u8>,
}

/// A content as it is packed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    pub(crate) method: u16,
    pub(crate) crc32: u32,
    /// Bytes as it is packed.
    pub packed: u64,
    /// Bytes of content.
    pub size: u64,
}

/// DOS time and date of a time in seconds since 1970: UTC, within 1980-01-01 and
/// 2107-12-31T23:59:58, rounded down to two seconds.
pub fn dos_time(seconds: i64) -> (u16, u16) {
    let seconds = seconds.clamp(FIRST, LAST);
    let rest = seconds % 86_400;
    let (year, month, day) = civil(seconds);
    let time = ((rest / 3600) << 11) | ((rest / 60 % 60) << 5) | ((rest % 60) / 2);
    let date = ((year - 1980) << 9) | (month << 5) | day;
    // All within their bits, because the time was clamped.
    (time as u16, date as u16)
}

/// A member on its way into the archive.
struct Open {
    member: Member,
    body: Body,
    /// Once its local header is written.
    header_at: Option<u64>,
    /// Whether the local header has room for sizes of 64 bits.
    wide: bool,
    /// What the central directory is to say of it.
    total: Packed,
    crc: Crc,
}

enum Body {
    /// Stands in the archive as it is.
    Here(Vec<u8>),
    /// Comes out of the pool.
    Blocks,
}

/// Writes a zip, member by member.
pub struct Writer<W: Write + Seek> {
    out: W,
    /// Bytes written: where `out` is, from the beginning of the archive.
    at: u64,
    pool: Pool,
    open: VecDeque<Open>,
    input: Vec<u8>,
    central: Vec<u8>,
    members: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// A writer of an archive that begins where `out` does, compressing on `threads` threads.
    pub fn new(out: W, engine: Engine, level: u32, threads: usize) -> io::Result<Writer<W>> {
        Ok(Writer {
            out,
            at: 0,
            pool: Pool::new(engine, level, threads)?,
            open: VecDeque::new(),
            input: Vec::new(),
            central: Vec::new(),
            members: 0,
        })
    }

    /// Adds a member; of a file, `content` must give `size` bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` where the content is shorter.
    pub fn member(&mut self, member: Member, size: u64, content: &mut dyn Read) -> io::Result<()> {
        let body = match &member.kind {
            Kind::File if size > 0 => Body::Blocks,
            Kind::Symlink(target) => Body::Here(target.clone()),
            _ => Body::Here(Vec::new()),
        };
        let mut crc = Crc::new();
        let total = match &body {
            Body::Here(bytes) => {
                crc.update(bytes);
                Packed {
                    method: STORED,
                    crc32: crc.sum(),
                    packed: bytes.len() as u64,
                    size: bytes.len() as u64,
                }
            }
            Body::Blocks => Packed { method: DEFLATED, crc32: 0, packed: 0, size },
        };
        let blocks = matches!(body, Body::Blocks);
        self.open.push_back(Open { member, body, header_at: None, wide: size >= BIG, total, crc });
        self.settle()?;
        if !blocks {
            return Ok(());
        }
        let mut rest = size;
        while rest > 0 {
            let n = rest.min(BLOCK as u64);
            self.input.resize(n as usize, 0);
            content.read_exact(&mut self.input)?;
            rest -= n;
            if self.pool.is_full() {
                self.take()?;
            }
            self.pool.give(&mut self.input, rest == 0)?;
        }
        Ok(())
    }

    /// Adds a member whose content is packed already: `content` gives `packed.packed` bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` where the content is shorter.
    pub fn packed(
        &mut self,
        member: Member,
        packed: Packed,
        content: &mut dyn Read,
    ) -> io::Result<()> {
        while self.take()? {}
        let mut open = Open {
            member,
            body: Body::Blocks,
            header_at: None,
            wide: packed.size.max(packed.packed) >= BIG,
            total: packed,
            crc: Crc::new(),
        };
        self.local(&mut open)?;
        let n = io::copy(&mut content.take(packed.packed), &mut self.out)?;
        if n != packed.packed {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += n;
        self.enter(open);
        Ok(())
    }

    /// Writes out the oldest block of the pool; whether there was one.
    fn take(&mut self) -> io::Result<bool> {
        let Some(block) = self.pool.take()? else { return Ok(false) };
        let mut open = self.open.pop_front().ok_or_else(lost)?;
        let first = open.header_at.is_none();
        open.crc.combine(&block.crc);
        open.total.crc32 = open.crc.sum();
        open.total.packed += block.output.len() as u64;
        if first {
            // Of a single block everything is known by now; else it is put right at the end.
            self.local(&mut open)?;
        }
        self.out.write_all(&block.output)?;
        self.at += block.output.len() as u64;
        match block.last {
            true => {
                if !first {
                    self.patch(&open)?;
                }
                self.enter(open);
            }
            false => self.open.push_front(open),
        }
        self.pool.recycle(block);
        self.settle()?;
        Ok(true)
    }

    /// Writes out the members at the front that do not wait for the pool.
    fn settle(&mut self) -> io::Result<()> {
        while let Some(Body::Here(_)) = self.open.front().map(|o| &o.body) {
            let mut open = self.open.pop_front().ok_or_else(lost)?;
            self.local(&mut open)?;
            if let Body::Here(bytes) = &open.body {
                self.out.write_all(bytes)?;
                self.at += bytes.len() as u64;
            }
            self.enter(open);
        }
        Ok(())
    }

    fn local(&mut self, open: &mut Open) -> io::Result<()> {
        open.header_at = Some(self.at);
        let header = local_header(open);
        self.out.write_all(&header)?;
        self.at += header.len() as u64;
        Ok(())
    }

    /// Writes the local header again, now that its sizes are known.
    fn patch(&mut self, open: &Open) -> io::Result<()> {
        let back = self.out.stream_position()?;
        let behind = self.at - open.header_at.unwrap_or(self.at);
        self.out.seek(SeekFrom::Start(back - behind))?;
        self.out.write_all(&local_header(open))?;
        self.out.seek(SeekFrom::Start(back))?;
        Ok(())
    }

    /// Enters the member into the central directory.
    fn enter(&mut self, open: Open) {
        central_record(&mut self.central, &open);
        self.members += 1;
    }

    /// Writes what is under way, the directory and the end records, with the comment of the whole.
    pub fn finish(mut self, comment: &[u8]) -> io::Result<W> {
        while self.take()? {}
        let end = end_records(self.members, self.central.len() as u64, self.at, comment);
        self.out.write_all(&self.central)?;
        self.out.write_all(&end)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn lost() -> io::Error {
    io::Error::other("a compressed block belongs to no member")
}

fn flags(member: &Member) -> u16 {
    // The flag says it of the name and of the comment.
    let ascii = member.name.is_ascii() && member.comment.is_ascii();
    if member.utf8 && !ascii { UTF8 } else { 0 }
}

fn put(out: &mut Vec<u8>, values: &[u16]) {
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
}

fn put4(out: &mut Vec<u8>, values: &[u32]) {
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
}

fn put8(out: &mut Vec<u8>, values: &[u64]) {
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
}

/// The value, or where it does not fit the sign that it is in the zip64 field.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(ELSEWHERE)
}

/// The name's and the extra field's length: names longer than this were refused before.
fn len(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

// APPNOTE.TXT 4.3.7: signature, version needed, flags, method, time, date, crc, packed, size, lengths
// of name and extra field; 4.3.12 the central record, with more of the kind.

fn local_header(open: &Open) -> Vec<u8> {
    let Open { member, total, .. } = open;
    let mut extra = Vec::new();
    let (mut packed, mut size) = (narrow(total.packed), narrow(total.size));
    let mut version = VERSION;
    if open.wide {
        put(&mut extra, &[ZIP64, 16]);
        put8(&mut extra, &[total.size, total.packed]);
        (packed, size, version) = (ELSEWHERE, ELSEWHERE, VERSION_64);
    }
    extra.extend_from_slice(&member.extra);
    let mut out = b"PK\x03\x04".to_vec();
    let (time, date) = member.time;
    put(&mut out, &[version, flags(member), total.method, time, date]);
    put4(&mut out, &[total.crc32, packed, size]);
    put(&mut out, &[len(&member.name), len(&extra)]);
    out.extend_from_slice(&member.name);
    out.extend_from_slice(&extra);
    out
}

fn central_record(out: &mut Vec<u8>, open: &Open) {
    let Open { member, total, .. } = open;
    let header_at = open.header_at.unwrap_or_default();
    let values = [total.size, total.packed, header_at];
    let mut extra = Vec::new();
    let there: Vec<u64> = values.into_iter().filter(|v| narrow(*v) == ELSEWHERE).collect();
    if !there.is_empty() {
        put(&mut extra, &[ZIP64, 8 * there.len() as u16]);
        put8(&mut extra, &there);
    }
    extra.extend_from_slice(&member.extra);
    let version = if open.wide || !there.is_empty() { VERSION_64 } else { VERSION };
    let (kind, dos) = match member.kind {
        Kind::File => (0o100_000, 0),
        // FAT's bit for directories, which some readers go by.
        Kind::Dir => (0o040_000, 0x10),
        Kind::Symlink(_) => (0o120_000, 0),
    };
    let (time, date) = member.time;
    out.extend_from_slice(b"PK\x01\x02");
    put(out, &[UNIX | VERSION_64, version, flags(member), total.method, time, date]);
    put4(out, &[total.crc32, narrow(total.packed), narrow(total.size)]);
    put(out, &[len(&member.name), len(&extra), len(&member.comment), 0, 0]);
    put4(out, &[((kind | (member.mode & 0o7777)) << 16) | dos, narrow(header_at)]);
    out.extend_from_slice(&member.name);
    out.extend_from_slice(&extra);
    out.extend_from_slice(&member.comment);
}

/// What follows the directory, which has `size` bytes and begins at `at`.
fn end_records(members: u64, size: u64, at: u64, comment: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let few = u16::try_from(members).ok().filter(|n| *n != u16::MAX);
    if few.is_none() || narrow(size) == ELSEWHERE || narrow(at) == ELSEWHERE {
        out.extend_from_slice(b"PK\x06\x06");
        put8(&mut out, &[44]);
        put(&mut out, &[UNIX | VERSION_64, VERSION_64]);
        put4(&mut out, &[0, 0]);
        put8(&mut out, &[members, members, size, at]);
        out.extend_from_slice(b"PK\x06\x07");
        put4(&mut out, &[0]);
        put8(&mut out, &[at + size]);
        put4(&mut out, &[1]);
    }
    let few = few.unwrap_or(u16::MAX);
    out.extend_from_slice(b"PK\x05\x06");
    put(&mut out, &[0, 0, few, few]);
    put4(&mut out, &[narrow(size), narrow(at)]);
    put(&mut out, &[len(comment)]);
    out.extend_from_slice(comment);
    out
}

#[cfg(test)]
mod tests;

//! Zip: the central directory and the local headers, which must agree (PKWARE's APPNOTE.TXT 6.3.10).
//! Members must follow each other without gaps or overlaps.
//!
//! Names must stay inside the archive and be unique. An error has the offset and the name of what is
//! refused. Only the targets of links are unpacked here.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::end;
use super::record::{self, DESCRIPTOR, ENCRYPTED, Local, UTF8};
use crate::bytes;
use crate::error::{Malformed, ReadError};
use crate::limits::Limits;
use crate::names::{self, Names, Stands, printable};

pub use super::record::{Entry, Kind};

/// The method of a member that is not compressed.
pub const STORED: u16 = 0;
/// The method of DEFLATE.
pub const DEFLATED: u16 = 8;
/// The extra field with the name in UTF-8, after its version and the CRC-32 of the other name.
const UNICODE_NAME: u16 = 0x7075;
/// Extra fields with a mode: ASi's, after a CRC-32, and libarchive's.
const ASI_UNIX: u16 = 0x756e;
const LIBARCHIVE: u16 = 0x6c78;
/// DOS attributes that say what a member is.
const DOS_LABEL: u32 = 8;
const DOS_DIRECTORY: u32 = 0x10;
/// Bytes that the target of a link may have.
const TARGET: u64 = 4096;
/// Bytes of the central directory that are read.
const DIRECTORY: u64 = 1 << 29;
/// How Android's signatures end, which come before the central directory.
const SIGNING_BLOCK: &[u8; 16] = b"APK Sig Block 42";

impl Entry {
    /// Whether the content is encrypted.
    pub fn encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// Why the content cannot be unpacked, as a clause; none if it can.
    pub fn unread(&self) -> Option<String> {
        match self.method {
            _ if self.encrypted() => Some("it is encrypted".to_string()),
            STORED | DEFLATED => None,
            method => Some(format!("method {method} is not read here")),
        }
    }

    /// The content, unpacked from `input`; an error unless it has its size and CRC.
    ///
    /// # Errors
    /// It is [`Entry::unread`].
    pub fn content<R: Read + Seek>(&self, mut input: R) -> Result<Content<R>, ReadError> {
        if let Some(what) = self.unread() {
            return Err(Malformed::of(self.data_at, &self.written, what).into());
        }
        input.seek(SeekFrom::Start(self.data_at))?;
        let packed = input.take(self.packed);
        let input = match self.method {
            STORED => Unpack::Stored(packed),
            _ => Unpack::Deflated(flate2::read::DeflateDecoder::new(packed)),
        };
        Ok(Content {
            input,
            name: self.written.clone(),
            at: self.data_at,
            packed: self.packed,
            rest: self.size,
            crc32: self.crc32,
            crc: flate2::Crc::new(),
        })
    }
}

/// A zip, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zip {
    /// The members, in the order of the central directory.
    pub entries: Vec<Entry>,
    /// The comment of the whole.
    pub comment: Vec<u8>,
    /// Whether Android's signatures come before the central directory.
    pub signing_block: bool,
}

/// Whether a file that does not begin as a zip ends as one; it is at its beginning afterwards.
pub fn is_at_the_end<R: Read + Seek>(mut input: R) -> io::Result<bool> {
    let found = end::is_there(&mut input);
    input.rewind()?;
    found
}

/// Reads the index of a zip.
pub fn read<R: Read + Seek>(input: &mut R, limits: &Limits) -> Result<Zip, ReadError> {
    let len = input.seek(SeekFrom::End(0))?;
    let end = end::find(input, len)?;
    limits.check_entries(end.entries, end.at)?;
    if end.directory_size > DIRECTORY {
        return Err(Malformed::at(end.directory_at, "its directory is over 512 MiB").into());
    }
    let records = directory(input, &end)?;
    let total = records.iter().fold(0u64, |sum, r| sum.saturating_add(r.size));
    limits.check_bytes(total, len, end.directory_at)?;
    let (locals, signing_block) = tile(input, &records, &end)?;
    let mut names = Names::default();
    let mut entries = Vec::new();
    for (central, local) in records.into_iter().zip(locals) {
        entries.push(entry(input, central, local, &mut names)?);
    }
    Ok(Zip { entries, comment: end.comment, signing_block })
}

/// The central directory, which must end where the records of the end begin.
fn directory<R: Read + Seek>(input: &mut R, end: &end::End) -> Result<Vec<Entry>, ReadError> {
    input.seek(SeekFrom::Start(end.directory_at))?;
    let mut reader = BufReader::new(input.take(end.directory_size));
    let mut at = end.directory_at;
    let mut records = Vec::new();
    for _ in 0..end.entries {
        let (record, len) = record::central(&mut reader, at)?;
        at += len;
        records.push(record);
    }
    match end.directory_at + end.directory_size - at {
        0 => Ok(records),
        n => {
            let what = format!("{n} bytes of the directory belong to no member");
            Err(Malformed::at(at, what).elsewhere().into())
        }
    }
}

/// The local headers, by the order of the central records; together with the contents they must
/// cover all that is before the directory.
fn tile<R: Read + Seek>(
    input: &mut R,
    records: &[Entry],
    end: &end::End,
) -> Result<(Vec<Local>, bool), ReadError> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|i| records[*i].header_at);
    let mut locals: Vec<Option<Local>> = vec![None; records.len()];
    let mut signing_block = false;
    let mut at = 0;
    for (nth, i) in order.iter().enumerate() {
        let record = &records[*i];
        let malformed = |at, what: &str| Malformed::of(at, &record.written, what);
        let bad = |at, what: &str| ReadError::from(malformed(at, what));
        let lawful = |at, what: &str| ReadError::from(malformed(at, what).elsewhere());
        match record.header_at.checked_sub(at) {
            Some(0) => {}
            Some(_) if nth == 0 => return Err(lawful(0, "bytes lie before the first member")),
            Some(_) => return Err(lawful(at, "bytes before it belong to no member")),
            None => return Err(bad(record.header_at, "it overlaps another member")),
        }
        let local = Local::read(input, record)?;
        let data_end = local.data_at.checked_add(record.packed);
        let data_end = data_end.filter(|e| *e <= end.directory_at);
        let data_end = data_end.ok_or_else(|| bad(local.data_at, "its content ends too late"))?;
        let next = order.get(nth + 1).map(|j| records[*j].header_at);
        let gap = next.unwrap_or(end.directory_at).checked_sub(data_end);
        let gap = gap.ok_or_else(|| bad(data_end, "another member overlaps its content"))?;
        at = data_end;
        if local.flags & DESCRIPTOR != 0 {
            at += record::descriptor(input, record, data_end, gap)?;
        }
        if next.is_none() && at < end.directory_at {
            signing_block = is_signing_block(input, at, end.directory_at)?;
            if !signing_block {
                return Err(lawful(at, "bytes after it belong to no member"));
            }
        }
        locals[*i] = Some(local);
    }
    if records.is_empty() && end.directory_at != 0 {
        return Err(Malformed::at(0, "there are bytes and no members").elsewhere().into());
    }
    // Each index was in `order` once.
    Ok((locals.into_iter().flatten().collect(), signing_block))
}

/// Zeros before a signing block, which begins at a page of memory.
const PAGE: u64 = 4096;

/// The size of the block, without its first field, is at its beginning and again before its magic.
fn is_signing_block<R: Read + Seek>(input: &mut R, from: u64, to: u64) -> io::Result<bool> {
    let mut last = [0; 24];
    if to - from < 32 {
        return Ok(false);
    }
    input.seek(SeekFrom::Start(to - 24))?;
    input.read_exact(&mut last)?;
    let (size, magic) = last.split_at(8);
    let size: [u8; 8] = size.try_into().unwrap_or_default();
    let padding =
        (to - 8).checked_sub(u64::from_le_bytes(size)).and_then(|at| at.checked_sub(from));
    let Some(padding) = padding.filter(|n| *n < PAGE && magic == SIGNING_BLOCK) else {
        return Ok(false);
    };
    let mut before = vec![0; padding as usize + 8];
    input.seek(SeekFrom::Start(from))?;
    input.read_exact(&mut before)?;
    let (zeros, first) = before.split_at(padding as usize);
    Ok(first == size && zeros.iter().all(|b| *b == 0))
}

pub(super) fn entry<R: Read + Seek>(
    input: &mut R,
    central: Entry,
    local: Local,
    names: &mut Names,
) -> Result<Entry, ReadError> {
    let (written, at) = (&central.written, central.header_at);
    let bad = |what: &str| ReadError::from(Malformed::of(at, written, what));
    let lawful = |what: &str| ReadError::from(Malformed::of(at, written, what).elsewhere());
    if central.flags & UTF8 != 0 && std::str::from_utf8(written).is_err() {
        return Err(bad("its name is not the UTF-8 that it claims to be"));
    }
    if central.method == STORED && central.packed != central.size && central.flags & ENCRYPTED == 0
    {
        return Err(bad("it is stored, and its two sizes differ"));
    }
    let name = names::clean(written).map_err(bad)?;
    if let Some(what) = differs_elsewhere(&central, &local) {
        return Err(lawful(what));
    }
    // 3: Unix; 19: macOS.
    let unix = matches!(central.host, 3 | 19).then_some(central.attributes >> 16);
    let dir = written.ends_with(b"/");
    let kind = match unix.unwrap_or(0) & 0o170_000 {
        0o120_000 => Kind::Symlink(Vec::new()),
        0o040_000 if !dir => return Err(bad("it is a directory whose name does not end in `/`")),
        0o100_000 if dir => return Err(bad("it is a file whose name ends in `/`")),
        0 | 0o100_000 | 0o040_000 if dir => Kind::Dir,
        0 | 0o100_000 => Kind::File,
        0o020_000 | 0o060_000 => return Err(lawful("it is a device")),
        _ => return Err(lawful("it is a FIFO, a socket, or of no known kind")),
    };
    let mut entry = Entry {
        name,
        kind,
        mode: unix.filter(|u| *u != 0).map(|u| u & 0o7777),
        data_at: local.data_at,
        local_extra: local.extra,
        padding: local.padding,
        ..central
    };
    let bad = |what: &str| ReadError::from(Malformed::of(at, &entry.written, what));
    if entry.kind == Kind::Dir && entry.size != 0 {
        return Err(bad("it is a directory and has content"));
    }
    let stands = match &entry.kind {
        Kind::File => Stands::File,
        Kind::Dir => Stands::Dir,
        Kind::Symlink(_) => {
            let target = link_target(input, &entry)?;
            if !names::stays_inside(&entry.name, &target) {
                let target = printable(&target);
                let what = format!("it is a link out of the archive, to `{target}`");
                return Err(Malformed::of(at, &entry.written, what).elsewhere().into());
            }
            entry.kind = Kind::Symlink(target);
            Stands::Symlink
        }
    };
    match (entry.name.is_empty(), stands) {
        (true, Stands::Dir) => {}
        (true, _) => return Err(Malformed::of(at, &entry.written, "it names nothing").into()),
        (false, stands) => {
            let added = names.add(&entry.name, stands);
            added.map_err(|what| Malformed::of(at, &entry.written, what).elsewhere())?;
        }
    }
    Ok(entry)
}

/// What some readers take for its name or kind, and others do not.
fn differs_elsewhere(central: &Entry, local: &Local) -> Option<&'static str> {
    let Entry { written: name, host, attributes, .. } = central;
    let is_plain = |mode: u32| matches!(mode & 0o170_000, 0 | 0o100_000 | 0o040_000);
    let renamed = |id: u16, field: &[u8]| id == UNICODE_NAME && field.get(5..) != Some(&name[..]);
    let retyped = |id: u16, field: &[u8]| match id {
        ASI_UNIX => !bytes::u16_at(field, 4).is_some_and(|mode| is_plain(mode.into())),
        LIBARCHIVE => true,
        _ => false,
    };
    let extra = || central.extra.iter().chain(&local.extra);
    let is_unix = matches!(host, 3 | 19);
    let dos = if is_unix { 0 } else { attributes & (DOS_LABEL | DOS_DIRECTORY) };
    if name.contains(&b'\\') {
        Some("its name has a `\\`, which some readers take for a `/`")
    } else if extra().any(|(id, field)| renamed(*id, field)) {
        Some("an extra field gives it another name, which some readers take")
    } else if !is_unix && !is_plain(attributes >> 16)
        || extra().any(|(id, field)| retyped(*id, field))
    {
        Some("some readers take it for a link, by a mode that others pass over")
    } else if dos & DOS_LABEL != 0 || dos != 0 && !name.ends_with(b"/") {
        Some("some readers take it for a directory or a volume label, by its DOS attributes")
    } else {
        None
    }
}

fn link_target<R: Read + Seek>(input: &mut R, entry: &Entry) -> Result<Vec<u8>, ReadError> {
    if entry.size > TARGET {
        let what = "it is a link with a target of over 4096 bytes";
        return Err(Malformed::of(entry.header_at, &entry.written, what).into());
    }
    let mut target = Vec::new();
    entry.content(input)?.read_to_end(&mut target)?;
    Ok(target)
}

/// The content of a member, checked against its size and CRC at its end.
pub struct Content<R> {
    input: Unpack<io::Take<R>>,
    name: Vec<u8>,
    at: u64,
    packed: u64,
    rest: u64,
    crc32: u32,
    crc: flate2::Crc,
}

enum Unpack<R> {
    Stored(R),
    Deflated(flate2::read::DeflateDecoder<R>),
}

impl<R: Read + Seek> Content<R> {
    /// All was read: nothing may follow, and the CRC must hold.
    fn end(&mut self) -> Result<(), Malformed> {
        let bad = |what: &str| Malformed::of(self.at, &self.name, what);
        let more = match &mut self.input {
            Unpack::Stored(_) => false,
            Unpack::Deflated(decoder) => {
                let more = decoder.read(&mut [0]);
                let more = more.map_err(|_| bad("its deflate stream is broken"))?;
                if decoder.total_in() != self.packed {
                    return Err(bad("bytes follow its deflate stream"));
                }
                more != 0
            }
        };
        if more {
            return Err(bad("its content is longer than its size says"));
        }
        match self.crc.sum() == self.crc32 {
            true => Ok(()),
            false => Err(bad("its content does not have its CRC")),
        }
    }
}

impl<R: Read + Seek> Read for Content<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let want = self.rest.min(buf.len() as u64) as usize;
        if want == 0 {
            self.end()?;
            return Ok(0);
        }
        let bad = |what: &str| Malformed::of(self.at, &self.name, what);
        let n = match &mut self.input {
            Unpack::Stored(input) => input.read(&mut buf[..want])?,
            Unpack::Deflated(decoder) => {
                decoder.read(&mut buf[..want]).map_err(|e| match e.kind() {
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                        bad("its deflate stream is broken").into()
                    }
                    io::ErrorKind::UnexpectedEof => bad("its deflate stream ends early").into(),
                    _ => e,
                })?
            }
        };
        if n == 0 {
            return Err(bad("its content is shorter than its size says").into());
        }
        self.crc.update(&buf[..n]);
        self.rest -= n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests;

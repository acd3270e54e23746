//! Records of one member: in the central directory, before its content, and after it.

use std::io::{Read, Seek, SeekFrom};

use crate::bytes::Fields;
use crate::error::{Malformed, ReadError, exactly};
use crate::names::printable;

/// Flag: the name is UTF-8.
pub(super) const UTF8: u16 = 1 << 11;
/// Flag: sizes and CRC follow the content.
pub(super) const DESCRIPTOR: u16 = 1 << 3;
/// Flags: encrypted, strongly, with a hidden directory.
pub(super) const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const DESCRIBED: &[u8; 4] = b"PK\x07\x08";
/// The extra field that has the sizes which do not fit 32 bits.
const ZIP64: u16 = 1;
/// Stands for a size or offset that is in the extra field.
const ELSEWHERE: u64 = u32::MAX as u64;

type Extra = Vec<(u16, Vec<u8>)>;

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link to the target.
    Symlink(Vec<u8>),
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name without a leading `./` and a trailing `/`.
    pub name: Vec<u8>,
    /// The name as it is written.
    pub written: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// The system it was packed on: 0 for FAT, 3 for Unix.
    pub host: u8,
    /// Version of the specification the packer followed, and the one a reader needs.
    pub versions: (u8, u16),
    /// Permission bits, where the packer's system has them.
    pub mode: Option<u32>,
    /// External attributes, whole.
    pub attributes: u32,
    /// Internal attributes: whether it is text.
    pub internal: u16,
    /// General purpose flags.
    pub flags: u16,
    /// Compression method.
    pub method: u16,
    /// DOS time and date.
    pub time: (u16, u16),
    /// CRC-32 of the content.
    pub crc32: u32,
    /// Bytes of content as it is packed.
    pub packed: u64,
    /// Bytes of content.
    pub size: u64,
    /// Offset of the local header.
    pub header_at: u64,
    /// Offset of the packed content.
    pub data_at: u64,
    /// Extra fields of the central directory but zip64's, by their identifiers.
    pub extra: Vec<(u16, Vec<u8>)>,
    /// Those of the local header.
    pub local_extra: Vec<(u16, Vec<u8>)>,
    /// Zeros after them, which align the content.
    pub padding: usize,
    /// The comment.
    pub comment: Vec<u8>,
}

// | signature 0, 4 | version made by 4 | host 5 | version needed 6, 2 | flags 8, 2 | method 10, 2 |
// | time 12, 2 | date 14, 2 | crc 16, 4 | packed 20, 4 | size 24, 4 | name 28, 2 | extra 30, 2 |
// | comment 32, 2 | disk 34, 2 | internal 36, 2 | external 38, 4 | offset 42, 4 |

/// Reads a record of the central directory, and its size in bytes. The fields that depend on the local header,
/// the content or the name are still empty.
pub(super) fn central(input: &mut impl Read, at: u64) -> Result<(Entry, u64), ReadError> {
    let mut fixed = [0; 46];
    exactly(input, &mut fixed, at, "a record of its directory")?;
    if !fixed.starts_with(CENTRAL) {
        return Err(Malformed::at(at, "its directory has no record where one is due").into());
    }
    let f = Fields(&fixed);
    let mut text = |len: u16| {
        let mut bytes = vec![0; len.into()];
        exactly(input, &mut bytes, at, "a record of its directory").map(|()| bytes)
    };
    let written = text(f.u16(28))?;
    let extra = text(f.u16(30))?;
    let comment = text(f.u16(32))?;
    let bad = |what: &str| Malformed::of(at, &written, what);
    if f.u16(34) != 0 {
        return Err(bad("it is on another disk").into());
    }
    let extra = parse_extra(&extra).ok_or_else(|| bad("its extra field is malformed"))?;
    let (mut extra, _) = extra;
    let mut values = [f.u32(24).into(), f.u32(20).into(), f.u32(42).into()];
    if !take_zip64(&mut extra, &mut values) {
        return Err(bad("its zip64 field does not hold what is missing").into());
    }
    let entry = Entry {
        name: Vec::new(),
        kind: Kind::File,
        host: fixed[5],
        versions: (fixed[4], f.u16(6)),
        mode: None,
        attributes: f.u32(38),
        internal: f.u16(36),
        flags: f.u16(8),
        method: f.u16(10),
        time: (f.u16(12), f.u16(14)),
        crc32: f.u32(16),
        packed: values[1],
        size: values[0],
        header_at: values[2],
        data_at: 0,
        extra,
        local_extra: Vec::new(),
        padding: 0,
        comment,
        written,
    };
    Ok((entry, 46 + u64::from(f.u16(28)) + u64::from(f.u16(30)) + u64::from(f.u16(32))))
}

/// A local header, once it agrees with the central record.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) flags: u16,
    pub(super) extra: Extra,
    /// Zeros after the extra fields, which align the content.
    pub(super) padding: usize,
    pub(super) data_at: u64,
}

// | signature 0, 4 | version needed 4, 2 | flags 6, 2 | method 8, 2 | time 10, 2 | date 12, 2 |
// | crc 14, 4 | packed 18, 4 | size 22, 4 | name 26, 2 | extra 28, 2 |

impl Local {
    pub(super) fn read<R: Read + Seek>(input: &mut R, central: &Entry) -> Result<Local, ReadError> {
        let at = central.header_at;
        let bad = |what: &str| ReadError::from(Malformed::of(at, &central.written, what));
        input.seek(SeekFrom::Start(at))?;
        let mut fixed = [0; 30];
        exactly(input, &mut fixed, at, "a local header")?;
        if !fixed.starts_with(LOCAL) {
            return Err(bad("there is no local header where its record says"));
        }
        let f = Fields(&fixed);
        let mut name = vec![0; f.u16(26).into()];
        let mut extra = vec![0; f.u16(28).into()];
        exactly(input, &mut name, at, "a local header")?;
        exactly(input, &mut extra, at, "a local header")?;
        let extra = parse_extra(&extra).ok_or_else(|| bad("its extra field is malformed"))?;
        let (mut extra, padding) = extra;
        let mut values = [f.u32(22).into(), f.u32(18).into(), 0];
        if !take_zip64(&mut extra, &mut values[..2]) {
            return Err(bad("its zip64 field does not hold what is missing"));
        }
        if name != central.written {
            let other = printable(&name);
            return Err(bad(&format!("its local header names it `{other}`")));
        }
        let flags = f.u16(6);
        let which = ENCRYPTED | UTF8;
        if flags & which != central.flags & which || f.u16(8) != central.method {
            return Err(bad("its local header has another method or other flags"));
        }
        let said = (f.u32(14), values[1], values[0]);
        let later = flags & DESCRIPTOR != 0;
        let nothing = later && (said.0, said.1 % ELSEWHERE, said.2 % ELSEWHERE) == (0, 0, 0);
        if !nothing && said != (central.crc32, central.packed, central.size) {
            return Err(bad("its local header has other sizes or another CRC"));
        }
        let data_at = at + 30 + u64::from(f.u16(26)) + u64::from(f.u16(28));
        Ok(Local { flags, extra, padding, data_at })
    }
}

/// The size of the record at `at`, after the content and within the `gap` before the next member.
pub(super) fn descriptor<R: Read + Seek>(
    input: &mut R,
    central: &Entry,
    at: u64,
    gap: u64,
) -> Result<u64, ReadError> {
    let mut bytes = [0; 24];
    let n = gap.min(24) as usize;
    input.seek(SeekFrom::Start(at))?;
    input.read_exact(&mut bytes[..n])?;
    let f = Fields(&bytes[..n]);
    // With or without a signature, with sizes of 32 or 64 bits: the values show which.
    let fits = |len: u64, signed: bool, wide: bool| {
        let from = if signed { 4 } else { 0 };
        let sizes = match wide {
            true => (f.u64(from + 4), f.u64(from + 12)),
            false => (f.u32(from + 4).into(), f.u32(from + 8).into()),
        };
        len <= gap
            && (!signed || bytes.starts_with(DESCRIBED))
            && f.u32(from) == central.crc32
            && sizes == (central.packed, central.size)
    };
    let forms = [(16, true, false), (24, true, true), (12, false, false), (20, false, true)];
    // What fills the gap comes first: of an empty member several may fit.
    let exact = forms.iter().filter(|(len, ..)| *len == gap);
    let other = forms.iter().filter(|(len, ..)| *len != gap);
    let found = exact.chain(other).find(|(len, signed, wide)| fits(*len, *signed, *wide));
    let what = "the record behind its content is missing, or has other sizes";
    let (len, ..) = found.ok_or_else(|| Malformed::of(at, &central.written, what))?;
    Ok(*len)
}

/// Fields by their identifiers, and how many zeros follow them: up to three, which align the content.
fn parse_extra(bytes: &[u8]) -> Option<(Extra, usize)> {
    let mut fields = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 4 {
        let f = Fields(rest);
        let end = 4 + usize::from(f.u16(2));
        fields.push((f.u16(0), rest.get(4..end)?.to_vec()));
        rest = &rest[end..];
    }
    rest.iter().all(|b| *b == 0).then_some((fields, rest.len()))
}

/// Puts what the zip64 field holds in the place of the values that are elsewhere, in their order.
/// Whether all of them were found.
fn take_zip64(extra: &mut Extra, values: &mut [u64]) -> bool {
    let field = extra.iter().position(|(id, _)| *id == ZIP64);
    let field = field.map(|i| extra.remove(i).1).unwrap_or_default();
    let mut at = 0;
    for value in values.iter_mut().filter(|v| **v == ELSEWHERE) {
        if field.len() < at + 8 {
            return false;
        }
        *value = Fields(&field).u64(at);
        at += 8;
    }
    !extra.iter().any(|(id, _)| *id == ZIP64)
}

//! ar, as static libraries and rlibs are packed: System V and GNU names, BSD names, and the members
//! that index the others. Layout: ar(5) of FreeBSD, and the COFF specification for import libraries.
//!
//! Members of one name are lawful here, and so are names with directories: linkers take members by
//! their place. Nothing is unpacked by name.

use std::io::{Read, Seek, SeekFrom};

use crate::error::{Malformed, ReadError, exactly};
use crate::limits::Limits;

/// How an archive begins.
pub const MAGIC: &[u8; 8] = b"!<arch>\n";
/// How a thin archive begins, which only names its members.
pub const THIN: &[u8; 8] = b"!<thin>\n";
/// Bytes of a member's header.
pub const HEADER: usize = 60;
/// Bytes that a name, or the table of long ones, may have.
const LONG: u64 = 64 << 20;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// The index of symbols.
    Symbols,
    /// The table of names that do not fit a header.
    Names,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name; that of an index as it is written.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Seconds since 1970, where the field is not blank.
    pub mtime: Option<u64>,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
    /// Type and permission bits.
    pub mode: Option<u64>,
    /// Offset of the header.
    pub header_at: u64,
    /// Offset of the content, which comes after a BSD name.
    pub data_at: u64,
    /// Bytes of the content.
    pub size: u64,
    /// Offset of the byte that makes the member even, if there is one.
    pub padding_at: Option<u64>,
}

// | name 0, 16 | mtime 16, 12, decimal | uid 28, 6 | gid 34, 6 | mode 40, 8, octal | size 48, 10 | end 58, 2 |

/// Reads the index of an archive.
pub fn read<R: Read + Seek>(input: &mut R, limits: &Limits) -> Result<Vec<Entry>, ReadError> {
    read_as(MAGIC, input, limits)
}

/// The same of one that begins with these bytes, [`MAGIC`] or [`THIN`]: files of a thin one have no content.
///
/// # Errors
/// It does not begin so, or is malformed.
pub fn read_as<R: Read + Seek>(
    begins: &[u8; 8],
    input: &mut R,
    limits: &Limits,
) -> Result<Vec<Entry>, ReadError> {
    let len = input.seek(SeekFrom::End(0))?;
    input.rewind()?;
    let mut magic = [0; 8];
    exactly(input, &mut magic, 0, "its first line")?;
    if &magic != begins {
        return Err(Malformed::at(0, "it does not begin as an ar archive does").into());
    }
    let mut entries = Vec::new();
    let mut names: Option<Vec<u8>> = None;
    let mut at = MAGIC.len() as u64;
    while at < len {
        limits.check_entries(entries.len() as u64 + 1, at)?;
        let mut header = [0; HEADER];
        let whole = exactly(input, &mut header, at, "a header");
        whole.map_err(|e| match e {
            ReadError::Malformed(e) if at > MAGIC.len() as u64 => e.elsewhere().into(),
            e => e,
        })?;
        let mut entry = member(&header, at, if begins == THIN { u64::MAX } else { len })?;
        let elsewhere = begins == THIN && entry.kind == Kind::File;
        if entry.kind == Kind::Names {
            if names.is_some() {
                return Err(Malformed::at(at, "it has two tables of names").into());
            }
            names = Some(text(input, entry.size, at)?);
        } else if let Some(size) = header.strip_prefix(b"#1/") {
            bsd_name(input, &mut entry, &size[..13])?;
        } else if let Some(offset) = header[..16].strip_prefix(b"/")
            && offset[0].is_ascii_digit()
        {
            entry.name = long_name(names.as_deref(), offset, at)?;
        }
        if entry.name.contains(&0) {
            return Err(Malformed::of(at, &entry.name, "its name holds a NUL byte").into());
        }
        let end = if elsewhere { entry.data_at } else { entry.data_at.saturating_add(entry.size) };
        at = end.saturating_add(end % 2);
        entry.padding_at = (end % 2 == 1 && end < len).then_some(end);
        input.seek(SeekFrom::Start(at))?;
        entries.push(entry);
    }
    Ok(entries)
}

/// The member of a header, its name as it is written.
fn member(header: &[u8; HEADER], at: u64, len: u64) -> Result<Entry, Malformed> {
    let bad = |what: &str| Malformed::at(at, what);
    if &header[58..] != b"`\n" {
        let end = bad("a header does not end as one");
        // What follows a member and is no header may be a signature.
        return Err(if at > MAGIC.len() as u64 { end.elsewhere() } else { end });
    }
    let field = |from: usize, to: usize, radix: u32, what: &str| {
        number(&header[from..to], radix).map_err(|()| bad(what))
    };
    let size = field(48, 58, 10, "a size is not a number")?;
    let size = size.ok_or_else(|| bad("a size is missing"))?;
    let data_at = at + HEADER as u64;
    if data_at.checked_add(size).is_none_or(|end| end > len) {
        return Err(bad("the archive ends within a member"));
    }
    let written = trimmed(&header[..16]);
    let (kind, name) = match written {
        b"/" | b"/SYM64/" | b"/<ECSYMBOLS>/" | b"__.SYMDEF" | b"__.SYMDEF SORTED" => {
            (Kind::Symbols, written)
        }
        b"//" | b"ARFILENAMES/" => (Kind::Names, written),
        other => (Kind::File, other.strip_suffix(b"/").unwrap_or(other)),
    };
    Ok(Entry {
        name: name.to_vec(),
        kind,
        mtime: field(16, 28, 10, "a time is not a number")?,
        uid: field(28, 34, 10, "an owner is not a number")?,
        gid: field(34, 40, 10, "a group is not a number")?,
        mode: field(40, 48, 8, "a mode is not a number")?,
        header_at: at,
        data_at,
        size,
        padding_at: None,
    })
}

/// A number, padded with blanks; none where there are only blanks. Old tools write -1 for an unknown owner,
/// which reads as none.
fn number(field: &[u8], radix: u32) -> Result<Option<u64>, ()> {
    match trimmed(field) {
        b"" | b"-1" => Ok(None),
        digits => {
            let text = std::str::from_utf8(digits).map_err(drop)?;
            let all = text.bytes().all(|b| b.is_ascii_digit());
            let value = u64::from_str_radix(text, radix).map_err(drop)?;
            if all { Ok(Some(value)) } else { Err(()) }
        }
    }
}

fn trimmed(field: &[u8]) -> &[u8] {
    let end = field.iter().rposition(|b| *b != b' ').map_or(0, |i| i + 1);
    &field[..end]
}

/// A BSD name comes before the content and counts as a part of it.
fn bsd_name<R: Read>(input: &mut R, entry: &mut Entry, size: &[u8]) -> Result<(), ReadError> {
    let at = entry.header_at;
    let bad = |what: &str| ReadError::from(Malformed::at(at, what));
    let n = number(size, 10).ok().flatten();
    let n = n.ok_or_else(|| bad("the size of a name is not a number"))?;
    if n > entry.size {
        return Err(bad("a name is longer than its member"));
    }
    let mut name = text(input, n, at)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    if name.starts_with(b"__.SYMDEF") {
        entry.kind = Kind::Symbols;
    }
    entry.name = name;
    entry.data_at += n;
    entry.size -= n;
    Ok(())
}

/// The name at an offset of the table: up to a line break (System V) or NUL (COFF).
fn long_name(names: Option<&[u8]>, offset: &[u8], at: u64) -> Result<Vec<u8>, Malformed> {
    let bad = |what: &str| Malformed::at(at, what);
    let names = names.ok_or_else(|| bad("a long name has no table"))?;
    let offset = number(offset, 10).ok().flatten();
    let rest = offset
        .and_then(|o| usize::try_from(o).ok())
        .and_then(|o| names.get(o..))
        .filter(|rest| !rest.is_empty())
        .ok_or_else(|| bad("a long name is beyond the end of the table"))?;
    let end = rest.iter().position(|b| matches!(b, 0 | b'\n'));
    let name = &rest[..end.unwrap_or(rest.len())];
    Ok(name.strip_suffix(b"/").unwrap_or(name).to_vec())
}

fn text(input: &mut impl Read, size: u64, at: u64) -> Result<Vec<u8>, ReadError> {
    if size > LONG {
        return Err(Malformed::at(at, "its names are over 64 MiB").into());
    }
    let mut bytes = Vec::new();
    input.take(size).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(Malformed::at(at, "the archive ends within a name").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn list(bytes: &[u8]) -> Result<Vec<Entry>, ReadError> {
        read(&mut Cursor::new(bytes), &Limits::default())
    }

    fn header(name: &str, size: &str) -> String {
        format!("{name:<16}1700000000  1000  100   100644  {size:<10}`\n")
    }

    fn sample() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let mut add = |name: &str, content: &[u8]| {
            bytes.extend(header(name, &content.len().to_string()).bytes());
            bytes.extend_from_slice(content);
            if content.len() % 2 == 1 {
                bytes.push(b'\n');
            }
        };
        add("/", b"\0\0\0\0");
        add("//", b"a-name-of-more-than-16-bytes.o/\nD:\\x.obj\0");
        add("short.o/", b"abc");
        add("/0", b"long");
        add("/32", b"coff");
        add("#1/20", b"bsd-name-of-member\0\0content");
        bytes
    }

    #[test]
    fn names_of_every_system_are_read() {
        let entries = list(&sample()).unwrap();
        let names: Vec<_> =
            entries.iter().map(|e| (String::from_utf8_lossy(&e.name), e.kind, e.size)).collect();
        assert_eq!(
            names,
            [
                ("/".into(), Kind::Symbols, 4),
                ("//".into(), Kind::Names, 41),
                ("short.o".into(), Kind::File, 3),
                ("a-name-of-more-than-16-bytes.o".into(), Kind::File, 4),
                ("D:\\x.obj".into(), Kind::File, 4),
                ("bsd-name-of-member".into(), Kind::File, 7),
            ]
        );
        assert_eq!(entries[2].mtime, Some(1_700_000_000));
        assert_eq!((entries[2].uid, entries[2].mode), (Some(1000), Some(0o100_644)));
        assert_eq!(entries[2].padding_at, Some(entries[2].data_at + 3));
    }

    #[test]
    fn malformed_archives_are_refused_at_the_byte() {
        let after = |text: String| [&MAGIC[..], text.as_bytes()].concat();
        let cases = [
            (b"!<arch>".to_vec(), "its first line"),
            (b"!<thin>\n".to_vec(), "does not begin as an ar"),
            (after(header("a/", "5") + "1234"), "ends within a member"),
            (after(header("a/", "x")), "a size is not a number"),
            (after(header("a/", "")), "a size is missing"),
            (after(header("a/", "+1") + "xx"), "a size is not a number"),
            (after(header("/5", "0")), "has no table"),
            (after(header("//", "2") + "a\n" + &header("/9", "0")), "beyond the end of the table"),
            (after(header("#1/9", "2") + "ab"), "longer than its member"),
            (after(header("a/", "0").replace('`', "x")), "does not end as one"),
            (after("short".to_string()), "ends within a header"),
            (after(header("//", "0") + &header("//", "0")), "two tables"),
        ];
        for (bytes, want) in cases {
            let error = list(&bytes).unwrap_err().to_string();
            assert!(error.starts_with("at byte ") && error.contains(want), "{error}");
        }
        let few = Limits { entries: 1, ..Limits::default() };
        assert!(read(&mut Cursor::new(sample()), &few).is_err());
    }
}

//! cpio in its two portable forms, "newc" (also with checksums) and "odc", read from memory to be
//! compared. Layout: cpio(5) of FreeBSD. Nothing is unpacked by name, so names are not checked.
//!
//! An initial RAM disk is several archives in a row, the last one often compressed. Bytes after them that are
//! not an archive become the last member, [`REST`].

use crate::error::Malformed;
use crate::limits::Limits;
use crate::listing::{Member, MemberKind};
use crate::names::printable;

/// The member that ends an archive.
const END: &[u8] = b"TRAILER!!!";
/// The name of the member that holds the bytes after the last archive.
pub const REST: &str = "(behind the archive)";
/// Bytes that a name may have.
const NAME: usize = 1 << 16;

/// Whether the bytes begin one: a header is all digits, and a text may begin with six of them.
pub fn begins(head: &[u8]) -> bool {
    layout(head).is_some_and(|layout| {
        let header = head.get(..layout.header).unwrap_or_default();
        !header.is_empty() && header.iter().all(|b| char::from(*b).is_digit(layout.radix))
    })
}

/// The layout of the header that the bytes begin.
fn layout(head: &[u8]) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.magics.iter().any(|magic| head.starts_with(*magic)))
}

/// One member: what the archive says of it, and its content.
pub struct Entry<'a> {
    /// What the archive says.
    pub said: Member,
    /// The content.
    pub content: &'a [u8],
    /// Inode and device of a file of several names.
    pub linked: Option<(&'a [u8], &'a [u8])>,
}

/// Offset and length of a field, in digits of the radix.
type At = (usize, usize);

/// Where the fields of a header are.
struct Layout {
    /// The magic number that a header begins with.
    magics: &'static [&'static [u8; 6]],
    radix: u32,
    header: usize,
    /// To what names and contents are padded.
    align: usize,
    /// The lengths of the name and of the content.
    lengths: [At; 2],
    /// Mode, user, group and time.
    metadata: [At; 4],
    /// Inode, number of links and device.
    file: [At; 3],
    other: &'static [(&'static str, At)],
}

const LAYOUTS: [Layout; 2] = [
    Layout {
        magics: &[b"070701", b"070702"],
        radix: 16,
        header: 110,
        align: 4,
        lengths: [(94, 8), (54, 8)],
        metadata: [(14, 8), (22, 8), (30, 8), (46, 8)],
        file: [(6, 8), (38, 8), (62, 16)],
        other: &[("special", (78, 16)), ("checksum", (102, 8))],
    },
    Layout {
        magics: &[b"070707"],
        radix: 8,
        header: 76,
        align: 1,
        lengths: [(59, 6), (65, 11)],
        metadata: [(18, 6), (24, 6), (30, 6), (48, 11)],
        file: [(12, 6), (36, 6), (6, 6)],
        other: &[("special", (42, 6))],
    },
];

/// The members, of all archives that follow each other.
///
/// # Errors
/// A header or the end is not what it must be, or there are too many members.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Vec<Entry<'a>>, Malformed> {
    let mut entries = Vec::new();
    let mut at = 0;
    loop {
        limits.check_entries(entries.len() as u64 + 1, at as u64)?;
        let (entry, next) = member(bytes, at)?;
        at = next;
        match entry {
            Some(entry) => entries.push(entry),
            None => {
                let rest = bytes.get(at..).unwrap_or_default();
                let zeros = rest.iter().take_while(|b| **b == 0).count();
                at += zeros;
                let rest = &rest[zeros..];
                if !begins(rest) {
                    entries.extend((!rest.is_empty()).then(|| behind(rest)));
                    return Ok(entries);
                }
            }
        }
    }
}

fn behind(content: &[u8]) -> Entry<'_> {
    let said = Member {
        name: REST.to_string(),
        written: REST.to_string(),
        size: content.len() as u64,
        ..Member::default()
    };
    Entry { said, content, linked: None }
}

/// The member at an offset, none at the end of an archive; and where the next one is.
fn member(bytes: &[u8], at: usize) -> Result<(Option<Entry<'_>>, usize), Malformed> {
    let bad = |what: &str| Malformed::at(at as u64, what);
    let rest = bytes.get(at..).unwrap_or_default();
    let layout = layout(rest).ok_or_else(|| bad("a header does not begin as one"))?;
    let header = rest.get(..layout.header).ok_or_else(|| bad("it ends within a header"))?;
    let text = |(from, len): At| &header[from..from + len];
    let number = |field| {
        let digits = std::str::from_utf8(text(field)).ok().filter(|t| !t.starts_with('+'));
        let n = digits.and_then(|t| u64::from_str_radix(t, layout.radix).ok());
        n.ok_or_else(|| bad("a field of a header is not a number"))
    };
    let padded = |n: usize| n.next_multiple_of(layout.align);
    let ([name_len, size], [mode, uid, gid, mtime]) = (layout.lengths, layout.metadata);
    let name_len = usize::try_from(number(name_len)?).unwrap_or(usize::MAX);
    if !(1..=NAME).contains(&name_len) {
        return Err(bad("the length of a name is out of range"));
    }
    let name = rest.get(layout.header..layout.header + name_len);
    let name = name.ok_or_else(|| bad("it ends within a name"))?;
    let name = name.strip_suffix(b"\0").ok_or_else(|| bad("a name does not end in NUL"))?;
    // Padding counts from the beginning of the file.
    let from = padded(at + layout.header + name_len);
    let size = usize::try_from(number(size)?).unwrap_or(usize::MAX);
    let to = from.checked_add(size);
    let content = to.and_then(|to| bytes.get(from..to));
    let content =
        content.ok_or_else(|| Malformed::of(at as u64, name, "it ends within the content"))?;
    let next = padded(from + size);
    if name == END {
        return Ok((None, next));
    }
    let mode = number(mode)? as u32;
    let kind = match mode & 0o170_000 {
        0o040_000 => MemberKind::Dir,
        0o120_000 => MemberKind::Symlink,
        0o100_000 => MemberKind::File,
        _ => MemberKind::Special,
    };
    let clean = name.strip_prefix(b"./").unwrap_or(name);
    let time = number(mtime)?;
    let shown = |(name, field): &(&str, _)| Ok((name.to_string(), printable(text(*field))));
    let [inode, links, device] = layout.file;
    let of_file = [("inode", inode), ("links", links), ("device", device)];
    let said = Member {
        name: printable(clean.strip_suffix(b"/").unwrap_or(clean)),
        written: printable(name),
        kind,
        target: (kind == MemberKind::Symlink).then(|| printable(content)),
        size: size as u64,
        mode: Some(mode & 0o7777),
        owner: format!("{} / {}", number(uid)?, number(gid)?),
        mtime: time.to_string(),
        seconds: i64::try_from(time).ok(),
        other: of_file.iter().chain(layout.other).map(shown).collect::<Result<_, Malformed>>()?,
        ..Member::default()
    };
    let several = kind == MemberKind::File && !matches!(number(links), Ok(1));
    let linked = several.then(|| (text(inode), text(device)));
    Ok((Some(Entry { said, content, linked }), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member in one of both forms.
    fn written(newc: bool, name: &str, mode: u32, content: &str, at: usize) -> Vec<u8> {
        let (len, size, time) = (name.len() as u32 + 1, content.len() as u32, 0x5000_0000);
        let header = match newc {
            true => {
                let fields = [7, mode, 1, 2, 1, time, size, 0, 0, 0, 0, len, 0];
                "070701".to_string() + &fields.map(|n| format!("{n:08x}")).concat()
            }
            false => {
                let fields = [1, 7, mode, 1, 2, 1, 0].map(|n| format!("{n:06o}")).concat();
                format!("070707{fields}{time:011o}{len:06o}{size:011o}")
            }
        };
        let mut out = format!("{header}{name}\0").into_bytes();
        let pad = |out: &mut Vec<u8>| {
            while newc && !(at + out.len()).is_multiple_of(4) {
                out.push(0);
            }
        };
        pad(&mut out);
        out.extend(content.bytes());
        pad(&mut out);
        out
    }

    fn archive(newc: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, mode, content) in
            [("./d", 0o040_755, ""), ("./d/f", 0o100_644, "hello"), ("l", 0o120_777, "d/f")]
        {
            out.extend(written(newc, name, mode, content, out.len()));
        }
        out.extend(written(newc, "TRAILER!!!", 0, "", out.len()));
        out
    }

    #[test]
    fn both_forms_are_read_also_several_behind_each_other_and_no_cut_is_read_as_less() {
        let limits = Limits::default();
        for newc in [true, false] {
            let one = archive(newc);
            let found = read(&one, &limits).unwrap();
            let names: Vec<_> = found.iter().map(|e| (&*e.said.name, e.said.kind.name())).collect();
            assert_eq!(names, [("d", "dir"), ("d/f", "file"), ("l", "symlink")]);
            assert_eq!(found[1].content, b"hello");
            assert_eq!((found[1].said.mode, &*found[1].said.owner), (Some(0o644), "1 / 2"));
            assert_eq!(found[2].said.target.as_deref(), Some("d/f"));
            for cut in 1..one.len() - 4 {
                assert!(read(&one[..cut], &limits).is_err(), "{cut}");
            }
            let several = [&one[..], &[0; 512], &one, &[0; 4], b"\x1f\x8brest"].concat();
            let found = read(&several, &limits).unwrap();
            assert_eq!((found.len(), found[6].content), (7, &b"\x1f\x8brest"[..]));
            assert!(read(&several, &Limits { entries: 4, ..limits }).is_err());
            assert!(begins(&one));
        }
        for text in ["070701", "0707070707 is a number", ""] {
            assert!(!begins(text.as_bytes()), "{text}");
        }
    }
}

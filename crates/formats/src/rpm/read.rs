//! RPM packages, read from memory to be compared: a lead, a header of signatures, the header proper,
//! and the payload, a compressed cpio. Layout: "RPM V4 Package format" of the RPM reference manual.
//!
//! | lead 0, 96 | signature header, padded to 8 | header | payload |
//! A header: | magic 0, 8 | entries 8, 4 | bytes of values 12, 4 | entries of 16 | values |

use crate::bytes::chunk;
use crate::error::Malformed;
use crate::listing::{Field, Says};
use crate::names::printable;

/// How a package begins.
pub const MAGIC: &[u8; 4] = b"\xed\xab\xee\xdb";
/// How a header begins, with its version.
const HEADER: &[u8; 4] = b"\x8e\xad\xe8\x01";
/// Bytes of the lead.
const LEAD: usize = 96;
/// Entries that a header may have.
const ENTRIES: usize = 1 << 16;
/// Characters of a value that are kept.
const SHOWN: usize = 4096;

/// A package.
pub struct Package<'a> {
    /// What its headers say.
    pub fields: Vec<Field>,
    /// The header proper, which digests are of.
    pub header: &'a [u8],
    /// The compressed files.
    pub payload: &'a [u8],
}

/// Tags of the signature header: digests and sizes of the rest, and signatures.
const SIGNATURES: &[(u32, &str, Says)] = &[
    (267, "DSA signature", Says::Signature),
    (268, "RSA signature", Says::Signature),
    (269, "SHA-1 of the header", Says::Follows),
    (270, "size of header and payload (64 bits)", Says::Follows),
    (271, "size of the files (64 bits)", Says::Follows),
    (273, "SHA-256 of the header", Says::Follows),
    (278, "OpenPGP signatures", Says::Signature),
    (1000, "size of header and payload", Says::Follows),
    (1002, "PGP signature", Says::Signature),
    (1004, "MD5 of header and payload", Says::Follows),
    (1005, "GPG signature", Says::Signature),
    (1007, "size of the unpacked payload", Says::Follows),
    (1008, "reserved space", Says::Follows),
    (62, "offsets of the signatures", Says::Follows),
];

/// Tags of the header proper that have a cause or a name of their own.
const TAGS: &[(u32, &str, Says)] = &[
    (63, "offsets of the header", Says::Follows),
    (1000, "name", Says::Other),
    (1001, "version", Says::Other),
    (1002, "release", Says::Other),
    (1004, "summary", Says::Other),
    (1005, "description", Says::Other),
    (1006, "build time", Says::BuildTime),
    (1007, "build host", Says::BuildHost),
    (1009, "size of the files", Says::Follows),
    (1015, "packager", Says::Other),
    (1028, "sizes of files", Says::Follows),
    (1030, "modes of files", Says::Mode),
    (1034, "times of files", Says::Time),
    (1035, "digests of files", Says::Follows),
    (1039, "owners of files", Says::Owner),
    (1040, "groups of files", Says::Owner),
    (1044, "source package", Says::Other),
    (1047, "provides", Says::Other),
    (1049, "requires", Says::Other),
    (1064, "version of rpm", Says::Packer),
    (1080, "times of the changelog", Says::Other),
    (1081, "names in the changelog", Says::Other),
    (1082, "texts of the changelog", Says::Other),
    (1094, "build cookie", Says::BuildTime),
    (1095, "devices of files", Says::Other),
    (1096, "inodes of files", Says::Other),
    (1117, "base names of files", Says::Other),
    (1118, "directories of files", Says::Other),
    (1122, "compiler flags", Says::Other),
    (1125, "compressor of the payload", Says::Packer),
    (1126, "level of the compressor", Says::Packer),
    (1132, "platform", Says::Other),
    (1146, "build id of the package", Says::Follows),
    (5011, "algorithm of the digests", Says::Other),
    (5092, "SHA-256 of the payload", Says::Follows),
    (5097, "SHA-256 of the unpacked payload", Says::Follows),
];

/// Reads one.
///
/// # Errors
/// A header is not sound, or it ends early.
pub fn read(bytes: &[u8]) -> Result<Package<'_>, Malformed> {
    if bytes.len() < LEAD {
        return Err(Malformed::at(0, "it ends within its lead"));
    }
    let mut fields = vec![Field {
        name: "lead",
        says: Says::Other,
        value: printable(bytes[..LEAD].trim_ascii_end()).trim_end_matches("\\0").to_string(),
    }];
    let signature = header(bytes, LEAD)?;
    fields.extend(said(&signature, SIGNATURES, "other signature tags"));
    let at = signature.end.next_multiple_of(8);
    let proper = header(bytes, at)?;
    fields.extend(said(&proper, TAGS, "other tags"));
    Ok(Package { fields, header: &bytes[at..proper.end], payload: &bytes[proper.end..] })
}

/// A header that lies within the file.
struct Header<'a> {
    entries: &'a [u8],
    values: &'a [u8],
    end: usize,
}

fn header(bytes: &[u8], at: usize) -> Result<Header<'_>, Malformed> {
    let bad = |what: &str| Malformed::at(at as u64, what);
    let rest = bytes.get(at..).unwrap_or_default();
    if !rest.starts_with(HEADER) {
        return Err(bad("a header does not begin as one"));
    }
    let early = || bad("it ends within a header");
    let number = |at| big(rest, at).map(|n| n as usize).ok_or_else(early);
    let (count, size) = (number(8)?, number(12)?);
    if count > ENTRIES {
        return Err(bad("a header has too many entries"));
    }
    let values_at = 16 + 16 * count;
    let entries = rest.get(16..values_at).ok_or_else(early)?;
    let to = values_at.checked_add(size).ok_or_else(early)?;
    let values = rest.get(values_at..to).ok_or_else(early)?;
    Ok(Header { entries, values, end: at + to })
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    chunk(bytes, at).map(u32::from_be_bytes)
}

/// What a header says, tag by tag; tags without a name of their own are one field.
fn said(header: &Header, names: &[(u32, &'static str, Says)], rest: &'static str) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut others = Vec::new();
    for entry in header.entries.chunks_exact(16) {
        let number = |at| big(entry, at).unwrap_or_default();
        let (tag, kind, at, count) = (number(0), number(4), number(8) as usize, number(12));
        let value = value(header.values.get(at..).unwrap_or_default(), kind, count as usize);
        match names.iter().find(|(t, ..)| *t == tag) {
            Some((_, name, says)) => fields.push(Field { name, says: *says, value }),
            None => others.push(format!("{tag}: {value}")),
        }
    }
    fields.push(Field { name: rest, says: Says::Other, value: others.join("; ") });
    fields
}

/// A value as text. Types: 1 to 5 numbers of 1, 1, 2, 4 and 8 bytes, 6, 8 and 9 strings, 7 bytes.
fn value(bytes: &[u8], kind: u32, count: usize) -> String {
    let numbers = |size: usize| {
        let each = bytes.chunks_exact(size).take(count);
        let each = each.map(|n| n.iter().fold(0_u64, |all, b| all << 8 | u64::from(*b)));
        each.map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
    };
    let mut text = match kind {
        1..=5 => numbers([1, 1, 2, 4, 8][kind as usize - 1]),
        7 => bytes.iter().take(count).map(|b| format!("{b:02x}")).collect(),
        _ => {
            let each = bytes.split(|b| *b == 0).take(count);
            each.map(printable).collect::<Vec<_>>().join(", ")
        }
    };
    if text.len() > SHOWN {
        // The rest counts as well: two values that differ late are not the same.
        let digest = crate::digest::of_bytes(text.as_bytes()).sha256;
        let cut = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text += &format!("… (sha256 of all {digest})");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of(tags: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut values = Vec::new();
        let mut entries = Vec::new();
        for (tag, kind, count, value) in tags {
            for n in [*tag, *kind, values.len() as u32, *count] {
                entries.extend(n.to_be_bytes());
            }
            values.extend_from_slice(value);
        }
        let sizes = [tags.len() as u32, values.len() as u32].map(u32::to_be_bytes).concat();
        [&HEADER[..], &[0; 4], &sizes, &entries, &values].concat()
    }

    fn package() -> Vec<u8> {
        let mut out = [&MAGIC[..], &[0; 92]].concat();
        out.extend(header_of(&[(1004, 7, 2, &[0xab, 0xcd]), (1000, 4, 1, &[0, 0, 1, 0])]));
        out.resize(out.len().next_multiple_of(8), 0);
        out.extend(header_of(&[
            (1006, 4, 1, &[0x59, 0x68, 0x2f, 0]),
            (1007, 6, 1, b"builder\0"),
            (1117, 8, 2, b"a\0b\0"),
            (99, 3, 2, &[0, 1, 0, 2]),
        ]));
        out.extend(b"payload");
        out
    }

    #[test]
    fn tags_are_read_and_no_cut_is_read_as_less() {
        let bytes = package();
        let found = read(&bytes).unwrap();
        let of = |name: &str| found.fields.iter().find(|f| f.name == name).map(|f| &*f.value);
        for (name, want) in [
            ("MD5 of header and payload", "abcd"),
            ("size of header and payload", "256"),
            ("build time", "1500000000"),
            ("build host", "builder"),
            ("base names of files", "a, b"),
            ("other tags", "99: 1 2"),
        ] {
            assert_eq!(of(name), Some(want), "{name}");
        }
        assert_eq!(found.payload, b"payload");
        assert!(found.header.starts_with(HEADER));
        for cut in 0..bytes.len() - b"payload".len() {
            assert!(read(&bytes[..cut]).is_err(), "{cut}");
        }
    }
}

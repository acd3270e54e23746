//! The records of a PAX header: `length key=value` lines.

use crate::error::Malformed;
use crate::names::printable;

/// Keys and values in their order.
pub(super) type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// Splits the content of a PAX header.
///
/// # Errors
/// What is wrong with it, as a clause.
pub(super) fn parse(mut text: &[u8]) -> Result<Records, &'static str> {
    const BAD: &str = "a PAX record has a wrong length";
    let mut records = Vec::new();
    while !text.is_empty() {
        let space = text.iter().position(|b| *b == b' ').ok_or(BAD)?;
        let len = decimal(&text[..space]).ok_or(BAD)?;
        let len = usize::try_from(len).map_err(|_| BAD)?;
        let record = text.get(space + 1..len).ok_or(BAD)?;
        let record = record.strip_suffix(b"\n").ok_or(BAD)?;
        let equals = record.iter().position(|b| *b == b'=');
        let equals = equals.ok_or("a PAX record has no `=`")?;
        records.push((record[..equals].to_vec(), record[equals + 1..].to_vec()));
        text = &text[len..];
    }
    Ok(records)
}

/// What records say in place of a header's fields.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    pub(super) uname: Option<Vec<u8>>,
    pub(super) gname: Option<Vec<u8>>,
    pub(super) mtime: Option<i64>,
    pub(super) sparse: bool,
}

/// Reads the known records; those of name, link target and size are taken out. The last of a key
/// counts; an empty value is none.
pub(super) fn take(records: &mut Records, at: u64) -> Result<Taken, Malformed> {
    let (mut taken, mut name) = (Taken::default(), None);
    for (key, value) in records.iter() {
        let number = || {
            let what = || format!("the PAX record `{}` is not a number", printable(key));
            decimal(value).ok_or_else(|| Malformed::at(at, what()))
        };
        let text = (!value.is_empty()).then(|| value.clone());
        match &key[..] {
            b"path" => taken.path = text,
            b"linkpath" => taken.link = text,
            b"size" => taken.size = Some(number()?),
            b"uid" => taken.uid = i64::try_from(number()?).ok(),
            b"gid" => taken.gid = i64::try_from(number()?).ok(),
            b"uname" => taken.uname = text,
            b"gname" => taken.gname = text,
            b"mtime" => {
                let bad = || Malformed::at(at, "the PAX record `mtime` is not a time");
                taken.mtime = Some(seconds(value).ok_or_else(bad)?);
            }
            // The other one is for those who cannot read it.
            b"GNU.sparse.name" => (name, taken.sparse) = (text, true),
            key => taken.sparse |= key.starts_with(b"GNU.sparse."),
        }
    }
    taken.path = name.or(taken.path);
    if [&taken.path, &taken.link].into_iter().flatten().any(|t| t.contains(&0)) {
        return Err(Malformed::at(at, "a PAX record of a name holds a NUL byte"));
    }
    records.retain(|(key, _)| !matches!(&key[..], b"path" | b"linkpath" | b"size"));
    Ok(taken)
}

/// The key of the first record that cannot be one of all members: what some readers take for all, others
/// pass over.
pub(super) fn of_one_member(records: &Records) -> Option<&[u8]> {
    let of_one = |key: &[u8]| {
        matches!(key, b"path" | b"linkpath" | b"size") || key.starts_with(b"GNU.sparse.")
    };
    records.iter().map(|(key, _)| &key[..]).find(|key| of_one(key))
}

/// Records that change neither the name nor the content of a member, by how their keys begin: attributes,
/// access lists, labels, remarks.
const BESIDE: &[&[u8]] = &[
    b"comment", b"SCHILY.xattr.", b"SCHILY.acl.", b"SCHILY.fflags", b"SCHILY.dev",
    b"LIBARCHIVE.xattr.", b"LIBARCHIVE.creationtime", b"LIBARCHIVE.symlinktype", b"RHT.security.",
    b"MSWINDOWS.", b"APK-TOOLS.", b"hdrcharset", b"charset", b"GNU.volume.",
];

/// Whether a record, which is not one of those that [`take`] takes out, may change for some readers what a
/// member holds: a size of its own, a map of holes.
pub(super) fn may_change(record: &(Vec<u8>, Vec<u8>)) -> bool {
    let known = HARMLESS.iter().any(|(key, _)| *key == &record.0[..]);
    !known && !BESIDE.iter().any(|key| record.0.starts_with(key))
}

/// Whether a value has the form that its key asks for.
type Shape = fn(&[u8]) -> bool;

/// Records that say when, by whom or on which disk a file was packed, and what their values look
/// like. Every other record may be content: a label, a checksum, a commit, an access list.
const HARMLESS: &[(&[u8], Shape)] = &[
    (b"mtime", is_time),
    (b"atime", is_time),
    (b"ctime", is_time),
    (b"uid", is_number),
    (b"gid", is_number),
    (b"uname", is_user),
    (b"gname", is_user),
    (b"SCHILY.dev", is_number),
    (b"SCHILY.ino", is_number),
    (b"SCHILY.nlink", is_number),
    // Names are written as the bytes that they are, whatever these are called.
    (b"hdrcharset", |value| value == b"BINARY" || value == b"ISO-IR 10646 2000 UTF-8"),
];

/// Whether a record, which is not one of those that [`take`] takes out, says nothing of the content.
pub(super) fn is_harmless((key, value): &(Vec<u8>, Vec<u8>)) -> bool {
    HARMLESS.iter().any(|(known, fits)| key == known && (value.is_empty() || fits(value)))
}

fn is_time(value: &[u8]) -> bool {
    seconds(value).is_some()
}

fn is_number(value: &[u8]) -> bool {
    decimal(value.strip_prefix(b"-").unwrap_or(value)).is_some()
}

fn is_user(value: &[u8]) -> bool {
    value.len() < 256 && !value.iter().any(u8::is_ascii_control)
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Whole seconds of a decimal number with a fraction, rounded down.
fn seconds(text: &[u8]) -> Option<i64> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |b| *b == b'.');
    let whole = i64::try_from(decimal(parts.next()?)?).ok()?;
    let fraction = parts.next().unwrap_or(b"0");
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let below = negative && fraction.iter().any(|b| *b != b'0');
    Some(if negative { -whole } else { whole } - i64::from(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_must_be_exact() {
        assert!(parse(b"11 path=ab\n30 mtime=1700000000.123456789\n").is_ok());
        let records = parse(b"11 path=ab\n31 mtime=1700000000.12345678\n").unwrap_err();
        assert_eq!(records, "a PAX record has a wrong length");
        let records = parse(b"11 path=ab\n22 comment=one=two  \n");
        assert!(records.is_err());
        let mut records = parse(b"11 path=ab\n14 uid=123456\n").unwrap();
        let taken = take(&mut records, 0).unwrap();
        assert_eq!(taken.path.as_deref(), Some(&b"ab"[..]));
        assert_eq!((taken.uid, records.len()), (Some(123456), 1));
        for bad in
            [&b"0 a=b\n"[..], b"99999999999999999999 a=b\n", b"6 a=bc", b"x a=b\n", b"7 abcd\n"]
        {
            assert!(parse(bad).is_err());
        }
    }

    #[test]
    fn records_are_harmless_by_key_and_by_value() {
        for (key, value, want) in [
            ("atime", "1700000000.5", true),
            ("atime", "", true),
            ("atime", "yesterday", false),
            ("SCHILY.ino", "12", true),
            ("SCHILY.ino", "12 and more", false),
            ("uname", "me", true),
            ("uname", "me\nroot", false),
            ("hdrcharset", "BINARY", true),
            ("hdrcharset", "KOI8-R", false),
            ("comment", "1", false),
            ("SCHILY.xattr.user.a", "1", false),
            ("LIBARCHIVE.creationtime", "1", false),
            ("VENDOR.atime", "1", false),
        ] {
            let record = (key.as_bytes().to_vec(), value.as_bytes().to_vec());
            assert_eq!(is_harmless(&record), want, "{key}={value}");
        }
    }

    #[test]
    fn times_are_rounded_down() {
        for (text, want) in [("12", 12), ("12.9", 12), ("-12.1", -13), ("-12.0", -12)] {
            assert_eq!(seconds(text.as_bytes()), Some(want));
        }
        for bad in ["", ".5", "1.x", "--1", "1e9"] {
            assert_eq!(seconds(bad.as_bytes()), None);
        }
    }
}

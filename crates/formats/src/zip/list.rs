//! The members of a zip.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::read::{self, DEFLATED, Entry, Kind, STORED};
use crate::calendar::days;
use crate::digest::{self, hex};
use crate::error::ReadError;
use crate::limits::Limits;
use crate::listing::{Container, Field, Listing, Member, MemberKind, Says};
use crate::names::printable;

/// Lists it.
pub fn list(file: &File, limits: &Limits) -> Result<Listing, ReadError> {
    let mut input = BufReader::with_capacity(128 << 10, file);
    let found = read::read(&mut input, limits)?;
    let each = |entry: &Entry| member(entry, &mut input);
    let members = found.entries.iter().map(each).collect::<Result<_, _>>()?;
    Ok(Listing::plain(Container::Zip, vec![comment(&found.comment)], members))
}

fn member(entry: &Entry, input: &mut BufReader<&File>) -> Result<Member, ReadError> {
    if entry.kind != Kind::File {
        return Ok(said(entry));
    }
    let packed = packed(entry, input)?;
    let sha256 = match entry.unread() {
        None => digest::of_reader(&mut entry.content(&mut *input)?)?.sha256,
        // As it is packed: there is no more to be had.
        Some(_) => packed.clone(),
    };
    let packed = format!("{}, sha256 {packed}", method(entry));
    Ok(Member { sha256: Some(sha256), packed: Some(packed), ..said(entry) })
}

/// The comment of the whole.
pub fn comment(text: &[u8]) -> Field {
    Field { name: "comment", says: Says::Comment, value: format!("`{}`", printable(text)) }
}

/// The compression method by its name.
pub fn method(entry: &Entry) -> String {
    match entry.method {
        STORED => "stored".to_string(),
        DEFLATED => "deflate".to_string(),
        other => format!("method {other}"),
    }
}

/// What the zip says of a member.
pub fn said(entry: &Entry) -> Member {
    let (kind, target) = match &entry.kind {
        Kind::File => (MemberKind::File, None),
        Kind::Dir => (MemberKind::Dir, None),
        Kind::Symlink(target) => (MemberKind::Symlink, Some(printable(target))),
    };
    Member {
        name: printable(&entry.name),
        written: printable(&entry.written),
        kind,
        target,
        size: entry.size,
        mode: entry.mode,
        owner: fields(entry, OWNERS).join(", "),
        mtime: [vec![date(entry.time)], fields(entry, TIMES)].concat().join(", "),
        seconds: Some(seconds(entry.time)),
        other: other(entry),
        ..Member::default()
    }
}

/// A DOS date, as seconds since 1970 if it is UTC.
fn seconds(dos: (u16, u16)) -> i64 {
    let [year, month, day, hour, minute, second] = parts(dos).map(i64::from);
    days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
}

/// Year, month, day, hour, minute and second.
fn parts((time, date): (u16, u16)) -> [u16; 6] {
    let (day, second) = (date & 31, (time & 31) * 2);
    [1980 + (date >> 9), date >> 5 & 15, day, time >> 11, time >> 5 & 63, second]
}

/// SHA-256 of the content as it is packed.
fn packed(entry: &Entry, input: &mut BufReader<&File>) -> Result<String, ReadError> {
    input.seek(SeekFrom::Start(entry.data_at))?;
    Ok(digest::of_reader(&mut input.take(entry.packed))?.sha256)
}

/// A DOS date, which has no zone.
pub(super) fn date(dos: (u16, u16)) -> String {
    let [year, month, day, hour, minute, second] = parts(dos);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Extra fields with times, and with owners: Info-ZIP's list. Two old ones hold both.
const TIMES: &[u16] = &[0x000a, 0x000d, 0x5455, 0x5855];
const OWNERS: &[u16] = &[0x7855, 0x7875];

/// The extra fields of some kinds, in hexadecimal.
fn fields(entry: &Entry, ids: &[u16]) -> Vec<String> {
    let sides = [("local", &entry.local_extra), ("central", &entry.extra)];
    let each = sides.iter().flat_map(|(side, extra)| {
        let wanted = extra.iter().filter(|(id, _)| ids.contains(id));
        wanted.map(move |(id, bytes)| format!("{side} field 0x{id:04x}: {}", hex(bytes)))
    });
    each.collect()
}

/// What the packer's system left.
fn other(entry: &Entry) -> Vec<(String, String)> {
    let rest = |of: &str, extra: &[(u16, Vec<u8>)]| {
        let known = |id: &u16| TIMES.contains(id) || OWNERS.contains(id);
        let others = extra.iter().filter(|(id, _)| !known(id));
        others.map(|(id, bytes)| (format!("{of} field 0x{id:04x}"), hex(bytes))).collect::<Vec<_>>()
    };
    let mut all = vec![
        ("system".to_string(), entry.host.to_string()),
        ("version".to_string(), format!("{}/{}", entry.versions.0, entry.versions.1)),
        ("flags".to_string(), format!("0x{:04x}", entry.flags)),
        ("internal attributes".to_string(), format!("0x{:04x}", entry.internal)),
        // The mode is above.
        ("attributes".to_string(), format!("0x{:04x}", entry.attributes & 0xffff)),
        ("comment".to_string(), printable(&entry.comment)),
    ];
    all.extend(rest("local", &entry.local_extra));
    all.extend(rest("central", &entry.extra));
    all
}

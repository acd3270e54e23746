//! The members of an ar archive.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::read::{self, Entry, Kind};
use crate::digest;
use crate::error::ReadError;
use crate::limits::Limits;
use crate::listing::{Container, Listing, Member, MemberKind};
use crate::names::printable;

/// Lists it.
pub fn list(file: &File, limits: &Limits) -> Result<Listing, ReadError> {
    let mut input = BufReader::with_capacity(128 << 10, file);
    let found = read::read(&mut input, limits)?;
    let each = |entry: &Entry| member(entry, &mut input);
    Ok(Listing::plain(Container::Ar, Vec::new(), found.iter().map(each).collect::<Result<_, _>>()?))
}

fn member(entry: &Entry, input: &mut BufReader<&File>) -> Result<Member, ReadError> {
    input.seek(SeekFrom::Start(entry.data_at))?;
    let sha256 = digest::of_reader(&mut input.take(entry.size))?.sha256;
    Ok(Member { sha256: Some(sha256), ..said(entry) })
}

/// What the archive says of a member.
pub fn said(entry: &Entry) -> Member {
    let say = |value: Option<u64>| value.map_or("blank".to_string(), |v| v.to_string());
    let name = printable(&entry.name);
    Member {
        written: name.clone(),
        name,
        kind: match entry.kind {
            Kind::File => MemberKind::File,
            Kind::Symbols => MemberKind::Symbols,
            Kind::Names => MemberKind::Names,
        },
        size: entry.size,
        mode: entry.mode.map(|m| m as u32),
        owner: format!("{} / {}", say(entry.uid), say(entry.gid)),
        mtime: say(entry.mtime),
        seconds: entry.mtime.and_then(|t| i64::try_from(t).ok()),
        ..Member::default()
    }
}

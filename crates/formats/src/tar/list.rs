//! The members of a tar.

use std::io::Read;

use super::read::{Entry, Kind, Walk};
use crate::digest;
use crate::error::ReadError;
use crate::limits::Limits;
use crate::listing::{Member, MemberKind};
use crate::names::printable;

/// The members in their order, each digested.
pub fn members(input: impl Read, limits: &Limits) -> Result<Vec<Member>, ReadError> {
    let mut walk = Walk::new(input, limits);
    let mut members = Vec::new();
    while let Some(entry) = walk.next()? {
        // Of a sparse file: as it is encoded, map and all.
        let sha256 = match entry.kind {
            Kind::File | Kind::Sparse => Some(digest::of_reader(&mut walk)?.sha256),
            _ => None,
        };
        members.push(Member { sha256, ..said(&entry) });
    }
    Ok(members)
}

/// What a tar says of a member.
pub fn said(entry: &Entry) -> Member {
    let (kind, target) = match &entry.kind {
        Kind::File | Kind::Sparse => (MemberKind::File, None),
        Kind::Special(what) => (*what, entry.device.clone()),
        Kind::Dir => (MemberKind::Dir, None),
        Kind::Symlink(target) => (MemberKind::Symlink, Some(printable(target))),
        Kind::Hardlink(target) => (MemberKind::Hardlink, Some(printable(target))),
    };
    let known = |key: &[u8]| [&b"uid"[..], b"gid", b"uname", b"gname", b"mtime"].contains(&key);
    let records = entry.records.iter().filter(|(key, _)| !known(key));
    let mut other: Vec<(String, String)> =
        records.map(|(key, value)| (printable(key), printable(value))).collect();
    other.push(("header".to_string(), entry.style.to_string()));
    if !entry.map.is_empty() {
        other.push(("sparse".to_string(), "in GNU's own format".to_string()));
    }
    let (uid, uname, gid, gname) =
        (entry.uid, printable(&entry.uname), entry.gid, printable(&entry.gname));
    Member {
        name: printable(&entry.name),
        written: printable(&entry.written),
        kind,
        target,
        size: entry.size,
        mode: Some(entry.mode),
        owner: format!("{uid} ({uname}) / {gid} ({gname})"),
        // With its fraction, where it has one.
        mtime: match entry.records.iter().rfind(|(key, _)| key == b"mtime") {
            Some((_, text)) => printable(text),
            None => entry.mtime.to_string(),
        },
        seconds: Some(entry.mtime),
        other,
        ..Member::default()
    }
}

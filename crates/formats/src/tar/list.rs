//! The members of a tar.

use std::io::Read;

use super::read::{Kind, Walk};
use crate::error::ReadError;
use crate::limits::Limits;
use crate::listing::{Member, digest};
use crate::names::printable;

/// The members in their order, each digested.
pub fn members(input: impl Read, limits: &Limits) -> Result<Vec<Member>, ReadError> {
    let mut walk = Walk::new(input, limits);
    let mut members = Vec::new();
    while let Some(entry) = walk.next()? {
        let (kind, target) = match &entry.kind {
            Kind::File | Kind::Sparse => ("file", None),
            Kind::Dir => ("dir", None),
            Kind::Symlink(target) => ("symlink", Some(printable(target))),
            Kind::Hardlink(target) => ("hardlink", Some(printable(target))),
        };
        let known = |key: &[u8]| [&b"uid"[..], b"gid", b"uname", b"gname", b"mtime"].contains(&key);
        let records = entry.records.iter().filter(|(key, _)| !known(key));
        let mut other: Vec<(String, String)> =
            records.map(|(key, value)| (printable(key), printable(value))).collect();
        other.push(("header".to_string(), entry.style.to_string()));
        members.push(Member {
            name: printable(&entry.name),
            written: printable(&entry.written),
            kind,
            target,
            size: entry.size,
            // Of a sparse file: as it is encoded, map and all.
            sha256: match entry.kind {
                Kind::File | Kind::Sparse => Some(digest(&mut walk)?),
                _ => None,
            },
            mode: Some(entry.mode),
            owner: format!(
                "{} ({}) / {} ({})",
                entry.uid,
                printable(&entry.uname),
                entry.gid,
                printable(&entry.gname)
            ),
            mtime: entry.mtime.to_string(),
            packed: None,
            other,
        });
    }
    Ok(members)
}

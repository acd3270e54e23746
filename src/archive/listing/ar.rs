//! The members of an ar archive.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Result;

use super::{Listing, Member, digest};
use crate::archive::compress::Compression;
use crate::archive::normalize::malformed;
use crate::format::ar::{self, Entry, Kind};
use crate::format::{ReadError, printable};
use crate::limits::Limits;

pub(super) fn list(path: &Path, file: &File, limits: &Limits) -> Result<Listing> {
    let mut input = BufReader::with_capacity(128 << 10, file);
    let unsound = |e| malformed(path, "ar archive", e);
    let found = ar::read(&mut input, limits).map_err(unsound)?;
    let each = |entry: &Entry| member(entry, &mut input).map_err(&unsound);
    Ok(Listing {
        format: "ar",
        compression: Compression::None,
        unpacked: None,
        packed: None,
        members: found.iter().map(each).collect::<Result<_>>()?,
        fields: Vec::new(),
    })
}

fn member(entry: &Entry, input: &mut BufReader<&File>) -> Result<Member, ReadError> {
    input.seek(SeekFrom::Start(entry.data_at))?;
    Ok(Member { sha256: Some(digest(&mut input.take(entry.size))?), ..said(entry) })
}

/// What the archive says of a member.
pub(crate) fn said(entry: &Entry) -> Member {
    let say = |value: Option<u64>| value.map_or("blank".to_string(), |v| v.to_string());
    let name = printable(&entry.name);
    Member {
        written: name.clone(),
        name,
        kind: match entry.kind {
            Kind::File => "file",
            Kind::Symbols => "index of symbols",
            Kind::Names => "table of names",
        },
        size: entry.size,
        mode: entry.mode.map(|m| m as u32),
        owner: format!("{} / {}", say(entry.uid), say(entry.gid)),
        mtime: say(entry.mtime),
        seconds: entry.mtime.and_then(|t| i64::try_from(t).ok()),
        ..Member::default()
    }
}

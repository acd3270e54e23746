//! The normal form of a tar, compressed or not: GNU headers in the order and with the owners, modes
//! and times of the policy, packed by our own compressor. Names, contents and links stay.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::read::{Entry, Kind, Walk};
use super::write as tar;
use crate::compress::container::{Compression, Packer};
use crate::compress::deflate;
use crate::compress::unpack::Unpacked;
use crate::detect::FileType;
use crate::error::{Error, ReadError};
use crate::names::printable;
use crate::normalize::job::{Job, Outcome, Output, failed};
use crate::policy;

/// Writes the normal form.
pub fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    let compression = match job.of {
        FileType::Tar(compression) => compression,
        _ => Compression::None,
    };
    let level = compression.row().level;
    let (entries, spool) = read(job, compression)?;
    if let Some(entry) = entries.iter().find(|e| e.kind == Kind::Sparse) {
        return Ok(left_alone(entry, "is a sparse file in an encoding of its own"));
    }
    if let Some(entry) = entries.iter().find(|e| e.has_attributes()) {
        return Ok(left_alone(entry, "has extended attributes, which would be lost"));
    }
    let packer = Packer::new(out, compression, level, deflate::threads());
    let packer = packer.map_err(Error::io("failed to start the compressor"))?;
    let mut writer = tar::Writer::new(packer);
    let mut content = spool.as_ref().unwrap_or(job.input);
    for (member, data_at) in normal(&entries, job.epoch) {
        content.seek(SeekFrom::Start(data_at)).map_err(failed)?;
        writer.member(&member, &mut content).map_err(failed)?;
    }
    let packer = writer.finish().map_err(failed)?;
    packer.finish().map_err(failed)?;
    Ok(Outcome::Written)
}

fn left_alone(entry: &Entry, why: &str) -> Outcome {
    let name = printable(&entry.written);
    Outcome::LeftAlone(format!("its member `{name}` {why}"))
}

/// The members; and for a compressed tar the file that it was unpacked to.
fn read(job: &Job<'_>, compression: Compression) -> Result<(Vec<Entry>, Option<File>), Error> {
    let mut spool = match compression {
        Compression::None => None,
        _ => Some(tempfile::tempfile().map_err(Error::io("failed to make a temporary file"))?),
    };
    let unpacked = Unpacked::new(job.input, compression, job.limits)?;
    let mut walk = Walk::new(Spooled { input: unpacked, spool: spool.as_mut() }, job.limits);
    let mut entries = Vec::new();
    let mut each = || -> Result<(), ReadError> {
        while let Some(entry) = walk.next()? {
            entries.push(entry);
        }
        Ok(())
    };
    each().map_err(job.unsound("tar"))?;
    drop(walk);
    Ok((entries, spool))
}

/// Keeps a copy of what is read.
struct Spooled<'a, R> {
    input: R,
    spool: Option<&'a mut File>,
}

impl<R: Read> Read for Spooled<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        if let Some(spool) = &mut self.spool {
            spool.write_all(&buf[..n])?;
        }
        Ok(n)
    }
}

/// The members as they are written, and where the content of each is.
fn normal(entries: &[Entry], epoch: i64) -> Vec<(tar::Member, u64)> {
    // Of several names of one file, the first in order has the content.
    let by_name: BTreeMap<&[u8], &Entry> = entries.iter().map(|e| (&e.name[..], e)).collect();
    let mut first: BTreeMap<&[u8], &Entry> = BTreeMap::new();
    for entry in entries {
        let file = &root(entry, &by_name).name[..];
        let known = first.entry(file).or_insert(entry);
        if parts(&entry.name) < parts(&known.name) {
            *known = entry;
        }
    }
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|e| parts(&e.name));
    let member = |entry: &&Entry| {
        let file = root(entry, &by_name);
        let holder = first.get(&file.name[..]).copied().unwrap_or(file);
        let kind = match &entry.kind {
            Kind::Dir => tar::Kind::Dir,
            Kind::Symlink(target) => tar::Kind::Symlink(target.clone()),
            _ if holder.name == entry.name => tar::Kind::File(file.size),
            _ => tar::Kind::Hardlink(name(holder)),
        };
        let mode = match entry.kind {
            Kind::Symlink(_) => policy::LINK_MODE,
            _ => policy::mode(file.mode),
        };
        let member =
            tar::Member { name: name(entry), kind, mode, mtime: file.mtime.clamp(0, epoch) as u64 };
        (member, file.data_at)
    };
    sorted.iter().map(member).collect()
}

/// The member that has the content: itself, or what a hard link leads to.
fn root<'a>(entry: &'a Entry, by_name: &BTreeMap<&[u8], &'a Entry>) -> &'a Entry {
    let mut at = entry;
    // A link leads to what came before it, so that this ends.
    while let Kind::Hardlink(target) = &at.kind {
        match by_name.get(&target[..]) {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

fn parts(name: &[u8]) -> Vec<&[u8]> {
    name.split(|b| *b == b'/').collect()
}

/// The name as it was, with its `./` if it had one; that of a directory ends in `/`.
fn name(entry: &Entry) -> Vec<u8> {
    let before: &[u8] =
        if entry.written.starts_with(b"./") || entry.name.is_empty() { b"./" } else { b"" };
    let after: &[u8] = match entry.kind {
        Kind::Dir if !entry.name.is_empty() => b"/",
        _ => b"",
    };
    [before, &entry.name, after].concat()
}

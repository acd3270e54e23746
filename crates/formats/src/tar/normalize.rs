//! The normal form of a tar, compressed or not: GNU headers in the order and with the owners, modes
//! and times of the policy, packed by our own compressor. Names, contents and links stay.
//!
//! A tar that holds anything else, or is in more than one stream, is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use super::read::{Entry, Kind, Walk};
use super::write::{self as tar, Owner};
use crate::compress::container::{Compression, Packer};
use crate::compress::deflate;
use crate::compress::unpack::Unpacked;
use crate::detect::{FileType, HEAD};
use crate::error::{Error, ReadError};
use crate::gzip::header::Header;
use crate::names::{self, printable};
use crate::normalize::job::{Job, Outcome, Output, Written, failed};
use crate::normalize::named::Named;
use crate::normalize::nested;
use crate::policy::{self, SPECIAL};

/// Bytes that a header has for the name of a user, with its NUL.
const USER: usize = 32;

pub(crate) fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    let compression = match job.of {
        FileType::Tar(compression) => compression,
        _ => Compression::None,
    };
    if compression == Compression::Gzip {
        let header = Header::of_file(job.input).map_err(job.unsound("tar"))?;
        if let Some(what) = header.meaningful() {
            return Ok(Outcome::LeftAlone(format!("its gzip header holds {what}")));
        }
    }
    let found = match read(job, compression)? {
        Ok(found) => found,
        Err(why) => return Ok(Outcome::LeftAlone(why)),
    };
    if let Some(why) = keeps(&found, job) {
        return Ok(Outcome::LeftAlone(why));
    }
    let Some(with) = compression.compressor() else {
        let name = compression.row().name;
        return Ok(Outcome::LeftAlone(format!("{name} is read, not written")));
    };
    let packer = Packer::new(out, with.engine, with.level, deflate::threads());
    let packer = packer.map_err(Error::io("failed to start the compressor"))?;
    let mut writer = tar::Writer::new(packer);
    let mut written = Written { notes: notes(&found.entries, job), ..Written::default() };
    let mut content = found.spool.as_ref().unwrap_or(job.input);
    let mut named = Named::default();
    if found.entries.iter().any(|e| e.kind == Kind::File && opens(job, e, &found.entries)) {
        for entry in &found.entries {
            content.seek(SeekFrom::Start(entry.data_at)).map_err(failed)?;
            named.add(&entry.written, content.take(entry.size)).map_err(failed)?;
        }
    }
    let normal = normal(&found.entries, job);
    let moved = found.entries.iter().zip(&normal).any(|(was, is)| was.name != is.entry.name);
    written.field(None, "order of members", if moved { "as packed" } else { "by name" }, "by name");
    for mut one in normal {
        one.compare(&mut written);
        content.seek(SeekFrom::Start(one.file.data_at)).map_err(failed)?;
        let inner = match one.member.kind {
            tar::Kind::File(size) if opens(job, one.entry, &found.entries) => {
                nested::rewrite(job, &one.entry.written, content, size, &named, &mut written)?
            }
            _ => None,
        };
        let mut input: &File = match &inner {
            Some((file, size)) => {
                one.member.kind = tar::Kind::File(*size);
                file
            }
            None => {
                // It was read to see what it is.
                content.seek(SeekFrom::Start(one.file.data_at)).map_err(failed)?;
                content
            }
        };
        writer.member(&one.member, &mut input).map_err(failed)?;
    }
    let packer = writer.finish().map_err(failed)?;
    packer.finish().map_err(failed)?;
    Ok(Outcome::Written(written))
}

struct Found {
    entries: Vec<Entry>,
    /// Of a compressed tar, what it was unpacked to.
    spool: Option<File>,
    /// The key of a global record that would be lost.
    record: Option<String>,
    /// See [`Walk::unread`].
    unread: bool,
}

/// The members; or why the file must stay as it is, where it is in more than one stream.
fn read(job: &Job<'_>, compression: Compression) -> Result<Result<Found, String>, Error> {
    let mut spool = match compression {
        Compression::None => None,
        _ => Some(tempfile::tempfile().map_err(Error::io("failed to make a temporary file"))?),
    };
    let mut packed = BufReader::with_capacity(HEAD, job.input);
    let mut unpacked = Unpacked::first(&mut packed, compression, job.limits)?;
    let spooled = Spooled { input: &mut unpacked, spool: spool.as_mut() };
    let mut walk = Walk::new(spooled, job.limits).with_any_links();
    let mut entries = Vec::new();
    let mut each = || -> Result<(), ReadError> {
        while let Some(entry) = walk.next()? {
            entries.push(entry);
        }
        Ok(())
    };
    let all = each();
    let record = walk.meaningful_record().map(printable);
    let unread = walk.unread();
    drop(walk);
    // A tar may end early because it goes on in the next stream.
    if compression != Compression::None && matches!(unpacked.read(&mut [0]), Ok(0)) {
        drop(unpacked);
        let rest = packed.fill_buf().map_err(Error::reading(job.path))?;
        if !rest.is_empty() {
            let several = rest.starts_with(compression.row().magic);
            return several_streams(job, several, compression, &entries).map(Err);
        }
    }
    all.map_err(job.unsound("tar"))?;
    Ok(Ok(Found { entries, spool, record, unread }))
}

/// How the names of the first members of a package of Alpine begin.
const ALPINE: [&[u8]; 2] = [b".SIGN.", b".PKGINFO"];
/// What the footer of an eStargz layer ends with, in its last bytes, before the end of its stream.
const STARGZ: (i64, &[u8]) = (64, b"STARGZ");

/// What follows the first stream, as a clause.
fn several_streams(
    job: &Job<'_>,
    several: bool,
    compression: Compression,
    entries: &[Entry],
) -> Result<String, Error> {
    let name = compression.row().name;
    if !several {
        return Ok(format!("data follows its {name} stream"));
    }
    let (mut input, mut tail) = (job.input, Vec::new());
    let read = input.seek(SeekFrom::End(-STARGZ.0)).and_then(|_| input.read_to_end(&mut tail));
    read.map_err(Error::reading(job.path))?;
    let alpine = |e: &Entry| ALPINE.iter().any(|prefix| e.name.starts_with(prefix));
    let what = if entries.iter().any(alpine) {
        ": a package of Alpine, which is signed stream by stream"
    } else if tail.windows(STARGZ.1.len()).any(|w| w == STARGZ.1) {
        ": an eStargz layer, which is read stream by stream"
    } else {
        ""
    };
    Ok(format!("it has several {name} streams{what}"))
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
            spool.write_all(&buf[..n]).map_err(no_temporary)?;
        }
        Ok(n)
    }
}

/// The error of a temporary file, which is not one of the file that is read.
fn no_temporary(e: io::Error) -> io::Error {
    let dir = std::env::temp_dir();
    let what =
        format!("failed to write a temporary file in `{}`, which TMPDIR names: {e}", dir.display());
    io::Error::new(e.kind(), what)
}

/// Why the file must stay as it is, if it must.
fn keeps(found: &Found, job: &Job<'_>) -> Option<String> {
    if let Some(why) = ordered(&found.entries) {
        return Some(why.to_string());
    }
    if let Some(key) = &found.record {
        return Some(format!("it has the PAX record `{key}`, which would be lost"));
    }
    if found.unread {
        return Some("it has bytes that belong to no member, which would be lost".to_string());
    }
    found.entries.iter().find_map(|entry| {
        let owned = (entry.uid, entry.gid) != (0, 0);
        let named = [&entry.uname, &entry.gname].into_iter().any(|n| n.len() >= USER);
        let why = if entry.kind == Kind::Sparse {
            "is a sparse file in an encoding of its own".to_string()
        } else if let Some(key) = entry.meaningful_record() {
            format!("has the PAX record `{}`, which would be lost", printable(key))
        } else if entry.mode & SPECIAL != 0 && owned && !job.package {
            "is setuid, setgid or sticky and not owned by root, which would be lost".to_string()
        } else if job.package && (entry.uid < 0 || entry.gid < 0 || named) {
            "has an owner that does not fit a GNU header".to_string()
        } else if job.times.of(entry.mtime) < 0 {
            "has a time before 1970".to_string()
        } else {
            return None;
        };
        Some(format!("its member `{}` {why}", printable(&entry.written)))
    })
}

/// Why the order, the modes and the times of the members are content, if they are.
fn ordered(entries: &[Entry]) -> Option<&'static str> {
    if entries.iter().any(|e| e.name == b".MTREE") {
        return Some(
            "it is a package of pacman, whose `.MTREE` has the modes and times of its files",
        );
    }
    let first = entries.first().filter(|e| e.name.ends_with(b".ovf"));
    first.map(|_| "it is a virtual appliance (OVA), which is read in the order of its members")
}

/// What the user should know of the members.
fn notes(entries: &[Entry], job: &Job<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((a, b)) = names::colliding(entries.iter().map(|e| &e.name[..])) {
        notes.push(names::collision(&a, &b));
    }
    let owners: BTreeSet<_> = entries.iter().map(|e| (e.uid, e.gid)).collect();
    if owners.len() > 1 && !job.package {
        notes.push(format!(
            "its members have {} different owners, which all become 0",
            owners.len()
        ));
    }
    let closed = |e: &&Entry| e.kind == Kind::File && !job.package && !opens(job, e, entries);
    notes.extend(nested::not_opened(entries.iter().filter(closed).map(|e| &e.name[..])));
    notes
}

/// Whether a member is brought into normal form as well: a crate always, unless the tar is a
/// registry, whose index has the digests of its crates.
fn opens(job: &Job<'_>, entry: &Entry, entries: &[Entry]) -> bool {
    let in_index = |e: &Entry| e.name.split(|b| *b == b'/').any(|part| part == b"index");
    let crates = || entry.name.ends_with(b".crate") && !entries.iter().any(in_index);
    job.recursive || !job.package && crates()
}

/// A member as it is written.
struct Normal<'a> {
    member: tar::Member,
    /// As it was.
    entry: &'a Entry,
    /// The member that has the content, the mode and the time: another one for a hard link.
    file: &'a Entry,
}

impl Normal<'_> {
    fn compare(&self, written: &mut Written) {
        let Normal { member, entry, .. } = self;
        let owner = &member.owner;
        let name = Some(&entry.written[..]);
        let show = |uid: &dyn ToString, gid: &dyn ToString, uname: &[u8], gname: &[u8]| {
            let (uid, gid) = (uid.to_string(), gid.to_string());
            format!("{uid} ({}) / {gid} ({})", printable(uname), printable(gname))
        };
        let was = show(&entry.uid, &entry.gid, &entry.uname, &entry.gname);
        written.field(name, "owner", was, show(&owner.uid, &owner.gid, &owner.uname, &owner.gname));
        let octal = |mode: u32| format!("{mode:04o}");
        written.field(name, "mode", octal(entry.mode), octal(member.mode));
        written.field(name, "mtime", entry.mtime, member.mtime);
        written.field(name, "header", entry.style, "gnu");
    }
}

fn normal<'a>(entries: &'a [Entry], job: &Job<'_>) -> Vec<Normal<'a>> {
    // Of several names of one file, the first in order has the content.
    let by_name: BTreeMap<&[u8], &Entry> = entries.iter().map(|e| (&e.name[..], e)).collect();
    let mut first: BTreeMap<&[u8], &Entry> = BTreeMap::new();
    for entry in entries {
        let file = &root(entry, &by_name).name[..];
        let known = first.entry(file).or_insert(entry);
        if !job.package && parts(&entry.name) < parts(&known.name) {
            *known = entry;
        }
    }
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    // The packer of a package puts links after everything else, for upgrades.
    if !job.package {
        sorted.sort_by_key(|e| parts(&e.name));
    }
    let normal = |entry: &'a Entry| {
        let file = root(entry, &by_name);
        let holder = first.get(&file.name[..]).copied().unwrap_or(file);
        let kind = match &entry.kind {
            Kind::Dir => tar::Kind::Dir,
            Kind::Symlink(target) => tar::Kind::Symlink(target.clone()),
            _ if holder.name == entry.name => tar::Kind::File(file.size),
            _ => tar::Kind::Hardlink(name(holder)),
        };
        let mode = match entry.kind {
            _ if job.package || file.mode & SPECIAL != 0 => file.mode,
            Kind::Symlink(_) => policy::LINK_MODE,
            _ => policy::mode(file.mode),
        };
        // Negative times were refused.
        let mtime = u64::try_from(job.times.of(file.mtime)).unwrap_or(0);
        let owner = if job.package { owner(file) } else { Owner::default() };
        Normal { member: tar::Member { name: name(entry), kind, mode, mtime, owner }, entry, file }
    };
    sorted.into_iter().map(normal).collect()
}

fn owner(entry: &Entry) -> Owner {
    Owner {
        uid: entry.uid.unsigned_abs(),
        gid: entry.gid.unsigned_abs(),
        uname: entry.uname.clone(),
        gname: entry.gname.clone(),
    }
}

/// The member that has the content: itself, or what a hard link leads to.
fn root<'a>(entry: &'a Entry, by_name: &BTreeMap<&[u8], &'a Entry>) -> &'a Entry {
    let mut at = entry;
    // A link leads to what came before it, so this ends.
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

//! What an archive holds: its members with what is said of each, digested. The common value of
//! all archive formats, which is what comparing them needs.

pub(crate) mod ar;
pub(crate) mod zip;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};

use crate::archive::compress::Compression;
use crate::archive::normalize::{self, malformed};
use crate::archive::unpack::{self, Unpacked};
use crate::digest::{Digest, Hasher};
use crate::format::tar::{self, Kind, Walk};
use crate::format::{self, ReadError, gzip, printable};
use crate::limits::Limits;

/// An archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// `tar`, `zip`, `ar`, or `content` for a single compressed file.
    pub format: &'static str,
    /// What the whole is compressed with.
    pub compression: Compression,
    /// Of what the whole unpacks to, where it is compressed.
    pub unpacked: Option<Digest>,
    /// SHA-256 of the compressed bytes, without a gzip header.
    pub packed: Option<String>,
    /// What is said of the whole, by the name of the field.
    pub fields: Vec<(&'static str, String)>,
    /// The members in their order.
    pub members: Vec<Member>,
}

impl Listing {
    /// The format, with what it is compressed with: `tar in gzip`.
    pub fn name(&self) -> String {
        match (self.format, self.compression) {
            ("content", compression) => compression.row().name.to_string(),
            (format, Compression::None) => format.to_string(),
            (format, compression) => format!("{format} in {}", compression.row().name),
        }
    }
}

/// A member, and what the archive says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The name without `./` before and `/` behind, escaped where it is not printable.
    pub name: String,
    /// The name as it is written.
    pub written: String,
    /// `file`, `dir`, `symlink`, `hardlink`.
    pub kind: &'static str,
    /// What a link points to.
    pub target: Option<String>,
    /// Bytes of content.
    pub size: u64,
    /// SHA-256 of the content; none where there is no content.
    pub sha256: Option<String>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner and group, with their names.
    pub owner: String,
    /// The time, as the format has it: seconds since 1970, or a date without zone.
    pub mtime: String,
    /// The same as seconds since 1970; a date without zone as UTC.
    pub seconds: Option<i64>,
    /// How it is compressed and the digest of that, where members are compressed one by one.
    pub packed: Option<String>,
    /// Fields of the format that are none of the above.
    pub other: Vec<(String, String)>,
}

/// Lists the file; `None` if it is in no archive format that is known here.
///
/// # Errors
/// The file cannot be read, or claims to be an archive and is malformed or beyond the caps.
pub fn list(path: &Path, limits: &Limits) -> Result<Option<Listing>> {
    let what = || format!("failed to read `{}`", path.display());
    let file = File::open(path).with_context(what)?;
    let head = unpack::head_of(&file).with_context(what)?;
    if normalize::is_zip(&head) {
        return zip::list(path, &file, limits).map(Some);
    }
    if head.starts_with(format::ar::MAGIC) {
        return ar::list(path, &file, limits).map(Some);
    }
    let compression = unpack::detect(&head);
    let is_tar = tar::begins(&unpack::unpacked_head(&head));
    if !is_tar && compression == Compression::None {
        return Ok(None);
    }
    let header = match compression {
        Compression::Gzip => gzip::Header::parse(&head)
            .map_err(|e| malformed(path, "gzip file", ReadError::Malformed(e)))?,
        _ => gzip::Header::default(),
    };
    let mut unpacked = Digested::new(Unpacked::new(&file, compression, limits)?);
    let (format, members) = match is_tar {
        true => ("tar", of_tar(&mut unpacked, limits)),
        false => ("content", of_content(&mut unpacked)),
    };
    let name = match is_tar {
        true => "tar",
        false => compression.row().name,
    };
    Ok(Some(Listing {
        format,
        compression,
        members: members.map_err(|e| malformed(path, name, e))?,
        unpacked: (compression != Compression::None).then(|| unpacked.hasher.finish()),
        packed: match compression {
            Compression::None => None,
            _ => Some(rest_of(&file, header.len as u64).with_context(what)?),
        },
        fields: match compression {
            Compression::Gzip => gzip_fields(&header),
            _ => Vec::new(),
        },
    }))
}

/// SHA-256 of a file from an offset on.
fn rest_of(mut file: &File, from: u64) -> io::Result<String> {
    file.seek(SeekFrom::Start(from))?;
    let mut hasher = Hasher::default();
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finish().sha256)
}

/// Digests what is read through it.
struct Digested<R> {
    input: R,
    hasher: Hasher,
}

impl<R: Read> Digested<R> {
    fn new(input: R) -> Digested<R> {
        Digested { input, hasher: Hasher::default() }
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        io::Write::write_all(&mut self.hasher, &buf[..n])?;
        Ok(n)
    }
}

/// What the packer may write into a gzip header as it likes.
pub(crate) fn gzip_fields(header: &gzip::Header) -> Vec<(&'static str, String)> {
    let text = |bytes: &Option<Vec<u8>>| match bytes {
        Some(bytes) => format!("`{}`", printable(bytes)),
        None => "none".to_string(),
    };
    vec![
        ("time", header.time.to_string()),
        ("flags", header.flags.to_string()),
        ("level", header.level.to_string()),
        ("system", header.system.to_string()),
        ("name", text(&header.name)),
        ("comment", text(&header.comment)),
        ("extra field", text(&header.extra)),
    ]
}

fn of_tar(input: impl Read, limits: &Limits) -> Result<Vec<Member>, ReadError> {
    let mut walk = Walk::new(input, limits);
    let mut members = Vec::new();
    while let Some(entry) = walk.next()? {
        // Of a sparse file: as it is encoded, map and all.
        let sha256 = match entry.kind {
            Kind::File | Kind::Sparse => Some(digest(&mut walk)?),
            _ => None,
        };
        members.push(Member { sha256, ..tar_member(&entry) });
    }
    Ok(members)
}

/// What a tar says of a member.
pub(crate) fn tar_member(entry: &tar::Entry) -> Member {
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
    Member {
        name: printable(&entry.name),
        written: printable(&entry.written),
        kind,
        target,
        size: entry.size,
        mode: Some(entry.mode),
        owner: format!(
            "{} ({}) / {} ({})",
            entry.uid,
            printable(&entry.uname),
            entry.gid,
            printable(&entry.gname)
        ),
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

/// A single compressed file, as an archive of one member without a name.
fn of_content(input: &mut impl Read) -> Result<Vec<Member>, ReadError> {
    let mut hasher = Hasher::default();
    io::copy(input, &mut hasher)?;
    let digest = hasher.finish();
    Ok(vec![Member {
        kind: "file",
        size: digest.size,
        sha256: Some(digest.sha256),
        ..Member::default()
    }])
}

fn digest(input: &mut impl Read) -> Result<String, ReadError> {
    let mut hasher = Hasher::default();
    io::copy(input, &mut hasher)?;
    Ok(hasher.finish().sha256)
}

//! Lists any archive: detects its format, then lists its members with the reader of that format.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::compress::container::Compression;
use crate::compress::unpack::Unpacked;
use crate::detect::{self, FileType};
use crate::digest::Hasher;
use crate::error::{Error, ReadError};
use crate::limits::Limits;
use crate::listing::{Listing, Member};
use crate::{ar, gzip, tar, zip};

/// Lists the file; `None` if it is in no archive format that is known here.
///
/// # Errors
/// The file cannot be read, or claims to be an archive and is malformed or beyond the caps.
pub fn list(path: &Path, limits: &Limits) -> Result<Option<Listing>, Error> {
    let file = File::open(path).map_err(Error::reading(path))?;
    let (found, head) = detect::of_file(&file).map_err(Error::reading(path))?;
    let listing = match found {
        FileType::Zip => zip::list::list(&file, limits).map_err(|e| e.in_file(path, "zip")),
        FileType::Ar => ar::list::list(&file, limits).map_err(|e| e.in_file(path, "ar archive")),
        FileType::Tar(compression) | FileType::Compressed(compression) => {
            let is_tar = matches!(found, FileType::Tar(_));
            stream(path, &file, &head, (is_tar, compression), limits)
        }
        _ => return Ok(None),
    };
    listing.map(Some)
}

/// A tar, or a single compressed file.
fn stream(
    path: &Path,
    file: &File,
    head: &[u8],
    (is_tar, compression): (bool, Compression),
    limits: &Limits,
) -> Result<Listing, Error> {
    let header = match compression {
        Compression::Gzip => gzip::header::Header::parse(head)
            .map_err(|e| ReadError::from(e).in_file(path, "gzip file"))?,
        _ => gzip::header::Header::default(),
    };
    let mut unpacked =
        Digested { input: Unpacked::new(file, compression, limits)?, hasher: Hasher::default() };
    let (format, name, members) = match is_tar {
        true => ("tar", "tar", tar::list::members(&mut unpacked, limits)),
        false => ("content", compression.row().name, of_content(&mut unpacked)),
    };
    let compressed = compression != Compression::None;
    Ok(Listing {
        format,
        compression,
        members: members.map_err(|e| e.in_file(path, name))?,
        unpacked: compressed.then(|| unpacked.hasher.finish()),
        packed: match compressed {
            true => Some(rest_of(file, header.len as u64).map_err(Error::reading(path))?),
            false => None,
        },
        fields: match compression {
            Compression::Gzip => header.fields(),
            _ => Vec::new(),
        },
    })
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

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        io::Write::write_all(&mut self.hasher, &buf[..n])?;
        Ok(n)
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

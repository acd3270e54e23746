//! Lists any archive: detects its format, then lists its members with the reader of that format.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::compress::container::Compression;
use crate::compress::unpack::Unpacked;
use crate::detect::{self, FileType};
use crate::digest::{self, Digest, Digesting};
use crate::error::{Error, ReadError};
use crate::limits::Limits;
use crate::listing::{Container, Listing, Member};
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
    let (fields, packed_at) = match compression {
        Compression::Gzip => {
            let header = gzip::header::Header::parse(head);
            let header = header.map_err(|e| ReadError::from(e).in_file(path, "gzip file"))?;
            (header.fields(), header.len as u64)
        }
        _ => (Vec::new(), 0),
    };
    let mut unpacked = Digesting::new(Unpacked::new(file, compression, limits)?, true);
    let (container, name, members) = match is_tar {
        true => (Container::Tar, "tar", tar::list::members(&mut unpacked, limits)),
        false => (Container::Content, compression.row().name, of_content(&mut unpacked)),
    };
    let listing = Listing::plain(container, fields, members.map_err(|e| e.in_file(path, name))?);
    if compression == Compression::None {
        return Ok(listing);
    }
    let mut file = file;
    let packed = file.seek(SeekFrom::Start(packed_at)).and_then(|_| digest::of_reader(&mut file));
    let packed = Some(packed.map_err(Error::reading(path))?.sha256);
    let (_, unpacked) = unpacked.finish();
    Ok(Listing { compression, unpacked, packed, ..listing })
}

/// A single compressed file, as an archive of one member without a name.
fn of_content(input: &mut impl Read) -> Result<Vec<Member>, ReadError> {
    let Digest { size, sha256 } = digest::of_reader(input)?;
    Ok(vec![Member { size, sha256: Some(sha256), ..Member::default() }])
}

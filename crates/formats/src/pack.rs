//! Packing: items in order, through the layout and the compressor, into one file. Contents are
//! streamed; a file that is not the same at its end as at its beginning is an error.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::path::Path;

use crate::compress::container::{Compression, Compressor, Engine, Packer};
use crate::digest::{self, Digest, Digesting};
use crate::error::{Error, Stop};
use crate::formats::{Format, Layout};
use crate::tar::write::{self as tar, Kind};
use crate::tree::Item;
use crate::zip::read::Kind as Zipped;
use crate::zip::write as zip;

/// How to pack.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The format.
    pub format: &'static Format,
    /// What compresses: one of the format's.
    pub compressor: &'static Compressor,
    /// One of the compressor's levels.
    pub level: u32,
    /// Threads that compress.
    pub threads: usize,
    /// The time of every member, seconds since 1970; not negative.
    pub epoch: u64,
    /// Whether members and the tar inside are digested as well.
    pub detail: bool,
    /// Asked between pieces of work whether to give up.
    pub stop: Stop,
}

/// A packed member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What was packed.
    pub item: Item,
    /// Size and SHA-256 of a file.
    pub digest: Option<Digest>,
}

/// What was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Of the archive.
    pub digest: Digest,
    /// Of the tar inside, where there is one and detail was asked for.
    pub tar: Option<Digest>,
    /// The members in order, where detail was asked for.
    pub members: Vec<Member>,
}

/// What is to be packed, in order.
pub type Items<'a> = &'a mut dyn Iterator<Item = Result<Item, Error>>;

/// Packs the items into `out`, which is empty.
pub fn pack(items: Items, out: &mut File, options: &Options) -> Result<Packed, Error> {
    match options.format.layout {
        Layout::Tar => pack_tar(items, out, options),
        Layout::Zip => pack_zip(items, out, options),
    }
}

/// Packs the items one by one: what `write` does, which returns nothing where the format has no such member.
fn each(
    items: Items,
    options: &Options,
    mut write: impl FnMut(&Item, &mut Content) -> Result<Option<io::Result<()>>, Error>,
) -> Result<Vec<Member>, Error> {
    let mut members = Vec::new();
    for item in items {
        let item = item?;
        options.stop.check()?;
        let mut content = Content::open(&item, options)?;
        let Some(written) = write(&item, &mut content)? else { continue };
        let digest = content.finish(&item.path, written)?;
        if options.detail {
            members.push(Member { item, digest });
        }
    }
    Ok(members)
}

fn pack_tar(items: Items, out: &mut File, options: &Options) -> Result<Packed, Error> {
    let out = Digesting::new(io::BufWriter::with_capacity(1 << 18, out), true);
    let packer = Packer::new(out, options.compressor.engine, options.level, options.threads)
        .map_err(Error::io("failed to start the compressor"))?;
    // Of a tar that is not compressed, the digest of the archive is that of the tar.
    let twice = options.detail && options.format.compression != Compression::None;
    let mut writer = tar::Writer::new(Digesting::new(packer, twice));
    let members = each(items, options, |item, content| {
        let member = tar::Member {
            name: match item.kind {
                Kind::Dir => [&item.name[..], b"/"].concat(),
                _ => item.name.clone(),
            },
            kind: item.kind.clone(),
            mode: item.mode,
            mtime: options.epoch,
            owner: tar::Owner::default(),
        };
        Ok(Some(writer.member(&member, content)))
    })?;
    let (packer, tar) = writer.finish().map_err(failed)?.finish();
    let (out, digest) = packer.finish().map_err(failed)?.finish();
    out.into_inner().map_err(|e| failed(e.into_error()))?;
    let digest = digest.unwrap_or_else(|| unreachable!("the archive is always digested"));
    Ok(Packed {
        tar: if options.detail { Some(tar.unwrap_or_else(|| digest.clone())) } else { None },
        digest,
        members,
    })
}

fn pack_zip(items: Items, out: &mut File, options: &Options) -> Result<Packed, Error> {
    let buffered = io::BufWriter::with_capacity(1 << 18, out);
    let Engine::Deflate(engine) = options.compressor.engine else {
        unreachable!("members of a zip are deflated");
    };
    let writer = zip::Writer::new(buffered, engine, options.level, options.threads);
    let mut writer = writer.map_err(Error::io("failed to start the compressor"))?;
    // It has whole seconds in UTC; the clamp makes the cast harmless.
    let time = zip::dos_time(options.epoch.min(i64::MAX as u64) as i64);
    let members = each(items, options, |item, content| {
        let Some(name) = zip_name(item)? else { return Ok(None) };
        let (kind, size) = match &item.kind {
            Kind::File(size) => (Zipped::File, *size),
            Kind::Dir => (Zipped::Dir, 0),
            Kind::Symlink(target) | Kind::Hardlink(target) => (Zipped::Symlink(target.clone()), 0),
        };
        let member = zip::Member {
            name,
            utf8: true,
            kind,
            mode: item.mode,
            time,
            extra: Vec::new(),
            comment: Vec::new(),
        };
        Ok(Some(writer.member(member, size, content)))
    })?;
    let buffered = writer.finish(b"").map_err(failed)?;
    let out = buffered.into_inner().map_err(|e| failed(e.into_error()))?;
    // Sizes were written back into headers, so the bytes did not come in order.
    out.rewind().map_err(failed)?;
    Ok(Packed { tar: None, digest: digest::of_reader(out).map_err(failed)?, members })
}

fn failed(e: io::Error) -> Error {
    Error::io("failed to write the archive")(e)
}

/// The name in a zip; none for the root itself, which has no member there.
fn zip_name(item: &Item) -> Result<Option<Vec<u8>>, Error> {
    let name = match &item.name[..] {
        b"." => return Ok(None),
        name => name.strip_prefix(b"./").unwrap_or(name),
    };
    let bad = |why| Error::CannotPack { path: item.path.clone(), why };
    if std::str::from_utf8(name).is_err() {
        return Err(bad("its name is not UTF-8, which a zip needs; pack a tar.gz instead"));
    }
    if name.len() >= usize::from(u16::MAX) {
        return Err(bad("its name is too long for a zip; pack a tar.gz instead"));
    }
    Ok(Some(match item.kind {
        Kind::Dir => [name, b"/"].concat(),
        _ => name.to_vec(),
    }))
}

/// The content of one item while it is read: a file under watch, or nothing.
struct Content {
    file: Option<(Digesting<File>, Metadata)>,
    /// The file could not be read (as opposed to: the archive could not be written).
    failed: bool,
    stop: Stop,
}

impl Content {
    fn open(item: &Item, options: &Options) -> Result<Content, Error> {
        let mut content = Content { file: None, failed: false, stop: options.stop };
        let Kind::File(size) = item.kind else { return Ok(content) };
        let opened = File::open(&item.path).and_then(|file| Ok((file.metadata()?, file)));
        let what = Error::io(format!("failed to open `{}`", item.path.display()));
        let (meta, file) = opened.map_err(what)?;
        if !meta.is_file() || meta.len() != size {
            return Err(Error::Changed(item.path.clone()));
        }
        content.file = Some((Digesting::new(file, options.detail), meta));
        Ok(content)
    }

    /// The digest of what was read, once it is known that it is all there is.
    fn finish(self, path: &Path, written: io::Result<()>) -> Result<Option<Digest>, Error> {
        self.stop.check()?;
        let Some((file, before)) = self.file else {
            written.map_err(failed)?;
            return Ok(None);
        };
        let (mut file, digest) = file.finish();
        match written {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Error::Changed(path.to_owned()));
            }
            Err(e) if self.failed => return Err(Error::reading(path)(e)),
            other => other.map_err(failed)?,
        }
        let more = file.read(&mut [0]).map_err(Error::reading(path))?;
        let after = file.metadata().map_err(Error::reading(path))?;
        if more != 0 || !same(&before, &after) {
            return Err(Error::Changed(path.to_owned()));
        }
        Ok(digest)
    }
}

impl Read for Content {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some((file, _)) = &mut self.file else { return Ok(0) };
        self.stop.check().map_err(io::Error::other)?;
        file.read(buf).inspect_err(|_| self.failed = true)
    }
}

/// Whether nothing was written between the two.
fn same(before: &Metadata, after: &Metadata) -> bool {
    let stamp = |m: &Metadata| (m.len(), m.modified().ok(), changed_at(m));
    stamp(before) == stamp(after)
}

#[cfg(unix)]
fn changed_at(meta: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (meta.ctime(), meta.ctime_nsec())
}

#[cfg(not(unix))]
fn changed_at(_meta: &Metadata) -> (i64, i64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::FORMATS;

    const OPTIONS: Options = Options {
        format: &FORMATS[0],
        compressor: FORMATS[0].compressor(),
        level: 1,
        threads: 1,
        epoch: 0,
        detail: true,
        stop: Stop::NEVER,
    };

    fn pack_sized(size: u64) -> Vec<Result<Packed, Error>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "1234").unwrap();
        let each = FORMATS.iter().map(|format| {
            let item = Item {
                name: b"file".to_vec(),
                kind: Kind::File(size),
                mode: 0o644,
                path: path.clone(),
            };
            let compressor = format.compressor();
            let level = compressor.level;
            let options = Options { format, compressor, level, ..OPTIONS };
            let mut out = tempfile::tempfile().unwrap();
            pack(&mut [Ok(item)].into_iter(), &mut out, &options)
        });
        each.collect()
    }

    #[test]
    fn a_file_of_another_size_than_it_had_is_an_error() {
        assert!(pack_sized(4).iter().all(Result::is_ok));
        for size in [3, 5] {
            for result in pack_sized(size) {
                assert!(matches!(result, Err(Error::Changed(_))), "{result:?}");
            }
        }
    }

    #[test]
    fn a_file_that_is_written_to_while_it_is_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "1234").unwrap();
        let item =
            Item { name: b"file".to_vec(), kind: Kind::File(4), mode: 0o644, path: path.clone() };
        for change in ["12345", "123", "4321"] {
            std::fs::write(&path, "1234").unwrap();
            filetime::set_file_mtime(&path, filetime::FileTime::from_unix_time(5, 0)).unwrap();
            let mut content = Content::open(&item, &OPTIONS).unwrap();
            let mut read = [0; 4];
            content.read_exact(&mut read).unwrap();
            std::fs::write(&path, change).unwrap();
            assert!(content.finish(&path, Ok(())).is_err(), "{change}");
        }
    }
}

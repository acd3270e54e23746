//! Opens a file in memory so that it can be explained layer by layer: its compression, and its
//! members if it is a container. Everything has a cap, and reading is as lenient as in `tar` and
//! `unzip`: nothing is unpacked to disk.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::Path;

use super::finding::SHOWN;
use super::oci;
use repro_formats::compress::container::Compression;
use repro_formats::compress::unpack::{self, Unpacked};
use repro_formats::detect::{FileType, HEAD, detect};
use repro_formats::error::Malformed;
use repro_formats::gzip::header::Header;
use repro_formats::limits::Limits;
use repro_formats::listing::{Container, Field, Member, Says};
use repro_formats::names::printable;
use repro_formats::{ar, cpio, rpm, tar, zip};

/// How deep containers may be nested.
pub const DEEPEST: usize = 12;
/// Bytes of all members of one container that are taken out.
const MOST: u64 = 512 << 20;
/// Bytes of a file that are read at most.
const LARGEST: u64 = 512 << 20;
/// How a stream of gzip begins, with the only method that there is.
const GZIP: &[u8] = b"\x1f\x8b\x08";
/// Streams of one gzip file whose headers are read.
const STREAMS: usize = 4096;
/// How many times a file may be compressed.
const LAYERS: usize = 4;

/// What went wrong with a file: the format it claims to be, and what is not sound in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound {
    /// The format, as a noun: `tar`, `gzip file`.
    pub format: &'static str,
    /// Where, and what is wrong.
    pub what: String,
}

/// The bytes of a file.
///
/// # Errors
/// It cannot be read, or is too large: a clause.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let show = |e: std::io::Error| format!("`{}` cannot be read: {e}", path.display());
    let file = std::fs::File::open(path).map_err(show)?;
    let too_large = || format!("`{}` has more than {LARGEST} bytes", path.display());
    // Asked before anything is read: two files that are too large must not fill the memory first.
    let size = file.metadata().map_err(show)?.len();
    if size > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(show)?;
    if bytes.len() as u64 > LARGEST { Err(too_large()) } else { Ok(bytes) }
}

pub(crate) struct Layer<'a> {
    pub(crate) compression: Compression,
    /// What the header of each of its streams says: one at least, which may say nothing.
    pub headers: Vec<Vec<Field>>,
    /// The compressed bytes, without the headers of gzip.
    pub packed: Cow<'a, [u8]>,
}

/// What is below all compression.
pub struct Peeled<'a> {
    /// From the outside in.
    pub layers: Vec<Layer<'a>>,
    pub(crate) bytes: Cow<'a, [u8]>,
}

/// Bytes of the frames before those of zstd that hold something else (RFC 8878, 3.1.2).
fn skippable(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some([0x50..=0x5f, 0x2a, 0x4d, 0x18, len @ ..]) =
        bytes.get(at..).and_then(|rest| rest.first_chunk::<8>())
    {
        at = at.saturating_add(8).saturating_add(u32::from_le_bytes(*len) as usize);
    }
    let behind = bytes.get(at..).unwrap_or_default();
    if Compression::of(behind) == Compression::Zstd { at } else { 0 }
}

/// Unpacks a file as often as it is compressed.
pub fn peel<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Peeled<'a>, Unsound> {
    let mut peeled = Peeled { layers: Vec::new(), bytes: Cow::Borrowed(bytes) };
    while peeled.layers.len() < LAYERS {
        let skipped = skippable(&peeled.bytes);
        let compression = Compression::of(&peeled.bytes[skipped..]);
        if compression == Compression::None {
            break;
        }
        let format = compression.row().name;
        let unsound = |what: String| Unsound { format, what };
        let mut content = Vec::new();
        let unpacked = Unpacked::new(&peeled.bytes[skipped..], compression, limits);
        let unpacked = unpacked.map_err(|e| unsound(e.to_string()))?;
        let read = unpacked.take(MOST + 1).read_to_end(&mut content);
        read.map_err(|e| unsound(e.to_string()))?;
        if content.len() as u64 > MOST {
            return Err(unsound(format!("it unpacks to more than {MOST} bytes")));
        }
        let headers = match compression {
            Compression::Gzip => {
                let all = headers_of(&peeled.bytes, limits).map_err(|e| unsound(e.to_string()))?;
                all.iter().map(|(header, at)| (*at..at + header.len, header.fields())).collect()
            }
            _ => {
                let frames = &peeled.bytes[..skipped];
                let value = format!("`{}`", printable(&frames[..skipped.min(SHOWN)]));
                let field = Field { name: "skippable frames", says: Says::Other, value };
                let fields = (skipped > 0).then_some(field).into_iter().collect();
                vec![(0..skipped, fields)]
            }
        };
        let (cuts, headers): (Vec<_>, _) = headers.into_iter().unzip();
        let packed = match (std::mem::replace(&mut peeled.bytes, Cow::Owned(content)), &cuts[..]) {
            (Cow::Borrowed(all), [one]) => Cow::Borrowed(&all[one.end..]),
            (all, cuts) => Cow::Owned(without(&all, cuts)),
        };
        peeled.layers.push(Layer { compression, headers, packed });
    }
    Ok(peeled)
}

/// The bytes without these ranges, which are in order.
fn without(all: &[u8], cuts: &[Range<usize>]) -> Vec<u8> {
    let ends = cuts.iter().map(|c| c.start).skip(1).chain([all.len()]);
    cuts.iter().zip(ends).flat_map(|(cut, end)| &all[cut.end..end]).copied().collect()
}

/// The headers of gzip streams in a row, and where each begins. Bytes after them that are no stream, such as
/// padding, belong to the last.
fn headers_of(bytes: &[u8], limits: &Limits) -> Result<Vec<(Header, usize)>, Malformed> {
    let header = |at: usize| Header::parse(&bytes[at..bytes.len().min(at + HEAD)]);
    let mut found = vec![(header(0)?, 0)];
    let mut at = 0;
    // Most files are one stream, and need not be unpacked again to find its end.
    let more = memchr::memmem::find(&bytes[found[0].0.len..], GZIP).is_some();
    while more && found.len() < STREAMS {
        let size = unpack::size_of_first(&mut &bytes[at..], Compression::Gzip, limits, u64::MAX);
        let Ok(Some((packed, _))) = size else { break };
        at += packed as usize;
        match header(at) {
            Ok(next) => found.push((next, at)),
            Err(_) => break,
        }
    }
    Ok(found)
}

/// Whether `repro normalize` has a normal form of such containers.
pub fn is_normalized(container: Container) -> bool {
    matches!(container, Container::Tar | Container::Zip | Container::Ar)
}

/// A member: what the archive says of it, and its content.
pub struct Part<'a> {
    /// What the archive says.
    pub said: Member,
    /// The content; none if it has none.
    pub bytes: Cow<'a, [u8]>,
    /// The content as it is compressed, where members are compressed one by one.
    pub packed: Option<&'a [u8]>,
    /// What it is in a container image, where its name is a digest.
    pub role: Option<String>,
}

/// A container and its members.
pub struct Opened<'a> {
    pub(crate) kind: Container,
    /// The members in their order.
    pub parts: Vec<Part<'a>>,
    /// What is said of the whole.
    pub fields: Vec<Field>,
    /// What is before the first member.
    pub prefix: &'a [u8],
    /// What is odd about it: a clause.
    pub odd: Option<String>,
}

/// Reads the members of a container.
type Reader<'a> = fn(&mut Opened<'a>, &'a [u8], &Limits) -> Result<(), String>;

/// The members of a container; `None` if it is none.
pub fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Option<Result<Opened<'a>, Unsound>> {
    let (kind, read): (Container, Reader<'a>) = match detect(bytes) {
        FileType::Ar => (Container::Ar, of_ar),
        FileType::Cpio => (Container::Cpio, of_cpio),
        FileType::Rpm => (Container::Rpm, of_rpm),
        FileType::FatMachO => (Container::Fat, of_fat),
        FileType::Zip => (Container::Zip, of_zip),
        FileType::Tar(Compression::None) => (Container::Tar, of_tar),
        _ if bytes.starts_with(ar::read::THIN) => (Container::Ar, of_ar),
        // Behind a script or a program: a tar may end in a zip as well.
        _ if zip::lenient::ends(bytes) => (Container::Zip, of_zip),
        _ => return None,
    };
    let mut opened = Opened { kind, parts: Vec::new(), fields: Vec::new(), prefix: &[], odd: None };
    let format = if kind == Container::Ar { "ar archive" } else { kind.name() };
    let read = read(&mut opened, bytes, limits).map_err(|what| Unsound { format, what });
    Some(read.map(|()| {
        assign_roles(&mut opened.parts);
        opened.note_names();
        opened
    }))
}

/// Tells each part of a container image what it is.
pub fn assign_roles(parts: &mut [Part]) {
    let roles = oci::roles(parts.iter().map(|p| (p.said.name.as_str(), &*p.bytes)));
    parts.iter_mut().for_each(|p| p.role = roles.get(&p.said.name).cloned());
}

impl<'a> Opened<'a> {
    fn add(&mut self, said: Member, bytes: impl Into<Cow<'a, [u8]>>) {
        self.parts.push(Part { said, bytes: bytes.into(), packed: None, role: None });
    }

    /// Names that come twice, or differ in letter case alone: not every system can unpack both.
    fn note_names(&mut self) {
        if matches!(self.kind, Container::Ar | Container::Fat | Container::Cpio) {
            return;
        }
        let folded = |p: &Part| p.said.name.to_lowercase();
        let mut names: Vec<(String, &str)> =
            self.parts.iter().map(|p| (folded(p), p.said.name.as_str())).collect();
        names.sort();
        let clash = names.windows(2).find(|w| w[0].0 == w[1].0);
        self.odd = clash.map(|w| match (w[0].1, w[1].1) {
            (a, b) if a == b => format!("`{a}` is in it twice"),
            (a, b) => format!("`{a}` and `{b}` differ in letter case only"),
        });
    }
}

/// Reads all of a content, as far as the caps allow.
fn all(content: impl Read, left: &mut u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let n = content.take(*left + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())? as u64;
    *left = left.checked_sub(n).ok_or(format!("its members have more than {MOST} bytes"))?;
    Ok(bytes)
}

fn of_zip<'a>(out: &mut Opened<'a>, bytes: &'a [u8], limits: &Limits) -> Result<(), String> {
    let (index, first) = zip::lenient::read_any(bytes, limits).map_err(|e| e.to_string())?;
    let mut left = MOST;
    out.prefix = &bytes[..first];
    out.fields.push(zip::list::comment(&index.comment));
    for entry in &index.entries {
        let said = zip::list::said(entry);
        let end = entry.data_at.saturating_add(entry.packed) as usize;
        let packed = bytes.get(entry.data_at as usize..end).unwrap_or_default();
        let content = match &entry.kind {
            zip::read::Kind::File if entry.unread().is_none() => {
                let content = entry.content(Cursor::new(bytes)).map_err(|e| e.to_string())?;
                Cow::Owned(all(content, &mut left)?)
            }
            // As it is packed: there is no more to be had.
            zip::read::Kind::File => Cow::Borrowed(packed),
            _ => Cow::Borrowed(&[][..]),
        };
        let method = zip::list::method(entry);
        let said = Member { packed: Some(method), ..said };
        out.parts.push(Part { said, bytes: content, packed: Some(packed), role: None });
    }
    Ok(())
}

fn of_ar<'a>(out: &mut Opened<'a>, bytes: &'a [u8], limits: &Limits) -> Result<(), String> {
    // The members of a thin archive are other files, of which it has the names.
    let thin = bytes.starts_with(ar::read::THIN);
    let magic = if thin { ar::read::THIN } else { ar::read::MAGIC };
    let entries = ar::read::read_as(magic, &mut Cursor::new(bytes), limits);
    for entry in &entries.map_err(|e| e.to_string())? {
        let mut said = ar::list::said(entry);
        let (from, size) = (entry.data_at as usize, entry.size as usize);
        let content = from.checked_add(size).and_then(|to| bytes.get(from..to));
        said.other.extend(thin.then(|| ("size".to_string(), said.size.to_string())));
        out.add(said, content.filter(|_| !thin).unwrap_or_default());
    }
    Ok(())
}

fn of_tar<'a>(out: &mut Opened<'a>, bytes: &'a [u8], limits: &Limits) -> Result<(), String> {
    use tar::read::Kind as Of;
    let mut walk = tar::read::Walk::lenient(bytes, limits);
    let mut left = MOST;
    let mut files: HashMap<Vec<u8>, &'a [u8]> = HashMap::new();
    while let Some(entry) = walk.next().map_err(|e| e.to_string())? {
        let said = tar::list::said(&entry);
        let (from, size) = (entry.data_at as usize, entry.size as usize);
        let content = match &entry.kind {
            Of::File | Of::Sparse | Of::Special(_) => {
                let content = from.checked_add(size).and_then(|to| bytes.get(from..to));
                content.ok_or(format!(
                    "at byte {from}, `{}`: the archive ends within its content",
                    said.name
                ))?
            }
            // What `tar` makes of it: another name of a file has its content.
            Of::Hardlink(target) => match files.get(target) {
                Some(content) if content.len() as u64 <= left => {
                    left -= content.len() as u64;
                    *content
                }
                _ => &[],
            },
            _ => &[],
        };
        if matches!(entry.kind, Of::File | Of::Hardlink(_)) {
            files.insert(entry.name.clone(), content);
        }
        let whole = match entry.kind {
            Of::Sparse => tar::sparse::unfolded(&entry, content, left),
            _ => None,
        };
        left -= whole.as_ref().map_or(0, |w| w.len() as u64);
        let content = whole.map_or(Cow::Borrowed(content), Cow::Owned);
        out.add(Member { size: content.len() as u64, ..said }, content);
    }
    Ok(())
}

fn of_cpio<'a>(out: &mut Opened<'a>, bytes: &'a [u8], limits: &Limits) -> Result<(), String> {
    for entry in cpio::read::read(bytes, limits).map_err(|e| e.to_string())? {
        out.add(entry.said, entry.content);
    }
    Ok(())
}

fn of_rpm<'a>(out: &mut Opened<'a>, bytes: &'a [u8], _: &Limits) -> Result<(), String> {
    let package = rpm::read::read(bytes).map_err(|e| e.to_string())?;
    out.fields = package.fields;
    let size = package.payload.len() as u64;
    let name = "payload".to_string();
    let said = Member { written: name.clone(), name, size, ..Member::default() };
    out.add(said, package.payload);
    Ok(())
}

fn of_fat<'a>(out: &mut Opened<'a>, bytes: &'a [u8], _: &Limits) -> Result<(), String> {
    for (name, content) in slices(bytes).map_err(|e| e.to_string())? {
        out.add(Member { name, ..Member::default() }, content);
    }
    Ok(())
}

fn slices(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, object::Error> {
    use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
    fn each<'a, F: FatArch>(
        arches: &[F],
        bytes: &'a [u8],
    ) -> Result<Vec<(String, &'a [u8])>, object::Error> {
        let mut list = Vec::new();
        for arch in arches.iter().take(64) {
            list.push((format!("{:?}", arch.architecture()).to_lowercase(), arch.data(bytes)?));
        }
        Ok(list)
    }
    match bytes.get(3) {
        Some(0xbf) => each(MachOFatFile64::parse(bytes)?.arches(), bytes),
        _ => each(MachOFatFile32::parse(bytes)?.arches(), bytes),
    }
}

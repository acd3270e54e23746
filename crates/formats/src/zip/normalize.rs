//! The normal form of a zip and of what is made of zips: order, times, modes and what packers leave
//! in extra fields. Compressed contents are copied as they are, once their CRCs were seen to hold.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};

use super::read::{self as reader, DEFLATED, Entry, Kind, STORED, Zip};
use super::record::{DESCRIPTOR, UTF8};
use super::write as zip;
use crate::compress::deflate;
use crate::error::{Error, ReadError};
use crate::names::{self, printable};
use crate::normalize::job::{Job, Outcome, Output, Times, Written, failed, has_extension};
use crate::normalize::named::Named;
use crate::normalize::nested;
use crate::policy::{self, SPECIAL};

/// Extensions of zips that are jars.
pub const JAR: &[&str] = &["jar", "war", "ear"];
/// Extensions of zips that are wheels.
pub const WHEEL: &[&str] = &["whl"];

/// Whether a field has the form that its identifier asks for.
type Shape = fn(&[u8]) -> bool;

/// Extra fields that say when, by whom or how a member was packed, and nothing of its content, and
/// what such a field looks like: APPNOTE.TXT 4.5 and Info-ZIP's list.
const DROPPED: &[(u16, Shape)] = &[
    // NTFS: times alone.
    (0x000a, |f| f.len() == 32 && f[4..8] == [1, 0, 24, 0]),
    // Unix: two times and the owner, without the target of a link or the number of a device.
    (0x000d, |f| f.len() == 12),
    // UT: up to three times.
    (0x5455, |f| [1, 5, 9, 13].contains(&f.len()) && f[0] < 8),
    // UX: two times, and the owner.
    (0x5855, |f| [8, 12].contains(&f.len())),
    // Ux: the owner.
    (0x7855, |f| [0, 4].contains(&f.len())),
    // ux: the owner, with the sizes of both numbers.
    (0x7875, |f| f.is_empty() || f.len() > 2 && f[0] == 1 && f.len() == owner_len(f)),
    // ASi Unix: mode and owner, without the target of a link.
    (0x756e, |f| f.len() == 14 && f[6..10] == [0; 4]),
    // Java: this is a jar.
    (0xcafe, |f| f.is_empty()),
];

/// Extra fields that are kept as they are: name and comment in UTF-8.
const KEPT: &[u16] = &[0x7075, 0x6375];

/// The length of a field of owners, by the sizes in it.
fn owner_len(field: &[u8]) -> usize {
    let group = 2 + usize::from(field[1]);
    group + 1 + usize::from(*field.get(group).unwrap_or(&0))
}

/// Members that come before or after all others in some formats, by how their names begin or end; all
/// others have rank 0.
const RANKS: &[(Match, i8, Option<&[&str]>)] = &[
    // OpenDocument and EPUB: the type is found at a fixed offset.
    (Match::Is("mimetype"), -3, None),
    // java.util.jar.JarInputStream finds the manifest only there, whatever the file is called: plugins
    // and bundles have names of their own.
    (Match::Is("META-INF/"), -2, None),
    (Match::Is("META-INF/MANIFEST.MF"), -1, None),
    // Binary distribution format of wheels: archivers are asked to put them at the end.
    (Match::DistInfo("RECORD"), 2, Some(WHEEL)),
    (Match::DistInfo(""), 1, Some(WHEEL)),
];

enum Match {
    Is(&'static str),
    /// In the directory of the wheel's metadata, with a name that ends so.
    DistInfo(&'static str),
}

/// Members that are signatures of the others, by their directory and the end of their name, in lower
/// case: jars and Android packages, Mozilla's and Microsoft's, wheels, documents, books.
const SIGNATURES: &[(&str, &[&str])] = &[
    ("meta-inf", &[".sf", ".rsa", ".dsa", ".ec", "cose.sig", "signatures.xml"]),
    (".dist-info", &["record.jws", "record.p7s"]),
    ("", &[".signature.p7s", "appxsignature.p7x"]),
    ("_xmlsignatures", &[""]),
    ("package/services/digital-signature", &[""]),
];

pub(crate) fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    let mut input = BufReader::with_capacity(128 << 10, job.input);
    let unsound = job.unsound("zip");
    let found = reader::read(&mut input, job.limits).map_err(unsound)?;
    if let Some(why) = keeps(&found) {
        return Ok(Outcome::LeftAlone(why));
    }
    for entry in &found.entries {
        let content = entry.content(&mut input).map_err(unsound)?;
        let read = io::copy(&mut { content }, &mut io::sink());
        read.map_err(|e| unsound(ReadError::from(e)))?;
    }
    // The digests of a wheel's files are in its RECORD.
    let opens = job.recursive && !has_extension(job.path, WHEEL);
    let mut named = Named::default();
    for entry in found.entries.iter().filter(|_| opens) {
        let content = entry.content(&mut input).map_err(unsound)?;
        named.add(&entry.written, content).map_err(failed)?;
    }
    let mut written = Written { notes: notes(&found, opens), ..Written::default() };
    let (engine, level) = deflate::CURRENT;
    let writer = zip::Writer::new(out, engine, level, 1);
    let mut writer = writer.map_err(Error::io("failed to start the compressor"))?;
    let sorted = sorted(&found, job);
    let moved = found.entries.iter().zip(&sorted).any(|(was, is)| was.name != is.name);
    written.field(None, "order of members", if moved { "as packed" } else { "by name" }, "by name");
    for entry in sorted {
        let member = member(entry, job.times);
        compare(&mut written, entry, &member);
        let inner = match opens && entry.kind == Kind::File {
            true => {
                let content = entry.content(&mut input).map_err(unsound)?;
                nested::rewrite(job, &entry.written, content, entry.size, &named, &mut written)?
            }
            false => None,
        };
        let done = match inner {
            // Readers of what is stored may look into it where it is, as Java's class loaders do.
            Some((mut file, size)) if entry.method == STORED => {
                let crc32 = crc(&mut file).map_err(failed)?;
                let packed = zip::Packed { method: STORED, crc32, packed: size, size };
                writer.packed(member, packed, &mut file)
            }
            Some((mut file, size)) => writer.member(member, size, &mut file),
            None => {
                input.seek(SeekFrom::Start(entry.data_at)).map_err(failed)?;
                let packed = zip::Packed {
                    method: entry.method,
                    crc32: entry.crc32,
                    packed: entry.packed,
                    size: entry.size,
                };
                writer.packed(member, packed, &mut input)
            }
        };
        done.map_err(failed)?;
    }
    writer.finish(&found.comment).map_err(failed)?;
    Ok(Outcome::Written(written))
}

/// The CRC-32 of a file, which is at its beginning before and afterwards.
fn crc(file: &mut File) -> io::Result<u32> {
    let mut reader = flate2::CrcReader::new(&mut *file);
    io::copy(&mut reader, &mut io::sink())?;
    let sum = reader.crc().sum();
    file.rewind()?;
    Ok(sum)
}

/// Why the file must stay as it is, if it must.
fn keeps(zip: &Zip) -> Option<String> {
    if zip.signing_block {
        return Some("it is signed (a signing block comes before its directory)".to_string());
    }
    if zip.entries.iter().any(|e| e.name == b"AndroidManifest.xml") {
        return Some("it is an Android package, whose members are aligned".to_string());
    }
    if zip.entries.iter().any(|e| e.name == b"AppxBlockMap.xml") {
        let why = "it is an app package of Windows, whose block map has the sizes of its headers";
        return Some(why.to_string());
    }
    zip.entries.iter().find_map(|entry| {
        let why = of_member(entry)?;
        Some(format!("its member `{}` {why}", printable(&entry.written)))
    })
}

/// The known flags: how hard the compressor tried, that sizes come later, and UTF-8.
const FLAGS: u16 = 0b110 | DESCRIPTOR | UTF8;
/// DOS attributes that say nothing: directory, archive; on Unix, that it is not writable.
const ATTRIBUTES: u32 = 0x30;
const READ_ONLY: u32 = 1;

/// Why a member cannot be written as it is, if it cannot.
fn of_member(entry: &Entry) -> Option<String> {
    let is_unix = matches!(entry.host, 3 | 19);
    let harmless = if is_unix { ATTRIBUTES | READ_ONLY } else { ATTRIBUTES };
    if is_signature(&entry.name) {
        return Some("is a signature of the others".to_string());
    }
    if entry.encrypted() {
        return Some("is encrypted".to_string());
    }
    if !matches!(entry.method, STORED | DEFLATED) {
        return Some(format!("is compressed by method {}, which is not supported", entry.method));
    }
    if entry.flags & !FLAGS != 0 {
        return Some(format!("has flags 0x{:04x}, and not all of them are known", entry.flags));
    }
    if entry.internal & !1 != 0 || entry.attributes & 0xffff & !harmless != 0 {
        return Some("has DOS attributes, which would be lost".to_string());
    }
    if !is_unix && entry.attributes >> 16 != 0 {
        let host = entry.host;
        return Some(format!("has a Unix mode, but was packed on system {host}, which has none"));
    }
    if !is_unix
        && entry.flags & UTF8 == 0
        && !(entry.written.is_ascii() && entry.comment.is_ascii())
    {
        return Some("has a name in an encoding that depends on the packer's system".to_string());
    }
    if entry.padding > 0 {
        return Some("is aligned, by zeros that would be lost".to_string());
    }
    let all = entry.extra.iter().chain(&entry.local_extra);
    let kept = |id: u16| KEPT.contains(&id) && of(&entry.extra, id) == of(&entry.local_extra, id);
    let mut lost = all.filter(|(id, field)| !is_dropped(*id, field) && !kept(*id));
    lost.next().map(|(id, _)| format!("has the extra field 0x{id:04x}, which would be lost"))
}

/// The values of an extra field.
fn of(extra: &[(u16, Vec<u8>)], id: u16) -> Vec<&[u8]> {
    extra.iter().filter(|(i, _)| *i == id).map(|(_, field)| &field[..]).collect()
}

/// Whether a member is a signature of the others.
pub fn is_signature(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let (dir, file) = name.rsplit_once('/').unwrap_or(("", &name));
    SIGNATURES.iter().any(|(of, ends)| {
        let here = dir == *of || of.starts_with('.') && dir.ends_with(of);
        here && ends.iter().any(|end| file.ends_with(end))
    })
}

fn is_dropped(id: u16, field: &[u8]) -> bool {
    DROPPED.iter().any(|(dropped, fits)| *dropped == id && fits(field))
}

/// What the user should know of the members.
fn notes(zip: &Zip, opens: bool) -> Vec<String> {
    let names = || zip.entries.iter().map(|e| &e.name[..]);
    let colliding = names::colliding(names()).map(|(a, b)| names::collision(&a, &b));
    let closed = if opens { None } else { nested::not_opened(names()) };
    colliding.into_iter().chain(closed).collect()
}

fn compare(written: &mut Written, entry: &Entry, member: &zip::Member) {
    let name = Some(&entry.written[..]);
    let octal = |mode: Option<u32>| mode.map_or("none".to_string(), |m| format!("{m:04o}"));
    written.field(name, "mode", octal(entry.mode), octal(Some(member.mode)));
    written.field(name, "mtime", super::list::date(entry.time), super::list::date(member.time));
    written.field(name, "system", entry.host, 3);
    for (id, _) in entry.local_extra.iter().filter(|(id, _)| !KEPT.contains(id)) {
        written.field(name, "extra field", format!("0x{id:04x}"), "none");
    }
}

/// In the order of the policy, but for what a format wants elsewhere.
fn sorted<'a>(zip: &'a Zip, job: &Job<'_>) -> Vec<&'a Entry> {
    let rank = |entry: &Entry| {
        let written = &entry.written;
        let fits = |m: &Match| match m {
            Match::Is(name) => written == name.as_bytes(),
            Match::DistInfo(end) => {
                let first = written.split(|b| *b == b'/').next();
                first.is_some_and(|d| d.ends_with(b".dist-info"))
                    && written.ends_with(end.as_bytes())
            }
        };
        let mut rows = RANKS.iter();
        let row = rows
            .find(|(m, _, of)| of.is_none_or(|named| has_extension(job.path, named)) && fits(m));
        row.map_or(0, |(_, rank, _)| *rank)
    };
    let mut entries: Vec<&Entry> = zip.entries.iter().collect();
    entries.sort_by_cached_key(|e| {
        let parts: Vec<Vec<u8>> = e.name.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
        (rank(e), parts)
    });
    entries
}

/// The headers of a member as the policy has them.
fn member(entry: &Entry, times: Times) -> zip::Member {
    let mode = match (entry.mode, &entry.kind) {
        (_, Kind::Symlink(_)) => policy::LINK_MODE,
        (Some(mode), _) if mode & SPECIAL != 0 => mode,
        (Some(mode), _) => policy::mode(mode),
        (None, kind) => policy::mode_of(*kind == Kind::Dir),
    };
    // Date before time: what the fields hold is ordered so.
    let order = |(time, date): (u16, u16)| (date, time);
    let kept = entry.extra.iter().filter(|(id, _)| KEPT.contains(id));
    let time = match times {
        Times::Clamp(latest) => {
            std::cmp::min_by_key(entry.time, zip::dos_time(latest), |t| order(*t))
        }
        Times::Set(time) => zip::dos_time(time),
    };
    zip::Member {
        name: entry.written.clone(),
        utf8: entry.flags & UTF8 != 0,
        kind: entry.kind.clone(),
        mode,
        time,
        extra: kept
            .flat_map(|(id, bytes)| {
                // They were read with lengths of two bytes.
                let len = (bytes.len() as u16).to_le_bytes();
                [&id.to_le_bytes()[..], &len, bytes].concat()
            })
            .collect(),
        comment: entry.comment.clone(),
    }
}

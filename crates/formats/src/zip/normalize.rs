//! The normal form of a zip and of what is made of zips: order, times, modes and what packers leave
//! in extra fields. Compressed contents are copied as they are, once their CRCs were seen to hold.

use std::io::{self, BufReader, Seek, SeekFrom};

use super::read::{self as reader, DEFLATED, Entry, Kind, STORED, Zip};
use super::record::UTF8;
use super::write as zip;
use crate::error::{Error, ReadError};
use crate::names::printable;
use crate::normalize::job::{Job, Outcome, Output, failed};
use crate::policy;

/// Extensions of zips that are jars.
pub const JAR: &[&str] = &["jar", "war", "ear"];
/// Extensions of zips that are wheels.
pub const WHEEL: &[&str] = &["whl"];

/// Extra fields that say when, by whom or how a member was packed, and nothing of its content:
/// APPNOTE.TXT 4.5 and Info-ZIP's list.
const DROPPED: &[(u16, &str)] = &[
    (0x000a, "NTFS: times"),
    (0x000d, "Unix: times, owner"),
    (0x5455, "UT: times"),
    (0x5855, "UX: times, owner"),
    (0x7855, "Ux: owner"),
    (0x7875, "ux: owner"),
    (0x756e, "ASi Unix: mode, owner"),
    (0xa11e, "padding"),
    (0xd935, "alignment"),
];

/// Members that stand before or behind all others in some formats, by what their names begin or end
/// with; all others have rank 0.
const RANKS: &[(Match, i8, Option<&[&str]>)] = &[
    // OpenDocument and EPUB: the type is found at a fixed offset.
    (Match::Is("mimetype"), -3, None),
    // java.util.jar.JarInputStream finds the manifest only there.
    (Match::Is("META-INF/"), -2, Some(JAR)),
    (Match::Is("META-INF/MANIFEST.MF"), -1, Some(JAR)),
    // Binary distribution format of wheels: archivers are asked to put them at the end.
    (Match::InDistInfo, 1, Some(WHEEL)),
];

enum Match {
    Is(&'static str),
    InDistInfo,
}

/// Members that are signatures of the others.
const SIGNATURES: &[&str] = &[".SF", ".RSA", ".DSA", ".EC", "RECORD.jws", "RECORD.p7s"];

/// Writes the normal form.
pub fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
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
    let writer = zip::Writer::new(out, 0, 1);
    let mut writer = writer.map_err(Error::io("failed to start the compressor"))?;
    for entry in sorted(&found, job) {
        input.seek(SeekFrom::Start(entry.data_at)).map_err(failed)?;
        let packed = zip::Packed {
            method: entry.method,
            crc32: entry.crc32,
            packed: entry.packed,
            size: entry.size,
        };
        let written = writer.packed(member(entry, job.epoch), packed, &mut input);
        written.map_err(failed)?;
    }
    writer.finish(&found.comment).map_err(failed)?;
    Ok(Outcome::Written)
}

/// Why the file must stay as it is, if it must.
fn keeps(zip: &Zip) -> Option<String> {
    if zip.signing_block {
        return Some("it is signed (a signing block stands before its directory)".to_string());
    }
    zip.entries.iter().find_map(|entry| {
        let why = if signature(&entry.name) {
            "is a signature of the others".to_string()
        } else if entry.encrypted() {
            "is encrypted".to_string()
        } else if !matches!(entry.method, STORED | DEFLATED) {
            format!("is packed by method {}, which is not read here", entry.method)
        } else {
            let lost = |id: &u16| !is_dropped(*id) && !entry.extra.iter().any(|(e, _)| e == id);
            let id = entry.local_extra.iter().map(|(id, _)| *id).find(lost)?;
            format!("has an extra field 0x{id:04x} that is not in the directory")
        };
        Some(format!("its member `{}` {why}", printable(&entry.written)))
    })
}

fn signature(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    match name.rsplit_once('/') {
        Some((dir, _)) if dir == "META-INF" || dir.ends_with(".dist-info") => {
            SIGNATURES.iter().any(|s| name.to_ascii_uppercase().ends_with(&s.to_ascii_uppercase()))
        }
        _ => false,
    }
}

fn is_dropped(id: u16) -> bool {
    DROPPED.iter().any(|(dropped, _)| *dropped == id)
}

/// In the order of the policy, but for what a format wants elsewhere.
fn sorted<'a>(zip: &'a Zip, job: &Job<'_>) -> Vec<&'a Entry> {
    let rank = |entry: &Entry| {
        let written = &entry.written;
        let fits = |m: &Match| match m {
            Match::Is(name) => written == name.as_bytes(),
            Match::InDistInfo => {
                let first = written.split(|b| *b == b'/').next();
                first.is_some_and(|d| d.ends_with(b".dist-info"))
            }
        };
        let mut rows = RANKS.iter();
        let row = rows.find(|(m, _, of)| of.is_none_or(|named| job.is_named(named)) && fits(m));
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
fn member(entry: &Entry, epoch: i64) -> zip::Member {
    let mode = match (entry.mode, &entry.kind) {
        (_, Kind::Symlink(_)) => policy::LINK_MODE,
        (Some(mode), _) => policy::mode(mode),
        (None, kind) => policy::mode_of(*kind == Kind::Dir),
    };
    // Date before time: what the fields hold is ordered so.
    let order = |(time, date): (u16, u16)| (date, time);
    let kept = entry.extra.iter().filter(|(id, _)| !is_dropped(*id));
    zip::Member {
        name: entry.written.clone(),
        utf8: entry.flags & UTF8 != 0,
        kind: entry.kind.clone(),
        mode,
        time: std::cmp::min_by_key(entry.time, zip::dos_time(epoch), |t| order(*t)),
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

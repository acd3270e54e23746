//! Sparse members, unfolded in memory: the maps of GNU tar's own format and of its three in PAX
//! (GNU tar's manual, "Storing Sparse Files"). Nothing is unpacked to disk from them.

use super::header::Piece;
use super::read::{BLOCK, Entry};

/// The content with its holes, where the map holds and it has no more than `most` bytes.
pub fn unfolded(entry: &Entry, content: &[u8], most: u64) -> Option<Vec<u8>> {
    let record = |key: &str| {
        let key = format!("GNU.sparse.{key}");
        let found = entry.records.iter().rfind(|(k, _)| k == key.as_bytes());
        found.and_then(|(_, v)| std::str::from_utf8(v).ok())
    };
    let value = |key: &str| record(key).and_then(|v| v.parse().ok());
    let pair = |p: &[u64]| Some((*p.first()?, *p.get(1)?));
    let (map, data): (Vec<Piece>, &[u8]) = match (record("major"), record("map")) {
        (Some("1"), _) => {
            let mut lines = content.split(|b| *b == b'\n');
            let mut read = 0;
            let mut next = || -> Option<u64> {
                let line = lines.next()?;
                read += line.len() + 1;
                std::str::from_utf8(line).ok()?.parse().ok()
            };
            let n = next()?.min(content.len() as u64);
            let map = (0..n).map(|_| Some((next()?, next()?))).collect::<Option<_>>()?;
            (map, content.get(read.next_multiple_of(BLOCK as usize)..)?)
        }
        (_, Some(text)) => {
            let all = text.split(',').map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>()?;
            (all.chunks(2).map(pair).collect::<Option<_>>()?, content)
        }
        (None, None) if record("offset").is_some() => {
            let of = |key: &'static [u8]| {
                let these = entry.records.iter().filter(move |(k, _)| k == key);
                these.map(|(_, v)| std::str::from_utf8(v).ok()?.parse::<u64>().ok())
            };
            let pieces = of(b"GNU.sparse.offset").zip(of(b"GNU.sparse.numbytes"));
            (pieces.map(|(at, len)| at.zip(len)).collect::<Option<_>>()?, content)
        }
        _ => (entry.map.clone(), content),
    };
    let size = value("realsize").or_else(|| value("size")).or(entry.real_size)?;
    let mut out = vec![0; usize::try_from(size.min(most)).ok().filter(|n| *n as u64 == size)?];
    let mut rest = data;
    for (at, len) in map {
        let (at, len) = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
        let (piece, behind) = rest.split_at_checked(len)?;
        out.get_mut(at..at.checked_add(len)?)?.copy_from_slice(piece);
        rest = behind;
    }
    Some(out)
}

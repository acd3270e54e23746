//! Zip as `unzip` lists it: after other bytes (a script, a program that unpacks itself), with gaps,
//! and with duplicate names. Only to compare: files that are unpacked or rewritten are read strictly.

use std::io::Cursor;

use super::end::END;
use super::read::{self, Zip, entry};
use super::record;
use crate::bytes::Fields;
use crate::error::ReadError;
use crate::limits::Limits;
use crate::names::Names;

/// The end record and the bytes before the zip that its offsets do not count.
///
/// | signature 0, 4 | entries 10, 2 | size of the directory 12, 4 | its offset 16, 4 | comment 20, 2 |
fn end(bytes: &[u8]) -> Option<(usize, usize)> {
    let from = bytes.len().saturating_sub(22 + usize::from(u16::MAX));
    let at = from + bytes[from..].windows(4).rposition(|w| w == END)?;
    let fields = Fields(&bytes[at..]);
    let directory = at.checked_sub(fields.u32(12) as usize)?;
    let uncounted = directory.checked_sub(fields.u32(16) as usize)?;
    let begins = bytes[directory..].starts_with(b"PK\x01\x02") || fields.u16(10) == 0;
    (begins && bytes.len() >= at + 22).then_some((at, uncounted))
}

/// Whether the bytes end as a zip does, whatever they begin with.
pub fn ends(bytes: &[u8]) -> bool {
    end(bytes).is_some_and(|(at, _)| {
        let fields = Fields(&bytes[at..]);
        fields.u16(10) > 0 && at + 22 + usize::from(fields.u16(20)) == bytes.len()
    })
}

/// Reads the index: the zip, and how many bytes are before its first member.
///
/// # Errors
/// It has no end record, or a record in it is malformed.
pub fn read_any(bytes: &[u8], limits: &Limits) -> Result<(Zip, usize), ReadError> {
    let strict = read::read(&mut Cursor::new(bytes), limits);
    let (Err(_), Some((at, uncounted))) = (&strict, end(bytes)) else {
        return strict.map(|zip| (zip, 0));
    };
    let fields = Fields(&bytes[at..]);
    let (count, size) = (usize::from(fields.u16(10)), fields.u32(12) as usize);
    limits.check_entries(count as u64, at as u64)?;
    let mut directory = &bytes[at - size..at];
    let mut entries = Vec::new();
    let mut total = 0_u64;
    for _ in 0..count {
        let record_at = (at - directory.len()) as u64;
        let (mut central, _) = record::central(&mut directory, record_at)?;
        central.header_at = central.header_at.saturating_add(uncounted as u64);
        total = total.saturating_add(central.size);
        let local = record::Local::read(&mut Cursor::new(bytes), &central)?;
        // Each by itself: a name may come twice.
        let mut names = Names::default();
        entries.push(entry(&mut Cursor::new(bytes), central, local, &mut names)?);
    }
    limits.check_bytes(total, bytes.len() as u64, at as u64)?;
    let first = entries.iter().map(|e| e.header_at as usize).min().unwrap_or(at - size);
    let comment = bytes[at + 22..].to_vec();
    Ok((Zip { entries, comment, signing_block: false }, first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A zip of one stored member `f` with the content `x`.
    fn zip() -> Vec<u8> {
        let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = ::zip::write::SimpleFileOptions::default()
            .compression_method(::zip::CompressionMethod::Stored);
        zip.start_file("f", stored).unwrap();
        zip.write_all(b"x").unwrap();
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_before_a_zip_does_not_hide_it() {
        let plain = zip();
        let prefixed = [b"#!/bin/sh\n", &plain[..]].concat();
        for (bytes, before) in [(&plain, 0), (&prefixed, 10)] {
            assert!(ends(bytes));
            let (zip, prefix) = read_any(bytes, &Limits::default()).unwrap();
            assert_eq!((zip.entries.len(), prefix), (1, before));
            assert_eq!(zip.entries[0].name, b"f");
        }
        assert!(read::read(&mut Cursor::new(&prefixed), &Limits::default()).is_err());
        assert!(!ends(b"PK\x05\x06") && !ends(b"plain text"));
    }
}

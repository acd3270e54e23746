//! The records at the end of a zip, which say where its directory is.

use std::io::{self, Read, Seek, SeekFrom};

use crate::bytes::Fields;
use crate::error::{Malformed, ReadError};

pub(super) const END: &[u8; 4] = b"PK\x05\x06";
const END64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR: &[u8; 4] = b"PK\x06\x07";

/// Bytes of the end record without its comment, of the one of zip64, and of its locator.
const END_LEN: u64 = 22;
const END64_LEN: u64 = 56;
const LOCATOR_LEN: u64 = 20;

/// What the records say, checked.
pub(super) struct End {
    /// Offset of the first of them.
    pub(super) at: u64,
    pub(super) entries: u64,
    pub(super) directory_at: u64,
    pub(super) directory_size: u64,
    pub(super) comment: Vec<u8>,
    /// Whether all of it is on one disk.
    one_disk: bool,
}

/// Whether a directory with members, and its end record, are the last thing in a file. Where the
/// offsets count from does not matter.
pub(super) fn is_there<R: Read + Seek>(input: &mut R) -> io::Result<bool> {
    let len = input.seek(SeekFrom::End(0))?;
    let (tail_at, tail, positions) = tail(input, len)?;
    for i in positions {
        let fields = Fields(&tail[i..]);
        let (at, size) = (tail_at + i as u64, u64::from(fields.u32(12)));
        // With the end record of zip64 between them, the directory is a little further up.
        for records in [0, END64_LEN + LOCATOR_LEN] {
            let Some(directory_at) = at.checked_sub(size + records) else { continue };
            let mut magic = [0; 4];
            input.seek(SeekFrom::Start(directory_at))?;
            if size > 0 && input.read_exact(&mut magic).is_ok() && magic == *b"PK\x01\x02" {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The part of a file of `len` bytes that can hold an end record: where it begins, its bytes, and where in
/// them such a record may begin.
fn tail<R: Read + Seek>(input: &mut R, len: u64) -> io::Result<(u64, Vec<u8>, Vec<usize>)> {
    let at = len - len.min(END_LEN + u64::from(u16::MAX));
    let mut tail = Vec::new();
    input.seek(SeekFrom::Start(at))?;
    input.read_to_end(&mut tail)?;
    let positions = (0..tail.len()).filter(|i| tail[*i..].starts_with(END)).collect();
    Ok((at, tail, positions))
}

/// Finds the records of a file of `len` bytes; the directory must end where they begin.
pub(super) fn find<R: Read + Seek>(input: &mut R, len: u64) -> Result<End, ReadError> {
    let (tail_at, tail, positions) = tail(input, len)?;
    // The comment reaches to the end of the file. Of several such records, readers take different ones, and
    // see different archives.
    let fits = |i: &&usize| {
        let comment = usize::from(Fields(&tail[**i..]).u16(20));
        **i + END_LEN as usize + comment == tail.len()
    };
    let mut fitting = positions.iter().filter(fits);
    let Some(&i) = fitting.next() else {
        return Err(match positions.is_empty() {
            true => Malformed::at(len, "it has no end record: it is cut off, or not a zip").into(),
            false => {
                let what = "data follows the end of the archive, or its comment is cut off";
                Malformed::at(len, what).elsewhere().into()
            }
        });
    };
    let at = tail_at + i as u64;
    // Readers that accept a truncated comment take a later record.
    if fitting.next().is_some() || positions.last() != Some(&i) {
        return Err(Malformed::at(at, "it has more than one end record").elsewhere().into());
    }
    // | signature 0, 4 | disk 4, 2 | directory's disk 6, 2 | entries here 8, 2 | entries 10, 2 |
    // | size of the directory 12, 4 | its offset 16, 4 | size of the comment 20, 2 |
    let fields = Fields(&tail[i..]);
    let (here, entries) = (fields.u16(8), fields.u16(10));
    let mut end = End {
        one_disk: (fields.u16(4), fields.u16(6)) == (0, 0) && here == entries,
        at,
        entries: entries.into(),
        directory_size: fields.u32(12).into(),
        directory_at: fields.u32(16).into(),
        comment: tail[i + END_LEN as usize..].to_vec(),
    };
    if let Some(full) = end64(input, at)? {
        let agree = |small: u64, full: u64, unknown: u64| small == unknown || small == full;
        if !agree(end.entries, full.entries, u16::MAX.into())
            || !agree(end.directory_size, full.directory_size, u32::MAX.into())
            || !agree(end.directory_at, full.directory_at, u32::MAX.into())
        {
            return Err(Malformed::at(at, "its two end records disagree").into());
        }
        end = End { comment: end.comment, ..full };
    }
    if !end.one_disk {
        return Err(Malformed::at(end.at, "it is one of several disks").into());
    }
    if end.directory_at.checked_add(end.directory_size) != Some(end.at) {
        let what = "its directory does not end where the end record begins";
        return Err(Malformed::at(end.at, what).elsewhere().into());
    }
    // A record has 46 bytes at least.
    if end.entries > end.directory_size / 46 {
        return Err(Malformed::at(end.at, "its directory is too short for its members").into());
    }
    Ok(end)
}

/// The end record of zip64, if there is one before the end record at `at`.
fn end64<R: Read + Seek>(input: &mut R, at: u64) -> Result<Option<End>, ReadError> {
    let Some(locator_at) = at.checked_sub(LOCATOR_LEN) else { return Ok(None) };
    // | signature 0, 4 | disk of the record 4, 4 | its offset 8, 8 | number of disks 16, 4 |
    let mut locator = [0; LOCATOR_LEN as usize];
    input.seek(SeekFrom::Start(locator_at))?;
    input.read_exact(&mut locator)?;
    if !locator.starts_with(LOCATOR) {
        return Ok(None);
    }
    let fields = Fields(&locator);
    let record_at = fields.u64(8);
    let bad = |what: &str| ReadError::from(Malformed::at(record_at, what));
    let within = record_at.checked_add(END64_LEN).is_some_and(|e| e <= locator_at);
    if !within {
        return Err(bad("its zip64 end record is not before its locator"));
    }
    // | signature 0, 4 | size of what follows 4, 8 | version made by 12, 2 | needed 14, 2 | disk 16, 4 |
    // | directory's disk 20, 4 | entries here 24, 8 | entries 32, 8 | size 40, 8 | offset 48, 8 |
    let mut record = [0; END64_LEN as usize];
    input.seek(SeekFrom::Start(record_at))?;
    input.read_exact(&mut record)?;
    let disks = fields.u32(16);
    let fields = Fields(&record);
    if !record.starts_with(END64) {
        return Err(bad("its zip64 end record is not there"));
    }
    if fields.u64(4).checked_add(12 + record_at) != Some(locator_at) {
        return Err(bad("its zip64 end record does not end at its locator"));
    }
    let one_disk = disks <= 1
        && fields.u32(16) == 0
        && fields.u32(20) == 0
        && fields.u64(24) == fields.u64(32);
    Ok(Some(End {
        at: record_at,
        entries: fields.u64(32),
        directory_size: fields.u64(40),
        directory_at: fields.u64(48),
        comment: Vec::new(),
        one_disk,
    }))
}

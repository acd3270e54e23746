//! A PE file without its code signature.

use std::io::Cursor;

use super::headers::directories::CERTIFICATES;
use super::headers::{CHECKSUM, Headers};
use crate::bytes;

/// The bytes without the signature, with zeros where signing writes, and whether there was one; `None`
/// if it is no such file, or the signature is not the last thing in it.
pub fn cut(mut file: Vec<u8>) -> Option<(Vec<u8>, bool)> {
    let headers = Headers::read(&mut Cursor::new(&file)).ok()?;
    let signature = headers.directory(CERTIFICATES).filter(|d| d.start != 0);
    if let Some(found) = signature {
        let (at, entry) = (found.start as usize, found.entry_at as usize);
        let ends_there = at.checked_add(found.size as usize)? == file.len();
        let behind = ends_there && u64::from(found.start) >= headers.end();
        (behind && are_certificates(&file[at..])).then(|| file.truncate(at))?;
        file[entry..entry + 8].fill(0);
    }
    let checksum = headers.at as usize + CHECKSUM;
    file[checksum..checksum + 4].fill(0);
    // Signatures begin at a multiple of 8, with zeros before them.
    file.resize(file.len().next_multiple_of(8), 0);
    Some((file, signature.is_some()))
}

/// Whether the bytes are signatures and nothing else.
fn are_certificates(mut table: &[u8]) -> bool {
    while !table.is_empty() {
        let Some(rest) = behind_certificate(table) else { return false };
        table = rest;
    }
    true
}

/// What follows the signature that the bytes begin with,
/// `size 0, 4 | revision 4, 2 | type 6, 2 | SignedData of PKCS #7 8`, padded to a multiple of 8.
fn behind_certificate(table: &[u8]) -> Option<&[u8]> {
    const REVISIONS: [u16; 2] = [0x100, 0x200];
    const PKCS_SIGNED_DATA: u16 = 2;
    let zeros = |bytes: &[u8]| bytes.len() < 8 && bytes.iter().all(|b| *b == 0);
    let (revision, kind) = (bytes::u16_at(table, 4)?, bytes::u16_at(table, 6)?);
    let size = bytes::u32_at(table, 0)? as usize;
    let (one, rest) = table.split_at_checked(size)?;
    let padding = size.next_multiple_of(8) - size;
    let (padding, rest) = rest.split_at_checked(padding.min(rest.len()))?;
    let behind = behind_sequence(one.get(8..)?)?;
    let fits = REVISIONS.contains(&revision) && kind == PKCS_SIGNED_DATA;
    (fits && zeros(padding) && zeros(behind)).then_some(rest)
}

/// What follows the SEQUENCE, in DER, that the bytes begin with.
fn behind_sequence(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match *first {
        len @ 0..=0x7f => (usize::from(len), rest),
        count => {
            let (digits, rest) = rest.split_at_checked(usize::from(count & 0x7f))?;
            let digit = |len: usize, b: &u8| Some(len.checked_mul(256)? + usize::from(*b));
            (digits.iter().try_fold(0, digit)?, rest)
        }
    };
    (*tag == 0x30).then(|| rest.get(len..)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(file: &mut [u8], at: usize, value: u32) {
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// A PE32+ file of `len` bytes.
    fn pe(len: usize) -> Vec<u8> {
        let mut file = vec![7; len];
        file[..2].copy_from_slice(b"MZ");
        put(&mut file, 0x3c, 0x40);
        file[0x40..0x44].copy_from_slice(b"PE\0\0");
        // No section, and an optional header of 240 bytes: PE32+.
        file[0x46..0x48].fill(0);
        file[0x54..0x56].copy_from_slice(&[240, 0]);
        file[0x58..0x5a].copy_from_slice(&[0x0b, 2]);
        put(&mut file, 0x58 + 64, 0);
        put(&mut file, 0x58 + 108, 16);
        file[0x58 + 112..0x58 + 240].fill(0);
        file
    }

    fn signed_pe(mut file: Vec<u8>) -> Vec<u8> {
        file.resize(file.len().next_multiple_of(8), 0);
        let at = file.len() as u32;
        put(&mut file, 0x58 + 112 + 32, at);
        put(&mut file, 0x58 + 112 + 36, 24);
        put(&mut file, 0x58 + 64, 0xabcd);
        file.extend(b"\x18\0\0\0\0\x02\x02\0\x30\x0d1234567890123\0");
        file
    }

    #[test]
    fn a_signed_pe_file_is_the_unsigned_one_again() {
        let plain = cut(pe(501)).unwrap();
        let signed = cut(signed_pe(pe(501))).unwrap();
        assert_eq!(plain.0, signed.0);
        assert_eq!((plain.1, signed.1), (false, true));
        assert_eq!(cut(b"\x7fELF".to_vec()), None);
        let mut other = signed_pe(pe(501));
        other[400] ^= 1;
        assert_ne!(cut(other).unwrap().0, plain.0);
        // Data behind the signature is not part of it, and what is none is no signature.
        let mut more = signed_pe(pe(501));
        more.push(0);
        assert_eq!(cut(more), None);
        let at = signed_pe(pe(501)).len() - 24;
        for (offset, byte) in [(0, 0x10), (4, 1), (6, 1), (8, 4), (9, 0x0c), (9, 0x0f), (23, 1)] {
            let mut none = signed_pe(pe(501));
            none[at + offset] = byte;
            assert_eq!(cut(none), None, "{offset}");
        }
    }
}

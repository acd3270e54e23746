//! A 64-bit Mach-O file without its code signature (`loader.h`): ncmds at 16, sizeofcmds at 20, load
//! commands from 32 on, each with its number and size first; LC_SEGMENT_64 has vmsize at 32 and
//! filesize at 48, LC_CODE_SIGNATURE dataoff at 8 and datasize at 12.

use crate::bytes;

const MACHO_64: u32 = 0xfeed_facf;
const SEGMENT_64: u32 = 0x19;
const CODE_SIGNATURE: u32 = 0x1d;
/// CSMAGIC_EMBEDDED_SIGNATURE.
const EMBEDDED: u32 = 0xfade_0cc0;

/// The bytes without the signature, with zeros where signing writes, and whether there was one; `None`
/// if it is no such file, or the signature is not the last thing in it.
pub fn cut(mut file: Vec<u8>) -> Option<(Vec<u8>, bool)> {
    if bytes::u32_at(&file, 0)? != MACHO_64 {
        return None;
    }
    let count = bytes::u32_at(&file, 16)?;
    let size = bytes::u32_at(&file, 20)? as usize;
    let end = 32usize.checked_add(size)?;
    file.get(..end)?;
    let (mut at, mut signature) = (32, None);
    for _ in 0..count {
        let command = bytes::u32_at(&file, at)?;
        let len = bytes::u32_at(&file, at + 4)? as usize;
        let next = at.checked_add(len).filter(|n| len >= 8 && *n <= end)?;
        match command {
            SEGMENT_64 if len >= 56 && file[at + 8..at + 24].starts_with(b"__LINKEDIT\0") => {
                // It reaches to the end of the file, signature and all.
                file[at + 32..at + 40].fill(0);
                file[at + 48..at + 56].fill(0);
            }
            CODE_SIGNATURE if len != 16 || signature.is_some() => return None,
            CODE_SIGNATURE => signature = Some((at, len)),
            _ => {}
        }
        at = next;
    }
    if let Some((at, len)) = signature {
        let data = bytes::u32_at(&file, at + 8)? as usize;
        let data_len = bytes::u32_at(&file, at + 12)? as usize;
        let ends_there = data.checked_add(data_len)? == file.len() && data >= end;
        (ends_there && is_signature(&file[data..])).then(|| file.truncate(data))?;
        file.copy_within(at + len..end, at);
        file[end - len..end].fill(0);
        file[16..20].copy_from_slice(&(count - 1).to_le_bytes());
        file[20..24].copy_from_slice(&((size - len) as u32).to_le_bytes());
    }
    // Signatures begin at a multiple of 16, with zeros before them.
    file.resize(file.len().next_multiple_of(16), 0);
    Some((file, signature.is_some()))
}

/// Whether the bytes are one signature and nothing else (`cs_blobs.h`, big-endian): its magic and size, then
/// zeros, since more room was reserved than was needed.
fn is_signature(data: &[u8]) -> bool {
    let size = data.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    let behind = size.filter(|size| *size >= 12).and_then(|size| data.get(size as usize..));
    data.starts_with(&EMBEDDED.to_be_bytes())
        && behind.is_some_and(|rest| rest.iter().all(|b| *b == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(file: &mut [u8], at: usize, value: u32) {
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// A Mach-O file with a `__LINKEDIT`, and a signature if `signed`.
    fn macho(signed: bool) -> Vec<u8> {
        let mut file = vec![0; 300];
        file[200..].fill(5);
        put(&mut file, 0, MACHO_64);
        put(&mut file, 16, 1);
        put(&mut file, 20, 72);
        put(&mut file, 32, SEGMENT_64);
        put(&mut file, 36, 72);
        file[40..50].copy_from_slice(b"__LINKEDIT");
        put(&mut file, 64, 0x4000);
        put(&mut file, 80, 100);
        if signed {
            file.resize(304, 0);
            put(&mut file, 16, 2);
            put(&mut file, 20, 88);
            put(&mut file, 104, CODE_SIGNATURE);
            put(&mut file, 108, 16);
            put(&mut file, 112, 304);
            put(&mut file, 116, 40);
            put(&mut file, 80, 144);
            file.extend(b"\xfa\xde\x0c\xc0\0\0\0\x20");
            file.extend([9; 24]);
            file.extend([0; 8]);
        }
        file
    }

    #[test]
    fn a_signed_macho_file_is_the_unsigned_one_again() {
        let (plain, signed) = (macho(false), macho(true));
        let (plain, signed) = (cut(plain).unwrap(), cut(signed).unwrap());
        assert_eq!(plain.0, signed.0);
        assert_eq!((plain.1, signed.1), (false, true));
        assert_eq!(cut(b"\x7fELF".to_vec()), None);
        // What is no signature, or more than one, is not cut off.
        for (offset, byte) in [(0, 0), (7, 0x29), (7, 8), (39, 1)] {
            let mut none = macho(true);
            none[304 + offset] = byte;
            assert_eq!(cut(none), None, "{offset}");
        }
    }
}

//! PE and Mach-O files without their code signature: what was signed, and what signing changed in it.
//! Signing is what a publisher does after the build, with a key that no rebuilder has.
//!
//! PE (Microsoft's "PE Format"), offsets from the optional header, which begins 24 bytes behind the
//! `PE\0\0` that offset 0x3c of the file points to:
//!
//! | field | PE32 | PE32+ |
//! | --- | --- | --- |
//! | CheckSum | 64 | 64 |
//! | NumberOfRvaAndSizes | 92 | 108 |
//! | data directories, 8 bytes each; the certificates' is the fifth | 96 | 112 |
//!
//! Mach-O 64 (`loader.h`): ncmds at 16, sizeofcmds at 20, load commands from 32 on, each with its number
//! and size first; LC_SEGMENT_64 has vmsize at 32 and filesize at 48, LC_CODE_SIGNATURE dataoff at 8 and
//! datasize at 12.

use super::bytes::Fields;

/// A file without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// The bytes, with zeros where signing writes.
    pub bytes: Vec<u8>,
    /// Whether there was a signature.
    pub signed: bool,
}

const CERTIFICATES: usize = 4;
const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
const MACHO_64: u32 = 0xfeed_facf;
const SEGMENT_64: u32 = 0x19;
const CODE_SIGNATURE: u32 = 0x1d;

/// The file without its signature; `None` if it is neither PE nor 64-bit Mach-O, or the signature is
/// not the last thing in it.
pub fn without(file: Vec<u8>) -> Option<Unsigned> {
    if file.starts_with(b"MZ") { of_pe(file) } else { of_macho(file) }
}

fn u32_at(file: &[u8], at: usize) -> Option<u32> {
    let field = file.get(at..at.checked_add(4)?)?;
    Some(Fields(field).u32(0))
}

fn u16_at(file: &[u8], at: usize) -> Option<u16> {
    let field = file.get(at..at.checked_add(2)?)?;
    Some(Fields(field).u16(0))
}

fn of_pe(mut file: Vec<u8>) -> Option<Unsigned> {
    let pe = u32_at(&file, 0x3c)? as usize;
    if file.get(pe..pe.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let optional = pe.checked_add(24)?;
    let (count, directories) = match u16_at(&file, optional)? {
        PE32 => (optional + 92, optional + 96),
        PE32_PLUS => (optional + 108, optional + 112),
        _ => return None,
    };
    let checksum = optional + 64;
    file.get(checksum..checksum + 4)?;
    let mut signed = false;
    if u32_at(&file, count)? as usize > CERTIFICATES {
        let entry = directories + CERTIFICATES * 8;
        let at = u32_at(&file, entry)? as usize;
        let size = u32_at(&file, entry + 4)? as usize;
        signed = at != 0;
        if signed {
            let ends_there = at.checked_add(size)? == file.len() && at >= entry + 8;
            ends_there.then(|| file.truncate(at))?;
            file[entry..entry + 8].fill(0);
        }
    }
    file[checksum..checksum + 4].fill(0);
    pad(&mut file, 8);
    Some(Unsigned { bytes: file, signed })
}

fn of_macho(mut file: Vec<u8>) -> Option<Unsigned> {
    if u32_at(&file, 0)? != MACHO_64 {
        return None;
    }
    let count = u32_at(&file, 16)?;
    let size = u32_at(&file, 20)? as usize;
    let end = 32usize.checked_add(size)?;
    file.get(..end)?;
    let (mut at, mut signature) = (32, None);
    for _ in 0..count {
        let command = u32_at(&file, at)?;
        let len = u32_at(&file, at + 4)? as usize;
        let next = at.checked_add(len).filter(|n| len >= 8 && *n <= end)?;
        match command {
            SEGMENT_64 if len >= 56 && file[at + 8..at + 24].starts_with(b"__LINKEDIT\0") => {
                // It reaches to the end of the file, signature and all.
                file[at + 32..at + 40].fill(0);
                file[at + 48..at + 56].fill(0);
            }
            CODE_SIGNATURE if len < 16 || signature.is_some() => return None,
            CODE_SIGNATURE => signature = Some((at, len)),
            _ => {}
        }
        at = next;
    }
    if let Some((at, len)) = signature {
        let data = u32_at(&file, at + 8)? as usize;
        let data_len = u32_at(&file, at + 12)? as usize;
        let ends_there = data.checked_add(data_len)? == file.len() && data >= end;
        ends_there.then(|| file.truncate(data))?;
        file.copy_within(at + len..end, at);
        file[end - len..end].fill(0);
        file[16..20].copy_from_slice(&(count - 1).to_le_bytes());
        file[20..24].copy_from_slice(&((size - len) as u32).to_le_bytes());
    }
    pad(&mut file, 16);
    Some(Unsigned { bytes: file, signed: signature.is_some() })
}

/// Signatures begin at a multiple, with zeros before them.
fn pad(file: &mut Vec<u8>, multiple: usize) {
    file.resize(file.len().next_multiple_of(multiple), 0);
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
        file[0x58..0x5a].copy_from_slice(&PE32_PLUS.to_le_bytes());
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
        file.extend([9; 24]);
        file
    }

    #[test]
    fn a_signed_pe_file_is_the_unsigned_one_again() {
        let plain = without(pe(501)).unwrap();
        let signed = without(signed_pe(pe(501))).unwrap();
        assert_eq!(plain.bytes, signed.bytes);
        assert_eq!((plain.signed, signed.signed), (false, true));
        let mut other = signed_pe(pe(501));
        other[400] ^= 1;
        assert_ne!(without(other).unwrap().bytes, plain.bytes);
        // Data behind the signature is not part of it.
        let mut more = signed_pe(pe(501));
        more.push(0);
        assert_eq!(without(more), None);
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
            file.extend([9; 40]);
        }
        file
    }

    #[test]
    fn a_signed_macho_file_is_the_unsigned_one_again() {
        let (plain, signed) = (macho(false), macho(true));
        let (plain, signed) = (without(plain).unwrap(), without(signed).unwrap());
        assert_eq!(plain.bytes, signed.bytes);
        assert_eq!((plain.signed, signed.signed), (false, true));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for whole in [signed_pe(pe(501)), macho(true)] {
            for len in 0..whole.len() {
                let _ = without(whole[..len].to_vec());
            }
            for at in 0..whole.len().min(360) {
                let mut broken = whole.clone();
                broken[at] = 0xff;
                let _ = without(broken);
            }
        }
        assert_eq!(without(b"\x7fELF".to_vec()), None);
    }
}

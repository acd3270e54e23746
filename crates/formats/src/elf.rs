//! The part of ELF that shows how a program is linked. Every field is read within bounds or not at
//! all.

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// It names an interpreter: the dynamic loader, which heeds `LD_PRELOAD`.
    Dynamic,
    /// It names none and runs by itself. Also what a shared library looks like.
    Static,
    /// Not an ELF executable, or its program headers are malformed or not within the bytes.
    NotElf,
}

const ET_EXEC: u64 = 2;
const ET_DYN: u64 = 3;
const PT_INTERP: u64 = 3;

/// Tells how the ELF executable in `bytes` is linked. Its beginning will do, as linkers put the
/// program headers right behind the header; tools that move them need the whole file.
pub fn linking_of(bytes: &[u8]) -> Linking {
    match has_interpreter(bytes) {
        Some(true) => Linking::Dynamic,
        Some(false) => Linking::Static,
        None => Linking::NotElf,
    }
}

// Offset and size in bytes of what is read here, by class:
//
// | field                        | 32-bit | 64-bit |
// | ---------------------------- | ------ | ------ |
// | e_ident magic 7f 45 4c 46    |   0, 4 |   0, 4 |
// | e_ident class (1: 32, 2: 64) |   4, 1 |   4, 1 |
// | e_ident data (1: LE, 2: BE)  |   5, 1 |   5, 1 |
// | e_type                       |  16, 2 |  16, 2 |
// | e_phoff                      |  28, 4 |  32, 8 |
// | e_phentsize                  |  42, 2 |  54, 2 |
// | e_phnum                      |  44, 2 |  56, 2 |
// | p_type, in a program header  |   0, 4 |   0, 4 |
//
// A program header has 32 or 56 bytes; e_phentsize says how far the next one is.

/// `None` where the bytes are not those of an executable, or end before its program headers do.
fn has_interpreter(bytes: &[u8]) -> Option<bool> {
    if !bytes.starts_with(b"\x7fELF") {
        return None;
    }
    let wide = match bytes.get(4)? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let little = match bytes.get(5)? {
        1 => true,
        2 => false,
        _ => return None,
    };
    let field = |at, size| number(bytes, at, size, little);
    if !matches!(field(16, 2)?, ET_EXEC | ET_DYN) {
        return None;
    }
    let (table, step, count, least) = if wide {
        (field(32, 8)?, field(54, 2)?, field(56, 2)?, 56)
    } else {
        (field(28, 4)?, field(42, 2)?, field(44, 2)?, 32)
    };
    // An executable has program headers; 0xffff stands for a number kept elsewhere.
    if step < least || count == 0 || count == 0xffff {
        return None;
    }
    let mut found = false;
    for i in 0..count {
        let at = table.checked_add(i * step)?;
        let end = at.checked_add(least)?;
        if end > bytes.len() as u64 {
            return None;
        }
        found |= field(usize::try_from(at).ok()?, 4)? == PT_INTERP;
    }
    Some(found)
}

/// The unsigned number of `size` (at most 8) bytes at `at`; `None` where the bytes end before.
fn number(bytes: &[u8], at: usize, size: usize, little: bool) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(size)?)?;
    let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    Some(if little { field.iter().rev().fold(0, join) } else { field.iter().fold(0, join) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executable with two program headers of these types, the table at `table`.
    fn crafted(wide: bool, little: bool, types: [u64; 2], table: u64) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 2 * 56];
        let mut put = |at: usize, size: usize, value: u64| {
            let (le, be) = (value.to_le_bytes(), value.to_be_bytes());
            let field = if little { &le[..size] } else { &be[8 - size..] };
            bytes[at..at + size].copy_from_slice(field);
        };
        put(16, 2, ET_DYN);
        let step = if wide { 56 } else { 32 };
        if wide {
            put(32, 8, table);
            put(54, 2, step);
            put(56, 2, 2);
        } else {
            put(28, 4, table);
            put(42, 2, step);
            put(44, 2, 2);
        }
        put(64, 4, types[0]);
        put(64 + step as usize, 4, types[1]);
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4] = if wide { 2 } else { 1 };
        bytes[5] = if little { 1 } else { 2 };
        bytes
    }

    #[test]
    fn reads_both_classes_and_both_byte_orders() {
        for (wide, little) in [(false, false), (false, true), (true, false), (true, true)] {
            let dynamic = crafted(wide, little, [1, PT_INTERP], 64);
            assert_eq!(linking_of(&dynamic), Linking::Dynamic);
            let fixed = crafted(wide, little, [1, 2], 64);
            assert_eq!(linking_of(&fixed), Linking::Static);
        }
    }

    #[test]
    fn hostile_bytes_are_no_executable_and_do_not_panic() {
        let good = crafted(true, true, [1, PT_INTERP], 64);
        for end in 0..good.len() {
            assert_eq!(linking_of(&good[..end]), Linking::NotElf);
        }
        for table in [u64::MAX, u64::MAX - 56, 1 << 63, 121] {
            let bytes = crafted(true, true, [1, PT_INTERP], table);
            assert_eq!(linking_of(&bytes), Linking::NotElf);
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                linking_of(&bytes);
            }
        }
        assert_eq!(linking_of(b"MZ\x90\0"), Linking::NotElf);
        assert_eq!(linking_of(b"\x7fELF"), Linking::NotElf);
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn this_test_is_dynamic_and_an_object_is_no_executable() {
        let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(linking_of(&bytes[..4096]), Linking::Dynamic);
        assert_eq!(linking_of(&bytes), Linking::Dynamic);
        let relocatable = if bytes[5] == 1 { 16 } else { 17 };
        bytes[relocatable] = 1;
        assert_eq!(linking_of(&bytes), Linking::NotElf);
    }
}

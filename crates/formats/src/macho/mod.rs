//! Mach-O, the programs and libraries of Apple's systems: magic numbers and signature.

pub mod signature;

/// Magic numbers as they are written: 32 and 64 bits, either byte order.
const MAGICS: [[u8; 4]; 4] = [
    [0xce, 0xfa, 0xed, 0xfe],
    [0xcf, 0xfa, 0xed, 0xfe],
    [0xfe, 0xed, 0xfa, 0xce],
    [0xfe, 0xed, 0xfa, 0xcf],
];

/// Whether the bytes begin a file for one machine.
pub fn begins(bytes: &[u8]) -> bool {
    MAGICS.iter().any(|m| bytes.starts_with(m))
}

/// Whether the bytes begin a file for several machines. `cafebabe` also begins a Java class, in which
/// a version of 45 or more is in the place of the number of machines.
pub fn begins_fat(bytes: &[u8]) -> bool {
    let count = bytes.get(4..8).map_or(0, |c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]));
    let magic = bytes.starts_with(&[0xca, 0xfe, 0xba, 0xbe])
        || bytes.starts_with(&[0xca, 0xfe, 0xba, 0xbf]);
    magic && (1..40).contains(&count)
}

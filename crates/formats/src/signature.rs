//! PE and Mach-O files without their code signature: what was signed, and what signing changed in it.
//! Signing is what a publisher does after the build, with a key that no rebuilder has.

use crate::{macho, pe};

/// A file without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// The bytes, with zeros where signing writes.
    pub bytes: Vec<u8>,
    /// Whether there was a signature.
    pub signed: bool,
}

/// The file without its signature; `None` if it is neither PE nor 64-bit Mach-O, or the signature is
/// not the last thing in it.
pub fn without(file: Vec<u8>) -> Option<Unsigned> {
    let cut = if file.starts_with(b"MZ") { pe::signature::cut } else { macho::signature::cut };
    cut(file).map(|(bytes, signed)| Unsigned { bytes, signed })
}

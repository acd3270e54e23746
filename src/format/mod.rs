//! Readers of file formats, hardened: they take hostile bytes and never panic.

pub mod ar;
pub mod bytes;
pub mod elf;
pub mod gzip;
pub mod names;
pub mod pe;
pub mod signature;
pub mod tar;
pub mod zip;

use std::fmt;
use std::io;

/// Why bytes are not what they claim to be: where, in which part, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Offset in bytes from the beginning of the format's own bytes (of the tar, where that was
    /// compressed).
    pub at: u64,
    /// The member or entry, if its name is known; escaped so that it fits on a terminal line.
    pub name: Option<String>,
    /// What is wrong: a clause, such as `its size is not a number`.
    pub what: String,
}

impl Malformed {
    /// Something wrong outside of any member.
    pub fn at(at: u64, what: impl Into<String>) -> Malformed {
        Malformed { at, name: None, what: what.into() }
    }

    /// Something wrong with the member of this name.
    pub fn of(at: u64, name: &[u8], what: impl Into<String>) -> Malformed {
        Malformed { at, name: Some(printable(name)), what: what.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "at byte {}, `{name}`: {}", self.at, self.what),
            None => write!(f, "at byte {}: {}", self.at, self.what),
        }
    }
}

impl std::error::Error for Malformed {}

/// Why a file of some format was not read to its end.
#[derive(Debug)]
pub enum ReadError {
    /// The bytes are not what they claim to be.
    Malformed(Malformed),
    /// The bytes could not be had.
    Io(io::Error),
}

impl From<Malformed> for ReadError {
    fn from(e: Malformed) -> ReadError {
        ReadError::Malformed(e)
    }
}

impl From<io::Error> for ReadError {
    /// A reader below, such as one that decompresses, may have found its bytes malformed.
    fn from(e: io::Error) -> ReadError {
        match e.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(malformed) => ReadError::Malformed(Malformed::clone(malformed)),
            None => ReadError::Io(e),
        }
    }
}

impl From<Malformed> for io::Error {
    fn from(e: Malformed) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, e)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Malformed(e) => e.fmt(f),
            ReadError::Io(e) => e.fmt(f),
        }
    }
}

/// A name from a file, fit for one line of a terminal: bytes that are not printable are escaped.
pub fn printable(name: &[u8]) -> String {
    let mut out = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '`' => out.extend(['\\', c]),
                c if c.is_control() => out.extend(c.escape_default()),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_on_their_line() {
        assert_eq!(printable(b"a\n\x1b[2J\xff\\"), "a\\n\\u{1b}[2J\\xff\\\\");
        assert_eq!(printable("é b".as_bytes()), "é b");
        assert_eq!(
            Malformed::of(512, b"x", "it is a device").to_string(),
            "at byte 512, `x`: it is a device"
        );
    }
}

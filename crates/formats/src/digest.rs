//! SHA-256 of files and bytes, streamed: memory does not grow with the size of the input.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// Size in bytes and lower-case hexadecimal SHA-256 of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    /// Bytes.
    pub size: u64,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Digests what is written to it.
#[derive(Default)]
pub struct Hasher {
    sha: Sha256,
    size: u64,
}

impl Hasher {
    /// The digest of all that was written.
    pub fn finish(self) -> Digest {
        Digest { size: self.size, sha256: hex(&self.sha.finalize()) }
    }
}

impl Write for Hasher {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.sha.update(buf);
        self.size += buf.len() as u64;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes on what is read or written, and digests it if asked.
pub(crate) struct Digesting<T> {
    inner: T,
    hasher: Option<Hasher>,
}

impl<T> Digesting<T> {
    pub(crate) fn new(inner: T, digest: bool) -> Digesting<T> {
        Digesting { inner, hasher: digest.then(Hasher::default) }
    }

    /// The reader or writer below, and the digest of all that passed.
    pub(crate) fn finish(self) -> (T, Option<Digest>) {
        (self.inner, self.hasher.map(Hasher::finish))
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.as_mut().map_or(Ok(()), |hasher| hasher.write_all(bytes))?;
        Ok(bytes.len())
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.pass(&buf[..n])
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(buf)?;
        self.pass(&buf[..n])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a text is a SHA-256 as [`hex`] writes it.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Digest of a byte string.
pub fn of_bytes(bytes: &[u8]) -> Digest {
    Digest { size: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) }
}

/// Digest of what a reader gives.
pub fn of_reader(input: &mut impl Read) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    io::copy(input, &mut hasher)?;
    Ok(hasher.finish())
}

/// Digest of a file, read in blocks of 128 KiB.
pub fn of_file(path: &Path) -> Result<Digest, Error> {
    let open = Error::io(format!("failed to open `{}`", path.display()));
    let file = File::open(path).map_err(open)?;
    of_reader(&mut BufReader::with_capacity(128 << 10, file)).map_err(Error::reading(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digest_of_abc() {
        let d = of_bytes(b"abc");
        assert_eq!(d.size, 3);
        assert_eq!(d.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

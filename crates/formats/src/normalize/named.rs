//! The digests that are named in an archive: a member whose digest another one has, or which is called by
//! it, is known by its bytes. Such are the blobs of an image, the crates of a lockfile, and what a
//! `SHA256SUMS` lists.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256, Sha512};

use crate::compress::container::Compression;
use crate::compress::unpack::Unpacked;
use crate::digest::hex;
use crate::limits::Limits;
use crate::names::printable;

/// Digits of SHA-256 and SHA-512 in hexadecimal.
const DIGITS: [usize; 2] = [64, 128];
/// Bytes of a compressed list that are looked at, packed and unpacked: gems have a `checksums.yaml.gz`.
const LIST: u64 = 1 << 20;

/// The digests that were found, each with the member that has it.
#[derive(Default)]
pub struct Named(HashMap<Vec<u8>, String>);

impl Named {
    /// Takes the digests in the name and in the content of a member.
    pub fn add(&mut self, name: &[u8], mut content: impl Read) -> io::Result<()> {
        self.take(name, name)?;
        let mut head = Vec::new();
        content.by_ref().take(LIST).read_to_end(&mut head)?;
        let compression = Compression::of(&head);
        if compression != Compression::None {
            let (limits, mut list) = (Limits::default(), Vec::new());
            // What cannot be unpacked is no list.
            if let Ok(unpacked) = Unpacked::new(&head[..], compression, &limits) {
                let _ = unpacked.take(LIST).read_to_end(&mut list);
            }
            self.take(name, &list[..])?;
        }
        self.take(name, io::Cursor::new(head).chain(content))
    }

    fn take(&mut self, name: &[u8], mut content: impl Read) -> io::Result<()> {
        let mut found = Found { member: name, run: Vec::new(), named: self };
        io::copy(&mut content, &mut found)?;
        found.end();
        Ok(())
    }

    /// The member that has one of the digests.
    pub fn by(&self, digests: Digests) -> Option<&str> {
        let (short, long) = (hex(&digests.short.finalize()), hex(&digests.long.finalize()));
        let found = self.0.get(short.as_bytes()).or_else(|| self.0.get(long.as_bytes()));
        found.map(String::as_str)
    }
}

/// Looks for runs of digits that are as long as a digest.
struct Found<'a> {
    member: &'a [u8],
    run: Vec<u8>,
    named: &'a mut Named,
}

impl Found<'_> {
    fn end(&mut self) {
        if DIGITS.contains(&self.run.len()) {
            let member = printable(self.member);
            self.named.0.entry(self.run.to_ascii_lowercase()).or_insert(member);
        }
        self.run.clear();
    }
}

impl Write for Found<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for byte in buf {
            match byte.is_ascii_hexdigit() {
                // Longer than the longest: no digest, however it goes on.
                true if self.run.len() > DIGITS[1] => {}
                true => self.run.push(*byte),
                false if self.run.is_empty() => {}
                false => self.end(),
            }
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The digests of a member.
#[derive(Default)]
pub struct Digests {
    short: Sha256,
    long: Sha512,
}

impl Digests {
    /// The input, digested as it is read.
    pub fn of<R: Read>(&mut self, input: R) -> impl Read {
        Digested { digests: self, input }
    }
}

struct Digested<'a, R> {
    digests: &'a mut Digests,
    input: R,
}

impl<R: Read> Read for Digested<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        self.digests.short.update(&buf[..n]);
        self.digests.long.update(&buf[..n]);
        Ok(n)
    }
}

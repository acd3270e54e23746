//! Digests that occur in an archive. A member stays as it is if another member contains its digest, or its
//! own name does: the blobs of an image, the crates of a lockfile, the files that a `SHA256SUMS` lists.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::rc::Rc;

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

/// Digests that are kept: as many as an archive may have members, and some more.
const MOST: usize = 1 << 19;

/// The digests that were found, each with the member that has it.
pub struct Named {
    found: HashMap<Vec<u8>, Rc<str>>,
    /// How many are kept.
    most: usize,
    /// The first member with a digest that is not kept.
    over: Option<Rc<str>>,
}

impl Default for Named {
    fn default() -> Named {
        Named { found: HashMap::new(), most: MOST, over: None }
    }
}

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
        let member = printable(name).into();
        let mut found = Found { member, run: Vec::new(), named: self };
        io::copy(&mut content, &mut found)?;
        found.end();
        Ok(())
    }

    /// Why a member with this content must stay as it is, as a clause; none if it need not.
    pub fn keeps(&self, member: &str, mut content: impl Read) -> io::Result<Option<String>> {
        let (mut short, mut long) = (Sha256::new(), Sha512::new());
        let mut buffer = vec![0; 128 << 10];
        loop {
            let n = content.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            short.update(&buffer[..n]);
            long.update(&buffer[..n]);
        }
        let (short, long) = (hex(&short.finalize()), hex(&long.finalize()));
        let of = |digest: &str| self.found.get(digest.as_bytes());
        Ok(match of(&short).or_else(|| of(&long)) {
            Some(other) if &**other == member => Some("it is named by its digest".to_string()),
            Some(other) => Some(format!("`{other}` has its digest")),
            None => self.over.as_ref().map(|other| {
                format!(
                    "`{other}` has more digests than are read, and may have that of this member"
                )
            }),
        })
    }
}

/// Looks for runs of digits that are as long as a digest.
struct Found<'a> {
    member: Rc<str>,
    run: Vec<u8>,
    named: &'a mut Named,
}

impl Found<'_> {
    fn end(&mut self) {
        if DIGITS.contains(&self.run.len()) {
            let Named { found, most, over } = &mut *self.named;
            let digest = self.run.to_ascii_lowercase();
            if found.len() < *most {
                found.entry(digest).or_insert_with(|| self.member.clone());
            } else if !found.contains_key(&digest) {
                over.get_or_insert_with(|| self.member.clone());
            }
        }
        self.run.clear();
    }
}

impl Write for Found<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for byte in buf {
            match byte.is_ascii_hexdigit() {
                // Longer than the longest digest: it is none.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_digests_than_are_kept_keep_every_member() {
        let keeps = |most: usize, listed: &[&str], content: &str| {
            let mut named = Named { most, ..Named::default() };
            let sums = listed.iter().map(|c| hex(&Sha256::digest(c)) + "  x\n").collect::<String>();
            named.add(b"SHA256SUMS", sums.as_bytes()).unwrap();
            named.keeps("x", content.as_bytes()).unwrap()
        };
        assert_eq!(keeps(2, &["a", "b"], "c"), None);
        // One that is listed twice needs no more room.
        assert_eq!(keeps(2, &["a", "b", "a", "b"], "c"), None);
        assert_eq!(keeps(2, &["a", "b"], "b").unwrap(), "`SHA256SUMS` has its digest");
        let over = "`SHA256SUMS` has more digests than are read, and may have that of this member";
        assert_eq!(keeps(2, &["a", "b", "c"], "c").unwrap(), over);
    }
}

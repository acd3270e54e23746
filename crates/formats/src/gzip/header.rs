//! The header of a gzip member (RFC 1952), which each packer fills differently.

use std::fs::File;
use std::io::{Read, Seek};

use crate::detect::HEAD;
use crate::error::{Malformed, ReadError};
use crate::listing::{Field, Says};
use crate::names::printable;

/// How a member begins.
const MAGIC: &[u8] = b"\x1f\x8b";
/// Flag bits.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// A header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// FLG: which fields are there.
    pub flags: u8,
    /// MTIME, seconds since 1970; 0 for none.
    pub time: u32,
    /// XFL: 2 for the slowest, 4 for the fastest compressor.
    pub level: u8,
    /// OS: 3 for Unix, 255 for unknown.
    pub system: u8,
    /// FEXTRA.
    pub extra: Option<Vec<u8>>,
    /// FNAME, without its NUL.
    pub name: Option<Vec<u8>>,
    /// FCOMMENT, without its NUL.
    pub comment: Option<Vec<u8>>,
    /// Bytes of the header; the deflate stream follows.
    pub len: usize,
}

impl Header {
    /// The header of a file, which is at its beginning before and afterwards.
    pub fn of_file(mut file: &File) -> Result<Header, ReadError> {
        let mut head = Vec::new();
        file.take(HEAD as u64).read_to_end(&mut head)?;
        file.rewind()?;
        Ok(Header::parse(&head)?)
    }

    /// The header at the beginning of the bytes.
    ///
    /// # Errors
    /// It is none, or is longer than the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Header, Malformed> {
        let mut rest = Rest { bytes, at: 0 };
        if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) {
            return Err(Malformed::at(0, "it does not begin as gzip does"));
        }
        let fixed = rest.take(10)?;
        if fixed[2] != 8 {
            return Err(Malformed::at(2, "its method is not deflate"));
        }
        let flags = fixed[3];
        if flags & RESERVED != 0 {
            return Err(Malformed::at(3, "reserved flags are set"));
        }
        let mut header = Header {
            flags,
            time: u32::from_le_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            level: fixed[8],
            system: fixed[9],
            ..Header::default()
        };
        if flags & EXTRA != 0 {
            let len = rest.take(2)?;
            let len = u16::from_le_bytes([len[0], len[1]]);
            header.extra = Some(rest.take(len.into())?.to_vec());
        }
        if flags & NAME != 0 {
            header.name = Some(rest.text()?);
        }
        if flags & COMMENT != 0 {
            header.comment = Some(rest.text()?);
        }
        if flags & HEADER_CRC != 0 {
            rest.take(2)?;
        }
        header.len = rest.at;
        Ok(header)
    }

    /// What the header holds that is not known to be harmless, as the end of a sentence.
    pub fn meaningful(&self) -> Option<String> {
        let comment = self.comment.as_ref().map(|c| format!("a comment: `{}`", printable(c)));
        let extra = || Some(format!("an extra field: `{}`", printable(self.extra.as_ref()?)));
        comment.or_else(extra)
    }

    /// What the packer may write as it likes, by the name of the field.
    pub fn fields(&self) -> Vec<Field> {
        let text = |bytes: &Option<Vec<u8>>| match bytes {
            Some(bytes) => format!("`{}`", printable(bytes)),
            None => "none".to_string(),
        };
        let field = |name, says, value| Field { name, says, value };
        vec![
            field("time", Says::Time, self.time.to_string()),
            field("flags", Says::Flags, self.flags.to_string()),
            field("level", Says::Packer, self.level.to_string()),
            field("system", Says::Packer, self.system.to_string()),
            field("name", Says::FileName, text(&self.name)),
            field("comment", Says::Comment, text(&self.comment)),
            field("extra field", Says::Other, text(&self.extra)),
        ]
    }
}

struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let taken = self.bytes.get(self.at..self.at + n);
        let taken = taken.ok_or_else(|| self.short())?;
        self.at += n;
        Ok(taken)
    }

    fn text(&mut self) -> Result<Vec<u8>, Malformed> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| *b == 0);
        let text = rest[..end.ok_or_else(|| self.short())?].to_vec();
        self.at += text.len() + 1;
        Ok(text)
    }

    fn short(&self) -> Malformed {
        Malformed::at(self.at as u64, "its header ends early, or is too long")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_and_no_lie_panics() {
        let bytes = b"\x1f\x8b\x08\x1e\x01\0\0\0\x02\x03\x02\0abname\0comment\0xxDATA";
        let header = Header::parse(bytes).unwrap();
        assert_eq!(header.time, 1);
        assert_eq!(header.extra.as_deref(), Some(&b"ab"[..]));
        assert_eq!(header.name.as_deref(), Some(&b"name"[..]));
        assert_eq!(header.comment.as_deref(), Some(&b"comment"[..]));
        assert_eq!(&bytes[header.len..], b"DATA");
        for end in 0..header.len {
            assert!(Header::parse(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Header::parse(b"\x1f\x8b\x08\x80\0\0\0\0\0\0").is_err());
    }
}

//! Tar, read member by member from a stream: v7, ustar, GNU and PAX headers.
//!
//! All input is validated: numbers must parse, checksums match, names stay inside the archive and are
//! unique, and the end is where it should be. An error has the offset and the name of what is refused.

use std::io::{self, Read};

use super::header::{self, Header};
use super::pax;
use crate::error::{Malformed, ReadError, exactly};
use crate::limits::Limits;
use crate::listing::MemberKind;
use crate::names::{self, Names, Stands, printable};

/// Bytes of a block.
pub const BLOCK: u64 = 512;

/// Bytes that a long name, link target or set of PAX records may have.
const LONG: u64 = 1 << 20;

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A file with holes in GNU's own encoding, which is not unfolded here: content cannot be read.
    Sparse,
    /// A directory.
    Dir,
    /// A symbolic link to the target.
    Symlink(Vec<u8>),
    /// Another name of the member with this clean name, which came before.
    Hardlink(Vec<u8>),
    /// What is listed and never unpacked here; only a lenient walk has it.
    Special(MemberKind),
}

/// Members that are listed and never unpacked here, by their type.
const SPECIAL: [(u8, MemberKind); 6] = [
    (b'3', MemberKind::CharDevice),
    (b'4', MemberKind::BlockDevice),
    (b'6', MemberKind::Fifo),
    (b'V', MemberKind::VolumeLabel),
    (b'D', MemberKind::FileList),
    (b'M', MemberKind::Continued),
];

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name without a leading `./` and a trailing `/`; empty for the root.
    pub name: Vec<u8>,
    /// The name as it is written.
    pub written: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Bytes of content.
    pub size: u64,
    /// Permission bits, up to 07777.
    pub mode: u32,
    /// Owner.
    pub uid: i64,
    /// Group.
    pub gid: i64,
    /// Owner's name.
    pub uname: Vec<u8>,
    /// Group's name.
    pub gname: Vec<u8>,
    /// Seconds since 1970.
    pub mtime: i64,
    /// PAX records, global ones first, of other keys than name, link target and size.
    pub records: Vec<(Vec<u8>, Vec<u8>)>,
    /// Offset of the first block that belongs to it.
    pub at: u64,
    /// Offset of the content.
    pub data_at: u64,
    /// Of a sparse file in GNU's own format, the pieces of it that are in the archive, and its size.
    pub map: Vec<(u64, u64)>,
    /// See `map`.
    pub real_size: Option<u64>,
    /// Of a device, its two numbers: `1:3`.
    pub device: Option<String>,
    /// How the header is written: `v7`, `ustar`, `gnu` or `pax`.
    pub style: &'static str,
}

impl Entry {
    /// The key of the first PAX record that may be content, or describe it.
    pub fn meaningful_record(&self) -> Option<&[u8]> {
        meaningful(&self.records)
    }
}

fn meaningful(records: &[(Vec<u8>, Vec<u8>)]) -> Option<&[u8]> {
    records.iter().find(|record| !pax::is_harmless(record)).map(|(key, _)| &key[..])
}

/// Reads the members of a tar one after the other.
pub struct Walk<'a, R> {
    input: R,
    limits: &'a Limits,
    /// Offset of the next byte of `input`.
    at: u64,
    /// Bytes of the current member's content that were not read yet, and of its padding.
    rest: u64,
    padding: u64,
    count: u64,
    names: Names,
    global: Vec<(Vec<u8>, Vec<u8>)>,
    current: Vec<u8>,
    ended: bool,
    /// Whether links may point anywhere.
    any_links: bool,
    lenient: bool,
    /// Whether there were bytes that belong to no field, or pad a member and are not zeros.
    unread: bool,
}

/// What comes before a member's own header.
#[derive(Default)]
struct Before {
    at: Option<u64>,
    carries: bool,
    pax: bool,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Whether the bytes begin with the header of a tar: its checksum holds.
pub fn begins(bytes: &[u8]) -> bool {
    let block = bytes.get(..BLOCK as usize).and_then(|b| b.try_into().ok());
    block.is_some_and(|block: &[u8; 512]| {
        block.iter().any(|b| *b != 0) && Header::parse(block, 0).is_ok()
    })
}

impl<'a, R: Read> Walk<'a, R> {
    /// A walk from the beginning of a tar.
    pub fn new(input: R, limits: &'a Limits) -> Walk<'a, R> {
        Walk {
            input,
            limits,
            at: 0,
            rest: 0,
            padding: 0,
            count: 0,
            names: Names::default(),
            global: Vec::new(),
            current: Vec::new(),
            ended: false,
            any_links: false,
            lenient: false,
            unread: false,
        }
    }

    /// The same walk, which accepts symbolic links that point anywhere: for callers that create none.
    pub fn with_any_links(self) -> Walk<'a, R> {
        Walk { any_links: true, ..self }
    }

    /// A walk that also reads what only `tar` lists: duplicate names, names that differ in letter case, a
    /// lone carrier, a missing end, or data after it. Its members must not be unpacked.
    pub fn lenient(input: R, limits: &'a Limits) -> Walk<'a, R> {
        Walk { lenient: true, ..Walk::new(input, limits) }
    }

    /// The key of the first global PAX record so far that may be content, or describe it.
    pub fn meaningful_record(&self) -> Option<&[u8]> {
        meaningful(&self.global)
    }

    /// Whether there was anything so far that is no part of a member and is not read here.
    pub fn unread(&self) -> bool {
        self.unread
    }

    /// The next member; `None` at the end, once all that follows was seen to be zeros.
    #[allow(clippy::should_implement_trait)] // It lends nothing, but it can fail.
    pub fn next(&mut self) -> Result<Option<Entry>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        self.skip_content()?;
        let mut before = Before::default();
        loop {
            let at = self.at;
            let block = match self.block("a header") {
                Err(ReadError::Malformed(_)) if self.lenient && self.count > 0 => [0; 512],
                block => block?,
            };
            if block.iter().all(|b| *b == 0) {
                if self.lenient {
                    self.ended = true;
                    return Ok(None);
                }
                if before.carries {
                    let what = "a long name or PAX header is not followed by a member";
                    return Err(Malformed::at(at, what).elsewhere().into());
                }
                self.end()?;
                return Ok(None);
            }
            let header = Header::parse(&block, at)?;
            before.at.get_or_insert(at);
            before.carries |= header.typeflag != b'g';
            if header.typeflag == b'x' && std::mem::replace(&mut before.pax, true) {
                // Some readers take the first, some the second, some both.
                let what = "a member has two PAX headers";
                return Err(Malformed::at(at, what).elsewhere().into());
            }
            let twice = match header.typeflag {
                b'L' => before.name.is_some(),
                b'K' => before.link.is_some(),
                _ => false,
            };
            if twice && !self.lenient {
                let what = "a member has two long names: some readers take the first";
                return Err(Malformed::at(at, what).elsewhere().into());
            }
            self.unread |= header.unread;
            match header.typeflag {
                b'L' => before.name = Some(self.long(&header, at)?),
                b'K' => before.link = Some(self.long(&header, at)?),
                b'x' => before.records = self.records(&header, at)?,
                b'g' => {
                    let records = self.records(&header, at)?;
                    if let Some(key) = pax::of_one_member(&records).filter(|_| !self.lenient) {
                        let key = printable(key);
                        let what = format!(
                            "it has the PAX record `{key}` for all members, which some readers pass over"
                        );
                        return Err(Malformed::at(at, what).elsewhere().into());
                    }
                    self.global.extend(records);
                }
                _ => return self.entry(header, before, &block, at).map(Some),
            }
            // Carriers count as members: reading them costs as much.
            self.count(at)?;
        }
    }

    fn count(&mut self, at: u64) -> Result<(), Malformed> {
        self.count += 1;
        self.limits.check_entries(self.count, at)
    }

    fn entry(
        &mut self,
        header: Header,
        before: Before,
        block: &[u8; 512],
        at: u64,
    ) -> Result<Entry, ReadError> {
        self.count(at)?;
        let pax = before.pax || !self.global.is_empty();
        let mut records = self.global.clone();
        records.extend(before.records);
        let taken = pax::take(&mut records, at)?;
        let both = taken.path.is_some() && before.name.is_some()
            || taken.link.is_some() && before.link.is_some();
        let changing = records.iter().find(|r| !taken.sparse && pax::may_change(r));
        let other = if both {
            let what = "it has a long name and a PAX record of its name: some readers take the one, some the other";
            Some(what.to_string())
        } else if header.ignored_prefix {
            Some("its header has a prefix, which only some readers put before its name".to_string())
        } else {
            changing.map(|(key, _)| {
                let key = printable(key);
                format!("its PAX record `{key}` makes some readers extract different content")
            })
        };
        let written = taken.path.or(before.name).unwrap_or(header.name);
        let link = taken.link.or(before.link).unwrap_or(header.link);
        let bad = |what: &str| Malformed::of(at, &written, what);
        if let Some(what) = other.filter(|_| !self.lenient) {
            return Err(bad(&what).elsewhere().into());
        }
        let size = taken.size.unwrap_or(header.size);
        let name = names::clean(&written).map_err(bad)?;
        let sparse = header.typeflag == b'S' || taken.sparse;
        let kind = match header.typeflag {
            b'0' | 0 | b'7' if written.ends_with(b"/") => Kind::Dir,
            b'0' | 0 | b'7' | b'S' if sparse => Kind::Sparse,
            b'0' | 0 | b'7' => Kind::File,
            b'1' => Kind::Hardlink(names::clean(&link).map_err(bad)?),
            b'2' => Kind::Symlink(link),
            b'5' => Kind::Dir,
            other => match SPECIAL.iter().find(|(of, _)| *of == other) {
                Some((_, what)) if self.lenient => Kind::Special(*what),
                Some((_, what)) => return Err(bad(&format!("it is a {what}")).elsewhere().into()),
                None => {
                    let shown = char::from(other);
                    let what = format!("its type is {shown:?}, which is not read here");
                    return Err(bad(&what).elsewhere().into());
                }
            },
        };
        self.check_kind(&name, &kind, size, &bad)?;
        if name.len() as u64 > LONG {
            return Err(bad("its name is too long").into());
        }
        let (mut map, mut real_size) = (Vec::new(), None);
        if sparse && header.typeflag == b'S' {
            map = self.sparse_map(block)?;
            real_size = header::number(&block[483..495]).and_then(|n| n.try_into().ok());
        }
        let number = |at| header::number(&block[at..at + 8]).map_or("?".into(), |n| n.to_string());
        let device = matches!(header.typeflag, b'3' | b'4')
            .then(|| format!("{}:{}", number(329), number(337)));
        self.rest = size;
        self.padding = size.next_multiple_of(BLOCK) - size;
        self.current = written.clone();
        Ok(Entry {
            name,
            written,
            kind,
            size,
            mode: header.mode,
            uid: taken.uid.unwrap_or(header.uid),
            gid: taken.gid.unwrap_or(header.gid),
            uname: taken.uname.unwrap_or(header.uname),
            gname: taken.gname.unwrap_or(header.gname),
            mtime: taken.mtime.unwrap_or(header.mtime),
            records,
            at: before.at.unwrap_or(at),
            data_at: self.at,
            map,
            real_size,
            device,
            style: if pax { "pax" } else { header.style },
        })
    }

    /// Checks that a member of this kind may follow those before it.
    fn check_kind(
        &mut self,
        name: &[u8],
        kind: &Kind,
        size: u64,
        bad: &dyn Fn(&str) -> Malformed,
    ) -> Result<(), Malformed> {
        if self.lenient {
            return Ok(());
        }
        let stands = match kind {
            Kind::Dir => Stands::Dir,
            Kind::Symlink(target) => {
                if !self.any_links && !names::stays_inside(name, target) {
                    let target = printable(target);
                    return Err(bad(&format!("it is a link out of the archive, to `{target}`")));
                }
                Stands::Symlink
            }
            Kind::Hardlink(target) => {
                if self.names.get(target) != Some(Stands::File) {
                    let target = printable(target);
                    let what = format!(
                        "it is a hard link to `{target}`, which is not a file earlier in the archive"
                    );
                    return Err(bad(&what).elsewhere());
                }
                Stands::File
            }
            Kind::File | Kind::Sparse | Kind::Special(_) => Stands::File,
        };
        if size > 0 && !matches!(kind, Kind::File | Kind::Sparse) {
            return Err(bad("it has content and is of a kind that has none").elsewhere());
        }
        if size > i64::MAX as u64 - 2 * BLOCK - self.at.min(i64::MAX as u64 / 2) {
            return Err(bad("its size is beyond any file's"));
        }
        match (name, kind) {
            (b"", Kind::Dir) => Ok(()),
            (b"", _) => Err(bad("it names nothing")),
            _ => self.names.add(name, stands).map_err(|what| bad(&what).elsewhere()),
        }
    }

    /// The map of a sparse member, and the blocks that continue it: each says whether another follows.
    fn sparse_map(&mut self, block: &[u8; 512]) -> Result<Vec<(u64, u64)>, ReadError> {
        let mut map: Vec<_> = header::pieces(&block[386..482]).collect();
        let mut more = block[482];
        while more != 0 {
            let block = self.block("the map of a sparse member")?;
            map.extend(header::pieces(&block[..504]));
            more = block[504];
        }
        Ok(map)
    }

    /// The content of a carrier: a text that ends in NUL.
    fn long(&mut self, header: &Header, at: u64) -> Result<Vec<u8>, ReadError> {
        let mut text = self.carried(header, at)?;
        while text.last() == Some(&0) {
            text.pop();
        }
        if text.is_empty() || text.contains(&0) {
            return Err(Malformed::at(at, "a long name is empty or holds a NUL byte").into());
        }
        Ok(text)
    }

    fn records(&mut self, header: &Header, at: u64) -> Result<pax::Records, ReadError> {
        let text = self.carried(header, at)?;
        Ok(pax::parse(&text).map_err(|what| Malformed::at(at, what))?)
    }

    fn carried(&mut self, header: &Header, at: u64) -> Result<Vec<u8>, ReadError> {
        if header.size > LONG {
            return Err(Malformed::at(at, "a long name or PAX header is over 1 MiB").into());
        }
        let mut text = vec![0; header.size.next_multiple_of(BLOCK) as usize];
        self.exactly(&mut text, "a long name or PAX header")?;
        text.truncate(header.size as usize);
        Ok(text)
    }

    fn block(&mut self, what: &str) -> Result<[u8; 512], ReadError> {
        let mut block = [0; 512];
        self.exactly(&mut block, what)?;
        Ok(block)
    }

    fn exactly(&mut self, buf: &mut [u8], what: &str) -> Result<(), ReadError> {
        exactly(&mut self.input, buf, self.at, what)?;
        self.at += buf.len() as u64;
        Ok(())
    }

    fn skip_content(&mut self) -> Result<(), ReadError> {
        io::copy(self, &mut io::sink())?;
        let padding = std::mem::take(&mut self.padding) as usize;
        let mut bytes = [0; BLOCK as usize];
        self.exactly(&mut bytes[..padding], "a member's padding")?;
        self.unread |= bytes.iter().any(|b| *b != 0);
        Ok(())
    }

    /// The second empty block of the end, and that nothing follows it.
    fn end(&mut self) -> Result<(), ReadError> {
        let at = self.at;
        let second = self.block("the two empty blocks of its end")?;
        only_zeros(&second, at)?;
        let mut buf = [0; 16 << 10];
        loop {
            match self.input.read(&mut buf) {
                Ok(0) => break,
                Ok(n) => {
                    only_zeros(&buf[..n], self.at)?;
                    self.at += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        self.ended = true;
        Ok(())
    }
}

fn only_zeros(bytes: &[u8], at: u64) -> Result<(), Malformed> {
    let Some(i) = bytes.iter().position(|b| *b != 0) else { return Ok(()) };
    Err(Malformed::at(at + i as u64, "data follows the end of the archive").elsewhere())
}

/// The content of the current member.
impl<R: Read> Read for Walk<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let want = self.rest.min(buf.len() as u64) as usize;
        if want == 0 {
            return Ok(0);
        }
        let n = self.input.read(&mut buf[..want])?;
        if n == 0 {
            let what = "the archive ends within its content";
            return Err(Malformed::of(self.at, &self.current, what).into());
        }
        self.rest -= n as u64;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests;

//! Tar in GNU format, header by header: the bytes that `tar --format=gnu` writes for the same
//! members. The order of the members and their values are the caller's ([`crate::policy`]).

use std::io::{self, BufReader, Read, Write};

use ::tar::{EntryType, Header};

/// Bytes of a block.
const BLOCK: u64 = 512;
/// Tar files are padded to a multiple of this.
const RECORD: u64 = 10_240;
/// Bytes of the name and link fields of a header.
const FIELD: usize = 100;
/// The name of the member that carries a long name.
const LONG_LINK: &[u8] = b"././@LongLink";

/// Bytes of content that are read at a time.
const BUFFER: usize = 128 << 10;

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file of so many bytes.
    File(u64),
    /// A directory.
    Dir,
    /// A symbolic link to the target.
    Symlink(Vec<u8>),
    /// Another name of the member of this name, which comes before it.
    Hardlink(Vec<u8>),
}

/// Who owns a member; 0 without names unless that is content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// User.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// The user's name, of up to 31 bytes.
    pub uname: Vec<u8>,
    /// The group's name, of up to 31 bytes.
    pub gname: Vec<u8>,
}

/// What the header of a member contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name; that of a directory ends in `/`.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970.
    pub mtime: u64,
    /// Who owns it.
    pub owner: Owner,
}

/// The blocks before a member's content: its header, and before that the carriers of a name or
/// link target that is too long for it.
pub fn header(member: &Member) -> Vec<u8> {
    let mut blocks = Vec::new();
    let (entry_type, size, link): (_, u64, &[u8]) = match &member.kind {
        Kind::File(size) => (EntryType::Regular, *size, b""),
        Kind::Dir => (EntryType::Directory, 0, b""),
        Kind::Symlink(to) => (EntryType::Symlink, 0, to),
        Kind::Hardlink(to) => (EntryType::Link, 0, to),
    };
    // GNU tar writes the link's carrier first.
    if link.len() > FIELD {
        carrier(&mut blocks, EntryType::GNULongLink, link);
    }
    if member.name.len() > FIELD {
        carrier(&mut blocks, EntryType::GNULongName, &member.name);
    }
    let mut header = Header::new_gnu();
    fill(&mut header.as_old_mut().name, &member.name);
    fill(&mut header.as_old_mut().linkname, link);
    header.set_mode(member.mode);
    header.set_size(size);
    header.set_mtime(member.mtime);
    header.set_entry_type(entry_type);
    if let Some(gnu) = header.as_gnu_mut() {
        fill(&mut gnu.uname, &member.owner.uname);
        fill(&mut gnu.gname, &member.owner.gname);
    }
    seal(&mut blocks, header, &member.owner);
    blocks
}

/// The member that carries a long name or link target, with its NUL.
fn carrier(blocks: &mut Vec<u8>, entry_type: EntryType, text: &[u8]) {
    let mut header = Header::new_gnu();
    fill(&mut header.as_old_mut().name, LONG_LINK);
    header.set_mode(0o644);
    header.set_size(text.len() as u64 + 1);
    header.set_mtime(0);
    header.set_entry_type(entry_type);
    seal(blocks, header, &Owner::default());
    blocks.extend_from_slice(text);
    blocks.push(0);
    let padding = padding(blocks.len() as u64, BLOCK);
    blocks.resize(blocks.len() + padding, 0);
}

/// As much of the text as there is room for.
fn fill(field: &mut [u8], text: &[u8]) {
    let n = text.len().min(field.len());
    field[..n].copy_from_slice(&text[..n]);
}

fn seal(blocks: &mut Vec<u8>, mut header: Header, owner: &Owner) {
    header.set_uid(owner.uid);
    header.set_gid(owner.gid);
    header.as_old_mut().cksum = *b"        ";
    let sum: u32 = header.as_bytes().iter().map(|b| u32::from(*b)).sum();
    // Six digits, NUL, space, as it was first written; `Header::set_cksum` has seven and a NUL.
    header.as_old_mut().cksum[..7].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    blocks.extend_from_slice(header.as_bytes());
}

fn padding(len: u64, unit: u64) -> usize {
    (len.next_multiple_of(unit) - len) as usize
}

/// Writes a tar file, member by member.
pub struct Writer<W: Write> {
    out: W,
    at: u64,
}

impl<W: Write> Writer<W> {
    /// A writer of an archive that begins where `out` is.
    pub fn new(out: W) -> Writer<W> {
        Writer { out, at: 0 }
    }

    /// Writes one member. `content` must give exactly the bytes that a file's size says; what it gives beyond
    /// that is not read.
    pub fn member(&mut self, member: &Member, content: &mut dyn Read) -> io::Result<()> {
        let header = header(member);
        self.out.write_all(&header)?;
        self.at += header.len() as u64;
        if let Kind::File(size) = member.kind {
            let mut content = BufReader::with_capacity(BUFFER, content.take(size));
            if io::copy(&mut content, &mut self.out)? < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.at += size;
            self.pad(BLOCK)?;
        }
        Ok(())
    }

    fn pad(&mut self, unit: u64) -> io::Result<()> {
        let padding = padding(self.at, unit);
        self.out.write_all(&[0; RECORD as usize][..padding])?;
        self.at += padding as u64;
        Ok(())
    }

    /// Writes the two empty blocks that end the archive, and fills the last record.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK as usize])?;
        self.at += 2 * BLOCK;
        self.pad(RECORD)?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &[u8], kind: Kind) -> Member {
        Member { name: name.to_vec(), kind, mode: 0o644, mtime: 1, owner: Owner::default() }
    }

    #[test]
    fn sizes_over_8_gib_are_in_base_256() {
        let octal = header(&member(b"a", Kind::File((8 << 30) - 1)));
        assert_eq!(&octal[124..136], b"77777777777\0");
        let binary = header(&member(b"a", Kind::File(8 << 30)));
        assert_eq!(&binary[124..136], b"\x80\0\0\0\0\0\0\x02\0\0\0\0");
        assert_eq!(binary.len(), 512);
    }

    #[test]
    fn names_of_100_bytes_fit_and_101_need_a_carrier() {
        assert_eq!(header(&member(&[b'n'; 100], Kind::Dir)).len(), 512);
        let long = header(&member(&[b'n'; 101], Kind::Symlink(vec![b't'; 512])));
        // Target (513 bytes: two blocks), name (102: one), and the three headers.
        assert_eq!(long.len(), 512 * 6);
        assert_eq!((long[156], long[512 * 3 + 156]), (b'K', b'L'));
    }

    #[test]
    fn an_archive_without_members_is_one_record() {
        let bytes = Writer::new(Vec::new()).finish().unwrap();
        assert_eq!(bytes, vec![0; 10_240]);
    }

    #[test]
    fn content_that_ends_early_is_an_error() {
        let mut writer = Writer::new(Vec::new());
        let short = writer.member(&member(b"a", Kind::File(3)), &mut &b"ab"[..]);
        assert_eq!(short.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

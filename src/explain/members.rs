//! What a container holds, taken out in memory, so that it can be explained in turn: archives, single
//! compressed files, and Mach-O files for several machines. Everything within caps.

use std::io::{Cursor, Read};

use repro_formats::ar::read as ar;
use repro_formats::compress::container::Compression;
use repro_formats::compress::unpack::Unpacked;
use repro_formats::detect::{FileType, detect};
use repro_formats::limits::Limits;
use repro_formats::names::printable;
use repro_formats::tar::read as tar;
use repro_formats::zip::read as zip;

/// Bytes of all members of one container that are taken out.
const MOST: u64 = 512 << 20;

/// A file in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, printable; empty for what a compressed file holds.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A container's format and its members.
#[derive(Debug)]
pub struct Held {
    /// The format's name.
    pub format: &'static str,
    /// Regular files in it.
    pub members: Vec<Member>,
}

/// The members of which the name is wanted, in their order; `None` if it is no container.
///
/// # Errors
/// It is one, and malformed or beyond the caps: a clause that says what is wrong.
pub fn of(
    bytes: &[u8],
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
) -> Option<Result<Held, String>> {
    let take = Take { limits, wanted, left: MOST, members: Vec::new() };
    Some(match detect(bytes) {
        FileType::Zip => take.zip(bytes),
        FileType::Ar => take.ar(bytes),
        FileType::FatMachO => take.fat(bytes),
        FileType::Tar(Compression::None) => take.tar(bytes),
        FileType::Tar(compression) | FileType::Compressed(compression) => {
            take.packed(bytes, compression)
        }
        _ => return None,
    })
}

struct Take<'a> {
    limits: &'a Limits,
    wanted: &'a dyn Fn(&str) -> bool,
    left: u64,
    members: Vec<Member>,
}

impl Take<'_> {
    fn add(&mut self, name: String, content: impl Read) -> Result<(), String> {
        if !(self.wanted)(&name) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let n =
            content.take(self.left + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())? as u64;
        self.left = self
            .left
            .checked_sub(n)
            .ok_or_else(|| format!("its members have more than {MOST} bytes"))?;
        self.members.push(Member { name, bytes });
        Ok(())
    }

    fn held(self, format: &'static str) -> Held {
        Held { format, members: self.members }
    }

    fn zip(mut self, bytes: &[u8]) -> Result<Held, String> {
        let mut input = Cursor::new(bytes);
        let index = zip::read(&mut input, self.limits).map_err(|e| e.to_string())?;
        for entry in &index.entries {
            let name = printable(&entry.name);
            if entry.kind == zip::Kind::File && (self.wanted)(&name) {
                let content = entry.content(Cursor::new(bytes)).map_err(|e| e.to_string())?;
                self.add(name, content)?;
            }
        }
        Ok(self.held("zip"))
    }

    fn ar(mut self, bytes: &[u8]) -> Result<Held, String> {
        let entries = ar::read(&mut Cursor::new(bytes), self.limits).map_err(|e| e.to_string())?;
        for entry in entries.iter().filter(|e| e.kind == ar::Kind::File) {
            let (from, size) = (entry.data_at as usize, entry.size as usize);
            let content = from.checked_add(size).and_then(|to| bytes.get(from..to));
            self.add(printable(&entry.name), content.unwrap_or_default())?;
        }
        Ok(self.held("ar"))
    }

    fn tar(mut self, bytes: &[u8]) -> Result<Held, String> {
        let mut walk = tar::Walk::new(bytes, self.limits);
        while let Some(entry) = walk.next().map_err(|e| e.to_string())? {
            if entry.kind == tar::Kind::File {
                self.add(printable(&entry.name), &mut walk)?;
            }
        }
        Ok(self.held("tar"))
    }

    fn packed(mut self, bytes: &[u8], compression: Compression) -> Result<Held, String> {
        let content = Unpacked::new(bytes, compression, self.limits);
        self.add(String::new(), content.map_err(|e| e.to_string())?)?;
        Ok(self.held(compression.row().name))
    }

    fn fat(mut self, bytes: &[u8]) -> Result<Held, String> {
        for (name, content) in slices(bytes).map_err(|e| e.to_string())? {
            self.add(name, content)?;
        }
        Ok(self.held("Mach-O for several machines"))
    }
}

fn slices(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, object::Error> {
    use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
    fn each<'a, F: FatArch>(
        arches: &[F],
        bytes: &'a [u8],
    ) -> Result<Vec<(String, &'a [u8])>, object::Error> {
        let mut list = Vec::new();
        for arch in arches.iter().take(64) {
            list.push((format!("{:?}", arch.architecture()).to_lowercase(), arch.data(bytes)?));
        }
        Ok(list)
    }
    match bytes.get(3) {
        Some(0xbf) => each(MachOFatFile64::parse(bytes)?.arches(), bytes),
        _ => each(MachOFatFile32::parse(bytes)?.arches(), bytes),
    }
}

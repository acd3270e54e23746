//! The outer form of a WebAssembly module: numbers, names and sections with their places in the file
//! (<https://webassembly.github.io/spec/core/binary/index.html>).

use std::ops::Range;

/// Sections by their ids, as far as anything here asks for them.
pub const CUSTOM: u8 = 0;
/// What the module takes from outside.
pub const IMPORT: u8 = 2;
/// What it gives.
pub const EXPORT: u8 = 7;
/// The bodies of its functions.
pub const CODE: u8 = 10;
/// What its memory begins with.
pub const DATA: u8 = 11;

/// Names of the sections, by id.
const NAMES: &[&str] = &[
    "custom", "type", "import", "function", "table", "memory", "global", "export", "start",
    "element", "code", "data", "data count", "tag",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section<'a> {
    pub(crate) id: u8,
    /// Its own name, of a custom one; else that of its id.
    pub name: &'a str,
    /// Its content, without the name.
    pub range: Range<usize>,
}

/// Reads from a place in the file up to an end.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    /// Over a part of the file.
    pub fn new(bytes: &'a [u8], range: Range<usize>) -> Reader<'a> {
        Reader { bytes: &bytes[..range.end.min(bytes.len())], at: range.start }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The place of the next `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.bytes.len())?;
        let taken = self.at..end;
        self.at = end;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let at = self.take(1)?.start;
        Some(self.bytes[at])
    }

    /// A number in LEB128, of up to 32 bits.
    pub fn number(&mut self) -> Option<usize> {
        let (value, _) = self.leb(35)?;
        Some(value as usize)
    }

    /// A signed number in LEB128, of up to 64 bits.
    pub fn signed(&mut self) -> Option<i64> {
        let (value, bits) = self.leb(70)?;
        // The highest bit that was read is the sign.
        Some(if bits < 64 { (value << (64 - bits)) as i64 >> (64 - bits) } else { value as i64 })
    }

    fn leb(&mut self, most: u32) -> Option<(u64, u32)> {
        let mut value = 0u64;
        for shift in (0..most).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((value, shift + 7));
            }
        }
        None
    }

    /// The place of a name.
    pub fn text_range(&mut self) -> Option<Range<usize>> {
        let size = self.number()?;
        self.take(size)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let range = self.text_range()?;
        std::str::from_utf8(&self.bytes[range]).ok()
    }
}

/// The sections, as far as they are sound, and whether that is all of them.
pub fn sections(bytes: &[u8]) -> (Vec<Section<'_>>, bool) {
    let mut reader = Reader::new(bytes, 8..bytes.len());
    let mut all = Vec::new();
    while !reader.is_at_end() {
        let Some(section) = section(bytes, &mut reader) else { return (all, false) };
        all.push(section);
    }
    (all, true)
}

fn section<'a>(bytes: &'a [u8], reader: &mut Reader<'a>) -> Option<Section<'a>> {
    let id = reader.byte()?;
    let size = reader.number()?;
    let mut range = reader.take(size)?;
    let mut name = *NAMES.get(usize::from(id)).unwrap_or(&"section of an unknown kind");
    if id == CUSTOM {
        let mut body = Reader::new(bytes, range.clone());
        name = body.text()?;
        range.start = body.at;
    }
    Some(Section { id, name, range })
}

/// A tool in the section `producers`
/// (<https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md>).
pub struct Producer<'a> {
    /// `language`, `processed-by` or `sdk`.
    pub field: &'a str,
    pub(crate) name: &'a str,
    /// The place of its version.
    pub version: Range<usize>,
}

/// The tools, as far as the section is sound.
pub fn producers<'a>(bytes: &'a [u8], section: &Section) -> Vec<Producer<'a>> {
    let mut out = Vec::new();
    let _ = add_producers(Reader::new(bytes, section.range.clone()), &mut out);
    out
}

fn add_producers<'a>(mut reader: Reader<'a>, out: &mut Vec<Producer<'a>>) -> Option<()> {
    for _ in 0..reader.number()?.min(16) {
        let field = reader.text()?;
        for _ in 0..reader.number()?.min(64) {
            let name = reader.text()?;
            out.push(Producer { field, name, version: reader.text_range()? });
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_specification_writes_them() {
        let of = |bytes: &[u8]| Reader::new(bytes, 0..bytes.len()).number();
        assert_eq!(of(&[0x7f]), Some(127));
        assert_eq!(of(&[0x80, 0x80, 0xc0, 0x00]), Some(1 << 20));
        assert_eq!((of(&[0x80]), of(&[0x80; 6])), (None, None));
        let of = |bytes: &[u8]| Reader::new(bytes, 0..bytes.len()).signed();
        assert_eq!(of(&[0x7f]), Some(-1));
        assert_eq!(of(&[0x80, 0x80, 0xc0, 0x00]), Some(1 << 20));
        assert_eq!(of(&[0x80, 0x80, 0x40]), Some(-(1 << 20)));
    }

    #[test]
    fn a_module_that_is_cut_off_gives_what_is_whole() {
        let module = b"\0asm\x01\0\0\0\x07\x01\0\0\x03\x01nx";
        let (all, sound) = sections(module);
        assert_eq!((all.len(), sound), (2, true));
        assert_eq!((all[0].name, all[1].name, all[1].range.clone()), ("export", "n", 15..16));
        for end in 8..module.len() {
            let (some, sound) = sections(&module[..end]);
            assert!(some.len() < 2 && (sound == (end == 8 || end == 11)), "{end}");
        }
    }
}

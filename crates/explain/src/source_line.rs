//! Source lines from DWARF. A file without DWARF, or with DWARF that cannot be read, has none.

use gimli::{EndianSlice, RunTimeEndian};
use object::{Object, ObjectSection};

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

pub(crate) struct Lines<'a>(Option<addr2line::Context<Slice<'a>>>);

impl<'a> Lines<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Lines<'a> {
        Lines(load(bytes))
    }

    /// The line of an address: that of the outermost function that is not of the standard library.
    pub fn at(&self, address: u64) -> Option<String> {
        let context = self.0.as_ref()?;
        let mut frames = context.find_frames(address).skip_all_loads().ok()?;
        let mut own = None;
        let mut any = None;
        // The innermost of inlined functions comes first. A hostile file may nest without end.
        for _ in 0..256 {
            let Ok(Some(frame)) = frames.next() else { break };
            let Some(location) = frame.location else { continue };
            let (Some(file), Some(line)) = (location.file, location.line) else { continue };
            let text = format!("{file}:{line}");
            if !file.starts_with("/rustc/") && !file.contains("/library/std/") {
                own = Some(text.clone());
            }
            any = Some(text);
        }
        own.or(any)
    }
}

fn load(bytes: &[u8]) -> Option<addr2line::Context<Slice<'_>>> {
    let file = object::File::parse(bytes).ok()?;
    file.section_by_name(".debug_info").or_else(|| file.section_by_name("__debug_info"))?;
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let section = |id: gimli::SectionId| {
        let data = file.section_by_name(id.name()).and_then(|s| s.data().ok()).unwrap_or(&[]);
        Ok::<_, gimli::Error>(EndianSlice::new(data, endian))
    };
    let dwarf = gimli::Dwarf::load(section).ok()?;
    addr2line::Context::from_dwarf(dwarf).ok()
}

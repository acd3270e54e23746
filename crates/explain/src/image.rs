//! A file as a reader sees it: named parts, fields with a meaning, symbols. All formats share this
//! type; comparing two images happens elsewhere.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::cause::Cause;
use crate::finding::About;

/// What a part holds, as far as comparing it depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Code,
    /// Constants and variables: text, numbers and addresses in any mixture.
    Data,
    /// Headers, relocations, symbol tables, unwind tables: numbers and addresses, never text.
    Table,
    /// Names of symbols.
    Names,
    /// Text, each string ended by NUL or newline.
    Text,
    /// Debug info in compact encodings.
    Debug,
    /// Hashes, checksums and tables made from names: differs when what they are made from does.
    Derived,
    /// The compiler's metadata of a crate, or its bitcode: text among packed numbers.
    Metadata,
    /// The list of dependencies that `cargo auditable` leaves: JSON in zlib.
    Dependencies,
    Bytes,
}

/// A stretch of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name: a section, or what it is.
    pub name: String,
    pub(crate) range: Range<usize>,
    /// The address of its first byte when loaded.
    pub address: Option<u64>,
    pub(crate) kind: Kind,
    /// It is what is between the parts that have names.
    pub gap: bool,
}

impl Part {
    pub(crate) fn new(
        name: impl Into<String>,
        range: Range<usize>,
        address: Option<u64>,
        kind: Kind,
    ) -> Part {
        Part { name: name.into(), range, address, kind, gap: false }
    }
}

/// Whether a field that differs follows from what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Follows {
    /// It has a cause of its own.
    Never,
    /// It is made from the rest of the file: a cause only if nothing else differs.
    UnlessAlone,
    /// It is made from the rest of the file, signatures and digests in it as well.
    Last,
}

/// A place that the format gives a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, which finds its counterpart.
    pub name: String,
    pub(crate) range: Range<usize>,
    /// The value, to be shown.
    pub value: String,
    pub(crate) cause: Cause,
    pub(crate) about: About,
    /// Whether it follows from other differences.
    pub follows: Follows,
}

impl Field {
    /// A field with a cause of its own.
    pub fn new(name: &str, range: Range<usize>, value: impl Into<String>, cause: Cause) -> Field {
        let (name, value) = (name.to_string(), value.into());
        Field { name, range, value, cause, about: About::Anything, follows: Follows::Never }
    }

    /// The same, about that kind of value.
    pub fn about(self, about: About) -> Field {
        Field { about, ..self }
    }

    /// The same, which follows from other differences.
    pub fn follows(self, follows: Follows) -> Field {
        Field { follows, ..self }
    }
}

/// A named address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name as it is written.
    pub name: String,
    /// The address; in an object file: the offset in its section, see [`Symbol::part`].
    pub address: u64,
    /// Bytes; 0 if unknown.
    pub size: u64,
    /// The part that holds it, where addresses do not tell.
    pub part: Option<usize>,
}

/// A place that holds the address of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it is: part and offset.
    pub from: (usize, u64),
    /// Where it leads: part and offset.
    pub to: (usize, u64),
}

/// How instructions refer to addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Machine {
    /// x86 with 64 bits: displacements of 32 bits.
    X86_64,
    /// ARM with 64 bits: a page, and an offset in it.
    Aarch64,
    /// WebAssembly: numbers of as many bytes as they need.
    Wasm,
    #[default]
    Other,
}

/// A file, read.
#[derive(Clone, Debug, Default)]
pub struct Image {
    pub(crate) format: &'static str,
    pub(crate) machine: Machine,
    /// Everything in the file, in order, without gaps or overlaps.
    pub parts: Vec<Part>,
    /// What the format gives a meaning.
    pub fields: Vec<Field>,
    /// Symbols, by address.
    pub symbols: Vec<Symbol>,
    /// Relocations, where the file has them.
    pub references: Vec<Reference>,
    /// Names of source files in the symbol table.
    pub files: Vec<String>,
    /// First and last address of each part that has any, and the part, in order.
    pub loaded: Vec<(u64, u64, usize)>,
}

impl Image {
    /// A file that is one part.
    pub fn whole(format: &'static str, kind: Kind, name: &str, len: usize) -> Image {
        let part = Part::new(name, 0..len, None, kind);
        Image { format, parts: vec![part], ..Image::default() }
    }

    /// Sorts parts, drops what overlaps or is outside of the file, and names what is between them.
    pub fn tile(&mut self, len: usize) {
        let mut given = std::mem::take(&mut self.parts);
        given.retain(|p| p.range.start < p.range.end && p.range.end <= len);
        given.sort_by_key(|p| (p.range.start, std::cmp::Reverse(p.range.end)));
        let mut at = 0;
        let between = |before: Option<&Part>, to: usize| {
            let name = match before {
                None => "header".to_string(),
                Some(part) => format!("after {}", part.name),
            };
            let from = before.map_or(0, |p| p.range.end);
            Part { gap: true, ..Part::new(name, from..to, None, Kind::Table) }
        };
        for part in given {
            if part.range.start < at {
                continue;
            }
            if part.range.start > at {
                let gap = between(self.parts.last(), part.range.start);
                self.parts.push(gap);
            }
            at = part.range.end;
            self.parts.push(part);
        }
        if at < len {
            let gap = between(self.parts.last(), len);
            self.parts.push(gap);
        }
        let loaded = self.parts.iter().enumerate().filter_map(|(i, p)| {
            let last = p.address?.checked_add(p.range.len() as u64 - 1)?;
            Some((p.address?, last, i))
        });
        self.loaded = loaded.collect();
        self.loaded.sort_unstable();
    }

    /// The part that holds an offset of the file.
    pub fn part_at(&self, offset: usize) -> Option<usize> {
        let after = self.parts.partition_point(|p| p.range.start <= offset);
        let part = after.checked_sub(1)?;
        self.parts[part].range.contains(&offset).then_some(part)
    }

    /// The place of an offset of the file: the part that holds it, and the offset in that.
    pub fn place_of(&self, offset: usize) -> Option<(usize, u64)> {
        let part = self.part_at(offset)?;
        Some((part, (offset - self.parts[part].range.start) as u64))
    }

    /// The offset in the file of an address.
    pub fn offset_of(&self, address: u64) -> Option<usize> {
        let after = self.loaded.partition_point(|(first, ..)| *first <= address);
        let (first, last, part) = *self.loaded.get(after.checked_sub(1)?)?;
        if address > last {
            return None;
        }
        let within = usize::try_from(address - first).ok()?;
        self.parts[part].range.start.checked_add(within)
    }

    /// The symbol that holds a place, a part and an offset in it: that of the nearest address before it,
    /// if it reaches so far.
    pub fn symbol_at(&self, place: (usize, u64)) -> Option<&Symbol> {
        let (part, at) = match self.symbols.first().is_some_and(|s| s.part.is_some())
            || self.symbols.last().is_some_and(|s| s.part.is_some())
        {
            true => (Some(place.0), place.1),
            false => (None, self.parts[place.0].address?.wrapping_add(place.1)),
        };
        let key = |s: &Symbol| (s.part, s.address);
        let after = self.symbols.partition_point(|s| key(s) <= (part, at));
        let before = self.symbols[..after].iter().rev().take(8);
        let mut before = before.take_while(|s| s.part == part);
        before.find(|s| at < s.address.saturating_add(s.size.max(1)))
    }

    /// The name of the symbol that holds an offset of a loaded file, and how far in it that is.
    pub fn named_at(&self, offset: usize) -> Option<(&str, u64)> {
        let place = self.place_of(offset)?;
        let address = self.parts[place.0].address?.wrapping_add(place.1);
        let symbol = self.symbol_at(place)?;
        Some((&symbol.name, address.wrapping_sub(symbol.address)))
    }
}

/// What belongs together in two lists: of one name, in order. Then what only the one has, and the other.
pub fn matched<'x, T, K: Ord>(
    a: &'x [T],
    b: &'x [T],
    name: impl Fn(&'x T) -> K,
) -> (Vec<(usize, usize)>, Vec<usize>, Vec<usize>) {
    let mut by_name: BTreeMap<K, [Vec<usize>; 2]> = BTreeMap::new();
    for (side, items) in [a, b].into_iter().enumerate() {
        for (i, item) in items.iter().enumerate() {
            by_name.entry(name(item)).or_default()[side].push(i);
        }
    }
    let (mut both, mut only_a, mut only_b) = (Vec::new(), Vec::new(), Vec::new());
    for [of_a, of_b] in by_name.into_values() {
        let n = of_a.len().min(of_b.len());
        both.extend(of_a.iter().copied().zip(of_b.iter().copied()));
        only_a.extend(&of_a[n..]);
        only_b.extend(&of_b[n..]);
    }
    both.sort_unstable();
    only_a.sort_unstable();
    only_b.sort_unstable();
    (both, only_a, only_b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file_once_whatever_is_given() {
        let part = |name: &str, range| Part::new(name, range, None, Kind::Data);
        let mut image = Image {
            parts: vec![
                part("b", 30..40),
                part("a", 10..20),
                part("overlaps", 15..35),
                part("outside", 90..110),
                part("empty", 50..50),
            ],
            ..Image::default()
        };
        image.tile(100);
        let mut at = 0;
        for p in &image.parts {
            assert_eq!(p.range.start, at);
            at = p.range.end;
        }
        assert_eq!(at, 100);
        assert_eq!(image.part_at(12), Some(1));
        assert_eq!(image.part_at(100), None);
    }

    #[test]
    fn names_pair_in_order() {
        let (a, b) = (["x", "y", "x"], ["x", "z", "x", "x"]);
        let (both, only_a, only_b) = matched(&a, &b, |s| s);
        assert_eq!(both, [(0, 0), (2, 2)]);
        assert_eq!((only_a, only_b), (vec![1], vec![1, 3]));
    }
}

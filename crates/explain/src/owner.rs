//! Finds the owner of a range of bytes: the symbol that contains or refers to it, its crate, and
//! the source line if there is debug info. Only the bytes of A are looked up.
//!
//! Constants have no symbols; their users are found by searching the code for displacements that lead to
//! them, and for relocations that contain their address.

use std::collections::HashMap;
use std::ops::Range;

use repro_formats::bytes::chunk;

use super::image::{Image, Kind, Machine};
use super::names::{crate_of, demangled};
use super::source_line::Lines;

/// The owner of some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The symbol, demangled.
    pub symbol: Option<String>,
    /// The crate that it belongs to.
    pub krate: Option<String>,
    /// File and line.
    pub source: Option<String>,
}

/// How far before a value the constant that it is part of may begin, in bytes.
const REACH: u64 = 512;
/// How far before a pointer the table that it is part of may begin.
const TABLE: u64 = 128;

/// A place: a part and an offset in it.
type Place = (usize, u64);

/// The owners of the ranges, of those that have one.
pub fn owners(
    bytes: &[u8],
    image: &Image,
    wanted: &[Range<usize>],
) -> HashMap<Range<usize>, Owner> {
    if wanted.is_empty() || image.symbols.is_empty() && image.references.is_empty() {
        return HashMap::new();
    }
    let lines = Lines::of(bytes);
    let mut places: Vec<Option<Place>> = wanted.iter().map(|r| image.place_of(r.start)).collect();
    // Code owns itself; constants belong to the code that refers to them.
    let data: Vec<usize> = (0..places.len())
        .filter(|i| places[*i].is_some_and(|(p, _)| image.parts[p].kind != Kind::Code))
        .collect();
    let targets: Vec<Place> = data.iter().filter_map(|i| places[*i]).collect();
    for (i, from) in data.into_iter().zip(referrers(bytes, image, &targets)) {
        places[i] = from.or(places[i]);
    }
    let found = wanted.iter().cloned().zip(places);
    found.filter_map(|(range, place)| Some((range, owner(image, &lines, place?)?))).collect()
}

fn owner(image: &Image, lines: &Lines, place: Place) -> Option<Owner> {
    let part = &image.parts[place.0];
    let address = part.address.map(|a| a.wrapping_add(place.1));
    let symbol = image.symbol_at(place);
    let source = address.filter(|_| part.kind == Kind::Code).and_then(|a| lines.at(a));
    let name = symbol
        .map(|s| s.name.as_str())
        // Object files have a section for each function or constant, named after it.
        .or_else(|| {
            let rest = part.name.strip_prefix(".text.");
            rest.or_else(|| part.name.strip_prefix(".data.rel.ro."))
        });
    if name.is_none() && source.is_none() {
        return None;
    }
    let shown = name.map(demangled);
    Some(Owner { krate: shown.as_deref().and_then(crate_of), symbol: shown, source })
}

/// Of each target, the code that refers to it.
fn referrers(bytes: &[u8], image: &Image, targets: &[Place]) -> Vec<Option<Place>> {
    // Through a pointer in a table: the code refers to the table.
    let mut wanted: Vec<(Place, u64, usize)> = Vec::new();
    for (i, target) in targets.iter().enumerate() {
        wanted.push((*target, REACH, i));
        let near = |r: &&super::image::Reference| {
            r.to.0 == target.0 && r.to.1 <= target.1 && target.1 - r.to.1 <= REACH
        };
        let best = image.references.iter().filter(near).max_by_key(|r| r.to.1);
        if let Some(r) = best {
            wanted.push((r.from, TABLE, i));
        }
    }
    let mut best: Vec<Option<(u64, Place)>> = vec![None; targets.len()];
    let mut offer = |i: usize, distance: u64, from: Place| {
        if image.parts[from.0].kind == Kind::Code && best[i].is_none_or(|(d, _)| distance < d) {
            best[i] = Some((distance, from));
        }
    };
    for r in &image.references {
        for (place, reach, i) in &wanted {
            if r.to.0 == place.0 && r.to.1 <= place.1 && place.1 - r.to.1 <= *reach {
                offer(*i, place.1 - r.to.1, r.from);
            }
        }
    }
    let mut addresses: Vec<(u64, u64, usize)> = wanted
        .iter()
        .filter_map(|((part, at), reach, i)| {
            let end = image.parts[*part].address?.checked_add(*at)?;
            Some((end.saturating_sub(*reach), end, *i))
        })
        .collect();
    addresses.sort_unstable();
    if let (Some(low), Some(high)) =
        (addresses.first().map(|a| a.0), addresses.iter().map(|a| a.1).max())
    {
        each_reference(bytes, image, low..=high, |from, to| {
            for (start, end, i) in &addresses {
                if *start <= to && to <= *end {
                    offer(*i, end - to, from);
                }
            }
        });
    }
    best.into_iter().map(|b| b.map(|(_, from)| from)).collect()
}

/// Calls back for each place in the code that can be read as a reference into the range.
fn each_reference(
    bytes: &[u8],
    image: &Image,
    range: std::ops::RangeInclusive<u64>,
    mut found: impl FnMut(Place, u64),
) {
    for (p, part) in image.parts.iter().enumerate() {
        let (Kind::Code, Some(address)) = (part.kind, part.address) else { continue };
        let code = &bytes[part.range.clone()];
        let mut offer = |at, to| {
            if range.contains(&to) {
                found((p, at), to);
            }
        };
        match image.machine {
            Machine::Aarch64 => pages(code, address, offer),
            Machine::X86_64 => {
                let first = address.wrapping_add(4);
                for (at, window) in code.windows(5).enumerate() {
                    // The byte before a displacement says that it counts from the instruction.
                    if window[0] & 0xc7 != 0x05 {
                        continue;
                    }
                    let by = i32::from_le_bytes([window[1], window[2], window[3], window[4]]);
                    let at = at as u64 + 1;
                    offer(at, first.wrapping_add(at).wrapping_add_signed(i64::from(by)));
                }
            }
            Machine::Wasm | Machine::Other => {}
        }
    }
}

/// 64-bit ARM: ADRP gives a page to a register, an ADD soon after adds the offset in it.
fn pages(code: &[u8], address: u64, mut found: impl FnMut(u64, u64)) {
    let mut pages = [(usize::MAX, 0_u64); 32];
    for (n, word) in code.chunks_exact(4).enumerate() {
        let word = chunk(word, 0).map_or(0, u32::from_le_bytes);
        let at = n as u64 * 4;
        let (to, from) = ((word & 31) as usize, (word >> 5 & 31) as usize);
        if word & 0x9f00_0000 == 0x9000_0000 {
            let low = u64::from(word >> 29 & 3);
            let high = u64::from(word >> 5 & 0x7_ffff);
            // 21 bits with a sign, in pages of 4 KiB.
            let by = ((((high << 2 | low) << 43) as i64) >> 43) << 12;
            let page = address.wrapping_add(at) & !0xfff;
            pages[to] = (n, page.wrapping_add_signed(by));
        } else if word & 0xffc0_0000 == 0x9100_0000 {
            let (set, page) = pages[from];
            if set != usize::MAX && n - set <= 8 {
                found(at, page.wrapping_add(u64::from(word >> 10 & 0xfff)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_arm_lead_where_they_should() {
        // adrp x0, +1 page; add x0, x0, #0x123, at 0x10000.
        let code = [0xb000_0000_u32, 0x9104_8c00].map(u32::to_le_bytes).concat();
        let mut found = Vec::new();
        pages(&code, 0x1_0000, |at, to| found.push((at, to)));
        assert_eq!(found, [(4, 0x1_1123)]);
    }
}

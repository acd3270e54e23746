//! Code whose functions are in a different order: each function is compared with the one of the
//! same name.

use std::collections::HashMap;
use std::ops::Range;

use super::super::image::{Image, Kind};

/// A part of an image, by its place in the list.
type InImage<'a> = (&'a Image, usize);

/// The functions of a part, each up to the next one, by name; and what is before the first.
fn functions<'a>((image, part): InImage<'a>) -> Option<Vec<(&'a str, Range<usize>)>> {
    let whole = &image.parts[part];
    let mut found: Vec<(&str, usize)> = vec![("", whole.range.start)];
    for symbol in image.symbols.iter().filter(|s| s.size > 0) {
        let at = match symbol.part {
            Some(p) => (p == part).then(|| whole.range.start + symbol.address as usize),
            None => image.offset_of(symbol.address).filter(|at| whole.range.contains(at)),
        };
        // Of several names of one function, the first.
        if let Some(at) = at.filter(|at| found.last().is_none_or(|(_, last)| last < at)) {
            found.push((&symbol.name, at));
        }
    }
    let ends: Vec<usize> = found.iter().skip(1).map(|f| f.1).chain([whole.range.end]).collect();
    let each = found.into_iter().zip(ends).map(|((name, start), end)| (name, start..end));
    let each: Vec<_> = each.collect();
    let mut names: Vec<&str> = each.iter().map(|f| f.0).collect();
    names.sort_unstable();
    let unique = names.windows(2).all(|w| w[0] != w[1]);
    (unique && each.iter().all(|f| f.1.end <= whole.range.end)).then_some(each)
}

/// Ranges of both parts that belong together, all of each, where they are code and the functions that
/// both have are in different orders; else nothing.
pub(super) fn paired(a: InImage, b: InImage) -> Vec<(Range<usize>, Range<usize>)> {
    if a.0.parts[a.1].kind != Kind::Code || a.0.symbols.is_empty() {
        return Vec::new();
    }
    let (Some(x), Some(y)) = (functions(a), functions(b)) else { return Vec::new() };
    let places: HashMap<&str, usize> = y.iter().enumerate().map(|(i, f)| (f.0, i)).collect();
    let order: Vec<usize> = x.iter().filter_map(|f| places.get(f.0).copied()).collect();
    if order.is_sorted() {
        return Vec::new();
    }
    let end = b.0.parts[b.1].range.end;
    let mut all: Vec<_> = (x.into_iter())
        .map(|(name, range)| (range, places.get(name).map_or(end..end, |i| y[*i].1.clone())))
        .collect();
    let last = a.0.parts[a.1].range.end;
    let alone = (0..y.len()).filter(|i| !order.contains(i));
    all.extend(alone.map(|i| (last..last, y[i].1.clone())));
    all
}

#[cfg(test)]
mod tests {
    use super::super::super::image::Symbol;
    use super::*;

    fn image(names: &[&str]) -> Image {
        let mut image = Image::whole("test", Kind::Code, ".text", names.len() * 16 + 4);
        image.parts[0].address = Some(0x1000);
        image.tile(names.len() * 16 + 4);
        let symbol = |(i, name): (usize, &&str)| Symbol {
            name: name.to_string(),
            address: 0x1004 + i as u64 * 16,
            size: 10,
            part: None,
        };
        image.symbols = names.iter().enumerate().map(symbol).collect();
        image
    }

    #[test]
    fn functions_are_paired_by_name_only_where_their_order_differs() {
        let pairs = |a: &[&str], b: &[&str]| paired((&image(a), 0), (&image(b), 0));
        assert_eq!(
            pairs(&["f", "g"], &["g", "f"]),
            [(0..4, 0..4), (4..20, 20..36), (20..36, 4..20)]
        );
        let one = pairs(&["f", "g", "x"], &["g", "f", "y"]);
        assert_eq!(one[3..], [(36..52, 52..52), (52..52, 36..52)]);
        for same in [["f", "g"], ["f", "h"]] {
            assert!(pairs(&["f", "g"], &same).is_empty(), "{same:?}");
        }
    }
}

//! Tables of strings that end in NUL, such as merged literals and names of symbols: which strings one side
//! has alone, wherever they are.

use std::collections::HashMap;
use std::ops::Range;

use repro_formats::parallel::both;

use super::super::align::Hunk;

/// The strings that only one of two tables has, in the order of the tables, each at its first place; `None`
/// where a table does not end in NUL.
pub(super) fn on_one_side(
    (a, pa): (&[u8], &Range<usize>),
    (b, pb): (&[u8], &Range<usize>),
    hunks: &[Hunk],
) -> Option<[Vec<Range<usize>>; 2]> {
    if [&a[pa.clone()], &b[pb.clone()]].iter().any(|table| table.last() != Some(&0)) {
        return None;
    }
    // Between hunks, both have the same strings: only those at a hunk can be missing in the other.
    let (of_a, of_b) = both(
        || strings_at(a, pa, hunks.iter().map(|h| &h.a)),
        || strings_at(b, pb, hunks.iter().map(|h| &h.b)),
    );
    let only = |of: &HashMap<&[u8], usize>, others: &HashMap<&[u8], usize>, other: &[u8]| {
        let mut missing = of.clone();
        missing.retain(|text, _| !others.contains_key(text));
        without_those_of(&mut missing, other);
        let mut list: Vec<_> = missing.iter().map(|(text, at)| *at..at + text.len()).collect();
        list.sort_by_key(|r| r.start);
        list
    };
    let (x, y) = both(|| only(&of_a, &of_b, &b[pb.clone()]), || only(&of_b, &of_a, &a[pa.clone()]));
    Some([x, y])
}

/// The strings of a table that touch one of the ranges, and the first place of each.
fn strings_at<'a, 'r>(
    bytes: &'a [u8],
    table: &Range<usize>,
    ranges: impl Iterator<Item = &'r Range<usize>>,
) -> HashMap<&'a [u8], usize> {
    let mut strings = HashMap::new();
    let mut at = table.start;
    for range in ranges {
        let before = memchr::memrchr(0, &bytes[at..range.start.max(at)]);
        at += before.map_or(0, |nul| nul + 1);
        while at <= range.end && at <= table.end {
            let rest = &bytes[at..table.end];
            let text = &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())];
            strings.entry(text).or_insert(at);
            at += text.len() + 1;
        }
        at = at.min(table.end);
    }
    strings
}

/// Takes out the strings that a table has. Most of its strings are none of them, which their length and
/// last bytes tell without a search.
fn without_those_of(missing: &mut HashMap<&[u8], usize>, table: &[u8]) {
    if missing.is_empty() {
        return;
    }
    let mark = |text: &[u8]| {
        let tail = text.last_chunk().map_or(0, |t| u64::from_le_bytes(*t));
        let mixed = (tail ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 48) as usize
    };
    let mut marks = vec![false; 1 << 16];
    missing.keys().for_each(|text| marks[mark(text)] = true);
    let mut at = 0;
    for end in memchr::memchr_iter(0, table).chain([table.len()]) {
        let text = &table[at..end];
        if marks[mark(text)] {
            missing.remove(text);
        }
        at = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::align::Aligner;
    use super::*;

    /// Those of a set that another has not, all strings looked at.
    fn plainly<'a>(from: &'a [u8], other: &[u8]) -> Vec<&'a [u8]> {
        let others: Vec<&[u8]> = other.split(|b| *b == 0).collect();
        let mut found: Vec<&[u8]> = Vec::new();
        for text in from.split(|b| *b == 0) {
            if !others.contains(&text) && !found.contains(&text) {
                found.push(text);
            }
        }
        found
    }

    #[test]
    fn strings_of_one_side_are_found_by_the_hunks_alone() {
        let mut state = 7_u64;
        let mut random = move |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % most
        };
        for round in 0..400 {
            let text = |random: &mut dyn FnMut(usize) -> usize| {
                (0..random(14)).map(|_| b'a' + random(3) as u8).chain([0]).collect::<Vec<u8>>()
            };
            let mut words: Vec<Vec<u8>> = (0..random(40) + 1).map(|_| text(&mut random)).collect();
            let a = words.concat();
            for _ in 0..random(5) {
                let at = random(words.len());
                match random(3) {
                    0 => words[at] = text(&mut random),
                    1 => words.insert(at, text(&mut random)),
                    _ => words.swap(0, at),
                }
            }
            let b = words.concat();
            let hunks = Aligner::new((random(3000)) as u64).align(&a, &b);
            let only = on_one_side((&a, &(0..a.len())), (&b, &(0..b.len())), &hunks).unwrap();
            let [x, y] = [(&a, &only[0]), (&b, &only[1])]
                .map(|(of, list)| list.iter().map(|r| &of[r.clone()]).collect::<Vec<_>>());
            assert_eq!((x, y), (plainly(&a, &b), plainly(&b, &a)), "round {round}");
        }
    }
}

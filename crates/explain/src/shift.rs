//! Finds differences that are only addresses and offsets of things that moved: integers that changed by
//! the same amount as something moved, or by the difference of two such amounts.
//!
//! This needs no disassembler: displacements in instructions, pointers, relocations and entries of unwind
//! tables all change by such amounts. A number that changed by the same amount for a different reason is
//! mistaken for one of them.

use std::collections::HashSet;
use std::ops::Range;

use repro_formats::bytes::chunk;

use super::align::Hunk;
use super::wasm::Reader;

/// Moves that are kept: the most common ones by the bytes that made them.
const KEPT: usize = 96;

/// How far things moved.
#[derive(Debug, Default)]
pub struct Shifts {
    amounts: HashSet<i64>,
    /// What the amounts are the differences of.
    moves: Vec<i64>,
    sizes: HashSet<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Gather {
    moves: std::collections::HashMap<i64, u64>,
    sizes: HashSet<i64>,
}

impl Gather {
    /// So many bytes moved so far.
    pub fn moved(&mut self, by: i64, bytes: u64) {
        *self.moves.entry(by).or_default() += bytes;
    }

    /// Something grew by so much.
    pub fn grew(&mut self, by: i64) {
        if by != 0 && self.sizes.len() < KEPT * 2 {
            self.sizes.extend(lengths(by));
        }
    }

    /// All amounts by which an address, a distance or a size may have changed.
    pub fn shifts(self) -> Shifts {
        let mut moves: Vec<(i64, u64)> = self.moves.into_iter().collect();
        moves.sort_by_key(|(by, bytes)| (std::cmp::Reverse(*bytes), *by));
        moves.truncate(KEPT);
        let moves: Vec<i64> = moves.into_iter().map(|(by, _)| by).collect();
        let mut amounts = self.sizes.clone();
        for x in &moves {
            amounts.insert(*x);
            amounts.extend(moves.iter().map(|y| x.wrapping_sub(*y)));
        }
        amounts.remove(&0);
        Shifts { amounts, moves, sizes: self.sizes }
    }
}

/// The amounts by which what holds a length changes: `fmt::Arguments` of a constant holds its double.
fn lengths(by: i64) -> [i64; 2] {
    [by, by.wrapping_mul(2)]
}

impl Shifts {
    /// Values grew by so much.
    pub fn grew(&mut self, by: impl Iterator<Item = i64>) {
        let new: Vec<i64> = by.filter(|by| *by != 0).flat_map(lengths).take(KEPT).collect();
        self.sizes.extend(&new);
        self.amounts.extend(&new);
    }

    /// Things moved by so much.
    pub fn moved(&mut self, by: impl Iterator<Item = i64>) {
        for by in by.filter(|by| *by != 0).take(KEPT / 2) {
            let others = self.moves.iter().flat_map(|m| [by.wrapping_sub(*m), m.wrapping_sub(by)]);
            self.amounts.extend(others.chain([by, -by]));
        }
        self.amounts.remove(&0);
    }

    pub(crate) fn any(&self) -> bool {
        !self.amounts.is_empty()
    }

    /// Whether all that differs in the hunk are integers that changed by a move.
    pub fn explain(&self, a: &[u8], b: &[u8], hunk: &Hunk) -> bool {
        hunk.a.len() <= 1 << 20 && self.are_numbers(a, b, hunk, |x, y| self.integer(a, b, x, y))
    }

    /// Whether all that differs in the hunk, which is of one length on both sides, are numbers; `number` tells
    /// how many bytes the one covers that differs at a place of A and of B.
    fn are_numbers(
        &self,
        a: &[u8],
        b: &[u8],
        hunk: &Hunk,
        number: impl Fn(usize, usize) -> Option<usize>,
    ) -> bool {
        if !self.any() || hunk.a.len() != hunk.b.len() {
            return false;
        }
        let mut at = 0;
        while at < hunk.a.len() {
            let (x, y) = (hunk.a.start + at, hunk.b.start + at);
            let end = if a[x] == b[y] { Some(1) } else { number(x, y) };
            let Some(end) = end else { return false };
            at += end;
        }
        true
    }

    /// An integer of 4 or 8 bytes that covers the byte at `x` and `y`: how many bytes it covers from
    /// there on. Those in which most bytes lie at and behind the place are tried first, as low bytes
    /// come first.
    fn integer(&self, a: &[u8], b: &[u8], x: usize, y: usize) -> Option<usize> {
        for back in 0..4 {
            let (Some(x), Some(y)) = (x.checked_sub(back), y.checked_sub(back)) else { break };
            // The bytes before the place must agree, or the number does not begin here.
            if back > 0 && a[x..x + back] != b[y..y + back] {
                continue;
            }
            let four = chunk(a, x).zip(chunk(b, y));
            let by = four.map(|(p, q)| i32::from_le_bytes(q).wrapping_sub(i32::from_le_bytes(p)));
            if by.is_some_and(|by| self.amounts.contains(&i64::from(by))) {
                return Some(4 - back);
            }
            let eight = chunk(a, x).zip(chunk(b, y));
            let by = eight.map(|(p, q)| i64::from_le_bytes(q).wrapping_sub(i64::from_le_bytes(p)));
            if by.is_some_and(|by| self.amounts.contains(&by)) {
                return Some(8 - back);
            }
        }
        // A length or a short jump in one byte.
        let by = i64::from(b[y]) - i64::from(a[x]);
        self.sizes.contains(&by).then_some(1)
    }

    /// Whether all that differs in the hunk are numbers in LEB128, of one length, that changed by a move.
    pub fn explain_wasm(&self, a: &[u8], b: &[u8], hunk: &Hunk) -> bool {
        self.are_numbers(a, b, hunk, |x, y| self.leb(a, b, x, y))
    }

    /// A number in LEB128 that covers the byte at `x` and `y`: how many bytes it covers from there on.
    fn leb(&self, a: &[u8], b: &[u8], x: usize, y: usize) -> Option<usize> {
        for back in 0..5 {
            let (p, q) = (x.checked_sub(back)?, y.checked_sub(back)?);
            // Bytes of one number all say that more follow, but for the last.
            if back > 0 && (a[p] < 0x80 || a[p] != b[q]) {
                return None;
            }
            let (mut i, mut j) = (Reader::new(a, p..a.len()), Reader::new(b, q..b.len()));
            let (Some(v), Some(w)) = (i.signed(), j.signed()) else { continue };
            if i.at - p == j.at - q && self.amounts.contains(&w.wrapping_sub(v)) {
                return Some(i.at - x);
            }
        }
        None
    }

    /// Whether what differs in the hunk are addresses in instructions of 64-bit ARM, which all have
    /// four bytes and begin at multiples of four from the start of the part.
    pub fn explain_aarch64(&self, a: &[u8], b: &[u8], hunk: &Hunk, part: &Range<usize>) -> bool {
        if !self.any() || hunk.a.len() != hunk.b.len() {
            return false;
        }
        let lead = (hunk.a.start - part.start) % 4;
        let (Some(x), Some(y)) = (hunk.a.start.checked_sub(lead), hunk.b.start.checked_sub(lead))
        else {
            return false;
        };
        let len = (hunk.a.len() + lead).div_ceil(4) * 4;
        let (Some(p), Some(q)) = (a.get(x..x + len), b.get(y..y + len)) else { return false };
        p.chunks_exact(4).zip(q.chunks_exact(4)).all(|(p, q)| {
            let word = |w: &[u8]| chunk(w, 0).map_or(0, u32::from_le_bytes);
            p == q || without_address(word(p)) == without_address(word(q))
        })
    }
}

/// An instruction of 64-bit ARM without the bits that hold an address (Arm ARM, C4.1); all others
/// whole.
fn without_address(word: u32) -> u32 {
    const FORMS: [(u32, u32, u32); 6] = [
        // mask, value, bits that hold the address
        (0x1f00_0000, 0x1000_0000, 0x60ff_ffe0), // ADR, ADRP
        (0x7c00_0000, 0x1400_0000, 0x03ff_ffff), // B, BL
        (0xff00_0010, 0x5400_0000, 0x00ff_ffe0), // B.cond
        (0x7e00_0000, 0x3400_0000, 0x00ff_ffe0), // CBZ, CBNZ
        (0x7f80_0000, 0x1100_0000, 0x003f_fc00), // ADD immediate
        (0x3b00_0000, 0x3900_0000, 0x003f_fc00), // LDR, STR with unsigned offset
    ];
    let form = FORMS.iter().find(|(mask, value, _)| word & mask == *value);
    form.map_or(word, |(_, _, bits)| word & !bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shifts(moves: &[i64]) -> Shifts {
        let mut gather = Gather::default();
        moves.iter().for_each(|m| gather.moved(*m, 10));
        gather.shifts()
    }

    fn explained(moves: &[i64], a: &[u8], b: &[u8]) -> bool {
        let whole = Hunk { a: 0..a.len(), b: 0..b.len() };
        shifts(moves).explain(a, b, &whole)
    }

    #[test]
    fn integers_that_changed_by_a_move_are_explained_and_no_others() {
        let four = |v: i32| v.to_le_bytes();
        assert!(explained(&[0, 16], &four(-4096), &four(-4080)));
        assert!(explained(&[16, 48], &four(1000), &four(968)));
        assert!(!explained(&[0, 16], &four(1000), &four(1001)));
        assert!(!explained(&[0], &four(1000), &four(1016)));
        let eight = |v: i64| v.to_le_bytes();
        assert!(explained(&[0, 0x1_0000], &eight(0x40_fff8), &eight(0x41_fff8)));
        let two = |v: i32, w: i32| [four(v), four(w)].concat();
        assert!(explained(&[0, 16], &two(8, 9), &two(24, 25)));
        assert!(!explained(&[0, 16], &two(8, 9), &two(24, 26)));
    }

    #[test]
    fn numbers_of_wasm_that_changed_by_a_move_are_explained_and_no_others() {
        let moved = |by: u8, more: &[u8]| {
            let of = |low: u8| [&[0x41, 0x80 | low, 0x80, 0xc0, 0x00][..], more].concat();
            let (a, b) = (of(3), of(3 + by));
            shifts(&[0, 20]).explain_wasm(&a, &b, &Hunk { a: 0..a.len(), b: 0..b.len() })
        };
        assert!(moved(20, &[]) && moved(20, &[0x6a]));
        assert!(!moved(21, &[]) && !moved(1, &[0x6a]));
    }

    #[test]
    fn addresses_in_arm_instructions_are_left_out_of_the_comparison() {
        let (adrp, other_page, register) = (0x9000_0000_u32, 0xb000_0020, 0x9000_0001);
        assert_eq!(without_address(adrp), without_address(other_page));
        assert_ne!(without_address(adrp), without_address(register));
        assert_eq!(without_address(0x9400_0001), without_address(0x9400_00ff));
        assert_ne!(without_address(0xd280_0001), without_address(0xd280_0021));
    }
}

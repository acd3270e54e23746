//! Differences in code and in tables of addresses: pieces of known values in instructions, and
//! addresses of anything that moved.

use std::ops::Range;

use repro_formats::bytes::chunk;

use super::super::align::Hunk;
use super::super::image::{Image, Kind, Machine, Part};
use super::super::known::Window;
use super::super::text;
use super::work::{Claim, Work, claim, whole};
use crate::cause::Cause;
use crate::finding::About;

/// Bytes of a relaxed reference, with the differing bytes after it.
const RELAXED: usize = 16;

impl Work<'_> {
    pub(super) fn code(&mut self, part: &Part, other: &Part, hunk: &Hunk) {
        if let Some(c) = self.immediate(part, other, hunk) {
            self.add(c);
        } else if self.moved(part, hunk) || self.padding(hunk) {
            self.follows(hunk, About::Moved);
        } else if self.is_relaxed(hunk) {
            let what = "a reference through the GOT on one side, a direct one on the other";
            let c = whole(Cause::LinkerVersion, hunk).called(what);
            self.add(Claim { about: About::Relaxation, ..c });
        } else if !(self.time(hunk) || self.exact(hunk)) {
            // Code looks random, and never is.
            self.unknown(hunk);
        }
    }

    /// A piece of a known value, or of a time in digits, within an instruction.
    pub(super) fn immediate(&mut self, part: &Part, other: &Part, hunk: &Hunk) -> Option<Claim> {
        if self.texts_left == 0 || !self.is_printable(hunk) {
            return None;
        }
        let Hunk { a, b } = self.runs(part, other, hunk, 16);
        let digits =
            self.context.clocks.is_some() && self.a[hunk.a.clone()].iter().all(u8::is_ascii_digit);
        if !digits && !self.grams.any(&self.a[a.clone()]) {
            return None;
        }
        self.texts_left -= 1;
        for k in &self.context.known {
            let x = piece(self.a, &a, &hunk.a, k.a.as_bytes());
            let y = piece(self.b, &b, &hunk.b, k.b.as_bytes());
            if let (Some(x), Some(y)) = (x, y) {
                let c = claim(k.cause, x, y, hunk.len() as u64);
                let c = c.called(format!("{}, in an instruction", k.name));
                return Some(Claim { about: k.about, ..c });
            }
        }
        let clocks = self.context.clocks?;
        let begins = |bytes: &[u8], run: &Range<usize>, at: &Range<usize>, w: Window| {
            let digits = digits_around(bytes, run, at)?;
            let text = std::str::from_utf8(&bytes[digits.clone()]).ok()?;
            let (from, to) = (w.from.to_string(), w.to.to_string());
            let n = text.len().min(from.len());
            let between = n >= 4 && from[..n] <= text[..n] && text[..n] <= to[..n];
            between.then_some(digits)
        };
        let x = begins(self.a, &a, &hunk.a, clocks.a.wider(120))?;
        let y = begins(self.b, &b, &hunk.b, clocks.b.wider(120))?;
        let c = claim(Cause::Timestamp, x, y, hunk.len() as u64);
        Some(c.called("first digits of the seconds since 1970, in an instruction"))
    }

    /// Sorts the claims that follow from nothing: each instruction is looked up among them.
    pub(super) fn index_roots(&mut self) {
        let claims = self.out.claims.iter().enumerate().filter(|(_, c)| !c.follows);
        self.roots = claims.map(|(i, c)| (c.a.start, i)).collect();
        self.roots.sort_unstable();
    }

    /// Whether a place in A and one in B are in one claim that follows from nothing.
    fn is_in_root(&self, p: usize, q: usize) -> bool {
        // Claims rarely overlap: the one that contains a place begins shortly before it.
        const BACK: usize = 16;
        let end = self.roots.partition_point(|(start, _)| *start <= p);
        let near = self.roots[..end].iter().rev().take(BACK);
        near.filter_map(|(_, i)| self.out.claims.get(*i))
            .any(|c| c.a.contains(&p) && c.b.contains(&q))
    }

    /// Whether an instruction leads to the same bytes on both sides, wherever they are.
    pub(super) fn leads_to_the_same(&self, part: &Part, hunk: &Hunk) -> bool {
        if hunk.a.len() != hunk.b.len() || hunk.a.len() > 4 || part.kind != Kind::Code {
            return false;
        }
        let target = |image: &Image, bytes: &[u8], at: usize, more: u64| {
            let part = &image.parts[image.part_at(at)?];
            let by = i32::from_le_bytes(chunk(bytes, at)?);
            let next = part.address? + (at - part.range.start) as u64 + 4 + more;
            image.offset_of(next.wrapping_add_signed(i64::from(by)))
        };
        (0..=4 - hunk.a.len()).any(|back| {
            let places = hunk.a.start.checked_sub(back).zip(hunk.b.start.checked_sub(back));
            let Some((x, y)) = places else { return false };
            // An operand of one to four bytes may follow.
            [0, 1, 2, 4].into_iter().any(|more| {
                let p = target(self.ia, self.a, x, more);
                let q = target(self.ib, self.b, y, more);
                let Some((p, q)) = p.zip(q) else { return false };
                let led = self.ia.named_at(p);
                if led.is_some() && led == self.ib.named_at(q) || self.is_in_root(p, q) {
                    return true;
                }
                let (p, q) = (self.a.get(p..p + 8), self.b.get(q..q + 8));
                p.is_some() && p == q && p.is_some_and(|p| p.iter().any(|b| *b != 0))
            })
        })
    }

    /// What linkers make of a reference through the GOT where they know the place (x86-64 psABI, B.2):
    /// `mov` becomes `lea`; `call` and `jmp` become direct, filled up by one byte.
    fn is_relaxed(&self, hunk: &Hunk) -> bool {
        if self.ia.machine != Machine::X86_64 || hunk.len() > RELAXED {
            return false;
        }
        let at = |bytes: &'_ [u8], r: &Range<usize>| -> Option<[u8; 3]> {
            chunk(bytes, r.start.checked_sub(1)?)
        };
        let (Some(x), Some(y)) = (at(self.a, &hunk.a), at(self.b, &hunk.b)) else { return false };
        let relative = |modrm: u8| modrm & 0xc7 == 0x05;
        let relaxed = |from: [u8; 3], to: [u8; 3]| match (from, to) {
            ([p, 0x8b, m], [q, 0x8d, n]) => p == q && p & 0xf0 == 0x40 && m == n && relative(m),
            ([_, 0xff, 0x15], [_, 0x67, 0xe8] | [_, 0xe8, _]) => true,
            ([_, 0xff, 0x25], [_, 0xe9, _]) => true,
            _ => false,
        };
        relaxed(x, y) || relaxed(y, x)
    }

    pub(super) fn table(&mut self, part: &Part, hunk: &Hunk) {
        if self.moved(part, hunk) || self.padding(hunk) {
            self.follows(hunk, About::Moved);
        } else if !self.time(hunk) {
            match self.shifts.any() {
                // The tables of a file in which things moved are about these things.
                true => self.follows(hunk, About::Moved),
                false => self.unknown(hunk),
            }
        }
    }

    pub(super) fn moved(&self, part: &Part, hunk: &Hunk) -> bool {
        let hunk = &self.without_fill(hunk);
        self.shifts.explain(self.a, self.b, hunk)
            || self.ia.machine == Machine::Wasm
                && part.kind == Kind::Code
                && self.shifts.explain_wasm(self.a, self.b, hunk)
            || self.ia.machine == Machine::Aarch64
                && part.kind == Kind::Code
                && self.shifts.explain_aarch64(self.a, self.b, hunk, &part.range)
            || self.shifts.any() && self.leads_to_the_same(part, hunk)
    }

    /// Without the zeros that one side has more of, at the end or at the beginning.
    pub(super) fn without_fill(&self, hunk: &Hunk) -> Hunk {
        let cut = |bytes: &[u8], long: &Range<usize>, len: usize| {
            let more = long.len() - len;
            let zero = |r: Range<usize>| bytes[r].iter().all(|b| *b == 0);
            match () {
                () if len == 0 => long.clone(),
                () if zero(long.end - more..long.end) => long.start..long.end - more,
                () if zero(long.start..long.start + more) => long.start + more..long.end,
                () => long.clone(),
            }
        };
        let (x, y) = (hunk.a.len(), hunk.b.len());
        Hunk {
            a: if x > y { cut(self.a, &hunk.a, y) } else { hunk.a.clone() },
            b: if y > x { cut(self.b, &hunk.b, x) } else { hunk.b.clone() },
        }
    }

    pub(super) fn padding(&self, hunk: &Hunk) -> bool {
        // Zeros, breakpoints, and instructions of x86 that do nothing.
        let fills = |b: &u8| b"\x00\xcc\x90\x66\x2e\x0f\x1f\x40\x44\x80\x84".contains(b);
        let same = |bytes: &[u8]| bytes.iter().all(fills);
        hunk.a.len() != hunk.b.len()
            && same(&self.a[hunk.a.clone()])
            && same(&self.b[hunk.b.clone()])
    }
}

/// The longest piece of `value`, of four bytes at least, that is in the run and covers part of the
/// difference.
fn piece(
    bytes: &[u8],
    run: &Range<usize>,
    at: &Range<usize>,
    value: &[u8],
) -> Option<Range<usize>> {
    for len in (4..=run.len().min(value.len())).rev() {
        for start in run.start..=run.end - len {
            let covers = start < at.end && at.start < start + len;
            if covers && memchr::memmem::find(value, &bytes[start..start + len]).is_some() {
                return Some(start..start + len);
            }
        }
    }
    None
}

fn digits_around(bytes: &[u8], run: &Range<usize>, at: &Range<usize>) -> Option<Range<usize>> {
    let digits = bytes[at.clone()].iter().all(u8::is_ascii_digit);
    digits.then(|| text::widened(bytes, at, run, |b| b.is_ascii_digit()))
}

//! Differences in bytes that are not text: integers that are times, random bytes, short values.

use super::super::align::Hunk;
use super::super::image::{Kind, Part};
use super::super::text::{self, Texts};
use super::super::time;
use super::work::{Claim, Work, claim, read, whole};
use crate::cause::Cause;
use crate::finding::About;

impl Work<'_> {
    pub(super) fn binary(&mut self, part: &Part, other: &Part, hunk: &Hunk) {
        // Debug info holds no times, and many numbers that could be some.
        if part.kind != Kind::Debug && self.time(hunk) {
            return;
        }
        if self.mixed(part, other, hunk) {
            return;
        }
        // Short ones in debug info moved whether or not they are elsewhere, and to look for them is slow.
        let short = part.kind == Kind::Debug && hunk.len() <= 64;
        let moved = self.moved(part, hunk) || self.padding(hunk);
        if moved || self.shifts.any() && (short || self.is_elsewhere(part, other, hunk)) {
            return self.follows(hunk, About::Moved);
        }
        match part.kind {
            Kind::Metadata => {
                if hunk.len() >= 8 && self.looks_random(hunk) {
                    self.packed_random.get_or_insert_with(|| hunk.clone());
                }
                self.follows(hunk, About::Packed);
            }
            _ if self.random(hunk) || self.exact(hunk) => {}
            _ => self.unknown(hunk),
        }
    }

    /// An integer that is a time in both builds, or a known number.
    pub(super) fn time(&mut self, hunk: &Hunk) -> bool {
        for width in [4, 8] {
            if hunk.a.len() != hunk.b.len() || hunk.a.len() > width {
                continue;
            }
            for back in 0..=width - hunk.a.len() {
                let starts = hunk.a.start.checked_sub(back).zip(hunk.b.start.checked_sub(back));
                let Some((x, y)) = starts else { break };
                let values = self.a.get(x..x + width).zip(self.b.get(y..y + width));
                let Some((p, q)) = values else { continue };
                for little in [true, false] {
                    let (v, w) = (integer(p, little), integer(q, little));
                    let Some((cause, what)) = self.number(v, w) else { continue };
                    let c = claim(cause, x..x + width, y..y + width, hunk.len() as u64);
                    let c = c.called(format!("an integer of {width} bytes: {what}"));
                    self.add(Claim { shown: Some((v.to_string(), w.to_string())), ..c });
                    return true;
                }
            }
        }
        false
    }

    /// What two numbers are. Small numbers occur too often to mean anything.
    pub(super) fn number(&self, v: u128, w: u128) -> Option<(Cause, String)> {
        let least = v.min(w);
        let mut known = self.context.known.iter();
        if let Some(k) = known.find(|k| least >= 1 << 8 && k.are(v, w)) {
            return Some((k.cause, k.name.clone()));
        }
        if least < 1 << 16 {
            return None;
        }
        let mut windows = self.context.clocks?.pairs(120).into_iter();
        let unit = windows.find_map(|windows| time::unit_of(v, w, windows))?;
        unit.is_fine().then(|| (Cause::Timestamp, format!("{} since 1970", unit.name)))
    }

    /// Bytes of equal length that have nothing in common.
    pub(super) fn random(&mut self, hunk: &Hunk) -> bool {
        let found = self.looks_random(hunk);
        if found {
            self.nothing_in_common(hunk);
        }
        found
    }

    /// Claims the hunk as random bytes.
    pub(super) fn nothing_in_common(&mut self, hunk: &Hunk) {
        let what = format!("{} bytes that have nothing in common", hunk.len());
        self.push(whole(Cause::Randomness, hunk).called(what));
    }

    pub(super) fn looks_random(&self, hunk: &Hunk) -> bool {
        let (x, y) = (&self.a[hunk.a.clone()], &self.b[hunk.b.clone()]);
        let agree = x.iter().zip(y).filter(|(p, q)| p == q).count();
        if x.len() != y.len() || x.len() < 6 || agree * 4 > x.len() {
            return false;
        }
        let spread = |bytes: &[u8]| {
            let bytes = &bytes[..bytes.len().min(64)];
            text::distinct(bytes) * 4 >= bytes.len() * 3
        };
        spread(x) && spread(y)
    }

    /// A short known value that is all that differs.
    pub(super) fn exact(&mut self, hunk: &Hunk) -> bool {
        let texts = Texts { a: self.a, b: self.b, context: self.context };
        if !self.is_printable(hunk) || hunk.len() > 16 {
            return false;
        }
        let Some(r) = text::short_known(texts, hunk) else { return false };
        self.add(read(r, 0, 0, hunk.len()));
        true
    }
}

pub(super) fn integer(bytes: &[u8], little: bool) -> u128 {
    let join = |sum: u128, byte: &u8| sum << 8 | u128::from(*byte);
    if little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
}

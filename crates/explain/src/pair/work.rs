//! The state of one comparison: the claims so far, how claims are added, and what every kind of
//! data is checked for. The neighboring files decide which claim fits which data.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use repro_formats::compress::container::Compression;

use super::super::align::{Hunk, forth};
use super::super::image::{Field, Follows, Image, Part};
use super::super::known::Context;
use super::super::shift::Shifts;
use super::super::text::Reading;
use crate::cause::Cause;
use crate::finding::About;

/// What is said of some differing ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(crate) cause: Cause,
    /// What kind of value it is.
    pub about: About,
    /// What the value is called, if that is known.
    pub what: Option<String>,
    pub(crate) follows: bool,
    /// From what else it follows, of a field; of anything else, from what is not known.
    pub of_field: Follows,
    pub(crate) a: Range<usize>,
    pub(crate) b: Range<usize>,
    /// Both values, where the bytes are not what is shown.
    pub shown: Option<(String, String)>,
    /// Differing bytes that it claims.
    pub bytes: u64,
    pub(crate) places: usize,
}

/// A stream on each side, and how both are compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub(crate) compression: Compression,
    pub(crate) a: Range<usize>,
    pub(crate) b: Range<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// All claims, in the order of the file.
    pub claims: Vec<Claim>,
    /// Compressed streams in both that are not the same.
    pub streams: Vec<Pair>,
    /// Bytes in differing ranges.
    pub differing: u64,
    /// Of these, bytes that were not looked at since there were too many places.
    pub skipped: u64,
}

/// Places of one pair that are looked at one by one as text.
pub(super) const MOST_TEXTS: usize = 20_000;
/// Bytes of one pair that are searched for pieces of the other file.
pub(super) const MOST_FINDS: u64 = 2 << 30;
/// Texts of one pair that are looked for in pieces.
pub(super) const MOST_CUTS: usize = 24;
/// A piece of so many bytes shows by how much it moved: shorter ones occur in several places.
const MOVED: usize = 8;
/// How many different moves are kept.
const MOST_MOVES: usize = 4096;
/// Claims that are kept apart.
const MOST_CLAIMS: usize = 20_000;
/// How far text around a difference is read.
pub(super) const AROUND: usize = 512;
/// Bytes that are text all by themselves count as text only from this length on.
pub(super) const LEAST_RUN: usize = 5;

/// A part, after the bytes of its file.
type In<'x> = (&'x [u8], &'x Part);

/// The comparison of one pair, as it goes.
pub(super) struct Work<'a> {
    pub(super) a: &'a [u8],
    pub(super) b: &'a [u8],
    pub(super) ia: &'a Image,
    pub(super) ib: &'a Image,
    pub(super) context: &'a Context,
    pub(super) shifts: Shifts,
    pub(super) fields: Vec<(&'a Field, &'a Field)>,
    /// Where in A the claims of other parts begin that follow from nothing, sorted; and their places.
    pub(super) roots: Vec<(usize, usize)>,
    pub(super) texts_left: usize,
    pub(super) finds_left: u64,
    pub(super) cuts_left: usize,
    pub(super) rest: Vec<Claim>,
    /// By how much pieces moved that were found in the other file, and of how many bytes they are.
    pub(super) found: HashMap<i64, usize>,
    pub(super) packed_random: Option<Hunk>,
    pub(super) grams: Grams,
    pub(super) out: Compared,
}

impl Work<'_> {
    pub(super) fn has_fields(&self, part: &Part) -> bool {
        self.fields.iter().any(|(x, _)| within(&x.range, &part.range) > 0)
    }

    /// A place that the format knows.
    pub(super) fn field(&mut self, hunk: &Hunk) -> bool {
        let overlap = |r: &Range<usize>, h: &Range<usize>| r.start < h.end && h.start < r.end;
        let found = self
            .fields
            .iter()
            .find(|(x, y)| overlap(&x.range, &hunk.a) || overlap(&y.range, &hunk.b));
        let Some((x, y)) = found else { return false };
        let c = claim(x.cause, x.range.clone(), y.range.clone(), hunk.len() as u64);
        self.add(Claim {
            about: x.about,
            shown: Some((x.value.clone(), y.value.clone())),
            follows: x.follows != Follows::Never,
            of_field: x.follows,
            ..c.called(&x.name)
        });
        true
    }

    pub(super) fn add(&mut self, claim: Claim) {
        // The same value in the same place, differing in several bytes.
        if let Some(last) = self.out.claims.last_mut()
            && last.cause == claim.cause
            && (last.about, &last.what) == (claim.about, &claim.what)
            && last.follows == claim.follows
            && (claim.follows && claim.of_field == Follows::Never
                || (&last.a, &last.b) == (&claim.a, &claim.b))
        {
            last.bytes += claim.bytes;
            if (&last.a, &last.b) != (&claim.a, &claim.b) {
                last.places += 1;
            }
            return;
        }
        self.push(claim);
    }

    /// Keeps a claim; once there are too many, only its bytes.
    pub(super) fn push(&mut self, claim: Claim) {
        let claims = &mut self.out.claims;
        if claims.len() < MOST_CLAIMS {
            return claims.push(claim);
        }
        let rest = &mut self.rest;
        match rest.iter_mut().find(|c| (c.cause, c.follows) == (claim.cause, claim.follows)) {
            Some(c) => {
                c.bytes += claim.bytes;
                c.places += claim.places;
            }
            None => rest.push(claim),
        }
    }

    pub(super) fn follows(&mut self, hunk: &Hunk, about: About) {
        self.add(whole(Cause::Unknown, hunk).following(about));
    }

    pub(super) fn unknown(&mut self, hunk: &Hunk) {
        self.push(whole(Cause::Unknown, hunk));
    }

    /// Where a piece is in a part of the other file, while the budget for such searches lasts.
    pub(super) fn find(&mut self, whole: &[u8], piece: &[u8]) -> Option<usize> {
        let cost = whole.len() as u64;
        if piece.is_empty() || self.finds_left < cost {
            return None;
        }
        self.finds_left -= cost;
        memchr::memmem::find(whole, piece)
    }

    /// Whether a piece of a part is in the same part of the other file; keeps by how much it moved.
    pub(super) fn moved_to(&mut self, piece: &Range<usize>, from: In, to: In) -> bool {
        let ((from, own), (to, other)) = (from, to);
        let bytes = &from[piece.clone()];
        let at = self.find(&to[other.range.clone()], bytes);
        if let Some(at) = at.filter(|_| bytes.len() >= MOVED && self.found.len() < MOST_MOVES) {
            let by = at as i64 - (piece.start - own.range.start) as i64;
            *self.found.entry(by).or_default() += bytes.len();
        }
        at.is_some()
    }

    /// Whether what each side has here is somewhere in the same part of the other.
    pub(super) fn is_elsewhere(&mut self, pa: &Part, pb: &Part, hunk: &Hunk) -> bool {
        let (a, b) = ((self.a, pa), (self.b, pb));
        self.is_in(&hunk.a, a, b) && self.is_in(&hunk.b, b, a)
    }

    /// Whether a piece is nothing but zeros, or long enough and in the other file.
    pub(super) fn is_in(&mut self, piece: &Range<usize>, from: In, to: In) -> bool {
        from.0[piece.clone()].iter().all(|b| *b == 0)
            || piece.len() >= 4 && self.moved_to(piece, from, to)
    }
}

impl Claim {
    /// It follows from another difference: what it is.
    pub(super) fn follow(&mut self, about: About) {
        self.follows = true;
        self.about = about;
        self.what = about.called().map(str::to_string);
    }

    /// The same, which follows from another difference.
    pub(super) fn following(mut self, about: About) -> Claim {
        self.follow(about);
        self
    }

    /// The same, with what the value is called.
    pub(super) fn called(self, what: impl Into<String>) -> Claim {
        Claim { what: Some(what.into()), ..self }
    }
}

/// All of a differing range.
pub(super) fn whole(cause: Cause, hunk: &Hunk) -> Claim {
    claim(cause, hunk.a.clone(), hunk.b.clone(), hunk.len() as u64)
}

/// What a text was read as, which begins at these places.
pub(super) fn read(r: Reading, a: usize, b: usize, bytes: usize) -> Claim {
    let (about, what) = (r.about, r.what);
    Claim { about, what, ..claim(r.cause, forth(&r.a, a), forth(&r.b, b), bytes as u64) }
}

pub(super) fn claim(cause: Cause, a: Range<usize>, b: Range<usize>, bytes: u64) -> Claim {
    Claim {
        cause,
        about: About::Anything,
        what: None,
        follows: false,
        of_field: Follows::Never,
        a,
        b,
        shown: None,
        bytes,
        places: 1,
    }
}

/// How many places both have in common.
pub(super) fn within(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

/// All pieces of four bytes of the known values: most code has none of them, which is quickly seen.
pub(super) struct Grams(HashSet<[u8; 4]>);

impl Grams {
    /// Those of all values.
    pub(super) fn of(context: &Context) -> Grams {
        let values = context.known.iter().flat_map(|k| [&k.a, &k.b]);
        let pieces = values.flat_map(|v| v.as_bytes().windows(4));
        Grams(pieces.filter_map(|w| w.try_into().ok()).collect())
    }

    pub(super) fn any(&self, run: &[u8]) -> bool {
        let mut pieces = run.windows(4);
        pieces.any(|w| w.first_chunk().is_some_and(|w| self.0.contains(w)))
    }
}

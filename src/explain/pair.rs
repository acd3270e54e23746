//! Two files of one format -> what differs in them. Finds the differing ranges part by part, gives
//! each to one claim, and keeps count; what a claim is called and who is to blame is said above.

use std::ops::Range;

use super::align::{Aligner, Hunk};
use super::image::{Field, Follows, Image, Kind, Part, matched};
use super::known::Context;
use super::shift::{Gather, Shifts};
use super::text::{self, Texts};
use super::time;
use crate::cause::Cause;

/// What is said of some differing ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The cause.
    pub cause: Cause,
    /// What the value is called, if that is known.
    pub what: Option<String>,
    /// It follows from another difference.
    pub follows: bool,
    /// It follows unless nothing else differs.
    pub unless_alone: bool,
    /// The value in A.
    pub a: Range<usize>,
    /// The value in B.
    pub b: Range<usize>,
    /// Both values, where the bytes are not what is shown.
    pub shown: Option<(String, String)>,
    /// Differing bytes that it claims.
    pub bytes: u64,
    /// In how many places.
    pub places: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Compared {
    /// All claims, in the order of the file.
    pub claims: Vec<Claim>,
    /// Bytes in differing ranges.
    pub differing: u64,
    /// Of these, bytes that were not looked at since there were too many places.
    pub skipped: u64,
}

/// Places of one pair that are looked at one by one as text.
const MOST_TEXTS: usize = 20_000;
/// Pieces of one pair that are looked for in the other file.
const MOST_FINDS: usize = 4_000;
/// How far text around a difference is read.
const AROUND: usize = 512;
/// Bytes that are text all by themselves count as text only from this length on.
const LEAST_RUN: usize = 5;

struct Work<'a> {
    a: &'a [u8],
    b: &'a [u8],
    ia: &'a Image,
    ib: &'a Image,
    context: &'a Context,
    shifts: Shifts,
    fields: Vec<(&'a Field, &'a Field)>,
    arm: bool,
    texts_left: usize,
    finds_left: usize,
    out: Compared,
}

/// Compares.
pub fn compare(
    (a, ia): (&[u8], &Image),
    (b, ib): (&[u8], &Image),
    context: &Context,
    aligner: &mut Aligner,
) -> Compared {
    let (both, only_a, only_b) = matched(&ia.parts, &ib.parts, |p: &Part| &p.name);
    let mut gather = Gather::default();
    let mut parts: Vec<(&Part, &Part, Vec<Hunk>)> = Vec::new();
    for (i, j) in both {
        let (pa, pb) = (&ia.parts[i], &ib.parts[j]);
        let hunks = hunks_of(aligner, pa.kind, &a[pa.range.clone()], &b[pb.range.clone()]);
        gather_moves(&mut gather, pa, pb, &hunks);
        (aligner.steps().into_iter()).for_each(|by| gather.grew(i64::from(by)));
        let move_to = |r: &Range<usize>, by: usize| r.start + by..r.end + by;
        let absolute = hunks.iter().map(|h| Hunk {
            a: move_to(&h.a, pa.range.start),
            b: move_to(&h.b, pb.range.start),
        });
        parts.push((pa, pb, absolute.collect()));
    }
    let (both_fields, ..) = matched(&ia.fields, &ib.fields, |f: &Field| &f.name);
    let fields = both_fields.into_iter();
    let fields = fields.map(|(i, j)| (&ia.fields[i], &ib.fields[j]));
    let mut work = Work {
        a,
        b,
        ia,
        ib,
        finds_left: MOST_FINDS,
        context,
        shifts: gather.shifts(),
        fields: fields.collect(),
        arm: ia.machine == super::image::Machine::Aarch64,
        texts_left: MOST_TEXTS,
        out: Compared::default(),
    };
    // Code last, since it refers to what the other parts hold.
    let is_code = |p: &Part| p.kind == Kind::Code;
    parts.sort_by_key(|(pa, ..)| is_code(pa));
    for (pa, pb, hunks) in &parts {
        let from = work.out.claims.len();
        work.part(pa, pb, hunks);
        work.settle(pa, pb, from);
        let grown = work.out.claims[from..].iter().filter(|c| !c.follows);
        let grown = grown.map(|c| c.b.len() as i64 - c.a.len() as i64);
        work.shifts.grew(grown);
    }
    for (only, image, left) in [(only_a, ia, true), (only_b, ib, false)] {
        only.into_iter()
            .for_each(|i| work.alone(&image.parts[i], left));
    }
    work.out.claims.sort_by_key(|c| (c.a.start, c.b.start));
    work.out
}

/// Where two parts differ. What is mostly addresses is compared in place where that can be: there each
/// of them differs, and nothing is the same that could be found again.
fn hunks_of(aligner: &mut Aligner, kind: Kind, a: &[u8], b: &[u8]) -> Vec<Hunk> {
    if a.len() == b.len() {
        let hunks = Aligner::in_place(a, b);
        let differing: usize = hunks.iter().map(Hunk::len).sum();
        match kind {
            Kind::Table | Kind::Debug | Kind::Derived => return hunks,
            Kind::Code if differing * 2 < a.len() => return hunks,
            _ => {}
        }
    }
    aligner.align(a, b)
}

/// What is the same in both moved by this much: in its part, in the file, in memory.
fn gather_moves(gather: &mut Gather, pa: &Part, pb: &Part, hunks: &[Hunk]) {
    let signed = |x: usize, y: usize| y as i64 - x as i64;
    gather.grew(signed(pa.range.len(), pb.range.len()));
    let memory = pa.address.zip(pb.address);
    let memory = memory.map(|(x, y)| y.wrapping_sub(x) as i64);
    let mut block = |from: (usize, usize), len: usize| {
        let within = signed(from.0, from.1);
        let len = len as u64;
        gather.moved(within, len);
        gather.moved(within + signed(pa.range.start, pb.range.start), len);
        if let Some(memory) = memory {
            gather.moved(within.wrapping_add(memory), len);
        }
    };
    let mut at = (0, 0);
    for h in hunks {
        block(at, h.a.start - at.0);
        at = (h.a.end, h.b.end);
    }
    block(at, pa.range.len() - at.0);
    hunks
        .iter()
        .for_each(|h| gather.grew(signed(h.a.len(), h.b.len())));
}

impl Work<'_> {
    fn part(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) {
        let mut i = 0;
        while i < hunks.len() {
            let taken = self.one(pa, pb, &hunks[i..]).max(1);
            let bytes: usize = hunks[i..i + taken].iter().map(Hunk::len).sum();
            self.out.differing += bytes as u64;
            i += taken;
        }
    }

    /// Of the part's claims from `from` on: where a cause was found, texts that are on one side only,
    /// with all their words in the other file, are other texts that moved.
    fn settle(&mut self, pa: &Part, pb: &Part, from: usize) {
        let claims = &self.out.claims[from..];
        if !claims
            .iter()
            .any(|c| !c.follows && c.cause != Cause::Unknown)
        {
            return;
        }
        let (a, b) = (self.a, self.b);
        for i in from..self.out.claims.len() {
            let c = &self.out.claims[i];
            if c.follows || c.cause != Cause::Unknown || c.shown.is_some() {
                continue;
            }
            let (x, y) = (&a[c.a.clone()], &b[c.b.clone()]);
            let inside = |long: &[u8], short: &[u8]| {
                long.len() > short.len() && memchr::memmem::find(long, short).is_some()
            };
            let (one, other) = match () {
                () if inside(x, y) => (x, &b[pb.range.clone()]),
                () if inside(y, x) => (y, &a[pa.range.clone()]),
                () => continue,
            };
            let mut words = one
                .split(|c| !c.is_ascii_alphanumeric())
                .filter(|w| !w.is_empty());
            let known = words.all(|w| {
                self.finds_left = self.finds_left.saturating_sub(1);
                self.finds_left > 0 && memchr::memmem::find(other, w).is_some()
            });
            if known {
                let c = &mut self.out.claims[i];
                c.follows = true;
                c.what = Some(MOVED.to_string());
            }
        }
    }

    fn alone(&mut self, part: &Part, left: bool) {
        let len = part.range.len() as u64;
        self.out.differing += len;
        let shown = format!("{len} bytes");
        let (a, b, shown) = match left {
            true => (part.range.clone(), 0..0, (shown, "absent".to_string())),
            false => (0..0, part.range.clone(), ("absent".to_string(), shown)),
        };
        let bytes = match left {
            true => self.a,
            false => self.b,
        };
        let mut claim = claim(Cause::Unknown, a, b, len);
        if bytes[part.range.clone()].iter().all(|b| *b == 0) {
            claim.follows = true;
            claim.what = Some(MOVED.to_string());
            self.out.claims.push(claim);
            return;
        }
        claim.what = Some(format!("`{}` is on one side only", part.name));
        claim.shown = Some(shown);
        self.out.claims.push(claim);
    }

    /// Claims the first hunk, and those that go with it: how many.
    fn one(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> usize {
        let hunk = &hunks[0];
        if self.field(hunk) {
            return 1;
        }
        match pa.kind {
            Kind::Code => self.code(pa, hunk),
            Kind::Table => self.table(pa, hunk),
            Kind::Derived | Kind::Names => self.follows(hunk, Cause::Unknown, "names and hashes"),
            Kind::Text | Kind::Bytes | Kind::Data | Kind::Debug | Kind::Metadata => {
                if let Some(taken) = self.text(pa, pb, hunks) {
                    return taken;
                }
                self.binary(pa, pb, hunk);
            }
        }
        1
    }

    /// A place that the format knows.
    fn field(&mut self, hunk: &Hunk) -> bool {
        let overlap = |r: &Range<usize>, h: &Range<usize>| r.start < h.end && h.start < r.end;
        let found = self
            .fields
            .iter()
            .find(|(x, y)| overlap(&x.range, &hunk.a) || overlap(&y.range, &hunk.b));
        let Some((x, y)) = found else { return false };
        let mut c = claim(x.cause, x.range.clone(), y.range.clone(), hunk.len() as u64);
        c.what = Some(x.name.clone());
        c.shown = Some((x.value.clone(), y.value.clone()));
        c.follows = x.follows == Follows::UnlessAlone;
        c.unless_alone = c.follows;
        self.add(c);
        true
    }

    fn add(&mut self, claim: Claim) {
        // The same value in the same place, differing in several bytes.
        if let Some(last) = self.out.claims.last_mut()
            && last.cause == claim.cause
            && last.what == claim.what
            && last.follows == claim.follows
            && (claim.follows && !claim.unless_alone || (&last.a, &last.b) == (&claim.a, &claim.b))
        {
            last.bytes += claim.bytes;
            if (&last.a, &last.b) != (&claim.a, &claim.b) {
                last.places += 1;
            }
            return;
        }
        self.out.claims.push(claim);
    }

    fn follows(&mut self, hunk: &Hunk, cause: Cause, what: &str) {
        let mut c = claim(cause, hunk.a.clone(), hunk.b.clone(), hunk.len() as u64);
        c.follows = true;
        c.what = Some(what.to_string());
        self.add(c);
    }

    fn moved(&self, part: &Part, hunk: &Hunk) -> bool {
        let hunk = &self.without_fill(hunk);
        self.shifts.explain(self.a, self.b, hunk)
            || self.arm
                && part.kind == Kind::Code
                && self
                    .shifts
                    .explain_aarch64(self.a, self.b, hunk, &part.range)
            || self.shifts.any() && self.leads_to_the_same(part, hunk)
    }

    /// Without the zeros that one side has more of, at the end or at the beginning.
    fn without_fill(&self, hunk: &Hunk) -> Hunk {
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
            a: if x > y {
                cut(self.a, &hunk.a, y)
            } else {
                hunk.a.clone()
            },
            b: if y > x {
                cut(self.b, &hunk.b, x)
            } else {
                hunk.b.clone()
            },
        }
    }

    fn table(&mut self, part: &Part, hunk: &Hunk) {
        if self.moved(part, hunk) || self.padding(hunk) {
            self.follows(hunk, Cause::Unknown, MOVED);
        } else if !self.time(hunk) {
            let what = self.shifts.any().then_some(MOVED);
            match what {
                // The tables of a file in which things moved are about these things.
                Some(what) => self.follows(hunk, Cause::Unknown, what),
                None => self.unknown(hunk),
            }
        }
    }

    fn unknown(&mut self, hunk: &Hunk) {
        let c = claim(
            Cause::Unknown,
            hunk.a.clone(),
            hunk.b.clone(),
            hunk.len() as u64,
        );
        self.out.claims.push(c);
    }

    fn padding(&self, hunk: &Hunk) -> bool {
        let same = |bytes: &[u8]| bytes.iter().all(|b| *b == 0 || *b == 0xcc || *b == 0x90);
        hunk.a.len() != hunk.b.len()
            && same(&self.a[hunk.a.clone()])
            && same(&self.b[hunk.b.clone()])
    }

    fn code(&mut self, part: &Part, hunk: &Hunk) {
        if let Some(c) = self.immediate(part, hunk) {
            self.add(c);
        } else if self.moved(part, hunk) || self.padding(hunk) {
            self.follows(hunk, Cause::Unknown, MOVED);
        } else if !(self.time(hunk) || self.random(hunk) || self.exact(hunk)) {
            self.unknown(hunk);
        }
    }

    /// A piece of a known value, or of a time in digits, within an instruction.
    fn immediate(&mut self, part: &Part, hunk: &Hunk) -> Option<Claim> {
        if self.texts_left == 0 || !self.is_printable(hunk) {
            return None;
        }
        self.texts_left -= 1;
        let (a, b) = self.runs(part, part, hunk, 16);
        for k in &self.context.known {
            let x = piece(self.a, &a, &hunk.a, k.a.as_bytes());
            let y = piece(self.b, &b, &hunk.b, k.b.as_bytes());
            if let (Some(x), Some(y)) = (x, y) {
                let mut c = claim(k.cause, x, y, hunk.len() as u64);
                c.what = Some(format!("{}, in an instruction", k.name));
                return Some(c);
            }
        }
        let clocks = self.context.clocks?;
        let begins =
            |bytes: &[u8], run: &Range<usize>, at: &Range<usize>, w: super::known::Window| {
                let digits = digits_around(bytes, run, at)?;
                let text = std::str::from_utf8(&bytes[digits.clone()]).ok()?;
                let (from, to) = (w.from.to_string(), w.to.to_string());
                let n = text.len().min(from.len());
                let between = n >= 4 && from[..n] <= text[..n] && text[..n] <= to[..n];
                between.then_some(digits)
            };
        let x = begins(self.a, &a, &hunk.a, clocks.a.wider(120))?;
        let y = begins(self.b, &b, &hunk.b, clocks.b.wider(120))?;
        let mut c = claim(Cause::Timestamp, x, y, hunk.len() as u64);
        c.what = Some("first digits of the seconds since 1970, in an instruction".to_string());
        Some(c)
    }

    fn is_printable(&self, hunk: &Hunk) -> bool {
        let plain = |b: &u8| (0x20..0x7f).contains(b) || matches!(b, b'\t' | b'\n' | b'\r');
        self.a[hunk.a.clone()].iter().all(plain) && self.b[hunk.b.clone()].iter().all(plain)
    }

    /// The text around a hunk on both sides, within the part.
    fn runs(&self, pa: &Part, pb: &Part, hunk: &Hunk, most: usize) -> (Range<usize>, Range<usize>) {
        let all = matches!(pa.kind, Kind::Text | Kind::Bytes);
        let line = pa.kind == Kind::Text;
        let belongs = |b: u8| {
            (0x20..0x7f).contains(&b)
                || b == b'\t'
                || !line && matches!(b, b'\n' | b'\r')
                || all && b >= 0x80
        };
        let run = |bytes: &[u8], part: &Range<usize>, at: &Range<usize>| {
            let low = part.start.max(at.start.saturating_sub(most));
            let high = part.end.min(at.end + most);
            let (mut start, mut end) = (at.start, at.end);
            while start > low && belongs(bytes[start - 1]) {
                start -= 1;
            }
            while end < high && belongs(bytes[end]) {
                end += 1;
            }
            start..end
        };
        (
            run(self.a, &pa.range, &hunk.a),
            run(self.b, &pb.range, &hunk.b),
        )
    }

    /// Reads the hunk as text, together with those in the same text: how many.
    fn text(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> Option<usize> {
        let first = self.without_padding(&hunks[0]);
        if first.is_empty() || !self.is_textual(pa, &first) {
            return None;
        }
        if self.texts_left == 0 {
            self.out.skipped += hunks[0].len() as u64;
            return Some(1);
        }
        self.texts_left -= 1;
        let mut group = vec![first];
        let (mut a, mut b) = self.runs(pa, pb, &group[0], AROUND);
        let least = match pa.kind {
            Kind::Text | Kind::Bytes => 1,
            _ => LEAST_RUN,
        };
        if a.len().max(b.len()) < least {
            return None;
        }
        for next in &hunks[1..] {
            let within = next.a.start <= a.end && next.b.start <= b.end;
            let next = self.without_padding(next);
            if !within || group.len() > 4096 || next.is_empty() || !self.is_textual(pa, &next) {
                break;
            }
            let (na, nb) = self.runs(pa, pb, &next, AROUND);
            a.end = a.end.max(na.end);
            b.end = b.end.max(nb.end);
            group.push(next);
        }
        let back = |r: &Range<usize>, by: usize| r.start - by..r.end - by;
        let forth = |r: &Range<usize>, by: usize| r.start + by..r.end + by;
        let relative: Vec<Hunk> = group
            .iter()
            .map(|h| Hunk {
                a: back(&h.a, a.start),
                b: back(&h.b, b.start),
            })
            .collect();
        let texts = Texts {
            a: &self.a[a.clone()],
            b: &self.b[b.clone()],
            context: self.context,
        };
        for r in text::read(texts, &relative) {
            let claimed = &hunks[r.hunks.clone()];
            if pa.kind == Kind::Metadata && !is_telling(&r) {
                let each = claimed.iter();
                each.for_each(|hunk| self.follows(hunk, Cause::Unknown, PACKED));
                continue;
            }
            if r.cause == Cause::Unknown && !matches!(pa.kind, Kind::Text | Kind::Bytes) {
                // What looked like text may be an address, or text that is elsewhere in the other.
                for hunk in claimed {
                    if self.moved(pa, hunk) || self.is_elsewhere(pa, pb, hunk) {
                        self.follows(hunk, Cause::Unknown, MOVED);
                    } else {
                        let mut c = claim(r.cause, forth(&r.a, a.start), forth(&r.b, b.start), 0);
                        c.bytes = hunk.len() as u64;
                        self.add(c);
                    }
                }
                continue;
            }
            let bytes: usize = claimed.iter().map(Hunk::len).sum();
            let mut c = claim(
                r.cause,
                forth(&r.a, a.start),
                forth(&r.b, b.start),
                bytes as u64,
            );
            c.what = r.what;
            self.out.claims.push(c);
        }
        Some(group.len())
    }

    fn is_textual(&self, part: &Part, hunk: &Hunk) -> bool {
        match part.kind {
            Kind::Text | Kind::Bytes => {
                let plain = |b: &u8| text::is_text(*b);
                self.a[hunk.a.clone()].iter().all(plain) && self.b[hunk.b.clone()].iter().all(plain)
            }
            _ => self.is_printable(hunk),
        }
    }

    /// Without zeros at the end, which only fill what a shorter text leaves.
    fn without_padding(&self, hunk: &Hunk) -> Hunk {
        let trim = |bytes: &[u8], range: &Range<usize>| {
            let filled = bytes[range.clone()].iter().rposition(|b| *b != 0);
            range.start..range.start + filled.map_or(0, |at| at + 1)
        };
        Hunk {
            a: trim(self.a, &hunk.a),
            b: trim(self.b, &hunk.b),
        }
    }

    fn binary(&mut self, part: &Part, other: &Part, hunk: &Hunk) {
        // Debug info holds no times, and many numbers that could be some.
        if part.kind != Kind::Debug && self.time(hunk) {
            return;
        }
        if self.mixed(part, other, hunk) {
            return;
        }
        let moved = self.moved(part, hunk) || self.padding(hunk);
        if moved || self.shifts.any() && self.is_elsewhere(part, other, hunk) {
            return self.follows(hunk, Cause::Unknown, MOVED);
        }
        match part.kind {
            Kind::Metadata => self.follows(hunk, Cause::Unknown, PACKED),
            Kind::Debug if self.shifts.any() && hunk.len() <= 64 => {
                self.follows(hunk, Cause::Unknown, MOVED)
            }
            _ if self.random(hunk) || self.exact(hunk) => {}
            _ => self.unknown(hunk),
        }
    }

    /// Whether what each side has here stands somewhere in the same part of the other.
    fn is_elsewhere(&mut self, pa: &Part, pb: &Part, hunk: &Hunk) -> bool {
        let (a, b) = (self.a, self.b);
        let mut found = |whole: &[u8], piece: &[u8]| {
            if piece.iter().all(|b| *b == 0) {
                return true;
            }
            if piece.len() < 4 || self.finds_left == 0 {
                return false;
            }
            self.finds_left -= 1;
            memchr::memmem::find(whole, piece).is_some()
        };
        found(&b[pb.range.clone()], &a[hunk.a.clone()])
            && found(&a[pa.range.clone()], &b[hunk.b.clone()])
    }

    /// A stretch of text and other bytes: what is text of its own on either side is read as text; the
    /// rest must be in the other file as well, or remains.
    fn mixed(&mut self, pa: &Part, pb: &Part, hunk: &Hunk) -> bool {
        if hunk.len() < LEAST_RUN || matches!(pa.kind, Kind::Code | Kind::Table) {
            return false;
        }
        let (mut texts_a, rest_a) = segments(self.a, &hunk.a, &pa.range);
        let (mut texts_b, rest_b) = segments(self.b, &hunk.b, &pb.range);
        if texts_a.is_empty() && texts_b.is_empty() {
            return false;
        }
        let (a, b) = (self.a, self.b);
        let (all_a, all_b) = (&a[pa.range.clone()], &b[pb.range.clone()]);
        let mut claimed = 0;
        let mut own = |texts: &mut Vec<Range<usize>>, from: &[u8], other: &[u8]| {
            texts.retain(|t| {
                let look = self.finds_left > 0;
                self.finds_left = self.finds_left.saturating_sub(1);
                !(look && memchr::memmem::find(other, &from[t.clone()]).is_some())
            });
        };
        own(&mut texts_a, a, all_b);
        own(&mut texts_b, b, all_a);
        for i in 0..texts_a.len().max(texts_b.len()) {
            let x = texts_a.get(i).cloned().unwrap_or(hunk.a.end..hunk.a.end);
            let y = texts_b.get(i).cloned().unwrap_or(hunk.b.end..hunk.b.end);
            let bytes = within(&x, &hunk.a).max(within(&y, &hunk.b)) as u64;
            let texts = Texts {
                a: &a[x.clone()],
                b: &b[y.clone()],
                context: self.context,
            };
            let same = super::align::common_prefix(texts.a, texts.b);
            let whole = Hunk {
                a: same..texts.a.len(),
                b: same..texts.b.len(),
            };
            for r in text::read(texts, &[whole]) {
                let at = |r: &Range<usize>, by: usize| r.start + by..r.end + by;
                let mut c = claim(r.cause, at(&r.a, x.start), at(&r.b, y.start), bytes);
                if pa.kind == Kind::Metadata && !is_telling(&r) {
                    c.follows = true;
                    c.what = Some(PACKED.to_string());
                } else {
                    c.what = r.what;
                }
                self.out.claims.push(c);
            }
            claimed += bytes;
        }
        let mut left = 0;
        for (rest, from, other) in [(rest_a, a, all_b), (rest_b, b, all_a)] {
            let mut here = 0;
            for piece in rest {
                let bytes = &from[piece.clone()];
                let known = bytes.iter().all(|b| *b == 0)
                    || self.finds_left > 0 && bytes.len() >= 4 && {
                        self.finds_left -= 1;
                        memchr::memmem::find(other, bytes).is_some()
                    };
                if !known {
                    here += piece.len() as u64;
                }
            }
            left = here.max(left);
        }
        let rest = (hunk.len() as u64).saturating_sub(claimed);
        let left = left.min(rest);
        let packed = pa.kind == Kind::Metadata;
        let small = packed || self.shifts.any() && left < 64;
        for (bytes, follows) in [(rest - left, true), (left, small)] {
            if bytes > 0 {
                let mut c = claim(Cause::Unknown, hunk.a.clone(), hunk.b.clone(), bytes);
                c.follows = follows;
                let what = if packed { PACKED } else { MOVED };
                c.what = follows.then(|| what.to_string());
                self.add(c);
            }
        }
        true
    }

    /// Whether an instruction leads to the same bytes on both sides, wherever they lie.
    fn leads_to_the_same(&self, part: &Part, hunk: &Hunk) -> bool {
        if hunk.a.len() != hunk.b.len() || hunk.a.len() > 4 || part.kind != Kind::Code {
            return false;
        }
        let target = |image: &Image, bytes: &[u8], at: usize, more: u64| {
            let part = &image.parts[image.part_at(at)?];
            let by = i32::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
            let next = part.address? + (at - part.range.start) as u64 + 4 + more;
            image.offset_of(next.wrapping_add_signed(i64::from(by)))
        };
        (0..=4 - hunk.a.len()).any(|back| {
            let places = hunk
                .a
                .start
                .checked_sub(back)
                .zip(hunk.b.start.checked_sub(back));
            let Some((x, y)) = places else { return false };
            // An operand of one to four bytes may follow.
            [0, 1, 2, 4].into_iter().any(|more| {
                let p = target(self.ia, self.a, x, more);
                let q = target(self.ib, self.b, y, more);
                let Some((p, q)) = p.zip(q) else { return false };
                let mut claims = self.out.claims.iter().filter(|c| !c.follows);
                if claims.any(|c| c.a.contains(&p) && c.b.contains(&q)) {
                    return true;
                }
                let (p, q) = (self.a.get(p..p + 8), self.b.get(q..q + 8));
                p.is_some() && p == q && p.is_some_and(|p| p.iter().any(|b| *b != 0))
            })
        })
    }

    /// An integer that is a time in both builds.
    fn time(&mut self, hunk: &Hunk) -> bool {
        let Some(clocks) = self.context.clocks else {
            return false;
        };
        let windows = (clocks.a.wider(120), clocks.b.wider(120));
        for width in [4, 8] {
            if hunk.a.len() != hunk.b.len() || hunk.a.len() > width {
                continue;
            }
            for back in 0..=width - hunk.a.len() {
                let (Some(x), Some(y)) = (
                    hunk.a.start.checked_sub(back),
                    hunk.b.start.checked_sub(back),
                ) else {
                    break;
                };
                let (Some(p), Some(q)) = (self.a.get(x..x + width), self.b.get(y..y + width))
                else {
                    continue;
                };
                for little in [true, false] {
                    let (v, w) = (integer(p, little), integer(q, little));
                    let Some(unit) = time::unit_of(v, w, windows) else {
                        continue;
                    };
                    // Days and hours are too small to be told from other numbers.
                    if !unit.ends_with("seconds") {
                        continue;
                    }
                    let mut c = claim(
                        Cause::Timestamp,
                        x..x + width,
                        y..y + width,
                        hunk.len() as u64,
                    );
                    c.what = Some(format!("an integer of {width} bytes: {unit} since 1970"));
                    c.shown = Some((v.to_string(), w.to_string()));
                    self.add(c);
                    return true;
                }
            }
        }
        false
    }

    /// Bytes of equal length that have nothing in common.
    fn random(&mut self, hunk: &Hunk) -> bool {
        let (x, y) = (&self.a[hunk.a.clone()], &self.b[hunk.b.clone()]);
        let agree = x.iter().zip(y).filter(|(p, q)| p == q).count();
        if x.len() != y.len() || x.len() < 6 || agree * 4 > x.len() {
            return false;
        }
        let spread = |bytes: &[u8]| {
            let bytes = &bytes[..bytes.len().min(64)];
            let mut seen = [false; 256];
            bytes.iter().for_each(|b| seen[usize::from(*b)] = true);
            let distinct = seen.iter().filter(|s| **s).count();
            distinct * 4 >= bytes.len() * 3
        };
        if !spread(x) || !spread(y) {
            return false;
        }
        let mut c = claim(
            Cause::Randomness,
            hunk.a.clone(),
            hunk.b.clone(),
            hunk.len() as u64,
        );
        c.what = Some(format!("{} bytes that have nothing in common", x.len()));
        self.out.claims.push(c);
        true
    }

    /// A short known value that is all that differs.
    fn exact(&mut self, hunk: &Hunk) -> bool {
        let texts = Texts {
            a: self.a,
            b: self.b,
            context: self.context,
        };
        if !self.is_printable(hunk) || hunk.len() > 16 {
            return false;
        }
        let Some(r) = text::short_known(texts, hunk) else {
            return false;
        };
        let mut c = claim(r.cause, r.a, r.b, hunk.len() as u64);
        c.what = r.what;
        self.add(c);
        true
    }
}

/// Texts that lie in the range, those at its ends whole; and what lies between them.
fn segments(
    bytes: &[u8],
    range: &Range<usize>,
    part: &Range<usize>,
) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let plain = |b: u8| (0x20..0x7f).contains(&b) || matches!(b, b'\t' | b'\n' | b'\r');
    let (mut texts, mut rest) = (Vec::new(), Vec::new());
    let mut at = range.start;
    let mut gap = at;
    while at < range.end {
        let mut end = at;
        while end < range.end && plain(bytes[end]) {
            end += 1;
            // Each line is a text of its own.
            if bytes[end - 1] == b'\n' && bytes.get(end) != Some(&b'\n') {
                break;
            }
        }
        let (mut first, mut last) = (at, end);
        if at == range.start && end > at {
            let low = part.start.max(at.saturating_sub(AROUND));
            while first > low && plain(bytes[first - 1]) {
                first -= 1;
            }
        }
        if end == range.end && end > at && bytes[end - 1] != b'\n' {
            let high = part.end.min(end + AROUND);
            while last < high && plain(bytes[last]) {
                last += 1;
            }
        }
        if end > at && last - first >= LEAST_RUN {
            if gap < at {
                rest.push(gap..at);
            }
            texts.push(first..last);
            gap = end;
        }
        at = end.max(at + 1);
    }
    if gap < range.end {
        rest.push(gap..range.end);
    }
    (texts, rest)
}

/// How many places both have in common.
fn within(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

/// What is said of numbers that compilers pack among the text of their metadata and bitcode.
pub const PACKED: &str = "metadata and bitcode: positions and hashes";

/// Whether a text among packed numbers is one: they make many short texts by chance.
fn is_telling(r: &text::Reading) -> bool {
    match r.cause {
        Cause::Unknown => false,
        Cause::Randomness => r.what.as_deref() == Some("a number"),
        _ => true,
    }
}

/// What is said of addresses and offsets.
pub const MOVED: &str = "addresses and sizes of what moved";

fn claim(cause: Cause, a: Range<usize>, b: Range<usize>, bytes: u64) -> Claim {
    Claim {
        cause,
        what: None,
        follows: false,
        unless_alone: false,
        a,
        b,
        shown: None,
        bytes,
        places: 1,
    }
}

fn integer(bytes: &[u8], little: bool) -> u128 {
    let join = |sum: u128, byte: &u8| sum << 8 | u128::from(*byte);
    match little {
        true => bytes.iter().rev().fold(0, join),
        false => bytes.iter().fold(0, join),
    }
}

/// The longest piece of `value`, of four bytes at least, that stands in the run and covers part of
/// the difference.
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
    let (mut start, mut end) = (at.start, at.end);
    if !bytes[at.clone()].iter().all(u8::is_ascii_digit) {
        return None;
    }
    while start > run.start && bytes[start - 1].is_ascii_digit() {
        start -= 1;
    }
    while end < run.end && bytes[end].is_ascii_digit() {
        end += 1;
    }
    Some(start..end)
}

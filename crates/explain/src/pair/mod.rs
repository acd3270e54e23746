//! Two files of one format -> what differs in them. Finds the differing ranges part by part, gives
//! each to one claim, and keeps count; what a claim is called and who is to blame is said above.

mod code;
mod numbers;
mod sets;
mod words;

use std::ops::Range;

use self::code::Grams;
use super::align::{Aligner, Hunk};
use super::image::{Field, Follows, Image, Kind, Part, matched};
use super::known::{Context, Package};
use super::remedy::by_crate;
use super::shift::{Gather, Shifts};
use crate::cause::Cause;
use crate::finding::About;

/// What is said of some differing ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The cause.
    pub cause: Cause,
    /// What kind of value it is.
    pub about: About,
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
/// Bytes of one pair that are searched for pieces of the other file.
const MOST_FINDS: u64 = 2 << 30;
/// Claims that are told apart.
const MOST_CLAIMS: usize = 20_000;
/// How far text around a difference is read.
const AROUND: usize = 512;
/// Bytes that are text all by themselves count as text only from this length on.
const LEAST_RUN: usize = 5;

/// The comparison of one pair, as it goes.
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
    finds_left: u64,
    rest: Vec<Claim>,
    packed_random: Option<Hunk>,
    grams: Grams,
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
        let absolute = hunks
            .iter()
            .map(|h| Hunk { a: move_to(&h.a, pa.range.start), b: move_to(&h.b, pb.range.start) });
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
        rest: Vec::new(),
        packed_random: None,
        grams: Grams::of(context),
        context,
        shifts: gather.shifts(),
        fields: fields.collect(),
        arm: ia.machine == super::image::Machine::Aarch64,
        texts_left: MOST_TEXTS,
        out: Compared::default(),
    };
    // Text first, which tells most, and code last, since it refers to what the other parts hold.
    let turn = |kind: Kind| match kind {
        Kind::Text => 0,
        Kind::Code => 2,
        _ => 1,
    };
    parts.sort_by_key(|(pa, ..)| turn(pa.kind));
    for (pa, pb, hunks) in &parts {
        let from = work.out.claims.len();
        let bytes: usize = hunks.iter().map(Hunk::len).sum();
        let taken = match pa.kind {
            _ if hunks.is_empty() => true,
            Kind::Text => work.strings(pa, pb, hunks),
            // Where the format knows the strings, it tells more.
            Kind::Names if !work.has_fields(pa) => work.names(pa, pb, bytes as u64),
            Kind::Dependencies => {
                work.out.differing += bytes as u64;
                work.dependencies(Some(pa), Some(pb), bytes as u64)
            }
            _ => false,
        };
        if !taken {
            work.part(pa, pb, hunks);
        }
        work.settle(pa, pb, from);
        let grown = work.out.claims[from..].iter().filter(|c| !c.follows);
        let grown = grown.map(|c| c.b.len() as i64 - c.a.len() as i64);
        work.shifts.grew(grown);
    }
    for (only, image, left) in [(only_a, ia, true), (only_b, ib, false)] {
        only.into_iter().for_each(|i| work.alone(&image.parts[i], left));
    }
    work.random_in_metadata();
    work.other_tools();
    let rest = std::mem::take(&mut work.rest);
    work.out.claims.extend(rest);
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
    hunks.iter().for_each(|h| gather.grew(signed(h.a.len(), h.b.len())));
}

impl Work<'_> {
    fn part(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) {
        let (mut i, mut tried) = (0, 0);
        while i < hunks.len() {
            let mut together = None;
            if i >= tried {
                tried = i + self.cluster(&hunks[i..]);
                together = self.sets(pa, pb, &hunks[i..tried]);
            }
            let taken = together.unwrap_or_else(|| self.one(pa, pb, &hunks[i..]).max(1));
            let bytes: usize = hunks[i..i + taken].iter().map(Hunk::len).sum();
            self.out.differing += bytes as u64;
            i += taken;
        }
    }

    /// Of the part's claims from `from` on: where a cause was found, texts that are on one side only,
    /// with all their words in the other file, are other texts that moved.
    fn settle(&mut self, pa: &Part, pb: &Part, from: usize) {
        let claims = &self.out.claims[from..];
        if !claims.iter().any(|c| !c.follows && c.cause != Cause::Unknown) {
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
            let mut words = one.split(|c| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
            let known = words.all(|w| self.find(other, w));
            if known {
                let c = &mut self.out.claims[i];
                c.follow(About::Moved);
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
        let sides = if left { (Some(part), None) } else { (None, Some(part)) };
        if part.kind == Kind::Dependencies && self.dependencies(sides.0, sides.1, len) {
            return;
        }
        let mut claim = claim(Cause::Unknown, a, b, len);
        // What has no name of its own lies where it does because of the parts around it.
        if part.gap || bytes[part.range.clone()].iter().all(|b| *b == 0) {
            claim.follow(About::Moved);
            self.push(claim);
            return;
        }
        claim.what = Some(format!("`{}` is on one side only", part.name));
        claim.shown = Some(shown);
        self.push(claim);
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
            Kind::Dependencies => self.unknown(hunk),
            Kind::Derived | Kind::Names => self.follows(hunk, About::Names),
            Kind::Text | Kind::Bytes | Kind::Data | Kind::Debug | Kind::Metadata => {
                if let Some(taken) = self.text(pa, pb, hunks) {
                    return taken;
                }
                self.binary(pa, pb, hunk);
            }
        }
        1
    }

    /// Random bytes in a crate's metadata are mostly hashes that follow from something. They are a cause
    /// where nothing else is, and a crate takes part that is known for it.
    fn random_in_metadata(&mut self) {
        let Some(hunk) = self.packed_random.take() else {
            return;
        };
        let known = |p: &Package| by_crate(p, Cause::Randomness).is_some();
        let causes = self.out.claims.iter().any(|c| !c.follows);
        if causes || !self.context.packages.iter().any(known) {
            return;
        }
        let mut claims = self.out.claims.iter_mut();
        if let Some(c) = claims.find(|c| c.about == About::Packed) {
            c.bytes = c.bytes.saturating_sub(hunk.len() as u64);
        }
        self.nothing_in_common(&hunk);
    }

    /// Where another compiler or linker made the file, code and tables that differ are its work.
    fn other_tools(&mut self) {
        let tool = |c: &&Claim| {
            !c.follows && matches!(c.cause, Cause::CompilerVersion | Cause::LinkerVersion)
        };
        let tools: Vec<Cause> = self.out.claims.iter().filter(tool).map(|c| c.cause).collect();
        // A compiler accounts for more than a linker does.
        let Some(tool) = tools.iter().min().copied() else { return };
        for c in self.out.claims.iter_mut().chain(&mut self.rest) {
            let (image, at) = match c.a.is_empty() {
                true => (self.ib, c.b.start),
                false => (self.ia, c.a.start),
            };
            let kind = image.part_at(at).map(|i| image.parts[i].kind);
            let made =
                !matches!(kind, Some(Kind::Text | Kind::Dependencies | Kind::Metadata) | None);
            if made && c.cause == Cause::Unknown && !c.follows {
                c.cause = tool;
                c.follow(About::Moved);
            }
        }
    }

    fn has_fields(&self, part: &Part) -> bool {
        self.fields.iter().any(|(x, _)| within(&x.range, &part.range) > 0)
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
        c.about = x.about;
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
            && (last.about, &last.what) == (claim.about, &claim.what)
            && last.follows == claim.follows
            && (claim.follows && !claim.unless_alone || (&last.a, &last.b) == (&claim.a, &claim.b))
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
    fn push(&mut self, claim: Claim) {
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

    fn follows(&mut self, hunk: &Hunk, about: About) {
        let mut c = claim(Cause::Unknown, hunk.a.clone(), hunk.b.clone(), hunk.len() as u64);
        c.follow(about);
        self.add(c);
    }

    fn unknown(&mut self, hunk: &Hunk) {
        let c = claim(Cause::Unknown, hunk.a.clone(), hunk.b.clone(), hunk.len() as u64);
        self.push(c);
    }

    /// Whether a piece stands in a part of the other file, while the budget for such searches lasts.
    fn find(&mut self, whole: &[u8], piece: &[u8]) -> bool {
        let cost = whole.len() as u64;
        if piece.is_empty() || self.finds_left < cost {
            return false;
        }
        self.finds_left -= cost;
        memchr::memmem::find(whole, piece).is_some()
    }

    /// Whether what each side has here stands somewhere in the same part of the other.
    fn is_elsewhere(&mut self, pa: &Part, pb: &Part, hunk: &Hunk) -> bool {
        let (a, b) = (self.a, self.b);
        let mut found = |whole: &[u8], piece: &[u8]| {
            piece.iter().all(|b| *b == 0) || piece.len() >= 4 && self.find(whole, piece)
        };
        found(&b[pb.range.clone()], &a[hunk.a.clone()])
            && found(&a[pa.range.clone()], &b[hunk.b.clone()])
    }
}

impl Claim {
    /// It follows from another difference: what it is.
    fn follow(&mut self, about: About) {
        self.follows = true;
        self.about = about;
        self.what = about.called().map(str::to_string);
    }
}

fn claim(cause: Cause, a: Range<usize>, b: Range<usize>, bytes: u64) -> Claim {
    Claim {
        cause,
        about: About::Anything,
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

/// How many places both have in common.
fn within(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

//! Compares two files of one format. Finds the differing ranges part by part, assigns each to one
//! claim, and counts; names and culprits are decided by the caller.

mod code;
mod functions;
mod numbers;
mod sets;
mod streams;
mod strings;
mod words;
mod work;

use std::collections::HashMap;
use std::ops::Range;

pub(crate) use self::work::{Claim, Compared};
use self::work::{Grams, MOST_CUTS, MOST_FINDS, MOST_TEXTS, Work, claim};
use super::align::{Aligner, Hunk, forth};
use super::image::{Field, Image, Kind, Machine, Part, matched};
use super::known::{Context, Package};
use super::read;
use super::remedy::by_crate;
use super::shift::Gather;
use crate::cause::Cause;
use crate::finding::{About, is_of_tool};

/// Bytes of the pieces of a text that moved, on average.
const LEAST_PIECE: usize = 8;

pub(crate) fn compare(
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
        let functions = functions::paired((ia, i), (ib, j));
        if !functions.is_empty() {
            let mut all = Vec::new();
            for (x, y) in functions {
                let hunks = hunks_of(aligner, pa.kind, &a[x.clone()], &b[y.clone()]);
                gather.moved(
                    (y.start - pb.range.start) as i64 - (x.start - pa.range.start) as i64,
                    x.len() as u64,
                );
                all.extend(hunks.iter().map(|h| h.forth(x.start, y.start)));
            }
            parts.push((pa, pb, all));
            continue;
        }
        let hunks = hunks_of(aligner, pa.kind, &a[pa.range.clone()], &b[pb.range.clone()]);
        gather_moves(&mut gather, pa, pb, &hunks);
        if ia.machine == Machine::Wasm {
            gather_behind(&mut gather, pa, pb);
        }
        (aligner.steps().into_iter()).for_each(|by| gather.grew(i64::from(by)));
        let absolute = hunks.iter().map(|h| h.forth(pa.range.start, pb.range.start));
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
        cuts_left: MOST_CUTS,
        rest: Vec::new(),
        found: HashMap::new(),
        packed_random: None,
        grams: Grams::of(context),
        context,
        shifts: gather.shifts(),
        fields: fields.collect(),
        roots: Vec::new(),
        texts_left: MOST_TEXTS,
        out: Compared::default(),
    };
    // Text first, which tells most, and last tables and code, which refer to what the other parts hold.
    let turn = |kind: Kind| match kind {
        Kind::Text => 0,
        Kind::Table => 2,
        Kind::Code => 3,
        _ => 1,
    };
    parts.sort_by_key(|(pa, ..)| turn(pa.kind));
    for (pa, pb, hunks) in &mut parts {
        if !hunks.is_empty() && (pa.gap || matches!(pa.kind, Kind::Data | Kind::Bytes)) {
            work.streams(pa, pb, hunks);
        }
        let from = work.out.claims.len();
        if pa.kind == Kind::Code {
            work.index_roots();
        }
        let taken = match pa.kind {
            _ if hunks.is_empty() => true,
            Kind::Text => work.strings(pa, pb, hunks),
            // Where the format knows the strings, it tells more.
            Kind::Names if !work.has_fields(pa) => work.names(pa, pb, hunks),
            Kind::Dependencies => {
                let bytes = hunks.iter().map(|h| h.len() as u64).sum();
                work.out.differing += bytes;
                work.dependencies([Some(pa), Some(pb)], bytes)
            }
            _ => false,
        };
        if !taken {
            work.part(pa, pb, hunks);
        }
        work.grew(from);
        work.settle(pa, pb, from);
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

/// What a module's memory begins with is all that is in the file: zeroed variables follow it, at
/// addresses of their own alignment.
fn gather_behind(gather: &mut Gather, pa: &Part, pb: &Part) {
    let end = |p: &Part| Some(p.address? + p.range.len() as u64);
    let (Some(x), Some(y)) = (end(pa), end(pb)) else { return };
    for align in [4, 8, 16, 32, 64] {
        let by = y.next_multiple_of(align) as i64 - x.next_multiple_of(align) as i64;
        gather.moved(by, pa.range.len() as u64);
    }
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
            if let Some(taken) = together {
                tried = i + taken;
            }
            let taken = together.unwrap_or_else(|| self.one(pa, pb, &hunks[i..]).max(1));
            let bytes: usize = hunks[i..i + taken].iter().map(Hunk::len).sum();
            self.out.differing += bytes as u64;
            i += taken;
        }
    }

    /// By how much the values of the claims from `from` on grew: what holds a length changed by as much.
    fn grew(&mut self, from: usize) {
        let by = |a: usize, b: usize| b as i64 - a as i64;
        let claims = self.out.claims[from..].iter().filter(|c| !c.follows);
        let grown = claims.flat_map(|c| {
            // What differs can be more than the value: what was next to it is elsewhere.
            let known = self.context.known.iter().find(|k| c.what.as_ref() == Some(&k.name));
            let known = known.map(|k| by(k.a.len(), k.b.len()));
            [Some(by(c.a.len(), c.b.len())), known].into_iter().flatten()
        });
        let grown: Vec<i64> = grown.collect();
        self.shifts.grew(grown.into_iter());
    }

    /// Of the part's claims from `from` on: where a cause was found, texts that consist of what is in the
    /// other file are other texts that moved; so are numbers that changed by as much as these.
    fn settle(&mut self, pa: &Part, pb: &Part, from: usize) {
        let claims = &self.out.claims[from..];
        if !claims.iter().any(|c| !c.follows && c.cause != Cause::Unknown) {
            return;
        }
        let open = |c: &Claim| !c.follows && c.cause == Cause::Unknown && c.shown.is_none();
        for i in from..self.out.claims.len() {
            let c = &self.out.claims[i];
            if open(c) && self.is_of_others(pa, pb, (c.a.clone(), c.b.clone())) {
                self.out.claims[i].follow(About::Moved);
            }
        }
        let mut moves: Vec<(i64, usize)> = std::mem::take(&mut self.found).into_iter().collect();
        moves.sort_by_key(|(by, bytes)| (std::cmp::Reverse(*bytes), *by));
        self.shifts.moved(moves.into_iter().map(|(by, _)| by));
        for i in from..self.out.claims.len() {
            let c = &self.out.claims[i];
            let hunk = Hunk { a: c.a.clone(), b: c.b.clone() };
            if open(c) && self.moved(pa, &hunk) {
                self.out.claims[i].follow(About::Moved);
            }
        }
    }

    /// Whether two texts differ only by what is elsewhere in the other file and by known values: one has
    /// more than the other, and has all its words there; or each consists of pieces of it.
    fn is_of_others(&mut self, pa: &Part, pb: &Part, (x, y): (Range<usize>, Range<usize>)) -> bool {
        let (a, b) = ((self.a, pa), (self.b, pb));
        let (s, t) = (&self.a[x.clone()], &self.b[y.clone()]);
        let inside = |long: &[u8], short: &[u8]| {
            long.len() > short.len() && memchr::memmem::find(long, short).is_some()
        };
        let all_words = |work: &mut Self, text: &[u8], (to, part): (&[u8], &Part)| {
            let mut words = text.split(|c| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
            words.all(|w| work.find(&to[part.range.clone()], w).is_some())
        };
        if inside(s, t) && all_words(self, s, b) || inside(t, s) && all_words(self, t, a) {
            return true;
        }
        let Hunk { a: own_a, b: own_b } = Hunk::between(s, t);
        let (s, t) = (&s[own_a.clone()], &t[own_b.clone()]);
        let mut values = self.context.known.iter();
        let known = values.any(|k| k.a.as_bytes() == s || k.b.as_bytes() == t);
        let (x, y) = (forth(&own_a, x.start), forth(&own_b, y.start));
        [(x, a, b), (y, b, a)].into_iter().all(|(own, from, to)| {
            let text = &from.0[own.clone()];
            // To look for all pieces of a part is slow.
            self.cuts_left = self.cuts_left.saturating_sub(1);
            let pieces = (self.cuts_left > 0 && text.len() >= LEAST_PIECE * 2)
                .then(|| sets::pieces(text, &to.0[to.1.range.clone()]))
                .flatten()
                .filter(|p| p.len() * LEAST_PIECE <= text.len());
            for (at, to) in pieces.iter().flatten() {
                let Some(to) = to else { continue };
                let by = *to as i64 - (own.start - from.1.range.start + at) as i64;
                *self.found.entry(by).or_default() += LEAST_PIECE;
            }
            text.is_empty()
                || pieces.is_some()
                || known && text.len() < LEAST_PIECE * 2
                || text.len() >= LEAST_PIECE && self.moved_to(&own, from, to)
        })
    }

    fn alone(&mut self, part: &Part, left: bool) {
        let len = part.range.len() as u64;
        self.out.differing += len;
        let image = if left { self.ia } else { self.ib };
        let field = image.fields.iter().find(|f| f.range == part.range);
        let shown = field.map_or_else(|| format!("{len} bytes"), |f| f.value.clone());
        let absent = "absent".to_string();
        let (bytes, (pa, pb), (a, b), shown) = match left {
            true => (self.a, (Some(part), None), (part.range.clone(), 0..0), (shown, absent)),
            false => (self.b, (None, Some(part)), (0..0, part.range.clone()), (absent, shown)),
        };
        if part.kind == Kind::Dependencies && self.dependencies([pa, pb], len) {
            return;
        }
        let known = field.map(|f| (f.cause, f.about)).or_else(|| read::alone(&part.name));
        let (cause, about) = known.unwrap_or((Cause::Unknown, About::Anything));
        let claim = Claim { about, ..claim(cause, a, b, len) };
        // The place of what has no name depends on the parts around it.
        if part.gap || bytes[part.range.clone()].iter().all(|b| *b == 0) {
            return self.push(claim.following(About::Moved));
        }
        let claim = claim.called(format!("`{}` is on one side only", part.name));
        self.push(Claim { shown: Some(shown), ..claim });
    }

    /// Claims the first hunk, and those that go with it: how many.
    fn one(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> usize {
        let hunk = &hunks[0];
        if self.field(hunk) {
            return 1;
        }
        match pa.kind {
            Kind::Code => self.code(pa, pb, hunk),
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
        let Some(hunk) = self.packed_random.take() else { return };
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
        let tool = |c: &&Claim| !c.follows && is_of_tool(c.cause, c.about);
        // A compiler accounts for more than a linker does.
        let Some(tool) = self.out.claims.iter().filter(tool).map(|c| c.cause).min() else { return };
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::{Clocks, Window};

    #[test]
    fn where_each_string_of_one_side_was_read_the_rest_of_a_table_has_moved() {
        let table = |sides: [&str; 2], lone: usize| {
            let all = sides.map(|name| {
                let names = (0..if name == "both" { 3_000 } else { lone }).map(|i| (name, i));
                names.map(|(name, i)| format!("{name} {i:05}\0")).collect::<String>()
            });
            all.concat().into_bytes()
        };
        for (lone, moved) in [(9_000, true), (MOST_TEXTS, true), (MOST_TEXTS + 1, false)] {
            let (a, b) = (table(["both", "left"], lone), table(["right", "both"], lone));
            let image = |of: &[u8]| Image::whole("test", Kind::Text, ".rodata", of.len());
            let (x, y) = ((&*a, &image(&a)), (&*b, &image(&b)));
            let found = compare(x, y, &Context::default(), &mut Aligner::new(1 << 20));
            let rest = found.claims.iter().find(|c| c.a == (0..a.len())).unwrap();
            assert_eq!((rest.about == About::Moved, rest.follows), (moved, moved), "{lone}");
        }
    }

    /// The code of B begins after the end of A's.
    #[test]
    fn a_time_in_an_instruction_is_read_wherever_the_code_lies() {
        let file = |before: usize, digits: &str| {
            let code = ["\u{1}\u{2}\u{3}", digits, "\u{4}\u{5}\u{6}"].concat();
            let bytes = ["\0".repeat(before), code].concat().into_bytes();
            let parts =
                [(".data", 0..before, Kind::Data), (".text", before..bytes.len(), Kind::Code)];
            let parts = parts.map(|(name, range, kind)| Part::new(name, range, None, kind)).into();
            (bytes, Image { format: "test", parts, ..Image::default() })
        };
        let window = |from| Window { from, to: from + 10 };
        let clocks = Clocks { a: window(1_700_000_000), b: window(1_800_000_000) };
        let context = Context { clocks: Some(clocks), ..Context::default() };
        for before in [8, 200] {
            let (a, b) = (file(8, "1700"), file(before, "1800"));
            let found = compare((&a.0, &a.1), (&b.0, &b.1), &context, &mut Aligner::new(1 << 20));
            let claim = found.claims.iter().find(|c| c.cause == Cause::Timestamp);
            assert_eq!(claim.map(|c| c.b.clone()), Some(before + 3..before + 7), "{before}");
        }
    }
}

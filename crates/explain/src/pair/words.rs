//! Differences in text, in any part of a file: the text around each difference is read as a whole.

use std::ops::Range;

use super::super::align::{Hunk, forth};
use super::super::image::{Kind, Part};
use super::super::names::{is_of_dlltool, without_hashes};
use super::super::text::{self, Texts};
use super::strings::on_one_side;
use super::work::{AROUND, Claim, LEAST_RUN, Work, claim, read, whole, within};
use crate::cause::Cause;
use crate::finding::About;

/// Names of symbols that are read as text.
const MOST_NAMES: usize = 2_000;

impl Work<'_> {
    pub(super) fn is_printable(&self, hunk: &Hunk) -> bool {
        self.all(hunk, is_plain)
    }

    /// Whether all that differs, on both sides, are such bytes.
    fn all(&self, hunk: &Hunk, of: fn(u8) -> bool) -> bool {
        let (x, y) = (&self.a[hunk.a.clone()], &self.b[hunk.b.clone()]);
        x.iter().chain(y).all(|b| of(*b))
    }

    /// The text around a hunk on both sides, within the part.
    pub(super) fn runs(&self, pa: &Part, pb: &Part, hunk: &Hunk, most: usize) -> Hunk {
        let line = pa.kind == Kind::Text;
        let belongs = |b: u8| {
            (0x20..0x7f).contains(&b)
                || b == b'\t'
                || !line && matches!(b, b'\n' | b'\r')
                || line && b >= 0x80
        };
        let run = |bytes: &[u8], part: &Range<usize>, at: &Range<usize>| {
            let low = part.start.max(at.start.saturating_sub(most));
            text::widened(bytes, at, &(low..part.end.min(at.end + most)), belongs)
        };
        Hunk { a: run(self.a, &pa.range, &hunk.a), b: run(self.b, &pb.range, &hunk.b) }
    }

    /// Reads the hunk as text, together with those in the same text: how many.
    pub(super) fn text(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> Option<usize> {
        let first = self.without_padding(&hunks[0]);
        if first.is_empty() || !self.is_textual(pa, &first) {
            return None;
        }
        if self.texts_left == 0 {
            self.out.skipped += hunks[0].len() as u64;
            return Some(1);
        }
        let mut group = vec![first];
        let mut run = self.runs(pa, pb, &group[0], AROUND);
        let least = match pa.kind {
            Kind::Text => 1,
            // Small numbers often look like letters.
            Kind::Debug => LEAST_RUN * 2,
            _ => LEAST_RUN,
        };
        if run.len() < least {
            return None;
        }
        self.texts_left -= 1;
        for next in &hunks[1..] {
            let within = next.a.start <= run.a.end && next.b.start <= run.b.end;
            let next = self.without_padding(next);
            if !within || group.len() > 4096 || next.is_empty() || !self.is_textual(pa, &next) {
                break;
            }
            let more = self.runs(pa, pb, &next, AROUND);
            run.a.end = run.a.end.max(more.a.end);
            run.b.end = run.b.end.max(more.b.end);
            group.push(next);
        }
        self.read_group(pa, pb, &run, &group, hunks);
        Some(group.len())
    }

    /// Claims a group of differences in one text by what they are; `hunks` are the same with padding.
    fn read_group(&mut self, pa: &Part, pb: &Part, run: &Hunk, group: &[Hunk], hunks: &[Hunk]) {
        let Hunk { a, b } = run;
        let back = |r: &Range<usize>, by: usize| r.start - by..r.end - by;
        let relative =
            group.iter().map(|h| Hunk { a: back(&h.a, a.start), b: back(&h.b, b.start) });
        let relative: Vec<Hunk> = relative.collect();
        let texts = Texts { a: &self.a[a.clone()], b: &self.b[b.clone()], context: self.context };
        for r in text::read(texts, &relative) {
            let claimed = &hunks[r.hunks.clone()];
            let (x, y) = (forth(&r.a, a.start), forth(&r.b, b.start));
            if pa.kind == Kind::Metadata && !is_telling(r.cause, r.about) {
                for hunk in claimed {
                    self.follows(hunk, About::Packed);
                }
            } else if (r.cause == Cause::Unknown
                || r.about == About::Guess && self.changed_places(pa, pb, &x, &y))
                && pa.kind != Kind::Text
            {
                // What looked like text may be an address, or text that is elsewhere in the other.
                for hunk in claimed {
                    let debug = pa.kind == Kind::Debug && self.shifts.any();
                    if r.about == About::Guess
                        || debug
                        || self.moved(pa, hunk)
                        || self.is_elsewhere(pa, pb, hunk)
                    {
                        self.follows(hunk, About::Moved);
                    } else {
                        self.add(claim(r.cause, x.clone(), y.clone(), hunk.len() as u64));
                    }
                }
            } else {
                let bytes = claimed.iter().map(Hunk::len).sum();
                self.push(read(r, a.start, b.start, bytes));
            }
        }
    }

    /// Whether each text is in the other file too: the linker put them in another order.
    fn changed_places(&mut self, pa: &Part, pb: &Part, x: &Range<usize>, y: &Range<usize>) -> bool {
        let (a, b) = (self.a, self.b);
        self.find(&b[pb.range.clone()], &a[x.clone()]).is_some()
            && self.find(&a[pa.range.clone()], &b[y.clone()]).is_some()
    }

    pub(super) fn is_textual(&self, part: &Part, hunk: &Hunk) -> bool {
        self.all(hunk, if part.kind == Kind::Text { text::is_text } else { is_plain })
    }

    /// Without zeros at the end, which only fill what a shorter text leaves.
    pub(super) fn without_padding(&self, hunk: &Hunk) -> Hunk {
        let trim = |bytes: &[u8], range: &Range<usize>| {
            let filled = bytes[range.clone()].iter().rposition(|b| *b != 0);
            range.start..range.start + filled.map_or(0, |at| at + 1)
        };
        Hunk { a: trim(self.a, &hunk.a), b: trim(self.b, &hunk.b) }
    }

    /// A stretch of text and other bytes: what is text of its own on either side is read as text; the
    /// rest must be in the other file as well, or remains.
    pub(super) fn mixed(&mut self, pa: &Part, pb: &Part, hunk: &Hunk) -> bool {
        if hunk.len() < LEAST_RUN || matches!(pa.kind, Kind::Code | Kind::Table) {
            return false;
        }
        let (mut texts_a, rest_a) = segments(self.a, &hunk.a, &pa.range);
        let (mut texts_b, rest_b) = segments(self.b, &hunk.b, &pb.range);
        if texts_a.is_empty() && texts_b.is_empty() {
            return false;
        }
        let (a, b) = ((self.a, pa), (self.b, pb));
        let packed = matches!(pa.kind, Kind::Metadata | Kind::Debug);
        let mut claimed = 0;
        texts_a.retain(|t| !self.moved_to(t, a, b));
        texts_b.retain(|t| !self.moved_to(t, b, a));
        for i in 0..texts_a.len().max(texts_b.len()) {
            let x = texts_a.get(i).cloned().unwrap_or(hunk.a.end..hunk.a.end);
            let y = texts_b.get(i).cloned().unwrap_or(hunk.b.end..hunk.b.end);
            let bytes = within(&x, &hunk.a).max(within(&y, &hunk.b)) as u64;
            let mut c = Claim { bytes, ..self.whole(&x, &y) };
            if packed && !is_telling(c.cause, c.about) {
                c.follow(About::Packed);
            }
            self.push(c);
            claimed += bytes;
        }
        let mut left = 0;
        for (rest, from, other) in [(rest_a, a, b), (rest_b, b, a)] {
            let unknown = rest.iter().filter(|piece| !self.is_in(piece, from, other));
            left = left.max(unknown.map(|piece| piece.len() as u64).sum());
        }
        let rest = (hunk.len() as u64).saturating_sub(claimed);
        let left = left.min(rest);
        let small = packed || self.shifts.any() && left < 64;
        for (bytes, follows) in [(rest - left, true), (left, small)] {
            if bytes > 0 {
                let mut c = Claim { bytes, ..whole(Cause::Unknown, hunk) };
                if follows {
                    c.follow(if packed { About::Packed } else { About::Moved });
                }
                self.add(c);
            }
        }
        true
    }
}

/// Whether a byte is one of a text in ASCII.
fn is_plain(b: u8) -> bool {
    b < 0x7f && text::is_text(b)
}

/// Texts in the range, those at its ends whole; and what is between them.
fn segments(
    bytes: &[u8],
    range: &Range<usize>,
    part: &Range<usize>,
) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut texts, mut rest) = (Vec::new(), Vec::new());
    let mut at = range.start;
    let mut gap = at;
    while at < range.end {
        let mut end = at;
        while end < range.end && is_plain(bytes[end]) {
            end += 1;
            // Each line is a text of its own.
            if bytes[end - 1] == b'\n' && bytes.get(end) != Some(&b'\n') {
                break;
            }
        }
        let first = at == range.start && end > at;
        let last = end == range.end && end > at && bytes[end - 1] != b'\n';
        let low = if first { part.start.max(at.saturating_sub(AROUND)) } else { at };
        let high = if last { part.end.min(end + AROUND) } else { end };
        let found = text::widened(bytes, &(at..end), &(low..high), is_plain);
        if end > at && found.len() >= LEAST_RUN {
            if gap < at {
                rest.push(gap..at);
            }
            texts.push(found);
            gap = end;
        }
        at = end.max(at + 1);
    }
    if gap < range.end {
        rest.push(gap..range.end);
    }
    (texts, rest)
}

/// Whether a text among packed numbers is one: many of them look like short texts.
fn is_telling(cause: Cause, about: About) -> bool {
    match cause {
        Cause::Unknown => false,
        Cause::Randomness => about == About::Number,
        _ => true,
    }
}

impl<'w> Work<'w> {
    /// The strings that each of two tables has alone, sorted by a key so that what is alike is in the same place,
    /// and how many bytes differ, which are counted; none where it is no such table.
    fn lone_strings<K: Ord>(
        &mut self,
        pa: &Part,
        pb: &Part,
        hunks: &[Hunk],
        key: impl Fn(&'w [u8]) -> K,
    ) -> Option<([Vec<Range<usize>>; 2], u64)> {
        let [mut a, mut b] = on_one_side((self.a, &pa.range), (self.b, &pb.range), hunks)?;
        a.sort_by_cached_key(|r| key(&self.a[r.clone()]));
        b.sort_by_cached_key(|r| key(&self.b[r.clone()]));
        let differing = hunks.iter().map(|h| h.len() as u64).sum();
        self.out.differing += differing;
        Some(([a, b], differing))
    }

    /// A table of strings that end in NUL: claims the strings that are on one side only, wherever they are. All
    /// other bytes differ because the other strings moved. False where it is no such table.
    pub(super) fn strings(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> bool {
        let (a, b) = (self.a, self.b);
        let lone = self.lone_strings(pa, pb, hunks, |bytes| bytes);
        let Some(([only_a, only_b], mut left)) = lone else { return false };
        let most = only_a.len().max(only_b.len());
        let texts = most.min(self.texts_left);
        self.texts_left -= texts;
        for i in 0..texts {
            let x = only_a.get(i).cloned().unwrap_or(pa.range.end..pa.range.end);
            let y = only_b.get(i).cloned().unwrap_or(pb.range.end..pb.range.end);
            let (s, t) = (&a[x.clone()], &b[y.clone()]);
            let bytes = (s.len().max(t.len()) as u64).min(left);
            left -= bytes;
            let c = self.whole(&x, &y);
            self.push(Claim { bytes, ..c });
        }
        if left > 0 {
            let mut c = claim(Cause::Unknown, pa.range.clone(), pb.range.clone(), left);
            if texts == most {
                c.follow(About::Moved);
            }
            self.push(c);
        }
        true
    }

    /// The names of symbols: paths and other known values in them, among those that one side has alone.
    /// Of the rest, names are compared as such. False where it is no table of strings.
    pub(super) fn names(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> bool {
        let (a, b) = (self.a, self.b);
        let bare = |bytes: &[u8]| without_hashes(&String::from_utf8_lossy(bytes));
        let lone = self.lone_strings(pa, pb, hunks, bare);
        let Some(([only_a, only_b], mut left)) = lone else { return false };
        for (p, q) in only_a.iter().zip(&only_b).take(MOST_NAMES) {
            let mut c = self.whole(p, q);
            let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            if is_of_dlltool(&name(&a[p.clone()])) && is_of_dlltool(&name(&b[q.clone()])) {
                (c.cause, c.about, c.what) = (Cause::ImportLibrary, About::ImportName, None);
            }
            use Cause::{BuildPath, Home, Hostname, ImportLibrary, Username};
            let named = [BuildPath, Home, Username, Hostname, ImportLibrary].contains(&c.cause);
            if !named || left == 0 {
                continue;
            }
            if c.about == About::Guess && c.cause == Cause::BuildPath {
                c.about = About::FileSymbol;
            }
            c.bytes = (p.len().max(q.len()) as u64).min(left);
            left -= c.bytes;
            self.push(c);
        }
        if left > 0 {
            let rest = claim(Cause::Unknown, pa.range.clone(), pb.range.clone(), left);
            self.push(rest.following(About::Names));
        }
        true
    }

    /// Reads two texts that differ somewhere, all of it at once.
    pub(super) fn whole(&self, x: &Range<usize>, y: &Range<usize>) -> Claim {
        let texts = Texts { a: &self.a[x.clone()], b: &self.b[y.clone()], context: self.context };
        read(text::read_whole(texts), x.start, y.start, 0)
    }
}

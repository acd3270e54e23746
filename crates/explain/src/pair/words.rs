//! Differences in text, in any part of a file: the text around each difference is read as a whole.

use std::collections::HashMap;
use std::ops::Range;

use repro_formats::parallel::both;

use super::super::align::{self, Hunk};
use super::super::image::{Kind, Part};
use super::super::names::{is_of_dlltool, without_hashes};
use super::super::text::{self, Texts};
use super::work::{AROUND, Claim, LEAST_RUN, Work, claim, within};
use crate::cause::Cause;
use crate::finding::About;

/// Names of symbols that are read as text.
const MOST_NAMES: usize = 2_000;

impl Work<'_> {
    pub(super) fn is_printable(&self, hunk: &Hunk) -> bool {
        let plain = |b: &u8| (0x20..0x7f).contains(b) || matches!(b, b'\t' | b'\n' | b'\r');
        self.a[hunk.a.clone()].iter().all(plain) && self.b[hunk.b.clone()].iter().all(plain)
    }

    /// The text around a hunk on both sides, within the part.
    pub(super) fn runs(
        &self,
        pa: &Part,
        pb: &Part,
        hunk: &Hunk,
        most: usize,
    ) -> (Range<usize>, Range<usize>) {
        let line = pa.kind == Kind::Text;
        let belongs = |b: u8| {
            (0x20..0x7f).contains(&b)
                || b == b'\t'
                || !line && matches!(b, b'\n' | b'\r')
                || line && b >= 0x80
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
        (run(self.a, &pa.range, &hunk.a), run(self.b, &pb.range, &hunk.b))
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
        let (mut a, mut b) = self.runs(pa, pb, &group[0], AROUND);
        let least = match pa.kind {
            Kind::Text => 1,
            // Small numbers, many of which are letters.
            Kind::Debug => LEAST_RUN * 2,
            _ => LEAST_RUN,
        };
        if a.len().max(b.len()) < least {
            return None;
        }
        self.texts_left -= 1;
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
        self.read_group((pa, pb), (&a, &b), &group, hunks);
        Some(group.len())
    }

    /// Claims a group of differences in one text by what they are; `hunks` are the same with padding.
    fn read_group(
        &mut self,
        (pa, pb): (&Part, &Part),
        (a, b): (&Range<usize>, &Range<usize>),
        group: &[Hunk],
        hunks: &[Hunk],
    ) {
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
                let bytes: usize = claimed.iter().map(Hunk::len).sum();
                let mut c = claim(r.cause, x, y, bytes as u64);
                (c.about, c.what) = (r.about, r.what);
                self.push(c);
            }
        }
    }

    /// Whether each text is in the other file too: the linker put them in another order.
    fn changed_places(&mut self, pa: &Part, pb: &Part, x: &Range<usize>, y: &Range<usize>) -> bool {
        let (a, b) = (self.a, self.b);
        self.find(&b[pb.range.clone()], &a[x.clone()])
            && self.find(&a[pa.range.clone()], &b[y.clone()])
    }

    pub(super) fn is_textual(&self, part: &Part, hunk: &Hunk) -> bool {
        match part.kind {
            Kind::Text => {
                let plain = |b: &u8| text::is_text(*b);
                self.a[hunk.a.clone()].iter().all(plain) && self.b[hunk.b.clone()].iter().all(plain)
            }
            _ => self.is_printable(hunk),
        }
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
        let (a, b) = (self.a, self.b);
        let (all_a, all_b) = (&a[pa.range.clone()], &b[pb.range.clone()]);
        let mut claimed = 0;
        let mut own = |texts: &mut Vec<Range<usize>>, from: &[u8], other: &[u8]| {
            texts.retain(|t| !self.find(other, &from[t.clone()]));
        };
        own(&mut texts_a, a, all_b);
        own(&mut texts_b, b, all_a);
        for i in 0..texts_a.len().max(texts_b.len()) {
            let x = texts_a.get(i).cloned().unwrap_or(hunk.a.end..hunk.a.end);
            let y = texts_b.get(i).cloned().unwrap_or(hunk.b.end..hunk.b.end);
            let bytes = within(&x, &hunk.a).max(within(&y, &hunk.b)) as u64;
            for mut c in self.whole(&x, &y) {
                c.bytes = bytes;
                let packed = matches!(pa.kind, Kind::Metadata | Kind::Debug);
                if packed && !is_telling(c.cause, c.about) {
                    c.follow(About::Packed);
                }
                self.push(c);
            }
            claimed += bytes;
        }
        let mut left = 0;
        for (rest, from, other) in [(rest_a, a, all_b), (rest_b, b, all_a)] {
            let mut here = 0;
            for piece in rest {
                let bytes = &from[piece.clone()];
                let known =
                    bytes.iter().all(|b| *b == 0) || bytes.len() >= 4 && self.find(other, bytes);
                if !known {
                    here += piece.len() as u64;
                }
            }
            left = here.max(left);
        }
        let rest = (hunk.len() as u64).saturating_sub(claimed);
        let left = left.min(rest);
        let packed = matches!(pa.kind, Kind::Metadata | Kind::Debug);
        let small = packed || self.shifts.any() && left < 64;
        for (bytes, follows) in [(rest - left, true), (left, small)] {
            if bytes > 0 {
                let mut c = claim(Cause::Unknown, hunk.a.clone(), hunk.b.clone(), bytes);
                if follows {
                    c.follow(if packed { About::Packed } else { About::Moved });
                }
                self.add(c);
            }
        }
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

/// Whether a text among packed numbers is one: they make many short texts by chance.
fn is_telling(cause: Cause, about: About) -> bool {
    match cause {
        Cause::Unknown => false,
        Cause::Randomness => about == About::Number,
        _ => true,
    }
}

impl Work<'_> {
    /// A table of strings that end in NUL: which strings are on one side only, wherever they stand. The
    /// rest of what differs is where the others stand. False where it is no such table.
    pub(super) fn strings(&mut self, pa: &Part, pb: &Part, hunks: &[Hunk]) -> bool {
        let (a, b) = (self.a, self.b);
        let Some([mut only_a, mut only_b]) = on_one_side((a, &pa.range), (b, &pb.range), hunks)
        else {
            return false;
        };
        // What is alike stands in the same place of the sorted lists.
        only_a.sort_by_key(|r| &a[r.clone()]);
        only_b.sort_by_key(|r| &b[r.clone()]);
        let differing: u64 = hunks.iter().map(|h| h.len() as u64).sum();
        self.out.differing += differing;
        let mut left = differing;
        let most = only_a.len().max(only_b.len());
        for i in 0..most.min(self.texts_left) {
            self.texts_left -= 1;
            let x = only_a.get(i).cloned().unwrap_or(pa.range.end..pa.range.end);
            let y = only_b.get(i).cloned().unwrap_or(pb.range.end..pb.range.end);
            let (s, t) = (&a[x.clone()], &b[y.clone()]);
            let bytes = (s.len().max(t.len()) as u64).min(left);
            left -= bytes;
            for mut c in self.whole(&x, &y) {
                c.bytes = bytes;
                self.push(c);
            }
        }
        if left > 0 {
            let mut c = claim(Cause::Unknown, pa.range.clone(), pb.range.clone(), left);
            if most < self.texts_left {
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
        let Some([mut only_a, mut only_b]) = on_one_side((a, &pa.range), (b, &pb.range), hunks)
        else {
            return false;
        };
        let bare = |bytes: &[u8]| without_hashes(&String::from_utf8_lossy(bytes));
        only_a.sort_by_cached_key(|r| bare(&a[r.clone()]));
        only_b.sort_by_cached_key(|r| bare(&b[r.clone()]));
        let differing: u64 = hunks.iter().map(|h| h.len() as u64).sum();
        self.out.differing += differing;
        let mut left = differing;
        for (p, q) in only_a.iter().zip(&only_b).take(MOST_NAMES) {
            for mut c in self.whole(p, q) {
                let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                if is_of_dlltool(&name(&a[p.clone()])) && is_of_dlltool(&name(&b[q.clone()])) {
                    (c.cause, c.about, c.what) = (Cause::ImportLibrary, About::ImportName, None);
                }
                let named = matches!(
                    c.cause,
                    Cause::BuildPath
                        | Cause::Home
                        | Cause::Username
                        | Cause::Hostname
                        | Cause::ImportLibrary
                );
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
        }
        if left > 0 {
            let mut c = claim(Cause::Unknown, pa.range.clone(), pb.range.clone(), left);
            c.follow(About::Names);
            self.push(c);
        }
        true
    }

    /// Reads two texts that differ somewhere, all of it at once.
    pub(super) fn whole(&self, x: &Range<usize>, y: &Range<usize>) -> Vec<Claim> {
        let texts = Texts { a: &self.a[x.clone()], b: &self.b[y.clone()], context: self.context };
        let (n, m) = (texts.a.len(), texts.b.len());
        let first = align::common_prefix(texts.a, texts.b);
        let last = align::common_suffix(&texts.a[first..], &texts.b[first..]);
        let hunk = Hunk { a: first..n - last, b: first..m - last };
        let readings = text::read(texts, &[hunk]).into_iter();
        readings
            .map(|r| {
                let mut c = claim(r.cause, forth(&r.a, x.start), forth(&r.b, y.start), 0);
                (c.about, c.what) = (r.about, r.what);
                c
            })
            .collect()
    }
}

fn forth(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// The strings of two tables that one side has alone, in the order of the tables, each where it stands
/// first; `None` where there is no NUL at the end of either.
fn on_one_side(
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

/// The strings of a table that touch one of the ranges, and where each stands first.
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

//! Two text files, line by line: which lines differ, what they differ in, and the lines around them.

use std::collections::HashMap;
use std::ops::Range;

use repro_formats::names::printable;

use super::Search;
use super::align::Hunk;
use super::remedy;
use super::text::{self, Texts};
use crate::cause::Cause;
use crate::finding::{About, At, Excerpt, Finding, Place, cut};

/// Lines shown before and after those that differ.
const AROUND: usize = 1;
/// Lines of a group that are kept to be shown.
const SHOWN: usize = 4_000;
/// Groups of lines that are reported one by one.
const MOST: usize = 2_000;
/// How often lines that are unique are looked for between such lines.
const DEPTH: usize = 6;

impl Search<'_> {
    /// What differs in two texts, and how many bytes that are.
    pub(super) fn lines(&mut self, a: &[u8], b: &[u8], within: &[String]) -> (Vec<Finding>, u64) {
        let (x, y) = (split(a), split(b));
        let sides = Sides { a: (a, &x), b: (b, &y), within };
        let whole = trimmed(&x, &y, Hunk { a: 0..x.len(), b: 0..y.len() });
        if let Some(finding) = sides.permuted(&whole).or_else(|| sides.line_ends()) {
            let bytes = finding.bytes;
            return (vec![finding], bytes);
        }
        let mut groups = Vec::new();
        unique(&x, &y, whole, DEPTH, &mut groups);
        let mut findings: Vec<Finding> = Vec::new();
        let mut known: HashMap<(Cause, About, String, String), usize> = HashMap::new();
        let mut differing = 0;
        for group in &groups {
            for finding in self.group(&sides, group) {
                differing += finding.bytes;
                let key = (finding.cause, finding.about, finding.a.clone(), finding.b.clone());
                let last = || (findings.len() >= MOST).then(|| findings.len() - 1);
                match known.get(&key).copied().or_else(last) {
                    Some(at) => {
                        findings[at].place.more += 1;
                        findings[at].bytes += finding.bytes;
                    }
                    None => {
                        known.insert(key, findings.len());
                        findings.push(finding);
                    }
                }
            }
        }
        (findings, differing)
    }

    /// What a group of lines differs in: values that are known for something, else the lines.
    fn group(&mut self, sides: &Sides, group: &Hunk) -> Vec<Finding> {
        let Hunk { a: ra, b: rb } = group;
        // As many lines on both sides are most likely the same ones.
        if ra.len() == rb.len() && ra.len() > 1 {
            let pairs = ra.clone().zip(rb.clone()).map(|(i, j)| Hunk { a: i..i + 1, b: j..j + 1 });
            let known = pairs.map(|pair| self.group(sides, &pair)).collect::<Vec<_>>();
            if known.iter().flatten().any(Finding::is_cause) {
                return known.into_iter().flatten().collect();
            }
        }
        let (span_a, span_b) = (span(sides.a.1, ra), span(sides.b.1, rb));
        let (a, b) = (&sides.a.0[span_a.clone()], &sides.b.0[span_b.clone()]);
        let hunks = self.aligner.align(a, b);
        let bytes: usize = hunks.iter().map(Hunk::len).sum();
        let texts = Texts { a, b, context: self.context };
        let readings = text::read(texts, &hunks);
        let line = |text: &[u8], first: usize, at: usize| {
            first + memchr::memchr_iter(b'\n', &text[..at.min(text.len())]).count()
        };
        let mut findings: Vec<Finding> = Vec::new();
        let digest = |r: &text::Reading| r.about == About::Digests;
        let told = |r: &&text::Reading| {
            r.cause != Cause::Unknown || matches!(r.about, About::Digests | About::Digest)
        };
        for r in readings.iter().filter(told) {
            let (i, j) = (line(a, ra.start, r.a.start), line(b, rb.start, r.b.start));
            let at = At::Line(if ra.is_empty() { j } else { i } + 1);
            let place = Place { called: r.what.clone(), ..Place::new(sides.within, at) };
            let shown = |text: &[u8], at: &Range<usize>| cut(&printable(&text[at.clone()]));
            let finding = Finding::new(r.cause, place, shown(a, &r.a), shown(b, &r.b));
            let mapped = [(a, &r.a), (b, &r.b)];
            let mapped = mapped.into_iter().all(|(text, at)| remedy::maps(&text[..at.start]));
            let finding = finding.about(if mapped { About::PrefixMap } else { r.about });
            let bytes = hunks[r.hunks.clone()].iter().map(Hunk::len).sum();
            let excerpt = Some(sides.excerpt(group, &r.a, &r.b));
            let consequence = digest(r);
            findings.push(Finding { consequence, excerpt, ..finding.bytes(bytes) });
        }
        let left = bytes as u64 - findings.iter().map(|f| f.bytes).sum::<u64>();
        if left > 0 || findings.is_empty() {
            let at = if ra.is_empty() { rb.start } else { ra.start };
            let shown = |bytes: &[u8], lines: &Range<usize>| match lines.len() {
                0 => "no such line".to_string(),
                _ => cut(&printable(bytes.strip_suffix(b"\n").unwrap_or(bytes))),
            };
            let place = Place::new(sides.within, At::Line(at + 1));
            let finding = Finding::new(Cause::Unknown, place, shown(a, ra), shown(b, rb));
            let excerpt = Some(sides.excerpt(group, &(0..a.len()), &(0..b.len())));
            findings.push(Finding { bytes: left, excerpt, ..finding });
        }
        for finding in &mut findings {
            finding.remedy = remedy::of(finding, self.context);
        }
        findings
    }
}

/// Both texts, and where their lines are.
struct Sides<'a> {
    a: (&'a [u8], &'a [&'a [u8]]),
    b: (&'a [u8], &'a [&'a [u8]]),
    within: &'a [String],
}

/// A line without its end, if it has one.
fn bare(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

impl Sides<'_> {
    /// The same lines in another order.
    fn permuted(&self, group: &Hunk) -> Option<Finding> {
        let Hunk { a: ra, b: rb } = group;
        let sorted = |lines: &[&[u8]]| {
            // Whether the last line has its end is not what differs.
            let bare = |l: &&[u8]| l.strip_suffix(b"\n").unwrap_or(l).to_vec();
            let mut list: Vec<Vec<u8>> = lines.iter().map(bare).collect();
            list.sort();
            list
        };
        let (x, y) = (&self.a.1[ra.clone()], &self.b.1[rb.clone()]);
        if x.len() < 2 || x.len() != y.len() || x == y || sorted(x) != sorted(y) {
            return None;
        }
        let place = Place::new(self.within, At::Line(ra.start + 1));
        let place = place.called(format!("the same {} lines", x.len()));
        let shown = |line: &[u8]| cut(&printable(line.strip_suffix(b"\n").unwrap_or(line)));
        let finding = Finding::new(Cause::Ordering, place, shown(x[0]), shown(y[0]))
            .remedy(remedy::general(Cause::Ordering))
            .bytes(x.iter().map(|l| l.len()).sum());
        let excerpt = Some(self.excerpt(group, &(0..0), &(0..0)));
        Some(Finding { excerpt, ..finding })
    }

    /// The same lines that end in another way.
    fn line_ends(&self) -> Option<Finding> {
        let (x, y) = (self.a.1, self.b.1);
        // That the last line of one has no end is something else.
        let same = |(l, m): (&&[u8], &&[u8])| l == m || bare(l).is_some() && bare(l) == bare(m);
        if x.len() != y.len() || !x.iter().zip(y).all(same) {
            return None;
        }
        let mut differing = x.iter().zip(y).enumerate().filter(|(_, (l, m))| l != m);
        let (first, (l, m)) = differing.next()?;
        let more = differing.count();
        let place = Place::new(self.within, At::Line(first + 1)).called("line ends");
        let (cause, about) = (Cause::Unknown, About::LineEnds);
        let remedy = remedy::by_cause(cause, about).text;
        let [a, b] = [l, m].map(|line| cut(&printable(line)));
        let finding = Finding::new(cause, Place { more, ..place }, a, b).about(about);
        Some(finding.remedy(remedy).bytes(more + 1))
    }

    /// The lines of a group and those around them; ranges are in the group.
    fn excerpt(&self, group: &Hunk, in_a: &Range<usize>, in_b: &Range<usize>) -> [Excerpt; 2] {
        let cut = |lines: &[&[u8]], group: &Range<usize>, value: &Range<usize>| {
            let from = group.start.saturating_sub(AROUND);
            let to = (group.end.min(group.start + SHOWN) + AROUND).min(lines.len());
            let bytes = lines[from..to].concat();
            let before: usize = lines[from..group.start].iter().map(|l| l.len()).sum();
            let at = |n: usize| (before + n).min(bytes.len());
            let value = at(value.start)..at(value.end);
            Excerpt { at: from as u64 + 1, bytes, value }
        };
        [cut(self.a.1, &group.a, in_a), cut(self.b.1, &group.b, in_b)]
    }
}

/// Lines with their ends.
fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|b| *b == b'\n').collect()
}

/// The bytes of some lines.
fn span(lines: &[&[u8]], range: &Range<usize>) -> Range<usize> {
    let len = |r: Range<usize>| lines[r].iter().map(|l| l.len()).sum::<usize>();
    let start = len(0..range.start);
    start..start + len(range.clone())
}

/// A group without the lines that are the same at its ends.
fn trimmed(x: &[&[u8]], y: &[&[u8]], Hunk { mut a, mut b }: Hunk) -> Hunk {
    while !a.is_empty() && !b.is_empty() && x[a.start] == y[b.start] {
        (a.start, b.start) = (a.start + 1, b.start + 1);
    }
    while !a.is_empty() && !b.is_empty() && x[a.end - 1] == y[b.end - 1] {
        (a.end, b.end) = (a.end - 1, b.end - 1);
    }
    Hunk { a, b }
}

/// Splits a group at lines that each side has once, in the order that most of them keep.
fn unique(x: &[&[u8]], y: &[&[u8]], group: Hunk, depth: usize, out: &mut Vec<Hunk>) {
    let Hunk { a, b } = trimmed(x, y, group);
    if a.is_empty() && b.is_empty() {
        return;
    }
    let kept = if depth > 0 { anchors(x, y, &a, &b) } else { Vec::new() };
    if kept.is_empty() {
        return out.push(Hunk { a, b });
    }
    let (mut i, mut j) = (a.start, b.start);
    for (p, q) in kept.into_iter().chain([(a.end, b.end)]) {
        unique(x, y, Hunk { a: i..p, b: j..q }, depth - 1, out);
        (i, j) = (p + 1, q + 1);
    }
}

/// Lines that both have once, without those that changed places.
fn anchors(x: &[&[u8]], y: &[&[u8]], a: &Range<usize>, b: &Range<usize>) -> Vec<(usize, usize)> {
    let mut seen: HashMap<&[u8], [(usize, usize); 2]> = HashMap::new();
    for (side, lines, range) in [(0, x, a), (1, y, b)] {
        for i in range.clone() {
            let slot = &mut seen.entry(lines[i]).or_default()[side];
            *slot = (slot.0 + 1, i);
        }
    }
    let once = seen.values().filter(|s| s[0].0 == 1 && s[1].0 == 1);
    let mut pairs: Vec<(usize, usize)> = once.map(|s| (s[0].1, s[1].1)).collect();
    pairs.sort_unstable();
    // The longest rising sequence, by piles of cards.
    let mut piles: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    for (k, (_, q)) in pairs.iter().enumerate() {
        let at = piles.partition_point(|top| pairs[*top].1 < *q);
        before.push(at.checked_sub(1).map(|p| piles[p]));
        match piles.get_mut(at) {
            Some(top) => *top = k,
            None => piles.push(k),
        }
    }
    let mut kept = Vec::new();
    let mut next = piles.last().copied();
    while let Some(k) = next {
        kept.push(pairs[k]);
        next = before[k];
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(a: &str, b: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let (x, y) = (split(a.as_bytes()), split(b.as_bytes()));
        let mut out = Vec::new();
        unique(&x, &y, Hunk { a: 0..x.len(), b: 0..y.len() }, DEPTH, &mut out);
        let text = |lines: &[&[u8]], r: &Range<usize>| {
            lines[r.clone()].iter().map(|l| String::from_utf8_lossy(l).trim().to_string()).collect()
        };
        out.iter().map(|group| (text(&x, &group.a), text(&y, &group.b))).collect()
    }

    #[test]
    fn lines_that_differ_stand_beside_each_other() {
        let own = |l: &[&str]| l.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        type Want = &'static [(&'static [&'static str], &'static [&'static str])];
        let cases: &[(&str, &str, Want)] = &[
            ("a\nb\nc\n", "a\nx\nc\n", &[(&["b"], &["x"])]),
            ("a\nb\n", "a\nn\nb\n", &[(&[], &["n"])]),
            ("a\nb\nc\nd\n", "b\nc\nd\n", &[(&["a"], &[])]),
            ("1\n}\n2\n}\n3\n", "1\n}\n4\n}\n3\n", &[(&["2"], &["4"])]),
            ("", "a\n", &[(&[], &["a"])]),
        ];
        for (a, b, want) in cases {
            let want: Vec<_> = want.iter().map(|(x, y)| (own(x), own(y))).collect();
            assert_eq!(groups(a, b), want, "{a:?} {b:?}");
        }
        assert!(groups("a\n", "a\n").is_empty());
    }

    #[test]
    fn a_directory_in_a_flag_that_maps_it_is_told_from_others() {
        for (before, mapped) in
            [("-ffile-prefix-map=", true), ("remap-path-prefix=", true), ("-I", false)]
        {
            assert_eq!(remedy::maps(before.as_bytes()), mapped, "{before}");
        }
    }
}

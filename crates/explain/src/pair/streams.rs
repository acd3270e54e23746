//! Compressed streams inside a file: after the script or program that unpacks them, or among a
//! program's constants. Compares what they unpack to.

use std::ops::Range;

use repro_formats::compress::container::Compression;
use repro_formats::compress::unpack;
use repro_formats::limits::Limits;

use super::super::align::Hunk;
use super::super::image::Part;
use super::work::{Pair, Work, claim};
use crate::cause::Cause;
use crate::finding::About;

/// The formats whose streams are looked for, and how they begin: no mark is shorter than three bytes.
const MARKS: [(Compression, &[u8]); 4] = [
    (Compression::Gzip, b"\x1f\x8b\x08"),
    (Compression::Zstd, b"\x28\xb5\x2f\xfd"),
    (Compression::Xz, b"\xfd7zXZ\0"),
    (Compression::Bzip2, b"BZh91AY&SY"),
];
/// Streams of one part that are looked at; whoever has more, as files that are compressed block by block
/// have, is compared byte by byte.
const MOST: usize = 64;
/// Bytes that are unpacked to find where the streams of a part end.
const UNPACKED: u64 = 64 << 20;

impl Work<'_> {
    /// Takes out the differences that are in compressed streams, and keeps these to be unpacked.
    pub(super) fn streams(&mut self, pa: &Part, pb: &Part, hunks: &mut Vec<Hunk>) {
        let limits = &self.context.limits;
        let (p, q) = (streams(self.a, &pa.range, limits), streams(self.b, &pb.range, limits));
        if p.is_empty() || p.len() != q.len() {
            return;
        }
        for ((compression, a), (of_b, b)) in p.into_iter().zip(q) {
            if compression != of_b || self.a[a.clone()] == self.b[b.clone()] {
                continue;
            }
            let sum = |hunks: &[Hunk]| hunks.iter().map(Hunk::len).sum::<usize>();
            let before = sum(hunks);
            let outside = hunks.iter().flat_map(|h| outside(h, &a, &b));
            let rest: Vec<Hunk> = outside.filter(|h| !h.is_empty()).collect();
            let bytes = before.saturating_sub(sum(&rest)) as u64;
            *hunks = rest;
            self.out.differing += bytes;
            let mut c = claim(Cause::Unknown, a.clone(), b.clone(), bytes);
            c.follow(About::Compressed);
            self.push(c);
            self.out.streams.push(Pair { compression, a, b });
        }
    }
}

/// The parts of a difference that are before and after two streams.
fn outside(hunk: &Hunk, a: &Range<usize>, b: &Range<usize>) -> [Hunk; 2] {
    let before = |h: &Range<usize>, s: &Range<usize>| h.start..h.end.min(s.start).max(h.start);
    let behind = |h: &Range<usize>, s: &Range<usize>| h.start.max(s.end).min(h.end)..h.end;
    [
        Hunk { a: before(&hunk.a, a), b: before(&hunk.b, b) },
        Hunk { a: behind(&hunk.a, a), b: behind(&hunk.b, b) },
    ]
}

/// The streams in a range, in order; none if there are too many.
fn streams(
    bytes: &[u8],
    range: &Range<usize>,
    limits: &Limits,
) -> Vec<(Compression, Range<usize>)> {
    let part = &bytes[range.clone()];
    let begin = |(compression, mark): (Compression, &'static [u8])| {
        memchr::memmem::find_iter(part, mark).take(MOST * 4).map(move |at| (at, compression))
    };
    let mut places: Vec<(usize, Compression)> = MARKS.into_iter().flat_map(begin).collect();
    places.sort_unstable_by_key(|(at, _)| *at);
    let (mut found, mut end, mut left) = (Vec::new(), 0, UNPACKED);
    for (at, compression) in places {
        if at < end {
            continue;
        }
        let size = unpack::size_of_first(&mut &part[at..], compression, limits, left);
        let (packed, unpacked) = match size {
            Ok(Some(sizes)) => sizes,
            Ok(None) => break,
            Err(_) => continue,
        };
        (end, left) = (at + packed as usize, left - unpacked);
        found.push((compression, range.start + at..range.start + end));
    }
    if found.len() > MOST { Vec::new() } else { found }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn streams_are_found_where_they_unpack_to_their_end() {
        let (one, two) = (gzip(b"one"), gzip(b"another"));
        let all = [b"\x1f\x8b\x08 not", &one[..], b"between", &two[..], b"\x1f\x8b\x08"].concat();
        let limits = Limits::default();
        let found = streams(&all, &(0..all.len()), &limits);
        let at = |bytes: &[u8]| memchr::memmem::find(&all, bytes).unwrap();
        let range = |bytes: &[u8]| at(bytes)..at(bytes) + bytes.len();
        let gz = Compression::Gzip;
        assert_eq!(found, [(gz, range(&one)), (gz, range(&two))]);
        let mut broken = all.clone();
        broken[at(&one) + one.len() - 6] ^= 1;
        assert_eq!(streams(&broken, &(0..all.len()), &limits), [(gz, range(&two))]);
    }
}

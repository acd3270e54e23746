//! Finds the ranges in which two byte strings differ, and finds them again after insertions. Linear
//! time: searches draw on a budget, and once it is used up, bytes are compared at equal offsets.
//! The result only explains; equality is decided elsewhere.

use std::ops::Range;

use repro_formats::bytes::chunk;

/// Ranges at the same place that differ. Either may be empty, not both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    pub(crate) a: Range<usize>,
    pub(crate) b: Range<usize>,
}

impl Hunk {
    /// Bytes that differ, counted on the side that has more.
    pub fn len(&self) -> usize {
        self.a.len().max(self.b.len())
    }

    /// The same, so much farther on in each.
    pub fn forth(&self, a: usize, b: usize) -> Hunk {
        Hunk { a: forth(&self.a, a), b: forth(&self.b, b) }
    }

    /// All of both, but for what agrees at the beginning and at the end.
    pub fn between(a: &[u8], b: &[u8]) -> Hunk {
        let first = common_prefix(a, b);
        let last = common_suffix(&a[first..], &b[first..]);
        Hunk { a: first..a.len() - last, b: first..b.len() - last }
    }

    /// From the beginning of the first to the end of the last.
    pub fn span(hunks: &[Hunk]) -> Option<Hunk> {
        let (first, last) = (hunks.first()?, hunks.last()?);
        Some(Hunk { a: first.a.start..last.a.end, b: first.b.start..last.b.end })
    }

    /// Never true of a hunk that was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A range, so much farther on.
pub(crate) fn forth(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// How far ahead is looked for the same bytes at the same distance.
const NEAR: usize = 96;
/// How far ahead is looked for them at different distances: first here, then there.
const WINDOWS: [usize; 3] = [256, 4096, 32 << 10];
/// Bytes that must agree to count as found again.
const AGREE: usize = 12;
/// Ranges of one part that are kept apart.
const MOST: usize = 2 << 20;
/// Slots of the table of places.
const SLOTS: usize = 1 << 16;

/// Aligns, and holds what is left of the budget.
pub struct Aligner {
    /// Bytes that may still be searched.
    budget: u64,
    /// Hash of eight bytes -> generation and place.
    slots: Vec<(u32, u32)>,
    generation: u32,
    /// Differences of the words of tables in which each word changed by the same.
    steps: Vec<i32>,
}

/// Where bytes agree again, and how many more differ by a constant in each word.
struct Found {
    a: usize,
    b: usize,
    run: usize,
}

impl Aligner {
    /// With so many bytes to search.
    pub fn new(budget: u64) -> Aligner {
        Aligner { budget, slots: Vec::new(), generation: 0, steps: Vec::new() }
    }

    /// By how much the words of tables changed, since this was last asked.
    pub fn steps(&mut self) -> Vec<i32> {
        std::mem::take(&mut self.steps)
    }

    /// The ranges in which two byte strings of one length differ, each at its own offset.
    pub fn in_place(a: &[u8], b: &[u8]) -> Vec<Hunk> {
        let mut hunks = Vec::new();
        let n = a.len().min(b.len());
        let mut at = 0;
        while at < n {
            at += common_prefix(&a[at..n], &b[at..n]);
            let end = (at + (1 << 16)).min(n);
            push_split(&mut hunks, a, b, at..end, at..end);
            at = end;
        }
        hunks
    }

    /// The ranges in which `a` and `b` differ, in order.
    pub fn align(&mut self, a: &[u8], b: &[u8]) -> Vec<Hunk> {
        let mut hunks = Vec::new();
        let (mut i, mut j) = (0, 0);
        let begin = common_prefix(a, b);
        let end = common_suffix(&a[begin..], &b[begin..]);
        let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
        loop {
            let n = common_prefix(&a[i..], &b[j..]);
            i += n;
            j += n;
            if i == a.len() || j == b.len() {
                push(&mut hunks, i..a.len(), j..b.len());
                return tightened(a, b, hunks);
            }
            let shift = a.len() - i != b.len() - j;
            let found = match near(&a[i..], &b[j..], shift) {
                Some(d) => Found { a: d, b: d, run: 0 },
                None => self.again((a, i), (b, j)),
            };
            push_split(&mut hunks, a, b, i..i + found.a, j..j + found.b);
            i += found.a;
            j += found.b;
            push_split(&mut hunks, a, b, i..i + found.run, j..j + found.run);
            i += found.run;
            j += found.run;
        }
    }

    /// How far on in each the bytes agree again.
    fn again(&mut self, (whole_a, i): (&[u8], usize), (whole_b, j): (&[u8], usize)) -> Found {
        let (a, b) = (&whole_a[i..], &whole_b[j..]);
        for window in WINDOWS {
            if let Some((a, b)) = self.search(a, b, window) {
                return Found { a, b, run: 0 };
            }
            if let Some(found) = self.search_table((whole_a, i), (whole_b, j), window) {
                return found;
            }
        }
        // Nothing in reach: at equal distance, wherever eight bytes agree.
        let most = a.len().min(b.len());
        if self.budget > 0 && a.len() != b.len() && most <= WINDOWS[2] {
            return Found { a: a.len(), b: b.len(), run: 0 };
        }
        let mut d = NEAR.min(most);
        while d < most && !(d + 8 <= most && a[d..d + 8] == b[d..d + 8]) {
            d += 1;
        }
        let d = d.max(1);
        Found { a: d, b: d, run: 0 }
    }

    /// Tables of distances, such as those that jumps go through: each word changed by the same.
    fn search_table(
        &mut self,
        (a, i): (&[u8], usize),
        (b, j): (&[u8], usize),
        window: usize,
    ) -> Option<Found> {
        let ends = ((i + window).min(a.len()), (j + window).min(b.len()));
        let cost = (ends.0 - i + ends.1 - j) as u64 / 4;
        if self.budget < cost {
            return None;
        }
        self.budget -= cost;
        self.begin();
        let starts = (i.next_multiple_of(4), j.next_multiple_of(4));
        for at in (starts.1..ends.1).step_by(4).rev() {
            if let Some(key) = steps_at(b, at) {
                self.slots[key] = (self.generation, at as u32);
            }
        }
        for at in (starts.0..ends.0).step_by(4) {
            let Some(key) = steps_at(a, at) else { continue };
            let (generation, other) = self.slots[key];
            if generation != self.generation {
                continue;
            }
            let other = other as usize;
            let step = word(b, other)?.wrapping_sub(word(a, at)?);
            let same = |k: &usize| {
                let pair = word(a, at + k * 4).zip(word(b, other + k * 4));
                pair.is_some_and(|(x, y)| y.wrapping_sub(x) == step)
            };
            let words = (0..1 << 20).take_while(same).count();
            if words >= TABLE {
                self.steps.push(step);
                return Some(Found { a: at - i, b: other - j, run: words * 4 });
            }
        }
        None
    }

    /// Forgets all places.
    fn begin(&mut self) {
        if self.slots.is_empty() {
            self.slots = vec![(0, 0); SLOTS];
        }
        self.generation += 1;
    }

    fn search(&mut self, a: &[u8], b: &[u8], window: usize) -> Option<(usize, usize)> {
        let (wa, wb) = (window.min(a.len()), window.min(b.len()));
        let cost = (wa + wb) as u64;
        if self.budget < cost || wa < AGREE || wb < AGREE {
            return None;
        }
        self.budget -= cost;
        self.begin();
        for at in (0..wb - 8).rev() {
            self.slots[slot(&b[at..])] = (self.generation, at as u32);
        }
        let mut best: Option<(usize, usize)> = None;
        for di in 0..wa - 8 {
            if best.is_some_and(|(x, y)| di >= x + y) {
                break;
            }
            let (generation, at) = self.slots[slot(&a[di..])];
            if generation != self.generation {
                continue;
            }
            let dj = at as usize;
            let n = common_prefix(&a[di..], &b[dj..]);
            let ends = di + n == a.len() && dj + n == b.len();
            // A run of one byte says nothing about the place.
            let plain = a[di..di + n.min(AGREE)].iter().all(|x| *x == a[di]);
            if (n >= AGREE && !plain || ends && n >= 4) && best.is_none_or(|(x, y)| di + dj < x + y)
            {
                best = Some((di, dj));
            }
        }
        best
    }
}

/// Hunks that are looked at together, and bytes between them at most.
const TOGETHER: usize = 24;
const NEAR_BY: usize = 4096;

/// What repeats itself can agree in the wrong place: where bytes were inserted nearby and the hunks
/// are no more than the same bytes that much later, they are one.
fn tightened(a: &[u8], b: &[u8], hunks: Vec<Hunk>) -> Vec<Hunk> {
    let mut out: Vec<Hunk> = Vec::with_capacity(hunks.len());
    let mut i = 0;
    while i < hunks.len() {
        let first = &hunks[i];
        let near = hunks[i..].windows(2).take_while(|w| w[1].a.start - w[0].a.end <= NEAR_BY);
        let near = near.take(TOGETHER).count();
        let inserted = hunks[i..=i + near].iter().any(|h| h.a.len() != h.b.len());
        let most = if inserted { near } else { 0 };
        let merged = (i + 1..=i + most).rev().find_map(|j| {
            let (x, y) = (first.a.start..hunks[j].a.end, first.b.start..hunks[j].b.end);
            let same = common_suffix(&a[x.clone()], &b[y.clone()]);
            let one = Hunk { a: x.start..x.end - same, b: y.start..y.end - same };
            let all: usize = hunks[i..=j].iter().map(Hunk::len).sum();
            (one.len() < all).then_some((one, j))
        });
        let (one, last) = merged.unwrap_or_else(|| (first.clone(), i));
        out.push(one);
        i = last + 1;
    }
    out
}

/// Words of a table that must agree in how they changed.
const TABLE: usize = 5;

fn word(bytes: &[u8], at: usize) -> Option<i32> {
    chunk(bytes, at).map(i32::from_le_bytes)
}

/// Where to keep the place, by the differences of four words; none where they are all alike.
fn steps_at(bytes: &[u8], at: usize) -> Option<usize> {
    let w = |k: usize| word(bytes, at + 4 * k);
    let steps = [w(1)?.wrapping_sub(w(0)?), w(2)?.wrapping_sub(w(1)?), w(3)?.wrapping_sub(w(2)?)];
    if steps.iter().filter(|s| **s != 0).count() < 2 {
        return None;
    }
    let mixed = steps.iter().fold(0_u64, |sum, s| {
        (sum ^ u64::from(s.cast_unsigned())).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    Some((mixed >> 48) as usize % SLOTS)
}

fn slot(bytes: &[u8]) -> usize {
    let word = chunk(bytes, 0).map_or(0, u64::from_le_bytes);
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize % SLOTS
}

/// The distance, the same in both, at which the bytes agree again. Where one side is longer, a run
/// of one byte does not count, since it would hide what was inserted before it.
fn near(a: &[u8], b: &[u8], shift: bool) -> Option<usize> {
    let most = a.len().min(b.len());
    (1..=NEAR.min(most)).find(|d| {
        let (x, y) = (&a[*d..], &b[*d..]);
        let n = x.len().min(y.len()).min(8);
        if n < 8 {
            return !shift && x[..n] == y[..n];
        }
        x[..8] == y[..8] && !(shift && x[..8].iter().all(|byte| *byte == x[0]))
    })
}

/// How many bytes agree at the beginning.
pub fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    const STEP: usize = 64;
    let n = a.len().min(b.len());
    // Of a size that is known when it is compiled: no call compares them.
    let whole = a.as_chunks::<STEP>().0.iter().zip(b.as_chunks::<STEP>().0);
    let mut at = whole.take_while(|(x, y)| x == y).count() * STEP;
    while at < n && a[at] == b[at] {
        at += 1;
    }
    at
}

/// How many bytes agree at the end.
pub fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let pairs = a.iter().rev().zip(b.iter().rev());
    pairs.take_while(|(x, y)| x == y).count()
}

fn push(hunks: &mut Vec<Hunk>, a: Range<usize>, b: Range<usize>) {
    if a.is_empty() && b.is_empty() {
        return;
    }
    let hunks_are_many = hunks.len() >= MOST;
    match hunks.last_mut() {
        // So many say no more one by one than together.
        Some(last) if hunks_are_many => {
            last.a.end = a.end;
            last.b.end = b.end;
        }
        _ => hunks.push(Hunk { a, b }),
    }
}

/// Adds a range; of equal lengths, without what agrees within it.
fn push_split(hunks: &mut Vec<Hunk>, a: &[u8], b: &[u8], ra: Range<usize>, rb: Range<usize>) {
    if ra.len() != rb.len() {
        return push(hunks, ra, rb);
    }
    let differ = |k: usize| a[ra.start + k] != b[rb.start + k];
    let mut k = 0;
    while k < ra.len() {
        if !differ(k) {
            k += 1;
            continue;
        }
        let mut end = k + 1;
        while end < ra.len() && (end..ra.len().min(end + 3)).any(differ) {
            end += 1;
        }
        push(hunks, ra.start + k..ra.start + end, rb.start + k..rb.start + end);
        k = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &[u8], b: &[u8]) -> Vec<(String, String)> {
        let text = |x: &[u8]| String::from_utf8_lossy(x).into_owned();
        let hunks = Aligner::new(1 << 20).align(a, b);
        let each = hunks.iter();
        each.map(|h| (text(&a[h.a.clone()]), text(&b[h.b.clone()]))).collect()
    }

    #[test]
    fn replaced_bytes_are_one_hunk_and_what_follows_agrees() {
        let found = of(b"0123456789 abc 0123456789", b"0123456789 xyz 0123456789");
        assert_eq!(found, [("abc".to_string(), "xyz".to_string())]);
    }

    #[test]
    fn inserted_bytes_are_found_and_do_not_shift_the_rest() {
        let tail = "and a long tail that is the same in both of the two files";
        let a = format!("begin /tmp/a/src {tail}");
        let b = format!("begin /tmp/b/some/levels/src {tail}");
        let found = of(a.as_bytes(), b.as_bytes());
        let joined: usize = found.iter().map(|(x, y)| x.len().max(y.len())).sum();
        assert!(joined < 24, "{found:?}");
        assert_eq!(of(b"", b"x"), [(String::new(), "x".to_string())]);
        assert!(of(b"x", b"x").is_empty());
    }

    #[test]
    fn what_repeats_itself_is_aligned_where_it_was_inserted() {
        let table = [b"jump".repeat(9), b"over".to_vec(), b"jump".repeat(5), b"down".to_vec()];
        let tail = [table.concat(), b"jump".repeat(9)].concat();
        let a = [b"head.", &tail[..], b"the end"].concat();
        let b = [b"head.jumpjumpjump", &tail[..], b"the end"].concat();
        let found = Aligner::new(1 << 20).align(&a, &b);
        assert_eq!(found.iter().map(Hunk::len).sum::<usize>(), 12, "{found:?}");
    }

    #[test]
    fn hunks_and_what_is_between_them_are_the_whole() {
        // A small generator: the bytes are the same in each run.
        let mut state = 1_u64;
        let mut random = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as usize
        };
        for _ in 0..300 {
            let a: Vec<u8> = (0..random() % 400).map(|_| (random() % 4) as u8).collect();
            let mut b = a.clone();
            for _ in 0..random() % 6 {
                let at = random() % (b.len() + 1);
                let end = (at + random() % 30).min(b.len());
                let new: Vec<u8> = (0..random() % 30).map(|_| (random() % 5) as u8).collect();
                b.splice(at..end, new);
            }
            let (mut i, mut j) = (0, 0);
            for h in Aligner::new((random() % 5000) as u64).align(&a, &b) {
                assert_eq!(a[i..h.a.start], b[j..h.b.start]);
                assert!(!h.is_empty());
                (i, j) = (h.a.end, h.b.end);
            }
            assert_eq!(a[i..], b[j..]);
        }
    }
}

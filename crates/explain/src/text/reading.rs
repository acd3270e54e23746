//! What is read from a difference in text, and the words around it.

use std::ops::Range;

use crate::align::Hunk;
use crate::cause::Cause;
use crate::finding::About;
use crate::known::Context;

/// What some of the differences in a text are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub(crate) cause: Cause,
    /// What kind of value it is.
    pub about: About,
    /// What the value is called or how it is to be read.
    pub what: Option<String>,
    pub(crate) a: Range<usize>,
    pub(crate) b: Range<usize>,
    /// The differences that it claims, by their place in the list.
    pub hunks: Range<usize>,
}

#[derive(Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub(crate) a: &'a [u8],
    pub(crate) b: &'a [u8],
    /// Known values, the longest first.
    pub context: &'a Context,
}

pub(super) fn reading(cause: Cause, what: Option<&str>, at: Hunk) -> Reading {
    let (what, Hunk { a, b }) = (what.map(str::to_string), at);
    Reading { cause, about: About::Anything, what, a, b, hunks: 0..0 }
}

/// Whether they overlap; an empty range, if it is inside the other or at one of its ends.
pub(super) fn touches(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    if inner.is_empty() {
        outer.start <= inner.start && inner.start <= outer.end
    } else {
        outer.start < inner.end && inner.start < outer.end
    }
}

/// The range without what belongs to no word at its ends.
pub(super) fn trimmed(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let Some(bytes) = text.get(range.clone()) else { return range.clone() };
    let first = bytes.iter().position(|b| is_word(*b));
    let last = bytes.iter().rposition(|b| is_word(*b));
    match first.zip(last) {
        Some((first, last)) => range.start + first..range.start + last + 1,
        None => range.clone(),
    }
}

/// Both ranges, widened as far as the bytes around belong to the word.
pub(super) fn words(texts: Texts, hunk: &Hunk, belongs: impl Fn(u8) -> bool) -> Hunk {
    let widen = |text: &[u8], range: &Range<usize>| {
        let (start, end) = (range.start.min(text.len()), range.end.min(text.len()));
        let start = end - text[start..end].trim_ascii_start().len();
        let end = start + text[start..end].trim_ascii_end().len();
        widened(text, &(start..end), &(0..text.len()), &belongs)
    };
    Hunk { a: widen(texts.a, &hunk.a), b: widen(texts.b, &hunk.b) }
}

/// A range, widened as far as the bytes around belong to it, but not beyond `most`.
pub fn widened(
    bytes: &[u8],
    at: &Range<usize>,
    most: &Range<usize>,
    belongs: impl Fn(u8) -> bool,
) -> Range<usize> {
    let before = bytes[most.start.min(at.start)..at.start].iter().rev();
    let behind = bytes[at.end..most.end.max(at.end)].iter();
    let start = at.start - before.take_while(|b| belongs(**b)).count();
    start..at.end + behind.take_while(|b| belongs(**b)).count()
}

pub(super) fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"_-./:+@\\".contains(&c) || c >= 0x80
}

/// Whether a byte can be part of text.
pub fn is_text(c: u8) -> bool {
    (0x20..0x7f).contains(&c) || matches!(c, b'\t' | b'\n' | b'\r') || c >= 0x80
}

//! What is said of one difference: its cause, where it stands, both values, and what to change.

use std::ops::Range;

use crate::cause::Cause;

/// One finding about a pair of files that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Why.
    pub cause: Cause,
    /// The place: a section with an offset, a member of an archive, a header's field.
    pub place: String,
    /// The symbol that holds the bytes or refers to them, demangled.
    pub symbol: Option<String>,
    /// The crate that they come from.
    pub krate: Option<String>,
    /// The line of the source, where debug info tells it: `src/main.rs:3`.
    pub source: Option<String>,
    /// What A has there.
    pub a: String,
    /// What B has there.
    pub b: String,
    /// What to change so that it goes away: a sentence.
    pub remedy: String,
    /// It follows from another difference, and goes away with it.
    pub consequence: bool,
    /// The bytes at that place, for a view side by side.
    pub excerpt: Option<Excerpt>,
    /// Differing bytes that it accounts for, where they were counted.
    pub bytes: u64,
}

/// Bytes of both files around a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Offset in A of the first byte.
    pub at_a: u64,
    /// A's bytes.
    pub a: Vec<u8>,
    /// Offset in B of the first byte.
    pub at_b: u64,
    /// B's bytes.
    pub b: Vec<u8>,
    /// Where in A's bytes the value is, as far as it is among them.
    pub value_a: Range<usize>,
    /// Where in B's.
    pub value_b: Range<usize>,
}

impl Finding {
    /// A finding of which only the cause, the place and both values are known.
    pub fn new(
        cause: Cause,
        place: impl Into<String>,
        a: impl Into<String>,
        b: impl Into<String>,
    ) -> Finding {
        Finding {
            cause,
            place: place.into(),
            symbol: None,
            krate: None,
            source: None,
            a: a.into(),
            b: b.into(),
            remedy: String::new(),
            consequence: false,
            excerpt: None,
            bytes: 0,
        }
    }
}

//! Whose bytes they are: the symbol that holds them or refers to them, its crate, and the line of
//! the source where debug info tells it. The bytes of A are asked.

use std::ops::Range;

use super::image::Image;

/// Whose some bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The symbol, demangled.
    pub symbol: Option<String>,
    /// The crate that it belongs to.
    pub krate: Option<String>,
    /// File and line.
    pub source: Option<String>,
}

/// The owners of some ranges.
#[derive(Debug, Default)]
pub struct Owners {
    found: Vec<(Range<usize>, Owner)>,
}

impl Owners {
    /// Finds those of the ranges.
    pub fn find(_bytes: &[u8], _image: &Image, _wanted: &[Range<usize>]) -> Owners {
        Owners::default()
    }

    /// The owner of a range that was asked for.
    pub fn of(&self, range: &Range<usize>) -> Option<&Owner> {
        let found = self.found.iter().find(|(r, _)| r == range);
        found.map(|(_, owner)| owner)
    }
}

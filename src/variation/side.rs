//! The builds of a run: A, whose values are those of the recipe, and B and more, which differ from it
//! on purpose. A side is an index into everything that is kept for each build, and a letter in
//! reports.

/// One of the builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side(pub(super) u8);

/// What builds are called.
const LETTERS: &str = "ABCDEFGHIJKLMNOP";

impl Side {
    /// The build whose values are those of the recipe.
    pub const A: Side = Side(0);
    /// The first that differs from it on purpose.
    pub const B: Side = Side(1);
    /// As many as there can be.
    pub const MOST: usize = LETTERS.len();

    /// The first `n`, at most as many as have a letter.
    pub fn first(n: usize) -> impl Iterator<Item = Side> {
        (0..n.min(Side::MOST) as u8).map(Side)
    }

    /// `A`, `B`, ….
    pub fn label(self) -> &'static str {
        let i = usize::from(self.0);
        &LETTERS[i..=i]
    }

    /// The same as directories are named.
    pub fn lower(self) -> String {
        self.label().to_lowercase()
    }

    /// How many are before it.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

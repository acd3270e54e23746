//! What is said of one difference: its cause, where it stands, both values, and what to change.

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
    /// What A has there.
    pub a: String,
    /// What B has there.
    pub b: String,
    /// What to change so that it goes away: a sentence.
    pub remedy: String,
    /// It follows from another difference, and goes away with it.
    pub consequence: bool,
}

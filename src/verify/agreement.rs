//! What a comparison of the manifests of several builders found.

use crate::verdict::{Agreement, Verdict};

/// What was found.
pub struct Several {
    /// Whether enough agree.
    pub agreement: Agreement,
    /// How many have to.
    pub threshold: usize,
    /// One line that names what they built.
    pub subject: String,
    /// All manifests, as given.
    pub builders: Vec<BuilderLine>,
    /// Builders that agree with each other, the largest group first.
    pub groups: Vec<Group>,
    /// Manifests that count for nothing, and why.
    pub left_out: Vec<(String, String)>,
    /// Artifacts and archives that not all have alike: the name, and what each group has.
    pub differing: Vec<(String, Vec<String>)>,
    /// Archives of the largest group that fewer than have to agree list, and who does.
    pub alone: Vec<(String, Vec<String>)>,
    /// Settings that all share.
    pub settings: Vec<(String, String)>,
    /// Settings that they do not share.
    pub unlike: Vec<Unlike>,
}

/// A manifest.
pub struct BuilderLine {
    /// The builder's name, else the file's.
    pub name: String,
    /// The file.
    pub file: String,
    /// Whether the user named the builder.
    pub named: bool,
    /// The manifest's verdict.
    pub verdict: Verdict,
}

/// Builders that agree.
pub struct Group {
    /// Their names.
    pub members: Vec<String>,
    /// As how many builders they count.
    pub votes: usize,
}

/// A setting that is not the same for all: each value, and whose it is.
pub struct Unlike {
    /// Its name.
    pub what: String,
    /// The values.
    pub values: Vec<(String, Vec<String>)>,
}

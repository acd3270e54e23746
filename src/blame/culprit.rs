//! A crate that diverged first, and what is known of why. The steps of the walk make it; reports
//! print it.

use repro_explain::cause::Cause;

/// What kind of unit diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// A build script: its program, or what it left when it ran.
    BuildScript,
    /// A procedural macro.
    ProcMacro,
    /// A library.
    Lib,
    /// A program.
    Bin,
}

impl UnitKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            UnitKind::BuildScript => "build-script",
            UnitKind::ProcMacro => "proc-macro",
            UnitKind::Lib => "lib",
            UnitKind::Bin => "bin",
        }
    }
}

/// A unit that diverged although everything that it was made from agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// `name version` of its package.
    pub package: String,
    /// What it is.
    pub unit: UnitKind,
    /// Why, as far as is known; at least one.
    pub causes: Vec<Cause>,
    /// What shows it, one line each.
    pub evidence: Vec<String>,
    /// What to change: sentences.
    pub remedies: Vec<String>,
    /// Packages that differ because of it, those first that others are made of.
    pub via: Vec<String>,
}

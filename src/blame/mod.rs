//! From "it differs" to the crates that diverged first: what both builds did is paired, walked
//! back from the artifacts that differ, and each unit that differs although all that it was made
//! from agrees is named, with what is known of why.
//!
//! A build-script run is a unit of its own. What differs by the builds' directories alone is no
//! difference by itself, since the recipe has compilers remap them; it counts where the directories
//! are seen in the bytes of a unit that differs.

mod canonical;
mod changes;
mod evidence;
mod expand;
mod explore;
mod graph;
mod pair;

use std::path::Path;

use anyhow::Result;

use crate::cargo::trace::Trace;
use crate::cause::Cause;
use crate::compare::Comparison;
use crate::explain::Context;

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

/// Who is to blame.
#[derive(Clone, Debug, Default)]
pub struct Blame {
    /// The units that diverged first.
    pub culprits: Vec<Culprit>,
    /// What could not be blamed on any, and why: sentences.
    pub unblamed: Vec<String>,
}

/// Traces the artifacts that differ back to the units that diverged first. `context` is what is
/// known of both builds; with `expand` crates are expanded once more, for which the builds must have
/// kept their calls; `scratch` is a directory for files of its own.
pub fn blame(
    a: &Trace,
    b: &Trace,
    comparison: &Comparison,
    context: &Context,
    expand: bool,
    scratch: &Path,
) -> Result<Blame> {
    let found = explore::Explorer::new(a, b)?.explore(comparison)?;
    let suspects = graph::suspects(&found.nodes, &found.ends);
    let evidence = evidence::Evidence {
        found: &found,
        context,
        expand: expand.then_some((a, b)),
        scratch,
        roots: vec![
            a.now(&a.layout.source),
            a.now(&a.layout.cargo_home),
            a.now(&a.layout.target),
        ],
    };
    Ok(Blame {
        culprits: evidence.culprits(&suspects)?,
        unblamed: found.unblamed,
    })
}

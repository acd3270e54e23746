//! Finds the crates that diverged first. Pairs what both builds did, walks back from the artifacts that
//! differ, and names each unit that differs although all of its inputs match, with the known reasons.
//!
//! A build-script run is a unit of its own. A difference that consists only of the builds' directories is
//! ignored, since the recipe has compilers remap them, unless the directories are in the bytes of a unit
//! that differs.

pub mod canonical;
pub mod changes;
pub mod culprit;
mod evidence;
mod expand;
mod explore;
mod graph;
mod lines;
mod one_line;
mod pair;
mod paired;
mod reach;
mod values;

use std::path::Path;

use repro_explain::Context;

use self::canonical::Canonical;
use self::culprit::Culprit;
use crate::cargo::trace::Trace;
use crate::compare::Comparison;
use crate::error;

/// The culprits.
#[derive(Clone, Debug, Default)]
pub struct Blame {
    /// The units that diverged first.
    pub culprits: Vec<Culprit>,
    /// What could not be blamed on any, and why: sentences.
    pub unblamed: Vec<String>,
    /// The directories of A and B.
    pub roots: (Canonical, Canonical),
}

/// Traces the artifacts that differ back to the units that diverged first. `context` is what is
/// known about both builds. With `expand`, crates are expanded once more; the builds must have kept
/// their rustc calls. `scratch` is a directory for temporary files. A failure is reported; it neither
/// changes the verdict nor blames a unit.
pub fn trace(
    a: &Trace,
    b: &Trace,
    comparison: &Comparison,
    context: &Context,
    expand: bool,
    scratch: &Path,
) -> Blame {
    let blame = || {
        let paired = paired::Paired::new(a, b)?;
        let found = explore::Explorer::new(paired).explore(comparison)?;
        let roots = [&a.dirs.source, &a.dirs.cargo_home, &a.dirs.target];
        let evidence = evidence::Evidence {
            found: &found,
            context,
            expand: expand.then_some((a, b)),
            scratch: &scratch.join("blame"),
            roots: roots.map(|root| a.now(root)).to_vec(),
        };
        let culprits = evidence.culprits(&graph::suspects(&found.nodes, &found.ends))?;
        anyhow::Ok(Blame { culprits, unblamed: found.unblamed, roots: found.roots })
    };
    let mut blame = blame().unwrap_or_else(|e| Blame {
        unblamed: vec![format!("the difference could not be traced back: {}", error::one_line(&e))],
        ..Blame::default()
    });
    if blame.culprits.is_empty() && blame.unblamed.is_empty() {
        let none = "could not find a unit that differs while all of its inputs match";
        blame.unblamed.push(none.to_string());
    }
    for line in &mut blame.unblamed {
        *line = format!("no culprit crate: {line}");
    }
    blame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Artifact, ArtifactSet, Kind};
    use crate::cargo::units::Unit;
    use crate::compare::compare;
    use crate::fs;
    use repro_explain::cause::Cause;
    use repro_formats::digest;

    fn set(bytes: &str) -> ArtifactSet {
        ArtifactSet::new(vec![Artifact {
            package: "app 1.0.0".into(),
            target: "t".into(),
            kind: Kind::Bin,
            name: "app".into(),
            digest: digest::of_bytes(bytes.as_bytes()),
            path: "/kept/app".into(),
        }])
    }

    /// A build that made `app` in a directory.
    fn trace(out_dir: &Path) -> Trace {
        let unit = Unit {
            package: "app 1.0.0".into(),
            crate_name: "app".into(),
            crate_types: vec!["bin".into()],
            out_dir: out_dir.display().to_string(),
            ..Unit::default()
        };
        Trace { units: vec![unit], ..Trace::default() }
    }

    fn blamed(a: &Trace, b: &Trace, scratch: &Path) -> Blame {
        let comparison = compare(&set("1"), &set("2"));
        super::trace(a, b, &comparison, &Context::default(), false, scratch)
    }

    #[test]
    fn nobody_to_blame_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let none = Trace::default();
        let found = blamed(&none, &none, dir.path());
        assert!(found.culprits.is_empty());
        assert_eq!(found.unblamed, ["no culprit crate: the rustc call that made `app` is unknown"]);
        // What rustc made is the same; the artifacts are not.
        let [a, b] = ["a", "b"].map(|side| dir.path().join(side));
        for out_dir in [&a, &b] {
            fs::write(&out_dir.join("app"), "0").unwrap();
        }
        let found = blamed(&trace(&a), &trace(&b), dir.path());
        assert_eq!(
            found.unblamed,
            [
                "no culprit crate: rustc made `app` the same on both sides, and it was changed after that"
            ]
        );
    }

    #[test]
    fn a_unit_that_only_one_build_has_is_blamed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(&dir.path().join("app"), "1").unwrap();
        let found = blamed(&trace(dir.path()), &Trace::default(), dir.path());
        assert_eq!(found.culprits.len(), 1, "{found:?}");
        assert_eq!(found.culprits[0].evidence, ["only build A has it"]);
        assert_eq!(found.culprits[0].causes, [Cause::Unknown]);
    }
}

//! Who is to blame for a difference: both builds' traces, and what explains files.

use std::path::Path;

use crate::blame::{self, Blame};
use crate::build::Built;
use crate::compare::Comparison;
use crate::error;
use crate::explain::Context;

/// Traces a difference back. The verdict stands whatever comes of this: that it fails is said, and
/// nobody is blamed.
pub(super) fn blame(
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    context: &Context,
    expand: bool,
    scratch: &Path,
) -> Blame {
    let dir = scratch.join("blame");
    let found = blame::blame(&a.trace, &b.trace, comparison, context, expand, &dir);
    let mut blame = found.unwrap_or_else(|e| Blame {
        culprits: Vec::new(),
        unblamed: vec![format!("the difference could not be traced back: {}", error::one_line(&e))],
    });
    if blame.culprits.is_empty() && blame.unblamed.is_empty() {
        let nobody = "no unit was found that diverged although all that it was made from agrees";
        blame.unblamed.push(nobody.to_string());
    }
    for line in &mut blame.unblamed {
        *line = format!("no crate to blame: {line}");
    }
    blame
}

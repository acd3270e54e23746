//! What to change so that a difference goes away, in a sentence for this project.

use super::known::Context;
use crate::cause::Cause;
use crate::finding::Finding;

/// What is said of a consequence.
pub const FOLLOWS: &str = "it follows from another difference and goes away with it";

/// What to do about the finding. `what` is what its value is called.
pub fn of(finding: &Finding, _what: Option<&str>, _context: &Context) -> String {
    if finding.consequence {
        return FOLLOWS.to_string();
    }
    general(finding.cause).to_string()
}

/// What to do about a cause, whatever the project.
pub fn general(cause: Cause) -> &'static str {
    match cause {
        Cause::Timestamp => "take the time from SOURCE_DATE_EPOCH instead of the clock",
        _ => "the builds that made them differ: look at what makes these bytes",
    }
}

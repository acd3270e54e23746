//! What a rule found and where, before levels decide how much it counts.

pub use crate::fs::toml::FileLine;

/// How much a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; counts for nothing.
    Info,
    /// The build may differ for another builder.
    Warning,
    /// The build differs, or cannot be made at all by another builder.
    Error,
}

impl Severity {
    /// `info`, `warning`, `error`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// What a rule found, before it is known how much it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Where; none if it is about the whole project.
    pub place: Option<FileLine>,
    /// `name version` of the package that it is about, if it is about one.
    pub package: Option<String>,
    /// One sentence.
    pub message: String,
    /// The most that it counts, where that is less than its rule says.
    pub at_most: Option<Severity>,
    /// What to do, where that differs from the rule's remedy.
    pub remedy: Option<String>,
}

impl Hit {
    /// A hit at a place.
    pub fn at(place: FileLine, message: impl Into<String>) -> Hit {
        Hit { place: Some(place), message: message.into(), ..Hit::default() }
    }

    /// A hit of the whole project.
    pub fn of_project(message: impl Into<String>) -> Hit {
        Hit { message: message.into(), ..Hit::default() }
    }
}

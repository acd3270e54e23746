//! The values of a variation: what kind each is, how reports print it, and the values of all builds side by
//! side. Code that uses a value matches on its kind; printed text is never parsed.

use std::fmt;
use std::path::{Path, PathBuf};

use super::side::Side;

/// The value of a variation on one side, by its kind. Displayed as reports print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A directory.
    Path(PathBuf),
    /// A word of an environment variable.
    Text(String),
    /// Permission bits that new files do not get.
    Mask(u32),
    /// How many there are.
    Count(u32),
    /// Seconds since 1970.
    Time(i64),
    /// An environment variable, name and value; `None` if it is not set.
    Variable(Option<(String, String)>),
    /// Seconds by which the clock runs ahead.
    Offset(i64),
    /// An order of names: 0 as they are sorted, 1 reversed, more by digests. It never shows as such.
    Order(u32),
    /// Nothing is added.
    Nothing,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Path(path) => path.display().fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Mask(mask) => write!(f, "{mask:03o}"),
            Value::Count(n) => n.fmt(f),
            Value::Time(seconds) => seconds.fmt(f),
            Value::Variable(None) => f.write_str("(unset)"),
            Value::Order(0) => f.write_str("by name"),
            Value::Order(1) => f.write_str("by name, reversed"),
            Value::Order(n) => write!(f, "by a digest of the name and {n}"),
            Value::Nothing => f.write_str("(none)"),
            Value::Variable(Some((name, value))) => write!(f, "{name}={value}"),
            Value::Offset(0) => f.write_str("this machine's"),
            Value::Offset(seconds) => {
                let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
                let minutes = seconds % 3_600 / 60;
                write!(f, "{days} days, {hours} hours and {minutes} minutes ahead")
            }
        }
    }
}

/// The value of one variation on each side, A's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(pub(crate) Vec<Value>);

impl Values {
    /// The value of one side; A's where only that was ever made.
    pub fn of(&self, side: Side) -> &Value {
        self.0.get(usize::from(side.0)).unwrap_or(&self.0[0])
    }

    /// The same for A and one other side, which is B there.
    pub fn between(&self, other: Side) -> Values {
        Values(vec![self.0[0].clone(), self.of(other).clone()])
    }

    /// A with B's value, and B with A's.
    pub fn swapped(&self) -> Values {
        Values(vec![self.of(Side::B).clone(), self.0[0].clone()])
    }

    /// The same with another value of one side.
    pub fn with(mut self, side: Side, value: Value) -> Values {
        if let Some(old) = self.0.get_mut(usize::from(side.0)) {
            *old = value;
        }
        self
    }

    /// All of them.
    pub fn all(&self) -> &[Value] {
        &self.0
    }

    /// The directory of one side; empty if this is none.
    pub fn path(&self, side: Side) -> &Path {
        match self.of(side) {
            Value::Path(path) => path,
            _ => Path::new(""),
        }
    }

    /// The number of one side, of whatever it is; 0 if this is none.
    pub fn number(&self, side: Side) -> i64 {
        match self.of(side) {
            Value::Mask(n) | Value::Count(n) | Value::Order(n) => i64::from(*n),
            Value::Time(n) | Value::Offset(n) => *n,
            _ => 0,
        }
    }

    /// Whether the sides differ.
    pub fn varied(&self) -> bool {
        self.0.iter().any(|value| *value != self.0[0])
    }
}

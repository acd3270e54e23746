//! Facts about both builds that are known before their outputs are compared: values that differ
//! between them and would show in the bytes, when each build ran, and its packages.

use repro_formats::limits::Limits;

use crate::cause::Cause;
use crate::finding::About;

/// Everything that an explanation may lean on. The default knows nothing.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Values that differ between the builds.
    pub known: Vec<Known>,
    /// When each build ran.
    pub clocks: Option<Clocks>,
    /// Packages of the build, where they are known: remedies may name one.
    pub packages: Vec<Package>,
    /// Caps for archives and compressed files.
    pub limits: Limits,
}

/// A value that each build had, and that is different in the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it is if it is found in a difference.
    pub cause: Cause,
    /// Which remedy fits.
    pub about: About,
    /// What it is called: `CARGO_HOME`, `user name`.
    pub name: String,
    /// Build A's; empty if A has none.
    pub a: String,
    /// Build B's; empty if B has none.
    pub b: String,
}

impl Context {
    /// With more values, which are looked for after those that are there.
    pub fn and(mut self, more: &[Known]) -> Context {
        self.known.extend_from_slice(more);
        self
    }
}

impl Known {
    /// A value of that name.
    pub fn new(
        cause: Cause,
        name: impl Into<String>,
        a: impl Into<String>,
        b: impl Into<String>,
    ) -> Known {
        Known { cause, about: About::Anything, name: name.into(), a: a.into(), b: b.into() }
    }

    /// The same, of that kind.
    pub fn about(self, about: About) -> Known {
        Known { about, ..self }
    }

    /// The same value as programs rewrite it: as it is in a symbol, and a number in other digits.
    pub(super) fn forms(&self) -> Vec<Known> {
        let number = |text: &str| text.parse::<u128>().ok().filter(|n| *n >= 1 << 16);
        let numbers = number(&self.a).zip(number(&self.b));
        let mut forms: Vec<Known> = NUMBERS
            .iter()
            .filter_map(|(how, write)| {
                let (x, y) = numbers?;
                Some(Known {
                    name: format!("{}, {how}", self.name),
                    a: write(x),
                    b: write(y),
                    ..self.clone()
                })
            })
            .collect();
        // `_` for all but letters and digits.
        let mangle = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
        };
        forms.push(Known { a: mangle(&self.a), b: mangle(&self.b), ..self.clone() });
        forms.retain(|f| f.a != f.b && (&f.a, &f.b) != (&self.a, &self.b));
        forms
    }

    /// Whether the integers of a program are both its values, as such or as the bits of a `f64`.
    pub(super) fn are(&self, a: u128, b: u128) -> bool {
        let is = |text: &str, value: u128| {
            text.parse() == Ok(value)
                || text.parse::<f64>().is_ok_and(|f| u128::from(f.to_bits()) == value)
        };
        is(&self.a, a) && is(&self.b, b)
    }
}

/// A way to write a number, and what it is called.
type Written = (&'static str, fn(u128) -> String);

/// How programs write numbers, other than in decimal digits.
const NUMBERS: [Written; 4] = [
    ("in hexadecimal", |n| format!("{n:x}")),
    ("in hexadecimal", |n| format!("{n:X}")),
    ("in groups of three digits", |n| grouped(n, ',')),
    ("in groups of three digits", |n| grouped(n, '_')),
];

fn grouped(n: u128, by: char) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(by);
        }
        out.push(c);
    }
    out
}

/// A span of time, in seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first second.
    pub from: i64,
    /// The last.
    pub to: i64,
}

impl Window {
    /// Whether it contains a time.
    pub fn has(&self, seconds: i64) -> bool {
        (self.from..=self.to).contains(&seconds)
    }

    /// The same, longer by so many seconds at both ends.
    pub fn wider(&self, by: i64) -> Window {
        Window { from: self.from.saturating_sub(by), to: self.to.saturating_add(by) }
    }
}

/// When each build ran, by its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Build A.
    pub a: Window,
    /// Build B.
    pub b: Window,
}

impl Clocks {
    /// The windows that may contain a time of A and one of B, each a little wider: by each build's own
    /// clock, and both by A's, which is the machine's, as the kernel stamps files with it.
    pub fn pairs(&self, wider: i64) -> [(Window, Window); 2] {
        let (a, b) = (self.a.wider(wider), self.b.wider(wider));
        [(a, b), (a, a)]
    }
}

/// A package that is part of the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version; empty if unknown.
    pub version: String,
    /// Its features that are on.
    pub features: Vec<String>,
}

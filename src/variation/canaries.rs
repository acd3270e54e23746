//! Canaries: strings made for one run that occur nowhere else, so that differing bytes that hold one of them can
//! be attributed to its variation. Each side has its own; paths differ in length and in depth as
//! well, and the clocks in every unit that programs print.

use std::path::{Path, PathBuf};

use super::side::Side;
use super::value::Value;

/// Seconds by which B's clock runs ahead of A's, C's of B's and so on: 400 days, 5 hours and 17 minutes.
/// The hour, the day of the month, the month and the year all differ, whenever the build is made.
pub const CLOCK_OFFSET: i64 = 400 * 86_400 + 5 * 3_600 + 17 * 60;

/// What the values of one run are made from.
#[derive(Clone, Debug, Default)]
pub struct Canaries {
    /// The scratch directory of the run, canonical.
    pub scratch: PathBuf,
    /// Eight characters that no other run has.
    pub token: String,
    /// How many builds there are.
    pub sides: usize,
    /// CPUs of the host.
    pub cpus: u32,
    /// A locale of the host other than C, if it has one.
    pub locale: Option<String>,
    /// How many cargo config files of parent directories each copy carries; each takes a
    /// directory above the copy.
    pub outer_configs: usize,
    /// Where the toolchain is, if one side can have it elsewhere.
    pub toolchain: Option<PathBuf>,
    /// `<name>` in `/build/<name>`, where builds can be made at paths that are the same for everyone;
    /// a directory that is not varied is there.
    pub canonical: Option<String>,
    /// Where builds other than A see their directories, if that need not be below the scratch directory.
    pub apart: Option<PathBuf>,
}

impl Canaries {
    /// A directory of one side; all but A's are in `deeper`.
    pub(super) fn dir(&self, side: Side, what: &str, deeper: &str) -> Value {
        let apart = self.apart.as_ref().filter(|_| side != Side::A);
        self.dir_in(apart.unwrap_or(&self.scratch), side, what, deeper)
    }

    pub(super) fn dir_in(&self, root: &Path, side: Side, what: &str, deeper: &str) -> Value {
        let lower = side.lower();
        let dir = root.join(&lower).join(format!("{what}-{lower}-{}", self.token(side)));
        // Part by part: a path with both separators of Windows is found in no file.
        let deeper = deeper.split('/').filter(|_| side != Side::A);
        Value::Path(deeper.fold(dir, |dir, part| dir.join(part)))
    }

    /// What no other run has, and no other side.
    pub(super) fn token(&self, side: Side) -> String {
        let shift = |first: u8, count: u8, c: u8| first + (c - first + side.0) % count;
        let shifted = self.token.bytes().map(|c| match c {
            b'a'..=b'z' => shift(b'a', 26, c),
            b'0'..=b'9' => shift(b'0', 10, c),
            other => other,
        });
        shifted.map(char::from).collect()
    }

    /// The directory that others than A have theirs in, in a sandbox.
    pub fn place_apart(&self) -> PathBuf {
        PathBuf::from(format!("/{}/work", self.token(Side::B)))
    }

    /// The copy of the source, below a directory for each config file above it.
    pub(super) fn source(&self, side: Side) -> Value {
        let Value::Path(mut path) = self.dir(side, "build-path", "some/levels/deeper") else {
            return Value::Nothing;
        };
        path.extend((0..self.outer_configs).map(|_| "outer"));
        Value::Path(path.join(if side == Side::A { "src" } else { "checkout" }))
    }

    /// A name of one side: `host-a-…`, `host-bb-…`.
    pub(super) fn name(&self, side: Side, what: &str) -> Value {
        let letters = side.lower().repeat(usize::from(side.0).min(2) + 1);
        Value::Text(format!("{what}-{letters}-{}", self.token(side)))
    }

    /// A locale of one side: B's sorts otherwise where this machine has one that does, and the others
    /// are more spellings of C.
    pub(super) fn locale(&self, side: Side) -> String {
        match (side, &self.locale) {
            (Side::A, _) => "C.UTF-8".to_string(),
            (Side::B, Some(other)) => other.clone(),
            (Side::B, None) => "C".to_string(),
            (Side(k), _) => {
                // The C library takes letters of the codeset in either case, with the hyphen or not.
                let bits = usize::from(k) - 2;
                let letter = |i: usize, c: char| match bits >> i & 1 {
                    0 => c,
                    _ => c.to_ascii_uppercase(),
                };
                let hyphen = if bits & 8 == 0 { "" } else { "-" };
                let codeset: String = "utf".char_indices().map(|(i, c)| letter(i, c)).collect();
                format!("C.{codeset}{hyphen}8")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_differs_in_hour_day_month_and_year_whenever_it_is() {
        let civil = |secs: i64| {
            let (year, month, day) = repro_explain::time::civil(secs);
            (year, month, day, secs.rem_euclid(86_400) / 3_600)
        };
        for day in 0..(4 * 366) {
            for hour in [0, 11, 23] {
                let now = 1_700_000_000 / 86_400 * 86_400 + day * 86_400 + hour * 3_600;
                let (a, b) = (civil(now), civil(now + CLOCK_OFFSET));
                assert!(a.0 != b.0 && a.1 != b.1 && a.2 != b.2 && a.3 != b.3, "{a:?} {b:?}");
            }
        }
    }
}

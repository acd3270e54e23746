//! The result for two files that differ: the findings, and how many of the differing bytes they
//! explain.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::compare::Members;
use super::image::{Image, Kind};
use super::open::Unsound;
use crate::finding::Finding;

/// What was found of two files that differ.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// What differs: causes first, then consequences.
    pub findings: Vec<Finding>,
    /// What they were read as.
    pub formats: [ReadAs; 2],
    /// How much of the differing ranges is claimed.
    pub coverage: Coverage,
    /// Whether any of these bytes are no text: of text, lines are counted.
    pub binary: bool,
    /// What was not looked at or not understood: a clause.
    pub note: Option<String>,
    /// The members of both, where both are containers.
    pub members: Option<Members>,
    /// The side that is no sound archive though it begins as one, and what is wrong with it.
    pub unsound: Option<(usize, Unsound)>,
}

/// What a file was read as; without a name where there was nothing to read it for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadAs {
    /// The format's name: `tar in gzip`.
    pub name: Cow<'static, str>,
    /// Text or bytes: no reader of a format knows the file.
    pub plain: bool,
}

impl ReadAs {
    pub(super) const BYTES: ReadAs = ReadAs { name: Cow::Borrowed("bytes"), plain: true };
    pub(super) const TEXT: ReadAs = ReadAs { name: Cow::Borrowed("text"), plain: true };

    pub(super) fn of(image: &Image) -> ReadAs {
        let plain = matches!(&image.parts[..], [only] if only.kind == Kind::Bytes);
        ReadAs { name: image.format.into(), plain }
    }

    /// The same, compressed.
    pub(super) fn packed(self, with: &'static str) -> ReadAs {
        match self.plain {
            true => with.into(),
            false => format!("{} in {with}", self.name).into(),
        }
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for ReadAs {
    fn from(name: T) -> ReadAs {
        ReadAs { name: name.into(), plain: false }
    }
}

impl Explained {
    /// Adds what was found in a member.
    pub(super) fn absorb(&mut self, one: Explained) {
        self.findings.extend(one.findings);
        self.coverage.add(one.coverage);
        self.binary |= one.binary;
        one.note.into_iter().for_each(|n| self.add_note(n));
    }

    /// Adds a finding, whose bytes were not counted yet.
    pub(super) fn add(&mut self, finding: Finding) {
        self.coverage.differing += finding.bytes;
        self.findings.push(finding);
    }

    pub(super) fn add_note(&mut self, note: String) {
        match &mut self.note {
            Some(all) if all.len() < 500 => *all += &format!("; {note}"),
            Some(_) => {}
            None => self.note = Some(note),
        }
    }

    /// One side is not what it claims to be.
    pub(super) fn unsound(&mut self, side: usize, why: Unsound) {
        let name = ["A", "B"][side];
        self.note =
            Some(unexplained(&format!("{name} is not a valid {}: {}", why.format, why.what)));
        self.unsound = Some((side, why));
    }
}

/// For a pair that was not explained.
pub static NOTHING: LazyLock<Explained> = LazyLock::new(Explained::default);

/// Bytes in the differing ranges, on the side that has more of each, by what claims them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// All of them.
    pub differing: u64,
    /// Claimed by a cause.
    pub caused: u64,
    /// Claimed as a consequence of one.
    pub following: u64,
}

impl Coverage {
    /// What the findings claim of so many differing bytes.
    pub(super) fn of(differing: u64, findings: &[Finding]) -> Coverage {
        let sum = |wanted: fn(&&Finding) -> bool| -> u64 {
            findings.iter().filter(wanted).map(|f| f.bytes).sum()
        };
        Coverage {
            differing,
            caused: sum(|f| f.is_cause()),
            // What follows from nothing that has a name is not explained.
            following: match findings.iter().any(Finding::is_cause) {
                true => sum(|f| f.consequence),
                false => 0,
            },
        }
    }

    /// Bytes that nothing claims.
    pub fn residue(&self) -> u64 {
        self.differing.saturating_sub(self.caused + self.following)
    }

    /// Adds that of a member.
    pub fn add(&mut self, other: Coverage) {
        self.differing += other.differing;
        self.caused += other.caused;
        self.following += other.following;
    }

    /// As a clause: `100 % of 96 differing bytes, 64 of them by a cause`.
    pub fn sentence(&self) -> String {
        let claimed = self.differing - self.residue();
        let percent = match (claimed, self.differing) {
            (_, 0) => return "nothing differs".to_string(),
            // Never 100 where something is left.
            (claimed, all) if claimed == all => "100".to_string(),
            (claimed, all) => {
                let tenths = claimed as u128 * 1000 / all as u128;
                format!("{}.{}", tenths / 10, tenths % 10)
            }
        };
        let rest = match self.residue() {
            0 => String::new(),
            1 => "; 1 byte is not explained".to_string(),
            n => format!("; {n} bytes are not explained"),
        };
        format!(
            "explained: {percent} % of {} differing bytes ({} directly, {} as consequences){rest}",
            self.differing, self.caused, self.following
        )
    }
}

/// A number of things: `1 line`, `2 lines`.
pub fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// The note that nothing could be explained, and why.
pub(super) fn unexplained(why: &str) -> String {
    format!("bytes differ; no reader could explain the difference: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_never_rounds_up_to_all() {
        let coverage = |differing, caused, following| Coverage { differing, caused, following };
        let say = |c: Coverage| c.sentence();
        assert!(say(coverage(31, 10, 21)).starts_with("explained: 100 % of 31"));
        let most = say(coverage(1_000_000, 999_999, 0));
        assert!(most.contains("99.9 %") && most.ends_with("1 byte is not explained"));
        assert_eq!(say(coverage(0, 0, 0)), "nothing differs");
    }
}

//! The words of a verdict: the status of one artifact, and what is said of all.

/// How one artifact of build A stands to that of build B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Both sides made it, byte for byte the same.
    Same,
    /// Both sides made it, and the bytes differ.
    Differs,
    /// Only build A made it.
    OnlyA,
    /// Only build B made it.
    OnlyB,
}

impl Status {
    /// The name in reports and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Status::Same => "same",
            Status::Differs => "differs",
            Status::OnlyA => "only-a",
            Status::OnlyB => "only-b",
        }
    }
}

/// What was found of all artifacts that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At least one artifact was compared, and all are the same.
    Reproducible,
    /// At least one is not.
    Differs,
    /// There was one build, as was asked for: nothing was compared, and nothing is proven.
    Single,
}

impl Verdict {
    /// The name in reports and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Reproducible => "reproducible",
            Verdict::Differs => "differs",
            Verdict::Single => SINGLE,
        }
    }

    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Verdict::Reproducible | Verdict::Single => 0,
            Verdict::Differs => 1,
        }
    }
}

/// The verdict of one build, and the status of each of its artifacts: not compared.
pub const SINGLE: &str = "single";

/// How published files stand to what was rebuilt, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verification {
    /// At least one file was compared, and every byte of all is the same.
    Reproduced,
    /// All are equal, but some only after steps that the report lists.
    AfterNormalising,
    /// At least one is not.
    Differs,
}

impl Verification {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verification::Reproduced => "reproduced",
            Verification::AfterNormalising => "reproduced-after-normalising",
            Verification::Differs => "differs",
        }
    }

    /// The process exit code; `accepted` says that the user accepts every step that was needed.
    pub fn code(self, accepted: bool) -> u8 {
        match self {
            Verification::Reproduced => 0,
            Verification::AfterNormalising => (!accepted).into(),
            Verification::Differs => 1,
        }
    }
}

/// Whether manifests of several builders agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// As many as were asked for do, and no other group is as large as that.
    Agreed,
    /// They do not.
    Disagreed,
    /// All do, but they count as fewer builders than have to: the user named too few of them.
    NotEnough,
}

impl Agreement {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Agreement::Agreed => "agreed",
            Agreement::Disagreed => "disagreed",
            Agreement::NotEnough => "not-enough-builders",
        }
    }

    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Agreement::Agreed => 0,
            Agreement::Disagreed | Agreement::NotEnough => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_every_byte_or_accepted_steps_pass() {
        assert_eq!(Verification::Reproduced.code(false), 0);
        assert_eq!(Verification::AfterNormalising.code(false), 1);
        assert_eq!(Verification::AfterNormalising.code(true), 0);
        assert_eq!(Verification::Differs.code(true), 1);
        assert!(Verification::Reproduced < Verification::AfterNormalising);
    }
}

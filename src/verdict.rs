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
}

impl Verdict {
    /// The name in reports and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Reproducible => "reproducible",
            Verdict::Differs => "differs",
        }
    }

    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Verdict::Reproducible => 0,
            Verdict::Differs => 1,
        }
    }
}

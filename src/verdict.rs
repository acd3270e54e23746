//! The verdicts: the status of one artifact, and of the whole run. [`VERDICTS`] has the name, text, tone and
//! exit code of each. A pass that shows less, for instance because nothing was varied, has a name of its own.

/// How one artifact of build A compares with that of build B.
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
    /// How A's compares with B's; at least one of them is there.
    pub fn of<T>(a: &Option<T>, b: &Option<T>, same: impl FnOnce(&T, &T) -> bool) -> Status {
        match (a, b) {
            (Some(a), Some(b)) if same(a, b) => Status::Same,
            (Some(_), Some(_)) => Status::Differs,
            (Some(_), None) => Status::OnlyA,
            (None, _) => Status::OnlyB,
        }
    }

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
    /// The same, of a tree with changes that no commit holds.
    DirtyTree,
    /// The same, where units were taken from the ledger: equal when they were last built.
    FromLedger,
    /// The same, of builds at one path that everyone can build at.
    AtPath,
    /// The same, of builds at one path that no other run has: each gives other bytes.
    AtScratchPath,
    /// The same, of builds that nothing was varied between.
    NothingVaried,
    /// At least one is not.
    Differs,
    /// There was one build, as was asked for: nothing was compared, and nothing is proven.
    Single,
}

/// The one path of two builds that were made at the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// One that everyone can build at.
    Canonical,
    /// The scratch directory of this run.
    Scratch,
}

/// What makes a pass worth less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// Nothing was varied between the builds.
    pub nothing_varied: bool,
    /// They were made at one path.
    pub at: Option<At>,
    /// No commit holds what was built.
    pub dirty: bool,
    /// Units were taken from the ledger.
    pub from_ledger: bool,
}

/// How a verdict is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The good news.
    Good,
    /// Less than was hoped for, but no difference.
    Warn,
    /// A difference.
    Bad,
}

/// One row of [`VERDICTS`].
#[derive(Debug)]
pub struct VerdictRow {
    /// The verdict.
    pub verdict: Verdict,
    /// Its name in reports and manifests.
    pub name: &'static str,
    /// The last line of a report.
    pub text: &'static str,
    /// How it is shown.
    pub tone: Tone,
    /// The process exit code, where nothing was accepted.
    pub code: u8,
}

/// Every verdict of a build.
pub const VERDICTS: &[VerdictRow] = &[
    row(Verdict::Reproducible, "reproducible", "REPRODUCIBLE", Tone::Good, 0),
    row(Verdict::DirtyTree, "reproducible-dirty-tree", "REPRODUCIBLE, DIRTY TREE", Tone::Warn, 0),
    row(Verdict::FromLedger, "reproducible-from-ledger", "REPRODUCIBLE", Tone::Good, 0),
    row(Verdict::AtPath, "reproducible-at-path", "REPRODUCIBLE AT", Tone::Good, 0),
    row(Verdict::AtScratchPath, "reproducible-at-scratch-path", "REPRODUCIBLE AT", Tone::Warn, 1),
    row(
        Verdict::NothingVaried,
        "reproducible-nothing-varied",
        "REPRODUCIBLE, NOTHING VARIED",
        Tone::Warn,
        1,
    ),
    row(Verdict::Differs, "differs", "DIFFERS", Tone::Bad, 1),
    row(Verdict::Single, SINGLE, "SINGLE BUILD", Tone::Warn, 0),
];

const fn row(
    verdict: Verdict,
    name: &'static str,
    text: &'static str,
    tone: Tone,
    code: u8,
) -> VerdictRow {
    VerdictRow { verdict, name, text, tone, code }
}

impl Verdict {
    /// Its row of the table.
    pub fn row(self) -> &'static VerdictRow {
        &VERDICTS[self as usize]
    }

    /// The name in reports and manifests.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The verdict of that name.
    pub fn named(name: &str) -> Option<Verdict> {
        VERDICTS.iter().find(|r| r.name == name).map(|r| r.verdict)
    }

    /// The process exit code; `accepted` says that the user accepts builds between which nothing
    /// was varied.
    pub fn code(self, accepted: bool) -> u8 {
        match self {
            Verdict::NothingVaried if accepted => 0,
            _ => self.row().code,
        }
    }

    /// Whether all artifacts are the same.
    pub fn is_reproducible(self) -> bool {
        !matches!(self, Verdict::Differs | Verdict::Single)
    }

    /// A pass with what makes it worth less; any other verdict as it is.
    pub fn qualified(self, worth: Worth) -> Verdict {
        let Worth { nothing_varied, at, dirty, from_ledger } = worth;
        match self {
            Verdict::Reproducible if nothing_varied => Verdict::NothingVaried,
            Verdict::Reproducible if at == Some(At::Scratch) => Verdict::AtScratchPath,
            Verdict::Reproducible if dirty => Verdict::DirtyTree,
            Verdict::Reproducible if from_ledger => Verdict::FromLedger,
            Verdict::Reproducible if at == Some(At::Canonical) => Verdict::AtPath,
            other => other,
        }
    }
}

/// The verdict of one build, and the status of each of its artifacts: not compared.
pub const SINGLE: &str = "single";

/// How published files compare with the rebuild, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verification {
    /// At least one published file was compared, and every byte of all is the same.
    Reproduced,
    /// All are equal, but some only after steps that the report lists.
    AfterNormalizing,
    /// All are equal, but only with settings that neither the source nor the verifier asked for.
    WithPublishersSettings,
    /// The rebuild is what the manifest lists, and no published file was compared with it.
    Manifest,
    /// At least one is not.
    #[default]
    Differs,
}

impl Verification {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verification::Reproduced => "reproduced",
            Verification::AfterNormalizing => "reproduced-after-normalizing",
            Verification::WithPublishersSettings => "reproduced-with-the-publishers-settings",
            Verification::Manifest => "manifest-reproduced",
            Verification::Differs => "differs",
        }
    }

    /// The process exit code; `accepted` says that the user accepts what the verdict rests on: every
    /// step that was needed, or that no published file was checked.
    pub fn code(self, accepted: bool) -> u8 {
        match self {
            Verification::Reproduced => 0,
            Verification::AfterNormalizing | Verification::Manifest => (!accepted).into(),
            Verification::WithPublishersSettings | Verification::Differs => 1,
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
    fn only_every_byte_or_what_was_accepted_passes() {
        use Verification::*;
        for (verdict, plain, accepted) in [
            (Reproduced, 0, 0),
            (AfterNormalizing, 1, 0),
            (WithPublishersSettings, 1, 1),
            (Manifest, 1, 0),
            (Differs, 1, 1),
        ] {
            assert_eq!((verdict.code(false), verdict.code(true)), (plain, accepted), "{verdict:?}");
        }
        assert!(Reproduced < AfterNormalizing && AfterNormalizing < WithPublishersSettings);
    }

    #[test]
    fn each_verdict_has_its_row() {
        for row in VERDICTS {
            assert_eq!(row.verdict.row().name, row.name);
            assert_eq!(Verdict::named(row.name), Some(row.verdict));
        }
        assert_eq!(VERDICTS.len(), Verdict::Single as usize + 1);
        assert_eq!(Verdict::named("proven"), None);
    }

    #[test]
    fn a_pass_is_worth_less_where_nothing_was_varied_or_nobody_has_the_source() {
        let pass = Verdict::Reproducible;
        let cases = [
            (false, None, false, Verdict::Reproducible, 0),
            (false, None, true, Verdict::DirtyTree, 0),
            (true, None, false, Verdict::NothingVaried, 1),
            (true, Some(At::Scratch), true, Verdict::NothingVaried, 1),
            (false, Some(At::Canonical), false, Verdict::AtPath, 0),
            (false, Some(At::Canonical), true, Verdict::DirtyTree, 0),
            (false, Some(At::Scratch), true, Verdict::AtScratchPath, 1),
        ];
        for (nothing_varied, at, dirty, want, code) in cases {
            let worth = Worth { nothing_varied, at, dirty, from_ledger: false };
            let verdict = pass.qualified(worth);
            assert_eq!((verdict, verdict.code(false)), (want, code));
            assert!(verdict.is_reproducible());
        }
        let ledger = Worth { from_ledger: true, ..Worth::default() };
        for (worth, want) in [
            (ledger, Verdict::FromLedger),
            (Worth { at: Some(At::Canonical), ..ledger }, Verdict::FromLedger),
            (Worth { at: Some(At::Scratch), ..ledger }, Verdict::AtScratchPath),
            (Worth { dirty: true, ..ledger }, Verdict::DirtyTree),
            (Worth { nothing_varied: true, ..ledger }, Verdict::NothingVaried),
        ] {
            assert_eq!(pass.qualified(worth), want, "{worth:?}");
        }
        let worth = Worth { nothing_varied: true, dirty: true, ..ledger };
        assert_eq!(Verdict::Differs.qualified(worth), Verdict::Differs);
        assert_eq!(Verdict::Differs.code(true), 1);
        assert!(!Verdict::Differs.is_reproducible() && !Verdict::Single.is_reproducible());
    }
}

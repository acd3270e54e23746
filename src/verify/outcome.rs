//! The verdict of a verification, from all that was compared. Pure.

use std::collections::BTreeSet;

use repro_explain::cause::Cause;

use crate::compare::Comparison;
use crate::verdict::{Status, Verification};
use crate::verify::result::{Checked, FileOutcome, Part, SettingRow, SettingState};

/// The verdict and the steps that it needs; `None` if nothing was compared, which is never a pass.
pub(super) fn decide(
    comparison: Option<&Comparison>,
    files: &[Checked],
    settings: &[SettingRow],
) -> Option<(Verification, Vec<Cause>)> {
    let pairs = comparison.map(|c| c.pairs.as_slice()).unwrap_or_default();
    if pairs.is_empty() && files.is_empty() {
        return None;
    }
    let mut steps = BTreeSet::new();
    let mut worst = match pairs.iter().all(|p| p.status() == Status::Same) {
        true => Verification::Reproduced,
        false => Verification::Differs,
    };
    for file in files {
        worst = worst.max(match &file.outcome {
            FileOutcome::Same => Verification::Reproduced,
            FileOutcome::After(needed) => {
                steps.extend(needed);
                Verification::AfterNormalizing
            }
            FileOutcome::Differs | FileOutcome::Missing | FileOutcome::Unlisted => {
                Verification::Differs
            }
        });
    }
    if settings.iter().any(|s| s.state == SettingState::NotAccepted) {
        worst = worst.max(Verification::WithPublishersSettings);
    } else if files.iter().all(|file| file.part == Part::Sbom) {
        worst = worst.max(Verification::Manifest);
    }
    Some((worst, steps.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Pair;
    use crate::manifest::Manifest;
    use crate::setting::entry::Setting;

    fn checked(outcome: FileOutcome) -> Checked {
        Checked { outcome, ..Checked::differs("x".into(), Vec::new()) }
    }

    fn same() -> Comparison {
        let artifact = Manifest::fixture().artifacts[0].known("x".into());
        Comparison { pairs: vec![Pair::of(vec![artifact.clone(), artifact])] }
    }

    fn setting(state: SettingState) -> SettingRow {
        SettingRow { setting: Setting::include("x"), state }
    }

    #[test]
    fn the_worst_part_decides_and_steps_are_listed() {
        use Verification::*;
        let after = |causes: &[Cause]| checked(FileOutcome::After(causes.to_vec()));
        let good = || checked(FileOutcome::Same);
        let verdict = |files: &[Checked], settings: &[SettingRow]| {
            decide(Some(&same()), files, settings).unwrap().0
        };
        assert_eq!(decide(None, &[], &[]), None);
        assert_eq!(decide(Some(&Comparison { pairs: Vec::new() }), &[], &[]), None);
        assert_eq!(verdict(&[good(), good()], &[]), Reproduced);
        assert_eq!(verdict(&[], &[]), Manifest);
        for bad in [FileOutcome::Differs, FileOutcome::Missing, FileOutcome::Unlisted] {
            assert_eq!(verdict(&[good(), checked(bad)], &[]), Differs);
        }
        let steps =
            [after(&[Cause::Compressor]), good(), after(&[Cause::ArchiveMtime, Cause::Compressor])];
        assert_eq!(
            decide(None, &steps, &[]),
            Some((AfterNormalizing, vec![Cause::ArchiveMtime, Cause::Compressor]))
        );
        for (state, expected) in [
            (SettingState::NotAccepted, WithPublishersSettings),
            (SettingState::Accepted, Reproduced),
            (SettingState::Given, Reproduced),
        ] {
            assert_eq!(verdict(&[good()], &[setting(state)]), expected);
        }
        assert_eq!(verdict(&steps, &[setting(SettingState::NotAccepted)]), WithPublishersSettings);
        assert_eq!(
            verdict(&[checked(FileOutcome::Differs)], &[setting(SettingState::NotAccepted)]),
            Differs
        );
        assert_eq!(verdict(&[], &[setting(SettingState::NotAccepted)]), WithPublishersSettings);
    }
}

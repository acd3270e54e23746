//! What `repro check` found, as the renderings need it.

use std::path::{Path, PathBuf};

use crate::check::hit::Severity;
use crate::check::{Finding, Outcome};
use crate::{error, fs, term};

/// What a check found.
pub struct CheckReport {
    /// Paths are shown relative to it.
    pub root: PathBuf,
    /// Targets that dependencies were resolved for.
    pub targets: Vec<String>,
    /// How many packages the build uses.
    pub packages: usize,
    /// How many rules there are.
    pub rules: usize,
    /// What they came to.
    pub outcome: Outcome,
    /// What could not be read, so that some rules were silent.
    pub troubles: Vec<anyhow::Error>,
}

/// What a check came to. Only the first is without any reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No error, no warning, and every rule looked.
    Clean,
    /// Warnings alone.
    Warnings,
    /// Errors.
    Findings,
    /// Some rules, or some files, were not checked.
    Incomplete,
}

impl Verdict {
    /// The name in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Warnings => "warnings",
            Verdict::Findings => "findings",
            Verdict::Incomplete => "incomplete",
        }
    }
}

impl CheckReport {
    /// How many findings count for so much.
    pub fn count(&self, severity: Severity) -> usize {
        let of = |f: &&Finding| f.severity == severity;
        self.outcome.findings.iter().filter(of).count()
    }

    /// `1 error, 2 warnings, 0 infos`.
    pub fn counts(&self) -> String {
        let count = |severity, one, many| term::count(self.count(severity), one, many);
        [
            count(Severity::Error, "error", "errors"),
            count(Severity::Warning, "warning", "warnings"),
            count(Severity::Info, "info", "infos"),
        ]
        .join(", ")
    }

    /// The exit code: what could not be read comes first, as it may hide an error.
    pub fn code(&self) -> u8 {
        let troubles = self.troubles.iter().map(|t| error::kind_of(t).code());
        match troubles.max() {
            Some(code) => code,
            None if self.count(Severity::Error) > 0 => 1,
            None if !self.outcome.unrun.is_empty() => error::Kind::Refused.code(),
            None => 0,
        }
    }

    /// What the check came to.
    pub(super) fn verdict(&self) -> Verdict {
        match self.code() {
            0 if self.count(Severity::Warning) == 0 => Verdict::Clean,
            0 => Verdict::Warnings,
            1 => Verdict::Findings,
            _ => Verdict::Incomplete,
        }
    }

    /// How many rules could look.
    pub(super) fn ran(&self) -> usize {
        self.rules - self.outcome.unrun.iter().map(|u| u.rules.len()).sum::<usize>()
    }

    /// A path as it is shown: relative to the root, with `/`, where it lies below it.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).map_or_else(|_| short(path), fs::slashed)
    }
}

/// A path in cargo's registry from the package on; any other as it is.
fn short(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|p| p.to_string_lossy()).collect();
    let at = parts.windows(2).position(|w| w == ["registry", "src"]);
    match at.and_then(|at| parts.get(at + 3..)) {
        Some(rest) if !rest.is_empty() => rest.join("/"),
        _ => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_paths_are_shown_from_the_package_on() {
        let path = Path::new("/h/.cargo/registry/src/index-1/x-1.0.0/build.rs");
        assert_eq!(short(path), "x-1.0.0/build.rs");
        assert_eq!(short(Path::new("/h/x/build.rs")), "/h/x/build.rs");
    }
}

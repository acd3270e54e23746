//! SOURCE_DATE_EPOCH: the only time that a build may use, and its origin.
//!
//! <https://reproducible-builds.org/specs/source-date-epoch/>

use anyhow::Result;

use crate::error::bad_input;

/// Seconds since 1970-01-01T00:00:00Z, and their origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Who said so.
    pub from: EpochFrom,
}

/// Where an epoch comes from, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochFrom {
    /// `--epoch`.
    Option,
    /// `SOURCE_DATE_EPOCH` in the environment.
    Environment,
    /// `[env]` of a cargo config file; strongest of all where it is forced.
    Config,
    /// The committer time of the commit that is built.
    Commit,
    /// The latest time in the archive that the source was in.
    Archive,
}

impl EpochFrom {
    /// A phrase for the recipe's reason.
    pub fn phrase(self) -> &'static str {
        match self {
            EpochFrom::Option => "given with --epoch",
            EpochFrom::Config => "set by [env] of a cargo config file",
            EpochFrom::Environment => "SOURCE_DATE_EPOCH of the environment",
            EpochFrom::Commit => "the committer time of the commit",
            EpochFrom::Archive => "the latest time in the archive",
        }
    }
}

/// Parses a value of SOURCE_DATE_EPOCH: a non-negative decimal number of seconds.
pub fn parse(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The epoch that a text gives, which came from there.
pub fn read(text: &str, from: EpochFrom) -> Result<Epoch> {
    let seconds = parse(text).ok_or_else(|| {
        bad_input(format!(
            "SOURCE_DATE_EPOCH is `{text}` ({}), which is not a number of seconds since 1970",
            from.phrase()
        ))
    })?;
    Ok(Epoch { seconds, from })
}

/// SOURCE_DATE_EPOCH of the environment, if it is set.
pub fn of_environment() -> Result<Option<Epoch>> {
    match std::env::var_os("SOURCE_DATE_EPOCH") {
        Some(text) => read(&text.to_string_lossy(), EpochFrom::Environment).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_plain_seconds_are_an_epoch() {
        let cases = [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000)),
            ("-1", None),
            ("+5", None),
            ("", None),
            ("1e9", None),
            ("99999999999999999999", None),
        ];
        for (text, want) in cases {
            assert_eq!(super::parse(text), want, "{text:?}");
        }
    }
}

//! The one typed error: what kind of failure ends a run, and with which exit code.
//!
//! Everything else travels as [`anyhow::Error`]; an error that holds no [`Failure`] is one of the
//! host (exit 6). This module owns the table of exit codes, and no wording but its own.

use std::fmt;
use std::process::ExitCode;

/// Why a run ended without a verdict. The discriminants are the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something that has to be accepted, or supplied, by name was not.
    NotAccepted = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A build failed, so there is no verdict.
    BuildFailed = 3,
    /// Refused before building: missing or stale lockfile, dirty tree, wrong toolchain.
    Refused = 4,
    /// An input is malformed or hostile.
    BadInput = 5,
    /// A problem with this machine: disk full, missing tool, permission denied.
    Host = 6,
    /// A signal ended the run (128 + SIGINT, as shells expect).
    Interrupted = 130,
}

/// The table of exit codes, as help, man pages, README and docs/verdicts.md print it.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (0, "reproducible, reproduced, identical, or nothing to change"),
    (1, "files differ, something was not accepted, or `repro check` found an error"),
    (2, "wrong usage, or no file at a path of the command line"),
    (3, "a build failed, so there is no verdict"),
    (
        4,
        "refused before building: missing or stale lockfile, dirty tree, wrong toolchain or source",
    ),
    (5, "malformed or hostile input: a manifest, an archive, `metadata.repro`"),
    (6, "a problem with this machine: disk full, missing tool, permission denied"),
    (130, "interrupted"),
];

impl Kind {
    /// The name used in `"error": {"kind": …}` of the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Kind::NotAccepted => "not-accepted",
            Kind::Usage => "usage",
            Kind::BuildFailed => "build-failed",
            Kind::Refused => "refused",
            Kind::BadInput => "bad-input",
            Kind::Host => "host",
            Kind::Interrupted => "interrupted",
        }
    }

    /// The process exit code.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// A failure with its kind and one sentence: what failed, on what, and what to do next.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// One sentence, without a trailing newline.
    pub message: String,
    /// What a failed tool said itself, to be shown once before the message; may be empty.
    pub details: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error of the given kind, ready for `return Err(…)` or `bail`.
pub fn failure(kind: Kind, message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Failure { kind, message: message.into(), details: String::new() })
}

/// A wrong command line (exit 2).
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    failure(Kind::Usage, message)
}

/// A refusal (exit 4).
pub fn refused(message: impl Into<String>) -> anyhow::Error {
    failure(Kind::Refused, message)
}

/// A malformed or hostile input (exit 5).
pub fn bad_input(message: impl Into<String>) -> anyhow::Error {
    failure(Kind::BadInput, message)
}

/// A fault of the host (exit 6).
pub fn host(message: impl Into<String>) -> anyhow::Error {
    failure(Kind::Host, message)
}

/// The kind of any error: that of the [`Failure`] it holds, or what one of the formats stands for, else
/// [`Kind::Host`].
pub fn kind_of(error: &anyhow::Error) -> Kind {
    let kind = |e: &(dyn std::error::Error + 'static)| {
        let of_format = || e.downcast_ref().map(of_formats);
        e.downcast_ref().map(|f: &Failure| f.kind).or_else(of_format)
    };
    error.chain().find_map(kind).unwrap_or(Kind::Host)
}

/// What an error of the formats means here.
fn of_formats(error: &repro_formats::error::Error) -> Kind {
    use repro_formats::error::Error;
    match error {
        Error::Unsound { .. }
        | Error::NoArchive(_)
        | Error::LeadsOut { .. }
        | Error::ImpossibleName(_)
        | Error::CannotPack { .. }
        | Error::NoTree { .. }
        | Error::SameName(_) => Kind::BadInput,
        Error::Changed(_) | Error::Io { .. } => Kind::Host,
        Error::Interrupted => Kind::Interrupted,
    }
}

/// What a failed tool said itself; empty if nothing is known.
pub fn details_of(error: &anyhow::Error) -> &str {
    error.chain().find_map(|e| e.downcast_ref::<Failure>()).map_or("", |f| &f.details)
}

/// How a program ends that this one is called in place of, and what it says on standard error.
pub fn exit_code(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {}", one_line(&error));
        ExitCode::from(kind_of(&error).code())
    })
}

/// The whole chain of an error on one line.
pub fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn kind_survives_context() {
        let e = Err::<(), _>(refused("no lockfile")).context("failed to prepare").unwrap_err();
        assert_eq!(kind_of(&e), Kind::Refused);
        assert_eq!(one_line(&e), "failed to prepare: no lockfile");
        assert_eq!(kind_of(&anyhow::anyhow!("disk full")), Kind::Host);
    }

    #[test]
    fn errors_of_the_formats_have_their_kinds() {
        use repro_formats::error::{Error, Malformed, ReadError};
        let path = std::path::Path::new("x.tar");
        let read = |e: ReadError| anyhow::Error::from(e.in_file(path, "tar")).context("reading");
        let unsound = read(Malformed::at(3, "it is cut off").into());
        assert_eq!(kind_of(&unsound), Kind::BadInput);
        assert_eq!(
            one_line(&unsound),
            "reading: `x.tar` is not a sound tar: at byte 3: it is cut off"
        );
        let disk = read(std::io::Error::other("disk").into());
        assert_eq!(kind_of(&disk), Kind::Host);
        assert_eq!(one_line(&disk), "reading: failed to read `x.tar`: disk");
        assert_eq!(kind_of(&Error::Interrupted.into()), Kind::Interrupted);
        let comparing = |e: Error| kind_of(&anyhow::Error::from(e).context("comparing"));
        let why = "it is cut off".to_string();
        assert_eq!(comparing(Error::NoTree { path: path.into(), why }), Kind::BadInput);
        assert_eq!(comparing(Error::Changed(path.into())), Kind::Host);
    }

    #[test]
    fn exit_codes_are_the_documented_ones() {
        let codes = [Kind::Usage, Kind::BuildFailed, Kind::Refused, Kind::BadInput, Kind::Host];
        assert_eq!(codes.map(Kind::code), [2, 3, 4, 5, 6]);
    }
}

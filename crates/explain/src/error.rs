//! Why two trees could not be read. A file that no reader understands is a note, not an error.

use std::fmt;
use std::path::PathBuf;

use repro_formats::error as formats;

/// Why a directory, or an archive of one, could not be read.
#[derive(Debug)]
pub enum Error {
    /// It is neither a directory nor a sound archive.
    NoTree {
        /// The file.
        path: PathBuf,
        /// What is wrong with it: a clause.
        why: String,
    },
    /// A file of some format, or this machine.
    Formats(formats::Error),
}

impl From<formats::Error> for Error {
    fn from(e: formats::Error) -> Error {
        Error::Formats(e)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoTree { path, why } => {
                write!(f, "`{}` cannot be compared with a directory: {why}", path.display())
            }
            Error::Formats(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Formats(e) => e.source(),
            Error::NoTree { .. } => None,
        }
    }
}

//! Why a file could not be read, packed or rewritten: [`Malformed`] of bytes, [`ReadError`] of a reader, and
//! [`Error`] of everything that works on named files.
//!
//! Separate variants are for errors of the input and of the machine; the caller chooses the exit code of each.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::names::printable;

/// Why bytes are not what they claim to be: where, in which part, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Offset in bytes from the beginning of the format's own bytes (of the tar, where that was
    /// compressed).
    pub at: u64,
    /// The member or entry, if its name is known; escaped so that it fits on a terminal line.
    pub name: Option<String>,
    /// What is wrong: a clause, such as `its size is not a number`.
    pub what: String,
    /// Whether other tools read it: it is not wrong, but it cannot be extracted or rewritten here.
    pub readable_elsewhere: bool,
}

impl Malformed {
    /// Something wrong outside of any member.
    pub fn at(at: u64, what: impl Into<String>) -> Malformed {
        Malformed { at, name: None, what: what.into(), readable_elsewhere: false }
    }

    /// Something wrong with the member of this name.
    pub fn of(at: u64, name: &[u8], what: impl Into<String>) -> Malformed {
        Malformed { name: Some(printable(name)), ..Malformed::at(at, what) }
    }

    /// The same of something that other tools read: a device, a second member of one name, data
    /// after the end.
    pub fn elsewhere(self) -> Malformed {
        Malformed { readable_elsewhere: true, ..self }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "at byte {}, `{name}`: {}", self.at, self.what),
            None => write!(f, "at byte {}: {}", self.at, self.what),
        }
    }
}

impl std::error::Error for Malformed {}

/// Why a file of some format was not read to its end.
#[derive(Debug)]
pub enum ReadError {
    /// The bytes are not what they claim to be.
    Malformed(Malformed),
    /// The bytes could not be had.
    Io(io::Error),
}

impl From<Malformed> for ReadError {
    fn from(e: Malformed) -> ReadError {
        ReadError::Malformed(e)
    }
}

impl From<io::Error> for ReadError {
    /// A reader below, such as one that decompresses, may have found its bytes malformed.
    fn from(e: io::Error) -> ReadError {
        match e.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(malformed) => ReadError::Malformed(Malformed::clone(malformed)),
            None => ReadError::Io(e),
        }
    }
}

impl From<Malformed> for io::Error {
    fn from(e: Malformed) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, e)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Malformed(e) => e.fmt(f),
            ReadError::Io(e) => e.fmt(f),
        }
    }
}

impl ReadError {
    /// The same of a file that claims to be `format`.
    pub fn in_file(self, path: &Path, format: &'static str) -> Error {
        let path = path.to_owned();
        match self {
            ReadError::Malformed(why) => Error::Unsound { path, format, why },
            ReadError::Io(e) => Error::reading(&path)(e),
        }
    }
}

/// Fills the buffer from a place in an archive, which must not end within it.
pub(crate) fn exactly(
    input: &mut impl io::Read,
    buf: &mut [u8],
    at: u64,
    what: &str,
) -> Result<(), ReadError> {
    input.read_exact(buf).map_err(|e| match e.kind() {
        // What a reader below found has an error of its own.
        io::ErrorKind::UnexpectedEof if e.get_ref().is_none() => {
            Malformed::at(at, format!("the archive ends within {what}")).into()
        }
        _ => e.into(),
    })
}

/// Why something could not be done with a file.
#[derive(Debug)]
pub enum Error {
    /// The input is malformed, hostile or over a cap.
    Unsound {
        /// The file.
        path: PathBuf,
        /// What it claims to be.
        format: &'static str,
        /// What is wrong with it.
        why: Malformed,
    },
    /// The input is no archive that can be unpacked.
    NoArchive(PathBuf),
    /// The input is an archive in which a link leads out, by way of others.
    LeadsOut {
        /// The archive.
        path: PathBuf,
        /// The link, printable.
        link: String,
    },
    /// The name of a member, printable, cannot be that of a file on this system.
    ImpossibleName(String),
    /// The file cannot be packed.
    CannotPack {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: &'static str,
    },
    /// The file is neither a directory nor a sound archive of one.
    NoTree {
        /// The file.
        path: PathBuf,
        /// What is wrong with it: a clause.
        why: String,
    },
    /// Two files would have this name in the archive.
    SameName(String),
    /// The file was written to while it was packed.
    Changed(PathBuf),
    /// The caller asked to stop.
    Interrupted,
    /// This machine failed.
    Io {
        /// What was done: ``failed to read `x` ``.
        doing: String,
        /// How it failed.
        source: io::Error,
    },
}

/// Whether a long piece of work is to be given up, as its caller knows it.
#[derive(Clone, Copy, Debug)]
pub struct Stop(pub fn() -> bool);

impl Stop {
    /// It is never given up.
    pub const NEVER: Stop = Stop(|| false);

    /// # Errors
    /// [`Error::Interrupted`] once it is.
    pub fn check(self) -> Result<(), Error> {
        if (self.0)() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

impl Error {
    /// An error of this machine while it did something.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { doing: doing.into(), source }
    }

    /// An error of this machine while it read a file.
    pub fn reading(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
        Error::io(format!("failed to read `{}`", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unsound { path, format, why } => {
                write!(f, "`{}` is not a sound {format}: {why}", path.display())
            }
            Error::NoArchive(path) => write!(
                f,
                "`{}` is not an archive that is read here: tar (also in gzip, zstd or xz) or zip",
                path.display()
            ),
            Error::LeadsOut { path, link } => write!(
                f,
                "`{}` is not a sound archive: `{link}` is a link that leads out of it",
                path.display()
            ),
            Error::ImpossibleName(name) => write!(f, "`{name}` cannot be a file here"),
            Error::CannotPack { path, why } => {
                write!(f, "failed to pack `{}`: {why}", path.display())
            }
            Error::NoTree { path, why } => {
                write!(f, "`{}` cannot be compared with a directory: {why}", path.display())
            }
            Error::SameName(name) => write!(
                f,
                "two files would be `{name}` in the archive; rename one, or name its place with `FILE=NAME`"
            ),
            Error::Changed(path) => write!(
                f,
                "`{}` changed while it was packed: run again when nothing writes there",
                path.display()
            ),
            Error::Interrupted => f.write_str("interrupted"),
            Error::Io { doing, .. } => f.write_str(doing),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

//! One file to bring into normal form, and what came of it.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;

use crate::detect::FileType;
use crate::error::{Error, ReadError};
use crate::limits::Limits;

/// What a handler is given.
pub struct Job<'a> {
    /// Where the file is: for messages and its extension. Handlers read `input`.
    pub path: &'a Path,
    /// What it is.
    pub of: FileType,
    /// The file, open for reading, at its beginning.
    pub input: &'a File,
    /// Times after this one become this one; seconds since 1970.
    pub epoch: i64,
    /// What the file may ask for.
    pub limits: &'a Limits,
}

/// Where a handler writes the normal form: a temporary file that replaces the original if it
/// differs from it.
pub trait Output: Write + Seek {}

impl<T: Write + Seek> Output for T {}

/// What a handler did.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The output holds the normal form.
    Written,
    /// The file must stay as it is; why, as a clause: `it is signed`.
    LeftAlone(String),
}

impl Job<'_> {
    /// Whether the file's name has one of these extensions.
    pub fn is_named(&self, extensions: &[&str]) -> bool {
        has_extension(self.path, extensions)
    }

    /// The error of a file that is not what it claims to be.
    pub fn unsound(&self, format: &'static str) -> impl Fn(ReadError) -> Error + Copy {
        let path = self.path;
        move |e| e.in_file(path, format)
    }
}

/// The normal form could not be written.
pub fn failed(e: io::Error) -> Error {
    Error::io("failed to write the normal form")(e)
}

/// Whether the file's name has one of these extensions.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    extension.is_some_and(|e| extensions.iter().any(|x| e == *x))
}

//! One file to normalize, and the result.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;

use crate::detect::FileType;
use crate::error::{Error, ReadError};
use crate::limits::Limits;
use crate::names::printable;

/// What a handler is given.
pub struct Job<'a> {
    /// Where the file is: for messages and its extension. Handlers read `input`.
    pub path: &'a Path,
    /// What it is.
    pub of: FileType,
    /// The file, open for reading, at its beginning.
    pub input: &'a File,
    /// What becomes of times.
    pub times: Times,
    /// Whether archives in the archive are brought into normal form as well.
    pub recursive: bool,
    /// Whether order, owners and modes are content: the file is a part of a package to install.
    pub package: bool,
    /// In how many archives it is.
    pub depth: u8,
    /// What runs the handler of a member, by its type; none where there is no handler.
    pub nested: Nested,
    /// What the file may ask for.
    pub limits: &'a Limits,
}

/// Runs the handler of a file, if it has one: a handler does not import the table of handlers.
pub type Nested = fn(&Job<'_>, &mut dyn Output) -> Option<Result<Outcome, Error>>;

/// Where a handler writes the normal form: a temporary file that replaces the original if it
/// differs from it.
pub trait Output: Write + Seek {}

impl<T: Write + Seek> Output for T {}

/// What becomes of times, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Those after this one become this one.
    Clamp(i64),
    /// All become this one.
    Set(i64),
}

impl Times {
    /// The time in place of this one.
    pub fn of(self, time: i64) -> i64 {
        match self {
            Times::Clamp(latest) => time.min(latest),
            Times::Set(time) => time,
        }
    }
}

/// What a handler did.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The output holds the normal form.
    Written(Written),
    /// The file must stay as it is; why, as a clause: `it is signed`.
    LeftAlone(String),
}

/// What the normal form differs in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Fields with other values.
    pub changes: Vec<Change>,
    /// What the user should know, each as a clause.
    pub notes: Vec<String>,
}

/// A field with another value.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// The member, printable; none for the file itself.
    pub member: Option<String>,
    /// The field.
    pub field: &'static str,
    /// Its value before.
    pub from: String,
    /// Its value in the normal form.
    pub to: String,
}

impl Written {
    /// Compares a field of a member, or of the file itself.
    pub fn field(
        &mut self,
        member: Option<&[u8]>,
        field: &'static str,
        from: impl ToString,
        to: impl ToString,
    ) {
        let (from, to) = (from.to_string(), to.to_string());
        if from != to {
            self.changes.push(Change { member: member.map(printable), field, from, to });
        }
    }

    /// Takes over what was found in a member.
    pub fn nest(&mut self, member: &[u8], inner: Written) {
        let member = printable(member);
        self.notes.extend(inner.notes.into_iter().map(|note| format!("in `{member}`: {note}")));
        self.changes.extend(inner.changes.into_iter().map(|change| Change {
            member: Some(match change.member {
                Some(name) => format!("{member}: {name}"),
                None => member.clone(),
            }),
            ..change
        }));
    }
}

impl Job<'_> {
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

//! The normal form of each format: one const table of handlers, which says what is recognised,
//! what is made fixed, and drives dispatch, `--list-formats` and the docs.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use anyhow::Result;

use crate::limits::Limits;

/// What a handler is given.
pub struct Job<'a> {
    /// Where the file is: for messages and its extension. Handlers read `input`.
    pub path: &'a Path,
    /// The file, open for reading, at its beginning.
    pub input: &'a File,
    /// Its size in bytes.
    pub size: u64,
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

/// One row of [`HANDLERS`].
pub struct Handler {
    /// The format's name.
    pub name: &'static str,
    /// File name extensions that go with it, for the list: what is in the file decides.
    pub extensions: &'static [&'static str],
    /// What is made fixed, as a sentence without a full stop.
    pub fixes: &'static str,
    /// Whether the file is of this format: its first 512 bytes or fewer, and its path.
    pub matches: fn(&[u8], &Path) -> bool,
    /// Writes the normal form. Errors of the file are `bad_input` and name offset and member.
    pub run: fn(&Job<'_>, &mut dyn Output) -> Result<Outcome>,
}

/// The formats; the first that matches is taken.
pub const HANDLERS: &[Handler] = &[];

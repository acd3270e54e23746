//! The normal form of each format: one const table of handlers, which says what is recognised,
//! what is made fixed, and drives dispatch, `--list-formats` and the docs.

mod tar;

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use anyhow::Result;

use crate::archive::compress::Compression;
use crate::archive::unpack;
use crate::error::bad_input;
use crate::format::ReadError;
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
    /// Whether the file is of this format: its first [`unpack::HEAD`] bytes or fewer, and its path.
    pub matches: fn(&[u8], &Path) -> bool,
    /// Writes the normal form. Errors of the file are `bad_input` and name offset and member.
    pub run: fn(&Job<'_>, &mut dyn Output) -> Result<Outcome>,
}

/// The formats; the first that matches is taken.
pub const HANDLERS: &[Handler] = &[
    Handler {
        name: "tar.gz",
        extensions: &["tar.gz", "tgz", "crate"],
        fixes: TAR,
        matches: |head, _| holds_tar(head, Compression::Gzip),
        run: tar::run,
    },
    Handler {
        name: "tar.zst",
        extensions: &["tar.zst", "tzst"],
        fixes: TAR,
        matches: |head, _| holds_tar(head, Compression::Zstd),
        run: tar::run,
    },
    Handler {
        name: "tar.xz",
        extensions: &["tar.xz", "txz"],
        fixes: TAR,
        matches: |head, _| holds_tar(head, Compression::Xz),
        run: tar::run,
    },
    Handler {
        name: "tar",
        extensions: &["tar"],
        fixes: TAR,
        matches: |head, _| holds_tar(head, Compression::None),
        run: tar::run,
    },
];

const TAR: &str = "order, owners, modes and times of the members, GNU headers, and the compressor";

fn holds_tar(head: &[u8], compression: Compression) -> bool {
    if unpack::detect(head) != compression {
        return false;
    }
    crate::format::tar::begins(&unpack::unpacked_head(head))
}

/// The handler of a file that begins with these bytes, if there is one.
pub fn handler(head: &[u8], path: &Path) -> Option<&'static Handler> {
    HANDLERS.iter().find(|h| (h.matches)(head, path))
}

/// A file that could not be read as what it claims to be, as an error of the input or of the host.
pub fn malformed(path: &Path, format: &str, error: ReadError) -> anyhow::Error {
    let path = path.display();
    match error {
        ReadError::Malformed(e) => bad_input(format!("`{path}` is not a sound {format}: {e}")),
        ReadError::Io(e) => anyhow::Error::new(e).context(format!("failed to read `{path}`")),
    }
}

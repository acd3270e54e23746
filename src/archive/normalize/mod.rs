//! The normal form of each format: one const table of handlers, which says what is recognized,
//! what is made fixed, and drives dispatch, `--list-formats` and the docs.

mod ar;
mod gzip;
mod pe;
mod tar;
mod zip;

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use anyhow::Result;

use crate::archive::compress::Compression;
use crate::archive::unpack;
use crate::error::bad_input;
use crate::format::{self, ReadError};
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
    Handler {
        name: "jar",
        extensions: &["jar", "war", "ear"],
        fixes: ZIP_JAR,
        matches: |head, path| is_zip(head) && has_extension(path, &["jar", "war", "ear"]),
        run: zip::run,
    },
    Handler {
        name: "whl",
        extensions: &["whl"],
        fixes: ZIP_WHL,
        matches: |head, path| is_zip(head) && has_extension(path, &["whl"]),
        run: zip::run,
    },
    Handler {
        name: "zip",
        extensions: &["zip"],
        fixes: ZIP,
        matches: |head, _| is_zip(head),
        run: zip::run,
    },
    Handler {
        name: "gzip",
        extensions: &["gz"],
        fixes: "time, name, comment and system in the headers; the compressed bytes stay",
        matches: |head, _| unpack::detect(head) == Compression::Gzip,
        run: gzip::run,
    },
    Handler {
        name: "ar",
        extensions: &["a", "rlib", "lib", "ar"],
        fixes: "times, owners and modes of the members; their order stays, since linkers go by it",
        matches: |head, _| head.starts_with(format::ar::MAGIC),
        run: ar::run,
    },
    Handler {
        name: "pe",
        extensions: &["exe", "dll", "sys", "efi", "pyd"],
        fixes: "times in the headers and directories, unless they are hashes (/Brepro), and the checksum; a signed file is left alone",
        matches: |head, _| format::pe::begins(head),
        run: pe::run,
    },
];

const ZIP: &str =
    "order, times, modes, system, extra fields of times and owners; the compressed bytes stay";
const ZIP_JAR: &str = "as zip, META-INF/ and its manifest first; a signed jar is left alone";
const ZIP_WHL: &str = "as zip, .dist-info/ last; a signed wheel is left alone";

/// Whether the bytes begin a zip.
pub fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    extension.is_some_and(|e| extensions.iter().any(|x| e == *x))
}

const TAR: &str = "order, owners, modes and times of the members, GNU headers, and the compressor";

fn holds_tar(head: &[u8], compression: Compression) -> bool {
    if unpack::detect(head) != compression {
        return false;
    }
    format::tar::begins(&unpack::unpacked_head(head))
}

/// The handler of a file that begins with these bytes, if there is one.
pub fn handler(head: &[u8], path: &Path) -> Option<&'static Handler> {
    HANDLERS.iter().find(|h| (h.matches)(head, path))
}

/// A file that could not be read as what it claims to be, as an error of the input or of the host.
pub fn malformed(path: &Path, what: &str, error: ReadError) -> anyhow::Error {
    let path = path.display();
    match error {
        ReadError::Malformed(e) => bad_input(format!("`{path}` is not a sound {what}: {e}")),
        ReadError::Io(e) => anyhow::Error::new(e).context(format!("failed to read `{path}`")),
    }
}

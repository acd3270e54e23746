//! The formats that have a normal form: one const table, which says what is made fixed and drives
//! dispatch, `--list-formats` and the docs.

use std::path::Path;

use super::job::{Job, Outcome, Output, has_extension};
use crate::ar::normalize as ar;
use crate::compress::container::Compression;
use crate::detect::FileType;
use crate::error::Error;
use crate::gzip::normalize as gzip;
use crate::pe::normalize as pe;
use crate::tar::normalize as tar;
use crate::zip::normalize as zip;

/// One row of [`HANDLERS`].
pub struct Handler {
    /// The format's name.
    pub name: &'static str,
    /// File name extensions that go with it, for the list; see `by_name`.
    pub extensions: &'static [&'static str],
    /// What is made fixed, as a sentence without a full stop.
    pub fixes: &'static str,
    /// What such a file is.
    pub of: FileType,
    /// Whether only files with one of the extensions are meant: a jar is a zip of that name.
    pub by_name: bool,
    /// Writes the normal form.
    pub run: fn(&Job<'_>, &mut dyn Output) -> Result<Outcome, Error>,
}

/// The formats; the first that matches is taken.
pub const HANDLERS: &[Handler] = &[
    Handler {
        name: "tar.gz",
        extensions: &["tar.gz", "tgz", "crate"],
        fixes: TAR,
        of: FileType::Tar(Compression::Gzip),
        by_name: false,
        run: tar::run,
    },
    Handler {
        name: "tar.zst",
        extensions: &["tar.zst", "tzst"],
        fixes: TAR,
        of: FileType::Tar(Compression::Zstd),
        by_name: false,
        run: tar::run,
    },
    Handler {
        name: "tar.xz",
        extensions: &["tar.xz", "txz"],
        fixes: TAR,
        of: FileType::Tar(Compression::Xz),
        by_name: false,
        run: tar::run,
    },
    Handler {
        name: "tar",
        extensions: &["tar"],
        fixes: TAR,
        of: FileType::Tar(Compression::None),
        by_name: false,
        run: tar::run,
    },
    Handler {
        name: "jar",
        extensions: zip::JAR,
        fixes: ZIP_JAR,
        of: FileType::Zip,
        by_name: true,
        run: zip::run,
    },
    Handler {
        name: "whl",
        extensions: zip::WHEEL,
        fixes: ZIP_WHL,
        of: FileType::Zip,
        by_name: true,
        run: zip::run,
    },
    Handler {
        name: "zip",
        extensions: &["zip"],
        fixes: ZIP,
        of: FileType::Zip,
        by_name: false,
        run: zip::run,
    },
    Handler {
        name: "gzip",
        extensions: &["gz"],
        fixes: "time, name, comment and system in the headers; the compressed bytes stay",
        of: FileType::Compressed(Compression::Gzip),
        by_name: false,
        run: gzip::run,
    },
    Handler {
        name: "ar",
        extensions: &["a", "rlib", "lib", "ar"],
        fixes: "times, owners and modes of the members; their order stays, since linkers go by it",
        of: FileType::Ar,
        by_name: false,
        run: ar::run,
    },
    Handler {
        name: "pe",
        extensions: &["exe", "dll", "sys", "efi", "pyd"],
        fixes: "times in the headers and directories, unless they are hashes (/Brepro), and the checksum; a signed file is left alone",
        of: FileType::Pe,
        by_name: false,
        run: pe::run,
    },
];

const ZIP: &str =
    "order, times, modes, system, extra fields of times and owners; the compressed bytes stay";
const ZIP_JAR: &str = "as zip, META-INF/ and its manifest first; a signed jar is left alone";
const ZIP_WHL: &str = "as zip, .dist-info/ last; a signed wheel is left alone";

const TAR: &str = "order, owners, modes and times of the members, GNU headers, and the compressor";

/// The handler of a file of this type, if there is one.
pub fn of(found: FileType, path: &Path) -> Option<&'static Handler> {
    let fits = |h: &&Handler| h.of == found && (!h.by_name || has_extension(path, h.extensions));
    HANDLERS.iter().find(fits)
}

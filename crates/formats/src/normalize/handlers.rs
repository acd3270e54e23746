//! The formats that have a normal form: one const table, which says what is made fixed and drives
//! dispatch, `--list-formats` and the docs.

use std::fs::File;
use std::io::{self, Read, Seek};
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
        fixes: "time, name and system in the header; the compressed bytes stay",
        of: FileType::Compressed(Compression::Gzip),
        by_name: false,
        run: gzip::run,
    },
    Handler {
        name: "ar",
        extensions: &["a", "rlib", "lib", "ar", "deb"],
        fixes: "times, owners and modes of the members; their order stays, since linkers go by it; of a .deb also the tars inside, but for order, owners and modes",
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
const ZIP_WHL: &str =
    "as zip, .dist-info/ last, with RECORD at the end; a signed wheel is left alone";

const TAR: &str = "order, owners, modes and times of the members, GNU headers, and the compressor";

/// Runs a handler. What other tools read, and cannot be rewritten here, leaves the file alone.
pub fn run(handler: &Handler, job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    match (handler.run)(job, out) {
        Err(Error::Unsound { why, .. }) if why.readable_elsewhere => {
            Ok(Outcome::LeftAlone(why.to_string()))
        }
        outcome => outcome,
    }
}

/// Archives in each other that are opened.
const DEPTH: u8 = 8;

/// Runs the handler of a member of an archive; see [`Job::nested`].
pub fn nested(job: &Job<'_>, out: &mut dyn Output) -> Option<Result<Outcome, Error>> {
    let handler = of(job.of, job.path)?;
    Some(match job.depth > DEPTH {
        true => Ok(Outcome::LeftAlone("it is in too many archives".to_string())),
        false => run(handler, job, out),
    })
}

/// Why a file must stay as it is whatever its handler, with its format: what it is made of does not
/// begin at its beginning, or is elsewhere.
pub fn stays(
    found: FileType,
    head: &[u8],
    input: &File,
) -> io::Result<Option<(&'static str, String)>> {
    if head.starts_with(crate::ar::read::THIN) {
        let why = "it is a thin archive, which only names its members";
        return Ok(Some(("ar", why.to_string())));
    }
    let program = matches!(found, FileType::Pe | FileType::Elf | FileType::MachO);
    if (program || found == FileType::Other) && crate::zip::read::is_at_the_end(input)? {
        let before = match () {
            () if head.starts_with(b"#!") => "a script",
            () if program => "a program",
            () => "other data",
        };
        return Ok(Some(("zip", format!("it is a zip behind {before}"))));
    }
    if found == FileType::MachO {
        let (mut input, mut bytes) = (input, Vec::new());
        input.read_to_end(&mut bytes)?;
        input.rewind()?;
        let signed = crate::macho::signature::cut(bytes).is_some_and(|(_, signed)| signed);
        return Ok(signed.then(|| ("macho", "it is signed".to_string())));
    }
    Ok(None)
}

/// The handler of a file of this type, if there is one.
pub fn of(found: FileType, path: &Path) -> Option<&'static Handler> {
    let fits = |h: &&Handler| h.of == found && (!h.by_name || has_extension(path, h.extensions));
    HANDLERS.iter().find(fits)
}

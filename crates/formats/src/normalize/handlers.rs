//! The formats with a normal form: one const table, which lists the metadata that is normalized and
//! drives dispatch, `--list-formats` and the docs.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::job::{Job, Outcome, Output, Times, has_extension};
use crate::ar::normalize as ar;
use crate::compress::container::Compression;
use crate::detect::{self, FileType};
use crate::error::Error;
use crate::gzip::normalize as gzip;
use crate::limits::Limits;
use crate::pe::normalize as pe;
use crate::tar::normalize as tar;
use crate::zip::normalize as zip;

/// One row of [`HANDLERS`].
pub struct Handler {
    /// The format's name.
    pub name: &'static str,
    /// File name extensions that go with it, for the list; see `by_name`.
    pub extensions: &'static [&'static str],
    /// What is normalized, as a sentence without a full stop.
    pub fixes: &'static str,
    /// What such a file is.
    pub of: FileType,
    /// Whether only files with one of the extensions are meant: a jar is a zip of that name.
    pub by_name: bool,
    /// Writes the normal form.
    pub run: fn(&Job<'_>, &mut dyn Output) -> Result<Outcome, Error>,
}

/// Rows: the name, and whether only files of these names are meant; their extensions; what such a file is;
/// what writes the normal form, and what is normalized.
macro_rules! handlers {
    (@) => { false };
    (@by_name) => { true };
    ($($name:literal $($by_name:ident)?, $extensions:expr, $of:expr, $run:path: $fixes:expr;)*) => {
        &[$(Handler {
            name: $name,
            extensions: $extensions,
            fixes: $fixes,
            of: $of,
            by_name: handlers!(@$($by_name)?),
            run: $run,
        }),*]
    };
}

/// The formats; the first that matches is taken.
pub const HANDLERS: &[Handler] = handlers! {
    "tar.gz", &["tar.gz", "tgz", "crate"], FileType::Tar(Compression::Gzip), tar::run: TAR;
    "tar.zst", &["tar.zst", "tzst"], FileType::Tar(Compression::Zstd), tar::run: TAR;
    "tar.xz", &["tar.xz", "txz"], FileType::Tar(Compression::Xz), tar::run: TAR;
    "tar", &["tar"], FileType::Tar(Compression::None), tar::run: TAR;
    "jar" by_name, zip::JAR, FileType::Zip, zip::run: ZIP_JAR;
    "whl" by_name, zip::WHEEL, FileType::Zip, zip::run: ZIP_WHL;
    "zip", &["zip"], FileType::Zip, zip::run: ZIP;
    "gzip", &["gz"], FileType::Compressed(Compression::Gzip), gzip::run:
        "time, name and system in the header; the compressed bytes stay";
    "ar", &["a", "rlib", "lib", "ar", "deb"], FileType::Ar, ar::run:
        "times, owners and modes of the members; their order stays, since linkers go by it; of a .deb also the tars inside, but for order, owners and modes";
    "pe", &["exe", "dll", "sys", "efi", "pyd"], FileType::Pe, pe::run:
        "times in the headers and directories, unless they are hashes (/Brepro), and the checksum; a signed file is left alone";
};

/// A format that is read, to be compared, and has no normal form.
pub struct ReadOnly {
    /// The format's name.
    pub name: &'static str,
    /// File name extensions that go with it.
    pub extensions: &'static [&'static str],
    /// What is compared in it, as a phrase.
    pub compared: &'static str,
    /// What such a file is; none where it is another format's file of a special kind.
    pub of: &'static [FileType],
}

/// Rows: the name, the extensions, what is compared, and what such a file is.
macro_rules! read_only {
    ($($name:literal [$($extension:literal),*]: $compared:literal [$($of:expr),*];)*) => {
        &[$(ReadOnly {
            name: $name,
            extensions: &[$($extension),*],
            compared: $compared,
            of: {
                #[allow(unused_imports)] // Not each row has one.
                use {Compression::*, FileType::*};
                &[$($of),*]
            },
        }),*]
    };
}

/// The formats that are only read.
pub const READ_ONLY: &[ReadOnly] = read_only! {
    "tar.bz2" ["tar.bz2", "tbz2", "tar.lz4", "tar.lzma"]: "as tar; also extracted"
        [Tar(Bzip2), Tar(Lz4), Tar(LegacyLz4), Tar(Lzma)];
    "compressed" ["xz", "zst", "bz2", "lz4", "lzma"]: "what it unpacks to"
        [Compressed(Xz), Compressed(Zstd), Compressed(Bzip2), Compressed(Lz4), Compressed(LegacyLz4), Compressed(Lzma)];
    "apk" ["apk"]: "of Alpine: the members of all its gzip streams; of Android: as zip" [];
    "oci" ["tar"]: "an image in a tar or directory: layers matched by position, and their metadata in the manifests" [];
    "rpm" ["rpm"]: "the tags of both headers, and the files in the payload" [Rpm];
    "cpio" ["cpio", "img"]: "the members, of several archives in one file" [Cpio];
    "elf" ["so", "o"]: "sections, symbols, strings and code" [];
    "macho" ["dylib"]: "the same, for each machine" [];
    "coff" ["obj"]: "the same" [];
};

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
    let program = matches!(found, FileType::Pe | FileType::Elf | FileType::MachO | FileType::Wasm);
    if (program || found == FileType::Other) && crate::zip::read::is_at_the_end(input)? {
        let before = match () {
            () if head.starts_with(b"#!") => "a script",
            () if program => "a program",
            () => "other data",
        };
        return Ok(Some(("zip", format!("it is a zip behind {before}"))));
    }
    if let Some(row) = READ_ONLY.iter().find(|row| row.of.contains(&found)) {
        return Ok(Some((row.name, "it can be read and compared, but not normalized".to_string())));
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

/// Why `normalize` would leave a file as it is; none if it would not, or cannot read it.
pub fn left_alone(path: &Path, times: Times, limits: &Limits) -> Option<String> {
    let input = File::open(path).ok()?;
    let (of, head) = detect::of_file(&input).ok()?;
    if let Some((_, why)) = stays(of, &head, &input).ok()? {
        return Some(why);
    }
    let Some(handler) = self::of(of, path) else {
        return Some("it has no normal form".to_string());
    };
    let (recursive, package, depth) = (false, false, 0);
    let job = Job { path, of, input: &input, times, recursive, package, depth, nested, limits };
    let outcome = match of {
        // They write once all was looked at; packing it takes much longer.
        FileType::Tar(_) | FileType::Zip => run(handler, &job, &mut Looked),
        _ => run(handler, &job, &mut tempfile::tempfile().ok()?),
    };
    match outcome {
        Ok(Outcome::LeftAlone(why)) => Some(why),
        _ => None,
    }
}

/// An output that fails on the first write: by then a handler has decided to rewrite the file.
struct Looked;

impl Write for Looked {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("that was enough"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Looked {
    fn seek(&mut self, _: io::SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

/// The handler of a file of this type, if there is one.
pub fn of(found: FileType, path: &Path) -> Option<&'static Handler> {
    let fits = |h: &&Handler| h.of == found && (!h.by_name || has_extension(path, h.extensions));
    HANDLERS.iter().find(fits)
}

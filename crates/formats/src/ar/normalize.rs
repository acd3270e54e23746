//! The normal form of an ar archive: times, owners and modes of its members. Their order stays, since
//! linkers take the first that fits, and so do their sizes, with every offset of the index.
//!
//! Of a Debian package the tars inside are brought into normal form as well; it has no index.

use std::io::{self, Read, Seek, SeekFrom};

use super::read::{self as ar, Entry, Kind};
use crate::error::Error;
use crate::names::printable;
use crate::normalize::job::{Job, Outcome, Output, Times, Written, failed};
use crate::normalize::named::Named;
use crate::normalize::nested;
use crate::policy;

/// The first member of a Debian package.
const DEBIAN: &[u8] = b"debian-binary";
/// How members that sign a package are called, by debsigs and by dpkg-sig.
const SIGNATURES: &[u8] = b"_gpg";

pub(crate) fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    let mut input = job.input;
    let entries = ar::read(&mut input, job.limits).map_err(job.unsound("ar archive"))?;
    let package = entries.first().is_some_and(|e| e.name == DEBIAN);
    if let Some(entry) = entries.iter().find(|e| package && e.name.starts_with(SIGNATURES)) {
        let name = printable(&entry.name);
        return Ok(Outcome::LeftAlone(format!("its member `{name}` is a signature of the others")));
    }
    // An index has the offsets of members, which must keep their sizes then.
    let indexed = entries.iter().any(|e| e.kind == Kind::Symbols);
    let opens = !indexed && (package || job.recursive);
    let mut named = Named::default();
    for entry in entries.iter().filter(|_| opens) {
        input.seek(SeekFrom::Start(entry.data_at)).map_err(failed)?;
        named.add(&entry.name, Read::take(input, entry.size)).map_err(failed)?;
    }
    let mut written = Written::default();
    if !opens {
        let files = entries.iter().filter(|e| e.kind == Kind::File);
        written.notes.extend(nested::not_opened(files.map(|e| &e.name[..])));
    }
    out.write_all(ar::MAGIC).map_err(failed)?;
    for (nth, entry) in entries.iter().enumerate() {
        let mut header = [0; ar::HEADER];
        input.seek(SeekFrom::Start(entry.header_at)).map_err(failed)?;
        input.read_exact(&mut header).map_err(failed)?;
        fix(&mut header, entry, job.times, package, &mut written);
        // A BSD name comes before the content.
        let before = entry.data_at - entry.header_at - ar::HEADER as u64;
        let mut name = Vec::new();
        Read::take(input, before).read_to_end(&mut name).map_err(failed)?;
        let inner = match opens && entry.kind == Kind::File {
            true => {
                // Digests of what is in the tars are in the package, in `md5sums`.
                let recursive = job.recursive && !package;
                let job = Job { package: package || job.package, recursive, ..*job };
                nested::rewrite(&job, &entry.name, input, entry.size, &named, &mut written)?
            }
            false => None,
        };
        let size = inner.as_ref().map_or(entry.size, |(_, size)| *size);
        if inner.is_some() {
            put(&mut header, 48..58, (before + size).to_string());
        }
        out.write_all(&header).map_err(failed)?;
        out.write_all(&name).map_err(failed)?;
        let copied = match inner {
            Some((mut file, _)) => io::copy(&mut file, out),
            None => {
                input.seek(SeekFrom::Start(entry.data_at)).map_err(failed)?;
                io::copy(&mut Read::take(input, size), out)
            }
        };
        copied.map_err(failed)?;
        // Old writers leave out what makes the last member even; that is kept of a member that stays.
        let last = nth + 1 == entries.len() && !package;
        if (before + size) % 2 == 1 && (!last || entry.padding_at.is_some()) {
            out.write_all(b"\n").map_err(failed)?;
        }
    }
    Ok(Outcome::Written(written))
}

/// Puts the values of the policy into the header's fields. A blank field says nothing, and stays; so
/// does the mode in a package, where its packer writes the type as well.
fn fix(
    header: &mut [u8; ar::HEADER],
    entry: &Entry,
    times: Times,
    package: bool,
    written: &mut Written,
) {
    let time = |t: u64| i64::try_from(t).map_or(t, |t| times.of(t).max(0) as u64);
    let values = [
        ("mtime", 16..28, entry.mtime.map(|t| time(t).to_string())),
        ("owner", 28..34, entry.uid.map(|_| "0".to_string())),
        ("group", 34..40, entry.gid.map(|_| "0".to_string())),
        ("mode", 40..48, entry.mode.filter(|_| !package).map(mode)),
    ];
    for (field, at, text) in values {
        let Some(text) = text else { continue };
        let was = printable(header[at.clone()].trim_ascii_end());
        written.field(Some(&entry.name), field, was, &text);
        put(header, at, text);
    }
}

/// Fills a field. No value is longer than its field: times are checked on the command line.
fn put(header: &mut [u8; ar::HEADER], field: std::ops::Range<usize>, text: String) {
    let field = &mut header[field];
    field.fill(b' ');
    let n = text.len().min(field.len());
    field[..n].copy_from_slice(&text.as_bytes()[..n]);
}

/// The permissions of the policy alone, as deterministic packers write them: of what is in an ar
/// archive, the type is never in doubt.
fn mode(mode: u64) -> String {
    format!("{:o}", policy::mode((mode & 0o7777) as u32))
}

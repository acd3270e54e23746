//! Archives inside archives: members that are normalized on their own, and the notes about those
//! that are not.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::job::{Job, Outcome, Written, failed, has_extension};
use super::named::Named;
use crate::detect;
use crate::error::Error;
use crate::names::printable;

/// Extensions of files that hold other files.
const ARCHIVES: &[&str] = &[
    "tar", "gz", "tgz", "zst", "tzst", "xz", "txz", "crate", "zip", "jar", "whl", "deb", "a", "apk",
];

/// Rewrites a member whose content `input` gives: the normal form and its size, at its beginning.
/// `None` where the member stays as it is; why, if it is an archive, is noted. A member stays whose digest
/// is among those that are `named` in the archive.
pub fn rewrite(
    outer: &Job<'_>,
    name: &[u8],
    input: impl Read,
    size: u64,
    named: &Named,
    written: &mut Written,
) -> Result<Option<(File, u64)>, Error> {
    let temporary = || tempfile::tempfile().map_err(Error::io("failed to make a temporary file"));
    let mut file = temporary()?;
    io::copy(&mut input.take(size), &mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let (of, _) = detect::of_file(&file).map_err(failed)?;
    let shown = printable(name);
    let path = Path::new(&shown);
    let mut stays = |why: String| {
        written.notes.push(format!("`{shown}` stays as it is: {why}"));
        Ok(None)
    };
    let job = Job { path, of, input: &file, depth: outer.depth + 1, ..*outer };
    let mut out = io::BufWriter::new(temporary()?);
    let Some(outcome) = (job.nested)(&job, &mut out) else { return Ok(None) };
    let inner = match outcome {
        Ok(Outcome::Written(inner)) => {
            (&file).rewind().map_err(failed)?;
            if let Some(why) = named.keeps(&shown, &file).map_err(failed)? {
                return stays(why);
            }
            inner
        }
        Ok(Outcome::LeftAlone(why)) => return stays(why),
        Err(Error::Unsound { why, .. }) => return stays(why.to_string()),
        Err(e) => return Err(e),
    };
    out.flush().map_err(failed)?;
    let mut out = out.into_inner().map_err(|e| failed(e.into_error()))?;
    let size = out.metadata().map_err(failed)?.len();
    out.rewind().map_err(failed)?;
    written.nest(name, inner);
    Ok(Some((out, size)))
}

/// The note about archives that were not opened, by their names.
pub fn not_opened<'a>(names: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let is_archive = |name: &&[u8]| has_extension(Path::new(&printable(name)), ARCHIVES);
    let mut closed = names.filter(is_archive);
    let first = printable(closed.next()?);
    let which = match closed.count() {
        0 => format!("`{first}` was"),
        n => format!("`{first}` and {n} more were"),
    };
    Some(format!("{which} not opened: pass --recursive to normalize archives inside"))
}

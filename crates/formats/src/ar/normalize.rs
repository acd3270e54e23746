//! The normal form of an ar archive: times, owners and modes of its members. Their order stays, since
//! linkers take the first that fits; and so every offset of the index stays right.

use std::io::{self, Read, Seek, SeekFrom};

use super::read::{self as ar, Entry};
use crate::error::Error;
use crate::normalize::job::{Job, Outcome, Output, failed};
use crate::policy;

/// Writes the normal form.
pub fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    let mut input = job.input;
    let entries = ar::read(&mut input, job.limits).map_err(job.unsound("ar archive"))?;
    input.rewind().map_err(failed)?;
    io::copy(&mut input, out).map_err(failed)?;
    for entry in &entries {
        let mut header = [0; ar::HEADER];
        input.seek(SeekFrom::Start(entry.header_at)).map_err(failed)?;
        input.read_exact(&mut header).map_err(failed)?;
        fix(&mut header, entry, job.epoch);
        out.seek(SeekFrom::Start(entry.header_at)).map_err(failed)?;
        out.write_all(&header).map_err(failed)?;
        if let Some(at) = entry.padding_at {
            out.seek(SeekFrom::Start(at)).map_err(failed)?;
            out.write_all(b"\n").map_err(failed)?;
        }
    }
    out.seek(SeekFrom::End(0)).map_err(failed)?;
    Ok(Outcome::Written)
}

/// Puts the values of the policy into the header's fields. A blank field says nothing, and stays.
fn fix(header: &mut [u8; ar::HEADER], entry: &Entry, epoch: i64) {
    let mut put = |from: usize, to: usize, text: Option<String>| {
        if let Some(text) = text {
            let field = &mut header[from..to];
            field.fill(b' ');
            // What was read from a field is never longer than it, once it is made smaller.
            let n = text.len().min(field.len());
            field[..n].copy_from_slice(&text.as_bytes()[..n]);
        }
    };
    let latest = u64::try_from(epoch).unwrap_or(0);
    put(16, 28, entry.mtime.map(|t| t.min(latest).to_string()));
    put(28, 34, entry.uid.map(|_| "0".to_string()));
    put(34, 40, entry.gid.map(|_| "0".to_string()));
    put(40, 48, entry.mode.map(mode));
}

/// The permissions of the policy alone, as deterministic packers write them: of what is in an ar
/// archive, the type is never in doubt.
fn mode(mode: u64) -> String {
    format!("{:o}", policy::mode((mode & 0o7777) as u32))
}

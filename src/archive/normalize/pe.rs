//! The normal form of a PE file: its times, and with them its checksum. Where the times are hashes of
//! the content (`/Brepro`), they stay; a signature covers them, so that a signed file stays whole.

use std::io::{self, Read, Seek, SeekFrom};

use anyhow::{Context, Result};

use super::{Job, Outcome, Output, malformed};
use crate::format::pe::{self, Checksum};

pub(super) fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome> {
    let mut input = job.input;
    let stamps = pe::stamps(&mut input).map_err(|e| malformed(job.path, "PE file", e))?;
    if stamps.signed {
        return Ok(Outcome::LeftAlone("it is signed".to_string()));
    }
    let failed = "failed to write the normal form";
    let latest = u32::try_from(job.epoch).unwrap_or(u32::MAX);
    let late = stamps.times.iter().filter(|t| t.value > latest && !stamps.hashed);
    let mut changes: Vec<(u64, [u8; 4])> = late.map(|t| (t.at, latest.to_le_bytes())).collect();
    // A file without a checksum needs none.
    let (checksum_at, checksum) = stamps.checksum;
    if checksum != 0 {
        let mut sum = Checksum::new(checksum_at);
        input.rewind().context(failed)?;
        read(&mut input, &changes, &mut |bytes| sum.update(bytes)).context(failed)?;
        changes.push((checksum_at, sum.finish().to_le_bytes()));
    }
    input.rewind().context(failed)?;
    io::copy(&mut input, out).context(failed)?;
    for (at, bytes) in changes {
        out.seek(SeekFrom::Start(at)).context(failed)?;
        out.write_all(&bytes).context(failed)?;
    }
    out.seek(SeekFrom::End(0)).context(failed)?;
    Ok(Outcome::Written)
}

/// Hands over the file piece by piece, with the changes in it.
fn read(
    input: &mut impl Read,
    changes: &[(u64, [u8; 4])],
    each: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 128 << 10];
    let mut at = 0;
    loop {
        let n = input.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        for (from, bytes) in changes {
            for (place, byte) in (*from..).zip(bytes) {
                let inside = place.checked_sub(at).filter(|i| *i < n as u64);
                if let Some(i) = inside {
                    buffer[i as usize] = *byte;
                }
            }
        }
        each(&buffer[..n]);
        at += n as u64;
    }
}

//! The normal form of a PE file: its times, and with them its checksum. Where the times are hashes of
//! the content (`/Brepro`), they stay. A signature covers them, so a signed file stays as it is.

use std::io::{self, Read, Seek, SeekFrom};

use super::stamps::{self, Checksum};
use crate::error::Error;
use crate::normalize::job::{Job, Outcome, Output, Written, failed};

pub(crate) fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    let mut input = job.input;
    let stamps = stamps::stamps(&mut input).map_err(job.unsound("PE file"))?;
    if stamps.signed {
        return Ok(Outcome::LeftAlone("it is signed".to_string()));
    }
    let len = job.input.metadata().map_err(failed)?.len();
    // Sections end at a multiple of their alignment, of which files may leave out the zeros.
    if len > stamps.end {
        let why = format!("{} bytes follow its sections: it may be an installer", len - stamps.end);
        return Ok(Outcome::LeftAlone(why));
    }
    let mut written = Written::default();
    let mut changes: Vec<(u64, [u8; 4])> = Vec::new();
    for stamp in stamps.times.iter().filter(|_| !stamps.hashed) {
        let time = job.times.of(stamp.value.into()).clamp(0, u32::MAX.into()) as u32;
        written.field(None, stamp.of, stamp.value, time);
        changes.push((stamp.at, time.to_le_bytes()));
    }
    // A file without a checksum needs none.
    let (checksum_at, checksum) = stamps.checksum;
    if checksum != 0 {
        let mut sum = Checksum::new(checksum_at);
        input.rewind().map_err(failed)?;
        read(&mut input, &changes, &mut |bytes| sum.update(bytes)).map_err(failed)?;
        changes.push((checksum_at, sum.finish().to_le_bytes()));
    }
    input.rewind().map_err(failed)?;
    io::copy(&mut input, out).map_err(failed)?;
    for (at, bytes) in changes {
        out.seek(SeekFrom::Start(at)).map_err(failed)?;
        out.write_all(&bytes).map_err(failed)?;
    }
    out.seek(SeekFrom::End(0)).map_err(failed)?;
    Ok(Outcome::Written(written))
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

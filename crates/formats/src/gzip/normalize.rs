//! The normal form of a gzip file that contains no tar: a header without metadata of the packer.
//! The compressed bytes stay as they are.

use std::io::{self, BufRead, BufReader, Seek, SeekFrom};

use super::header::Header;
use crate::compress::container::Compression;
use crate::compress::unpack;
use crate::error::{Error, ReadError};
use crate::normalize::job::{Job, Outcome, Output, Times, Written};

/// OS: Unix, which most packers write anyway.
const UNIX: u8 = 3;

pub(crate) fn run(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, Error> {
    stream(job, out).map_err(job.unsound("gzip file"))
}

fn stream(job: &Job<'_>, out: &mut dyn Output) -> Result<Outcome, ReadError> {
    let mut file = job.input;
    let was = Header::of_file(file)?;
    if let Some(what) = was.meaningful() {
        return Ok(Outcome::LeftAlone(format!("its header holds {what}")));
    }
    let mut input = BufReader::with_capacity(128 << 10, file);
    unpack::size_of_first(&mut input, Compression::Gzip, job.limits, u64::MAX)?;
    // An index or a signature may depend on where the streams begin.
    let rest = input.fill_buf()?;
    if !rest.is_empty() {
        let what = match Compression::of(rest) {
            Compression::Gzip => "it has several gzip streams",
            _ => "data follows its gzip stream",
        };
        return Ok(Outcome::LeftAlone(what.to_string()));
    }
    let is = normal(&was, job.times);
    out.write_all(&is)?;
    file.seek(SeekFrom::Start(was.len as u64))?;
    io::copy(&mut file, out)?;
    let mut written = Written::default();
    for (was, is) in was.fields().into_iter().zip(Header::parse(&is)?.fields()) {
        written.field(None, was.name, was.value, is.value);
    }
    Ok(Outcome::Written(written))
}

/// The header without its optional fields: the name of the packed file is not part of its content.
fn normal(header: &Header, times: Times) -> Vec<u8> {
    let time = times.of(header.time.into()).clamp(0, u32::MAX.into());
    let mut bytes = vec![0x1f, 0x8b, 8, 0];
    // It was clamped.
    bytes.extend((time as u32).to_le_bytes());
    bytes.extend([header.level, UNIX]);
    bytes
}

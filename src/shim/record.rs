//! What a replay needs of the preload shim: how each build script was started, written down while the
//! build runs, and a clock that starts, or stands, at a given time.
//!
//! The block that configures it is found by its magic. Integers are little-endian.
//!
//! | offset | size | what |
//! | --- | --- | --- |
//! | 0 | 32 | magic |
//! | 32 | 8 | nanoseconds added to the clock |
//! | 40 | 8 | seconds since 1970 at which the clock stands, 0 if it runs |
//! | 48 | 8 | nanoseconds since 1970, by the kernel's clock, from which on files are new; 0 if none is |
//! | 56 | 512 | directory for records, ended by NUL; empty for none |
//!
//! A record is a time in seconds (8 bytes), then the program, its directory and its environment, each
//! text ended by NUL.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::error::host;

const MAGIC: &[u8; 32] = b"repro-moment/2:5b20c7e1d94a8f36\n";
const NANOS: Range<usize> = 32..40;
const STILL: Range<usize> = 40..48;
const SINCE: Range<usize> = 48..56;
const RECORDS: Range<usize> = 56..568;

/// What replays need, besides what is varied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds added to the wall clock, besides whole seconds.
    pub nanos: i64,
    /// Seconds since 1970 at which the wall clock stands.
    pub still: Option<i64>,
    /// From when on files are new, by the kernel's clock since 1970: their times are those of the clock
    /// that programs are told. `None` leaves all times as they are.
    pub since: Option<Duration>,
    /// Where the starts of build scripts are written down.
    pub records: Option<PathBuf>,
}

/// How a build script was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// When, in seconds since 1970, by the clock that it was told.
    pub at: i64,
    /// Its program.
    pub program: PathBuf,
    /// Its directory.
    pub dir: PathBuf,
    /// Its environment.
    pub env: BTreeMap<String, String>,
}

impl Moment {
    /// Puts it into the bytes of the object.
    pub(super) fn patch(&self, object: &mut [u8]) -> Result<()> {
        let at = memchr::memmem::find(object, MAGIC);
        let block = at.and_then(|at| object.get_mut(at..at + RECORDS.end));
        let block =
            block.ok_or_else(|| host("the compiled preload shim has no block for a moment"))?;
        let dir = self.records.as_deref().unwrap_or(Path::new("")).as_os_str().as_encoded_bytes();
        if dir.len() >= RECORDS.len() {
            return Err(host(format!(
                "the path `{}` is too long for the preload shim",
                dir.escape_ascii()
            )));
        }
        block[NANOS].copy_from_slice(&self.nanos.to_le_bytes());
        block[STILL].copy_from_slice(&self.still.unwrap_or(0).to_le_bytes());
        let since = self.since.map_or(0, |t| i64::try_from(t.as_nanos()).unwrap_or(0));
        block[SINCE].copy_from_slice(&since.to_le_bytes());
        block[RECORDS].fill(0);
        block[RECORDS][..dir.len()].copy_from_slice(dir);
        Ok(())
    }
}

/// How the build script with this OUT_DIR was started, if that was written down.
pub fn started(records: &Path, out_dir: &Path) -> Result<Option<Started>> {
    let path = records.join(format!("{:016x}", hash(out_dir.as_os_str().as_encoded_bytes())));
    match std::fs::read(&path) {
        Ok(bytes) => Ok(read(&bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to read `{}`", path.display())),
    }
}

/// FNV-1a, as in the object.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, b: &u8| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn read(bytes: &[u8]) -> Option<Started> {
    let (at, rest) = bytes.split_first_chunk::<8>()?;
    let mut texts = rest.split(|b| *b == 0).map(|t| String::from_utf8_lossy(t).into_owned());
    let (program, dir) = (texts.next()?.into(), texts.next()?.into());
    let variable = |text: String| {
        let (name, value) = text.split_once('=')?;
        Some((name.to_string(), value.to_string()))
    };
    let env = texts.filter_map(variable).collect();
    Some(Started { at: i64::from_le_bytes(*at), program, dir, env })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_and_a_torn_one_is_none() {
        let bytes = b"\x07\0\0\0\0\0\0\0/t/build-script-build\0/s/a\0A=1=2\0B=\0";
        let want = Started {
            at: 7,
            program: "/t/build-script-build".into(),
            dir: "/s/a".into(),
            env: [("A", "1=2"), ("B", "")].map(|(k, v)| (k.into(), v.into())).into(),
        };
        assert_eq!(read(bytes), Some(want));
        assert_eq!(read(&bytes[..12]), None);
        assert_eq!(read(b""), None);
    }

    #[test]
    fn a_moment_lands_in_its_block_and_nowhere_else() {
        let mut object = vec![0xaa; RECORDS.end + 20];
        object[10..42].copy_from_slice(MAGIC);
        let moment = Moment {
            nanos: 5,
            still: Some(-2),
            since: Some(Duration::new(1, 7)),
            records: Some("/w/runs".into()),
        };
        moment.patch(&mut object).unwrap();
        let block = &object[10..10 + RECORDS.end];
        assert_eq!(
            (&block[NANOS], &block[STILL]),
            (&5_i64.to_le_bytes()[..], &(-2_i64).to_le_bytes()[..])
        );
        assert!(block[RECORDS].starts_with(b"/w/runs\0"));
        assert!(object[..10].iter().chain(&object[10 + RECORDS.end..]).all(|b| *b == 0xaa));
        let long = Moment { records: Some("/x".repeat(256).into()), ..Moment::default() };
        assert!(long.patch(&mut object).is_err());
        assert!(moment.patch(&mut object[..50]).is_err());
    }

    #[test]
    fn the_hash_is_that_of_the_object() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}

//! How each build script was started, written down by the preload shim while the build runs.
//!
//! A record is a time in seconds (8 bytes), then the program, its directory and its environment, each
//! text ended by NUL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

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
    fn the_hash_is_that_of_the_object() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}

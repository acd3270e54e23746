//! The code that shows that an entry was written by this user: HMAC-SHA256 under a key outside the
//! ledger, which no isolated build can read.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use repro_formats::digest::hex;
use sha2::Sha256;

use crate::error::host;
use crate::fs;

const FILE: &str = "ledger.key";
const LENGTH: usize = 32;

/// The key.
pub struct Key([u8; LENGTH]);

/// The directory that holds it: `repro` in the user's configuration.
///
/// # Errors
/// There is no home directory.
pub fn directory() -> Result<PathBuf> {
    super::of_user("XDG_CONFIG_HOME", ".config")
}

impl Key {
    /// Reads the key, or makes one where there is none.
    ///
    /// # Errors
    /// It can be neither read nor written, or others can read it.
    pub fn of_user() -> Result<Key> {
        Key::at(&directory()?.join(FILE))
    }

    pub(super) fn at(path: &Path) -> Result<Key> {
        if !path.exists() {
            make(path)?;
        }
        only_own(path)?;
        let bytes =
            std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let key = bytes.try_into().map_err(|_| {
            host(format!("`{}` is not a key of {LENGTH} bytes: remove it", path.display()))
        })?;
        Ok(Key(key))
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key has any length");
        mac.update(bytes);
        mac
    }

    /// The code of these bytes.
    pub fn sign(&self, bytes: &[u8]) -> String {
        hex(&self.mac(bytes).finalize().into_bytes())
    }

    /// Whether a code is that of these bytes.
    pub fn is_own(&self, bytes: &[u8], code: &str) -> bool {
        let digits = code.as_bytes().chunks(2).map(|two| {
            let text = std::str::from_utf8(two).ok().filter(|t| t.len() == 2)?;
            u8::from_str_radix(text, 16).ok()
        });
        let code: Option<Vec<u8>> = digits.collect();
        code.is_some_and(|code| self.mac(bytes).verify_slice(&code).is_ok())
    }
}

/// Two runs may make one at the same time: the first one counts.
fn make(path: &Path) -> Result<()> {
    let what = || format!("failed to write `{}`", path.display());
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir(dir)?;
    let mut key = [0; LENGTH];
    getrandom::fill(&mut key).map_err(|e| host(format!("no random numbers: {e}")))?;
    // Temporary files are for their user alone.
    let mut file = tempfile::NamedTempFile::new_in(dir).with_context(what)?;
    file.write_all(&key).and_then(|()| file.as_file().sync_all()).with_context(what)?;
    match file.persist_noclobber(path) {
        Err(e) if !path.exists() => Err(e.error).with_context(what),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn only_own(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let meta =
        std::fs::metadata(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    match meta.mode() & 0o077 == 0 && meta.uid() == rustix::process::geteuid().as_raw() {
        true => Ok(()),
        false => Err(host(format!(
            "`{}` can be read by other users: remove it, and the next run makes a new key",
            path.display()
        ))),
    }
}

#[cfg(not(unix))]
fn only_own(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_another_ones_code_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| Key::at(&dir.path().join(name)).unwrap();
        let code = at("a/key").sign(b"entry");
        assert!(at("a/key").is_own(b"entry", &code));
        for (bytes, code) in [
            (&b"entrx"[..], code.as_str()),
            (b"entry", &code[1..]),
            (b"entry", ""),
            (b"entry", &format!("{code}00")),
            (b"entry", &code.replace(|_| true, "é")),
        ] {
            assert!(!at("a/key").is_own(bytes, code), "{code}");
        }
        assert!(!at("b/key").is_own(b"entry", &code));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        Key::at(&path).unwrap();
        let mode = |mode| std::fs::Permissions::from_mode(mode);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, mode(0o640)).unwrap();
        assert!(Key::at(&path).is_err());
        std::fs::set_permissions(&path, mode(0o600)).unwrap();
        std::fs::write(&path, "short").unwrap();
        assert!(Key::at(&path).is_err());
    }
}

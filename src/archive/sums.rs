//! `SHA256SUMS`: a line for each file in a directory, as `sha256sum -c` takes it (GNU and BSD).
//!
//! Lines of other files are kept as they are.

use std::fs::File;
use std::path::Path;

use anyhow::Result;

use repro_formats::digest;

use crate::error::{bad_input, refused};
use crate::fs;

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// How a list begins that its author has signed.
const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";

/// Puts a line for each name with its digest into the directory's `SHA256SUMS`, in place of those
/// that are there of the same names; lines are sorted by name. Runs in one directory take turns.
pub fn update(dir: &Path, entries: &[(String, String)]) -> Result<()> {
    // Of the directory itself, so that no file is left behind. Where it cannot be opened, as on Windows,
    // there is no lock.
    let _lock = File::open(dir).ok().filter(|dir| dir.lock().is_ok());
    let path = dir.join(NAME);
    let old = fs::read_text_if_any(&path)?.unwrap_or_default();
    fs::write_atomic(&path, merged(&old, entries)?.as_bytes())
}

/// Fails where [`update`] would with this name: before anything is written.
pub fn check(dir: &Path, name: &str) -> Result<()> {
    let old = fs::read_text_if_any(&dir.join(NAME))?.unwrap_or_default();
    merged(&old, &[(name.to_string(), String::new())]).map(drop)
}

/// The same for files that were put next to others, where there is such a list.
pub fn list_if_there(dir: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
    if !dir.join(NAME).is_file() {
        return Ok(());
    }
    let sums = files.iter().map(|(name, bytes)| (name.clone(), digest::of_bytes(bytes).sha256));
    update(dir, &sums.collect::<Vec<_>>())
}

fn merged(old: &str, entries: &[(String, String)]) -> Result<String> {
    if old.lines().any(|line| line == SIGNED) {
        return Err(refused(format!(
            "{NAME} is signed, and a line more would break the signature: move it away"
        )));
    }
    let mut lines: Vec<(String, String)> = Vec::new();
    for line in old.lines().filter(|l| !l.is_empty()) {
        let name = line.get(66..).unwrap_or_default().to_string();
        if name.is_empty() || !entries.iter().any(|(n, _)| *n == name) {
            lines.push((name, line.to_string()));
        }
    }
    for (name, sha256) in entries {
        if name.contains(['\\', '\n', '\r']) {
            return Err(bad_input(format!(
                "failed to list `{}` in {NAME}: its name contains a backslash or a line break, which some versions of `sha256sum` cannot read; rename it",
                name.escape_debug()
            )));
        }
        lines.push((name.clone(), format!("{sha256}  {name}")));
    }
    lines.sort();
    Ok(lines.into_iter().map(|(_, line)| line + "\n").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, digit: &str) -> (String, String) {
        (name.to_string(), digit.repeat(64))
    }

    #[test]
    fn other_lines_stay() {
        let first = merged("", &[entry("b.zip", "1"), entry("a.tar", "2")]).unwrap();
        let (one, two) = ("1".repeat(64), "2".repeat(64));
        assert_eq!(first, format!("{two}  a.tar\n{one}  b.zip\n"));
        let three = "3".repeat(64);
        assert_eq!(
            merged(&(first + "# by hand\n"), &[entry("b.zip", "3")]).unwrap(),
            format!("# by hand\n{two}  a.tar\n{three}  b.zip\n")
        );
        assert!(merged("", &[entry("a\nb", "1")]).is_err());
    }
}

//! Whether the crates in a cargo home are what the lockfile names. cargo compares a download with its
//! checksum once and never looks again, and whatever ran with the user's rights since can have written
//! there: both builds would use the same changed source, which no other builder has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::compress::container::Compression;
use repro_formats::compress::unpack::Unpacked;
use repro_formats::digest;
use repro_formats::limits::Limits;
use repro_formats::tar::read::{Kind, Walk};

use crate::cargo::lockfile;
use crate::error::refused;
use crate::fs;
use crate::term::short_list;

/// Unpacked crates.
#[derive(Debug, Default, PartialEq)]
pub struct Sources {
    /// As they were downloaded.
    pub intact: Vec<PathBuf>,
    /// Those that were modified: cargo is to unpack them again.
    pub changed: Vec<PathBuf>,
}

impl Sources {
    /// What a report says of those that were changed.
    pub fn note(&self) -> Option<String> {
        let names = self.changed.iter().filter_map(|dir| dir.file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        (!names.is_empty()).then(|| {
            format!(
                "the builds had these crates as they were published, not as they are in your cargo home, where they were modified: {}",
                short_list(&names)
            )
        })
    }
}

/// Judges the crates unpacked in the cargo home `user`.
///
/// # Errors
/// A download itself is not what the lockfile names, or what that names is not known.
pub fn sort(unpacked: Vec<PathBuf>, user: &Path, lockfile: &str) -> Result<Sources> {
    let checksums = checksums(lockfile)?;
    let mut sources = Sources::default();
    for dir in unpacked {
        let below = dir.strip_prefix(user.join("registry/src")).unwrap_or(&dir);
        let mut download = user.join("registry/cache").join(below).into_os_string();
        download.push(".crate");
        let download = PathBuf::from(download);
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        if let (Some(known), true) = (checksums.get(&*name), download.is_file())
            && !known.contains(&digest::of_file(&download)?.sha256)
        {
            return Err(refused(format!(
                "the checksum of `{}` is not the one in Cargo.lock: remove the file, and cargo downloads it again",
                download.display()
            )));
        }
        // Without a download nothing is known; cargo would not build from it either.
        match !download.is_file() || is_intact(&dir, &download).unwrap_or(false) {
            true => sources.intact.push(dir),
            false => sources.changed.push(dir),
        }
    }
    Ok(sources)
}

/// Checksums of `name-version`: several if registries have different crates of that name.
fn checksums(lockfile: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lockfile::parse(lockfile)?.packages {
        let name = format!("{}-{}", package.name, package.version);
        if let Some(sum) = package.checksum {
            found.entry(name).or_default().insert(sum);
        }
    }
    Ok(found)
}

/// Whether a directory has the files of the download, and no others.
fn is_intact(dir: &Path, download: &Path) -> Result<bool> {
    let limits = Limits::default();
    let file =
        File::open(download).with_context(|| format!("failed to open `{}`", download.display()))?;
    let mut walk = Walk::lenient(Unpacked::new(&file, Compression::Gzip, &limits)?, &limits);
    // Of a name that comes twice the last one stays.
    let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let unreadable = |_| anyhow::anyhow!("`{}` cannot be unpacked", download.display());
    while let Some(entry) = walk.next().map_err(unreadable)? {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let path = name.split_once('/').map(|(_, below)| PathBuf::from(below)).unwrap_or_default();
        match entry.kind {
            Kind::Dir => {}
            Kind::File => {
                let mut content = Vec::new();
                walk.read_to_end(&mut content)?;
                files.insert(path, content);
            }
            // Nothing that cargo packs.
            _ => return Ok(false),
        }
    }
    for (path, meta) in fs::walk(dir, &mut |_| true)? {
        let below = path.strip_prefix(dir).unwrap_or(&path);
        if meta.is_dir() || below == Path::new(".cargo-ok") {
            continue;
        }
        let same = files.remove(below).is_some_and(|content| {
            meta.is_file()
                && meta.len() == content.len() as u64
                && std::fs::read(&path).is_ok_and(|read| read == content)
        });
        if !same {
            return Ok(false);
        }
    }
    // cargo writes this one itself.
    files.remove(Path::new(".cargo-ok"));
    Ok(files.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Kind as ErrorKind, kind_of};

    #[test]
    fn without_a_lockfile_that_can_be_read_no_crate_is_judged() {
        let judged = |lockfile| sort(Vec::new(), Path::new("/home"), lockfile);
        assert_eq!(judged("version = 4\n").unwrap(), Sources::default());
        assert_eq!(kind_of(&judged("version = 4\n[[package]\n").unwrap_err()), ErrorKind::BadInput);
    }
}

//! The files of the ledger: `entries/<scope>/<key>`, each a code and an entry, and `blobs/xx/<sha256>`,
//! compressed. Written whole or not at all; what does not verify is as if it were not there.
//! All runs of a user share it: many may read at once, and one writes at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use repro_formats::digest::{self, Digest, Hasher};

use super::entry::{Entry, Output, digest_of};
use super::mac::Key;
use super::{Varied, covers, of_user};
use crate::error::host;
use crate::fs;

/// Bytes that a ledger may have, unless `repro ledger prune` is given another number.
pub const LARGEST: u64 = 4 << 30;
/// Bytes that an entry may have.
const LONGEST: u64 = 16 << 20;
/// Compression: speed counts, both sides read it.
const LEVEL: i32 = 1;

/// The directory of the ledger where none is given.
///
/// # Errors
/// There is no home directory.
pub fn default_dir() -> Result<PathBuf> {
    Ok(of_user("XDG_CACHE_HOME", ".cache")?.join("ledger"))
}

/// The ledger of a user.
pub struct Ledger {
    dir: PathBuf,
    key: Key,
}

/// An entry as it was found.
pub struct StoredEntry {
    /// Its file.
    pub path: PathBuf,
    /// The entry; none where the file is not one, or is altered.
    pub entry: Option<Entry>,
    /// Whether this user wrote it.
    pub own: bool,
    /// When it was used last.
    pub used: SystemTime,
}

impl Ledger {
    /// Opens one, and makes it where there is none.
    ///
    /// # Errors
    /// It cannot be written, or the key cannot be used.
    pub fn open(dir: &Path) -> Result<Ledger> {
        fs::create_dir(dir)?;
        let dir = fs::canonicalize(dir)
            .with_context(|| format!("failed to resolve `{}`", dir.display()))?;
        fs::create_dir(&dir.join("blobs"))?;
        Ok(Ledger { dir, key: Key::of_user()? })
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the outputs are.
    pub fn blobs(&self) -> PathBuf {
        self.dir.join("blobs")
    }

    fn of_scope(&self, scope: &str) -> PathBuf {
        self.dir.join("entries").join(&digest_of(scope)[..16])
    }

    /// Waits until no other run writes, and keeps others from it until it is dropped.
    ///
    /// # Errors
    /// The file cannot be locked.
    pub fn lock(&self) -> Result<File> {
        let path = self.dir.join(".lock");
        let what = || format!("failed to lock `{}`", path.display());
        let file = fs::lock_file(&path)?;
        file.lock().with_context(what)?;
        Ok(file)
    }

    /// Stores a file, if it is not there yet as it should be.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, from: &Path, digest: &Digest) -> Result<()> {
        let to = blob(&self.blobs(), &digest.sha256);
        let output =
            Output { name: String::new(), sha256: digest.sha256.clone(), size: digest.size };
        if self.is_stored(&output) {
            return Ok(());
        }
        let input = File::open(from);
        let mut input = input.with_context(|| format!("failed to read `{}`", from.display()))?;
        place(&to, &mut |file| {
            let mut encoder = zstd::Encoder::new(file, LEVEL)?;
            std::io::copy(&mut input, &mut encoder)?;
            encoder.finish().map(drop)
        })
    }

    /// Adds an entry; its outputs are there already.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&self, scope: &str, entry: &Entry) -> Result<()> {
        let text = serde_json::to_string(entry).context("failed to encode an entry")?;
        let code = self.key.sign(text.as_bytes());
        let path = self.of_scope(scope).join(entry.key());
        place(&path, &mut |file| writeln!(file, "{code}\n{text}"))
    }

    /// Marks an entry as used now.
    pub fn touch(&self, scope: &str, key: &str) {
        let path = self.of_scope(scope).join(key);
        let file = File::options().append(true).open(path);
        let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
    }

    fn read(&self, path: PathBuf) -> StoredEntry {
        let used = fs::lstat(&path).ok().and_then(|m| m.modified().ok());
        let used = used.unwrap_or(SystemTime::UNIX_EPOCH);
        let mut text = String::new();
        let file = File::open(&path).and_then(|f| f.take(LONGEST).read_to_string(&mut text));
        let lines = text.strip_suffix('\n').and_then(|t| t.split_once('\n'));
        let (code, text) = lines.filter(|_| file.is_ok()).unwrap_or_default();
        let entry = serde_json::from_str::<Entry>(text).ok();
        let is_named = |e: &Entry| path.file_name() == Some(e.key().as_ref());
        let entry = entry.filter(|e| e.is_sound() && is_named(e));
        StoredEntry { own: self.key.is_own(text.as_bytes(), code), path, entry, used }
    }

    /// All entries, of all projects.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn all(&self) -> Result<Vec<StoredEntry>> {
        let root = self.dir.join("entries");
        let scopes = fs::entries_if_any(&root)?;
        let mut found = Vec::new();
        for dir in scopes.iter().map(|name| root.join(name)).filter(|dir| dir.is_dir()) {
            found.extend(self.within(&dir)?);
        }
        Ok(found)
    }

    fn within(&self, dir: &Path) -> Result<Vec<StoredEntry>> {
        let names = fs::entries_if_any(dir)?;
        let names = names.iter().filter(|name| digest::is_sha256(&name.to_string_lossy()));
        Ok(names.map(|name| self.read(dir.join(name))).collect())
    }

    /// Writes what the builds of a run may use to a directory of its own: entries of a project that were
    /// compared under at least what is `varied` now. With `trust`, also those of others.
    ///
    /// # Errors
    /// The ledger cannot be read, or the directory not be written.
    pub fn show(&self, scope: &str, varied: &Varied, trust: bool, to: &Path) -> Result<()> {
        let mut by_call: BTreeMap<String, Vec<(bool, Entry)>> = BTreeMap::new();
        for found in self.within(&self.of_scope(scope))? {
            let Some(entry) = found.entry else { continue };
            if (found.own || trust) && covers(&entry.varied, varied) {
                by_call.entry(entry.primary.clone()).or_default().push((found.own, entry));
            }
        }
        fs::create_dir(to)?;
        for (primary, entries) in by_call.iter().filter(|(primary, _)| digest::is_sha256(primary)) {
            let text = serde_json::to_vec(entries).context("failed to encode entries")?;
            fs::write(&to.join(primary), text)?;
        }
        Ok(())
    }

    /// The stored outputs, and what killed runs left of some, with what they take. Whatever else is there is
    /// not the ledger's: the directory can be one that has other files.
    fn stored(&self) -> Result<Vec<(PathBuf, u64)>> {
        let blobs = self.blobs();
        let all = fs::walk(&blobs, &mut |_| true)?;
        let own = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            match digest::is_sha256(&name) {
                true => path == blob(&blobs, &name),
                false => name.starts_with(fs::TEMPORARY),
            }
        };
        let files = all.into_iter().filter(|(path, meta)| meta.is_file() && own(path));
        Ok(files.map(|(path, meta)| (path, meta.len())).collect())
    }

    /// Bytes that the stored outputs take.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn size(&self) -> Result<u64> {
        Ok(self.stored()?.iter().map(|(_, size)| size).sum())
    }

    /// Removes what cannot be used, then the entries that were used least recently, until the outputs
    /// have at most `largest` bytes. Returns how many entries were removed.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn prune(&self, largest: u64) -> Result<usize> {
        let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
        for (path, size) in self.stored()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match digest::is_sha256(&name) {
                true => drop(sizes.insert(name, size)),
                // What a killed run left.
                false => fs::remove_tree_or_file(&path)?,
            }
        }
        let mut all = self.all()?;
        all.sort_by_key(|found| std::cmp::Reverse(found.used));
        let mut kept: BTreeSet<String> = BTreeSet::new();
        let (mut total, mut removed) = (0, 0);
        for found in all {
            let outputs = found.entry.iter().flat_map(|e| &e.outputs).map(|o| o.sha256.clone());
            let outputs: BTreeSet<String> = outputs.collect();
            let new = outputs.iter().filter(|o| !kept.contains(*o)).map(|o| sizes.get(o));
            let size: Option<u64> = new.map(Option::<&u64>::copied).sum();
            match size.filter(|size| found.entry.is_some() && total + size <= largest) {
                Some(size) => {
                    total += size;
                    kept.extend(outputs);
                }
                None => {
                    fs::remove_tree_or_file(&found.path)?;
                    removed += 1;
                }
            }
        }
        for name in sizes.keys().filter(|name| !kept.contains(*name)) {
            fs::remove_tree_or_file(&blob(&self.blobs(), name))?;
        }
        Ok(removed)
    }

    /// Whether every output of an entry is stored as it was.
    pub fn holds(&self, entry: &Entry) -> bool {
        entry.outputs.iter().all(|output| self.is_stored(output))
    }

    fn is_stored(&self, output: &Output) -> bool {
        let found = unpack(&self.blobs(), output, &mut std::io::sink());
        found.is_ok_and(|found| found.sha256 == output.sha256)
    }
}

fn blob(blobs: &Path, sha256: &str) -> PathBuf {
    blobs.join(&sha256[..2]).join(sha256)
}

/// Writes a file that appears whole or not at all. It is not forced to the disk: what a power failure
/// leaves of it does not verify.
fn place(path: &Path, write: &mut dyn FnMut(&mut File) -> std::io::Result<()>) -> Result<()> {
    let what = || format!("failed to write `{}`", path.display());
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir(dir)?;
    let mut file =
        tempfile::Builder::new().prefix(fs::TEMPORARY).tempfile_in(dir).with_context(what)?;
    write(file.as_file_mut()).with_context(what)?;
    file.persist(path).map_err(|e| e.error).with_context(what)?;
    Ok(())
}

/// Never more than the entry says: a stored file can be anyone's. Returns the digest of what it holds.
fn unpack(blobs: &Path, output: &Output, to: &mut dyn Write) -> std::io::Result<Digest> {
    let file = File::open(blob(blobs, &output.sha256))?;
    let mut input = zstd::Decoder::new(file)?.take(output.size.saturating_add(1));
    let mut hasher = Hasher::default();
    let mut block = vec![0; 128 * 1024];
    loop {
        let n = input.read(&mut block)?;
        if n == 0 {
            return Ok(hasher.finish());
        }
        hasher.write_all(&block[..n])?;
        to.write_all(&block[..n])?;
    }
}

/// Unpacks a stored output, if it is there and is what it should be.
///
/// # Errors
/// It is not, or `to` cannot be written.
pub fn restore(blobs: &Path, output: &Output, to: &Path) -> Result<()> {
    let what = || format!("failed to restore `{}`", to.display());
    let name = format!("{}{}", fs::TEMPORARY, output.sha256);
    let temporary = to.with_file_name(name);
    let mut file = File::create(&temporary).with_context(what)?;
    let found = unpack(blobs, output, &mut file).with_context(what);
    let found = found.and_then(|found| match found.sha256 == output.sha256 {
        true => Ok(()),
        false => Err(host(format!("`{}` of the ledger is altered", output.sha256))),
    });
    if found.is_err() {
        let _ = std::fs::remove_file(&temporary);
        return found;
    }
    std::fs::rename(&temporary, to).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::super::entry::VERSION;
    use super::*;

    #[test]
    fn no_bit_of_an_entry_can_be_changed() {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::at(&dir.path().join("key")).unwrap();
        let ledger = Ledger { dir: dir.path().to_owned(), key };
        let entry = Entry {
            version: VERSION.to_string(),
            package: "x 0.1.0".to_string(),
            primary: digest_of("call"),
            varied: Varied::from([("clock".to_string(), true)]),
            ..Entry::default()
        };
        ledger.add("scope", &entry).unwrap();
        let path = ledger.of_scope("scope").join(entry.key());
        let used = || {
            let found = ledger.all().unwrap();
            found.iter().any(|f| f.own && f.entry.is_some())
        };
        let text = std::fs::read(&path).unwrap();
        for at in 0..text.len() {
            let mut bytes = text.clone();
            bytes[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bytes).unwrap();
            // The code is in hexadecimal: `A` and `a` are the same.
            let same = bytes.eq_ignore_ascii_case(&text) && at < 64;
            assert_eq!(used(), same, "byte {at}");
        }
        std::fs::write(&path, text).unwrap();
        assert!(used());
        // Another project does not see it, and under another name it is none.
        let elsewhere = ledger.of_scope("scope").join(digest_of("another key"));
        std::fs::rename(&path, elsewhere).unwrap();
        assert!(!used());
    }
}

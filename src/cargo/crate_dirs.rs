//! Where crates of crates.io are unpacked on this machine, and where they are for everyone: a mirror
//! has a directory of its own in the cargo home, and `cargo vendor` has them in the source.
//! Each has a remap, so a crate has the same path in the builds of everyone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::DocumentMut;

use crate::cargo::lockfile;
use crate::fs;

/// The directory that cargo itself has for crates.io, below the cargo home.
const OWN: &str = "registry/src/index.crates.io-1949cf8c6b5b557f";
/// What a lockfile calls crates.io.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// What a directory source has in each crate.
const CHECKSUMS: &str = ".cargo-checksum.json";

/// A directory with the code of one crate or of several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrateDir {
    /// Where it is.
    pub from: PathBuf,
    /// The path that stands for it.
    pub to: String,
    /// A build script there may compile C.
    pub scripted: bool,
}

/// `name-version` of the packages of a lockfile that are from crates.io.
pub fn of_crates_io(lockfile: &str) -> BTreeSet<String> {
    let packages = lockfile::packages(lockfile).into_iter();
    let own = packages.filter(|package| package.source.as_deref() == Some(CRATES_IO));
    own.map(|package| format!("{}-{}", package.name, package.version)).collect()
}

/// The remap of a crate of `crates` that is unpacked at `dir`, below the directory `registries` of a
/// cargo home. The name of a registry there can depend on a path, so it is known only when cargo ran.
pub fn remap_of(
    dir: &Path,
    registries: &Path,
    crates: &BTreeSet<String>,
) -> Option<(PathBuf, String)> {
    let registry = dir.parent().filter(|registry| registry.parent() == Some(registries))?;
    let known = crates.contains(dir.file_name()?.to_str()?);
    known.then(|| (registry.to_owned(), format!("/cargo/{OWN}")))
}

/// Commits of the git dependencies of a lockfile.
pub fn commits(lockfile: &str) -> BTreeSet<String> {
    let packages = lockfile::packages(lockfile);
    packages.iter().filter_map(|package| Some(package.git()?.1.to_string())).collect()
}

/// The remap of a git dependency that is checked out at or above `dir`, below the directory `checkouts` of
/// a cargo home. cargo names it by a short id, which git's settings and the objects at hand make longer.
pub fn remap_of_checkout(
    dir: &Path,
    checkouts: &Path,
    commits: &BTreeSet<String>,
) -> Option<(PathBuf, String)> {
    const SHORT: usize = 7;
    let mut parts = dir.strip_prefix(checkouts).ok()?.components();
    let (repository, id) = (parts.next()?, parts.next()?.as_os_str().to_str()?);
    let commit = commits.iter().find(|commit| commit.starts_with(id))?;
    let from = checkouts.join(repository).join(id);
    let repository = repository.as_os_str().to_str()?;
    let to = format!("/cargo/git/checkouts/{repository}/{}", commit.get(..SHORT)?);
    (id.len() != SHORT).then_some((from, to))
}

/// The directories in a cargo home that have some of `crates` and are not cargo's own for crates.io.
/// `unpacked` are the directories of single crates, in the cargo home `user`; the build has `home`.
pub fn mirrors(
    unpacked: &[PathBuf],
    user: &Path,
    home: &Path,
    crates: &BTreeSet<String>,
) -> BTreeSet<CrateDir> {
    let below = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        let registry = path.parent()?.strip_prefix(user).ok()?;
        (crates.contains(name) && registry != Path::new(OWN)).then(|| home.join(registry))
    };
    let found = unpacked.iter().filter_map(|path| below(path));
    found.map(|from| CrateDir { from, to: format!("/cargo/{OWN}"), scripted: true }).collect()
}

/// The crates of a directory source at `dir`, on this machine, that are among `crates`; the build sees
/// it at `seen`.
pub fn vendored(dir: &Path, seen: &Path, crates: &BTreeSet<String>) -> Result<BTreeSet<CrateDir>> {
    let mut found = BTreeSet::new();
    for entry in fs::entries_if_any(dir)? {
        let one = dir.join(&entry);
        if !one.join(CHECKSUMS).is_file() {
            continue;
        }
        let manifest = fs::read_text_if_any(&one.join("Cargo.toml"))?.unwrap_or_default();
        let manifest = manifest.parse::<DocumentMut>().unwrap_or_default();
        let text = |key: &str| manifest.get("package")?.get(key)?.as_str().map(str::to_string);
        let (Some(name), Some(version)) = (text("name"), text("version")) else { continue };
        let named = format!("{name}-{version}");
        if crates.contains(&named) {
            let scripted = one.join("build.rs").is_file() || text("links").is_some();
            let to = format!("/cargo/{OWN}/{named}");
            found.insert(CrateDir { from: seen.join(&entry), to, scripted });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n[[package]]\nname = 'a'\nversion = '1.0.0'\n\
        source = 'registry+https://github.com/rust-lang/crates.io-index'\n\
        [[package]]\nname = 'b'\nversion = '1.0.0'\nsource = 'registry+https://other/index'\n\
        [[package]]\nname = 'own'\nversion = '1.0.0'\n";

    #[test]
    fn only_crates_of_crates_io_have_one_place_for_everyone() {
        let crates = of_crates_io(LOCK);
        assert_eq!(crates, BTreeSet::from(["a-1.0.0".to_string()]));
        let at = |registry: &str, name: &str| {
            PathBuf::from(format!("/u/registry/src/{registry}/{name}"))
        };
        let unpacked = [
            at("mirror-0123", "a-1.0.0"),
            at("other-4567", "b-1.0.0"),
            at("index.crates.io-1949cf8c6b5b557f", "a-1.0.0"),
        ];
        let found = mirrors(&unpacked, Path::new("/u"), Path::new("/side"), &crates);
        let from: Vec<_> = found.iter().map(|d| d.from.as_path()).collect();
        assert_eq!(from, [Path::new("/side/registry/src/mirror-0123")]);

        let registries = Path::new("/u/registry/src");
        let remap = |dir: &PathBuf| remap_of(dir, registries, &crates).map(|(from, _)| from);
        assert_eq!(remap(&unpacked[0]), Some(registries.join("mirror-0123")));
        assert_eq!(remap(&unpacked[1]), None);
        assert_eq!(remap(&"/u/a-1.0.0".into()), None);

        let commits = commits(
            "[[package]]\nname = 'y'\nversion = '1.0.0'\nsource = 'git+https://x/y?branch=z#0123456789abcdef'\n",
        );
        let checkouts = Path::new("/u/git/checkouts");
        let remap = |id: &str| {
            let dir = checkouts.join("y-0f1e").join(id).join("sub");
            remap_of_checkout(&dir, checkouts, &commits).map(|(from, to)| (from.ends_with(id), to))
        };
        let canonical = Some((true, "/cargo/git/checkouts/y-0f1e/0123456".to_string()));
        assert_eq!([remap("0123456789ab"), remap("0123")], [canonical.clone(), canonical]);
        assert_eq!([remap("0123456"), remap("fedcba9876")], [None, None]);

        let dir = tempfile::tempdir().unwrap();
        for (name, package) in [("a", "a"), ("b", "b"), ("own", "own")] {
            let text = format!("[package]\nname = '{package}'\nversion = '1.0.0'\nlinks = 'x'\n");
            fs::write(&dir.path().join(name).join("Cargo.toml"), text).unwrap();
            fs::write(&dir.path().join(name).join(CHECKSUMS), "{}").unwrap();
        }
        let found = vendored(dir.path(), Path::new("/s/vendor"), &crates).unwrap();
        let expected = CrateDir {
            from: "/s/vendor/a".into(),
            to: format!("/cargo/{OWN}/a-1.0.0"),
            scripted: true,
        };
        assert_eq!(found, BTreeSet::from([expected]));
    }
}

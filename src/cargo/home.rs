//! A CARGO_HOME for one side, made of copies: nothing in it shares an inode with the user's, so a
//! build script that writes there changes neither the user's files nor what the other side reads.
//!
//! It has what an offline build of a lockfile needs and no more (seen with cargo 1.63 and 1.95): of
//! the index each locked package's entry and `config.json`, each locked `.crate` (cargo opens it
//! even if the crate is unpacked), the unpacked crates that the build may use, and the git databases
//! and checkouts of locked commits. cargo makes its locks by itself. `std::fs::copy` is a reflink on
//! file systems that have them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cargo::config::{Config, ConfigPlace};
use crate::cargo::lockfile;
use crate::fs;

/// The user's CARGO_HOME: the variable, else `.cargo` in the home directory.
pub fn of_user() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let home = || set("HOME").or_else(|| set("USERPROFILE"));
    match set("CARGO_HOME") {
        Some(dir) => std::path::absolute(dir).ok(),
        None => home().map(|h| PathBuf::from(h).join(".cargo")),
    }
}

/// Makes the CARGO_HOME of one side at `to`. `lockfiles` name what the build may need; `sources` are
/// the unpacked registry crates that it may use.
pub fn make(
    user: Option<&Path>,
    to: &Path,
    config: &Config,
    lockfiles: &[&str],
    sources: &[PathBuf],
) -> Result<()> {
    fs::create_dir(to)?;
    if let Some(file) = config.files.iter().find(|f| f.place == ConfigPlace::CargoHome) {
        fs::write(&to.join("config.toml"), file.without_secrets().relocated())?;
    }
    let Some(user) = user else { return Ok(()) };
    let locked = Locked::read(lockfiles);
    copy_registries(user, to, &locked, sources)?;
    for source in sources {
        if let Ok(below) = source.strip_prefix(user) {
            fs::copy_tree(source, &to.join(below), &mut |_| true)?;
        }
    }
    copy_git(user, to, &locked)
}

/// What lockfiles name.
#[derive(Debug, Default, PartialEq)]
struct Locked {
    /// Packages.
    names: BTreeSet<String>,
    /// `name-version.crate`.
    crates: BTreeSet<String>,
    /// Commits of git dependencies.
    commits: BTreeSet<String>,
}

impl Locked {
    fn read(lockfiles: &[&str]) -> Locked {
        let mut locked = Locked::default();
        for package in lockfiles.iter().flat_map(|text| lockfile::packages(text)) {
            if let Some((_, commit)) = package.git() {
                locked.commits.insert(commit.to_string());
            } else if package.source.is_some() {
                locked.names.insert(package.name.to_lowercase());
                locked.crates.insert(format!("{}-{}.crate", package.name, package.version));
            }
        }
        locked
    }
}

/// Of each registry that has a locked crate, the locked crates and their entries of the index.
fn copy_registries(user: &Path, to: &Path, locked: &Locked, sources: &[PathBuf]) -> Result<()> {
    let cache = user.join("registry/cache");
    let mut registries = Vec::new();
    for registry in fs::entries_if_any(&cache)? {
        let here = cache.join(&registry);
        let crates: BTreeSet<_> =
            locked.crates.iter().filter(|name| here.join(name).is_file()).collect();
        registries.push((registry, crates));
    }
    let unpacked = user.join("registry/src");
    let used = |registry: &std::ffi::OsStr| {
        let below = unpacked.join(registry);
        sources.iter().any(|s| s.starts_with(&below))
    };
    for (registry, crates) in &registries {
        // The index of git that crates.io had once may still be there, and it is large.
        let spare = !used(registry)
            && registries.iter().any(|(other, all)| used(other) && crates.is_subset(all));
        if crates.is_empty() || spare {
            continue;
        }
        for name in crates {
            let below = Path::new("registry/cache").join(registry).join(name);
            copy_file(user, to, &below)?;
        }
        let index = Path::new("registry/index").join(registry);
        for name in fs::entries_if_any(&user.join(&index))? {
            let below = index.join(&name);
            match name == ".cache" {
                true => copy_entries(user, to, &below, locked)?,
                false => copy_any(user, to, &below)?,
            }
        }
    }
    Ok(())
}

fn copy_entries(user: &Path, to: &Path, cache: &Path, locked: &Locked) -> Result<()> {
    for name in &locked.names {
        let below = cache.join(index_path(name));
        if user.join(&below).is_file() {
            copy_file(user, to, &below)?;
        }
    }
    Ok(())
}

/// Where an index has a package.
/// <https://doc.rust-lang.org/cargo/reference/registry-index.html#index-files>
fn index_path(name: &str) -> String {
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        // No registry has a name that is not ASCII.
        _ if !name.is_ascii() => name.to_string(),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

/// cargo checks git dependencies out below a short form of the commit that the lockfile names, which
/// it computes from the database of the same name.
fn copy_git(user: &Path, to: &Path, locked: &Locked) -> Result<()> {
    let checkouts = Path::new("git/checkouts");
    if locked.commits.is_empty() {
        return Ok(());
    }
    for repository in fs::entries_if_any(&user.join(checkouts))? {
        let dir = checkouts.join(&repository);
        let mut needed = false;
        for short in fs::entries_if_any(&user.join(&dir))? {
            let name = short.to_string_lossy();
            if name.len() >= 7 && locked.commits.iter().any(|c| c.starts_with(&*name)) {
                copy_any(user, to, &dir.join(&short))?;
                needed = true;
            }
        }
        if needed {
            copy_any(user, to, &Path::new("git/db").join(&repository))?;
        }
    }
    Ok(())
}

fn copy_any(user: &Path, to: &Path, below: &Path) -> Result<()> {
    let from = user.join(below);
    match from.is_dir() {
        true => fs::copy_tree(&from, &to.join(below), &mut |_| true),
        false if from.is_file() => copy_file(user, to, below),
        false => Ok(()),
    }
}

fn copy_file(user: &Path, to: &Path, below: &Path) -> Result<()> {
    let (from, to) = (user.join(below), to.join(below));
    fs::create_dir(to.parent().unwrap_or(&to))?;
    // What a link leads to, and not the link: it would lead to the user's file.
    let from = fs::canonicalize(&from).unwrap_or(from);
    fs::copy_one(&from, &fs::lstat(&from)?, &to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_commits_are_read_from_the_lockfile() {
        let lock = "version = 4\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\
            [[package]]\nname = \"Inflector\"\nversion = \"0.11.4\"\nsource = \"registry+https://x\"\n\
            [[package]]\nname = \"y\"\nversion = \"1.0.0\"\nsource = \"git+https://h/y?rev=ab#abc123\"\n";
        let set = |name: &str| BTreeSet::from([name.to_string()]);
        let want = Locked {
            names: set("inflector"),
            crates: set("Inflector-0.11.4.crate"),
            commits: set("abc123"),
        };
        assert_eq!(Locked::read(&[lock]), want);
    }

    #[test]
    fn an_index_is_laid_out_by_the_length_of_names() {
        let paths = ["a", "cc", "log", "serde", "é"].map(index_path);
        assert_eq!(paths, ["1/a", "2/cc", "3/l/log", "se/rd/serde", "2/é"]);
    }

    #[test]
    fn only_what_is_locked_is_copied_and_nothing_is_linked() {
        let user = tempfile::tempdir().unwrap();
        let home = user.path();
        let names = [
            "registry/cache/r-1/log-1.0.0.crate",
            "registry/cache/r-1/other-1.0.0.crate",
            "registry/cache/old-2/log-1.0.0.crate",
            "registry/index/r-1/config.json",
            "registry/index/r-1/.cache/3/l/log",
            "registry/index/r-1/.cache/ot/he/other",
            "registry/index/old-2/.git/objects/pack",
            "registry/src/r-1/log-1.0.0/src/lib.rs",
            "registry/src/r-1/other-1.0.0/src/lib.rs",
            "git/db/y-3/HEAD",
            "git/db/z-4/HEAD",
            "git/checkouts/y-3/abc1234/lib.rs",
            "git/checkouts/y-3/fffffff/lib.rs",
            ".package-cache",
            "credentials.toml",
        ];
        for name in names {
            fs::create_dir(home.join(name).parent().unwrap()).unwrap();
            fs::write(&home.join(name), name).unwrap();
        }
        let lock = "[[package]]\nname = \"log\"\nversion = \"1.0.0\"\nsource = \"registry+https://x\"\n\
            [[package]]\nname = \"y\"\nversion = \"1.0.0\"\nsource = \"git+https://h/y#abc12345\"\n";
        let side = tempfile::tempdir().unwrap();
        let to = side.path().join("home");
        let sources = [home.join("registry/src/r-1/log-1.0.0")];
        make(Some(home), &to, &Config::default(), &[lock], &sources).unwrap();
        let mut copied = Vec::new();
        for (path, meta) in fs::walk(&to, &mut |_| true).unwrap() {
            assert!(!meta.is_symlink(), "{}", path.display());
            if meta.is_file() {
                let below = path.strip_prefix(&to).unwrap();
                assert_ne!(fs::identity(&path).unwrap(), fs::identity(&home.join(below)).unwrap());
                copied.push(below.display().to_string().replace('\\', "/"));
            }
        }
        copied.sort();
        let want = [
            "git/checkouts/y-3/abc1234/lib.rs",
            "git/db/y-3/HEAD",
            "registry/cache/r-1/log-1.0.0.crate",
            "registry/index/r-1/.cache/3/l/log",
            "registry/index/r-1/config.json",
            "registry/src/r-1/log-1.0.0/src/lib.rs",
        ];
        assert_eq!(copied, want);
    }
}

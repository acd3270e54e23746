//! A CARGO_HOME for one side: the index, the downloaded `.crate` files and git databases are
//! shared by links, while the directories of the sources that a build reads are its own.
//!
//! Unpacked crates are hard-linked file by file, which costs a fifth of copying or unpacking them.
//! A link to a directory would cost nothing, but a path that a build script makes canonical would
//! be the same on both sides, and hide a leak.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo::config::{Config, Place};
use crate::fs;

/// What a side shares with the user's CARGO_HOME, by link.
const SHARED: &[&str] = &["registry/index", "registry/cache", "git/db", ".package-cache"];

/// The user's CARGO_HOME: the variable, else `.cargo` in the home directory.
pub fn of_user() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let home = || set("HOME").or_else(|| set("USERPROFILE"));
    match set("CARGO_HOME") {
        Some(dir) => std::path::absolute(dir).ok(),
        None => home().map(|h| PathBuf::from(h).join(".cargo")),
    }
}

/// Makes the CARGO_HOME of one side at `to`. `lockfile` tells which git checkouts it needs.
/// `sources` are the unpacked registry crates that the build may use.
pub fn make(
    user: Option<&Path>,
    to: &Path,
    config: &Config,
    lockfile: &str,
    sources: &[PathBuf],
) -> Result<()> {
    fs::create_dir(to)?;
    if let Some(file) = config.files.iter().find(|f| f.place == Place::CargoHome) {
        fs::write(&to.join("config.toml"), file.relocated())?;
    }
    let Some(user) = user else {
        return Ok(());
    };
    for shared in SHARED {
        let real = user.join(shared);
        if !real.exists() {
            continue;
        }
        let link = to.join(shared);
        fs::create_dir(link.parent().unwrap_or(to))?;
        if fs::symlink(&real, &link, real.is_dir()).is_err() {
            // Links may need a right that the user lacks (Windows).
            copy(&real, &link)?;
        }
    }
    for source in sources {
        if let Ok(below) = source.strip_prefix(user) {
            link_tree(source, &to.join(below))?;
        }
    }
    copy_checkouts(user, to, lockfile)
}

fn link_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for (path, meta) in fs::walk(from, &mut |_| true)? {
        let there = to.join(path.strip_prefix(from).expect("walk stays below its root"));
        let linked = meta.is_file() && std::fs::hard_link(&path, &there).is_ok();
        if !linked {
            fs::copy_one(&path, &meta, &there)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::copy_tree(from, to, &mut |_| true)
    } else {
        std::fs::copy(from, to)
            .map(drop)
            .with_context(|| format!("failed to copy `{}`", from.display()))
    }
}

/// cargo checks git dependencies out below a short form of the commit that the lockfile names.
fn copy_checkouts(user: &Path, to: &Path, lockfile: &str) -> Result<()> {
    let commits = locked_commits(lockfile);
    let checkouts = user.join("git/checkouts");
    if commits.is_empty() || !checkouts.is_dir() {
        return Ok(());
    }
    for repository in fs::entries(&checkouts)? {
        let dir = checkouts.join(&repository);
        if !dir.is_dir() {
            continue;
        }
        for short in fs::entries(&dir)? {
            let name = short.to_string_lossy();
            if name.len() >= 7 && commits.iter().any(|c| c.starts_with(&*name)) {
                let copy = to.join("git/checkouts").join(&repository).join(&short);
                fs::copy_tree(&dir.join(&short), &copy, &mut |_| true)?;
            }
        }
    }
    Ok(())
}

fn locked_commits(lockfile: &str) -> Vec<&str> {
    lockfile
        .lines()
        .filter_map(|l| l.strip_prefix("source = \"git+"))
        .filter_map(|l| l.trim_end_matches('"').rsplit_once('#'))
        .map(|(_, commit)| commit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_of_git_dependencies_are_read_from_the_lockfile() {
        let lock = "source = \"registry+https://x\"\nsource = \"git+https://h/x?rev=ab#abc123\"\n";
        assert_eq!(locked_commits(lock), ["abc123"]);
    }
}

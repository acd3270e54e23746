//! The tracked files as they are in the work tree: which differ from HEAD, the tree id of it all,
//! and how they are put over a copy of HEAD.
//!
//! Ids are computed with an index and an object directory of our own: nothing is written in the
//! user's repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::repository::{git_path, text};
use crate::error::refused;
use crate::fs;
use crate::git::{git, paths};
use crate::process::Cmd;

/// What became of a tracked path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Now {
    /// It is no longer there, or no longer tracked.
    Gone,
    /// A file or a link, new or changed.
    File,
    /// A submodule at another commit, or with changes of its own.
    Submodule,
}

/// Tracked paths that differ from HEAD, relative to the top level.
pub(super) fn changes(top: &Path) -> Result<Vec<(PathBuf, Now)>> {
    let args = ["diff", "--raw", "--no-renames", "--ignore-submodules=untracked", "-z", "HEAD"];
    let out = git(top, args).checked()?;
    // Each entry is `:<mode> <mode now> <id> <id now> <letter>`, NUL, path, NUL (git-diff(1)).
    let mut found = Vec::new();
    for entry in paths(&out).chunks_exact(2) {
        let meta = entry[0].to_string_lossy();
        let words: Vec<&str> = meta.split(' ').collect();
        let now = match (words.get(1).copied(), words.last().copied()) {
            (_, Some("U")) => {
                return Err(refused(format!(
                    "`{}` has a merge conflict: resolve it first",
                    entry[1].display()
                )));
            }
            (_, Some("D")) => Now::Gone,
            (Some("160000"), _) => Now::Submodule,
            _ => Now::File,
        };
        found.push((entry[1].clone(), now));
    }
    Ok(found)
}

/// Tree id of the tracked files as they are. A submodule with changes of its own is in it with its
/// files, as it has no commit of them.
pub(super) fn tree(top: &Path) -> Result<String> {
    let dir = tempfile::tempdir().context("failed to make a temporary directory")?;
    let mut own = Own { dir: dir.path(), borrowed: Vec::new(), count: 0 };
    fs::create_dir(&own.dir.join("objects"))?;
    own.tree(top)
}

/// Where ids are computed.
struct Own<'a> {
    dir: &'a Path,
    /// Object directories of the repositories.
    borrowed: Vec<PathBuf>,
    /// Of indexes.
    count: usize,
}

impl Own<'_> {
    fn tree(&mut self, top: &Path) -> Result<String> {
        self.borrowed.push(git_path(top, "objects")?);
        self.count += 1;
        let index = self.dir.join(format!("index{}", self.count));
        let changes = changes(top)?;
        // Submodules first: what they borrow is needed below.
        let mut inlined = Vec::new();
        let mut info = Vec::new();
        for (path, now) in &changes {
            let local = top.join(path);
            let (mode, id) = match now {
                Now::File => continue,
                Now::Submodule if !self::changes(&local)?.is_empty() => {
                    inlined.push((path, self.tree(&local)?));
                    ("0", None)
                }
                Now::Submodule => ("160000", Some(text(&local, ["rev-parse", "HEAD"])?)),
                Now::Gone => ("0", None),
            };
            let id = id.map_or_else(|| zeros(top), Ok)?;
            info.extend(format!("{mode} {id}\t").into_bytes());
            info.extend(path.as_os_str().as_encoded_bytes());
            info.push(0);
        }
        let files = changes.iter().filter(|(_, now)| *now == Now::File);
        let list: Vec<u8> = files
            .flat_map(|(path, _)| [path.as_os_str().as_encoded_bytes(), b"\0"].concat())
            .collect();
        self.git(top, &index, &["read-tree", "HEAD"])?.checked()?;
        let args = ["update-index", "-z", "--index-info"];
        self.git(top, &index, &args)?.stdin(info).checked()?;
        let args = ["update-index", "--add", "--replace", "-z", "--stdin"];
        self.git(top, &index, &args)?.stdin(list).checked()?;
        for (path, tree) in inlined {
            let mut prefix = std::ffi::OsString::from("--prefix=");
            prefix.push(path);
            prefix.push("/");
            let cmd = self.git(top, &index, &["read-tree"])?;
            cmd.arg(prefix).arg(tree).checked()?;
        }
        Ok(self.git(top, &index, &["write-tree", "--missing-ok"])?.checked()?.text())
    }

    fn git(&self, top: &Path, index: &Path, args: &[&str]) -> Result<Cmd> {
        let borrowed = std::env::join_paths(&self.borrowed)
            .context("failed to name the repository's object directory to git")?;
        Ok(git(top, args)
            .env("GIT_INDEX_FILE", index)
            .env("GIT_OBJECT_DIRECTORY", self.dir.join("objects"))
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", borrowed))
    }
}

/// The id that means nothing, as long as the repository's ids are.
fn zeros(top: &Path) -> Result<String> {
    Ok("0".repeat(text(top, ["rev-parse", "HEAD"])?.len()))
}

/// Puts the tracked files as they are over a copy of HEAD; submodules are left to the caller.
pub(super) fn overlay(from: &Path, to: &Path, changes: &[(PathBuf, Now)]) -> Result<()> {
    // A directory may have become a file, or a file a directory.
    for (path, _) in changes.iter().filter(|(_, now)| *now == Now::Gone) {
        fs::remove_tree_or_file(&to.join(path))?;
        // Git keeps no empty directories.
        for parent in path.ancestors().skip(1) {
            if parent.as_os_str().is_empty() || std::fs::remove_dir(to.join(parent)).is_err() {
                break;
            }
        }
    }
    for (path, _) in changes.iter().filter(|(_, now)| *now == Now::File) {
        let (here, there) = (from.join(path), to.join(path));
        fs::remove_tree_or_file(&there)?;
        if let Some(parent) = there.parent() {
            fs::create_dir(parent)?;
        }
        fs::copy_one(&here, &fs::lstat(&here)?, &there)?;
    }
    Ok(())
}

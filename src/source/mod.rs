//! Where the source comes from, and clean copies of it: a git commit, a snapshot of a work tree,
//! or a directory. What lies outside the source is found before anything is copied.
//!
//! Nothing here writes in the user's tree, git state or index.

pub mod address;
mod checkout;
pub mod commit;
mod directory;
pub mod exported;
mod git;
pub mod identity;
mod lockfile;
mod outside;
pub mod remote;
mod repository;
mod snapshot;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::{Kind, failure, refused};
use crate::query;

pub use checkout::refresh_index;
pub use repository::{root_of, without_credentials};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The user's Cargo.toml, absolute.
    pub manifest: PathBuf,
    /// `--source`: copy this directory, in git or not.
    pub directory: Option<PathBuf>,
    /// `--rev`.
    pub rev: Option<String>,
    /// `--allow-dirty`.
    pub allow_dirty: bool,
    /// The user's cargo target directory, absolute: never copied.
    pub target_dir: PathBuf,
    /// What messages call the source where the user did not name its directory.
    pub called: Option<String>,
    /// The time of a directory, where something says it.
    pub time: Option<i64>,
}

/// A source that was found.
#[derive(Clone, Debug)]
pub struct Source {
    /// Canonical root: git's top level, or the directory that is copied.
    pub root: PathBuf,
    /// The workspace root directory, relative to `root`.
    pub workspace: PathBuf,
    /// The directory of the manifest, relative to `root`: cargo is run there.
    pub package: PathBuf,
    /// Commit or directory.
    pub origin: Origin,
    /// What messages call `root`.
    pub called: String,
    /// The time of a directory, seconds since 1970, where the archive that it was in says one.
    pub time: Option<i64>,
    /// For a directory source: what is copied, relative to `root`, if not all of it.
    parts: Vec<PathBuf>,
    /// Directories that are never copied, absolute.
    left_out: Vec<PathBuf>,
    /// Take the tracked files as they are.
    snapshot: bool,
}

/// What the source is.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A commit, or a snapshot on top of one.
    Git(Commit),
    /// A directory.
    Directory,
}

/// A commit, and what differs from it.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// URL of the remote, without user name and password.
    pub remote: Option<String>,
    /// Commit id.
    pub commit: String,
    /// Tree id of what is built; of the snapshot where there is one.
    pub tree: String,
    /// Committer time, seconds since 1970.
    pub time: i64,
    /// Changed tracked paths that are built as they are.
    pub dirty: Vec<String>,
    /// Files that git neither tracks nor ignores: not part of the source.
    pub untracked: usize,
}

/// Finds the source and checks that it can be copied whole.
pub fn find(wanted: &Wanted) -> Result<Source> {
    if wanted.rev.is_some() && wanted.allow_dirty {
        return Err(failure(
            Kind::Usage,
            "`--rev` builds a commit and `--allow-dirty` the work tree: give one of the two",
        ));
    }
    let manifest = std::fs::canonicalize(&wanted.manifest)
        .with_context(|| format!("failed to resolve `{}`", wanted.manifest.display()))?;
    let package = manifest.parent().unwrap_or(Path::new("/")).to_owned();
    let workspace = query::workspace_root(&manifest)?;
    let found = Found { manifest, package, workspace };
    let top = match wanted.directory {
        Some(_) => None,
        None => repository::top_level(&found.workspace)?,
    };
    match top {
        Some(top) => git::find(wanted, &found, top),
        None if wanted.rev.is_some() || wanted.allow_dirty => Err(refused(format!(
            "`{}` is not in a git repository, so that --rev and --allow-dirty mean nothing there: leave them out",
            found.workspace.display()
        ))),
        None => directory::find(wanted, &found),
    }
}

/// What is known of the manifest; all canonical.
struct Found {
    manifest: PathBuf,
    package: PathBuf,
    workspace: PathBuf,
}

impl Found {
    fn source(&self, wanted: &Wanted, root: PathBuf, origin: Origin) -> Result<Source> {
        let below = |path: &Path| {
            path.strip_prefix(&root).map(Path::to_owned).map_err(|_| {
                refused(format!(
                    "`{}` lies outside the source `{}`: give their common parent with --source DIR",
                    path.display(),
                    root.display()
                ))
            })
        };
        let target = std::fs::canonicalize(&wanted.target_dir);
        Ok(Source {
            workspace: below(&self.workspace)?,
            package: below(&self.package)?,
            left_out: vec![
                target.unwrap_or_else(|_| wanted.target_dir.clone()),
                self.workspace.join("target"),
            ],
            snapshot: wanted.allow_dirty,
            parts: Vec::new(),
            time: wanted.time,
            called: wanted.called.clone().unwrap_or_else(|| root.display().to_string()),
            root,
            origin,
        })
    }
}

impl Source {
    /// Makes a clean copy at `to`, which is not there yet.
    pub fn check_out(&self, to: &Path) -> Result<()> {
        match &self.origin {
            Origin::Git(commit) => {
                checkout::check_out(&self.root, &commit.commit, self.snapshot, to)
            }
            Origin::Directory => directory::copy(self, to),
        }
    }

    /// The refusal to build a directory without a time for SOURCE_DATE_EPOCH.
    pub fn without_time(&self) -> anyhow::Error {
        let in_git = repository::top_level(&self.root).ok().flatten().is_some();
        let why = match in_git {
            true => "is built as it is, and not as the commit that git has of it",
            false => "is not in git",
        };
        refused(format!(
            "`{}` {why}, so there is no commit time for SOURCE_DATE_EPOCH: give one with --epoch SECONDS",
            self.called
        ))
    }

    /// Names of path dependencies and members that lie in the source, but outside the workspace
    /// root; asked of a copy.
    pub fn beside_workspace(&self, copy: &Path) -> Result<Vec<String>> {
        if self.workspace.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let workspace = copy.join(&self.workspace);
        let beside = outside::find(&workspace, &workspace)?;
        Ok(beside.into_iter().map(|o| o.name).collect())
    }

    /// SHA-256 over a copied directory: sorted paths, kinds, exec bits and contents.
    pub fn content_digest(copy: &Path) -> Result<String> {
        directory::digest_of(copy)
    }
}

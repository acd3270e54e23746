//! A request for a source, and the facts about the source that was found.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::refused;
use crate::metadata::Cargo;
use crate::request::SourceChoice;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct SourceRequest {
    /// Who answers questions about it.
    pub cargo: Cargo,
    /// The user's Cargo.toml, absolute.
    pub manifest: PathBuf,
    /// The user's cargo target directory, absolute: never copied.
    pub target_dir: PathBuf,
    /// What the user chose.
    pub choice: SourceChoice,
}

/// A source that was found.
#[derive(Clone, Debug)]
pub struct Source {
    /// Who answers questions about it.
    pub cargo: Cargo,
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
    pub(super) parts: Vec<PathBuf>,
    /// Directories and files that are never copied, absolute.
    pub(super) left_out: Vec<PathBuf>,
    pub(super) take: Take,
}

/// What a copy takes of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// The commit.
    Commit,
    /// The commit, each of its objects checked against its id.
    Checked,
    /// The tracked files as they are.
    Snapshot,
}

impl Take {
    /// What it takes of a store without a work tree.
    pub(super) fn of_store(self) -> Take {
        if self == Take::Snapshot { Take::Commit } else { self }
    }
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
    pub untracked: Vec<String>,
}

/// What is known of the manifest; all canonical.
pub(super) struct Paths {
    pub(super) manifest: PathBuf,
    pub(super) package: PathBuf,
    pub(super) workspace: PathBuf,
}

impl Paths {
    /// The source that a request means, at `root`.
    pub fn source(&self, request: &SourceRequest, root: PathBuf, origin: Origin) -> Result<Source> {
        let below = |path: &Path| {
            path.strip_prefix(&root).map(Path::to_owned).map_err(|_| {
                refused(format!(
                    "`{}` is outside the source `{}`: pass their common parent with --source DIR",
                    path.display(),
                    root.display()
                ))
            })
        };
        let target = crate::fs::canonicalize(&request.target_dir);
        Ok(Source {
            cargo: request.cargo.clone(),
            workspace: below(&self.workspace)?,
            package: below(&self.package)?,
            left_out: [
                target.unwrap_or_else(|_| request.target_dir.clone()),
                self.workspace.join("target"),
            ]
            .into_iter()
            .chain(request.choice.without.iter().cloned())
            .collect(),
            take: if request.choice.untrusted { Take::Checked } else { Take::Commit },
            parts: Vec::new(),
            time: request.choice.time,
            called: request.choice.called.clone().unwrap_or_else(|| root.display().to_string()),
            root,
            origin,
        })
    }
}

//! Where the source comes from, and clean copies of it: a git commit, a snapshot of a work tree, or
//! a directory. Anything outside the source is found before the copy.
//!
//! Nothing here writes in the user's tree, git state or index.

mod checkout;
pub mod commit;
mod directory;
pub mod exported;
mod found;
mod git;
pub mod git_url;
pub mod identity;
pub mod include;
mod lockfile;
mod path_deps;
pub mod remote;
mod repository;
mod snapshot;
mod sound;
pub mod spec;
#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::Result;

use crate::error::{refused, usage};

use found::Paths;

pub use checkout::{refresh_index, sign_logs};
pub use directory::content_digest;
pub use found::{Origin, Source, SourceRequest};
pub use lockfile::AsItIs;
pub use repository::{all_below, is_shallow, is_store, root_of, without_credentials};

/// Finds the source and checks that it can be copied whole.
pub fn find(request: &SourceRequest) -> Result<Source> {
    let choice = &request.choice;
    if choice.rev.is_some() && choice.allow_dirty {
        return Err(usage(
            "`--rev` builds a commit and `--allow-dirty` the work tree: give one of the two",
        ));
    }
    let manifest = crate::fs::resolve(&request.manifest)?;
    let package = manifest.parent().unwrap_or(Path::new("/")).to_owned();
    let workspace = request.cargo.workspace_root(&manifest)?;
    let found = Paths { manifest, package, workspace };
    let top = match choice.directory {
        Some(_) => None,
        None => repository::top_level(&found.workspace)?,
    };
    match top {
        Some(top) => git::find(request, &found, top),
        None if choice.rev.is_some() || choice.allow_dirty => Err(refused(format!(
            "`{}` is not in a git repository, so --rev and --allow-dirty do not apply: leave them out",
            found.workspace.display()
        ))),
        None => directory::find(request, &found),
    }
}

impl Source {
    /// Makes a clean copy at `to`, which is not there yet.
    pub fn check_out(&self, to: &Path) -> Result<()> {
        match &self.origin {
            Origin::Git(commit) => checkout::check_out(&self.root, &commit.commit, self.take, to),
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

    /// Names of path dependencies and members that are in the source, but outside the workspace root.
    /// `copy` is a copy of the source.
    pub fn beside_workspace(&self, copy: &Path) -> Result<Vec<String>> {
        if self.workspace.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let workspace = copy.join(&self.workspace);
        let beside = path_deps::find(&self.cargo, &workspace, &workspace)?;
        Ok(beside.into_iter().map(|o| o.name).collect())
    }

    /// The remote of a commit's repository.
    pub fn remote(&self) -> Option<&str> {
        match &self.origin {
            Origin::Git(commit) => commit.remote.as_deref(),
            Origin::Directory => None,
        }
    }
}

//! A commit that a manifest names, in any repository that has it, as the source: found without a
//! look at any work tree, so that it does not matter what is checked out there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::repository::{remote, text, try_text};
use super::{Commit, Origin, Source, outside};
use crate::error::refused;
use crate::git::git;
use crate::query;

/// The commit `id` of the repository at `root` (a work tree or a bare store), of which the package
/// in `directory` is to be built. `tree` is the id that its tree must have, where that is known.
pub fn of(root: &Path, id: &str, tree: Option<&str>, directory: &Path) -> Result<Source> {
    let root = std::fs::canonicalize(root)
        .with_context(|| format!("failed to resolve `{}`", root.display()))?;
    let about = |format: &str| {
        let args = ["log", "-1", "--no-show-signature", format, "--end-of-options", id];
        text(&root, args)
    };
    let found = about("--format=%T")?;
    if let Some(tree) = tree.filter(|t| *t != found) {
        return Err(refused(format!(
            "commit {id} has the tree {found}, and the manifest says {tree}: it is not the source that was built"
        )));
    }
    let commit = Commit {
        remote: remote(&root)?,
        commit: id.to_string(),
        tree: found,
        time: about("--format=%ct")?.parse().context("failed to read the commit's time")?,
        dirty: Vec::new(),
        untracked: 0,
    };
    Ok(Source {
        workspace: PathBuf::new(),
        package: directory.to_owned(),
        origin: Origin::Git(commit),
        parts: Vec::new(),
        left_out: Vec::new(),
        snapshot: false,
        root,
    })
}

/// Whether the repository that `dir` lies in, if it does, has a commit; and where its top is.
pub fn holding(dir: &Path, id: &str) -> Result<Option<PathBuf>> {
    let Some(top) = super::repository::top_level(dir)? else {
        return Ok(None);
    };
    let object = format!("{id}^{{commit}}");
    let has = try_text(&top, ["cat-file", "-e", &object])?.is_some();
    Ok(has.then_some(top))
}

/// Gives a copy the remote that the builder's copies had, wherever this one was cloned from: builds
/// may ask git for it.
pub fn set_remote(copy: &Path, url: Option<&str>) -> Result<()> {
    const KEY: &str = "remote.origin.url";
    match url {
        Some(url) => git(copy, ["config", "--replace-all", KEY, url]).checked()?,
        // It is an error that there is none, and no matter.
        None => git(copy, ["config", "--unset-all", KEY]).output()?,
    };
    Ok(())
}

impl Source {
    /// Looks for the workspace in a copy that was made, and whether all that is built lies in it.
    pub fn settle(&mut self, copy: &Path) -> Result<()> {
        let copy = std::fs::canonicalize(copy)
            .with_context(|| format!("failed to resolve `{}`", copy.display()))?;
        let manifest = copy.join(&self.package).join("Cargo.toml");
        if !manifest.is_file() {
            return Err(refused(format!(
                "the source has no `{}`: the manifest is not about it",
                self.package.join("Cargo.toml").display()
            )));
        }
        let workspace = query::workspace_root(&manifest)?;
        let below = workspace
            .strip_prefix(&copy)
            .map_err(|_| refused("the workspace that the package names lies outside the source"))?;
        self.workspace = below.to_owned();
        match outside::find(&workspace, &copy)?.first() {
            None => Ok(()),
            Some(first) => Err(refused(format!(
                "path dependency `{}` lies outside the source, so that nobody else has it",
                first.name
            ))),
        }
    }
}

//! Finds the commit that a manifest names, in any repository that has it. No work tree is read, so it does not
//! matter what is checked out there.
//! A name that may mean several commits is an error: git's own commands disagree about which one it is.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::found::{Commit, Origin, Source, Take};
use super::lockfile::{self, AsItIs};
use super::repository::{remote, text, try_text};
use super::{path_deps, sound};
use crate::error::refused;
use crate::git::git;
use crate::metadata::Cargo;

/// The commit `id` of the repository at `root` (a work tree or a bare store), to build the package in
/// `directory`. `tree` is the id that its tree must have, where that is known; messages call the
/// repository `called`.
pub fn of(
    cargo: &Cargo,
    root: &Path,
    id: &str,
    tree: Option<&str>,
    directory: &Path,
    called: &str,
) -> Result<Source> {
    let root = crate::fs::resolve(root)?;
    let about = |format: &str| {
        let args = ["log", "-1", "--no-show-signature", format, "--end-of-options", id];
        text(&root, args)
    };
    let found = about("--format=%T")?;
    if let Some(tree) = tree.filter(|t| *t != found) {
        return Err(refused(format!(
            "commit {id} has the tree {found}, and the manifest says {tree}: this is not the source that was built"
        )));
    }
    let commit = Commit {
        remote: remote(&root)?,
        commit: id.to_string(),
        tree: found,
        time: about("--format=%ct")?.parse().context("failed to read the commit's time")?,
        dirty: Vec::new(),
        untracked: Vec::new(),
    };
    Ok(Source {
        cargo: cargo.clone(),
        workspace: PathBuf::new(),
        package: directory.to_owned(),
        origin: Origin::Git(commit),
        parts: Vec::new(),
        left_out: Vec::new(),
        take: Take::Checked,
        called: called.to_string(),
        time: None,
        root,
    })
}

/// Whether a repository has a commit.
pub fn is_in(root: &Path, id: &str) -> Result<bool> {
    let object = format!("{id}^{{commit}}");
    Ok(try_text(root, ["cat-file", "-e", &object])?.is_some())
}

/// The commit that a name means in a repository.
///
/// # Errors
/// It means several: a tag, a branch, or the beginning of an id. Commands of git do not agree on which one
/// they take.
pub fn find(root: &Path, revision: &str) -> Result<Option<String>> {
    let commit = |name: &str| {
        let spec = format!("{name}^{{commit}}");
        try_text(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", &spec])
    };
    let Some(found) = commit(revision)? else {
        return Ok(None);
    };
    if found == revision {
        return Ok(Some(found));
    }
    let mut meant = vec![format!("refs/tags/{revision}"), format!("refs/heads/{revision}")];
    if revision.len() >= 4 && revision.bytes().all(|b| b.is_ascii_hexdigit()) {
        let objects = text(root, ["rev-parse", &format!("--disambiguate={revision}")])?;
        meant.extend(objects.lines().map(str::to_string));
    }
    for name in meant {
        if let Some(other) = commit(&name)?.filter(|other| *other != found) {
            return Err(refused(format!(
                "`{}` is more than one commit of the source, {found} and {other}: give the whole id of the one that you mean",
                revision.escape_debug(),
            )));
        }
    }
    Ok(Some(found))
}

/// Whether a commit has a lockfile in the directory or above it.
pub fn has_lockfile(root: &Path, id: &str, package: &Path) -> bool {
    package.ancestors().any(|dir| lockfile::is_in(root, id, dir))
}

/// The commit that a work tree's tracked files are, Cargo.lock among them; else why there is none.
pub fn of_work_tree(top: &Path, package: &Path) -> Result<std::result::Result<String, AsItIs>> {
    let not = |state: String, todo: &str| Ok(Err(AsItIs { state, todo: todo.to_string() }));
    let Some(head) = try_text(top, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])? else {
        return not("has no commit yet".to_string(), "commit it");
    };
    let changed = super::git::changes_unfiltered(top)?;
    if !changed.is_empty() {
        let state = format!("has uncommitted changes ({})", super::git::some_of(&changed));
        return not(state, "commit them");
    }
    if has_lockfile(top, &head, package) {
        return Ok(Ok(head));
    }
    match lockfile::untracked(top, package)? {
        Some(it) => Ok(Err(it)),
        None => not("has no Cargo.lock".to_string(), "commit one"),
    }
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
    /// Finds the workspace in a copy, and checks that all that is built is in the copy.
    pub fn settle(&mut self, copy: &Path) -> Result<()> {
        let copy = crate::fs::resolve(copy)?;
        if let Origin::Git(commit) = &self.origin {
            // The repository can have a second commit under the id, and the copy has the one that was checked.
            let checked = text(&copy, ["log", "-1", "--no-show-signature", "--format=%T %ct"])?;
            if checked != format!("{} {}", commit.tree, commit.time) {
                return Err(sound::differs(&self.root));
            }
        }
        let manifest = copy.join(&self.package).join("Cargo.toml");
        if !manifest.is_file() {
            return Err(refused(format!(
                "the source has no `{}`: the manifest is not about it",
                self.package.join("Cargo.toml").display()
            )));
        }
        let workspace = self.cargo.workspace_root(&manifest)?;
        let below = workspace
            .strip_prefix(&copy)
            .map_err(|_| refused("the workspace that the package names is outside the source"))?;
        self.workspace = below.to_owned();
        match path_deps::find(&self.cargo, &workspace, &copy)?.first() {
            None => Ok(()),
            Some(first) => Err(refused(format!(
                "path dependency `{}` is outside the source, so it cannot be rebuilt elsewhere",
                first.name
            ))),
        }
    }
}

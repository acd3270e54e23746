//! Queries of a repository: its location, its name, and the commit that is meant. Nothing here
//! writes or needs a work tree: submodules may exist only as a bare store.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::refused;
use crate::fs;
use crate::git::git;
use crate::process::Cmd;

/// A command in a work tree, or in the store that `.git/modules` keeps of a submodule. The store
/// names a work tree that may be gone, which git would stop at.
pub(super) fn at<'a>(dir: &Path, args: impl IntoIterator<Item = &'a str>) -> Cmd {
    let store: &[&str] = if is_store(dir) { &["--git-dir=.", "--work-tree=."] } else { &[] };
    git(dir, store.iter().copied().chain(args))
}

/// The output of a command of [`at`]; a failure is an error.
pub(super) fn text<'a>(dir: &Path, args: impl IntoIterator<Item = &'a str>) -> Result<String> {
    Ok(at(dir, args).checked()?.text())
}

/// The output of a command of [`at`], or `None` if it exits with a failure.
pub(super) fn try_text<'a>(
    dir: &Path,
    args: impl IntoIterator<Item = &'a str>,
) -> Result<Option<String>> {
    let out = at(dir, args).output()?;
    Ok(out.status.success().then(|| out.text()))
}

/// All that is named `.git` below a directory, in whatever letter case. Nothing in it is looked at.
pub fn all_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    fs::walk(dir, &mut |path| {
        let is = path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(".git"));
        found.extend(is.then(|| path.to_owned()));
        !is
    })?;
    Ok(found)
}

/// Whether a directory is a repository without a work tree.
pub fn is_store(dir: &Path) -> bool {
    !dir.join(".git").exists() && dir.join("HEAD").is_file() && dir.join("objects").is_dir()
}

/// A path in the repository that is there.
pub(super) fn git_path(dir: &Path, name: &str) -> Result<PathBuf> {
    canonical(dir, &["rev-parse", "--git-path", name])
}

/// The directory that all worktrees of the repository share.
pub(super) fn common_dir(dir: &Path) -> Result<PathBuf> {
    canonical(dir, &["rev-parse", "--git-common-dir"])
}

fn canonical(dir: &Path, question: &[&str]) -> Result<PathBuf> {
    let path = dir.join(text(dir, question.iter().copied())?);
    fs::resolve(&path)
}

/// The top level of the work tree that `dir` is in, if it is in one.
pub(super) fn top_level(dir: &Path) -> Result<Option<PathBuf>> {
    let out = match git(dir, ["rev-parse", "--show-toplevel"]).output() {
        Ok(out) => out,
        // Without git there may still be no repository to miss it for.
        Err(error) if dir.ancestors().any(|d| d.join(".git").exists()) => return Err(error),
        Err(_) => return Ok(None),
    };
    if out.status.success() {
        let top = PathBuf::from(out.text());
        return fs::canonicalize(&top)
            .map(Some)
            .with_context(|| format!("failed to resolve `{}`", top.display()));
    }
    if out.stderr.contains("dubious ownership") {
        return Err(refused(format!(
            "git does not trust the repository of `{}`, which a different user owns: run `git config --global --add safe.directory {}`, or pass a different --source",
            dir.display(),
            // Git names the directory that it means.
            out.stderr
                .split_once("--add safe.directory ")
                .and_then(|(_, rest)| rest.lines().next())
                .map_or_else(|| dir.display().to_string(), str::to_string)
        )));
    }
    Ok(None)
}

/// The repository that `dir` is in or is: its work tree's top, or the directory of a bare one.
pub fn root_of(dir: &Path) -> Result<Option<PathBuf>> {
    if let Some(top) = top_level(dir)? {
        return Ok(Some(top));
    }
    // Asked without `--git-dir`: with it git would not check the owner.
    if !is_store(dir) || !git(dir, ["rev-parse", "--git-dir"]).output()?.status.success() {
        return Ok(None);
    }
    let dir = fs::canonicalize(dir);
    dir.map(Some).context("failed to resolve the repository's directory")
}

/// Whether the history that the repository has is cut off.
pub fn is_shallow(root: &Path) -> Result<bool> {
    Ok(try_text(root, ["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true"))
}

/// The id of a commit, by default of HEAD.
pub(super) fn resolve(top: &Path, rev: Option<&str>) -> Result<String> {
    let name = rev.unwrap_or("HEAD");
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
    let spec = format!("{name}^{{commit}}");
    let found = try_text(top, args.into_iter().chain([spec.as_str()]))?;
    found.ok_or_else(|| match rev {
        Some(rev) => refused(format!(
            "`{rev}` is not a commit, branch or tag of `{}`: run `git fetch --tags`, or check the name",
            top.display()
        )),
        None => refused(format!(
            "the repository `{}` has no commit yet: commit the source first (`repro build --source DIR` builds one without)",
            top.display()
        )),
    })
}

/// URL of `origin`, else of the first remote, without user name and password.
pub(super) fn remote(top: &Path) -> Result<Option<String>> {
    let mut all = remotes(top)?;
    let origin = all.iter().position(|(name, _)| name == "origin").unwrap_or(0);
    Ok((!all.is_empty()).then(|| all.swap_remove(origin).1))
}

/// Names and URLs of all remotes, without user names and passwords.
pub(super) fn remotes(top: &Path) -> Result<Vec<(String, String)>> {
    let url = |name: &str| {
        let url = try_text(top, ["config", "--get", &format!("remote.{name}.url")])?;
        Ok(url.map(|u| (name.to_string(), without_credentials(&u))))
    };
    text(top, ["remote"])?.lines().filter_map(|name| url(name).transpose()).collect()
}

/// A URL without password; without user name as well where that is no part of the address.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_string() };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        // The user of ssh is part of the address; a password never is.
        Some((user, host)) if scheme.contains("ssh") => {
            let user = user.split(':').next().unwrap_or(user);
            format!("{scheme}://{user}@{host}/{path}")
        }
        Some((_, host)) => format!("{scheme}://{host}/{path}"),
        None => url.to_string(),
    }
}

/// Full URL of the remote that a partial clone fetches missing objects from.
pub(super) fn promisor(dir: &Path) -> Result<Option<String>> {
    let args = ["config", "--get-regexp", r"^remote\..*\.promisor$", "^true$"];
    let list = try_text(dir, args)?.unwrap_or_default();
    let mut lines = list.lines();
    let name = lines.find_map(|l| l.strip_prefix("remote.")?.strip_suffix(".promisor true"));
    let name = match name {
        Some(name) => Some(name.to_string()),
        None => try_text(dir, ["config", "--get", "extensions.partialClone"])?,
    };
    match name {
        Some(name) => try_text(dir, ["config", "--get", &format!("remote.{name}.url")]),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_urls() {
        let cases = [
            ("https://me:secret@host/x.git", "https://host/x.git"),
            ("https://token@host/x", "https://host/x"),
            ("https://host/x@y", "https://host/x@y"),
            ("git@host:x.git", "git@host:x.git"),
            ("ssh://git:pw@host/x", "ssh://git@host/x"),
            ("/srv/x", "/srv/x"),
        ];
        for (url, want) in cases {
            assert_eq!(without_credentials(url), want);
        }
    }
}

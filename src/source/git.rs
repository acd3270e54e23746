//! A git commit as the source, or a snapshot of the tracked files on top of one.
//!
//! A copy is a repository of its own, with a detached HEAD and the tags, that borrows the user's
//! objects: build scripts that ask git get the same answer in every copy, whatever branch the
//! user is on. `git archive` is not used: it leaves out what `export-ignore` names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Commit, Found, Origin, Source, Wanted, outside};
use crate::error::refused;
use crate::fs;
use crate::git::{git, paths, text, try_text};
use crate::process::Cmd;

/// The top level of the work tree that `dir` lies in, if it does.
pub(super) fn top_level(dir: &Path) -> Result<Option<PathBuf>> {
    let out = match git(dir, ["rev-parse", "--show-toplevel"]).output() {
        Ok(out) => out,
        // Without git there may still be no repository to miss it for.
        Err(error) if dir.ancestors().any(|d| d.join(".git").exists()) => return Err(error),
        Err(_) => return Ok(None),
    };
    if out.status.success() {
        let top = PathBuf::from(out.text());
        return std::fs::canonicalize(&top)
            .map(Some)
            .with_context(|| format!("failed to resolve `{}`", top.display()));
    }
    if out.stderr.contains("dubious ownership") {
        return Err(refused(format!(
            "git does not trust the repository of `{}`, which another user owns: run `git config --global --add safe.directory` with its path, or give --source DIR",
            dir.display()
        )));
    }
    Ok(None)
}

pub(super) fn find(wanted: &Wanted, found: &Found, top: PathBuf) -> Result<Source> {
    let commit = resolve(&top, wanted.rev.as_deref())?;
    let changed = changes(&top)?;
    if wanted.rev.is_none() && !wanted.allow_dirty && !changed.is_empty() {
        return Err(refused(format!(
            "the work tree has {} uncommitted {}: {}; commit, or give --allow-dirty to build the files as they are",
            changed.len(),
            if changed.len() == 1 {
                "change"
            } else {
                "changes"
            },
            some_of(&changed)
        )));
    }
    let snapshot = wanted.allow_dirty && !changed.is_empty();
    let info = Commit {
        remote: remote(&top)?,
        tree: text(&top, ["rev-parse", &format!("{commit}^{{tree}}")])?,
        time: text(
            &top,
            ["log", "-1", "--no-show-signature", "--format=%ct", &commit],
        )?
        .parse()
        .context("failed to read the commit's time")?,
        untracked: untracked(&top, wanted)?,
        dirty: if snapshot { changed } else { Vec::new() },
        commit,
    };
    let mut source = found.source(wanted, top, Origin::Git(info))?;
    source.snapshot = snapshot;
    let copy = in_copy_if_needed(&source, wanted)?;
    let root = copy
        .as_ref()
        .map_or(source.root.as_path(), |c| c.1.as_path());
    check_manifest(&source, found, root)?;
    check_outside(&source, root)?;
    if let (true, Origin::Git(info)) = (source.snapshot, &mut source.origin) {
        info.tree = snapshot_tree(&source.root, &info.dirty)?;
    }
    Ok(source)
}

/// The user's tree is what is built, unless another commit is asked for or a file was not
/// committed: then the questions about it are asked of a copy.
fn in_copy_if_needed(
    source: &Source,
    wanted: &Wanted,
) -> Result<Option<(tempfile::TempDir, PathBuf)>> {
    if wanted.rev.is_none() {
        return Ok(None);
    }
    let dir = tempfile::Builder::new()
        .prefix("repro-look-")
        .tempdir()
        .context("failed to make a temporary directory")?;
    let path = std::fs::canonicalize(dir.path())
        .context("failed to resolve the temporary directory")?
        .join("src");
    source.check_out(&path)?;
    Ok(Some((dir, path)))
}

fn resolve(top: &Path, rev: Option<&str>) -> Result<String> {
    let name = rev.unwrap_or("HEAD");
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
    let spec = format!("{name}^{{commit}}");
    let found = try_text(top, args.into_iter().chain([spec.as_str()]))?;
    found.ok_or_else(|| match rev {
        Some(rev) => refused(format!(
            "`{rev}` is no commit of `{}`; fetch it, or name another one",
            top.display()
        )),
        None => refused(format!(
            "the repository `{}` has no commit yet: commit the source first, or give --source DIR",
            top.display()
        )),
    })
}

/// Tracked paths that differ from HEAD, in the index or the work tree; submodules too.
fn changes(top: &Path) -> Result<Vec<String>> {
    let args = [
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=no",
        "--no-renames",
        "--ignore-submodules=untracked",
    ];
    let out = git(top, args).checked()?;
    let entries = paths(&out).into_iter();
    let mut names: Vec<String> = entries
        .map(|p| p.to_string_lossy().chars().skip(3).collect())
        .collect();
    names.sort();
    Ok(names)
}

fn untracked(top: &Path, wanted: &Wanted) -> Result<usize> {
    let out = git(top, ["ls-files", "-z", "--others", "--exclude-standard"]).checked()?;
    let target = std::fs::canonicalize(&wanted.target_dir);
    let target = target.unwrap_or_else(|_| wanted.target_dir.clone());
    let counts = |p: &PathBuf| !top.join(p).starts_with(&target);
    Ok(paths(&out).iter().filter(|p| counts(p)).count())
}

fn some_of(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() {
        0..=10 => shown,
        n => format!("{shown} and {} more", n - 10),
    }
}

/// URL of `origin`, else of the only remote, without user name and password.
fn remote(top: &Path) -> Result<Option<String>> {
    let names = text(top, ["remote"])?;
    let names: Vec<&str> = names.lines().collect();
    let name = match names.as_slice() {
        [] => return Ok(None),
        [only] => only,
        several => several
            .iter()
            .find(|n| **n == "origin")
            .unwrap_or(&several[0]),
    };
    let key = format!("remote.{name}.url");
    let url = try_text(top, ["config", "--get", &key])?;
    Ok(url.map(|u| without_credentials(&u)))
}

fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_string();
    };
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

fn check_manifest(source: &Source, found: &Found, root: &Path) -> Result<()> {
    let relative = found.manifest.strip_prefix(&source.root);
    let relative = relative.unwrap_or(&found.manifest);
    let Origin::Git(info) = &source.origin else {
        return Ok(());
    };
    let tracked = match source.snapshot || root == source.root {
        true => {
            let args = ["ls-files", "--error-unmatch", "--"];
            let out = git(&source.root, args).arg(relative).output()?;
            out.status.success()
        }
        false => root.join(relative).is_file(),
    };
    if tracked {
        return Ok(());
    }
    Err(refused(format!(
        "`{}` is not in commit {}: commit it, or give --source DIR to build the directory as it is",
        relative.display(),
        &info.commit[..12.min(info.commit.len())]
    )))
}

fn check_outside(source: &Source, root: &Path) -> Result<()> {
    let outside = outside::find(&root.join(&source.workspace), root)?;
    let Some(first) = outside.first() else {
        return Ok(());
    };
    Err(refused(format!(
        "path dependency `{}` at `{}` lies outside the repository, so that the commit does not hold it and nobody else could rebuild: move it into the repository, use a git or registry dependency, or give their common parent with --source DIR",
        first.name,
        first.dir.display()
    )))
}

/// Tree id of the tracked files as they are, computed with an index and an object directory of
/// its own.
fn snapshot_tree(top: &Path, dirty: &[String]) -> Result<String> {
    let dir = tempfile::tempdir().context("failed to make a temporary directory")?;
    let objects = absolute_git_path(top, "objects")?;
    let own = |cmd: Cmd| {
        cmd.env("GIT_INDEX_FILE", dir.path().join("index"))
            .env("GIT_OBJECT_DIRECTORY", dir.path().join("objects"))
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects)
    };
    fs::create_dir(&dir.path().join("objects"))?;
    own(git(top, ["read-tree", "HEAD"])).checked()?;
    let list: Vec<u8> = dirty
        .iter()
        .flat_map(|p| [p.as_bytes(), b"\0"].concat())
        .collect();
    let args = ["update-index", "--add", "--remove", "-z", "--stdin"];
    own(git(top, args)).stdin(list).checked()?;
    Ok(own(git(top, ["write-tree"])).checked()?.text())
}

fn absolute_git_path(top: &Path, name: &str) -> Result<PathBuf> {
    let path = PathBuf::from(text(top, ["rev-parse", "--git-path", name])?);
    let path = top.join(path);
    std::fs::canonicalize(&path).with_context(|| format!("failed to resolve `{}`", path.display()))
}

/// Copies `commit` of the repository at `from` to `to`, submodules too; with `snapshot` the
/// tracked files as they are in the work tree.
pub(super) fn check_out(from: &Path, commit: &str, snapshot: bool, to: &Path) -> Result<()> {
    make_repository(from, commit, to)?;
    in_copy(to, ["reset", "--hard", "--quiet", commit]).checked()?;
    submodules(from, snapshot, to)?;
    if snapshot {
        overlay(from, to)?;
    }
    Ok(())
}

/// A command in a copy: without hooks, and with nothing of the user's line-end conversion.
fn in_copy<'a>(copy: &Path, args: impl IntoIterator<Item = &'a str>) -> Cmd {
    let fixed = [
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.autocrlf=false",
        "-c",
        "advice.detachedHead=false",
    ];
    git(copy, fixed.into_iter().chain(args))
}

fn make_repository(from: &Path, commit: &str, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    let format = try_text(from, ["rev-parse", "--show-object-format"])?;
    let format = format.unwrap_or_else(|| "sha1".to_string());
    git(
        to,
        [
            "-c",
            "init.defaultBranch=main",
            "init",
            "--quiet",
            "--template=",
        ],
    )
    .arg(format!("--object-format={format}"))
    .checked()?;
    let objects = absolute_git_path(from, "objects")?;
    let git_dir = to.join(".git");
    fs::write(
        &git_dir.join("objects/info/alternates"),
        format!("{}\n", objects.display()),
    )?;
    if let Ok(shallow) = absolute_git_path(from, "shallow") {
        std::fs::copy(&shallow, git_dir.join("shallow"))
            .with_context(|| format!("failed to copy `{}`", shallow.display()))?;
    }
    let mut settings = vec![
        ("core.autocrlf", "false".to_string()),
        ("gc.auto", "0".to_string()),
    ];
    settings.extend(remote(from)?.map(|url| ("remote.origin.url", url)));
    if let Ok(lfs) = absolute_git_path(from, "lfs") {
        settings.push(("lfs.storage", lfs.display().to_string()));
    }
    if let Some(promisor) = try_text(from, ["config", "--get", "extensions.partialClone"])? {
        settings.push(("core.repositoryFormatVersion", "1".to_string()));
        settings.push(("extensions.partialClone", "origin".to_string()));
        settings.push(("remote.origin.promisor", "true".to_string()));
        // A partial clone may need the very URL, credentials and all, to fetch what is missing.
        let url = try_text(from, ["config", "--get", &format!("remote.{promisor}.url")])?;
        settings.extend(url.map(|url| ("remote.origin.url", url)));
    }
    for (name, value) in settings {
        in_copy(to, ["config", name, &value]).checked()?;
    }
    copy_tags(from, to)?;
    in_copy(to, ["update-ref", "--no-deref", "HEAD", commit]).checked()?;
    Ok(())
}

fn copy_tags(from: &Path, to: &Path) -> Result<()> {
    let tags = text(
        from,
        [
            "for-each-ref",
            "--format=create %(refname) %(objectname)",
            "refs/tags",
        ],
    )?;
    if !tags.is_empty() {
        in_copy(to, ["update-ref", "--stdin"])
            .stdin(tags + "\n")
            .checked()?;
    }
    Ok(())
}

/// Paths and commits of the submodules that the copy's commit records.
fn gitlinks(copy: &Path) -> Result<Vec<(PathBuf, String)>> {
    let out = in_copy(copy, ["ls-files", "--stage", "-z"]).checked()?;
    let entries = paths(&out);
    Ok(entries
        .iter()
        .filter_map(|entry| {
            let entry = entry.to_str()?;
            let (head, path) = entry.split_once('\t')?;
            let mut words = head.split(' ');
            (words.next()? == "160000").then_some(())?;
            Some((PathBuf::from(path), words.next()?.to_string()))
        })
        .collect())
}

fn submodules(from: &Path, snapshot: bool, to: &Path) -> Result<()> {
    let links = gitlinks(to)?;
    if links.is_empty() {
        return Ok(());
    }
    let known = declared(to)?;
    for (path, recorded) in links {
        if !known.contains(&path) {
            // A link that .gitmodules does not name: git leaves it empty as well.
            continue;
        }
        let local = from.join(&path);
        let initialised = local.join(".git").exists();
        let wanted = match snapshot && initialised {
            true => text(&local, ["rev-parse", "HEAD"])?,
            false => recorded,
        };
        let has = |dir: &Path| -> Result<bool> {
            let object = format!("{wanted}^{{commit}}");
            Ok(dir.is_dir() && try_text(dir, ["cat-file", "-e", &object])?.is_some())
        };
        let copy = to.join(&path);
        let stored = absolute_git_path(from, "modules")
            .unwrap_or_default()
            .join(&path);
        if initialised && has(&local)? {
            check_out(&local, &wanted, snapshot, &copy)?;
        } else if stored.join("HEAD").is_file() && has(&stored)? {
            check_out(&stored, &wanted, false, &copy)?;
        } else {
            let name = path.to_string_lossy();
            let out = in_copy(
                to,
                [
                    "submodule",
                    "--quiet",
                    "update",
                    "--init",
                    "--recursive",
                    "--",
                    &name,
                ],
            )
            .output()?;
            if !out.status.success() {
                return Err(refused(format!(
                    "submodule `{name}` is not initialised and could not be fetched: run `git submodule update --init {name}`"
                )));
            }
        }
    }
    Ok(())
}

fn declared(copy: &Path) -> Result<BTreeSet<PathBuf>> {
    let args = [
        "config",
        "--file",
        ".gitmodules",
        "--get-regexp",
        r"^submodule\..*\.path$",
    ];
    let list = try_text(copy, args)?.unwrap_or_default();
    let paths = list.lines().filter_map(|l| l.split_once(' '));
    Ok(paths.map(|(_, path)| PathBuf::from(path)).collect())
}

/// Puts the tracked files as they are in the work tree over the commit's.
fn overlay(from: &Path, to: &Path) -> Result<()> {
    let args = [
        "diff",
        "--name-only",
        "--no-renames",
        "--ignore-submodules=all",
        "-z",
        "HEAD",
    ];
    let out = git(from, args).checked()?;
    for path in paths(&out) {
        let (here, there) = (from.join(&path), to.join(&path));
        fs::remove_tree_or_file(&there)?;
        if let Ok(meta) = std::fs::symlink_metadata(&here) {
            if let Some(parent) = there.parent() {
                fs::create_dir(parent)?;
            }
            fs::copy_one(&here, &meta, &there)?;
        }
    }
    Ok(())
}

/// Makes git take note of changed modification times, so that build scripts that compare the
/// index without refreshing it see a clean tree. Nothing where there is no repository.
pub fn refresh_index(copy: &Path) -> Result<()> {
    if !copy.join(".git").is_dir() {
        return Ok(());
    }
    // It exits with a failure where files are changed, as in a snapshot.
    in_copy(copy, ["update-index", "-q", "--really-refresh"]).output()?;
    for (path, _) in gitlinks(copy)? {
        refresh_index(&copy.join(path))?;
    }
    Ok(())
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

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..12).map(|i| format!("f{i}")).collect();
        assert!(some_of(&names).ends_with("f9 and 2 more"));
        assert_eq!(some_of(&names[..2]), "f0, f1");
    }
}

//! A git commit as the source, or a snapshot of the tracked files on top of one: its identity, and
//! a check that it contains everything that is built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::names::visible;

use super::found::{Commit, Origin, Paths, Source, SourceRequest, Take};
use super::repository::{remote, resolve, text};
use super::{path_deps, snapshot};
use crate::error::{bad_input, host, refused};
use crate::git::{configured, git, paths, short};
use crate::process::Cmd;
use crate::term::count;

pub(super) fn find(request: &SourceRequest, found: &Paths, top: PathBuf) -> Result<Source> {
    let commit = resolve(&top, request.choice.rev.as_deref())?;
    let changed = changes(&top)?;
    let untracked = untracked(&top, request)?;
    let names: Vec<String> = untracked.iter().map(|p| crate::fs::slashed(p)).collect();
    if request.choice.rev.is_none() && !request.choice.allow_dirty && !changed.is_empty() {
        return Err(refused(format!(
            "the work tree has {}: {}{}; commit, or give --allow-dirty to build the tracked files as they are",
            count(changed.len(), "uncommitted change", "uncommitted changes"),
            some_of(&changed),
            match names.len() {
                0 => String::new(),
                n => format!(
                    ", and {}: {}",
                    count(n, "untracked file", "untracked files"),
                    some_of(&names)
                ),
            }
        )));
    }
    let snapshot = request.choice.allow_dirty && !changed.is_empty();
    // A package that is not committed must not be taken for a member.
    let drafts = untracked.iter().any(|p| p.ends_with("Cargo.toml") || top.join(p).is_dir());
    let info = Commit {
        remote: remote(&top)?,
        // Not `rev-parse`, which would fetch the tree in a partial clone.
        tree: text(&top, ["log", "-1", "--no-show-signature", "--format=%T", &commit])?,
        time: text(&top, ["log", "-1", "--no-show-signature", "--format=%ct", &commit])?
            .parse()
            .context("failed to read the commit's time")?,
        untracked: names,
        dirty: if snapshot { changed } else { Vec::new() },
        commit,
    };
    let mut source = found.source(request, top, Origin::Git(info))?;
    if snapshot {
        source.take = Take::Snapshot;
    }
    let copy = if request.choice.rev.is_some() || drafts { Some(Copy::of(&source)?) } else { None };
    let root = copy.as_ref().map_or(source.root.clone(), |c| c.root.clone());
    check_manifest(&source, found, copy.is_some(), &root)?;
    if copy.is_some() {
        // Another commit may have another workspace.
        let workspace =
            source.cargo.workspace_root(&root.join(&source.package).join("Cargo.toml"))?;
        if let Ok(workspace) = workspace.strip_prefix(&root) {
            source.workspace = workspace.to_owned();
        }
    }
    check_outside(&source, &root)?;
    if let (true, Origin::Git(info)) = (snapshot, &mut source.origin) {
        info.tree = snapshot::tree(&source.root)?;
    }
    Ok(source)
}

/// A copy that questions are asked of where the user's tree is not what is built: another commit
/// is asked for, or a package was not committed.
struct Copy {
    _dir: tempfile::TempDir,
    root: PathBuf,
}

impl Copy {
    fn of(source: &Source) -> Result<Copy> {
        let dir = tempfile::Builder::new()
            .prefix("repro-look-")
            .tempdir()
            .context("failed to make a temporary directory")?;
        let root = crate::fs::canonicalize(dir.path())
            .context("failed to resolve the temporary directory")?
            .join("src");
        source.check_out(&root)?;
        Ok(Copy { _dir: dir, root })
    }
}

/// Tracked paths that differ from HEAD, in the index or the work tree; submodules too.
pub(super) fn changes(top: &Path) -> Result<Vec<String>> {
    changed(git(top, STATUS).arg("--ignore-submodules=untracked"))
}

/// The same of a repository that may have come with a download: the programs that its own settings name as
/// filters are not run. Those of a submodule would be, so only its commit counts.
pub(super) fn changes_unfiltered(top: &Path) -> Result<Vec<String>> {
    let filters = own_filters(top)?;
    if let Some(other) = filters.iter().find(|key| !key.starts_with("filter.")) {
        return Err(bad_input(format!(
            "`{}` in the settings of `{}` names a program, which git would run: clone it with `file://`",
            visible(other),
            top.display()
        )));
    }
    changed(unfiltered(git(top, STATUS), &filters).arg("--ignore-submodules=dirty"))
}

/// The settings of a repository's own, rather than the user's, that name filters.
pub(super) fn own_filters(top: &Path) -> Result<Vec<String>> {
    let all = r"^(filter|lfs\.extension)\.";
    let all = ["config", "--show-scope", "--name-only", "-z", "--get-regexp", all];
    let out = git(top, all).output()?;
    // 1 is that there is none.
    if !matches!(out.status.code(), Some(0 | 1)) {
        let (top, why) = (top.display(), out.stderr.trim());
        return Err(host(format!("git cannot list the settings of `{top}`: {why}")));
    }
    let words = String::from_utf8(out.stdout).map_err(|_| {
        bad_input(format!("`{}` has settings whose names are not UTF-8", top.display()))
    })?;
    let words: Vec<_> = words.split_terminator('\0').collect();
    let pairs = words.chunks_exact(2).filter(|pair| ["local", "worktree"].contains(&pair[0]));
    Ok(pairs.map(|pair| pair[1].to_string()).collect())
}

/// The command without these filters.
pub(super) fn unfiltered(cmd: Cmd, filters: &[String]) -> Cmd {
    const OFF: [(&str, &str); 3] = [("clean", ""), ("process", ""), ("required", "false")];
    let names = filters.iter().filter_map(|key| key.rsplit_once('.'));
    let off = names.flat_map(|(name, _)| OFF.map(|(of, value)| (format!("{name}.{of}"), value)));
    let off: Vec<_> = off.collect();
    configured(cmd, &off.iter().map(|(key, value)| (&**key, *value)).collect::<Vec<_>>())
}

const STATUS: [&str; 5] =
    ["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames"];

fn changed(status: Cmd) -> Result<Vec<String>> {
    let out = status.checked()?;
    let entries = paths(&out).into_iter();
    let mut names: Vec<String> =
        entries.map(|p| p.to_string_lossy().chars().skip(3).collect()).collect();
    names.sort();
    Ok(names)
}

fn untracked(top: &Path, request: &SourceRequest) -> Result<Vec<PathBuf>> {
    let out = git(top, ["ls-files", "-z", "--others", "--exclude-standard"]).checked()?;
    let target = crate::fs::canonicalize(&request.target_dir);
    let target = target.unwrap_or_else(|_| request.target_dir.clone());
    let counts = |p: &PathBuf| !top.join(p).starts_with(&target);
    Ok(paths(&out).into_iter().filter(counts).collect())
}

pub(super) fn some_of(names: &[String]) -> String {
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0..=10 => shown,
        n => format!("{shown} and {} more", n - 10),
    }
}

fn check_manifest(source: &Source, found: &Paths, is_copy: bool, root: &Path) -> Result<()> {
    let relative = found.manifest.strip_prefix(&source.root);
    let relative = relative.unwrap_or(&found.manifest);
    let Origin::Git(info) = &source.origin else { return Ok(()) };
    let tracked = if is_copy {
        root.join(relative).is_file()
    } else {
        // It may be in a submodule, and its name may contain what git takes for a pattern.
        let args = ["--literal-pathspecs", "ls-files", "--recurse-submodules", "-z", "--"];
        let out = git(&source.root, args).arg(relative).checked()?;
        !out.stdout.is_empty()
    };
    if tracked {
        return Ok(());
    }
    Err(refused(format!(
        "`{}` is not in commit {}: commit it (`repro build --source DIR` builds a directory as it is)",
        relative.display(),
        short(&info.commit)
    )))
}

fn check_outside(source: &Source, root: &Path) -> Result<()> {
    let outside = path_deps::find(&source.cargo, &root.join(&source.workspace), root)?;
    let Some(first) = outside.first() else { return Ok(()) };
    Err(refused(format!(
        "path dependency `{}` at `{}` is outside the repository, so the commit does not contain it and it cannot be rebuilt elsewhere: move it into the repository, use a git or registry dependency, or give their common parent with --source DIR",
        first.name,
        first.dir.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..12).map(|i| format!("f{i}")).collect();
        assert!(some_of(&names).ends_with("f9 and 2 more"));
        assert_eq!(some_of(&names[..2]), "f0, f1");
    }
}

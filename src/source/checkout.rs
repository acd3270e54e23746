//! Clean copies of a commit, with its submodules.
//!
//! A copy is a repository of its own, with a detached HEAD and the tags, that borrows the user's
//! objects: build scripts that ask git get the same answer in every copy, whatever branch the
//! user is on. `git archive` is not used: it leaves out what `export-ignore` names.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::commit::is_in;
use super::found::Take;
use super::git::{own_filters, unfiltered};
use super::repository::{common_dir, git_path, is_store, promisor, remote, text, try_text};
use super::snapshot::{self, Now};
use super::{git_url, sound};
use crate::error::refused;
use crate::fs;
use crate::git::{configured, offline, online, paths, unprompted};
use crate::process::Cmd;

/// Copies `commit` of the repository at `from` to `to`, submodules too.
pub(super) fn check_out(from: &Path, commit: &str, take: Take, to: &Path) -> Result<()> {
    let snapshot = take == Take::Snapshot;
    make_repository(from, commit, to)?;
    let borrows = to.join(BORROWS);
    let aside = borrows.with_extension("aside");
    if take == Take::Checked {
        sound::pack(from, to)?;
        // A store can have one object twice, and git reads either: here it reads those that were checked.
        rename(&borrows, &aside)?;
    }
    let reset = ["reset", "--hard", "--quiet", commit];
    let reset = match promisor(from)? {
        None => in_copy(to, reset),
        Some(url) => {
            // What a partial clone lacks is fetched from where it came from, and from its very URL,
            // credentials and all: so it stays out of the copy's configuration and of messages.
            let promisor = [("remote.promisor.promisor", "true"), ("remote.promisor.url", &*url)];
            let reset = configured(in_copy_online(to, reset), &promisor);
            if take == Take::Checked {
                unprompted(reset).env("GIT_ALLOW_PROTOCOL", git_url::OWN_PROTOCOLS)
            } else {
                reset
            }
        }
    };
    reset.checked()?;
    if take == Take::Checked {
        rename(&aside, &borrows)?;
    }
    let mut links = gitlinks(to)?;
    if snapshot {
        let changes = snapshot::changes(from)?;
        snapshot::overlay(from, to, &changes)?;
        links = gitlinks(from)?;
        links.retain(|(path, _)| !changes.contains(&(path.clone(), Now::Gone)));
    }
    submodules(from, &links, take, to)
}

/// Where a repository lists the stores that it borrows objects from.
const BORROWS: &str = ".git/objects/info/alternates";

fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).with_context(|| format!("failed to rename `{}`", from.display()))
}

/// A command in a copy: without hooks, and never in a repository around the copy.
fn in_copy<'a>(copy: &Path, args: impl IntoIterator<Item = &'a str>) -> Cmd {
    offline(in_copy_online(copy, args))
}

/// The same for one that fetches.
fn in_copy_online<'a>(copy: &Path, args: impl IntoIterator<Item = &'a str>) -> Cmd {
    let around = copy.parent().unwrap_or(copy);
    online(copy, ["-c", "core.hooksPath=/dev/null"].into_iter().chain(args))
        .env("GIT_CEILING_DIRECTORIES", around)
}

fn make_repository(from: &Path, commit: &str, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    let format = try_text(from, ["rev-parse", "--show-object-format"])?;
    let format = format.unwrap_or_else(|| "sha1".to_string());
    let init = ["-c", "init.defaultBranch=main", "init", "--quiet", "--template="];
    in_copy(to, init).arg(format!("--object-format={format}")).checked()?;
    let objects = git_path(from, "objects")?;
    let mut borrowed = objects.as_os_str().as_encoded_bytes().to_vec();
    borrowed.push(b'\n');
    fs::write(&to.join(BORROWS), borrowed)?;
    if let Ok(shallow) = git_path(from, "shallow") {
        std::fs::copy(&shallow, to.join(".git/shallow"))
            .with_context(|| format!("failed to copy `{}`", shallow.display()))?;
    }
    for (name, value) in settings(from)? {
        in_copy(to, ["config", name, &value]).checked()?;
    }
    copy_tags(from, to)?;
    in_copy(to, ["update-ref", "--no-deref", "HEAD", commit]).checked()?;
    Ok(())
}

/// The copy's configuration: line ends as committed, whatever the user's git does.
fn settings(from: &Path) -> Result<Vec<(&'static str, String)>> {
    let mut settings = vec![
        ("core.autocrlf", "false".to_string()),
        ("core.eol", "lf".to_string()),
        ("core.attributesFile", "/dev/null".to_string()),
        // That of the repository need not say what its commits do.
        ("core.commitGraph", "false".to_string()),
        ("gc.auto", "0".to_string()),
        ("advice.detachedHead", "false".to_string()),
    ];
    settings.extend(remote(from)?.map(|url| ("remote.origin.url", url)));
    let lfs = common_dir(from)?.join("lfs");
    if lfs.is_dir() {
        settings.push(("lfs.storage", lfs.display().to_string()));
    }
    Ok(settings)
}

fn copy_tags(from: &Path, to: &Path) -> Result<()> {
    let format = "--format=create %(refname) %(objectname)";
    let tags = text(from, ["for-each-ref", format, "refs/tags"])?;
    if !tags.is_empty() {
        in_copy(to, ["update-ref", "--stdin"]).stdin(tags + "\n").checked()?;
    }
    Ok(())
}

/// Paths and commits of the submodules that an index records.
fn gitlinks(dir: &Path) -> Result<Vec<(PathBuf, String)>> {
    let out = in_copy(dir, ["ls-files", "--stage", "-z"]).checked()?;
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

fn submodules(from: &Path, links: &[(PathBuf, String)], take: Take, to: &Path) -> Result<()> {
    if links.is_empty() {
        return Ok(());
    }
    let names = declared(to)?;
    for (path, recorded) in links {
        // A link that .gitmodules does not name is left empty, as git does.
        let Some(name) = names.get(path) else { continue };
        let local = from.join(path);
        let initialized = local.join(".git").exists();
        let commit = match take == Take::Snapshot && initialized {
            true => text(&local, ["rev-parse", "HEAD"])?,
            false => recorded.clone(),
        };
        let copy = to.join(path);
        if initialized && is_in(&local, &commit)? {
            check_out(&local, &commit, take, &copy)?;
        } else if let Some(store) = stored(from, name, &commit)? {
            check_out(&store, &commit, take.of_store(), &copy)?;
        } else {
            fetch(from, to, path, take)?;
        }
    }
    Ok(())
}

/// The repository that git keeps of a submodule under its name, which need not be its path: of
/// this worktree, or of the main one.
fn stored(from: &Path, name: &str, commit: &str) -> Result<Option<PathBuf>> {
    let plain = |c: Component| matches!(c, Component::Normal(_));
    if !Path::new(name).components().all(plain) {
        return Ok(None);
    }
    let own = git_path(from, "modules").ok();
    let places = own.into_iter().chain([common_dir(from)?.join("modules")]);
    for store in places.map(|p| p.join(name)) {
        if is_store(&store) && is_in(&store, commit)? {
            return Ok(Some(store));
        }
    }
    Ok(None)
}

fn fetch(from: &Path, to: &Path, path: &Path, take: Take) -> Result<()> {
    // The address is the source's word: no setting of the user's may make a command of it.
    let args = ["-c", "protocol.ext.allow=never", "submodule", "--quiet", "update", "--init"];
    let mut update = in_copy_online(to, args).args(["--recursive", "--"]).arg(path);
    if take == Take::Checked {
        update = unprompted(update);
    }
    if update.output()?.status.success() {
        return Ok(());
    }
    let path = path.display();
    Err(refused(match is_store(from) {
        true => format!(
            "submodule `{path}` could not be fetched: give --source DIR with a clone where `git submodule update --init {path}` was run"
        ),
        false => format!(
            "submodule `{path}` is not initialized and could not be fetched: run `git submodule update --init {path}`"
        ),
    }))
}

/// Names of submodules by their path.
fn declared(copy: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let args = ["config", "--file", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$"];
    let list = try_text(copy, args)?.unwrap_or_default();
    let name = |entry: &str| {
        let (key, path) = entry.split_once('\n')?;
        let name = key.strip_prefix("submodule.")?.strip_suffix(".path")?;
        Some((PathBuf::from(path), name.to_string()))
    };
    Ok(list.split('\0').filter_map(name).collect())
}

/// Makes git take note of changed modification times: build scripts that compare the index without
/// refreshing it see a clean tree. Does nothing where there is no repository.
pub fn refresh_index(copy: &Path) -> Result<()> {
    let is_repository = || in_copy(copy, ["rev-parse", "--git-dir"]).output();
    if !copy.join(".git").exists() || !is_repository()?.status.success() {
        return Ok(());
    }
    // Of a directory with a repository, the settings are in the copy.
    let filters = own_filters(copy)?;
    if filters.iter().all(|key| key.starts_with("filter.")) {
        // The order counts: git refreshes when it reads this option, by the options before it.
        let refresh = in_copy(copy, ["update-index", "-q", "--unmerged", "--really-refresh"]);
        unfiltered(refresh, &filters).checked()?;
    }
    for (path, _) in gitlinks(copy)? {
        refresh_index(&copy.join(path))?;
    }
    Ok(())
}

/// Makes this the user who made the copies below `dir`, and `at` the time in seconds since 1970: git writes both
/// into its logs of what HEAD was.
pub fn sign_logs(dir: &Path, user: &str, at: i64) -> Result<()> {
    let is_log = |path: &Path| {
        let mut names = path.iter().skip_while(|name| *name != ".git");
        names.any(|name| name == "logs")
    };
    for (path, meta) in fs::walk(dir, &mut |_| true)? {
        if meta.is_file() && is_log(path.strip_prefix(dir).unwrap_or(&path)) {
            let text = std::fs::read(&path)
                .with_context(|| format!("failed to read `{}`", path.display()))?;
            let text = String::from_utf8_lossy(&text);
            fs::write(&path, text.lines().map(|l| signed(l, user, at)).collect::<String>())?;
        }
    }
    Ok(())
}

/// A line of a log: two ids, the user, the time, and behind a tab what was done.
fn signed(line: &str, user: &str, at: i64) -> String {
    let (head, done) = line.split_once('\t').unwrap_or((line, ""));
    let ids: Vec<&str> = head.split(' ').take(2).collect();
    format!("{} {user} <{user}@example.org> {at} +0000\t{done}\n", ids.join(" "))
}

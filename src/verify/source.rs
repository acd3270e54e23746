//! Where the source of a verification comes from: a repository that has the manifest's commit, a
//! directory, an unpacked archive, or a crate that cargo fetched. Each is checked for what it is said
//! to be; nothing of it has run when that is done.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::digest;
use repro_formats::error::Stop;
use repro_formats::extract;
use repro_formats::limits::Limits;
use toml_edit::DocumentMut;

use crate::cargo::config::{Config, FILE_NAMES, Inside};
use crate::error::{bad_input, refused};
use crate::fs;
use crate::manifest::{self, Manifest};
use crate::process;
use crate::request::Given;
use crate::source::remote::{self, Named};
use crate::source::{self, Source, Wanted, address, commit};
use crate::verify::{registry, replay};

/// A tree of files to build from.
pub(super) struct Tree {
    /// Where it is.
    pub(super) dir: PathBuf,
    /// One line that names it.
    pub(super) label: String,
    /// A time to build with, if it has one.
    pub(super) epoch: Option<i64>,
    /// A directory with a repository in it, rather than files alone.
    pub(super) repository: bool,
}

/// The source of a manifest.
pub(super) fn of_manifest(
    manifest: &Manifest,
    given: Option<&Given>,
    scratch: &Path,
    limits: &Limits,
) -> Result<(Source, String)> {
    let said = &manifest.source;
    if said.dirty {
        return Err(refused(
            "the manifest is of a tree with changes that no commit holds, so that nobody else has the source: ask for one of a commit",
        ));
    }
    match said.kind.as_str() {
        "git" => of_commit(said, given, scratch),
        _ => of_files(said, given, scratch, limits),
    }
}

fn of_commit(
    said: &manifest::Source,
    given: Option<&Given>,
    scratch: &Path,
) -> Result<(Source, String)> {
    let id = said.commit.as_deref().unwrap_or_default();
    let (repository, at) = repository(said, id, given, scratch)?;
    let source = commit::of(&repository, id, said.tree.as_deref(), Path::new(&said.directory))?;
    let short = &id[..12.min(id.len())];
    Ok((source, format!("commit {short} of `{at}`")))
}

fn repository(
    said: &manifest::Source,
    id: &str,
    given: Option<&Given>,
    scratch: &Path,
) -> Result<(PathBuf, String)> {
    let lacks = |at: &str| {
        refused(format!(
            "`{at}` is not a repository that has commit {id}, which the manifest names"
        ))
    };
    match given {
        Some(Given::Crate(_)) => Err(refused(
            "the manifest is of a commit, and --crate gives a crate: give --source with a repository",
        )),
        Some(Given::Source(text)) if Path::new(text).exists() => {
            let top = commit::holding(Path::new(text), id)?;
            top.map(|t| (t, text.clone())).ok_or_else(|| lacks(text))
        }
        Some(Given::Source(text)) => cloned(text, id, Named::Own, scratch),
        None => {
            // A clone at hand has what the network would give: the id says that it is the same. Only
            // where the user is, not beside the manifest: a repository may come with the download,
            // and its settings make git run commands.
            if let Ok(Some(top)) = commit::holding(Path::new("."), id) {
                let at = top.display().to_string();
                return Ok((top, at));
            }
            let remote = said.remote.as_deref().ok_or_else(|| {
                refused(format!(
                    "the manifest names no remote, and the repository here does not have commit {id}: give --source with one that has it"
                ))
            })?;
            cloned(remote, id, Named::Foreign, scratch)
        }
    }
}

fn cloned(url: &str, id: &str, named: Named, scratch: &Path) -> Result<(PathBuf, String)> {
    let store = scratch.join("repository");
    remote::clone(url, named, &store)?;
    remote::commit(&store, url, named, id)?;
    Ok((store, url.to_string()))
}

fn of_files(
    said: &manifest::Source,
    given: Option<&Given>,
    scratch: &Path,
    limits: &Limits,
) -> Result<(Source, String)> {
    let given = given.ok_or_else(|| {
        refused("the manifest is of a directory that is in no repository: give --source with the directory or archive, or --crate NAME@VERSION")
    })?;
    let tree = tree(given, scratch, limits)?;
    let package = tree.dir.join(&said.directory);
    let found = source::find(&Wanted {
        manifest: match package.join("Cargo.toml").is_file() {
            true => package.join("Cargo.toml"),
            false => tree.dir.join("Cargo.toml"),
        },
        target_dir: tree.dir.join("target"),
        directory: Some(tree.dir),
        rev: None,
        allow_dirty: false,
    })?;
    Ok((found, tree.label))
}

/// A copy of files must have the digest that the manifest names.
pub(super) fn check_content(said: &manifest::Source, copy: &Path) -> Result<()> {
    let found = Source::content_digest(copy)?;
    match said.sha256.as_deref() == Some(&*found) {
        true => Ok(()),
        false => Err(refused(format!(
            "the source has the digest {found}, and the manifest says {}: it is not the source that was built",
            said.sha256.as_deref().unwrap_or("none")
        ))),
    }
}

/// The lockfile must be the one that the manifest names.
pub(super) fn check_lockfile(said: &manifest::Source, lockfile: &str) -> Result<()> {
    let found = digest::of_bytes(lockfile.as_bytes()).sha256;
    match found == said.lockfile_sha256 {
        true => Ok(()),
        false => Err(refused(format!(
            "Cargo.lock of the source has the digest {found}, and the manifest says {}: it is not what was built",
            said.lockfile_sha256
        ))),
    }
}

/// The files of a source that the user named.
pub(super) fn tree(given: &Given, scratch: &Path, limits: &Limits) -> Result<Tree> {
    match given {
        Given::Crate(spec) => {
            let (path, label) = registry::fetch(spec, scratch)?;
            unpacked(&path, label, scratch, limits)
        }
        Given::Source(text) => {
            let path = Path::new(text);
            if path.is_dir() {
                return Ok(Tree {
                    dir: std::fs::canonicalize(path)
                        .with_context(|| format!("failed to resolve `{text}`"))?,
                    label: format!("directory `{text}`"),
                    epoch: None,
                    repository: false,
                });
            }
            if path.is_file() {
                let digest = digest::of_file(path)?.sha256;
                let label = format!("`{text}` with sha256 {digest}");
                return unpacked(path, label, scratch, limits);
            }
            if address::is_address(text) {
                return checked_out(text, scratch);
            }
            Err(bad_input(format!(
                "`{}` is no directory, no archive, and not the address of a repository",
                text.escape_debug()
            )))
        }
    }
}

/// The archive's one directory, or the whole where its files lie at its top.
fn unpacked(path: &Path, label: String, scratch: &Path, limits: &Limits) -> Result<Tree> {
    let to = scratch.join("unpacked");
    let done = extract::extract(path, &to, limits, Stop(process::interrupted))?;
    let names = fs::entries(&to)?;
    let dir = match &names[..] {
        [one] if to.join(one).is_dir() => to.join(one),
        _ => to,
    };
    if !dir.join("Cargo.toml").is_file() {
        return Err(refused(format!(
            "`{}` holds no Cargo.toml at its top: it is not the source of a cargo project",
            path.display()
        )));
    }
    if !dir.join("Cargo.lock").is_file() {
        return Err(refused(format!(
            "`{}` holds no Cargo.lock, so that nothing says which versions the binary was built from: unpack it, add the lockfile that was used, and give --source DIR",
            path.display()
        )));
    }
    Ok(Tree { dir, label, epoch: done.newest, repository: false })
}

fn checked_out(text: &str, scratch: &Path) -> Result<Tree> {
    let (url, revision) = address::split_revision(text);
    let store = scratch.join("repository");
    remote::clone(url, Named::Own, &store)?;
    let id = match revision {
        Some(revision) => remote::commit(&store, url, Named::Own, revision)?,
        None => remote::head(&store)?,
    };
    let dir = scratch.join("checked-out");
    commit::of(&store, &id, None, Path::new(""))?.check_out(&dir)?;
    Ok(Tree {
        dir,
        label: format!("commit {} of `{url}`", &id[..12.min(id.len())]),
        epoch: None,
        repository: true,
    })
}

/// Refuses a source that names programs of its own to be run before the build: a toolchain file may
/// name a directory, which rustup would run, and a config file what cargo runs.
pub(super) fn no_own_programs(dir: &Path) -> Result<()> {
    let mut config = Config::default();
    let tree = Inside { root: dir, copy: dir, outside: false };
    config.add_inside(tree, &FILE_NAMES.map(PathBuf::from))?;
    replay::no_programs(&config, dir)?;
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        let text = fs::read_text_if_any(&dir.join(name))?.unwrap_or_default();
        // The old form is a channel alone, and no TOML.
        let Ok(document) = text.parse::<DocumentMut>() else {
            continue;
        };
        let path = document.get("toolchain").and_then(|t| t.get("path"));
        if path.is_some() {
            return Err(refused(format!(
                "`{name}` of the source names a toolchain by its path, which would run before anything is checked: nothing was built"
            )));
        }
    }
    Ok(())
}

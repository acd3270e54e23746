//! Where the source of a verification comes from: a repository that has the manifest's commit, a
//! directory, an unpacked archive, or a crate that cargo fetched. Each is checked against the
//! manifest; no code of it has run when that is done.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::error::Stop;
use repro_formats::limits::Limits;
use repro_formats::{digest, extract};

use super::registry;
use crate::error::{bad_input, refused, usage};
use crate::git::short;
use crate::manifest::{self, Manifest, SourceKind};
use crate::metadata::Cargo;
use crate::request::{Expected, Given, SourceChoice};
use crate::source::identity::{Repository, SourceFacts};
use crate::source::remote::{self, Named};
use crate::source::{self, AsItIs, Source, SourceRequest, commit, exported, git_url};
use crate::{fs, process};

/// Whether a file in a work tree is one that git reads.
fn is_gits(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".git")
}

/// A tree of files to build from.
pub(super) struct Tree {
    /// Where it is.
    pub(super) dir: PathBuf,
    /// The directory in it whose package or workspace is built.
    pub(super) package: PathBuf,
    /// One line that names it.
    pub(super) label: String,
    /// What the user called it.
    pub(super) called: String,
    /// A directory with a repository in it, rather than files alone.
    pub(super) repository: bool,
    /// Why a directory in git is not taken as a commit.
    pub(super) as_is: Option<AsItIs>,
    /// The time of an archive.
    pub(super) time: Option<i64>,
    /// Why a difference may come of that time.
    pub(super) time_doubt: Option<String>,
    /// Which source it is.
    pub(super) facts: SourceFacts,
}

/// The source of a manifest, found.
pub(super) struct Placed {
    pub(super) source: Source,
    /// One line that names it.
    pub(super) label: String,
    /// Which source it is.
    pub(super) facts: SourceFacts,
}

/// Where a source is looked for, and what it has to be.
pub(super) struct Search<'a> {
    pub(super) cargo: &'a Cargo,
    pub(super) given: Option<&'a Given>,
    pub(super) expected: &'a Expected,
    pub(super) scratch: &'a Path,
    pub(super) limits: &'a Limits,
}

impl Search<'_> {
    /// The source of a manifest, which must be what is expected.
    pub(super) fn of_manifest(&self, manifest: &Manifest) -> Result<Placed> {
        let claimed = &manifest.source;
        if claimed.dirty {
            return Err(refused(
                "the manifest was made from a dirty working tree, so its source cannot be retrieved: ask for one of a commit",
            ));
        }
        let mut placed = match claimed.kind {
            SourceKind::Git => self.of_commit(claimed)?,
            SourceKind::Directory => self.of_files(claimed)?,
        };
        if placed.facts.commit.is_none() {
            placed.facts.epoch = Some((manifest.recipe.epoch, "as the manifest says".to_string()));
        }
        Ok(placed)
    }

    fn of_commit(&self, claimed: &manifest::Source) -> Result<Placed> {
        let expected = self.expected;
        let id = claimed.commit.as_deref().unwrap_or_default();
        expected.check_remote(claimed.remote.as_deref())?;
        let repository = self.repository(claimed, id)?;
        expected.check(&repository, id)?;
        let directory = Path::new(&claimed.directory);
        let found = SourceFacts::of(&repository, id, directory)?;
        let remote = claimed.remote.clone().or(found.remote);
        let facts = SourceFacts { remote, expected: expected.clone(), ..found };
        let at = &repository.at;
        let source =
            commit::of(self.cargo, &repository.root, id, claimed.tree.as_deref(), directory, at)?;
        Ok(Placed { source, label: format!("commit {} of `{at}`", short(id)), facts })
    }

    /// A repository that has the commit of a manifest.
    fn repository(&self, claimed: &manifest::Source, id: &str) -> Result<Repository> {
        let expected = self.expected;
        match self.given {
            Some(Given::Crate(_)) => Err(refused(
                "the manifest is of a commit, but --crate names a crate: pass --source with a repository",
            )),
            Some(Given::Source(text)) => {
                let (repository, revision) = match local(text) {
                    None if !text.contains(':') => return Err(no_source(text)),
                    Some((path, revision)) => (self.here(path, id)?, revision),
                    None => {
                        let (url, revision) = git_url::split_revision(text);
                        (self.cloned(url, Some(id), Named::Own)?.0, revision)
                    }
                };
                if let Some(revision) = revision {
                    is_revision(&repository, revision, id)?;
                }
                Ok(repository)
            }
            None => {
                // A clone at hand has what the network would give: the id says that it is the same. Only
                // the current directory is looked at, not that of the manifest: a repository there may
                // have come with the download, and its settings make git run commands.
                let dir =
                    std::env::current_dir().context("failed to find the current directory")?;
                let at_hand = source::root_of(&dir)?;
                if let Some(root) =
                    at_hand.clone().filter(|root| commit::is_in(root, id).is_ok_and(|is| is))
                {
                    let at = root.display().to_string();
                    let repository = Repository { root, at, cloned_from: None, foreign: false };
                    if expected.fits(&repository)? {
                        return Ok(repository);
                    }
                }
                if let Some(url) = &expected.source {
                    return Ok(self.cloned(url, Some(id), Named::Own)?.0);
                }
                let Some(remote) = claimed.remote.as_deref() else {
                    let here = match &at_hand {
                        Some(root) => lacks(&root.display().to_string(), root, id),
                        None => format!(
                            "this directory is not in a git repository, so it cannot have commit {id}"
                        ),
                    };
                    return Err(refused(format!(
                        "the manifest names no remote, and {here}: give --source with a repository that has it"
                    )));
                };
                let (repository, _) = self.cloned(remote, Some(id), Named::Foreign)?;
                Ok(Repository { foreign: true, ..repository })
            }
        }
    }

    /// What the user named, as a repository that has the commit.
    fn here(&self, path: &Path, id: &str) -> Result<Repository> {
        let at = path.display().to_string();
        if path.is_file() {
            let to = self.scratch.join("unpacked");
            extract::extract(path, &to, self.limits, Stop(process::interrupted))?;
            let also = exported::of(&top_of(to)?, self.scratch)?.doubts();
            let also = also.first().map(|d| format!(" ({d})")).unwrap_or_default();
            return Err(refused(format!(
                "the manifest is of commit {id}, and `{at}` is an archive, not a repository{also}: pass --source with a repository that has the commit"
            )));
        }
        let Some(root) = source::root_of(path)? else {
            return Err(refused(format!(
                "the manifest is of commit {id}, and `{at}` is not in a git repository: pass --source with one that has the commit"
            )));
        };
        match commit::is_in(&root, id)? {
            true => Ok(Repository { root, at, cloned_from: None, foreign: false }),
            false => Err(refused(lacks(&at, &root, id))),
        }
    }

    /// A clone that has a revision, by default what HEAD names; and that commit.
    fn cloned(
        &self,
        url: &str,
        revision: Option<&str>,
        named: Named,
    ) -> Result<(Repository, String)> {
        let root = self.scratch.join("repository");
        remote::clone(url, named, &root)?;
        let id = match revision {
            Some(revision) => remote::commit(&root, url, named, revision)?,
            None => remote::head(&root)?,
        };
        let url = source::without_credentials(url);
        let cloned_from = Some(url.clone());
        Ok((Repository { root, at: url, cloned_from, foreign: false }, id))
    }

    fn of_files(&self, claimed: &manifest::Source) -> Result<Placed> {
        let given = self.given.ok_or_else(|| {
        refused("the manifest is of a directory that is in no repository: give --source with the directory or archive, or --crate NAME@VERSION")
    })?;
        self.expected.refuse_files("a directory")?;
        let tree = self.files(given)?;
        let package = tree.dir.join(&claimed.directory);
        let source = source::find(&SourceRequest {
            cargo: self.cargo.clone(),
            manifest: match package.join("Cargo.toml").is_file() {
                true => package.join("Cargo.toml"),
                false => tree.dir.join("Cargo.toml"),
            },
            target_dir: tree.dir.join("target"),
            choice: SourceChoice {
                directory: Some(tree.dir),
                called: Some(tree.called),
                ..SourceChoice::default()
            },
        })?;
        Ok(Placed { source, label: tree.label, facts: tree.facts })
    }

    /// The files of a source that the user named, which must be what is expected: a commit where a
    /// repository has one, else what is there.
    pub(super) fn tree(&self, given: &Given) -> Result<Tree> {
        let expected = self.expected;
        let found = match given {
            Given::Source(text) => self.repository_of(text)?,
            Given::Crate(_) => None,
        };
        let Some((repository, id, package)) = found else {
            let tree = self.files(given)?;
            expected.refuse_files(&tree.label)?;
            return Ok(tree);
        };
        expected.check(&repository, &id)?;
        let found = SourceFacts::of(&repository, &id, &package)?;
        let facts = SourceFacts { expected: expected.clone(), ..found };
        let Repository { root, at, .. } = &repository;
        if !commit::has_lockfile(root, &id, &package) {
            return Err(refused(format!(
                "commit {} of `{at}` has no Cargo.lock, so the dependency versions of the binary are not known: a published .crate of a program contains its lockfile; pass that (--crate NAME@VERSION, or --source FILE)",
                short(&id)
            )));
        }
        let dir = self.scratch.join("checked-out");
        commit::of(self.cargo, root, &id, None, &package, at)?.check_out(&dir)?;
        // A commit can have links to devices; an archive with a link that leads out is refused.
        fs::only_files(&dir, &|_| true)?;
        Ok(Tree {
            package,
            repository: true,
            ..plain(dir, format!("commit {} of `{at}`", short(&id)), at, facts)
        })
    }

    /// The repository that the user named, the commit that is meant, and the directory in it. None where
    /// files are to be taken as they are.
    fn repository_of(&self, text: &str) -> Result<Option<(Repository, String, PathBuf)>> {
        let Some((path, revision)) = local(text) else {
            if !git_url::is_address(text) {
                return Ok(None);
            }
            let (url, revision) = git_url::split_revision(text);
            let (found, id) = self.cloned(url, revision, Named::Own)?;
            return Ok(Some((found, id, PathBuf::new())));
        };
        if path.is_file() {
            return Ok(None);
        }
        let at = path.display().to_string();
        let Some(root) = source::root_of(path)? else {
            return match revision {
                None => Ok(None),
                Some(revision) => Err(refused(format!(
                    "`{at}` is in no git repository, so it has no revision `{}`: leave the revision out",
                    revision.escape_debug()
                ))),
            };
        };
        let dir = fs::canonicalize(path).with_context(|| format!("failed to resolve `{at}`"))?;
        let package = dir.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
        let id = match (revision, source::is_store(&root)) {
            (Some(revision), _) => {
                commit::find(&root, revision)?.ok_or_else(|| no_revision(&at, revision))?
            }
            (None, true) => remote::head(&root)?,
            (None, false) => {
                // git reads them before anything is known of the tree.
                fs::only_files(&root, &|path| path.file_name().is_some_and(is_gits))?;
                match commit::of_work_tree(&root, &package)? {
                    Ok(id) => id,
                    Err(_) => return Ok(None),
                }
            }
        };
        Ok(Some((Repository { root, at, cloned_from: None, foreign: false }, id, package)))
    }

    /// Files as they are.
    fn files(&self, given: &Given) -> Result<Tree> {
        let text = match given {
            Given::Crate(spec) => {
                let (path, label) = registry::fetch(spec, self.scratch)?;
                return self.unpacked(&path, label, spec, true);
            }
            Given::Source(text) => text,
        };
        let path = Path::new(text);
        if path.is_file() {
            let digest = digest::of_file(path)?.sha256;
            let label = format!("`{text}` with sha256 {digest}");
            return self.unpacked(path, label, text, false);
        }
        if !path.is_dir() {
            return Err(no_source(text));
        }
        let dir = fs::canonicalize(path).with_context(|| format!("failed to resolve `{text}`"))?;
        fs::only_files(&dir, &|_| true)?;
        let (as_is, doubts) = match source::root_of(&dir)? {
            Some(root) => {
                let package = dir.strip_prefix(&root).unwrap_or(Path::new(""));
                (commit::of_work_tree(&root, package)?.err(), Vec::new())
            }
            None => (None, exported::of(&dir, self.scratch)?.doubts()),
        };
        let facts = SourceFacts { doubts, ..SourceFacts::default() };
        Ok(Tree { as_is, ..plain(dir, format!("directory `{text}`"), text, facts) })
    }

    fn unpacked(&self, path: &Path, label: String, called: &str, is_crate: bool) -> Result<Tree> {
        let to = self.scratch.join("unpacked");
        let done = extract::extract(path, &to, self.limits, Stop(process::interrupted))?;
        let dir = top_of(to)?;
        let git_doubt = without_git(&dir)?;
        let what = called.escape_debug();
        if !dir.join("Cargo.toml").is_file() {
            return Err(refused(format!(
                "`{what}` has no Cargo.toml at its root, so it is not a cargo project"
            )));
        }
        let exported = exported::of(&dir, self.scratch)?;
        if !dir.join("Cargo.lock").is_file() {
            let also = exported.doubt_of_absent();
            let also = also.map(|d| format!(" ({d})")).unwrap_or_default();
            return Err(refused(format!(
                "`{what}` has no Cargo.lock{also}, so the dependency versions of the binary are not known: unpack it, add the lockfile that was used, and pass --source DIR"
            )));
        }
        let is_crate = is_crate
            || path.extension().is_some_and(|e| e == "crate")
            || dir.join("Cargo.toml.orig").is_file();
        let one_time = done.newest.is_some() && done.newest == done.oldest;
        let doubts = exported.doubts().into_iter().chain(git_doubt).collect();
        let facts = SourceFacts { doubts, ..SourceFacts::default() };
        Ok(Tree {
            time: done.newest,
            time_doubt: done.newest.map(|t| time_doubt(t, called, is_crate, one_time)),
            ..plain(dir, label, called, facts)
        })
    }
}

/// What was named as the source is nothing of this machine, and nothing that could be fetched.
fn no_source(text: &str) -> anyhow::Error {
    let what = format!(
        "`{}` is not a directory, an archive or the address of a repository: check the path",
        text.escape_debug()
    );
    // What looks like an address, and is none, may be meant to mislead git.
    if text.contains(':') { bad_input(what) } else { usage(what) }
}

/// The path of something of this machine, and the revision behind it, if there is one.
fn local(text: &str) -> Option<(&Path, Option<&str>)> {
    if Path::new(text).exists() {
        return Some((Path::new(text), None));
    }
    let ats = text.rmatch_indices('@').map(|(i, _)| (Path::new(&text[..i]), &text[i + 1..]));
    let mut ats = ats.filter(|(dir, revision)| dir.is_dir() && !revision.is_empty());
    ats.next().map(|(dir, revision)| (dir, Some(revision)))
}

fn lacks(at: &str, root: &Path, id: &str) -> String {
    let todo = match source::is_shallow(root) {
        Ok(true) => "it is a shallow clone: run `git fetch --unshallow` there",
        _ => "run `git fetch` there if it is behind",
    };
    format!("`{at}` does not have commit {id}, which the manifest names ({todo})")
}

/// The revision that the user named must be the manifest's commit.
fn is_revision(repository: &Repository, revision: &str, id: &str) -> Result<()> {
    let (at, name) = (&repository.at, revision.escape_debug());
    match commit::find(&repository.root, revision)? {
        Some(found) if found == id => Ok(()),
        Some(found) => Err(refused(format!(
            "`{name}` of `{at}` is commit {}, and the manifest is of commit {}: this is not the source that was built",
            short(&found),
            short(id)
        ))),
        None => Err(no_revision(at, revision)),
    }
}

fn no_revision(at: &str, revision: &str) -> anyhow::Error {
    refused(format!(
        "no commit, branch or tag `{}` in `{at}`: run `git fetch --tags` there or check the name",
        revision.escape_debug()
    ))
}

/// A copy of files must have the digest that the manifest names.
pub(super) fn check_content(said: &manifest::Source, copy: &Path) -> Result<()> {
    let found = source::content_digest(copy)?;
    match said.sha256.as_deref() == Some(&*found) {
        true => Ok(()),
        false => Err(refused(format!(
            "the source has the digest {found}, and the manifest says {}: this is not the source that was built",
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

fn plain(dir: PathBuf, label: String, called: &str, facts: SourceFacts) -> Tree {
    Tree {
        dir,
        package: PathBuf::new(),
        label,
        called: called.to_string(),
        repository: false,
        as_is: None,
        time: None,
        time_doubt: None,
        facts,
    }
}

/// The one directory of an archive that was unpacked, or the whole where its files are at its top.
fn top_of(to: PathBuf) -> Result<PathBuf> {
    let names = fs::entries(&to)?;
    Ok(match &names[..] {
        [one] if to.join(one).is_dir() => to.join(one),
        _ => to,
    })
}

/// Removes git repositories from an unpacked archive. Their settings could make git run programs, and their
/// lists of borrowed objects could show the build any directory of this machine.
fn without_git(dir: &Path) -> Result<Option<String>> {
    let found = source::all_below(dir)?;
    found.iter().try_for_each(|path| fs::remove_tree_or_file(path))?;
    let doubt = "the archive has a git repository (`.git`), which was left out: a build that asks git gets another answer";
    Ok((!found.is_empty()).then(|| doubt.to_string()))
}

/// Why a difference may come of a time that was taken from an archive.
fn time_doubt(seconds: i64, called: &str, is_crate: bool, one_time: bool) -> String {
    let what = called.escape_debug();
    let why = match (is_crate, one_time) {
        (true, true) => "the time that cargo gives to all files of a .crate".to_string(),
        (true, false) => format!("the latest time in `{what}`, which is when it was packed"),
        (false, true) => format!("the time of all files in `{what}`"),
        (false, false) => format!("the latest time in `{what}`"),
    };
    format!(
        "SOURCE_DATE_EPOCH is {seconds} here, {why}, but the publisher may have used a different time: pass it with --epoch SECONDS"
    )
}

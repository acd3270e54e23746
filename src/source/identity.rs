//! Which source a commit is: the tags and branches that lead to it in a repository, the version and
//! the repository that its Cargo.toml names, and whether that is what a verifier expects.
//!
//! A commit's id proves its content and nothing else: a fork has commits too.

use std::path::Path;

use anyhow::Result;
use toml_edit::{DocumentMut, Item};

use super::found::{Origin, Source};
use super::git_url;
use super::repository::{self, text, try_text};
use crate::error::{Kind, failure};
use crate::git::short;
use crate::request::Expected;

/// What is known of a source besides its content.
#[derive(Clone, Debug, Default)]
pub struct SourceFacts {
    /// The commit; none for a directory or an archive.
    pub commit: Option<String>,
    /// The repository that it was read from, as the user knows it: a URL or a path.
    pub repository: Option<String>,
    /// Tags that point at it, in that repository.
    pub tags: Vec<String>,
    /// Some branches that it is on, the default one first; none where the repository cannot tell.
    pub branches: Option<Vec<String>>,
    /// The repository's history is cut off: tags and branches may be missing.
    pub shallow: bool,
    /// The remote that builds see: the manifest's, else the repository's own.
    pub remote: Option<String>,
    /// `repository` in the source's Cargo.toml.
    pub declared: Option<String>,
    /// The version in the source's Cargo.toml.
    pub version: Option<String>,
    /// SOURCE_DATE_EPOCH and where it is from, where it is not a commit's time.
    pub epoch: Option<(i64, String)>,
    /// Why a difference may have another reason than another source.
    pub doubts: Vec<String>,
    /// What was expected, and holds.
    pub expected: Expected,
}

/// A repository that has the commit, and how it was come by.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its directory.
    pub root: std::path::PathBuf,
    /// As the user knows it.
    pub at: String,
    /// The URL that it was cloned from just now.
    pub cloned_from: Option<String>,
    /// Only the manifest names it: what it says of tags is the publisher's word.
    pub foreign: bool,
}

impl SourceFacts {
    /// What `repository` knows of a commit; `package` is the directory of the Cargo.toml in it.
    pub fn of(repository: &Repository, commit: &str, package: &Path) -> Result<SourceFacts> {
        let root = &repository.root;
        let (version, declared) = declared(package, |path| blob(root, commit, path));
        let shallow = repository::is_shallow(root)?;
        let branches = branches(root, commit, None)?;
        Ok(SourceFacts {
            tags: tags(root, commit)?,
            branches: branches.filter(|found| !found.is_empty() || !shallow),
            shallow,
            remote: repository
                .cloned_from
                .clone()
                .map_or_else(|| repository::remote(root), |u| Ok(Some(u)))?,
            repository: Some(repository.at.clone()),
            commit: Some(commit.to_string()),
            declared,
            version,
            ..SourceFacts::default()
        })
    }

    /// Whether the remote is the repository in Cargo.toml; none where one of the two is missing.
    pub fn remote_is_declared(&self) -> Option<bool> {
        let declared = repository_of_page(self.declared.as_deref()?);
        Some(git_url::same(declared, self.remote.as_deref()?))
    }
}

impl Expected {
    /// A source without a commit cannot be what is expected.
    pub fn refuse_files(&self, label: &str) -> Result<()> {
        let option = match (&self.tag, &self.source) {
            (Some(_), _) => "--expect-tag",
            (None, Some(_)) => "--expect-source",
            (None, None) => return Ok(()),
        };
        Err(unmet(format!("{option} is about a commit, and the source is {label}, which has none")))
    }

    /// The remote that a manifest names must be the source that is expected.
    pub fn check_remote(&self, remote: Option<&str>) -> Result<()> {
        match (&self.source, remote) {
            (Some(wanted), Some(remote)) if !git_url::same(wanted, remote) => Err(unmet(format!(
                "the manifest's remote is `{}`, and --expect-source is `{}`",
                remote.escape_debug(),
                wanted.escape_debug()
            ))),
            _ => Ok(()),
        }
    }

    /// Whether a repository at hand is a clone of the expected source, by its remotes or its path.
    pub fn fits(&self, repository: &Repository) -> Result<bool> {
        let Some(wanted) = &self.source else { return Ok(true) };
        Ok(match &repository.cloned_from {
            Some(url) => git_url::same(wanted, url),
            None => is_at(repository, wanted) || !matching(&repository.root, wanted)?.is_empty(),
        })
    }

    /// Checks all of it, against the repository that the verifier trusts.
    pub fn check(&self, repository: &Repository, commit: &str) -> Result<()> {
        let at = repository.at.escape_debug();
        if let Some(wanted) = &self.source {
            let wanted_here = wanted.escape_debug();
            if !self.fits(repository)? {
                return Err(unmet(format!(
                    "the source was read from `{at}`, and --expect-source is `{wanted_here}`"
                )));
            }
            // Hosts give out any commit that some fork has, for its id.
            if !self.reaches(repository, wanted, commit)? {
                return Err(unmet(format!(
                    "commit {commit} is on no branch of `{wanted_here}` and no tag of it leads to it, as far as `{at}` knows"
                )));
            }
        }
        let Some(tag) = &self.tag else { return Ok(()) };
        if repository.foreign && self.source.is_none() {
            return Err(unmet(format!(
                "the tag `{}` would be looked up in `{at}`, which only the manifest names: give the repository that you trust with --expect-source URL or --source",
                tag.escape_debug()
            )));
        }
        let name = tag.strip_prefix("refs/tags/").unwrap_or(tag);
        let known = all_tags(&repository.root)?;
        let name_here = name.escape_debug();
        match known.iter().find(|(known, _)| known == name) {
            Some((_, id)) if id == commit => Ok(()),
            Some((_, id)) => Err(unmet(format!(
                "tag `{name_here}` of `{at}` is commit {}, and the source is commit {}",
                short(id),
                short(commit)
            ))),
            None => Err(unmet(format!(
                "`{at}` has no tag `{name_here}` as --expect-tag asks; if it is a clone, run `git fetch --tags` there"
            ))),
        }
    }

    /// Whether a branch or tag of the expected source leads to the commit.
    fn reaches(&self, repository: &Repository, wanted: &str, commit: &str) -> Result<bool> {
        let root = &repository.root;
        let names = match repository.cloned_from.is_some() || is_at(repository, wanted) {
            true => None,
            false => Some(matching(root, wanted)?),
        };
        let on_branch = branches(root, commit, names.as_deref())?;
        if on_branch.is_some_and(|found| !found.is_empty()) {
            return Ok(true);
        }
        // Tags do not record which remote they came from.
        let ours = match &names {
            None => true,
            Some(names) => names.len() == repository::remotes(root)?.len(),
        };
        let args = ["for-each-ref", "--count=1", "--contains", commit, "refs/tags"];
        Ok(ours && !try_text(root, args)?.unwrap_or_default().is_empty())
    }
}

fn unmet(what: String) -> anyhow::Error {
    failure(Kind::NotAccepted, format!("{what}: nothing was built"))
}

/// Whether the address is the path of the repository itself.
fn is_at(repository: &Repository, address: &str) -> bool {
    let path = address.strip_prefix("file://").unwrap_or(address);
    let resolved = crate::fs::canonicalize(path);
    Path::new(path).is_absolute() && resolved.is_ok_and(|p| p == repository.root)
}

/// Names of the remotes that are this source.
fn matching(root: &Path, wanted: &str) -> Result<Vec<String>> {
    let all = repository::remotes(root)?.into_iter();
    Ok(all.filter(|(_, url)| git_url::same(url, wanted)).map(|(name, _)| name).collect())
}

/// Tags that point at a commit, sorted; annotated ones too.
pub fn tags(root: &Path, commit: &str) -> Result<Vec<String>> {
    let all = all_tags(root)?.into_iter();
    let mut names: Vec<String> = all.filter(|(_, id)| id == commit).map(|(name, _)| name).collect();
    names.sort();
    Ok(names)
}

/// Each tag and what it leads to in the end.
fn all_tags(root: &Path) -> Result<Vec<(String, String)>> {
    // Lines of `<id> refs/tags/<name>`; behind that of a tag object one with `^{}` and what it
    // points at. The exit code is 1 where there is no tag.
    let list = try_text(root, ["show-ref", "--tags", "--dereference"])?.unwrap_or_default();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in list.lines() {
        let Some((id, name)) = line.split_once(" refs/tags/") else { continue };
        match name.strip_suffix("^{}") {
            Some(_) => drop(found.last_mut().map(|last| last.1 = id.to_string())),
            None => found.push((name.to_string(), id.to_string())),
        }
    }
    Ok(found)
}

/// How many branches are named.
const NAMED: usize = 3;

/// Some branches that a commit is on, the default one first: of these remotes, else of all, else,
/// where nothing was fetched from any, the repository's own. None where that says nothing: a clone
/// whose branches are not those of its remote.
fn branches(root: &Path, commit: &str, of: Option<&[String]>) -> Result<Option<Vec<String>>> {
    let spaces: Vec<String> = match of {
        Some(names) => names.iter().map(|name| format!("refs/remotes/{name}/")).collect(),
        None => match text(root, ["for-each-ref", "--count=1", "refs/remotes"])?.is_empty() {
            false => vec!["refs/remotes/".to_string()],
            true if repository::is_store(root) || repository::remotes(root)?.is_empty() => {
                vec!["refs/heads/".to_string()]
            }
            true => return Ok(None),
        },
    };
    // A symbolic name leads to another one, which is the default branch.
    let args = ["for-each-ref", "--contains", commit, "--format=%(refname):%(symref):"];
    let list = try_text(root, args.into_iter().chain(spaces.iter().map(String::as_str)))?;
    let list = list.unwrap_or_default();
    let lines = || list.lines().filter_map(|line| line.strip_suffix(':')?.split_once(':'));
    let head = try_text(root, ["symbolic-ref", "--quiet", "HEAD"])?;
    let default = lines().map(|(_, to)| to).find(|to| !to.is_empty()).or(head.as_deref());
    let mut names: Vec<&str> = lines().filter(|(_, to)| to.is_empty()).map(|(n, _)| n).collect();
    names.sort_by_key(|name| (Some(*name) != default, *name));
    let plain = |name: &&str| {
        let name = name.trim_start_matches("refs/heads/");
        name.trim_start_matches("refs/remotes/").to_string()
    };
    Ok(Some(names.iter().take(NAMED).map(plain).collect()))
}

/// The text of a file in a commit.
fn blob(root: &Path, commit: &str, path: &Path) -> Option<String> {
    let path = path.to_str()?.replace('\\', "/");
    try_text(root, ["cat-file", "blob", &format!("{commit}:{path}")]).ok().flatten()
}

/// A forge's page of a directory in a repository leads to the repository.
fn repository_of_page(url: &str) -> &str {
    let ends = ["/-/tree/", "/tree/", "/blob/", "/src/branch/"];
    ends.iter().find_map(|end| url.split_once(end)).map_or(url, |(before, _)| before)
}

/// Version and repository of the package, or the virtual workspace, in a directory of the source.
/// `file` reads a file of the source.
fn declared(
    package: &Path,
    file: impl Fn(&Path) -> Option<String>,
) -> (Option<String>, Option<String>) {
    let manifest = |dir: &Path| {
        let path = if dir == Path::new(".") { "Cargo.toml".into() } else { dir.join("Cargo.toml") };
        file(&path)?.parse::<DocumentMut>().ok()
    };
    let Some(own) = manifest(package) else { return (None, None) };
    let shared = |document: &DocumentMut, key: &str| {
        let package = document.get("workspace")?.get("package")?;
        package.get(key).and_then(Item::as_str).map(str::to_string)
    };
    let get = |key: &str| {
        let Some(table) = own.get("package") else { return shared(&own, key) };
        let value = table.get(key)?;
        match value.as_str() {
            Some(text) => Some(text.to_string()),
            // `workspace = true`
            None => package.ancestors().find_map(|dir| shared(&manifest(dir)?, key)),
        }
    };
    (get("version"), get("repository"))
}

impl Source {
    /// Tags that point at the commit that is built, sorted; none of a directory, nor of a tree with
    /// changes, which no tag is of.
    pub fn tags(&self) -> Result<Vec<String>> {
        match &self.origin {
            Origin::Git(commit) if commit.dirty.is_empty() => tags(&self.root, &commit.commit),
            _ => Ok(Vec::new()),
        }
    }

    /// The version of the package or workspace that is built: as the commit has it, since builds can
    /// change their copy; of files, as the copy has it.
    pub fn version(&self, copy: &Path) -> Option<String> {
        let (version, _) = declared(&self.package, |path| match &self.origin {
            Origin::Git(commit) if commit.dirty.is_empty() => {
                blob(&self.root, &commit.commit, path)
            }
            _ => std::fs::read_to_string(copy.join(path)).ok(),
        });
        version
    }
}

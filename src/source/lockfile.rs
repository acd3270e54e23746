//! Why a source has no Cargo.lock: there is none, or it is in the work tree and not tracked by git.
//! The two need different fixes.

use std::path::Path;

use anyhow::Result;

use super::found::{Origin, Source};
use super::repository::try_text;
use crate::error::refused;
use crate::git::{git, short};

const FILE: &str = "Cargo.lock";

/// Whether the commit has a lockfile in this directory.
pub(super) fn is_in(root: &Path, commit: &str, dir: &Path) -> bool {
    let path = dir.join(FILE);
    let object = format!("{commit}:{}", path.display());
    try_text(root, ["rev-parse", "--verify", "--quiet", &object]).ok().flatten().is_some()
}

/// Why no commit has what is in a work tree.
pub struct AsItIs {
    /// A clause about the directory.
    pub state: String,
    /// What makes a commit of it, in the imperative.
    pub todo: String,
}

/// The untracked lockfile of a directory in a work tree, if that is why no commit has one.
pub(super) fn untracked(top: &Path, dir: &Path) -> Result<Option<AsItIs>> {
    let Some(path) = dir.ancestors().map(|d| d.join(FILE)).find(|p| top.join(p).is_file()) else {
        return Ok(None);
    };
    let asked = git(top, ["--literal-pathspecs", "ls-files", "--"]).arg(&path).checked()?;
    if !asked.stdout.is_empty() {
        return Ok(None);
    }
    // `<file>:<line>:<pattern>`, a tab, and the path; exit code 1 where nothing ignores it.
    let rule = git(top, ["check-ignore", "--verbose", "--"]).arg(&path).output()?.text();
    let path = path.display().to_string();
    let mut rule = rule.split('\t').next().unwrap_or_default().splitn(3, ':');
    let allow = match (rule.next(), rule.next()) {
        (Some(file), Some(line)) => format!("take it out of `{file}` (line {line}), "),
        _ => String::new(),
    };
    Ok(Some(AsItIs {
        state: format!("has `{path}`, but git does not track it"),
        todo: format!("{allow}run `git add {path}` and commit it"),
    }))
}

impl Source {
    /// The refusal to build without a lockfile.
    pub fn without_lockfile(&self) -> anyhow::Error {
        let called = &self.called;
        let why = match &self.origin {
            Origin::Git(commit) => {
                let id = short(&commit.commit);
                match untracked(&self.root, &self.workspace) {
                    Ok(Some(it)) => format!("`{called}` {}: {}", it.state, it.todo),
                    _ => format!(
                        "commit {id} of `{called}` has no Cargo.lock, so dependency versions are not pinned: run `cargo generate-lockfile` and commit it"
                    ),
                }
            }
            Origin::Directory => format!(
                "`{called}` has no Cargo.lock, so dependency versions are not pinned: run `cargo generate-lockfile` there"
            ),
        };
        refused(why)
    }
}

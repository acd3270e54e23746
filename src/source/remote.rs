//! A remote repository, cloned bare into the scratch directory: nothing is checked out, and none of
//! its hooks, helpers or remote commands run. [`super::git_url`] decides which addresses git may be
//! given.

use std::path::Path;

use anyhow::Result;
use repro_formats::names::printable;

use super::commit;
use super::git_url::{OWN_PROTOCOLS, PROTOCOLS};
use super::repository::{text, without_credentials};
use crate::error::{bad_input, host, refused};
use crate::fs;
use crate::git::{configured, git, unprompted};
use crate::process::Cmd;

/// Who named an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A manifest, which is untrusted.
    Foreign,
    /// The user, on the command line.
    Own,
}

impl Named {
    /// Refuses an address that git must not be given.
    pub fn check(self, address: &str) -> Result<()> {
        let checked = match self {
            Named::Foreign => super::git_url::check_foreign(address),
            Named::Own => super::git_url::check_own(address),
        };
        checked.map_err(|why| {
            bad_input(format!(
                "`{}` is not the URL of a repository that can be fetched: {why}; pass --source DIR or a different URL",
                address.escape_debug()
            ))
        })
    }

    fn protocols(self) -> &'static str {
        match self {
            Named::Foreign => PROTOCOLS,
            Named::Own => OWN_PROTOCOLS,
        }
    }
}

/// Clones the repository at `address` to the new directory `to`, all branches and tags, since
/// builds may ask git for the nearest tag.
pub fn clone(address: &str, named: Named, to: &Path) -> Result<()> {
    named.check(address)?;
    if let Some(parent) = to.parent() {
        fs::create_dir(parent)?;
    }
    let args = ["clone", "--bare", "--quiet", "--template=", "--no-local"];
    let around = to.parent().unwrap_or(to);
    let out = careful(git(around, args), named).args(["--", address]).arg(to).output()?;
    if out.status.success() {
        return Ok(());
    }
    Err(failed(address, &out.stderr))
}

/// The id of a commit that a clone of [`clone`] holds under a name or an id; asked for by its id
/// where no branch or tag leads to it.
pub fn commit(store: &Path, address: &str, named: Named, revision: &str) -> Result<String> {
    if let Some(found) = commit::find(store, revision)? {
        return Ok(found);
    }
    let is_id = revision.len() >= 40 && revision.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id {
        let args = ["fetch", "--quiet", "--no-tags"];
        let asked = careful(git(store, args), named).args(["--", address, revision]);
        if asked.output()?.status.success()
            && let Some(found) = commit::find(store, revision)?
        {
            return Ok(found);
        }
    }
    Err(refused(format!(
        "`{}` has no commit `{}`: it was never pushed there, or is gone; give --source with a repository that has it",
        without_credentials(address).escape_debug(),
        revision.escape_debug()
    )))
}

/// The commit that HEAD of a clone names.
pub fn head(store: &Path) -> Result<String> {
    text(store, ["rev-parse", "--verify", "HEAD^{commit}"]).map_err(|_| {
        refused("the repository has no commit on its default branch: name one with @REV")
    })
}

/// Git with only the protocols that the address needs, and without prompts for passwords.
fn careful(cmd: Cmd, named: Named) -> Cmd {
    // A server that says nothing more is not waited for.
    let cmd = configured(cmd, &[("http.lowSpeedLimit", "1000"), ("http.lowSpeedTime", "60")]);
    let cmd = cmd.env("GIT_ALLOW_PROTOCOL", named.protocols()).env("GIT_TERMINAL_PROMPT", "0");
    if named == Named::Foreign { unprompted(cmd) } else { cmd }
}

fn failed(address: &str, words: &str) -> anyhow::Error {
    let words: Vec<&str> = words
        .lines()
        .map(|l| l.trim_start_matches("fatal: ").trim())
        .filter(|l| !l.is_empty())
        .collect();
    host(format!(
        "`{}` could not be cloned: {}",
        without_credentials(address).escape_debug(),
        printable(words.join(" ").as_bytes())
    ))
}

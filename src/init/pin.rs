//! What the workflows install `repro` from: a commit, or the digest of a released archive. A tag can be
//! moved, so it is looked up once, when the files are written.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use repro_formats::digest;

use crate::error::usage;
use crate::git;

/// The repository of this program.
pub(super) const URL: &str = env!("CARGO_PKG_REPOSITORY");
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The name of the package that has the program.
pub(super) const PACKAGE: &str = env!("CARGO_PKG_NAME");

/// What is installed.
pub(super) enum Pin {
    Commit(String),
    /// The SHA-256 of the archive for Linux x86_64.
    Archive(String),
    /// The tag could not be looked up.
    Unknown,
}

impl Pin {
    /// What was asked for, else the commit of this version's tag.
    pub(super) fn of(given: Option<&str>, dir: &Path) -> Result<Pin> {
        let Some(given) = given else {
            return Ok(looked_up(dir).map_or(Pin::Unknown, Pin::Commit));
        };
        let hex = given.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match given.len() {
            40 if hex => Ok(Pin::Commit(given.to_string())),
            _ if digest::is_sha256(given) => Ok(Pin::Archive(given.to_string())),
            _ => Err(usage(format!(
                "--install {given}: give the 40 hex digits of a commit, or the SHA-256 of a released archive; a tag can be moved"
            ))),
        }
    }

    /// Name and value of the variable in the workflows.
    pub(super) fn variable(&self) -> (&'static str, &str) {
        match self {
            Pin::Commit(commit) => ("REPRO_COMMIT", commit),
            Pin::Archive(digest) => ("REPRO_SHA256", digest),
            Pin::Unknown => ("REPRO_COMMIT", UNKNOWN),
        }
    }

    /// What `cargo install --git` takes behind `--rev`.
    pub(super) fn revision(&self) -> String {
        match self {
            Pin::Commit(commit) => commit.clone(),
            Pin::Archive(_) => format!("v{VERSION}"),
            Pin::Unknown => UNKNOWN.to_string(),
        }
    }
}

/// Stands where a commit is to be filled in.
pub(super) const UNKNOWN: &str = "fill-in-the-commit";

/// How the commit of this version's tag is looked up.
pub(super) fn lookup() -> [String; 3] {
    ["ls-remote".to_string(), URL.to_string(), format!("refs/tags/v{VERSION}*")]
}

fn looked_up(dir: &Path) -> Option<String> {
    // Nobody is asked for a password, and a network that does not answer is not waited for.
    let ask = git::online(dir, lookup()).env("GIT_TERMINAL_PROMPT", "0");
    let out = ask.own_group().limit(Duration::from_secs(20)).output().ok()?;
    let out = out.status.success().then(|| out.text())?;
    let commit = |name: String| {
        let line = out.lines().find_map(|l| l.strip_suffix(&name))?;
        let id = line.trim_end().to_string();
        (id.len() == 40 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(id)
    };
    // Of an annotated tag the commit that it is on.
    let tag = format!("\trefs/tags/v{VERSION}");
    commit(format!("{tag}^{{}}")).or_else(|| commit(tag))
}

//! Runs `git` without the variables that a surrounding hook or shell may have set, and never in a
//! way that takes a lock or writes in the user's repository.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::{Cmd, Output};

/// Variables by which git would look at another repository, index or configuration than the one
/// it is run in; `git rev-parse --local-env-vars` lists them.
const LOCAL_VARIABLES: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_IMPLICIT_WORK_TREE",
];

/// Settings of every command. What watches the files of a repository is a program that its own settings name.
/// A commit graph can give a commit another tree and another time than the commit itself.
const SETTINGS: [(&str, &str); 2] = [("core.fsmonitor", "false"), ("core.commitGraph", "false")];

/// The beginning of an id, as reports print it.
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// A `git` command in `dir`, to be given arguments and run. It asks no server: what a partial clone lacks is
/// fetched by a program that the settings of the repository can name.
pub fn git<S: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = S>) -> Cmd {
    offline(online(dir, args))
}

/// The command without a protocol by which it could ask a server. Not even that of an empty name is one, which
/// runs an alias; `/` is in no address before `::`. Only newer versions of git know the other variable.
pub fn offline(cmd: Cmd) -> Cmd {
    cmd.env("GIT_ALLOW_PROTOCOL", "/").env("GIT_NO_LAZY_FETCH", "1")
}

/// The command without prompts: the user would type a password for a server that an untrusted source names.
pub fn unprompted(cmd: Cmd) -> Cmd {
    // Without a terminal ssh asks nothing either.
    cmd.env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS_REQUIRE", "never")
        .own_group()
}

/// The same as [`git`], by the protocols that the user allows.
pub fn online<S: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = S>) -> Cmd {
    let cmd = LOCAL_VARIABLES.iter().fold(Cmd::new("git"), |cmd, name| cmd.env_remove(name));
    // Optional locks would refresh, that is write, the user's index. A replacement object is not what its id
    // says, grafts give a commit other parents, and no other clone has either.
    configured(cmd, &[])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null/none")
        .env("LC_ALL", "C")
        .dir(dir)
        .args(args)
}

/// The command with the settings of every command, and `more`.
pub fn configured(cmd: Cmd, more: &[(&str, &str)]) -> Cmd {
    let all = SETTINGS.iter().chain(more).enumerate();
    all.fold(cmd, |cmd, (i, (key, value))| {
        cmd.env("GIT_CONFIG_COUNT", (i + 1).to_string())
            .env(format!("GIT_CONFIG_KEY_{i}"), key)
            .env(format!("GIT_CONFIG_VALUE_{i}"), value)
    })
}

/// Whether a test that needs git can run here. It has to everywhere but on Windows, where wine has no git.
#[cfg(test)]
pub(crate) fn is_here() -> bool {
    let absent = cfg!(windows) && crate::process::find_in_path("git").is_none();
    if absent {
        eprintln!("NOT CHECKED with git: it is not installed");
    }
    !absent
}

/// Runs `git` and returns its output, or `None` if it exits with a failure.
pub fn try_text<S: AsRef<OsStr>>(
    dir: &Path,
    args: impl IntoIterator<Item = S>,
) -> Result<Option<String>> {
    let out = git(dir, args).output()?;
    Ok(out.status.success().then(|| out.text()))
}

/// The NUL-separated paths of an output made with `-z`.
pub fn paths(out: &Output) -> Vec<PathBuf> {
    out.stdout.split(|b| *b == 0).filter(|p| !p.is_empty()).map(path_of_bytes).collect()
}

#[cfg(unix)]
fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

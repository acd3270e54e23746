//! Where a program is, by the directories of PATH.

use std::path::{Path, PathBuf};

/// The absolute path of a program that a shell would run by this name.
pub fn find_in_path(name: impl AsRef<Path>) -> Option<PathBuf> {
    let mut name = name.as_ref().as_os_str().to_owned();
    name.push(std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|dir| dir.join(&name));
    candidates.find(|p| is_program(p)).and_then(|p| std::path::absolute(p).ok())
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

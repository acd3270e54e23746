//! The files of the source as they are: names, submodules, files that git LFS has not downloaded.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{fs, git};

/// What is known of the files.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The root of the git repository, if the project is in one.
    pub repository: Option<PathBuf>,
    /// Tracked files, relative to the repository, or all files, relative to the workspace.
    pub files: Vec<PathBuf>,
    /// Submodules that are not at the recorded commit, and why.
    pub submodules: Vec<(PathBuf, &'static str)>,
    /// Pointers of git LFS in place of files, relative as `files`.
    pub pointers: Vec<PathBuf>,
    /// Sets of names that a file system that ignores case takes for one.
    pub collisions: Vec<Vec<PathBuf>>,
}

/// Looks at the files of a workspace, or of the repository that it is in. `target` is left out.
pub(super) fn read(workspace: &Path, repository: Option<PathBuf>, target: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    let root = match &repository {
        Some(top) => {
            let out = git::git(top, ["ls-files", "-z"]).checked()?;
            tree.files = git::paths(&out);
            tree.submodules = submodules(top)?;
            top.clone()
        }
        None => {
            let wanted = |p: &Path| p != target && p.file_name() != Some(".git".as_ref());
            let found = fs::walk(workspace, &mut |p| wanted(p))?;
            let files = found.into_iter().filter(|(_, meta)| meta.is_file());
            tree.files = files
                .filter_map(|(p, _)| Some(p.strip_prefix(workspace).ok()?.to_owned()))
                .collect();
            workspace.to_owned()
        }
    };
    tree.pointers = tree.files.iter().filter(|f| is_pointer(&root.join(f))).cloned().collect();
    tree.collisions = collisions(&tree.files);
    tree.repository = repository;
    Ok(tree)
}

fn submodules(top: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
    if !top.join(".gitmodules").is_file() {
        return Ok(Vec::new());
    }
    let out = git::git(top, ["submodule", "status", "--recursive"]).checked()?;
    Ok(status(&String::from_utf8_lossy(&out.stdout)))
}

/// Reads `git submodule status`: a sign, the commit, the path, and a description in parentheses.
fn status(text: &str) -> Vec<(PathBuf, &'static str)> {
    let of = |line: &str| {
        let what = match line.chars().next()? {
            '+' => "is not at the recorded commit",
            '-' => "is not checked out",
            'U' => "has conflicts",
            _ => return None,
        };
        let rest = line.get(1..)?.split_once(' ')?.1;
        let path = match rest.find(" (") {
            Some(at) if rest.ends_with(')') => &rest[..at],
            _ => rest,
        };
        Some((PathBuf::from(path), what))
    };
    text.lines().filter_map(of).collect()
}

/// <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>: a pointer is a text of less than
/// 1024 bytes whose first line names this version.
fn is_pointer(path: &Path) -> bool {
    const FIRST: &str = "version https://git-lfs.github.com/spec/v1\n";
    let small = std::fs::symlink_metadata(path)
        .is_ok_and(|m| m.is_file() && (FIRST.len() as u64..1024).contains(&m.len()));
    if !small {
        return false;
    }
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(1024).read_to_string(&mut text));
    read.is_ok() && text.starts_with(FIRST) && text.contains("\noid sha256:")
}

/// Names that differ in case alone, of files and of the directories above them.
fn collisions(files: &[PathBuf]) -> Vec<Vec<PathBuf>> {
    let mut by_name: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        for path in file.ancestors().filter(|a| !a.as_os_str().is_empty()) {
            let names = by_name.entry(path.to_string_lossy().to_lowercase()).or_default();
            if !names.iter().any(|n| n == path) {
                names.push(path.to_owned());
            }
        }
    }
    // Files below two such directories are not reported again.
    let below = |names: &[PathBuf]| {
        let mut parents = names.iter().map(|n| n.parent());
        let first = parents.next().flatten();
        parents.all(|p| p == first)
    };
    let several = by_name.into_values().filter(|names| names.len() > 1);
    several.filter(|names| below(names)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_collide_as_files_and_as_directories() {
        let files = ["a/README", "a/Readme", "B/x", "b/y", "c"].map(PathBuf::from);
        let found = collisions(&files);
        let want = [["a/README", "a/Readme"], ["B", "b"]].map(|p| p.map(PathBuf::from).to_vec());
        assert_eq!(found, want);
    }

    #[test]
    fn only_moved_submodules_are_named() {
        let text = " 1234 lib/same (v1)\n+1234 lib/mo ved (heads/x (y))\n-1234 lib/none\n";
        let found = status(text);
        let paths: Vec<_> = found.iter().map(|(p, _)| p.to_string_lossy().into_owned()).collect();
        assert_eq!(paths, ["lib/mo ved", "lib/none"]);
    }

    #[test]
    fn a_pointer_is_told_from_a_text_about_pointers() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).unwrap();
            dir.path().join(name)
        };
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n";
        assert!(is_pointer(&path("a", pointer)));
        assert!(!is_pointer(&path("b", &format!("See:\n{pointer}"))));
        assert!(!is_pointer(&path(
            "c",
            "version https://git-lfs.github.com/spec/v1\n is a spec\n"
        )));
        assert!(!is_pointer(&dir.path().join("none")));
    }
}

//! What `git archive` did to a commit's files: it fills in those that are marked `export-subst`, and
//! leaves out those that are marked `export-ignore`. A build of such files is not one of the commit.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::fs;
use crate::git::{git, paths};

const ATTRIBUTES: &str = ".gitattributes";

/// What was done to files that are in no repository.
#[derive(Default)]
pub struct Exported {
    filled_in: Vec<PathBuf>,
    /// Patterns of what was left out.
    left_out: Vec<String>,
}

impl Exported {
    /// Why the files may not be those of the commit that they are from: sentences.
    pub fn doubts(&self) -> Vec<String> {
        let filled_in = |path: &PathBuf| {
            format!(
                "`{}` is marked export-subst in {ATTRIBUTES}: git archive wrote the commit's data into it, and a build of the commit itself has `$Format:` there",
                path.display()
            )
        };
        self.filled_in.iter().map(filled_in).chain(self.doubt_of_absent()).collect()
    }

    /// The same of files that are absent.
    pub fn doubt_of_absent(&self) -> Option<String> {
        (!self.left_out.is_empty()).then(|| {
            format!(
                "git archive left out what {ATTRIBUTES} marks export-ignore ({}): a build of the commit itself has it",
                self.left_out.join(", ").escape_debug()
            )
        })
    }
}

/// Looks at the attributes of the files in `dir`. `scratch` is a directory to work in.
pub fn of(dir: &Path, scratch: &Path) -> Result<Exported> {
    let mut files = Vec::new();
    for (path, meta) in fs::walk(dir, &mut |p| p.file_name() != Some(".git".as_ref()))? {
        if meta.is_file() {
            files.push(path);
        }
    }
    let mut texts = Vec::new();
    for path in files.iter().filter(|p| p.ends_with(ATTRIBUTES)) {
        texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned());
    }
    let left_out = |line: &str| {
        let mut words = line.split_whitespace();
        let pattern = words.next()?.to_string();
        words.any(|w| w == "export-ignore").then_some(pattern)
    };
    Ok(Exported {
        left_out: texts.iter().flat_map(|t| t.lines()).filter_map(left_out).collect(),
        filled_in: match texts.iter().any(|t| t.contains("export-subst")) {
            true => filled_in(dir, &files, scratch)?,
            false => Vec::new(),
        },
    })
}

/// Files that are marked and have no placeholder any more.
fn filled_in(dir: &Path, files: &[PathBuf], scratch: &Path) -> Result<Vec<PathBuf>> {
    // A repository of our own: nothing in the directory configures git.
    let store = scratch.join("attributes.git");
    git(scratch, ["init", "--quiet", "--bare", "--template="]).arg(&store).checked()?;
    let below: Vec<&Path> = files.iter().filter_map(|p| p.strip_prefix(dir).ok()).collect();
    let list = below.iter().flat_map(|p| [p.as_os_str().as_encoded_bytes(), b"\0"].concat());
    let out = git(dir, ["-c", "core.bare=false", "-c", "core.attributesFile=/dev/null"])
        .env("GIT_DIR", &store)
        .env("GIT_WORK_TREE", dir)
        .args(["check-attr", "-z", "--stdin", "export-subst"])
        .stdin(list.collect::<Vec<u8>>())
        .checked()?;
    // Triples of path, attribute and value.
    let marked = paths(&out);
    let marked = marked.chunks_exact(3).filter(|row| row[2] == Path::new("set"));
    let filled = |path: &PathBuf| {
        let content = std::fs::read(dir.join(path)).unwrap_or_default();
        !content.is_empty() && memchr::memmem::find(&content, b"$Format:").is_none()
    };
    Ok(marked.map(|row| row[0].clone()).filter(filled).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_were_filled_in_are_named() {
        if !crate::git::is_here() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(&dir.path().join("src").join(name), text);
        write("ver", "0123abc\n").unwrap();
        write("sub/ver", "$Format:%H$\n").unwrap();
        write("plain", "x\n").unwrap();
        let source = dir.path().join("src");
        let found = |name: &str| {
            let scratch = dir.path().join(name);
            fs::create_dir(&scratch).unwrap();
            of(&source, &scratch).unwrap().doubts()
        };
        assert!(found("none").is_empty());
        write(".gitattributes", "ver export-subst\n/tests export-ignore\n# x export-ignore-not\n")
            .unwrap();
        let doubts = found("both");
        assert_eq!(doubts.len(), 2, "{doubts:?}");
        assert!(doubts[0].starts_with("`ver` is marked export-subst"), "{doubts:?}");
        assert!(doubts[1].contains("(/tests)"), "{doubts:?}");
    }
}

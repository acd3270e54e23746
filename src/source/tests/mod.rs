//! Sources in real repositories and directories, made in temporary directories. Git gets its settings on the
//! command line, so the configuration of whoever runs the tests hardly matters.

mod commits;
mod reach;
mod snapshots;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::error::{Kind, kind_of, one_line};
use crate::metadata::Cargo;
use crate::request::SourceChoice;
use crate::source::found::Commit;
use crate::{fs, git};

/// A temporary directory, and what tests put into it.
struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::Builder::new().prefix("source-").tempdir().unwrap();
        let path = fs::canonicalize(dir.path()).unwrap();
        Place { _dir: dir, path }
    }

    /// A place that holds a repository `repo` with one package and no commit; none without git.
    fn with_git() -> Option<Place> {
        let place = git::is_here().then(Place::new)?;
        place.package("repo", "");
        place.git("repo", &["init", "-q"]);
        Some(place)
    }

    /// The same, committed and tagged.
    fn with_repository() -> Option<Place> {
        let place = Place::with_git()?;
        place.commit("repo");
        place.git("repo", &["tag", "-a", "v1", "-m", "one"]);
        Some(place)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(&self.at(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap()
    }

    /// A library package in a directory; `rest` ends its manifest.
    fn package(&self, dir: &str, rest: &str) {
        let name = dir.rsplit('/').next().unwrap();
        let text = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}\n"
        );
        self.write(&format!("{dir}/Cargo.toml"), &text);
        self.write(&format!("{dir}/src/lib.rs"), "");
    }

    fn git(&self, dir: &str, args: &[&str]) -> String {
        let fixed = ["user.name=t", "user.email=t@t", "protocol.file.allow=always"];
        let fixed = fixed.iter().flat_map(|s| ["-c", s]);
        let all: Vec<&str> = fixed.chain(args.iter().copied()).collect();
        git::online(&self.at(dir), all).checked().unwrap().text()
    }

    fn commit(&self, dir: &str) -> String {
        self.git(dir, &["add", "-A"]);
        self.git(dir, &["commit", "-q", "-m", "x"]);
        self.git(dir, &["rev-parse", "HEAD"])
    }

    fn request(&self, dir: &str) -> SourceRequest {
        SourceRequest {
            cargo: Cargo::of_user(),
            manifest: self.at(dir).join("Cargo.toml"),
            target_dir: self.at(dir).join("target"),
            choice: SourceChoice::default(),
        }
    }

    fn snapshot(&self, dir: &str) -> SourceRequest {
        let choice = SourceChoice { allow_dirty: true, ..SourceChoice::default() };
        SourceRequest { choice, ..self.request(dir) }
    }

    fn revision(&self, dir: &str, rev: &str) -> SourceRequest {
        let choice = SourceChoice { rev: Some(rev.to_string()), ..SourceChoice::default() };
        SourceRequest { choice, ..self.request(dir) }
    }

    /// Finds the source and copies it to `copy`.
    fn copy(&self, request: &SourceRequest) -> Source {
        let source = find(request).unwrap();
        fs::remove_tree(&self.at("copy")).unwrap();
        source.check_out(&self.at("copy")).unwrap();
        source
    }

    /// Every file below a directory with its content.
    fn listing(&self, dir: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let all = fs::walk(&self.at(dir), &mut |_| true).unwrap();
        let files = all.into_iter().filter(|(_, meta)| meta.is_file());
        files.map(|(path, _)| (path.clone(), std::fs::read(path).unwrap())).collect()
    }
}

fn commit_of(source: &Source) -> &Commit {
    match &source.origin {
        Origin::Git(commit) => commit,
        Origin::Directory => panic!("a directory, not a commit"),
    }
}

/// Kind and sentence of the error that finding a source ends with.
fn refusal(request: &SourceRequest) -> (Kind, String) {
    let error = find(request).unwrap_err();
    (kind_of(&error), one_line(&error))
}

/// Finding a source is refused, with these words.
#[track_caller]
fn is_refused(request: &SourceRequest, words: &[&str]) {
    let (kind, sentence) = refusal(request);
    assert_eq!(kind, Kind::Refused);
    assert!(words.iter().all(|word| sentence.contains(word)), "{sentence}");
}

/// A place with a repository `lib` that is a submodule named `other-name` at `repo/deps/lib`.
fn with_submodule() -> Option<Place> {
    let place = Place::with_repository()?;
    place.package("lib", "");
    place.git("lib", &["init", "-q"]);
    place.commit("lib");
    let url = place.at("lib").display().to_string();
    let args = ["submodule", "--quiet", "add", "--name", "other-name", &url, "deps/lib"];
    place.git("repo", &args);
    place.commit("repo");
    Some(place)
}

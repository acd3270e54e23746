//! Where the source comes from: commits, snapshots, directories; and that the user's stays as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{Project, Run, assert_verdict};

/// Every file below a directory with its content, but for the results.
fn listing(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("target/repro") {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            found.extend(listing(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
        }
    }
    found
}

fn in_dir(project: &Project, dir: &Path, args: &[&str]) -> Run {
    let mut command = project.command(env!("CARGO_BIN_EXE_repro"), dir);
    command.args(args).output().unwrap().into()
}

#[test]
fn the_users_tree_and_git_state_are_not_touched() {
    let project = Project::committed("sound-edits-source");
    let before = listing(&project.dir);
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let after = listing(&project.dir);
    assert!(
        before == after,
        "{:?}",
        after.keys().filter(|k| before.get(*k) != after.get(*k)).collect::<Vec<_>>()
    );
}

#[test]
fn a_dirty_tree_is_refused_with_its_files_and_built_on_request() {
    let project = Project::committed("sound-features");
    project.write("src/main.rs", "fn main() {\n    println!(\"changed\");\n}\n");
    project.write("new.txt", "not tracked\n");
    let run = project.repro(&["build"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(run.stderr.contains("src/main.rs, and 1 untracked file: "), "{}", run.all());
    assert!(!project.results().exists());

    let run = project.repro(&["build", "--allow-dirty"]);
    assert_verdict(&run, 0, "REPRODUCIBLE, DIRTY TREE");
    assert_eq!(project.manifest()["verdict"], "reproducible-dirty-tree");
    assert_eq!(project.proven("sound-features"), "changed");
    let source = &project.manifest()["source"];
    assert_eq!(source["dirty"], true);
    assert_ne!(source["tree"], project.git(&["rev-parse", "HEAD^{tree}"]));
    assert!(run.stdout.contains("1 untracked file is not part of the source ("), "{}", run.all());
    project.git(&["add", "src"]);
    assert_eq!(source["tree"], project.git(&["write-tree"]), "the snapshot's tree is git's own");
}

#[test]
fn another_revision_is_built_as_it_was() {
    let project = Project::committed("sound-features");
    let first = project.git(&["rev-parse", "HEAD"]);
    project.write("src/main.rs", "fn main() {\n    println!(\"later\");\n}\n");
    project.commit("later");
    assert_verdict(&project.repro(&["build", "--rev", &first]), 0, "REPRODUCIBLE");
    assert_eq!(project.proven("sound-features"), "plain");
    assert_eq!(project.manifest()["source"]["commit"], first);
    let run = project.repro(&["build", "--rev", "no-such-thing"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    let run = project.repro(&["build", "--rev", "--help"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
}

#[test]
fn worktrees_and_shallow_clones_have_the_same_source() {
    let project = Project::committed("sound-git-rev");
    project.commit("second");
    let (tree, shallow) = (project.base().join("tree"), project.base().join("shallow"));
    project.git(&["worktree", "add", "-q", "--detach", tree.to_str().unwrap()]);
    let url = format!("file://{}", project.dir.display());
    project.git(&["clone", "-q", "--depth", "1", &url, shallow.to_str().unwrap()]);
    let mut digests = Vec::new();
    for dir in [project.dir.clone(), tree, shallow] {
        let run = in_dir(&project, &dir, &["build", "--format", "json"]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        let report = run.json();
        let mut list = report["artifacts"].as_array().unwrap().iter();
        let binary = list.find(|a| a["kind"] == "bin").unwrap();
        digests.push(binary["a"].clone());
    }
    assert!(digests.windows(2).all(|w| w[0] == w[1]), "{digests:?}");
}

#[test]
fn submodules_come_along() {
    let library = Project::plain("sound-features");
    library.git(&["init", "-q"]);
    library.commit("library");
    let project = Project::plain("sound-edits-source");
    project.git(&["init", "-q"]);
    project.git(&["submodule", "--quiet", "add", library.dir.to_str().unwrap(), "sub"]);
    project.write(
        "src/main.rs",
        "fn main() {\n    println!(\"{}\", include_str!(\"../sub/src/main.rs\").len());\n}\n",
    );
    project.commit("with a submodule");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    // Not initialized here: found in the repository's own store of submodules.
    project.git(&["submodule", "deinit", "-q", "-f", "sub"]);
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    project.git(&["submodule", "--quiet", "update", "--init"]);
    project.write("sub/src/main.rs", "// changed\n");
    let run = project.repro(&["build"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(run.stderr.contains("sub"), "{}", run.all());
    assert_verdict(&project.repro(&["build", "--allow-dirty"]), 0, "REPRODUCIBLE, DIRTY TREE");
    assert_eq!(project.proven("sound-edits-source"), "11");
}

#[test]
fn a_directory_without_git_needs_a_time() {
    let project = Project::plain("sound-features");
    let run = project.repro(&["build"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(run.stderr.contains("--epoch SECONDS"), "{}", run.all());
    assert_verdict(&project.repro(&["build", "--epoch", "0"]), 0, "REPRODUCIBLE");
    let manifest = project.manifest();
    assert_eq!(manifest["source"]["kind"], "directory");
    assert_eq!(manifest["recipe"]["epoch"], 0);
    let digest = manifest["source"]["sha256"].clone();
    let run = project.repro_env(&["build"], &[("SOURCE_DATE_EPOCH", "7")]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert_eq!(project.manifest()["recipe"]["epoch"], 7);
    assert_eq!(project.manifest()["source"]["sha256"], digest);
    let run = project.repro_env(&["build"], &[("SOURCE_DATE_EPOCH", "yesterday")]);
    assert_eq!(run.code, Some(5), "{}", run.all());
}

#[test]
fn a_directory_carries_dependencies_beside_it() {
    let project = Project::plain("sound-path-dep");
    let ws = project.dir.join("ws");
    let run = in_dir(&project, &ws, &["build", "--epoch", "0"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
}

#[test]
fn a_dependency_outside_the_repository_is_refused() {
    let project = Project::plain("sound-path-dep");
    let ws = project.dir.join("ws");
    project.git_in(&ws, &["init", "-q"]);
    project.git_in(&ws, &["add", "Cargo.toml", "Cargo.lock", "src"]);
    project.git_in(&ws, &["commit", "-q", "-m", "x"]);
    let run = in_dir(&project, &ws, &["build"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(
        run.stderr.contains("path dependency `") && run.stderr.contains("outside the repository"),
        "{}",
        run.all()
    );
}

#[test]
fn lockfiles_must_be_there_and_current() {
    let project = Project::committed("sound-path-dep");
    let ws = project.dir.join("ws");
    let lock = ws.join("Cargo.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    std::fs::remove_file(&lock).unwrap();
    project.commit("no lockfile");
    let run = in_dir(&project, &ws, &["build"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(
        run.stderr.contains("Cargo.lock") && run.stderr.contains("cargo generate-lockfile"),
        "{}",
        run.all()
    );
    assert!(!lock.exists(), "cargo wrote a lockfile into the user's tree");
    std::fs::write(&lock, text.replace("shared-lib", "other-lib")).unwrap();
    project.commit("stale lockfile");
    let run = in_dir(&project, &ws, &["build"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(run.stderr.contains("stale"), "{}", run.all());
}

#[test]
fn a_manifest_that_is_not_committed_is_refused() {
    let project = Project::committed("sound-features");
    let inner = Project::plain("sound-proc-macro");
    std::fs::rename(&inner.dir, project.dir.join("inner")).unwrap();
    let run = project.repro(&["build", "--manifest-path", "inner/Cargo.toml"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(
        run.stderr.contains("inner/Cargo.toml") && run.stderr.contains("not in commit"),
        "{}",
        run.all()
    );
    let run = project.repro(&["build", "--source", "inner", "--epoch", "5"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
}

//! Copies of commits: what is in them, from clones of every kind, with their submodules; and that
//! the repository stays as it is.

use super::*;

#[test]
fn a_copy_is_the_commit_with_its_tags_and_the_repository_stays_as_it_is() {
    let Some(place) = Place::with_repository() else { return };
    place.write("repo/.gitattributes", "hidden.txt export-ignore\n");
    place.write("repo/hidden.txt", "hidden");
    place.write("repo/a dir/b=é.txt", "odd name");
    let head = place.commit("repo");
    place.write("repo/left.txt", "not tracked");
    let before = place.listing("repo");
    let source = place.copy(&place.request("repo"));
    assert!(before == place.listing("repo"), "the user's files changed");
    let commit = commit_of(&source);
    assert_eq!((commit.commit.as_str(), commit.untracked.len()), (head.as_str(), 1));
    assert_eq!(commit.tree, place.git("repo", &["rev-parse", "HEAD^{tree}"]));
    assert_eq!(place.git("copy", &["rev-parse", "HEAD"]), head);
    assert_eq!(place.git("copy", &["tag", "--list"]), "v1");
    assert_eq!(place.read("copy/hidden.txt"), "hidden");
    assert_eq!(place.read("copy/a dir/b=é.txt"), "odd name");
    assert!(!place.at("copy/left.txt").exists());
    fs::set_mtimes(&place.at("copy"), 1_000_000_000).unwrap();
    refresh_index(&place.at("copy")).unwrap();
    assert_eq!(place.git("copy", &["diff-index", "--name-only", "HEAD"]), "");
}

#[cfg(unix)]
#[test]
fn links_and_exec_bits_survive_a_commit_and_a_snapshot() {
    use std::os::unix::fs::PermissionsExt;
    let Some(place) = Place::with_repository() else { return };
    place.write("repo/run", "#!/bin/sh\n");
    let exec = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.at("repo/run"), exec.clone()).unwrap();
    fs::symlink(Path::new("run"), &place.at("repo/link"), false).unwrap();
    place.commit("repo");
    let link = |path: &str| std::fs::read_link(place.at(path)).unwrap();
    let mode = |path: &str| fs::lstat(&place.at(path)).unwrap().permissions().mode();
    place.copy(&place.request("repo"));
    assert_eq!(link("copy/link"), Path::new("run"));
    assert_ne!(mode("copy/run") & 0o100, 0);
    std::fs::remove_file(place.at("repo/link")).unwrap();
    fs::symlink(Path::new("src"), &place.at("repo/link"), true).unwrap();
    std::fs::set_permissions(place.at("repo/src/lib.rs"), exec).unwrap();
    place.copy(&place.snapshot("repo"));
    assert_eq!(link("copy/link"), Path::new("src"));
    assert_ne!(mode("copy/src/lib.rs") & 0o100, 0);
}

#[test]
fn a_workspace_in_a_subdirectory_keeps_its_place() {
    let Some(place) = Place::with_repository() else { return };
    place.write("repo/ws/Cargo.toml", "[workspace]\nmembers = [\"a\"]\nresolver = \"3\"\n");
    place.package("repo/ws/a", "[dependencies]\nshared = { path = \"../../shared\" }");
    place.package("repo/shared", "[workspace]");
    place.commit("repo");
    let source = place.copy(&place.request("repo/ws/a"));
    assert_eq!(source.root, place.at("repo"));
    assert_eq!(source.workspace, Path::new("ws"));
    assert_eq!(source.package, Path::new("ws/a"));
    assert!(place.at("copy/shared/src/lib.rs").is_file());
}

#[test]
fn worktrees_and_shallow_clones_have_the_same_commit() {
    let Some(place) = Place::with_repository() else { return };
    place.write("repo/second", "");
    let head = place.commit("repo");
    let url = format!("file://{}", place.at("repo").display());
    place.git("repo", &["worktree", "add", "-q", "--detach", "../tree"]);
    place.git("", &["clone", "-q", "--depth", "1", &url, "shallow"]);
    for dir in ["tree", "shallow"] {
        let source = place.copy(&place.request(dir));
        assert_eq!(commit_of(&source).commit, head, "{dir}");
        assert_eq!(place.git("copy", &["rev-parse", "HEAD"]), head, "{dir}");
        place.git("copy", &["log", "--oneline"]);
        place.git("copy", &["fsck", "--connectivity-only"]);
    }
}

#[test]
fn a_partial_clone_fetches_what_it_has_not() {
    let Some(place) = Place::with_repository() else { return };
    place.write("repo/old.txt", "old");
    let old = place.commit("repo");
    place.write("repo/old.txt", "new");
    place.commit("repo");
    place.git("repo", &["config", "uploadpack.allowFilter", "true"]);
    place.git("repo", &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let url = format!("file://{}", place.at("repo").display());
    place.git("", &["clone", "-q", "--filter=blob:none", &url, "partial"]);
    place.copy(&place.revision("partial", &old));
    assert_eq!(place.read("copy/old.txt"), "old");
}

#[test]
fn repositories_without_a_commit_and_unknown_revisions_are_refused() {
    let Some(place) = Place::with_git() else { return };
    is_refused(&place.request("repo"), &["no commit yet"]);
    place.commit("repo");
    for rev in ["nothing", "--help", "HEAD:src"] {
        is_refused(&place.revision("repo", rev), &[rev]);
    }
}

#[test]
fn a_submodule_comes_from_the_work_tree_or_from_the_store_under_its_name() {
    let Some(place) = with_submodule() else { return };
    place.copy(&place.request("repo"));
    assert!(place.at("copy/deps/lib/Cargo.toml").is_file());
    // From here on only the store has it.
    std::fs::rename(place.at("lib"), place.at("gone")).unwrap();
    place.git("repo", &["submodule", "deinit", "-q", "-f", "deps/lib"]);
    place.copy(&place.request("repo"));
    assert!(place.at("copy/deps/lib/Cargo.toml").is_file());
    place.git("repo", &["worktree", "add", "-q", "--detach", "../tree"]);
    place.copy(&place.request("tree"));
    assert!(place.at("copy/deps/lib/Cargo.toml").is_file());
    fs::remove_tree(&place.at("repo/.git/modules")).unwrap();
    let source = find(&place.request("repo")).unwrap();
    fs::remove_tree(&place.at("copy")).unwrap();
    let error = source.check_out(&place.at("copy")).unwrap_err();
    assert_eq!(kind_of(&error), Kind::Refused);
    assert!(one_line(&error).contains("git submodule update --init deps/lib"));
}

#[test]
fn a_submodule_whose_work_tree_was_deleted_comes_from_the_store() {
    let Some(place) = with_submodule() else { return };
    std::fs::rename(place.at("lib"), place.at("gone")).unwrap();
    fs::remove_tree(&place.at("repo/deps")).unwrap();
    place.copy(&place.revision("repo", "HEAD"));
    assert!(place.at("copy/deps/lib/Cargo.toml").is_file());
}

#[test]
fn a_member_in_a_submodule_is_part_of_the_commit() {
    let Some(place) = with_submodule() else { return };
    place.write("repo/Cargo.toml", "[workspace]\nmembers = [\"deps/lib\"]\nresolver = \"3\"\n");
    place.commit("repo");
    let source = place.copy(&place.request("repo/deps/lib"));
    assert_eq!(source.package, Path::new("deps/lib"));
}

#[test]
fn what_only_a_manifest_names_is_not_asked_for_a_tag() {
    use crate::request::Expected;
    use crate::source::identity::Repository;
    let Some(place) = Place::with_repository() else { return };
    let commit = place.git("repo", &["rev-parse", "HEAD"]);
    let url = "https://forge.example/org/app".to_string();
    let repository = |foreign| Repository {
        root: place.at("repo"),
        at: url.clone(),
        cloned_from: Some(url.clone()),
        foreign,
    };
    let tag = Some("v1".to_string());
    let expected = Expected { tag: tag.clone(), source: None };
    let error = expected.check(&repository(true), &commit).unwrap_err();
    assert_eq!(kind_of(&error), Kind::NotAccepted);
    assert!(one_line(&error).contains("only the manifest names"), "{error}");
    expected.check(&repository(false), &commit).unwrap();
    let both = Expected { tag, source: Some("git@forge.example:org/app.git".to_string()) };
    both.check(&repository(true), &commit).unwrap();
}

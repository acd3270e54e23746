//! Changed work trees: refused, or built as they are. The tree id of a snapshot is git's own where git has one,
//! and differs between snapshots.

use super::*;

#[test]
fn a_dirty_tree_is_refused_by_name() {
    let Some(place) = Place::with_repository() else { return };
    place.write("repo/src/lib.rs", "// changed");
    is_refused(&place.request("repo"), &["src/lib.rs", "--allow-dirty"]);
    let mut both = place.snapshot("repo");
    both.choice.rev = Some("HEAD".to_string());
    assert_eq!(refusal(&both).0, Kind::Usage);
    place.copy(&place.revision("repo", "HEAD"));
    assert_eq!(place.read("copy/src/lib.rs"), "");
}

#[test]
fn a_snapshot_has_the_tracked_files_as_they_are() {
    let Some(place) = Place::with_repository() else { return };
    for name in ["changed", "gone", "untracked now", "dir/file"] {
        place.write(&format!("repo/{name}"), "before");
    }
    place.commit("repo");
    place.write("repo/changed", "after");
    place.write("repo/added", "after");
    place.git("repo", &["add", "added"]);
    place.git("repo", &["rm", "-q", "--cached", "untracked now"]);
    std::fs::remove_file(place.at("repo/gone")).unwrap();
    fs::remove_tree(&place.at("repo/dir")).unwrap();
    place.write("repo/dir", "a file now");
    place.git("repo", &["add", "dir"]);
    let before = place.listing("repo/.git");
    let source = place.copy(&place.snapshot("repo"));
    assert!(before == place.listing("repo/.git"), "git's state changed");
    assert_eq!(place.read("copy/changed"), "after");
    assert_eq!(place.read("copy/added"), "after");
    assert_eq!(place.read("copy/dir"), "a file now");
    assert!(!place.at("copy/gone").exists());
    assert!(!place.at("copy/untracked now").exists(), "it is no longer tracked");
    place.git("repo", &["add", "-u"]);
    assert_eq!(commit_of(&source).tree, place.git("repo", &["write-tree"]));
}

#[cfg(unix)]
#[test]
fn a_snapshot_does_not_follow_a_link_in_place_of_a_directory() {
    let Some(place) = Place::with_repository() else { return };
    place.write("repo/dir/file", "tracked");
    place.write("elsewhere/file", "not part of the source");
    place.commit("repo");
    fs::remove_tree(&place.at("repo/dir")).unwrap();
    fs::symlink(&place.at("elsewhere"), &place.at("repo/dir"), true).unwrap();
    place.copy(&place.snapshot("repo"));
    assert!(!place.at("copy/dir/file").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf_8_survive_in_a_snapshot() {
    use std::os::unix::ffi::OsStrExt;
    let Some(place) = Place::with_repository() else { return };
    let name = std::ffi::OsStr::from_bytes(b"a\xffb");
    fs::write(&place.at("repo").join(name), "before").unwrap();
    place.commit("repo");
    fs::write(&place.at("repo").join(name), "after").unwrap();
    let source = place.copy(&place.snapshot("repo"));
    assert_eq!(fs::read_text(&place.at("copy").join(name)).unwrap(), "after");
    place.git("repo", &["add", "-u"]);
    assert_eq!(commit_of(&source).tree, place.git("repo", &["write-tree"]));
}

#[test]
fn a_snapshot_takes_submodules_as_they_are_and_its_tree_tells_them_apart() {
    let Some(place) = with_submodule() else { return };
    let mut trees = vec![place.git("repo", &["rev-parse", "HEAD^{tree}"])];
    for text in ["// one", "// two"] {
        place.write("repo/deps/lib/src/lib.rs", text);
        is_refused(&place.request("repo"), &["deps/lib"]);
        let source = place.copy(&place.snapshot("repo"));
        assert_eq!(place.read("copy/deps/lib/src/lib.rs"), text);
        trees.push(commit_of(&source).tree.clone());
    }
    assert!(trees[0] != trees[1] && trees[1] != trees[2], "{trees:?}");
    place.commit("repo/deps/lib");
    let source = place.copy(&place.snapshot("repo"));
    assert_eq!(place.read("copy/deps/lib/src/lib.rs"), "// two");
    place.git("repo", &["add", "deps/lib"]);
    assert_eq!(commit_of(&source).tree, place.git("repo", &["write-tree"]));
}

#[test]
fn a_snapshot_has_the_submodules_that_the_index_has() {
    let Some(place) = with_submodule() else { return };
    let url = place.at("lib").display().to_string();
    place.git("repo", &["submodule", "--quiet", "add", &url, "second"]);
    place.git("repo", &["rm", "-q", "deps/lib"]);
    let source = place.copy(&place.snapshot("repo"));
    assert!(place.at("copy/second/Cargo.toml").is_file());
    assert!(!place.at("copy/deps/lib/Cargo.toml").exists());
    assert_eq!(commit_of(&source).tree, place.git("repo", &["write-tree"]));
}

//! What belongs to a source: dependencies outside it, members and manifests that are not committed,
//! and which parts of a directory are copied.

use super::*;

#[test]
fn a_manifest_that_is_not_committed_is_refused() {
    let Some(place) = Place::with_repository() else { return };
    place.package("repo/new", "[workspace]");
    place.write("repo/[n]ew/Cargo.toml", &place.read("repo/new/Cargo.toml"));
    place.write("repo/[n]ew/src/lib.rs", "");
    place.git("repo", &["add", "new"]);
    place.git("repo", &["commit", "-q", "-m", "x"]);
    is_refused(&place.request("repo/[n]ew"), &["is not in commit"]);
}

#[test]
fn a_revision_with_another_workspace_is_read_as_it_was() {
    let Some(place) = Place::with_repository() else { return };
    place.package("repo/member", "");
    place.write("repo/member/Cargo.toml", &place.read("repo/member/Cargo.toml"));
    let alone = place.read("repo/member/Cargo.toml") + "[workspace]\n";
    place.write("repo/member/Cargo.toml", &alone);
    let old = place.commit("repo");
    place.package("repo/member", "");
    let root = place.read("repo/Cargo.toml") + "[workspace]\nmembers = [\"member\"]\n";
    place.write("repo/Cargo.toml", &root);
    place.commit("repo");
    let request = place.revision("repo/member", &old);
    assert_eq!(find(&request).unwrap().workspace, Path::new("member"));
    assert_eq!(find(&place.request("repo/member")).unwrap().workspace, Path::new(""));
}

#[test]
fn a_dependency_outside_the_repository_is_refused() {
    let Some(place) = Place::with_repository() else { return };
    for table in ["[dependencies]", "[patch.crates-io]"] {
        place.package("far", "[workspace]");
        place.package("repo", &format!("{table}\nfar = {{ path = \"../far\" }}"));
        place.commit("repo");
        is_refused(&place.request("repo"), &["`far`", "--source"]);
    }
}

#[test]
fn a_patched_package_below_the_workspace_needs_not_be_a_member() {
    let Some(place) = Place::with_repository() else { return };
    place.package("repo/vendor/dep", "[dependencies]\nnext = { path = \"../next\" }");
    place.package("repo/vendor/next", "");
    place.package("repo", "[workspace]\n[patch.crates-io]\ndep = { path = \"vendor/dep\" }");
    place.commit("repo");
    find(&place.request("repo")).unwrap();
    place.package("repo/vendor/dep", "[dependencies]\nfar = { path = \"../../../far\" }");
    place.package("far", "[workspace]");
    place.commit("repo");
    is_refused(&place.request("repo"), &["`far`"]);
}

#[test]
fn what_a_dependency_does_not_need_itself_may_lie_anywhere() {
    let Some(place) = Place::with_repository() else { return };
    place.package("far", "[workspace]");
    place.write("repo/other/Cargo.toml", "[workspace]\nmembers = [\"*\"]\nresolver = \"3\"\n");
    place.package("repo/other/used", "[dev-dependencies]\nfar = { path = \"../../../far\" }");
    place.package("repo/other/unused", "[dependencies]\nfar = { path = \"../../../far\" }");
    let used = "[dependencies]\nused = { path = \"other/used\" }\n";
    place.package("repo", &format!("{used}[workspace]\nexclude = [\"other\"]"));
    place.commit("repo");
    find(&place.request("repo")).unwrap();
}

#[test]
fn a_member_that_is_not_committed_is_not_asked() {
    let Some(place) = Place::with_repository() else { return };
    place.package("repo", "[workspace]\nmembers = [\"crates/*\"]");
    place.package("repo/crates/one", "");
    place.commit("repo");
    place.package("far", "[workspace]");
    place.package("repo/crates/draft", "[dependencies]\nfar = { path = \"../../../far\" }");
    find(&place.request("repo")).unwrap();
}

#[test]
fn a_directory_is_copied_without_its_targets() {
    let Some(place) = Place::with_git() else { return };
    place.commit("repo");
    place.write("repo/target/debug/x", "");
    place.write("repo/out/x", "");
    place.write("repo/linked/.git", "gitdir: /nowhere\n");
    place.write("repo/other/target/x", "");
    place.write("repo/other/target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
    place.write("repo/src/target/mod.rs", "");
    let choice = SourceChoice { directory: Some(place.at("repo")), ..SourceChoice::default() };
    let request =
        SourceRequest { choice, target_dir: place.at("repo/out"), ..place.request("repo") };
    let source = place.copy(&request);
    assert!(matches!(source.origin, Origin::Directory));
    for gone in ["target", "out", "linked/.git", "other/target"] {
        assert!(!place.at("copy").join(gone).exists(), "{gone}");
    }
    for there in [".git/HEAD", "src/target/mod.rs", "linked"] {
        assert!(place.at("copy").join(there).exists(), "{there}");
    }
    let digest = content_digest(&place.at("copy")).unwrap();
    place.write("copy/src/lib.rs", "// x");
    assert_ne!(digest, content_digest(&place.at("copy")).unwrap());
}

#[test]
fn a_directory_carries_what_lies_beside_it() {
    let place = Place::new();
    place.package("all/ws", "[dependencies]\ndep = { path = \"../near/dep\" }");
    place.write("all/near/Cargo.toml", "[workspace]\nmembers = [\"dep\"]\nresolver = \"3\"\n");
    place.package("all/near/dep", "");
    place.write("all/else", "not needed");
    let source = place.copy(&place.request("all/ws"));
    assert_eq!(source.root, place.at("all"));
    assert_eq!(source.workspace, Path::new("ws"));
    assert!(place.at("copy/near/Cargo.toml").is_file());
    assert!(!place.at("copy/else").exists());
    assert_eq!(source.beside_workspace(&place.at("copy")).unwrap(), ["dep"]);
}

#[test]
fn a_broken_repository_in_a_copy_does_not_reach_the_one_around_it() {
    let Some(place) = Place::with_repository() else { return };
    std::fs::create_dir_all(place.at("repo/copy/.git")).unwrap();
    fs::set_mtimes(&place.at("repo"), 1_000_000_000).unwrap();
    let before = place.listing("repo/.git");
    refresh_index(&place.at("repo/copy")).unwrap();
    assert!(before == place.listing("repo/.git"));
}

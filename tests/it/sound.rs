//! Sound projects come out reproducible, and the proven files are the ones that were built.

use crate::support::{Project, assert_verdict, host};

#[track_caller]
fn is_sound(fixture: &str) -> Project {
    let project = Project::committed(fixture);
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    project
}

#[test]
fn debug_info_holds_canonical_paths() {
    let project = is_sound("sound-debuginfo");
    let path = project.results().join("artifacts").join(host()).join("sound-debuginfo");
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("/build/sound-debuginfo"));
    assert!(!text.contains("build-path-a-"), "the copy's path leaked");
}

#[test]
fn every_kind_of_library_of_a_workspace_is_compared() {
    let project = is_sound("sound-workspace");
    let manifest = project.manifest();
    let list = manifest["artifacts"].as_array().unwrap();
    let mut seen: Vec<_> = list
        .iter()
        .map(|a| {
            assert_eq!(a["status"], "same");
            format!("{} {}", a["kind"].as_str().unwrap(), a["name"].as_str().unwrap())
        })
        .filter(|n| !n.starts_with("lib "))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        ["bin first-bin", "bin second-bin", "cdylib libc_api.so", "staticlib libc_api.a"]
    );
    assert!(list.iter().any(|a| a["kind"] == "lib" && a["package"] == "core-lib 0.1.0"));
    assert_eq!(project.proven("second-bin"), "second-bin 3");
    assert_eq!(manifest["recipe"]["rows"][2]["value"], "--remap-path-prefix=<source>=/build/c-api");
}

/// Cargo builds the build script of a package once for each set of features: each is held against its own.
#[test]
fn build_scripts_of_one_package_are_told_apart() {
    let project = Project::plain("sound-flags");
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
    };
    let uses = "[dependencies]\npart = { path = \"part\", features = [\"more\"] }\n\
                [build-dependencies]\npart = { path = \"part\" }\n";
    project.write("Cargo.toml", &package("whole", uses));
    project.write("build.rs", "fn main() { assert_eq!(part::MORE, \"false\"); }\n");
    project.write("src/main.rs", "fn main() { println!(\"{}\", part::MORE); }\n");
    project.write("part/Cargo.toml", &package("part", "[features]\nmore = []\n"));
    let script =
        "fn main() { println!(\"cargo::rustc-env=MORE={}\", cfg!(feature = \"more\")); }\n";
    project.write("part/build.rs", script);
    project.write("part/src/lib.rs", "pub const MORE: &str = env!(\"MORE\");\n");
    let lock = ["generate-lockfile", "--offline", "--quiet"];
    assert!(project.command("cargo", &project.dir).args(lock).status().unwrap().success());
    project.git(&["init", "-q"]);
    project.commit("two sets of features");
    let run = project.repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let report = run.json();
    let artifacts = report["artifacts"].as_array().unwrap().iter();
    let mut scripts: Vec<_> = artifacts
        .filter(|a| a["kind"] == "build-script" && a["package"] == "part 0.1.0")
        .map(|a| (a["status"].as_str().unwrap(), a["a"]["sha256"].as_str().unwrap()))
        .collect();
    scripts.dedup();
    assert_eq!(scripts.iter().map(|s| s.0).collect::<Vec<_>>(), ["same", "same"]);
    assert_eq!(project.proven("whole"), "true");
}

#[test]
fn macros_that_do_not_leak_are_sound() {
    is_sound("sound-proc-macro");
}

#[test]
fn a_dependency_beside_the_workspace_comes_along() {
    let project = Project::committed("sound-path-dep");
    let run: crate::support::Run = project
        .command(env!("CARGO_BIN_EXE_repro"), &project.dir.join("ws"))
        .arg("build")
        .output()
        .unwrap()
        .into();
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let path = project.dir.join("ws/target/repro/repro.json");
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(manifest["source"]["directory"], "ws");
}

#[test]
fn git_in_a_build_script_sees_the_commit_the_tag_and_a_clean_tree() {
    let project = Project::committed("sound-git-rev");
    project.git(&["tag", "v1"]);
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let head = project.git(&["rev-parse", "HEAD"]);
    assert_eq!(project.proven("sound-git-rev"), format!("{head} v1 []"));
}

#[test]
fn a_script_that_edits_its_source_edits_only_the_copy() {
    let project = is_sound("sound-edits-source");
    assert_eq!(project.proven("sound-edits-source"), "as committed\nbuilt");
    assert_eq!(project.git(&["status", "--porcelain"]), "");
}

#[test]
fn c_code_with_file_macro_and_debug_info_is_sound() {
    let project = is_sound("sound-cc");
    let printed = project.proven("sound-cc");
    assert_eq!(printed, "/build/sound-cc/c/where.c");
}

#[test]
fn odd_paths_links_and_exec_bits_survive() {
    let project = is_sound("sound-special-paths");
    let printed = project.proven("sound-special-paths");
    assert!(printed.contains("naïve=module.rs") && printed.ends_with("hello"), "{printed}");
}

#[test]
fn features_and_profiles_are_selected_as_in_cargo() {
    let project = Project::committed("sound-features");
    let run = project.repro(&["build", "--features", "extra", "--profile", "dist"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert_eq!(project.proven("sound-features"), "extra");
    assert_eq!(project.manifest()["build"]["profile"], "dist");
    let dev = project.repro(&["build", "--profile", "dev"]);
    assert_verdict(&dev, 0, "REPRODUCIBLE");
    assert_eq!(project.proven("sound-features"), "plain");
}

#[test]
fn a_target_leaves_the_host_side_out_of_the_verdict() {
    let project = Project::committed("sound-proc-macro");
    let run = project.repro(&["build", "--target", &host(), "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let kinds: Vec<_> = run.json()["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["kind"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(kinds, ["proc-macro", "bin"]);
}

#[test]
fn builds_at_one_path_are_made_one_after_the_other() {
    let project = Project::committed("sound-workspace");
    let run = project.repro(&["build", "--vary", "none"]);
    assert_verdict(&run, 1, "REPRODUCIBLE, NOTHING VARIED");
    assert!(run.stdout.contains("varied      nothing"), "{}", run.all());
    let off = "not varied  everything (switched off with --vary)";
    assert!(run.stdout.contains(off), "{}", run.all());
    assert_eq!(project.manifest()["verdict"], "reproducible-nothing-varied");
    let accepted = project.repro(&["build", "--vary", "none", "--allow-nothing-varied"]);
    assert_verdict(&accepted, 0, "REPRODUCIBLE, NOTHING VARIED");
}

#[test]
fn git_and_vendored_dependencies_are_sound() {
    let library = Project::committed("sound-edits-source");
    let manifest = std::fs::read_to_string(library.dir.join("Cargo.toml")).unwrap();
    library.write("Cargo.toml", &manifest.replace("sound-edits-source", "from-git"));
    library.write("src/lib.rs", "pub fn place() -> &'static str {\n    file!()\n}\n");
    library.git(&["rm", "-q", "build.rs", "src/main.rs", "Cargo.lock"]);
    library.commit("a library");
    let project = Project::plain("sound-features");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let url = format!("file://{}", library.dir.display());
    let manifest = format!("{manifest}\n[dependencies]\nfrom-git = {{ git = \"{url}\" }}\n");
    project.write("Cargo.toml", &manifest);
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", from_git::place());\n}\n");
    // A cargo home of its own: the user's is not filled with a repository that goes away.
    let home = project.base().join("cargo-home");
    let cargo = |args: &[&str]| {
        let mut command = project.command("cargo", &project.dir);
        let out = command.args(args).env("CARGO_HOME", &home).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    cargo(&["generate-lockfile"]);
    project.git(&["init", "-q"]);
    project.commit("with a git dependency");
    let env = [("CARGO_HOME", home.to_str().unwrap())];
    assert_verdict(&project.repro_env(&["build"], &env), 0, "REPRODUCIBLE");
    let printed = project.proven("sound-features");
    assert!(printed.starts_with("/cargo/git/checkouts/"), "{printed}");

    let config = cargo(&["vendor"]);
    project.write(".cargo/config.toml", &config);
    project.commit("vendored");
    std::fs::remove_dir_all(&home).unwrap();
    assert_verdict(&project.repro_env(&["build"], &env), 0, "REPRODUCIBLE");
    assert_eq!(
        project.proven("sound-features"),
        "/build/sound-features/vendor/from-git/src/lib.rs"
    );
}

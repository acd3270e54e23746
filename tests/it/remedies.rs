//! Remedies that are tried in scratch copies: those that help are a patch, with which the project is
//! reproducible; what does not help is no part of it.

use crate::support::{Project, assert_verdict};
use test_needs::needs;

/// A project whose build script is this; it has a directory `data` of a few files.
fn project(script: &str) -> Project {
    let project = Project::plain("fault-random");
    project.write("build.rs", script);
    for name in ["one", "two", "three", "four", "five"] {
        project.write(&format!("data/{name}"), name);
    }
    project.git(&["init", "-q"]);
    project.commit("as it was");
    project
}

/// Tries remedies, applies the patch of those that helped, and builds again. Returns what was tried, each
/// with its outcome.
#[track_caller]
fn mended(project: &Project, more: &[&str]) -> Vec<(String, String)> {
    let patch = project.base().join("fix.patch");
    let patch = patch.to_str().unwrap();
    let before = project.git(&["status", "--porcelain"]);
    let mut args = vec!["build", "--try-remedies", "--write-patch", patch, "--format", "json"];
    args.extend(more);
    let run = project.repro(&args);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert_eq!(project.git(&["status", "--porcelain"]), before);
    let report = run.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    let tried = report["tried"].as_array().unwrap().iter();
    let tried = tried.map(|t| (text(&t["what"]), text(&t["outcome"]))).collect::<Vec<_>>();
    let helped = tried.iter().any(|(_, outcome)| outcome == "helped");
    assert!(helped, "{tried:?} {}", report["blame"]);
    project.git(&["apply", patch]);
    project.commit("mended");
    let run = project.repro(&[&["build"], more].concat());
    assert_eq!(run.code, Some(0), "{}\n{}", run.all(), std::fs::read_to_string(patch).unwrap());
    tried
}

/// What a build script prints, with the rewrite that mends it: nine of the twelve faults here that come out reproducible.
const SCRIPTS: &[(&str, &str, &str)] = &[
    (
        "the time",
        "SOURCE_DATE_EPOCH",
        "use std::time::{SystemTime, UNIX_EPOCH};
         fn main() { leak(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86400); }",
    ),
    (
        "the time by its full path",
        "SOURCE_DATE_EPOCH",
        "fn main() { leak(format!(\"{:?}\", std::time::SystemTime::now())); }",
    ),
    (
        "the order of a map",
        "BTreeMap",
        "use std::collections::HashMap;
         fn main() {
             let mut map = HashMap::with_capacity(64);
             for i in 0..64 { map.insert(i, i); }
             leak(format!(\"{:?}\", map.keys().collect::<Vec<_>>()));
         }",
    ),
    (
        "the order of a set",
        "BTreeMap",
        "fn main() {
             let set: std::collections::HashSet<u8> = (0..64).collect();
             leak(format!(\"{set:?}\"));
         }",
    ),
    (
        "the order of a directory",
        "sort what directories list",
        "fn main() -> std::io::Result<()> {
             let mut all = String::new();
             for entry in std::fs::read_dir(\"data\")? {
                 all += entry?.file_name().to_str().unwrap();
             }
             leak(all);
             Ok(())
         }",
    ),
    (
        "the order of a directory, by a method",
        "sort what directories list",
        "use std::path::Path;
         fn main() {
             let names = Path::new(\"data\").read_dir().unwrap().map(|e| e.unwrap().file_name());
             leak(format!(\"{:?}\", names.collect::<Vec<_>>()));
         }",
    ),
    (
        "the path of the source",
        "CARGO_MANIFEST_DIR",
        "fn main() { leak(env!(\"CARGO_MANIFEST_DIR\").len()); }",
    ),
    (
        "the path of the source, by its variable",
        "CARGO_MANIFEST_DIR",
        "fn main() { leak(std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/data\"); }",
    ),
    (
        "two of them",
        "BTreeMap",
        "fn main() {
             let set: std::collections::HashSet<u8> = (0..64).collect();
             leak(format!(\"{set:?} {:?}\", std::time::SystemTime::now()));
         }",
    ),
];

#[test]
fn faults_of_build_scripts_are_rewritten_and_the_patch_mends_them() {
    for (what, rewrite, script) in SCRIPTS {
        let leak = "fn leak(value: impl std::fmt::Display) {
             println!(\"cargo::rustc-env=LEAK={value}\");
         }";
        let project = project(&format!("{script}\n{leak}\n"));
        let tried = mended(&project, &["--isolate", "never"]);
        let helped = tried.iter().filter(|(_, outcome)| outcome == "helped");
        let helped: Vec<&String> = helped.map(|(what, _)| what).collect();
        assert!(helped.iter().any(|h| h.contains(rewrite)), "{what}: {tried:?}");
        assert!(helped.iter().all(|h| h.starts_with("build.rs:")), "{what}: {tried:?}");
        assert_eq!(helped.len(), if *what == "two of them" { 2 } else { 1 }, "{what}: {tried:?}");
    }
}

/// Keys that have no order are in no BTreeMap: that rewrite does not compile, and the next is tried all the same.
#[test]
fn after_a_remedy_that_does_not_build_others_are_tried() {
    let project = project(
        "#[derive(PartialEq, Eq, Hash)]
         enum Kind { Short, Long }
         fn main() {
             let mut lengths = std::collections::HashMap::new();
             lengths.insert(Kind::Short, 0);
             lengths.insert(Kind::Long, 1);
             let mut all = String::new();
             for entry in std::fs::read_dir(\"data\").unwrap() {
                 let name = entry.unwrap().file_name().into_string().unwrap();
                 let kind = if name.len() > 3 { Kind::Long } else { Kind::Short };
                 all += &format!(\"{name}{}\", lengths[&kind]);
             }
             println!(\"cargo::rustc-env=LEAK={all}\");
         }
",
    );
    let tried = mended(&project, &["--isolate", "never"]);
    assert_eq!(tried[0].1, "not-built", "{tried:?}");
    assert_eq!(tried[1].1, "helped", "{tried:?}");
}

#[test]
fn a_macro_of_the_workspace_is_rewritten_too() {
    let project = Project::committed("fault-macro-map-order");
    let tried = mended(&project, &["--isolate", "never"]);
    assert!(tried.iter().any(|(what, _)| what.contains("BTreeMap")), "{tried:?}");
}

#[needs("sandbox")]
#[test]
fn a_path_in_a_program_takes_one_path_for_all() {
    let project = Project::committed("fault-out-dir");
    let tried = mended(&project, &[]);
    assert!(tried.iter().any(|(what, _)| what.contains("same-path")), "{tried:?}");
}

/// Its control: what nothing helps against is said, and no file is written.
#[test]
fn what_no_remedy_mends_leaves_no_patch() {
    let project = Project::committed("fault-username");
    let patch = project.base().join("fix.patch");
    let args = ["build", "--try-remedies", "--write-patch", patch.to_str().unwrap()];
    let run = project.repro(&args);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("nothing helped"), "{}", run.all());
    assert!(!patch.exists());
    assert_verdict(&project.repro(&["build", "--write-patch", "x"]), 2, "");
}

//! The culprit: the units that diverged first are named, what followed from them is not.

use serde_json::Value;

use crate::support::{Project, assert_verdict};

/// `unit of package: causes; via packages` of each culprit.
fn culprits(report: &Value) -> Vec<String> {
    let list = |v: &Value| -> String {
        let words = v.as_array().unwrap().iter().map(|x| x.as_str().unwrap());
        words.collect::<Vec<_>>().join(", ")
    };
    let text = |v: &Value| v.as_str().unwrap().replace(" 0.1.0", "");
    let each = report["blame"].as_array().unwrap().iter();
    each.map(|c| {
        let via = list(&c["via"]).replace(" 0.1.0", "");
        format!(
            "{} of {}: {}; via {via}",
            text(&c["unit"]),
            text(&c["package"]),
            list(&c["causes"])
        )
    })
    .collect()
}

fn evidence(report: &Value, culprit: usize) -> String {
    report["blame"][culprit]["evidence"].to_string()
}

#[track_caller]
fn differs(project: &Project, more: &[&str]) -> Value {
    let args = [&["build", "--format", "json"], more].concat();
    let run = project.repro(&args);
    assert_eq!(run.code, Some(1), "{}", run.all());
    run.json()
}

#[test]
fn a_fault_three_crates_down_is_blamed_and_the_others_follow() {
    let project = Project::committed("blame-chain");
    let report = differs(&project, &[]);
    assert_eq!(culprits(&report), ["build-script of bottom: timestamp; via mid, upper, top"],);
    let evidence = evidence(&report, 0);
    assert!(evidence.contains("OUT_DIR/seconds.rs:3: `pub const SECONDS: u64 = "), "{evidence}");
    // Both builds have one target directory here, so that A's was moved when it is looked at.
    let run = project.repro(&["build", "--vary", "build-path,clock"]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(
        run.stdout.starts_with("culprit     build-script of bottom 0.1.0: timestamp\n"),
        "{}",
        run.all()
    );
    for words in ["OUT_DIR/seconds.rs:3", "remedy: ", "via mid 0.1.0, upper 0.1.0, top 0.1.0"] {
        assert!(run.stdout.contains(words), "no {words} in {}", run.all());
    }
    assert!(run.stdout.lines().count() <= 36, "{}", run.stdout);
}

#[test]
fn several_faults_are_all_named_and_what_reaches_nothing_is_not() {
    let project = Project::committed("blame-many");
    let report = differs(&project, &[]);
    assert_eq!(
        culprits(&report),
        [
            "build-script of left: username; via app",
            "lib of right: build-path; via app",
            "lib of helper: build-path; via scripted, app",
            "build-script of scripted: parallelism; via app",
            "build-script of thing-sys: timezone, timestamp; via thing, app",
            "bin of app: hostname; via ",
        ],
    );
    let shows = [
        "it declares that it depends on USER (variation `username`)",
        "CARGO_MANIFEST_DIR",
        "helper/src/lib.rs:1",
        "cargo::rustc-env=JOBS=`",
        "cargo::metadata=zone=`UTC` / `RPB-13:45` (thing-sys/build.rs:5)",
        "src/main.rs:4",
    ];
    let left = evidence(&report, 0);
    assert!(left.contains("cargo::rustc-env=BUILT_BY=`user-a-"), "{left}");
    for (i, words) in shows.iter().enumerate() {
        let evidence = evidence(&report, i);
        assert!(evidence.contains(words), "no {words} in {evidence}");
    }
    let run = project.repro(&["build"]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.lines().count() <= 36, "{}", run.stdout);
    assert!(run.stdout.contains("all of it with -v"), "{}", run.stdout);
}

#[test]
fn a_library_without_a_binary_is_blamed_with_its_macro_and_expanded() {
    let project = Project::committed("blame-lib");
    let report = differs(&project, &["--expand"]);
    let found = culprits(&report);
    assert_eq!(found.len(), 1, "{report}");
    assert!(found[0].starts_with("lib of blame-lib: "), "{found:?}");
    assert!(found[0].contains("ordering"), "{found:?}");
    let evidence = evidence(&report, 0);
    assert!(evidence.contains("it uses shuffle 0.1.0"), "{evidence}");
    // What `--expand` adds: the place of the macro, and the tokens that it made.
    let tokens = "expanded again at src/lib.rs:5:5: `";
    assert!(evidence.contains(tokens), "no {tokens} in {evidence}");
}

#[test]
fn a_macro_that_itself_differs_is_blamed_for_what_it_made() {
    let project = Project::committed("blame-macro");
    let report = differs(&project, &[]);
    assert_eq!(culprits(&report), ["proc-macro of whereabouts: build-path; via blame-macro"],);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn ten_bytes_in_the_instructions_of_a_stripped_binary_are_explained() {
    let project = Project::committed("blame-stripped");
    let report = differs(&project, &[]);
    assert_eq!(culprits(&report), ["bin of blame-stripped: timestamp; via "],);
    let evidence = evidence(&report, 0);
    for words in [".text", "it uses stamp 0.1.0"] {
        assert!(evidence.contains(words), "no {words} in {evidence}");
    }
}

/// Crate ids of path dependencies beside the workspace hold the place, and are made canonical; with
/// `--inject rustflags` they cannot be, and are culprits as well.
#[test]
fn path_dependencies_beside_the_workspace_are_paired() {
    let mut project = Project::plain("sound-path-dep");
    let script = project.dir.join("shared-lib/build.rs");
    let text = std::fs::read_to_string(&script).unwrap();
    let leak =
        "fn main() { println!(\"cargo::rustc-env=WHO={}\", std::env::var(\"USER\").unwrap());";
    project.write("shared-lib/build.rs", &text.replace("fn main() {", leak));
    let lib = std::fs::read_to_string(project.dir.join("shared-lib/src/lib.rs")).unwrap();
    let lib = format!("{lib}pub const WHO: &str = env!(\"WHO\");\n");
    project.write("shared-lib/src/lib.rs", &lib);
    let main = std::fs::read_to_string(project.dir.join("ws/src/main.rs")).unwrap();
    let uses = "fn main() { println!(\"{}\", shared_lib::WHO);";
    project.write("ws/src/main.rs", &main.replace("fn main() {", uses));
    project.git(&["init", "-q"]);
    project.commit("a leak");
    project.dir.push("ws");
    assert_eq!(
        culprits(&differs(&project, &[])),
        ["build-script of shared-lib: username; via uses-shared"],
    );
    let report = differs(&project, &["--inject", "rustflags"]);
    let found = culprits(&report).join("\n");
    for words in ["lib of deep-lib: build-path", "build-script of shared-lib: username"] {
        assert!(found.contains(words), "no {words} in {found}");
    }
    assert!(evidence(&report, 0).contains("cargo's id"), "{report}");
}

#[test]
fn nobody_is_blamed_where_nothing_differs() {
    let project = Project::committed("sound-workspace");
    let run = project.repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert_eq!(run.json()["blame"], serde_json::json!([]));
}

#[test]
fn a_path_that_is_only_measured_is_no_fault_of_the_compiler() {
    let project = Project::plain("fault-manifest-dir");
    let main = "fn main() {\n    println!(\"{}\", env!(\"CARGO_MANIFEST_DIR\").len());\n}\n";
    project.write("src/main.rs", main);
    project.git(&["init", "-q"]);
    project.commit("as it was");
    let report = differs(&project, &[]);
    let evidence = evidence(&report, 0);
    assert!(evidence.contains("the same but for directories of the build"), "{evidence}");
    assert!(evidence.contains("perhaps: it reads the variable CARGO_MANIFEST_DIR"), "{evidence}");
    assert!(!evidence.contains("the compiler made the difference"), "{evidence}");
    let remedies = report["blame"][0]["remedies"].to_string();
    assert!(remedies.contains("--same-path"), "{remedies}");
    assert!(!remedies.contains("no known cause fits"), "{remedies}");
}

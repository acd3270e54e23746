//! Each planted fault is found, and only by the variation that it depends on.

#[cfg(target_os = "linux")]
use crate::isolation::sandboxes;
use crate::support::{Project, assert_verdict};
use test_needs::needs;

/// There is none but on Linux.
#[cfg(not(target_os = "linux"))]
fn sandboxes() -> bool {
    false
}

/// Found, and blamed on the one unit at fault with one of the right causes, which replays confirm
/// with the right variations alone. `blamed` is the unit's kind and the cause.
#[track_caller]
fn is_found(fixture: &str, blamed: (&str, &str), variations: &[&str]) -> Project {
    let project = Project::committed(fixture);
    let run = project.repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let report = run.json();
    assert_eq!(report["verdict"], "differs", "{report}");
    is_blamed(&report, &format!("{fixture} 0.1.0"), blamed);
    is_confirmed(&report, blamed.1, variations);
    let binary = project.manifest()["artifacts"][0].clone();
    assert_eq!(binary["status"], "differs", "{binary}");
    assert!(binary["sha256"].is_null(), "nothing was proven: {binary}");
    for side in ["a", "b"] {
        let kept = project.results().join(side).join(crate::support::host()).join(fixture);
        // No replay has touched what the builds left.
        let digest = repro_formats::digest::of_file(&kept).unwrap();
        assert_eq!(report["artifacts"][0][side]["sha256"], digest.sha256, "{report}");
    }
    assert!(!project.results().join("artifacts").exists());
    project
}

/// One culprit and no other: package, unit, a cause, and something that shows it.
#[track_caller]
fn is_blamed(report: &serde_json::Value, package: &str, (unit, cause): (&str, &str)) {
    let blame = report["blame"].as_array().unwrap();
    assert_eq!(blame.len(), 1, "{report}");
    assert_eq!(blame[0]["package"], package, "{report}");
    assert_eq!(blame[0]["unit"], unit, "{report}");
    let causes = blame[0]["causes"].as_array().unwrap();
    assert!(causes.contains(&cause.into()), "{report}");
    let evidence = blame[0]["evidence"].as_array().unwrap();
    assert!(!evidence.is_empty(), "{report}");
}

/// Shown by experiments, most of which are controls where one thing alone makes the difference.
#[track_caller]
fn is_confirmed(report: &serde_json::Value, cause: &str, variations: &[&str]) {
    let blame = &report["blame"][0];
    if !replays() {
        assert_eq!(blame["confirmed"], false, "{report}");
        assert!(blame["suspected"].is_string(), "{report}");
        return;
    }
    assert_eq!(blame["confirmed"], true, "{report}");
    assert_eq!(blame["causes"].as_array().unwrap()[0], cause, "{report}");
    assert_eq!(blame["variations"], serde_json::json!(variations), "{report}");
    assert_eq!(blame["suspected"], serde_json::Value::Null, "{report}");
    // One thing alone is found in six runs at most, whichever it is; one that works together with another takes more.
    let count = |key: &str| blame[key].as_u64().unwrap();
    let most = if variations.len() > 1 { 12 } else { 6 };
    assert!(count("searches") <= most, "{report}");
    // Nothing varied; everything; everything but this; the file system alone; and what shows that it is
    // not by chance, with more of these where the bytes do not speak for the cause.
    assert!(count("replays") >= 4 && count("replays") - count("searches") <= 16, "{report}");
}

/// Whether this machine can run units again as they were recorded.
fn replays() -> bool {
    cfg!(all(target_os = "linux", target_env = "gnu"))
}

/// Found, and gone with the variation switched off: the variation is what finds it.
#[track_caller]
fn is_found_by(fixture: &str, variation: &str, blamed: (&str, &str)) {
    let project = is_found(fixture, blamed, &[variation]);
    let run = project.repro(&["build", "--vary", &format!("-{variation}")]);
    // A directory that is not varied is at a path that is the same for everyone.
    let path = match variation {
        "build-path" => Some(format!("/build/{fixture}")),
        "target-dir" => Some(format!("/build/{fixture}/target")),
        "cargo-home" => Some("/cargo".to_string()),
        "home" => Some("/tmp/home".to_string()),
        "tmpdir" => Some("/tmp/build".to_string()),
        "toolchain-path" => Some("/build/.toolchain".to_string()),
        _ => None,
    };
    match path {
        None => assert_verdict(&run, 0, "REPRODUCIBLE"),
        Some(path) if sandboxes() => assert_verdict(&run, 0, &format!("REPRODUCIBLE AT {path}")),
        Some(_) => assert_eq!(run.code, Some(1), "{}", run.all()),
    }
    let off = format!("not varied  {variation} (switched off with --vary)");
    assert!(run.stdout.contains(&off), "{}", run.all());
}

macro_rules! found_by {
    ($all:ident; $($test:ident: $fixture:literal by $variation:literal, $unit:literal of $cause:literal;)*) => {
        const $all: &[&str] = &[$($variation),*];
        $(#[test] fn $test() { is_found_by($fixture, $variation, ($unit, $cause)); })*
    };
}

found_by! {
    ANYWHERE;
    username: "fault-username" by "username", "build-script" of "username";
    home: "fault-home" by "home", "build-script" of "home";
    cargo_home: "fault-cargo-home" by "cargo-home", "build-script" of "build-path";
    tmpdir: "fault-tmpdir" by "tmpdir", "build-script" of "build-path";
    out_dir: "fault-out-dir" by "target-dir", "bin" of "build-path";
    manifest_dir: "fault-manifest-dir" by "build-path", "bin" of "build-path";
    source_mtime: "fault-source-mtime" by "source-mtime", "build-script" of "source-mtime";
    // Cargo starts its build script in a directory of its own.
    source_mtime_of_a_member: "fault-member" by "source-mtime", "build-script" of "source-mtime";
    locale: "fault-locale" by "locale", "build-script" of "locale";
    timezone: "fault-timezone" by "timezone", "build-script" of "timezone";
    jobs: "fault-jobs" by "jobs", "build-script" of "parallelism";
    umask: "fault-umask" by "umask", "build-script" of "umask";
    search_path: "fault-search-path" by "search-path", "build-script" of "environment";
    git_config: "fault-git-config" by "git-config", "build-script" of "vcs-state";
    stray_variable: "fault-environment" by "environment", "build-script" of "environment";
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
found_by! {
    ON_LINUX;
    day: "fault-time-day" by "clock", "build-script" of "timestamp";
    day_of_a_new_file: "fault-file-time" by "clock", "build-script" of "timestamp";
    day_in_a_macro: "fault-macro-day" by "clock", "bin" of "timestamp";
    cpu_count: "fault-cpu-count" by "cpu-count", "build-script" of "parallelism";
    // It looks like the clock, and is the time zone.
    local_time: "fault-local-time" by "timezone", "build-script" of "timezone";
    hostname: "fault-hostname" by "hostname", "build-script" of "hostname";
    kernel: "fault-kernel" by "kernel", "build-script" of "kernel";
    directory_order: "fault-directory-order" by "directory-order", "build-script" of "ordering";
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn each_row_has_a_fixture_that_is_found_by_it_alone() {
    let listed = Project::plain("sound-features").repro(&["build", "--list-variations"]).stdout;
    let rows = listed.lines().take_while(|line| !line.is_empty());
    let rows: Vec<&str> = rows.filter_map(|line| line.split(' ').next()).collect();
    assert!(rows.len() >= 21, "{listed}");
    let in_sandboxes = crate::reach::CASES.iter().map(|(_, variation, _)| *variation);
    let found: Vec<&str> = ANYWHERE.iter().chain(ON_LINUX).copied().chain(in_sandboxes).collect();
    let missing: Vec<&str> = rows.iter().filter(|row| !found.contains(row)).copied().collect();
    assert!(missing.is_empty(), "without a fixture: {missing:?}");
    // What a sandbox brings in part is found there as well, beside what variables and the shim show of it.
    let boxed = listed.lines().filter(|line| line.contains("bubblewrap"));
    let boxed = boxed.filter_map(|line| line.split(' ').next());
    let in_sandboxes: Vec<&str> =
        crate::reach::CASES.iter().map(|case| case.1).chain(["directory-order"]).collect();
    let missing: Vec<&str> = boxed.filter(|row| !in_sandboxes.contains(row)).collect();
    assert!(missing.is_empty(), "not asked for in a sandbox: {missing:?}");
}

#[needs("sandbox")]
#[test]
fn toolchain_path() {
    is_found_by("fault-toolchain-path", "toolchain-path", ("bin", "build-path"));
}

#[test]
fn nanoseconds_are_found_whatever_is_varied() {
    let blamed = ("build-script", "timestamp");
    let project = is_found("fault-time-ns", blamed, &[]);
    // Both builds have the same directories then, one after the other.
    let run = project.repro(&["build", "--vary", "none", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    is_blamed(&run.json(), "fault-time-ns 0.1.0", blamed);
    is_confirmed(&run.json(), "timestamp", &[]);
}

#[test]
fn randomness_is_found_whatever_is_varied() {
    let project = is_found("fault-random", ("build-script", "randomness"), &[]);
    assert_verdict(&project.repro(&["build", "--vary", "none"]), 1, "DIFFERS");
}

#[test]
fn the_order_of_a_map_in_a_macro_is_found() {
    is_found("fault-macro-map-order", ("bin", "ordering"), &[]);
}

/// Nothing that was varied makes the difference.
#[test]
fn ids_of_processes_are_found_to_be_chance() {
    is_found("fault-process-id", ("build-script", "randomness"), &[]);
}

/// All that differs in it is one of the variations, the place of the wrapper included.
#[cfg(target_os = "linux")]
#[needs("sandbox")]
#[test]
fn the_whole_environment_is_confirmed_with_each_variation_in_it() {
    let run = Project::committed("fault-whole-environment").repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let blame = run.json()["blame"][0].clone();
    assert_eq!(blame["confirmed"], true, "{blame}");
    let causes = blame["causes"].as_array().unwrap();
    for cause in ["build-path", "environment", "home", "username", "hostname", "timezone"] {
        assert!(causes.contains(&cause.into()), "no {cause}: {blame}");
    }
}

/// The other copy is on another file system: what differs by that is not called an order.
#[cfg(target_os = "linux")]
#[needs("sandbox")]
#[test]
fn the_file_system_is_told_from_the_order_of_directories() {
    is_found("fault-file-system", ("build-script", "file-system"), &["directory-order"]);
}

/// Each copy of a file has a number of its own, also in each replay: that is no randomness of the script.
#[cfg(target_os = "linux")]
#[test]
fn the_number_of_a_file_is_told_from_randomness() {
    if !replays() {
        return;
    }
    let project = Project::plain("fault-random");
    project.write(
        "build.rs",
        "use std::os::unix::fs::MetadataExt;
         fn main() {
             println!(\"cargo::rustc-env=LEAK={}\", std::fs::metadata(\"build.rs\").unwrap().ino());
         }
",
    );
    project.git(&["init", "-q"]);
    project.commit("as it was");
    let run = project.repro(&["build", "--format", "json"]);
    is_blamed(&run.json(), "fault-random 0.1.0", ("build-script", "file-system"));
    is_confirmed(&run.json(), "file-system", &[]);
}

#[cfg(target_os = "linux")]
#[needs("sandbox")]
#[test]
fn the_uptime_is_found_to_be_a_time() {
    let project = is_found("fault-uptime", ("build-script", "timestamp"), &[]);
    // What the build script told is recognized in the program, although no variation has that value.
    let run = project.repro(&["build", "--format", "json"]);
    let explained = run.json()["artifacts"][0]["explained"].clone();
    assert_eq!(explained["unexplained"], 0, "{explained}");
}

#[test]
fn a_fault_that_takes_two_variations_is_confirmed_with_both() {
    let blamed = ("build-script", "timezone");
    let project = is_found("fault-two-factors", blamed, &["timezone", "locale"]);
    for one in ["timezone", "locale"] {
        let run = project.repro(&["build", "--vary", &format!("-{one}")]);
        assert_verdict(&run, 0, "REPRODUCIBLE");
    }
}

/// Each build has a value of its own in each variation: the third shows what two do not.
#[test]
fn a_fault_that_only_a_third_build_shows_is_found_by_three() {
    let project = Project::committed("fault-third-build");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    assert!(project.manifest()["builds"].is_null());
    let run = project.repro(&["build", "--builds", "3", "--format", "json"]);
    let report = run.json();
    assert_eq!((run.code, &report["verdict"]), (Some(1), &"differs".into()), "{}", run.all());
    is_blamed(&report, "fault-third-build 0.1.0", ("build-script", "hostname"));
    is_confirmed(&report, "hostname", &["hostname"]);
    let outputs = report["artifacts"][0]["outputs"].as_array().unwrap();
    let builds: Vec<_> = outputs.iter().map(|o| o["builds"].clone()).collect();
    assert_eq!(builds, [serde_json::json!(["A", "B"]), serde_json::json!(["C"])]);
    assert_eq!(report["builds"], serde_json::json!({"count": 3, "missed": 0.25}));
    assert_eq!(project.manifest()["builds"], 3);
    for (side, of) in [("a", "a"), ("c", "b")] {
        let kept = project.results().join(side).join(crate::support::host());
        let digest = repro_formats::digest::of_file(&kept.join("fault-third-build")).unwrap();
        assert_eq!(report["artifacts"][0][of]["sha256"], digest.sha256, "{report}");
    }
    assert!(!project.results().join("b").exists());
    let run = project.repro(&["build", "--builds", "3", "--vary", "-hostname"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let line = "builds      3, all equal; a fault with two equally likely outcomes";
    assert!(run.stdout.contains(line) && run.stdout.contains("2^-2 (25"), "{}", run.all());
    assert!(!project.results().join("c").exists());
}

/// Whichever way it falls, the report says what was seen, and what that is worth.
#[test]
fn a_coin_is_chance_or_missed_with_the_probability_that_is_stated() {
    let project = Project::committed("fault-coin");
    let run = project.repro(&["build", "--builds", "5", "--isolate", "never", "--format", "json"]);
    let report = run.json();
    assert_eq!(report["builds"], serde_json::json!({"count": 5, "missed": 0.0625}));
    let outputs = report["artifacts"][0]["outputs"].as_array().unwrap();
    let builds: usize = outputs.iter().map(|o| o["builds"].as_array().unwrap().len()).sum();
    assert_eq!(builds, 5, "{report}");
    if run.code == Some(0) {
        assert_eq!(outputs.len(), 1, "{report}");
        return;
    }
    assert_eq!((run.code, outputs.len()), (Some(1), 2), "{}", run.all());
    is_blamed(&report, "fault-coin 0.1.0", ("build-script", "randomness"));
    let evidence = report["blame"][0]["evidence"].to_string();
    assert!(!replays() || evidence.contains("2 different outputs in 5 builds"), "{report}");
}

/// Also one after the other, at the same paths.
#[test]
fn several_builds_without_variations_show_chance() {
    let project = Project::committed("fault-random");
    let args = ["build", "--builds", "3", "--vary", "none", "--isolate", "never"];
    let run = project.repro(&args);
    assert_verdict(&run, 1, "DIFFERS");
    for text in ["A: ", "B: ", "C: ", "3 different outputs in 3 builds", "up to 3 different"] {
        assert!(run.stdout.contains(text), "{text}: {}", run.all());
    }
}

#[test]
fn without_replays_a_cause_is_suspected() {
    let project = Project::committed("fault-timezone");
    let run = project.repro(&["build", "--no-replay", "--format", "json"]);
    let report = run.json();
    // The values are of different lengths: what that moved follows from it, also between pools of constants.
    let explained = &report["artifacts"][0]["explained"];
    assert_eq!(explained["unexplained"], 0, "{report}");
    let blame = &report["blame"][0];
    assert_eq!(blame["confirmed"], false, "{}", run.all());
    assert_eq!(blame["suspected"], "replays are switched off by `--no-replay`");
    assert_eq!(
        (blame["replays"].as_u64(), &blame["variations"]),
        (Some(0), &serde_json::json!([]))
    );
}

/// Copies are where the builds were, which are put back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn causes_are_confirmed_without_a_sandbox_too() {
    for (fixture, cause, variation) in [
        ("fault-tmpdir", "build-path", "tmpdir"),
        ("fault-manifest-dir", "build-path", "build-path"),
    ] {
        let project = Project::committed(fixture);
        let run = project.repro(&["build", "--isolate", "never", "--format", "json"]);
        let report = run.json();
        is_confirmed(&report, cause, &[variation]);
        let kept = project.results().join("a").join(crate::support::host()).join(fixture);
        let digest = repro_formats::digest::of_file(&kept).unwrap();
        assert_eq!(report["artifacts"][0]["a"]["sha256"], digest.sha256, "{report}");
    }
}

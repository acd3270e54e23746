//! Each planted fault is found, and only by the variation that it depends on.

use crate::isolation::sandboxes;
use crate::support::{Project, assert_verdict};

/// Found, and blamed on the one unit at fault with one of the right causes. `blamed` is the unit's
/// kind and the cause.
#[track_caller]
fn is_found(fixture: &str, blamed: (&str, &str)) -> Project {
    let project = Project::committed(fixture);
    let run = project.repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let report = run.json();
    assert_eq!(report["verdict"], "differs", "{report}");
    is_blamed(&report, &format!("{fixture} 0.1.0"), blamed);
    let binary = project.manifest()["artifacts"][0].clone();
    assert_eq!(binary["status"], "differs", "{binary}");
    assert!(binary["sha256"].is_null(), "nothing was proven: {binary}");
    for side in ["a", "b"] {
        let kept = project.results().join(side).join(crate::support::host()).join(fixture);
        assert!(kept.is_file(), "{kept:?}");
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

/// Found, and gone with the variation switched off: the variation is what finds it.
#[track_caller]
fn is_found_by(fixture: &str, variation: &str, blamed: (&str, &str)) {
    let project = is_found(fixture, blamed);
    let run = project.repro(&["build", "--vary", &format!("-{variation}")]);
    // A directory that is not varied is at a path that is the same for everyone.
    let path = match variation {
        "build-path" => Some(format!("/build/{fixture}")),
        "target-dir" => Some(format!("/build/{fixture}/target")),
        "cargo-home" => Some("/cargo".to_string()),
        "home" => Some("/tmp/home".to_string()),
        "tmpdir" => Some("/tmp/build".to_string()),
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
    ($($test:ident: $fixture:literal by $variation:literal, $unit:literal of $cause:literal;)*) => {
        $(#[test] fn $test() { is_found_by($fixture, $variation, ($unit, $cause)); })*
    };
}

found_by! {
    username: "fault-username" by "username", "build-script" of "username";
    home: "fault-home" by "home", "build-script" of "home";
    cargo_home: "fault-cargo-home" by "cargo-home", "build-script" of "build-path";
    tmpdir: "fault-tmpdir" by "tmpdir", "build-script" of "build-path";
    out_dir: "fault-out-dir" by "target-dir", "bin" of "build-path";
    manifest_dir: "fault-manifest-dir" by "build-path", "bin" of "build-path";
    source_mtime: "fault-source-mtime" by "source-mtime", "build-script" of "source-mtime";
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
    day: "fault-time-day" by "clock", "build-script" of "timestamp";
    day_in_a_macro: "fault-macro-day" by "clock", "bin" of "timestamp";
    cpu_count: "fault-cpu-count" by "cpu-count", "build-script" of "parallelism";
    hostname: "fault-hostname" by "hostname", "build-script" of "hostname";
    kernel: "fault-kernel" by "kernel", "build-script" of "kernel";
    directory_order: "fault-directory-order" by "directory-order", "build-script" of "ordering";
}

#[test]
fn toolchain_path() {
    if sandboxes() {
        is_found_by("fault-toolchain-path", "toolchain-path", ("bin", "build-path"));
    }
}

#[test]
fn nanoseconds_are_found_whatever_is_varied() {
    let blamed = ("build-script", "timestamp");
    let project = is_found("fault-time-ns", blamed);
    // Both builds have the same directories then, one after the other.
    let run = project.repro(&["build", "--vary", "none", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    is_blamed(&run.json(), "fault-time-ns 0.1.0", blamed);
}

#[test]
fn randomness_is_found_whatever_is_varied() {
    let project = is_found("fault-random", ("build-script", "randomness"));
    assert_verdict(&project.repro(&["build", "--vary", "none"]), 1, "DIFFERS");
}

#[test]
fn the_order_of_a_map_in_a_macro_is_found() {
    is_found("fault-macro-map-order", ("bin", "ordering"));
}

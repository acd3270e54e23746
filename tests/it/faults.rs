//! Each planted fault is found, and only by the variation that it depends on.

use crate::support::{Project, assert_verdict};

#[track_caller]
fn is_found(fixture: &str) -> Project {
    let project = Project::committed(fixture);
    let run = project.repro(&["build"]);
    assert_verdict(&run, 1, "DIFFERS");
    let binary = project.manifest()["artifacts"][0].clone();
    assert_eq!(binary["status"], "differs", "{binary}");
    assert!(binary["sha256"].is_null(), "nothing was proven: {binary}");
    for side in ["a", "b"] {
        let kept = project
            .results()
            .join(side)
            .join(crate::support::host())
            .join(fixture);
        assert!(kept.is_file(), "{kept:?}");
    }
    assert!(!project.results().join("artifacts").exists());
    project
}

/// Found, and gone with the variation switched off: the variation is what finds it.
#[track_caller]
fn is_found_by(fixture: &str, variation: &str) {
    let project = is_found(fixture);
    let run = project.repro(&["build", "--vary", &format!("-{variation}")]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(
        run.stdout.contains(&format!("{variation} (switched off)")),
        "{}",
        run.all()
    );
}

macro_rules! found_by {
    ($($test:ident: $fixture:literal by $variation:literal,)*) => {
        $(#[test] fn $test() { is_found_by($fixture, $variation); })*
    };
}

found_by! {
    user: "fault-user" by "user",
    home: "fault-home" by "home",
    cargo_home: "fault-cargo-home" by "cargo-home",
    tmpdir: "fault-tmpdir" by "tmpdir",
    out_dir: "fault-out-dir" by "target-dir",
    manifest_dir: "fault-manifest-dir" by "build-path",
    source_mtime: "fault-source-mtime" by "source-mtime",
    locale: "fault-locale" by "locale",
    time_zone: "fault-time-zone" by "time-zone",
    jobs: "fault-jobs" by "jobs",
    umask: "fault-umask" by "umask",
    stray_variable: "fault-environment" by "environment",
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
found_by! {
    day: "fault-time-day" by "clock",
    day_in_a_macro: "fault-macro-day" by "clock",
    cpu_count: "fault-cpu-count" by "cpu-count",
    host_name: "fault-host-name" by "host-name",
}

#[test]
fn nanoseconds_are_found_whatever_is_varied() {
    let project = is_found("fault-time-ns");
    assert_verdict(&project.repro(&["build", "--vary", "none"]), 1, "DIFFERS");
}

#[test]
fn randomness_is_found_whatever_is_varied() {
    let project = is_found("fault-random");
    assert_verdict(&project.repro(&["build", "--vary", "none"]), 1, "DIFFERS");
}

#[test]
fn the_order_of_a_map_in_a_macro_is_found() {
    is_found("fault-macro-map-order");
}

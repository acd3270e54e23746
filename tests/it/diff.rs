//! `repro diff` on archives: bytes decide, members and what is said of them explain.

use crate::archive::sh;
use crate::support::{Project, Run};

fn scratch() -> Project {
    let project = Project::plain("sound-features");
    sh(
        &project.dir,
        "mkdir -p t; echo 1 >t/a; echo 2 >t/b; chmod 644 t/*
        tar() { command tar --format=gnu --sort=name --owner=0 --group=0 --numeric-owner \"$@\"; }
        tar --mtime=@5 -cf base.tar -C t a b; tar --mtime=@6 -cf mtime.tar -C t a b
        command tar --format=gnu --mtime=@5 --owner=0 --group=0 --numeric-owner -cf order.tar -C t b a
        tar --mtime=@5 --owner=7 -cf owner.tar -C t a b; chmod 600 t/a; tar --mtime=@5 -cf mode.tar -C t a b
        chmod 644 t/a; echo 3 >t/b; tar --mtime=@5 -cf content.tar -C t a b; tar --mtime=@5 -cf fewer.tar -C t a
        gzip -1 -nc base.tar >fast.tar.gz; gzip -9 -nc base.tar >best.tar.gz; xz -c base.tar >x.tar.xz",
    );
    project
}

fn causes(run: &Run) -> Vec<String> {
    let json = run.json();
    assert_eq!(json["schema"], "repro.report/1");
    let findings = json["artifacts"][0]["findings"].as_array().unwrap();
    let each = findings.iter().map(|f| f["cause"].as_str().unwrap().to_string());
    each.collect()
}

#[test]
fn each_difference_has_its_cause() {
    let project = scratch();
    for (other, cause, same_content) in [
        ("mtime.tar", "archive-mtime", true),
        ("order.tar", "archive-order", true),
        ("owner.tar", "archive-owner", true),
        ("mode.tar", "archive-mode", true),
    ] {
        let run = project.repro(&["diff", "--format", "json", "base.tar", other]);
        assert_eq!(run.code, Some(1), "{}", run.all());
        assert_eq!(causes(&run), [cause], "{other}");
        assert_eq!(run.json()["verdict"], "differs");
        assert_eq!(run.json()["same_content"], same_content);
    }
    for (other, status) in [("content.tar", "differs"), ("fewer.tar", "only-a")] {
        let json = project.repro(&["diff", "--format", "json", "base.tar", other]).json();
        assert_eq!(json["same_content"], false);
        let member = json["members"].as_array().unwrap().iter().find(|m| m["name"] == "b");
        assert_eq!(member.unwrap()["status"], status, "{json}");
    }
    let run = project.repro(&["diff", "base.tar", "content.tar"]);
    assert!(run.last().starts_with("DIFFERS"), "{}", run.all());
    assert!(run.stdout.contains("`b`"), "{}", run.all());
}

#[test]
fn another_compressor_is_said_to_hold_the_same() {
    let project = scratch();
    for (a, b) in [("fast.tar.gz", "best.tar.gz"), ("fast.tar.gz", "x.tar.xz")] {
        let run = project.repro(&["diff", a, b]);
        assert_eq!(run.code, Some(1), "{}", run.all());
        assert_eq!(run.last(), "DIFFERS: the content is the same; what differs is compressor");
        let json = project.repro(&["diff", "--format", "json", a, b]);
        assert!(causes(&json).iter().all(|c| c == "compressor"), "{}", json.all());
    }
    let zips = "cd t && TZ=UTC zip -X -q -1 ../1.zip a b && TZ=UTC zip -X -q -0 ../0.zip a b";
    if crate::archive::have("zip") {
        sh(&project.dir, &format!("seq 1 9999 >t/a; touch -d @1700000000 t/a t/b; {zips}"));
        let json = project.repro(&["diff", "--format", "json", "0.zip", "1.zip"]);
        assert!(causes(&json).contains(&"compressor".to_string()), "{}", json.all());
        assert_eq!(json.json()["same_content"], true);
    }
}

#[test]
fn the_same_bytes_are_the_same() {
    let project = scratch();
    let run = project.repro(&["diff", "base.tar", "base.tar"]);
    assert_eq!((run.code, run.last()), (Some(0), "SAME"), "{}", run.all());
    let run = project.repro(&["diff", "--format", "json", "base.tar", "base.tar"]);
    assert_eq!(run.json()["verdict"], "same");
}

#[test]
fn a_hostile_archive_is_named_and_not_explained() {
    let project = scratch();
    let lines = "cd t && tar -cPf ../up.tar --transform='s,^a,../a,' a; cd .. && head -c 600 base.tar >cut.tar";
    sh(&project.dir, lines);
    for (file, want) in [("up.tar", "`../a`"), ("cut.tar", "ends within")] {
        let run = project.repro(&["diff", "base.tar", file]);
        assert_eq!(run.code, Some(5), "{}", run.all());
        let told = run.stderr.contains("at byte ") && run.stderr.contains(want);
        assert!(told && run.stderr.contains("bytes of the two files differ"), "{}", run.all());
    }
}

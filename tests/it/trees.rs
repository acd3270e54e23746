//! `repro diff` with a directory: `SAME` is a verdict, and no file may be left out of it unseen. Each
//! attack on that has its control beside it.

use crate::archive::sh;
use crate::support::Project;
use test_needs::needs;

/// Name, what is made in `a` and `b`, and what is compared; a control is the same.
type Case = (&'static str, &'static str, [&'static str; 2], End);

#[derive(Clone, Copy, PartialEq)]
enum End {
    Same,
    Differs,
    /// It cannot be told what all readers see in it.
    Refused,
}

use End::{Differs, Refused, Same};

const CASES: &[Case] = &[
    ("control", "echo x >a/f; echo x >b/f", ["a", "b"], Same),
    (
        "names that are not Unicode",
        r#"printf evil >"a/$(printf '\376')"; printf good >"b/$(printf '\376')"; for d in a b; do echo y >"$d/$(printf '\377')"; done"#,
        ["a", "b"],
        Differs,
    ),
    (
        "control: the same of them",
        r#"for d in a b; do for c in 376 377; do echo $c >"$d/$(printf "\\$c")"; done; done"#,
        ["a", "b"],
        Same,
    ),
    (
        "control: names that are escaped, and an archive",
        r#"printf x >"a/t\\\`"; printf x >"a/$(printf '\376')"; tar -cf b.tar -C a ."#,
        ["a", "b.tar"],
        Same,
    ),
    (
        "a name that reads as a line of digests",
        r#"printf x >a/f; : >a/g; printf x >"b/f
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  g""#,
        ["a", "b"],
        Differs,
    ),
    (
        "a link, and a file of its words",
        "ln -s evil a/f; echo 'link to evil' >b/f",
        ["a", "b"],
        Differs,
    ),
    (
        "control: the same link",
        "for d in a b; do ln -s evil $d/f; done; echo x >c",
        ["a", "b"],
        Same,
    ),
    (
        "links to names that are not Unicode",
        r#"ln -s "$(printf '\376')" a/f; ln -s "$(printf '\377')" b/f"#,
        ["a", "b"],
        Differs,
    ),
    ("a FIFO more", "echo x >a/f; echo x >b/f; mkfifo b/p", ["a", "b"], Differs),
    ("a FIFO for an empty file", ": >a/p; mkfifo b/p", ["a", "b"], Differs),
    ("control: the same FIFO", "mkfifo a/p b/p", ["a", "b"], Same),
    (
        "what one side calls cargo's own",
        "echo x >a/f; echo x >b/f; mkdir -p b/.fingerprint b/incremental; echo x >b/.fingerprint/x; echo evil >b/incremental/evil",
        ["a", "b"],
        Differs,
    ),
    (
        "control: what both call so",
        "for d in a b; do echo x >$d/f; mkdir -p $d/.fingerprint; echo $d >$d/.fingerprint/x; done",
        ["a", "b"],
        Same,
    ),
    ("control: a tar", "echo x >a/f; tar -cf b.tar -C a f", ["a", "b.tar"], Same),
    (
        "control: a hard link",
        "echo x >a/f; ln a/f a/g; tar -cf b.tar -C a f g",
        ["a", "b.tar"],
        Same,
    ),
    (
        "control: a file with holes",
        "truncate -s 1M a/f; echo x >>a/f; tar -Scf b.tar -C a f",
        ["a", "b.tar"],
        Same,
    ),
    (
        "a hard link to a file with holes",
        "truncate -s 1M b/f; echo x >>b/f; ln b/f b/g; tar -Scf b.tar -C b f g; cp b/f a; : >a/g",
        ["a", "b.tar"],
        Refused,
    ),
    (
        "a member twice",
        "echo x >a/f; echo evil >b/f; tar -cf b.tar -C b f; tar -rf b.tar -C a f",
        ["a", "b.tar"],
        Refused,
    ),
    (
        "a tar behind the end of another",
        "echo x >a/f; tar -cf b.tar -C a f; echo evil >b/g; tar -cf c.tar -C b g; cat c.tar >>b.tar",
        ["a", "b.tar"],
        Refused,
    ),
    (
        "the same, each compressed",
        "echo x >a/f; tar -czf b.tgz -C a f; echo evil >b/g; tar -czf c.tgz -C b g; cat c.tgz >>b.tgz",
        ["a", "b.tgz"],
        Refused,
    ),
    (
        "a FIFO in a cpio",
        r#"h() { printf 070701; for f in 1 $1 0 0 1 0 0 0 0 0 0 $2 0; do printf %08x $f; done; }
mkfifo a/n; (h 4516 2; printf 'n\0'; h 0 11; printf 'TRAILER!!!\0\0\0\0') >b.cpio"#,
        ["a", "b.cpio"],
        Refused,
    ),
];

/// What needs the right to make device nodes.
const DEVICES: &[Case] = &[
    ("a device and another", "mknod a/n c 1 3; mknod b/n c 1 5", ["a", "b"], Differs),
    ("a device of another kind", "mknod a/n c 1 3; mknod b/n b 1 3", ["a", "b"], Differs),
    ("control: the same device", "mknod a/n c 1 3; mknod b/n c 1 3", ["a", "b"], Same),
    ("a device in a tar", "mknod a/n c 1 3; tar -cf b.tar -C a n", ["a", "b.tar"], Refused),
];

#[test]
fn no_file_is_left_out_unseen() {
    ends(CASES);
}

#[needs("device nodes")]
#[test]
fn devices_are_compared_by_kind_and_number() {
    ends(DEVICES);
}

fn ends(cases: &[Case]) {
    let project = Project::plain("sound-features");
    let mut wrong = Vec::new();
    for (name, script, [a, b], end) in cases {
        sh(&project.dir, &format!("rm -rf a b b.* c*; mkdir a b\n{script}"));
        for args in [["diff", a, b], ["diff", b, a]] {
            let run = project.repro(&args);
            let as_expected = match end {
                Same => run.code == Some(0) && run.last() == "SAME",
                Differs => run.code == Some(1) && run.last().starts_with("DIFFERS: "),
                Refused => run.code == Some(5) && run.stderr.contains("cannot be compared with"),
            };
            if !as_expected {
                wrong.push(format!("== {name}\n{}", run.all()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_compared_of_a_directory_is_listed() {
    let project = Project::plain("sound-features");
    sh(&project.dir, "mkdir -p a b/empty; echo x >a/f; echo x >b/f; chmod 755 b/f");
    let run = project.repro(&["diff", "a", "b"]);
    let listed = "not empty directories, hard links, times, modes, owners and extended attributes";
    assert!(run.last() == "SAME" && run.stdout.contains(listed), "{}", run.all());
    sh(&project.dir, "touch b/empty/f");
    let run = project.repro(&["diff", "a", "b"]);
    assert!(run.last().starts_with("DIFFERS: "), "{}", run.all());
}

/// A zip has two directories, and may be behind a script.
#[test]
fn a_zip_behind_a_script_is_not_the_directory_that_is_in_it() {
    use std::io::Write;
    let project = Project::plain("sound-features");
    sh(&project.dir, "mkdir a; printf x >a/f");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("f", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"x").unwrap();
    let zip = zip.finish().unwrap().into_inner();
    std::fs::write(project.dir.join("plain.zip"), &zip).unwrap();
    std::fs::write(project.dir.join("evil.zip"), [b"#!/bin/sh\nevil\nexit\n", &zip[..]].concat())
        .unwrap();
    let run = project.repro(&["diff", "a", "plain.zip"]);
    assert_eq!((run.code, run.last()), (Some(0), "SAME"), "{}", run.all());
    let run = project.repro(&["diff", "a", "evil.zip"]);
    assert_eq!(run.code, Some(5), "{}", run.all());
    assert!(run.stderr.contains("`evil.zip` cannot be compared with a directory"), "{}", run.all());
}

//! `repro diff` on archives: bytes decide, members and what is said of them explain.

use crate::archive::sh;
use crate::support::{Project, Run};
use test_needs::needs;

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
fn what_a_member_is_and_not_only_its_bytes_is_compared() {
    let project = Project::plain("sound-features");
    let pack = |name: &str, kind: tar::EntryType, number: u32, mode: u32, attribute: &[u8]| {
        let mut archive = tar::Builder::new(Vec::new());
        if !attribute.is_empty() {
            archive.append_pax_extensions([("SCHILY.xattr.user.a", attribute)]).unwrap();
        }
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(mode);
        header.set_device_major(1).unwrap();
        header.set_device_minor(number).unwrap();
        archive.append_data(&mut header, "m", &[][..]).unwrap();
        std::fs::write(project.dir.join(name), archive.into_inner().unwrap()).unwrap();
    };
    use tar::EntryType::{Block, Char, Fifo, Regular};
    for (kind, number, mode, attribute, shown) in [
        (Char, 3, 0o644, "", None),
        (Char, 5, 0o644, "", Some("B: character device 1:5")),
        (Block, 3, 0o644, "", Some("B: block device 1:3")),
        (Fifo, 3, 0o644, "", Some("B: FIFO")),
        (Regular, 3, 0o644, "", Some("B: file")),
        (Char, 3, 0o4644, "", Some("B: 4644")),
        (Char, 3, 0o644, "x", Some("B: SCHILY.xattr.user.a=x, header=pax")),
    ] {
        pack("a.tar", Char, 3, 0o644, b"");
        pack("b.tar", kind, number, mode, attribute.as_bytes());
        let run = project.repro(&["diff", "a.tar", "b.tar"]);
        assert_eq!(run.code, Some(i32::from(shown.is_some())), "{}", run.all());
        assert!(run.stdout.contains(shown.unwrap_or("SAME")), "{shown:?}: {}", run.all());
    }
}

#[needs("zip")]
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
    sh(&project.dir, &format!("seq 1 9999 >t/a; touch -d @1700000000 t/a t/b; {zips}"));
    let json = project.repro(&["diff", "--format", "json", "0.zip", "1.zip"]);
    assert!(causes(&json).contains(&"compressor".to_string()), "{}", json.all());
    assert_eq!(json.json()["same_content"], true);
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
fn a_pipe_is_read_once() {
    let project = scratch();
    for (a, b, code) in [("a", "a", 0), ("a", "b", 1)] {
        let line = format!("exec \"$0\" diff --format json <(cat t/{a}) <(cat t/{b})");
        let mut bash = project.command("bash", &project.dir);
        let run = bash.args(["-c", &line, env!("CARGO_BIN_EXE_repro")]).output().unwrap();
        let run = Run::from(run);
        assert_eq!(run.code, Some(code), "{}", run.all());
        assert_eq!(run.json()["artifacts"][0]["a"]["size"], 2, "{}", run.all());
        assert_eq!(causes(&run).len(), code as usize, "{}", run.all());
    }
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

/// The causes, places and consequences of all findings.
fn found(project: &Project, a: &str, b: &str) -> Vec<(String, String, bool)> {
    let run = project.repro(&["diff", "--format", "json", a, b]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let json = run.json();
    let findings = json["artifacts"][0]["findings"].as_array().unwrap().clone();
    let text = |f: &serde_json::Value, key: &str| f[key].as_str().unwrap().to_string();
    findings
        .iter()
        .map(|f| (text(f, "cause"), text(f, "where"), f["consequence"] == true))
        .collect()
}

/// Two directories with one file each, `f`, of another time.
fn times() -> Project {
    let project = Project::plain("sound-features");
    sh(
        &project.dir,
        "for s in a b; do mkdir $s; echo x >$s/f; done; touch -d @1000000000 a/f; touch -d @1100000000 b/f
        for s in a b; do (cd $s; tar cf t.tar f; gzip -nk t.tar; xz -k t.tar; mkdir in; cp t.tar.gz in/x.tar.gz
        touch -d @1500000000 in/x.tar.gz; tar --mtime=@5 -cf one.tar -C in x.tar.gz; touch -d @1500000000 one.tar; gzip -nk one.tar); done",
    );
    project
}

#[needs("zip", "dpkg-deb")]
#[test]
fn a_time_within_archives_is_found_at_every_level_and_is_the_only_cause() {
    let project = times();
    for (name, way) in [
        ("t.tar", "mtime of `f`"),
        ("t.tar.gz", "mtime of `f`"),
        ("t.tar.xz", "mtime of `f`"),
        ("one.tar", "`x.tar.gz`: mtime of `f`"),
        ("one.tar.gz", "`x.tar.gz`: mtime of `f`"),
    ] {
        let found = found(&project, &format!("a/{name}"), &format!("b/{name}"));
        assert_eq!(found, [("archive-mtime".to_string(), way.to_string(), false)], "{name}");
    }
    let line = "for s in a b; do (cd $s; TZ=UTC zip -qX z.zip one.tar.gz); done";
    sh(&project.dir, line);
    let zip = found(&project, "a/z.zip", "b/z.zip");
    let way = "`one.tar.gz`: `x.tar.gz`: mtime of `f`".to_string();
    assert_eq!(zip, [("archive-mtime".to_string(), way, false)]);
    sh(
        &project.dir,
        "mkdir -p d/DEBIAN d/opt; printf 'Package: x\\nVersion: 1\\nArchitecture: all\\nMaintainer: u <u@example.org>\\nDescription: x\\n' >d/DEBIAN/control
            for s in a b; do cp $s/t.tar.gz d/opt/; touch -d @5 d/opt/* d/DEBIAN/*; for z in xz gzip; do
        SOURCE_DATE_EPOCH=5 dpkg-deb --root-owner-group -Z$z -b d $s/$z.deb >/dev/null; done; done",
    );
    let deb = found(&project, "a/xz.deb", "b/xz.deb");
    let way = "`data.tar.xz`: `opt/t.tar.gz`: mtime of `f`".to_string();
    assert_eq!(deb, [("archive-mtime".to_string(), way, false)]);
    let packed = found(&project, "a/xz.deb", "a/gzip.deb");
    assert!(packed.iter().all(|(cause, ..)| cause == "compressor"), "{packed:?}");
    assert_eq!(packed.len(), 2, "{packed:?}");
    // The same tar in three forms: only how it is compressed.
    for other in ["t.tar.gz", "t.tar.xz"] {
        let packed = found(&project, "a/t.tar", &format!("a/{other}"));
        assert_eq!(packed.len(), 1, "{packed:?}");
        assert_eq!(packed[0].0, "compressor");
    }
}

#[test]
fn the_remedy_for_times_makes_the_archives_equal() {
    let project = times();
    for name in ["t.tar", "t.tar.gz", "t.tar.xz"] {
        let [a, b] = ["a", "b"].map(|s| format!("{s}/{name}"));
        let json = project.repro(&["diff", "--format", "json", &a, &b]).json();
        let remedy = json["artifacts"][0]["findings"][0]["remedy"].as_str().unwrap().to_string();
        let command = remedy.split('`').find(|w| w.starts_with("repro normalize")).unwrap();
        let args: Vec<&str> = command.split(' ').skip(1).chain([&*a, &*b]).collect();
        assert_eq!(project.repro(&args).code, Some(0), "{remedy}");
        let run = project.repro(&["diff", &a, &b]);
        assert_eq!((run.code, run.last()), (Some(0), "SAME"), "{remedy}: {}", run.all());
    }
}

#[test]
fn what_lists_say_of_a_file_follows_from_it() {
    let project = scratch();
    sh(
        &project.dir,
        "for s in a b; do mkdir -p l$s; echo $s >l$s/f; (cd l$s; sha256sum f >SHA256SUMS; md5sum f >md5sums); done
        tar() { command tar --format=gnu --sort=name --mtime=@5 --owner=0 --group=0 --numeric-owner \"$@\"; }
        for s in a b; do tar -cf l$s.tar -C l$s .; done; cp -r lb lc
        sed -i s/^./X/ lc/SHA256SUMS; tar -cf lc.tar -C lc .",
    );
    let lists = |all: Vec<(String, String, bool)>| -> Vec<bool> {
        let lists = all.into_iter().filter(|(_, place, _)| !place.starts_with("`f`"));
        lists.map(|(_, _, consequence)| consequence).collect()
    };
    // Both lists follow, and are reported together.
    assert_eq!(lists(found(&project, "la.tar", "lb.tar")), [true]);
    // A digest that is not that of the file follows from nothing.
    assert!(lists(found(&project, "la.tar", "lc.tar")).contains(&false));
}

#[test]
fn a_commit_in_a_comment_and_names_in_one_directory_are_no_obstacle() {
    let project = scratch();
    sh(
        &project.dir,
        "mkdir g n; cd g; git init -q .; echo x >f; git add f
        for m in 1 2; do git -c user.name=u -c user.email=u@example.org commit --allow-empty -qm $m; git archive HEAD >../g$m.tar; done
        cd ../n; echo 1 >README; echo 1 >readme; cd ..; for t in 7 8; do tar --sort=name --mtime=@$t -cf n$t.tar -C n README readme; done",
    );
    let comment = found(&project, "g1.tar", "g2.tar");
    assert!(comment.iter().any(|(cause, ..)| cause == "vcs-state"), "{comment:?}");
    assert!(comment.iter().all(|(cause, ..)| cause != "unknown"), "{comment:?}");
    let run = project.repro(&["diff", "n7.tar", "n8.tar"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stdout.contains("differ in letter case only"), "{}", run.all());
    assert!(run.last().ends_with("what differs is archive-mtime"), "{}", run.all());
}

#[needs("zip")]
#[test]
fn a_zip_behind_other_bytes_is_read() {
    let project = scratch();
    sh(
        &project.dir,
        "for t in 1500000000 1600000000; do touch -d @$t t/a; (cd t; TZ=UTC zip -qX ../$t.zip a)
        { printf '#!/bin/sh\\nexit 0\\n'; cat $t.zip; } >$t.sfx; done",
    );
    let behind = found(&project, "1500000000.sfx", "1600000000.sfx");
    assert_eq!(behind, [("archive-mtime".to_string(), "mtime of `a`".to_string(), false)]);
}

#[test]
fn a_text_shows_its_lines_and_no_addresses() {
    let project = scratch();
    project.write("1.txt", "same\na\nend\n");
    project.write("2.txt", "same\nbuilt otherwise\nmore\nend\n");
    let run = project.repro(&["diff", "1.txt", "2.txt", "-v"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    for line in ["-    2  a", "+    2  built otherwise", "+    3  more", "  1  same", "  4  end"] {
        assert!(run.stdout.contains(line), "no `{line}` in {}", run.all());
    }
    for word in ["explained", "addresses", "--vary", "A: \n"] {
        assert!(!run.stdout.contains(word), "`{word}` in {}", run.all());
    }
    project.write("3.txt", "end\na\nsame\n");
    assert_eq!(found(&project, "1.txt", "3.txt")[0].0, "ordering");
}

#[test]
fn directories_are_compared_file_by_file() {
    let project = scratch();
    sh(
        &project.dir,
        "for s in a b; do mkdir -p d$s/deps d$s/.fingerprint/x; echo $s >d$s/f; echo 1 >d$s/same; echo $s >d$s/x.d; echo $s >d$s/.fingerprint/x/y; done
        cp da/f da/deps/libone-0123456789abcdef.rlib; cp db/f db/deps/libone-fedcba9876543210.rlib
        tar -cf da.tar da; tar -czf db.tgz -C db .",
    );
    let trees = found(&project, "da", "db");
    let of_files = |word: &str| trees.iter().filter(|(_, place, _)| place.contains(word)).count();
    assert_eq!(of_files("`f`"), 1, "{trees:?}");
    assert_eq!(
        (of_files("same"), of_files("x.d"), of_files("fingerprint")),
        (0, 0, 0),
        "{trees:?}"
    );
    assert!(of_files("deps/libone-") + of_files("name of a member") > 0, "{trees:?}");
    assert!(trees.iter().all(|(_, place, _)| !place.starts_with("member")), "{trees:?}");
    let run = project.repro(&["diff", "da", "da.tar"]);
    assert_eq!((run.code, run.last()), (Some(0), "SAME"), "{}", run.all());
    let run = project.repro(&["diff", "da", "db.tgz"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stdout.contains("were left out"), "{}", run.all());
    // What is not a directory of cargo's has no files of cargo's own.
    sh(&project.dir, "rm -r da/.fingerprint; cp -r da dc; echo other >dc/x.d");
    assert_eq!(found(&project, "da", "dc").len(), 1);
    let run = project.repro(&["diff", "da", "missing"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
}

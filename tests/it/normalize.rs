//! `repro normalize`: one normal form whoever packed, against other people's tools and against files
//! that are not what they claim to be.

use std::io::Write;
use std::path::Path;

use crate::archive::sh;
use crate::support::{Project, Run};
use test_needs::needs;

const EPOCH: &str = "1423159771";

fn scratch() -> Project {
    Project::plain("sound-features")
}

#[track_caller]
fn statuses(run: &Run) -> Vec<(String, String)> {
    let json = run.json();
    assert_eq!(json["schema"], "repro.report/1");
    let files = json["files"].as_array().unwrap().iter();
    files
        .map(|f| {
            let text = |key: &str| f[key].as_str().unwrap_or_default().to_string();
            (text("format"), text("status"))
        })
        .collect()
}

fn normalize(project: &Project, args: &[&str]) -> Run {
    let all = [&["normalize", "--format", "json", "--epoch", EPOCH], args].concat();
    project.repro(&all)
}

fn inode(path: &Path) -> (u64, i64) {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(path).unwrap();
    (meta.ino(), meta.mtime_nsec())
}

/// Two packers of one tree: another user, time, order, level and header style.
const TARS: &str = "mkdir -p t/d/e; echo 1 >t/a; echo 2 >t/d/b; ln -s a t/l; ln t/a t/h; chmod 755 t/d/b
    tar --format=gnu -cf one.tar --sort=name --mtime=@1423159771 --owner=0 --group=0 --numeric-owner -C t .
    tar --format=pax -cf two.tar --mtime=@1700000000 --owner=me:77 --group=us:78 -C t ./l ./d ./h ./a
    tar --format=ustar -cf top.tar --no-recursion -C t . && tar --concatenate -f top.tar two.tar && mv top.tar two.tar
    for x in one two; do gzip -k$(test $x = one && echo 1 || echo 9) $x.tar; done";

#[needs("xz", "zstd")]
#[test]
fn tars_of_one_tree_become_the_same_file_and_then_stay_as_they_are() {
    let project = scratch();
    let dir = &project.dir;
    sh(dir, TARS);
    for tool in ["xz", "zstd"] {
        let level = |n: &str| format!("{tool} -q -k -{n}");
        sh(dir, &format!("{} one.tar; {} two.tar", level("1"), level("6")));
    }
    sh(dir, "chmod 640 *.tar*; cp one.tar.gz x-1.0.0.crate");
    let ends = ["tar", "tar.gz", "tar.xz", "tar.zst"];
    let pairs: Vec<_> = ends.iter().map(|e| (format!("one.{e}"), format!("two.{e}"))).collect();
    let mut files: Vec<&str> = pairs.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
    files.push("x-1.0.0.crate");

    // What --check sees, it does not touch.
    let before = sh(dir, "sha256sum *.tar* *.crate");
    let check = normalize(&project, &[&["--check"], &files[..]].concat());
    assert_eq!(check.code, Some(1), "{}", check.all());
    assert!(statuses(&check).iter().all(|(_, s)| s == "would-change" || s == "unchanged"));
    assert_eq!(before, sh(dir, "sha256sum *.tar* *.crate"));

    let run = normalize(&project, &files);
    assert_eq!(run.code, Some(0), "{}", run.all());
    for (one, two) in &pairs {
        sh(dir, &format!("cmp {one} {two} && test $(stat -c %a {one}) = 640"));
    }
    sh(dir, "cmp one.tar.gz x-1.0.0.crate && gzip -dc one.tar.gz | cmp - one.tar");
    sh(dir, "mkdir u && tar -xf two.tar -C u && diff -r --no-dereference t u && test -x u/d/b");

    let inodes: Vec<_> = files.iter().map(|f| inode(&dir.join(f))).collect();
    let again = normalize(&project, &files);
    assert_eq!(again.code, Some(0), "{}", again.all());
    assert!(statuses(&again).iter().all(|(_, s)| s == "unchanged"), "{}", again.all());
    assert_eq!(inodes, files.iter().map(|f| inode(&dir.join(f))).collect::<Vec<_>>());
    let check = normalize(&project, &[&["--check"], &files[..]].concat());
    assert_eq!(check.code, Some(0), "{}", check.all());
    let left = sh(dir, "ls -A | grep '^\\.repro-' || true");
    assert_eq!(left, "");
}

#[needs("strip-nondeterminism", "zip", "ar", "python3")]
#[test]
fn debians_normalizer_agrees() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "mkdir -p META-INF m; echo 'Manifest-Version: 1.0' >META-INF/MANIFEST.MF; seq 1 9999 >m/c.class
        echo z >Z; echo o >o.o; seq 1 99 >a-long-name-for-an-object.o; chmod 700 m/c.class
        gzip -9 -c Z >n.gz; gzip Z; zip -qr x.zip m META-INF o.o; cp x.zip x.jar
        ar rcU x.a o.o a-long-name-for-an-object.o
        mkdir theirs; cp Z.gz n.gz x.zip x.jar x.a theirs
        cd theirs && strip-nondeterminism --clamp-timestamp --normalizers +ar -T 1423159771 Z.gz n.gz x.zip x.jar x.a",
    );
    let run = normalize(&project, &["Z.gz", "n.gz", "x.zip", "x.jar", "x.a"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let formats: Vec<_> = statuses(&run).into_iter().map(|(f, _)| f).collect();
    assert_eq!(formats, ["gzip", "gzip", "zip", "jar", "ar"]);
    sh(dir, "for f in Z.gz n.gz x.a; do cmp $f theirs/$f || exit 1; done");
    // A zip has room for what the other leaves there: the same members in order, times and contents.
    let list = "import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
for i in z.infolist(): print(i.filename, i.date_time, i.CRC, i.file_size, i.compress_type, i.external_attr >> 28)";
    std::fs::write(dir.join("list.py"), list).unwrap();
    for file in ["x.zip", "x.jar"] {
        let ours = sh(dir, &format!("python3 list.py {file}"));
        let theirs = sh(dir, &format!("python3 list.py theirs/{file}"));
        assert_eq!(ours, theirs, "{file}");
    }
}

/// A zip of files, stored, each with the time given.
fn zip_of(path: &Path, names: &[&str], year: u16) {
    let mut writer = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let time = zip::DateTime::from_date_and_time(year, 2, 3, 4, 5, 6).unwrap();
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(time);
    for name in names {
        writer.start_file(*name, options).unwrap();
        writer.write_all(name.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
}

fn names(path: &Path) -> Vec<String> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let all = (0..archive.len()).map(|i| archive.by_index(i).unwrap().name().to_string());
    all.collect()
}

#[test]
fn formats_made_of_zips_keep_the_order_that_their_readers_want() {
    let project = scratch();
    let dir = &project.dir;
    let cases = [
        ("x.jar", &["b", "META-INF/MANIFEST.MF", "A"][..], &["META-INF/MANIFEST.MF", "A", "b"][..]),
        ("x.whl", &["x-1.dist-info/RECORD", "y/a", "x/b"], &["x/b", "y/a", "x-1.dist-info/RECORD"]),
        (
            "x.zip",
            &["b", "mimetype", "META-INF/MANIFEST.MF"],
            &["mimetype", "META-INF/MANIFEST.MF", "b"],
        ),
    ];
    for (file, given, want) in cases {
        let path = dir.join(file);
        zip_of(&path, given, 2020);
        let run = normalize(&project, &[file]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        assert_eq!(names(&path), want);
        // Other years: of later ones nothing is left, earlier ones stay.
        let first = std::fs::read(&path).unwrap();
        for (year, same) in [(2021, true), (2001, false)] {
            zip_of(&path, want, year);
            normalize(&project, &[file]);
            assert_eq!(first == std::fs::read(&path).unwrap(), same, "{file} {year}");
        }
    }
}

#[test]
fn what_is_signed_is_left_alone_and_said() {
    let project = scratch();
    let dir = &project.dir;
    zip_of(
        &dir.join("s.jar"),
        &["b", "META-INF/MANIFEST.MF", "META-INF/ME.SF", "META-INF/ME.RSA"],
        2020,
    );
    zip_of(&dir.join("s.whl"), &["b", "a", "x-1.dist-info/RECORD.jws"], 2020);
    // The times of the second are hashes.
    for (file, seed) in [("s.exe", "signed"), ("h.exe", "pe32"), ("t.exe", "pe32-plus")] {
        std::fs::write(dir.join(file), pe(seed)).unwrap();
    }
    let before = sh(dir, "sha256sum s.*");
    let run = normalize(&project, &["s.jar", "s.whl", "s.exe"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(statuses(&run).iter().all(|(_, s)| s == "left-alone"), "{}", run.all());
    assert_eq!(run.stdout.matches("sign").count(), 3, "{}", run.all());
    assert_eq!(before, sh(dir, "sha256sum s.*"));
    let text = project.repro(&["normalize", "--epoch", EPOCH, "s.exe"]);
    assert_eq!(text.stdout, "left-alone  s.exe (pe: it is signed)\n");

    // Times that are hashes stay; others are clamped, and the checksum is right again.
    let run = normalize(&project, &["h.exe", "t.exe"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let stamps = |file: &str| {
        let bytes = std::fs::read(dir.join(file)).unwrap();
        [0x88, 0x214, 0x230, 0x284, 0x2c4]
            .map(|at| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()))
    };
    assert_eq!(stamps("h.exe"), [0, 1, 1, 2, 3].map(|n| 1_800_000_000 + n));
    assert_eq!(stamps("t.exe"), [1_423_159_771; 5]);
    let again = normalize(&project, &["--check", "h.exe", "t.exe"]);
    assert_eq!(again.code, Some(0), "{}", again.all());
}

#[needs("pefile")]
#[test]
fn the_checksum_is_right_for_pefile_as_well() {
    let project = scratch();
    std::fs::write(project.dir.join("t.exe"), pe("pe32-plus")).unwrap();
    let run = normalize(&project, &["t.exe"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    sh(&project.dir, "python3 -c \"import pefile; assert pefile.PE('t.exe').verify_checksum()\"");
}

/// A PE file of one section, with times in all places: a seed of the fuzz target.
fn pe(seed: &str) -> Vec<u8> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/formats/fuzz/seeds/pe");
    std::fs::read(seeds.join(seed)).unwrap()
}

#[test]
fn hostile_and_broken_files_are_refused_and_stay() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "echo x >f; tar -cPf up.tar --transform='s,f,../f,' f; tar -cPf abs.tar --transform='s,^f,/f,' f
        tar -cf ok.tar f; head -c 700 ok.tar >cut.tar
        gzip -k ok.tar; head -c 60 ok.tar.gz >cut.tar.gz; head -c 100000000 /dev/zero | gzip -9 >bomb.gz
        seq 1 100 >n; gzip -c n >ok.gz; head -c 90 ok.gz >cut.gz
        printf '!<arch>\\nbroken' >broken.a; echo text >text.txt; mkdir d; : >empty",
    );
    zip_of(&dir.join("ok.zip"), &["a"], 2020);
    let mut zip = std::fs::read(dir.join("ok.zip")).unwrap();
    zip[30] = b'b';
    std::fs::write(dir.join("lies.zip"), &zip).unwrap();
    std::fs::write(dir.join("cut.zip"), &zip[..60]).unwrap();
    std::fs::write(dir.join("cut.exe"), &pe("pe32-plus")[..0x220]).unwrap();
    let cases = [
        ("up.tar", "leads upward"),
        ("abs.tar", "absolute"),
        ("cut.tar", "ends within"),
        ("cut.tar.gz", "ends early"),
        ("bomb.gz", "times its size"),
        ("cut.gz", "ends early"),
        ("broken.a", "ends within a header"),
        ("lies.zip", "names it `b`"),
        ("cut.zip", "no end record"),
        ("cut.exe", "cut off"),
        ("text.txt", "--list-formats"),
        ("d", "not a file"),
        ("empty", "--list-formats"),
    ];
    let before = sh(dir, "sha256sum $(find . -maxdepth 1 -type f | sort)");
    let files: Vec<&str> = cases.iter().map(|(f, _)| *f).collect();
    // One that is sound is done all the same.
    let run = normalize(&project, &[&files[..], &["ok.tar"]].concat());
    assert_eq!(run.code, Some(5), "{}", run.all());
    let json = run.json();
    for ((file, want), found) in cases.iter().zip(json["files"].as_array().unwrap()) {
        assert_eq!(found["error"]["kind"], "bad-input", "{file}: {found}");
        let message = found["error"]["message"].as_str().unwrap();
        assert!(message.contains(file) && message.contains(want), "{file}: {message}");
    }
    assert_eq!(json["files"][cases.len()]["status"], "changed");
    let after = sh(dir, "sha256sum $(find . -maxdepth 1 -type f | sort)");
    let changed = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
    assert_eq!(changed.map(|(a, _)| &a[66..]).collect::<Vec<_>>(), ["./ok.tar"]);
    // The caps are the user's to raise.
    let run = normalize(&project, &["--max-ratio", "2000", "bomb.gz"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
}

/// It would wait for whoever writes to it.
#[test]
fn a_pipe_is_refused_and_not_opened() {
    let project = scratch();
    let repro = env!("CARGO_BIN_EXE_repro");
    let script = format!(
        "mkfifo p; ln -s p l; echo x >x; tar -cf x.tar x
        for f in p l; do timeout 20 {repro:?} normalize --epoch 5 x.tar $f 2>err; echo $?; cat err; done"
    );
    let said = sh(&project.dir, &script);
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    let refused =
        ["p", "l"].map(|f| format!("error: `{f}` is not a file: pass the files to rewrite"));
    assert_eq!(lines.iter().filter(|line| **line == "5").count(), 2, "{said}");
    assert!(refused.iter().all(|line| lines.contains(&&**line)), "{said}");
    // The other file is done all the same.
    assert_eq!(lines.iter().filter(|line| line.contains("x.tar (tar)")).count(), 2, "{said}");
}

#[test]
fn what_needs_a_time_says_so_and_links_lead_to_files() {
    let project = scratch();
    let dir = &project.dir;
    sh(dir, "echo x >f; tar -cf a.tar f; ln -s a.tar l.tar");
    let run = project.repro(&["normalize", "a.tar"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
    assert!(run.stderr.contains("--epoch SECONDS"), "{}", run.all());
    let run = project.repro_env(&["normalize", "l.tar"], &[("SOURCE_DATE_EPOCH", "5")]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(std::fs::symlink_metadata(dir.join("l.tar")).unwrap().is_symlink());
    assert_eq!(sh(dir, "tar --full-time -tvf a.tar | grep -c '1970-01-01 00:00:05'"), "1\n");
    let run = project.repro(&["normalize", "--epoch", "5", "no-such"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
    let list = project.repro(&["normalize", "--list-formats"]).stdout;
    for format in [
        "tar", "tar.gz", "tar.xz", "tar.zst", "gzip", "zip", "jar", "whl", "ar", "pe", "crate",
        "rlib",
    ] {
        assert!(list.contains(format), "{format}");
    }
}

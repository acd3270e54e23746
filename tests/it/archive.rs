//! `repro archive`: the bytes of GNU tar, other people's tools as readers, and what is refused.

#[cfg(unix)]
use std::{path::Path, process::Command};

use crate::support::{Project, Run, assert_verdict, host};

/// Runs a line of shell in a directory; its standard output.
#[cfg(unix)]
#[track_caller]
pub fn sh(dir: &Path, line: &str) -> String {
    let out = Command::new("sh")
        .args(["-c", line])
        .current_dir(dir)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{line}: {words}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[track_caller]
fn packed(project: &Project, args: &[&str]) -> Run {
    let run = project.repro(args);
    assert_eq!(run.code, Some(0), "{}", run.all());
    run
}

/// A tree with what is hard for packers, below the project's private directory.
#[cfg(target_os = "linux")]
fn hard_tree(project: &Project) -> std::path::PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let tree = project.base().join("tree");
    std::fs::create_dir_all(tree.join("empty")).unwrap();
    for len in [98, 99, 100, 101, 155, 200] {
        std::fs::write(tree.join("n".repeat(len)), format!("{len}")).unwrap();
        let link = tree.join(format!("link-{len}"));
        std::os::unix::fs::symlink("t".repeat(len), link).unwrap();
        let dir = tree.join("d".repeat(len));
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("é\n\\x"), "in").unwrap();
    }
    std::fs::write(tree.join(OsStr::from_bytes(b"not-utf8-\xff\xfe")), "x").unwrap();
    std::fs::write(tree.join("one"), "hard").unwrap();
    std::fs::hard_link(tree.join("one"), tree.join("two")).unwrap();
    sh(
        &tree,
        "truncate -s 3M holes; printf x | dd of=holes bs=1 seek=2000000 conv=notrunc 2>/dev/null
        printf '#!/bin/sh' >run; chmod 710 run; printf s >setuid; chmod 4751 setuid; chmod 700 empty
        chmod 400 two; mkdir a a.b a-b; touch a/z a.b/z a-b/z",
    );
    tree
}

#[cfg(target_os = "linux")]
#[test]
fn tar_is_byte_for_byte_that_of_gnu_tar() {
    let project = Project::plain("sound-features");
    let tree = hard_tree(&project);
    let base = project.base();
    let (out, tree) = (base.join("x.tar"), tree.to_str().unwrap().to_string());
    for epoch in ["0", "1700000000", "8589934592"] {
        packed(&project, &["archive", &tree, "-o", out.to_str().unwrap(), "--epoch", epoch]);
        sh(
            &base,
            &format!(
                "tar --format=gnu --sort=name --mtime=@{epoch} --owner=0 --group=0 --numeric-owner \
                 --mode=go+u,go-w --hard-dereference -cf y.tar -C tree . && cmp x.tar y.tar"
            ),
        );
    }
    // Listed paths have their own names, as tar's arguments have.
    std::fs::write(project.dir.join("notes"), "n").unwrap();
    packed(&project, &["archive", "src", "notes", "-o", "../l.tar", "--epoch", "5"]);
    sh(
        &project.dir,
        "tar --format=gnu --sort=name --mtime=@5 --owner=0 --group=0 --numeric-owner \
         --mode=go+u,go-w -cf ../m.tar notes src && cmp ../l.tar ../m.tar",
    );
}

#[cfg(target_os = "linux")]
#[test_needs::needs("xz", "zstd")]
#[test]
fn what_is_compressed_depends_on_nothing_but_content() {
    let project = Project::plain("sound-features");
    let tree = hard_tree(&project);
    let base = project.base();
    let noise: Vec<u8> = (0u64..3_000_000).map(|i| ((i * i) >> 7) as u8).collect();
    std::fs::write(tree.join("noise"), noise).unwrap();
    sh(&base, "cp -a tree copy; find copy -exec touch -h -d 1999-01-02 {} +");
    sh(
        &base,
        "tar --format=gnu --sort=name --mtime=@315532800 --owner=0 --group=0 \
        --numeric-owner --mode=go+u,go-w --hard-dereference -cf want.tar -C tree .",
    );
    for (format, tester) in [("tar.gz", "gzip"), ("tar.xz", "xz"), ("tar.zst", "zstd")] {
        let (one, two) = (format!("../one.{format}"), format!("../two.{format}"));
        packed(&project, &["archive", "../tree", "-o", &one]);
        let run = project.repro_env(
            &["archive", "-j1", "../copy", "-o", &two],
            &[("RAYON_NUM_THREADS", "1"), ("TZ", "Asia/Tokyo"), ("LC_ALL", "tr_TR.UTF-8")],
        );
        assert_eq!(run.code, Some(0), "{}", run.all());
        sh(&project.dir, &format!("cmp {one} {two}"));
        sh(
            &base,
            &format!("{tester} -t one.{format} && {tester} -dc one.{format} | cmp - want.tar"),
        );
    }
    sh(&base, "sha256sum -c SHA256SUMS && test $(wc -l <SHA256SUMS) = 6");
}

/// A zip of all kinds of files, `x.zip`, beside what it was made of.
#[cfg(target_os = "linux")]
fn zipped() -> Project {
    let project = Project::plain("sound-features");
    sh(
        &project.base(),
        "mkdir -p t/dir/empty; seq 1 400000 >t/big; printf x >t/dir/naïve; ln -s ../big t/dir/link
        printf '#!/bin/sh' >t/run; chmod 700 t/run; : >t/nothing; chmod 600 t/big",
    );
    packed(&project, &["archive", "../t", "-o", "../x.zip", "--epoch", "1700000001"]);
    project
}

#[cfg(target_os = "linux")]
#[test]
fn zip_has_no_time_zone() {
    let project = zipped();
    let base = project.base();
    let run = project.repro_env(
        &["archive", "-j1", "../t", "-o", "../y.zip", "--epoch", "1700000001"],
        &[("TZ", "Asia/Tokyo")],
    );
    assert_eq!(run.code, Some(0), "{}", run.all());
    sh(&base, "cmp x.zip y.zip");
    // The range of DOS times is 1980 to 2107.
    for (epoch, year) in [("0", 1980), ("99999999999", 2107)] {
        packed(&project, &["archive", "../t", "-o", "../z.zip", "--epoch", epoch]);
        let file = std::fs::File::open(base.join("z.zip")).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let time = archive.by_index(0).unwrap().last_modified().unwrap();
        assert_eq!(time.year(), year);
    }
}

#[cfg(target_os = "linux")]
#[test_needs::needs("unzip")]
#[test]
fn zip_is_opened_by_unzip() {
    let project = zipped();
    let base = project.base();
    sh(
        &base,
        "unzip -tq x.zip && mkdir u && cd u && unzip -q ../x.zip && diff -r --no-dereference . ../t",
    );
    sh(&base, "test -x u/run && test -L u/dir/link && test -d u/dir/empty");
}

#[cfg(target_os = "linux")]
#[test_needs::needs("bsdtar")]
#[test]
fn zip_is_opened_by_bsdtar() {
    let project = zipped();
    let base = project.base();
    sh(&base, "mkdir b && bsdtar -xf x.zip -C b && diff -r --no-dereference b t");
}

#[cfg(target_os = "linux")]
#[test_needs::needs("7z")]
#[test]
fn zip_is_opened_by_7zip() {
    let project = zipped();
    let base = project.base();
    sh(&base, "7z t x.zip >/dev/null");
}

#[cfg(target_os = "linux")]
#[test_needs::needs("python3")]
#[test]
fn zip_is_opened_by_python3() {
    let project = zipped();
    let base = project.base();
    let list = sh(&base, "python3 -c \"import zipfile
z = zipfile.ZipFile('x.zip'); assert z.testzip() is None
for i in z.infolist(): print(i.filename, oct(i.external_attr >> 16), i.date_time, i.extra, i.create_system, i.flag_bits)\"");
    let time = "(2023, 11, 14, 22, 13, 20) b'' 3";
    let want = [
        format!("big 0o100644 {time} 0"),
        format!("dir/ 0o40755 {time} 0"),
        format!("dir/empty/ 0o40755 {time} 0"),
        format!("dir/link 0o120755 {time} 0"),
        format!("dir/naïve 0o100644 {time} 2048"),
        format!("nothing 0o100644 {time} 0"),
        format!("run 0o100755 {time} 0"),
    ];
    assert_eq!(list.lines().collect::<Vec<_>>(), want);
}

#[cfg(unix)]
#[test]
fn the_archive_is_never_in_itself_and_never_half() {
    let project = Project::plain("sound-features");
    let base = project.base();
    sh(&base, "mkdir t; echo a >t/a");
    packed(&project, &["archive", "../t", "-o", "../t/x.tar.gz"]);
    let again = packed(&project, &["archive", "../t", "-o", "../t/x.tar.gz"]);
    assert!(again.stderr.is_empty() || !again.stderr.contains("error"), "{}", again.all());
    assert_eq!(sh(&base, "tar tf t/x.tar.gz"), "./\n./a\n");
    assert_eq!(sh(&base, "ls -A t"), "SHA256SUMS\na\nx.tar.gz\n");
    // What fails leaves what was there.
    sh(&base, "cp -p t/x.tar.gz before; mkfifo t/pipe");
    let run = project.repro(&["archive", "../t", "-o", "../t/x.tar.gz"]);
    assert_eq!(run.code, Some(5), "{}", run.all());
    assert!(run.stderr.contains("t/pipe") && run.stderr.contains("FIFO"), "{}", run.all());
    sh(&base, "cmp before t/x.tar.gz && rm t/pipe before");
    assert_eq!(sh(&base, "ls -A t"), "SHA256SUMS\na\nx.tar.gz\n");
}

#[test]
fn a_wrong_command_line_is_told_in_one_sentence() {
    let project = Project::plain("sound-features");
    for (args, want) in [
        (&["archive", "src"][..], "pass -o FILE"),
        (&["archive", "src", "-o", "x.rar"], "has no extension of a known format"),
        (&["archive", "src", "-o", "x.tar.gz", "--level", "99"], "has the levels 1 to"),
        (&["archive", "../project", "src", "-o", "x.tar"], "outside the archive"),
        (&["archive", "src", "src", "-o", "x.tar"], "packed twice"),
        (&["archive", "src", "-o", "x.tar", "--include", "a"], "are for the archive of a build"),
        (&["archive", "-o", "x.tar"], "apply only to files"),
        (&["archive", "src", "--format", "tar,zip", "-o", "x"], "one archive"),
    ] {
        let run = project.repro(args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.all());
        assert!(run.stderr.contains(want), "{args:?}: {}", run.stderr);
    }
    let run = project.repro(&["archive", "no-such", "-o", "x.tar"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
    assert!(!project.dir.join("x.tar").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_what_is_packed() {
    let project = Project::plain("sound-features");
    // 600 MB of holes, of which nothing is written but the archive.
    sh(&project.base(), "mkdir t && truncate -s 600M t/zeros");
    let repro = env!("CARGO_BIN_EXE_repro");
    for format in ["tar.gz", "zip"] {
        // Address space in KiB, of which 64 MiB are for memory beside code and the threads' stacks.
        let line = format!(
            "ulimit -v 131072 && MALLOC_ARENA_MAX=1 {repro} archive -j2 t -o x.{format} --no-sums"
        );
        sh(&project.base(), &line);
    }
}

#[test]
fn proven_artifacts_are_packed_and_nothing_else() {
    let project = Project::plain("sound-features");
    project.write("README.md", "read me");
    project.write("man/app.1", "man");
    project.write("man/app.5", "man");
    project.write("LICENSE-MIT", "mit");
    let cargo_toml = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let table = "\n[package.metadata.repro.archive]\ninclude = [\"README.md\", \"LICENSE*\"]\n";
    project.write("Cargo.toml", &(cargo_toml + table));
    project.git(&["init", "-q"]);
    project.commit("one");
    let refused = |args: &[&str], want: &str| {
        let run = project.repro(args);
        assert_eq!(run.code, Some(4), "{}", run.all());
        assert!(run.stderr.contains(want), "{}", run.stderr);
    };
    refused(&["archive"], "run `repro build` first");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let run =
        packed(&project, &["archive", "--include", "man", "--include", "man/app.1=doc/first.1"]);
    let dist = project.results().join("dist");
    let manifest = project.manifest();
    let archives = manifest["archives"].as_array().unwrap();
    let name = archives[0]["name"].as_str().unwrap();
    assert!(run.stdout.contains(name), "{}", run.all());
    let stem = name.strip_suffix(".tar.gz").unwrap();
    assert!(stem.ends_with(&host()), "{name}");
    let members: Vec<_> = archives[0]["members"].as_array().unwrap().iter().collect();
    let bin = manifest["artifacts"][0]["name"].as_str().unwrap();
    let mut want = [
        "", "LICENSE-MIT", "README.md", bin, "doc", "doc/first.1", "man", "man/app.1", "man/app.5",
    ]
    .map(|n| format!("{stem}/{n}").trim_end_matches('/').to_string());
    want.sort();
    let mut names: Vec<_> =
        members.iter().map(|m| m["name"].as_str().unwrap().to_string()).collect();
    names.sort();
    assert_eq!(names, want);
    for key in ["format", "compressor", "version", "level", "block", "tar_sha256", "sha256"] {
        assert!(!archives[0][key].is_null(), "{key}: {archives:?}");
    }
    #[cfg(target_os = "linux")]
    {
        sh(&dist, "sha256sum -c SHA256SUMS");
        let tar = sh(&dist, &format!("gzip -dc {name} | sha256sum"));
        assert_eq!(&tar[..64], archives[0]["tar_sha256"].as_str().unwrap());
        let unpacked = sh(&dist, &format!("tar xOf {name} {stem}/{bin} | sha256sum"));
        assert_eq!(&unpacked[..64], manifest["artifacts"][0]["sha256"].as_str().unwrap());
    }
    // The same again gives the same bytes; another format lies beside nothing old.
    let first = std::fs::read(dist.join(name)).unwrap();
    packed(&project, &["archive", "--include", "man", "--include", "man/app.1=doc/first.1"]);
    assert!(first == std::fs::read(dist.join(name)).unwrap());
    let json = packed(&project, &["archive", "--format", "zip,tar.xz,json"]).json();
    assert_eq!(json["schema"], "repro.report/1");
    assert_eq!(json["archives"].as_array().unwrap().len(), 2);
    let mut files: Vec<_> =
        std::fs::read_dir(&dist).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    let want = ["SHA256SUMS", "repro.json", &format!("{stem}.tar.xz"), &format!("{stem}.zip")]
        .map(String::from);
    assert_eq!(files, want.map(std::ffi::OsString::from));

    let run = project.repro(&["archive", "--include", "no-such-*"]);
    assert_eq!(run.code, Some(5), "{}", run.all());
    // An artifact that is no longer what was proven, a verdict that is none, another HEAD.
    let bin = project.results().join("artifacts").join(host()).join(bin);
    let proven = std::fs::read(&bin).unwrap();
    std::fs::write(&bin, [&proven[..], b"x"].concat()).unwrap();
    refused(&["archive"], "has changed since the build that was compared");
    std::fs::write(&bin, &proven).unwrap();
    let path = project.results().join("repro.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("\"verdict\": \"reproducible\"", "\"verdict\": \"differs\""),
    )
    .unwrap();
    refused(&["archive"], "was not reproducible");
    std::fs::write(&path, text).unwrap();
    project.commit("two");
    refused(&["archive"], "run `repro build` again");
    // What was packed last is still whole.
    assert!(dist.join(format!("{stem}.zip")).exists());
}

/// Each of three builds that are worth less than two that differed in everything is refused, with
/// what to do, and packed if its own flag accepts it. No other flag does.
#[test]
fn builds_that_show_less_are_packed_on_request_only() {
    let flags = ["--allow-nothing-varied", "--allow-single", "--allow-dirty"];
    let project = Project::committed("sound-features");
    let worth_less = |build: &[&str], code: i32, verdict: &str, why: &str, flag: &str| {
        assert_verdict(&project.repro(build), code, verdict);
        let others: Vec<&str> = flags.into_iter().filter(|f| *f != flag).collect();
        let run = project.repro(&[&["archive"][..], &others].concat());
        assert_eq!(run.code, Some(4), "{}", run.all());
        assert!(run.stderr.contains(why) && run.stderr.contains(flag), "{}", run.all());
        assert!(!project.results().join("dist").exists());
        packed(&project, &["archive", flag]);
    };
    worth_less(
        &["build", "--vary", "none"],
        1,
        "REPRODUCIBLE, NOTHING VARIED",
        "varied nothing between its two builds",
        "--allow-nothing-varied",
    );
    worth_less(
        &["build", "--once"],
        0,
        "SINGLE BUILD",
        "was built once and not compared",
        "--allow-single",
    );
    project.write("src/main.rs", "fn main() {\n    println!(\"changed\");\n}\n");
    worth_less(
        &["build", "--allow-dirty"],
        0,
        "REPRODUCIBLE, DIRTY TREE",
        "was made from a work tree with uncommitted changes",
        "--allow-dirty",
    );
    project.git(&["checkout", "-q", "src/main.rs"]);
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    packed(&project, &["archive"]);
}

#[test]
fn a_library_alone_is_nothing_to_pack() {
    let project = Project::committed("sound-features");
    std::fs::remove_file(project.dir.join("src/main.rs")).unwrap();
    project.write("src/lib.rs", "pub fn answer() -> u32 { 42 }\n");
    project.commit("a library");
    assert_verdict(&project.repro(&["build", "--once"]), 0, "SINGLE BUILD");
    let run = project.repro(&["archive", "--allow-single"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(run.stderr.contains("no program or C library to pack"), "{}", run.all());
    assert!(!project.results().join("dist").exists());
}

#[test]
fn a_format_of_the_metadata_that_is_none_is_an_error_that_names_the_key() {
    let project = Project::plain("sound-features");
    let cargo_toml = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let table = "\n[package.metadata.repro.archive]\nformat = [\"rar\"]\n";
    project.write("Cargo.toml", &(cargo_toml + table));
    project.git(&["init", "-q"]);
    project.commit("one");
    assert_verdict(&project.repro(&["build", "--once"]), 0, "SINGLE BUILD");
    let run = project.repro(&["archive", "--allow-single"]);
    assert_eq!(run.code, Some(5), "{}", run.all());
    let want =
        "`format` of an archive in metadata.repro must list what `--format` takes, not `rar`";
    assert!(run.stderr.contains(want), "{}", run.all());
    // The control: what the command line asks for comes first.
    packed(&project, &["archive", "--allow-single", "--format", "zip"]);
}

#[test]
fn what_a_second_archive_replaces_is_reported() {
    let project = Project::committed("sound-features");
    assert_verdict(&project.repro(&["build", "--once"]), 0, "SINGLE BUILD");
    let first = packed(&project, &["archive", "--allow-single"]);
    assert!(first.stdout.contains("(gzip level 6), timestamps set to 2023-11-14 22:13:20 UTC"));
    assert!(first.last() == "with    SHA256SUMS, repro.json", "{}", first.all());
    // The control: the same files again replace nothing that is gone.
    let again = packed(&project, &["archive", "--allow-single"]);
    assert!(!again.stdout.contains("earlier files"), "{}", again.all());
    let other = packed(&project, &["archive", "--allow-single", "--format", "zip"]);
    let name = format!("earlier files: sound-features-0.1.0-{}.tar.gz", host());
    assert!(other.stdout.contains(&name), "{}", other.all());
}

//! What is written takes the place of nothing else: devices, links and other people's files stay, and a file
//! that is replaced passes on its owner, its permissions and what is beside them.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::archive::sh;
use crate::support::{Project, Run};
use test_needs::needs;

fn scratch() -> Project {
    let project = Project::plain("sound-features");
    sh(&project.dir, "mkdir tree; echo a >tree/a");
    project
}

fn archive(project: &Project, output: &str) -> Run {
    project.repro(&["archive", "tree", "--format", "tar", "-o", output])
}

#[track_caller]
fn refused(run: &Run, code: i32, word: &str) {
    assert_eq!(run.code, Some(code), "{}", run.all());
    assert!(run.stderr.contains(word), "{}", run.all());
}

#[test]
fn no_output_takes_the_place_of_a_pipe_a_directory_or_a_link() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "mkfifo pipe; mkdir d; ln -s pipe to-pipe; ln -s d to-d; echo old >real; chmod 600 real; ln -s real link",
    );
    for output in ["pipe", "to-pipe", "d", "to-d"] {
        refused(&archive(&project, output), 6, "is not a file");
    }
    let kind = |name: &str| std::fs::symlink_metadata(dir.join(name)).unwrap().file_type();
    assert!(kind("pipe").is_fifo() && kind("to-pipe").is_symlink() && kind("to-d").is_symlink());
    // Standard output of a test is a pipe as well: the link to it is in a directory of the machine.
    sh(dir, "ln -s /proc/self/fd/1 stdout");
    refused(&archive(&project, "stdout"), 6, "is not a file");
    assert!(kind("stdout").is_symlink());
    // The controls: the file that a link leads to is written, and as private as it was.
    let run = archive(&project, "link");
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(kind("link").is_symlink());
    assert_eq!(
        sh(dir, "tar -tf real; stat -c %a real; sha256sum -c SHA256SUMS"),
        "./\n./a\n600\nreal: OK\n"
    );
    refused(
        &project.repro(&["archive", "real", "--format", "tar", "-o", "link"]),
        2,
        "both an input and",
    );
}

#[test]
fn an_output_is_as_private_as_the_umask_says() {
    let project = scratch();
    let run = |umask: &str| -> String {
        let script = format!("umask {umask}; exec \"$0\" archive tree -o {umask}.tar");
        let mut command = project.command("sh", &project.dir);
        let out: Run =
            command.args(["-c", &script, env!("CARGO_BIN_EXE_repro")]).output().unwrap().into();
        assert_eq!(out.code, Some(0), "{}", out.all());
        sh(&project.dir, &format!("stat -c %a {umask}.tar"))
    };
    assert_eq!((run("077"), run("022")), ("600\n".into(), "644\n".into()));
}

const ATTRIBUTES: &str = "
import os, struct, sys
entry = lambda tag, mode, of=0xffffffff: struct.pack('<HHI', tag, mode, of)
acl = struct.pack('<I', 2) + b''.join(entry(*e) for e in ((1, 6), (2, 6, 1), (4, 0), (16, 6), (32, 0)))
try:
    os.setxattr('a.tar', 'system.posix_acl_access', acl); os.setxattr('a.tar', 'user.from', b'here')
except OSError as e: print(e)
";

#[needs("access lists")]
#[test]
fn a_file_that_is_normalized_keeps_its_access_list() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "touch -d @1800000000 tree/a; tar -cf a.tar tree; chmod 640 a.tar; cp a.tar b.tar; ln b.tar c.tar",
    );
    std::fs::write(dir.join("set.py"), ATTRIBUTES).unwrap();
    let failed = sh(dir, "python3 set.py");
    assert_eq!(failed, "");
    let list = "python3 -c \"import os; print([(n, os.getxattr('a.tar', n)) for n in sorted(os.listxattr('a.tar'))], oct(os.stat('a.tar').st_mode))\"";
    let before = sh(dir, list);
    let run = project.repro(&["normalize", "--epoch", "5", "a.tar", "b.tar"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(run.stdout.contains("changed     a.tar"), "{}", run.all());
    assert_eq!(sh(dir, list), before);
    // Of a file with two names, one is rewritten.
    assert_eq!(run.stdout.matches("it has other names").count(), 1, "{}", run.all());
}

#[needs("root", "setpriv")]
#[test]
fn a_file_of_another_user_does_not_become_ones_own() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "touch -d @1800000000 tree/a; mkdir open; tar -cf open/a.tar tree; cp open/a.tar open/own.tar
        chown 4321:4321 open/a.tar; chmod 4664 open/a.tar; chown 65534:65534 open/own.tar; chmod 777 open",
    );
    sh(&project.base(), &format!("chmod 755 . '{}'", dir.display()));
    let binary = dir.join("open/repro");
    std::fs::copy(env!("CARGO_BIN_EXE_repro"), &binary).unwrap();
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |file: &str| -> Run {
        let mut command = project.command("setpriv", &dir.join("open"));
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(&binary).args(["normalize", "--epoch", "5", file]).output().unwrap().into()
    };
    refused(&run("a.tar"), 6, "it belongs to user 4321 and group 4321");
    let meta = std::fs::metadata(dir.join("open/a.tar")).unwrap();
    assert_eq!((meta.uid(), meta.mode() & 0o7777), (4321, 0o4664));
    let own = run("own.tar");
    assert_eq!(own.code, Some(0), "{}", own.all());
    assert_eq!(sh(dir, "ls -A open"), "a.tar\nown.tar\nrepro\n");
}

#[test]
fn only_what_is_of_a_ledger_is_pruned() {
    let project = scratch();
    let dir = &project.dir;
    let (blob, elsewhere) = ("ab".repeat(32), "cd".repeat(32));
    sh(
        dir,
        &format!(
            "mkdir -p l/blobs/ab l/blobs/sub; echo mine >l/blobs/photo; echo mine >l/blobs/sub/{elsewhere}
            echo old >l/blobs/ab/{blob}; echo half >l/blobs/ab/.repro-x1; echo mine >keep; ln -s ../keep l/.lock"
        ),
    );
    let prune = || project.repro(&["ledger", "--ledger", "l", "prune"]);
    // A lock that is a link is not followed.
    refused(&prune(), 6, "is a symbolic link");
    assert_eq!(sh(dir, "cat keep; rm l/.lock"), "mine\n");
    let run = prune();
    assert_eq!(run.code, Some(0), "{}", run.all());
    // The control: an output that no entry has, and what a killed run left.
    let want = format!("l/.lock\nl/blobs/photo\nl/blobs/sub/{elsewhere}\n");
    assert_eq!(sh(dir, "find l -type f | sort"), want);
}

#[test]
fn links_that_a_source_has_for_the_results_lead_nowhere() {
    let project = Project::plain("sound-features");
    let dir = &project.dir;
    let other = project.base().join("other");
    sh(
        &project.base(),
        "mkdir -p other/dist other/a; echo mine >other/dist/x; echo mine >other/a/x",
    );
    let files = |dir: &Path| sh(dir, "find . -type f -size +0 | sort");
    let before = files(&other);
    // As a source can have them that was cloned.
    std::fs::write(dir.join(".gitignore"), "").unwrap();
    sh(dir, "mkdir target; ln -s ../../other target/repro");
    project.git(&["init", "-q"]);
    project.commit("with a link for the results");
    let build = || project.repro(&["build", "--once"]);
    refused(&build(), 4, "is a symbolic link");
    sh(dir, "rm target/repro; mkdir target/repro; ln -s ../../../other/a/x target/repro/.lock");
    project.commit("with a link for the lock");
    refused(&build(), 4, "is a symbolic link");
    assert_eq!(files(&other), before);
    // The control.
    sh(dir, "rm target/repro/.lock; echo target >.gitignore");
    project.commit("without links");
    let run = build();
    assert_eq!(run.code, Some(0), "{}", run.all());
}

#[test]
fn init_writes_through_no_link() {
    let project = Project::committed("sound-features");
    let dir = &project.dir;
    sh(
        dir,
        "printf '[licenses]\nallow = [\"MIT\"]\n' >../deny.toml; ln -s ../deny.toml deny.toml; ln -s ../guide.md REPRODUCIBILITY.md",
    );
    project.commit("with links");
    let init = || project.repro(&["init"]);
    refused(&init(), 4, "is a symbolic link");
    assert_eq!(
        sh(dir, "git status --short; ls ..; cat ../deny.toml | head -1"),
        "deny.toml\nhome\nproject\ntmp\n[licenses]\n"
    );
    // The control: files in their place.
    sh(dir, "rm REPRODUCIBILITY.md deny.toml; cp ../deny.toml .; chmod 600 deny.toml");
    project.commit("without links");
    let run = init();
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert_eq!(sh(dir, "grep -c MIT deny.toml; stat -c %a deny.toml"), "1\n600\n");
}

#[test]
fn no_line_of_a_list_of_digests_is_lost() {
    let project = scratch();
    let dir = &project.dir;
    let start = |n: usize| {
        let output = format!("out/{n}.tar");
        let mut command = project.command_repro(&["archive", "tree", "-o", &output]);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    sh(dir, "mkdir out");
    let all: Vec<_> = (0..12).map(start).collect();
    assert!(all.into_iter().all(|mut child| child.wait().unwrap().success()));
    assert_eq!(sh(dir, "cd out; sha256sum -c SHA256SUMS | wc -l"), "12\n");
    // What would break a signature, or cannot be read, stays, and nothing is written.
    for (text, code, word) in [
        ("-----BEGIN PGP SIGNED MESSAGE-----\\nHash: SHA512\\n", 4, "is signed"),
        ("\\0377\\n", 5, "SHA256SUMS"),
    ] {
        sh(dir, &format!("printf %b '{text}' >SHA256SUMS; cp SHA256SUMS ../before"));
        refused(&archive(&project, "a.tar"), code, word);
        sh(dir, "cmp SHA256SUMS ../before; test ! -e a.tar");
    }
}

#[test]
fn a_file_that_was_put_in_the_place_of_another_meanwhile_stays() {
    let project = scratch();
    let dir = &project.dir;
    // Of one size and time, as archives of two builds can be; enough to be packed for a while.
    sh(
        dir,
        "for f in a b; do head -c 30000000 /dev/urandom >big; tar --mtime=@1800000000 -cf $f.tar big; xz -0 -T1 $f.tar; done
        mkdir d; mv a.tar.xz d/x.tar.xz; truncate -r d/x.tar.xz b.tar.xz; touch -d @1800000000 d/x.tar.xz b.tar.xz; cp -p b.tar.xz other",
    );
    let mut command = project.command_repro(&["normalize", "--epoch", "5", "d/x.tar.xz"]);
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let bound = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while std::fs::read_dir(dir.join("d")).unwrap().count() < 2 {
        assert!(std::time::Instant::now() < bound, "it did not begin to write");
        std::thread::yield_now();
    }
    std::fs::rename(dir.join("other"), dir.join("d/x.tar.xz")).unwrap();
    let run: Run = child.wait_with_output().unwrap().into();
    refused(&run, 6, "changed while it was read");
    sh(dir, "cmp b.tar.xz d/x.tar.xz && test $(ls -A d | wc -l) = 1");
}

#[needs("root that may mount")]
#[test]
fn a_full_temporary_disk_is_not_the_file_that_is_read() {
    let project = scratch();
    let dir = &project.dir;
    sh(
        dir,
        "head -c 300000 /dev/urandom >big; tar -czf a.tar.gz big; cp a.tar.gz before; mkdir tiny",
    );
    let script = "mount -t tmpfs -o size=16k none tiny || exit 77; TMPDIR=$PWD/tiny exec \"$0\" normalize --epoch 5 a.tar.gz";
    let mut command = project.command("unshare", dir);
    command.args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_repro")]);
    let run: Run = command.output().unwrap().into();
    refused(&run, 6, "which TMPDIR names: No space left");
    sh(dir, "cmp a.tar.gz before");
}

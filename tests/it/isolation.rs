//! What two isolated builds share and what they do not, and `verify`, which runs no build script outside a
//! sandbox without a warning.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::support::{Project, Run, assert_verdict, host};
use crate::verify::fails;
use test_needs::needs;

/// Whether a sandbox can be made on this machine, where a verdict depends on that.
pub fn sandboxes() -> bool {
    let args = ["--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "true"];
    let tried = std::process::Command::new("bwrap").args(args).output();
    tried.is_ok_and(|o| o.status.success())
}

/// A PATH with a bubblewrap as it fails where user namespaces are not allowed.
pub fn denied(project: &Project) -> String {
    with_bubblewrap(project, "echo 'bwrap: No permissions to create new namespace' >&2\nexit 1")
}

/// A PATH with a bubblewrap that is this script.
fn with_bubblewrap(project: &Project, script: &str) -> String {
    let tools = project.base().join("tools");
    std::fs::create_dir(&tools).unwrap();
    std::fs::write(tools.join("bwrap"), format!("#!/bin/sh\n{script}\n")).unwrap();
    let exec = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(tools.join("bwrap"), exec).unwrap();
    format!("{}:{}", tools.display(), std::env::var("PATH").unwrap())
}

#[test]
fn the_absence_of_a_sandbox_heads_everything() {
    let project = Project::committed("sound-features");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let manifest = project.results().join("repro.json").display().to_string();
    let path = denied(&project);
    let broken = [("PATH", path.as_str())];
    let off = |run: Run, why: &str| {
        assert_verdict(&run, 0, "REPRODUCED");
        assert!(run.stdout.starts_with("sandbox     off: "), "{}", run.all());
        let warning = run.stderr.lines().find(|l| l.starts_with("warning: sandbox off: "));
        assert!(warning.is_some_and(|l| l.contains(why)), "{}", run.all());
    };
    off(project.repro_env(&["verify", &manifest], &broken), "No permissions to create");
    off(project.repro(&["verify", &manifest, "--no-sandbox"]), "--no-sandbox");
    let run = project.repro_env(&["verify", &manifest, "--sandbox"], &broken);
    fails(&run, 6, &["No permissions to create", "--no-sandbox"]);
    let run = project.repro_env(&["verify", &manifest, "--format", "json"], &broken);
    let head: Vec<_> = run.stdout.lines().skip(1).take(3).map(str::trim).collect();
    assert_eq!(head[2], "\"sandbox\": \"off\",", "{head:?}");
    let why: Value = run.json()["sandbox_off_because"].clone();
    assert!(why.as_str().unwrap().contains("No permissions"), "{why}");
}

#[needs("sandbox")]
#[test]
fn what_a_sandbox_does_not_carry_is_not_called_varied() {
    let project = Project::committed("sound-features");
    let own = std::env::var("PATH").unwrap();
    let found = std::env::split_paths(&own).map(|dir| dir.join("bwrap")).find(|p| p.is_file());
    let lost =
        "for a; do shift; [ \"$a\" = /etc/passwd ] && a=/run/lost; set -- \"$@\" \"$a\"; done";
    let script = format!("{lost}\nexec {} \"$@\"", found.unwrap().display());
    let path = with_bubblewrap(&project, &script);
    let run = project.repro_env(&["build", "--format", "json"], &[("PATH", &path)]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let all = run.json()["variations"]["unavailable"].clone();
    let of_sandbox = all.as_array().unwrap().iter().filter(|row| row["reason"] == "no-namespaces");
    // The others are the control: what it carries.
    let of_sandbox: Vec<&Value> = of_sandbox.collect();
    assert_eq!(of_sandbox.len(), 1, "{all}");
    assert_eq!(of_sandbox[0]["name"], "username", "{all}");
}

#[needs("sandbox")]
#[test]
fn a_sandbox_is_the_default() {
    let project = Project::committed("sound-features");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let manifest = project.results().join("repro.json").display().to_string();
    let run = project.repro(&["verify", &manifest]);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(run.stdout.contains("sandbox     on: "), "{}", run.all());
    assert!(!run.stderr.contains("sandbox off"), "{}", run.all());
    let run = project.repro(&["verify", &manifest, "--format", "json"]);
    assert_eq!(run.json()["sandbox"], "on");
}

/// A project with this build script, whose directive is in the program.
pub fn with_script(body: &str) -> Project {
    let project = Project::plain("fault-username");
    let head = "use std::{env, fs, io::{Read, Write}, process::{Command, Stdio}};\n\
        fn random() -> String { let mut b = [0; 8]; fs::File::open(\"/dev/urandom\").unwrap().read_exact(&mut b).unwrap(); format!(\"{b:?}\") }\n\
        fn ask(c: &str) -> String { String::from_utf8_lossy(&Command::new(\"sh\").args([\"-c\", c]).output().unwrap().stdout).trim().replace('\\n', \" \") }\n";
    project.write(
        "build.rs",
        &format!(
            "#![allow(unused)]\n{head}fn main() {{\n{body}\nprintln!(\"cargo::rustc-env=VALUE={{value}}\");\n}}\n"
        ),
    );
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", env!(\"VALUE\"));\n}\n");
    project.git(&["init", "-q"]);
    project.commit("a script");
    project
}

/// Isolated builds differ; builds that share the machine are taken for equal, and that is listed.
#[track_caller]
fn is_found_by_isolation(body: &str) -> Project {
    let project = with_script(body);
    assert_verdict(&project.repro(&["build"]), 1, "DIFFERS");
    let run = project.repro(&["build", "--isolate", "never"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let listed = "not varied  toolchain-path, user-id (switched off by `--isolate";
    assert!(run.stdout.contains(listed), "{}", run.all());
    assert!(run.stdout.contains("not isolated: both builds shared /tmp"), "{}", run.all());
    project
}

/// The first build to come makes the value, and the other takes it.
fn cached(dir: &str) -> String {
    format!(
        "let (own, name) = (format!(\"{dir}/it-{{}}\", std::process::id()), \"{dir}/it-NAME\");\n\
         fs::write(&own, random()).unwrap(); let _ = fs::hard_link(&own, name); fs::remove_file(&own).unwrap();\n\
         let value = fs::read_to_string(name).unwrap();"
    )
}

/// What the programs of both builds print, by line.
fn of_both(project: &Project, program: &str) -> [Vec<String>; 2] {
    ["a", "b"].map(|side| {
        let path = project.results().join(side).join(host()).join(program);
        let run: Run = project.command(&path, &project.dir).output().unwrap().into();
        assert_eq!(run.code, Some(0), "{}", run.all());
        run.stdout.lines().map(str::to_string).collect()
    })
}

#[needs("sandbox")]
#[test]
fn a_sandbox_makes_nothing_the_same_on_both_sides() {
    // What a build can see of where and as what it runs.
    let differ = "cwd pwd manifest-dir out-dir exe cargo-home home tmpdir temp-file target-dir wrapper user uid gid \
        home-of-user hostname host-file machine-id process-id parent-id group-id session-id thread-id stat-line \
        inode mounts path rustc kernel boot-id cpus pointer host-id domain status-time birth top ceiling temp-list";
    let same = "preload arch";
    // What may be the same by chance, or is: then it is one of the things that no run varies.
    let named = [
        ("uptime", "boot"),
        ("started", "boot"),
        ("load", "boot"),
        ("cgroup", "boot"),
        ("limits", "process"),
        ("priority", "process"),
        ("groups", "process"),
        ("open-files", "process"),
        ("rustup", "tool-variables"),
        ("memory-size", "memory"),
        ("page-size", "memory"),
        ("file-time", "file-times"),
        ("device", "devices"),
        ("cpu-name", "cpu-model"),
        ("localtime", "installed-software"),
        ("tags", "git-refs"),
    ];
    let body = r#"
let text = |path: &dyn AsRef<std::path::Path>| format!("{:?}", path.as_ref());
let var = |name: &str| env::var(name).unwrap_or_default();
let exe = env::current_exe().unwrap();
let target = exe.ancestors().find(|p| p.ends_with("release")).unwrap().to_owned();
let lines = [
    ("cwd", text(&env::current_dir().unwrap())), ("pwd", var("PWD")), ("manifest-dir", var("CARGO_MANIFEST_DIR")),
    ("out-dir", var("OUT_DIR")), ("exe", text(&exe)), ("cargo-home", var("CARGO_HOME")), ("home", var("HOME")),
    ("tmpdir", var("TMPDIR")), ("temp-file", ask("dirname $(mktemp -u)")), ("target-dir", text(&target)),
    ("wrapper", var("RUSTC_WRAPPER")), ("user", ask("getent passwd $(id -u) | cut -d: -f1")), ("uid", ask("id -u")), ("gid", ask("id -g")),
    ("home-of-user", ask("getent passwd $(id -u) | cut -d: -f6")), ("hostname", ask("hostname")), ("host-file", ask("cat /etc/hostname")),
    ("machine-id", ask("cat /etc/machine-id")), ("process-id", std::process::id().to_string()),
    ("parent-id", std::os::unix::process::parent_id().to_string()), ("group-id", ask("cut -d' ' -f5 /proc/self/stat")),
    ("session-id", ask("cut -d' ' -f6 /proc/self/stat")), ("stat-line", ask("cut -d' ' -f-6 /proc/self/stat")),
    ("thread-id", text(&fs::read_link("/proc/thread-self").unwrap())), ("pointer", format!("{:p}", &*Box::new(1))),
    ("uptime", ask("cut -d. -f1 /proc/uptime")), ("started", ask("grep btime /proc/stat")), ("load", ask("cut -d' ' -f1 /proc/loadavg")),
    ("cgroup", ask("cat /proc/self/cgroup")), ("limits", ask("ulimit -a")), ("memory-size", ask("grep MemTotal /proc/meminfo")),
    ("page-size", ask("getconf PAGESIZE")), ("file-time", ask("touch made && stat -c %Y made")), ("device", ask("stat -fc %T /usr")),
    ("cpu-name", ask("grep -m1 model /proc/cpuinfo")), ("localtime", ask("readlink /etc/localtime")), ("tags", ask("git tag")),
    ("host-id", ask("hostid")), ("domain", ask("uname -a; cat /proc/sys/kernel/domainname; domainname")),
    ("status-time", ask("stat -c %Z Cargo.toml")), ("birth", ask("stat -c %W Cargo.toml")),
    ("top", ask("cd / && ls -d $OLDPWD/../../../.. | cut -d/ -f-2; echo $OUT_DIR | cut -d/ -f-3")), ("ceiling", var("GIT_CEILING_DIRECTORIES")),
    ("temp-list", ask("ls /tmp")), ("priority", ask("nice")), ("groups", ask("id -G | cut -d' ' -f2-")), ("open-files", var("CARGO_MAKEFLAGS")),
    ("rustup", var("RUSTUP_HOME")), ("inode", ask("stat -c %i Cargo.toml")), ("mounts", ask("grep home /proc/self/mountinfo")),
    ("preload", var("LD_PRELOAD")), ("path", var("PATH")), ("rustc", var("RUSTC")), ("arch", ask("uname -m")),
    ("kernel", ask("cat /proc/version")), ("boot-id", ask("cat /proc/sys/kernel/random/boot_id")), ("cpus", ask("grep -c ^processor /proc/cpuinfo")),
];
let value = lines.map(|(name, value)| format!("{name} {value}")).join("|");"#;
    let project = with_script(body);
    project.write(
        "src/main.rs",
        "fn main() {\n    for line in env!(\"VALUE\").split('|') {\n        println!(\"{line}\");\n    }\n}\n",
    );
    project.commit("one a line");
    let compare = |mode: &str, skip: &[&str]| {
        let run = project.repro(&["build", "--isolate", mode, "--no-replay", "--format", "json"]);
        assert_eq!(run.code, Some(1), "{}", run.all());
        let shared = run.json()["variations"]["shared"].clone();
        let [a, b] = of_both(&project, "fault-username");
        let kept = |all: &[String], name: &str| {
            let of = |l: &&String| l.split_once(' ').is_some_and(|(n, _)| n == name);
            all.iter().find(of).unwrap_or_else(|| panic!("no {name}: {all:?}")).clone()
        };
        for name in differ.split_whitespace().filter(|n| !skip.contains(n)) {
            assert_ne!(kept(&a, name), kept(&b, name), "{mode}: {name} is the same on both sides");
        }
        for name in same.split_whitespace().filter(|n| !skip.contains(n)) {
            assert_eq!(kept(&a, name), kept(&b, name), "{mode}: {name}");
        }
        for (name, row) in named {
            let listed = shared.as_array().unwrap().contains(&row.into());
            assert!(kept(&a, name) != kept(&b, name) || listed, "{mode}: {name} is not listed");
        }
    };
    let alone = [
        "user", "uid", "gid", "home-of-user", "host-file", "machine-id", "mounts", "rustc",
        "kernel", "boot-id", "cpus", "host-id", "birth", "top", "temp-list",
    ];
    compare("never", &alone);
    compare("always", &[]);
}

#[needs("sandbox")]
#[test]
fn isolation_changes_no_byte() {
    let project = Project::plain("sound-cc");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{manifest}\n[profile.release]\ndebug = 2\n"));
    project.git(&["init", "-q"]);
    project.commit("with debug info");
    let digests = ["always", "never"].map(|mode| {
        assert_verdict(&project.repro(&["build", "--isolate", mode]), 0, "REPRODUCIBLE");
        project.manifest()["artifacts"][0]["sha256"].clone()
    });
    assert!(digests[0].is_string());
    assert_eq!(digests[0], digests[1]);
    let manifest = project.results().join("repro.json").display().to_string();
    for mode in ["--sandbox", "--no-sandbox"] {
        let run = project.repro(&["verify", &manifest, mode]);
        assert_verdict(&run, 0, "REPRODUCED");
    }
}

#[needs("sandbox")]
#[test]
fn a_value_cached_at_a_fixed_place_is_found() {
    for dir in ["/tmp", "/var/tmp", "/dev/shm"] {
        let name = format!("it-cache-{}", std::process::id());
        is_found_by_isolation(&cached(dir).replace("it-NAME", &name));
        std::fs::remove_file(Path::new(dir).join(name)).unwrap();
    }
}

#[needs("sandbox")]
#[test]
fn what_the_caller_has_open_is_no_file_of_a_build() {
    let project = with_script(
        "let value = fs::read_to_string(\"/proc/self/fd/9\").unwrap_or(\"nothing\".into());",
    );
    let file = project.base().join("open");
    std::fs::write(&file, "private").unwrap();
    let script = format!("exec \"$0\" \"$@\" 9<'{}'", file.display());
    for mode in ["always", "never"] {
        let mut run = project.command("sh", &project.dir);
        run.args(["-c", &script, env!("CARGO_BIN_EXE_repro"), "build", "--isolate", mode]);
        assert_verdict(&run.output().unwrap().into(), 0, "REPRODUCIBLE");
        assert_eq!(project.proven("fault-username"), "nothing");
    }
}

#[test]
fn no_build_reads_the_tokens_of_the_user() {
    let project = with_script(
        "let file = format!(\"{}/config.toml\", env::var(\"CARGO_HOME\").unwrap());\n\
         let value = fs::read_to_string(file).unwrap().replace('\\n', \" \");",
    );
    let home = project.base().join("own-cargo-home");
    std::fs::create_dir(&home).unwrap();
    let text = "[http]\nproxy = 'http://u:secret@p'\n[registry]\ntoken = 'secret'\ndefault = 'corp'\n\
        [registries.corp]\ntoken = 'secret'\nindex = 'sparse+https://corp.example/'\n";
    std::fs::write(home.join("config.toml"), text).unwrap();
    let run = project.repro_env(&["build"], &[("CARGO_HOME", home.to_str().unwrap())]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let seen = project.proven("fault-username");
    // The control: the rest of the file.
    assert!(seen.contains("corp.example") && !seen.contains("secret"), "{seen}");
}

/// Takes the value of a key, or makes it; with arguments, runs them with a key ring as a login gives one.
const KEYS: &str = r#"
#include <stdio.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv) {
    char value[17] = {0};
    unsigned long random;
    if (argc > 1) return syscall(SYS_keyctl, 1, NULL), execvp(argv[1], argv + 1);
    long ring = -3, key = syscall(SYS_keyctl, 10, ring, "user", "of-a-build", 0);
    if (key < 0) {
        getrandom(&random, sizeof random, 0);
        snprintf(value, sizeof value, "%016lx", random);
        key = syscall(SYS_add_key, "user", "of-a-build", value, 16, ring);
    }
    printf("%s", syscall(SYS_keyctl, 11, key, value, 16) == 16 ? value : "none");
}
"#;

#[needs("sandbox", "key rings")]
#[test]
fn a_value_in_the_key_ring_of_the_session_is_not_shared() {
    let project = with_script(
        "let exe = env::var(\"OUT_DIR\").unwrap() + \"/keys\";\n\
         assert!(Command::new(\"cc\").args([\"-o\", &exe, \"keys.c\"]).status().unwrap().success());\n\
         let value = String::from_utf8(Command::new(&exe).output().unwrap().stdout).unwrap();",
    );
    project.write("keys.c", KEYS);
    project.commit("with keys");
    let login = project.base().join("login");
    let mut cc = project.command("cc", &project.dir);
    assert!(cc.arg("-o").arg(&login).arg("keys.c").status().unwrap().success());
    let build = |mode: &str| -> Run {
        let mut run = project.command(&login, &project.dir);
        run.args([env!("CARGO_BIN_EXE_repro"), "build", "--no-replay", "--isolate", mode]);
        run.output().unwrap().into()
    };
    assert_verdict(&build("never"), 0, "REPRODUCIBLE");
    assert_ne!(project.proven("fault-username"), "none");
    assert_verdict(&build("always"), 1, "DIFFERS");
}

#[needs("sandbox")]
#[test]
fn what_a_script_left_running_is_ended() {
    // A daemon: in a session of its own, with a parent that ended.
    for (mode, time) in [("always", "86397.25"), ("never", "86397.5")] {
        let project = with_script(&format!(
            "let mut left = Command::new(\"setsid\"); left.args([\"-f\", \"sleep\", \"{time}\"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());\n\
             assert!(left.status().unwrap().success()); let value = 1;"
        ));
        let run = project.repro(&["build", "--isolate", mode]);
        assert_verdict(&run, 0, "REPRODUCIBLE");
        let running = std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            line == format!("sleep\0{time}\0").as_bytes()
        });
        assert!(!running, "{mode}: it still runs");
    }
}

#[test]
fn a_dependency_that_a_script_rewrites_is_the_others_no_more() {
    // Each side has copies: what A's script does to them is not seen by B's.
    let project = with_script(
        "let file = env::current_dir().unwrap().join(\"../shared-by-both\");\n\
         let value = match fs::read_to_string(&file) { Ok(seen) => format!(\"{seen} again\"), Err(_) => { fs::write(&file, \"first\").unwrap(); \"first\".to_string() } };",
    );
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    assert_eq!(project.proven("fault-username"), "first");
}

#[needs("sandbox")]
#[test]
fn a_script_that_wants_the_network_is_named() {
    // An address of the documentation: nobody answers there, and without a network that is known at once.
    let body = "let to = \"192.0.2.1:9\".parse().unwrap();\n\
        let error = std::net::TcpStream::connect_timeout(&to, std::time::Duration::from_millis(1)).unwrap_err();\n\
        if error.to_string().contains(\"unreachable\") { panic!(\"{error}\") } let value = 1;";
    let project = with_script(body);
    let run = project.repro(&["build"]);
    assert_eq!(run.code, Some(3), "{}", run.all());
    for word in ["fault-username v0.1.0 uses the network", "--network"] {
        assert!(run.stderr.contains(word), "{}", run.all());
    }
    assert_verdict(&project.repro(&["build", "--isolate", "never"]), 0, "REPRODUCIBLE");
}

#[needs("sandbox")]
#[test]
fn what_stores_its_path_is_reproducible_at_one_path() {
    for fixture in ["fault-out-dir", "fault-toolchain-path"] {
        let project = Project::committed(fixture);
        let run = project.repro(&["build"]);
        assert_verdict(&run, 1, "DIFFERS");
        assert!(run.stdout.contains("--same-path"), "{}", run.all());
        let run = project.repro(&["build", "--same-path"]);
        assert_verdict(&run, 0, &format!("REPRODUCIBLE AT /build/{fixture}"));
        let manifest = project.results().join("repro.json").display().to_string();
        let source = project.dir.display().to_string();
        let mut verify = project.command(env!("CARGO_BIN_EXE_repro"), &project.base());
        verify.args(["verify", &manifest, "--source", &source]);
        assert_verdict(&verify.output().unwrap().into(), 0, "REPRODUCED");
        assert_eq!(project.repro(&["archive"]).code, Some(0));
        // Without bubblewrap nobody can build there.
        let run = project.repro(&["build", "--same-path", "--isolate", "never"]);
        fails(&run, 6, &["/build/", "bubblewrap"]);
        let vary = ["build", "--isolate", "never", "--vary=-build-path,-target-dir,-cargo-home"];
        let run = project.repro(&vary);
        assert_eq!(run.code, Some(1), "{}", run.all());
        assert!(run.last().starts_with("REPRODUCIBLE AT "), "{}", run.all());
        fails(&project.repro(&["archive"]), 4, &["--same-path"]);
    }
}

#[needs("sandbox")]
#[test]
fn same_path_can_be_a_setting_of_the_project() {
    let project = Project::committed("fault-manifest-dir");
    let text = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{text}\n[package.metadata.repro]\nsame-path = true\n"));
    project.commit("at one path");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE AT /build/fault-manifest-dir");
}

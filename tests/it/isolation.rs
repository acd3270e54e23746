//! What a build script can reach: nothing of the user's is changed by one that writes wherever it
//! can, and `verify` runs none outside a sandbox without saying so first.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Project, Run, assert_verdict, host};
use crate::verify::fails;

/// Appends to each file of CARGO_HOME that it can, links followed, and to its own sources; puts into
/// the program how long the dependency's source was before, and how many files of it were changed.
const VANDAL: &str = r#"
use std::{env, fs, path::{Path, PathBuf}};
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}
fn main() {
    for name in ["RUSTC", "RUSTDOC"] {
        assert!(Path::new(&env::var_os(name).unwrap()).is_absolute(), "{name}");
    }
    let mut found = Vec::new();
    files(Path::new(&env::var_os("CARGO_HOME").unwrap()), &mut found);
    found.sort();
    let is_lib = |p: &&PathBuf| p.ends_with("src/lib.rs");
    let lengths: Vec<u64> = found.iter().filter(is_lib).map(|p| p.metadata().unwrap().len()).collect();
    // Not what is being compiled meanwhile.
    found.retain(|p| !(p.ends_with("src/lib.rs") && p.components().any(|c| c.as_os_str() == "checkouts")));
    files(&env::current_dir().unwrap(), &mut found);
    // Of root alone, and an isolated build is not made as root.
    found.retain(|p| !p.metadata().unwrap().permissions().readonly());
    let mut changed = 0;
    for path in &found {
        let text = [fs::read(path).unwrap_or_default(), b"\n// vandal\n".to_vec()].concat();
        let of_source = ["src", "checkout", "checkouts"];
        let in_source = path.components().any(|c| of_source.iter().any(|name| c.as_os_str() == *name));
        changed += u32::from(fs::write(path, text).is_ok() && in_source);
    }
    println!("cargo::rustc-env=SEEN={changed} changed, {lengths:?} before");
}
"#;

/// A project with dependencies from a registry and from git, in a CARGO_HOME of the test's own.
struct Victim {
    project: Project,
    home: PathBuf,
}

impl Victim {
    fn new() -> Victim {
        let project = Project::plain("sound-cc");
        let home = project.base().join("cargo-home");
        // The crates of the lockfile, as this machine has them.
        let script = format!(
            "real=${{CARGO_HOME}}; cd \"$real\"; for name in $(grep -h '^name' {lock:?} | cut -d'\"' -f2); do \
             for path in registry/cache/*/$name-[0-9]*.crate registry/src/*/$name-[0-9]* registry/index/*/.cache/*/*/$name registry/index/*/.cache/2/$name; do \
             if [ -e \"$path\" ]; then mkdir -p {home:?}/\"$(dirname \"$path\")\"; cp -a \"$path\" {home:?}/\"$path\"; fi; done; done; \
             for file in registry/index/*/config.json; do cp \"$file\" {home:?}/\"$file\"; done",
            lock = project.dir.join("Cargo.lock"),
        );
        let done = project.command("sh", &project.base()).args(["-ec", &script]).status();
        assert!(done.unwrap().success());
        let dependency = project.base().join("dependency");
        std::fs::create_dir_all(dependency.join("src")).unwrap();
        std::fs::write(
            dependency.join("Cargo.toml"),
            "[package]\nname = \"dependency\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        )
        .unwrap();
        std::fs::write(dependency.join("src/lib.rs"), "pub fn one() -> u8 {\n    1\n}\n").unwrap();
        for args in [&["init", "-q"][..], &["add", "-A"], &["commit", "-qm", "a dependency"]] {
            project.git_in(&dependency, args);
        }
        let read = |name| std::fs::read_to_string(project.dir.join(name)).unwrap();
        let url = format!("file://{}", dependency.display());
        let commit = project.git_in(&dependency, &["rev-parse", "HEAD"]);
        let entry = format!(
            "[[package]]\nname = \"dependency\"\nversion = \"0.1.0\"\nsource = \"git+{url}#{commit}\"\n\n"
        );
        let next = "[[package]]\nname = \"find-msvc-tools\"";
        let lock = read("Cargo.lock").replace(next, &format!("{entry}{next}"));
        project.write("Cargo.lock", &lock.replace(" \"cc\",\n]", " \"cc\",\n \"dependency\",\n]"));
        let manifest = read("Cargo.toml");
        project.write(
            "Cargo.toml",
            &format!("{manifest}\n[dependencies]\ndependency = {{ git = {url:?} }}\n"),
        );
        project.write("build.rs", VANDAL);
        project.write(
            "src/main.rs",
            "fn main() {\n    println!(\"{} {}\", dependency::one(), env!(\"SEEN\"));\n}\n",
        );
        let mut fetch = project.command("cargo", &project.dir);
        fetch.args(["fetch", "--locked"]).env("CARGO_HOME", &home);
        let fetched: Run = fetch.output().unwrap().into();
        assert_eq!(fetched.code, Some(0), "{}", fetched.all());
        project.git(&["init", "-q"]);
        project.commit("a vandal");
        Victim { project, home }
    }

    fn repro(&self, args: &[&str]) -> Run {
        self.project.repro_env(args, &[("CARGO_HOME", self.home.to_str().unwrap())])
    }

    /// The bytes and the inode of each file of the user's: CARGO_HOME, without what cargo itself
    /// writes there while it fetches, the tree, the repository.
    fn files(&self) -> BTreeMap<PathBuf, (u64, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let own = [".package-cache", ".global-cache", "target", "index"];
        for dir in [&self.home, &self.project.dir] {
            collect(
                dir,
                &mut |path| {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    !own.iter().any(|o| name.starts_with(o)) || path.ends_with("registry/index")
                },
                &mut found,
            );
        }
        found
    }
}

fn collect(
    dir: &Path,
    wanted: &mut dyn FnMut(&Path) -> bool,
    found: &mut BTreeMap<PathBuf, (u64, Vec<u8>)>,
) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if !wanted(&path) {
            continue;
        }
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            collect(&path, wanted, found);
        } else {
            found.insert(path.clone(), (meta.ino(), std::fs::read(&path).unwrap_or_default()));
        }
    }
}

#[test]
fn nothing_of_the_users_is_changed_by_a_build_script_that_writes_everywhere() {
    let victim = Victim::new();
    let before = victim.files();
    let run = victim.repro(&["build"]);
    // Each side reads the sources as they were: the other's script has not reached them.
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let seen = victim.project.proven("sound-cc");
    let changed: u32 = seen.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(changed > 10, "the script changed nothing: {seen}");
    let manifest = victim.project.results().join("repro.json").display().to_string();
    let modes: &[&[&str]] = match sandboxes() {
        true => &[&[], &["--no-sandbox"]],
        false => &[&["--no-sandbox"]],
    };
    for mode in modes {
        let run = victim.repro(&[&["verify", &manifest], *mode].concat());
        assert_verdict(&run, 0, "REPRODUCED");
    }
    let after = victim.files();
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, old) in &before {
        assert!(after[path] == *old, "{} was changed", path.display());
    }
}

#[test]
fn crates_that_somebody_has_changed_are_built_as_they_were_published() {
    let victim = Victim::new();
    assert_verdict(&victim.repro(&["build"]), 0, "REPRODUCIBLE");
    let proven = || victim.project.manifest()["artifacts"][0]["sha256"].clone();
    let before = proven();
    // The machine can have more versions than that of the lockfile.
    let lock = std::fs::read_to_string(victim.project.dir.join("Cargo.lock")).unwrap();
    let (_, version) = lock.split_once("name = \"cc\"\nversion = \"").unwrap();
    let cc = format!("cc-{}", version.split('"').next().unwrap());
    let find = |dir: &str, name: &str| {
        let mut found = BTreeMap::new();
        collect(&victim.home.join(dir), &mut |_| true, &mut found);
        found.into_keys().find(|path| path.ends_with(name)).unwrap()
    };
    let lib = find("registry/src", &format!("{cc}/src/lib.rs"));
    let text = std::fs::read_to_string(&lib).unwrap();
    std::fs::write(&lib, text.clone() + "\ncompile_error!(\"changed\");\n").unwrap();
    let run = victim.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(
        run.stdout
            .replace("\n            ", " ")
            .contains("as they were published, not as they are in your cargo home"),
        "{}",
        run.all()
    );
    assert_eq!(proven(), before);
    std::fs::write(&lib, text).unwrap();
    let download = find("registry/cache", &format!("{cc}.crate"));
    std::fs::write(&download, "not a crate").unwrap();
    fails(&victim.repro(&["build"]), 4, &["does not have the checksum that Cargo.lock has", &cc]);
}

/// Whether a sandbox can be made on this machine; in CI it must be.
pub fn sandboxes() -> bool {
    let args = ["--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "true"];
    let tried = std::process::Command::new("bwrap").args(args).output();
    let works = tried.is_ok_and(|o| o.status.success());
    if !works {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to make a sandbox");
        eprintln!("SKIPPED: no sandbox can be made here (bubblewrap)");
    }
    works
}

/// A PATH with a bubblewrap as it fails where user namespaces are not allowed.
pub fn denied(project: &Project) -> String {
    let tools = project.base().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let script = "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n";
    std::fs::write(tools.join("bwrap"), script).unwrap();
    let exec = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(tools.join("bwrap"), exec).unwrap();
    format!("{}:{}", tools.display(), std::env::var("PATH").unwrap())
}

#[test]
fn a_sandbox_is_the_default_and_its_absence_heads_everything() {
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
    if sandboxes() {
        let run = project.repro(&["verify", &manifest]);
        assert_verdict(&run, 0, "REPRODUCED");
        assert!(run.stdout.contains("sandbox     on: "), "{}", run.all());
        assert!(!run.stderr.contains("sandbox off"), "{}", run.all());
        let run = project.repro(&["verify", &manifest, "--format", "json"]);
        assert_eq!(run.json()["sandbox"], "on");
    }
}

/// A project with this build script, whose directive is in the program.
fn with_script(body: &str) -> Project {
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
    if sandboxes() {
        assert_verdict(&project.repro(&["build"]), 1, "DIFFERS");
    }
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
        "user",
        "uid",
        "gid",
        "home-of-user",
        "host-file",
        "machine-id",
        "mounts",
        "rustc",
        "kernel",
        "boot-id",
        "cpus",
        "host-id",
        "birth",
        "top",
        "temp-list",
    ];
    compare("never", &alone);
    if sandboxes() {
        compare("always", &[]);
    }
}

#[test]
fn isolation_changes_no_byte() {
    if !sandboxes() {
        return;
    }
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

#[test]
fn a_value_cached_at_a_fixed_place_is_found() {
    for dir in ["/tmp", "/var/tmp", "/dev/shm"] {
        let name = format!("it-cache-{}", std::process::id());
        is_found_by_isolation(&cached(dir).replace("it-NAME", &name));
        std::fs::remove_file(Path::new(dir).join(name)).unwrap();
    }
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

#[test]
fn a_value_in_the_key_ring_of_the_session_is_not_shared() {
    if !sandboxes() {
        return;
    }
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
    match project.proven("fault-username").as_str() {
        "none" => eprintln!("SKIPPED: this kernel has no key rings"),
        _ => assert_verdict(&build("always"), 1, "DIFFERS"),
    }
}

#[test]
fn what_a_script_left_running_is_ended() {
    // A daemon: in a session of its own, with a parent that ended.
    let modes = if sandboxes() { &["always", "never"][..] } else { &["never"] };
    for (mode, time) in modes.iter().zip(["86397.25", "86397.5"]) {
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

#[test]
fn a_script_that_wants_the_network_is_named() {
    if !sandboxes() {
        return;
    }
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

/// Found whole, with this cause, and equal with this one variation off.
#[track_caller]
fn is_found_by(body: &str, variation: &str, cause: &str) {
    let project = with_script(body);
    let run = project.repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{body}: {}", run.all());
    let causes = run.json()["blame"][0]["causes"].clone();
    assert!(causes.as_array().unwrap().contains(&cause.into()), "{body}: {causes}: {}", run.all());
    let run = project.repro(&["build", "--vary", &format!("-{variation}")]);
    match variation {
        "toolchain-path" => assert_verdict(&run, 0, "REPRODUCIBLE AT /build/.toolchain"),
        _ => assert_verdict(&run, 0, "REPRODUCIBLE"),
    }
}

/// What a build script asks, the variation that shows it, and the cause.
pub const CASES: &[(&str, &str, &str)] = &[
    ("echo $RUSTC", "toolchain-path", "build-path"),
    ("which rustc", "toolchain-path", "build-path"),
    ("id -u", "user-id", "user-id"),
    ("stat -c %g Cargo.toml", "user-id", "user-id"),
    ("getent passwd $(id -u) | cut -d: -f1", "username", "username"),
    ("cat /etc/hostname", "hostname", "hostname"),
    ("cat /proc/sys/kernel/hostname", "hostname", "hostname"),
    ("cat /etc/machine-id", "hostname", "hostname"),
    ("cat /etc/hosts", "hostname", "hostname"),
    ("cat /proc/sys/kernel/random/boot_id", "hostname", "hostname"),
    ("cut -d' ' -f3 /proc/version", "kernel", "kernel"),
    ("cat /proc/sys/kernel/osrelease", "kernel", "kernel"),
    ("uname -v", "kernel", "kernel"),
    ("grep -c ^processor /proc/cpuinfo", "cpu-count", "parallelism"),
    ("grep -c '^cpu[0-9]' /proc/stat", "cpu-count", "parallelism"),
    ("ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l", "cpu-count", "parallelism"),
    ("nproc --all", "cpu-count", "parallelism"),
    ("stat -c %a Cargo.toml", "umask", "umask"),
    ("git log -1 --format=%ad", "git-config", "vcs-state"),
];

#[test]
fn user_id_and_files_about_host_and_kernel_are_varied() {
    if !sandboxes() {
        return;
    }
    for (command, variation, cause) in CASES {
        is_found_by(&format!("let value = ask({command:?});"), variation, cause);
    }
}

#[test]
fn what_clears_the_environment_is_reached_all_the_same() {
    let cases = [
        ("env -i uname -r", "kernel", "kernel"),
        ("env -i sh -c 'uname -n'", "hostname", "hostname"),
        ("unset LD_PRELOAD; uname -n", "hostname", "hostname"),
        ("env -i ls -U .", "directory-order", "ordering"),
    ];
    for (command, variation, cause) in cases {
        is_found_by(&format!("let value = ask({command:?});"), variation, cause);
    }
    let cleared = "let out = Command::new(\"uname\").arg(\"-n\").env_clear().output().unwrap();\n\
        let value = String::from_utf8(out.stdout).unwrap();\nlet value = value.trim();";
    is_found_by(cleared, "hostname", "hostname");
}

#[test]
fn programs_that_nothing_can_be_preloaded_into_are_listed() {
    let script = |linked: &str| {
        format!(
            "let exe = env::var(\"OUT_DIR\").unwrap() + \"/tool\"; fs::write(\"tool.c\", \"int main(void) {{ return 0; }}\").unwrap();\n\
             assert!(Command::new(\"cc\").args([{linked:?}, \"-o\", &exe, \"tool.c\"]).status().unwrap().success());\n\
             let value = Command::new(&exe).env_clear().status().unwrap().success();"
        )
    };
    let listed = "(statically linked programs: tool)";
    let run = with_script(&script("-static")).repro(&["build", "-v"]);
    assert_eq!(run.last(), "REPRODUCIBLE", "{}", run.all());
    let in_part = run.stdout.replace("\n            ", " ");
    assert!(in_part.contains(listed), "{}", run.all());
    let run = with_script(&script("-O0")).repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(!run.stdout.contains("statically linked"), "{}", run.all());
    if !is_root() || !sandboxes() {
        eprintln!("SKIPPED: a set-user-ID program of another user can be made by root alone");
        return;
    }
    // In a sandbox no program gets the rights of another user, so there the shim reaches it.
    let project = with_script(
        "let value = Command::new(env::var(\"SUID\").unwrap()).status().unwrap().success();",
    );
    let program = project.base().join("suid");
    std::fs::copy("/bin/true", &program).unwrap();
    std::os::unix::fs::chown(&program, Some(65534), None).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o4755)).unwrap();
    let shown = program.display().to_string();
    for (mode, found) in [("never", true), ("always", false)] {
        let args = ["build", "-v", "--isolate", mode, "--pass-env", "SUID"];
        let run = project.repro_env(&args, &[("SUID", &shown)]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        let listed = run.stdout.replace("\n            ", " ").contains("set-user-ID programs: ");
        assert_eq!(listed, found, "{}", run.all());
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

#[test]
fn calls_of_compilers_for_this_cpu_are_named_however_they_come_about() {
    let files = [
        ("a.c", "int a(void) { return 1; }\n"),
        (
            "Makefile",
            "CFLAGS = -O2 -march=native\na.o: a.c\n\t$(CC) $(CFLAGS) -c a.c -o $(OUT)/a.o\n",
        ),
        ("wrapped", "#!/bin/sh\nexec cc -mtune=native \"$@\"\n"),
        ("conftest.c", "int main(void) { return 0; }\n"),
    ];
    let with = |body: &str| {
        let project = with_script(&format!(
            "let out = env::var(\"OUT_DIR\").unwrap();\n\
             let run = |c: &str| assert!(Command::new(\"sh\").args([\"-ec\", c]).env(\"OUT\", &out).status().unwrap().success());\n{body}\nlet value = 1;"
        ));
        for (name, text) in files {
            project.write(name, text);
        }
        project.commit("with C");
        let run = project.repro(&["build"]);
        assert_verdict(&run, 0, "REPRODUCIBLE");
        run.stdout.replace("\n            ", " ")
    };
    let called = "a compiler was called with `-march=native` in the build of fault-username 0.1.0";
    for (what, body, want) in [
        ("make", "run(\"make -s CC=cc\");", called),
        (
            "cleared",
            "run(\"env -i OUT=$OUT $(command -v make) -s CC=$(command -v cc)\");",
            "a compiler was called with `-march=native`",
        ),
        (
            "posix_spawn",
            "assert!(Command::new(\"cc\").args([\"-march=native\", \"-c\", \"a.c\", \"-o\", &format!(\"{out}/a.o\")]).status().unwrap().success());",
            called,
        ),
        (
            "a wrapper",
            "run(\"sh ./wrapped -c a.c -o $OUT/a.o\");",
            "a compiler was called with `-mtune=native`",
        ),
    ] {
        let report = with(body);
        assert!(report.contains(want), "{what}: {report}");
    }
    // Named, tried, printed, searched for: no compiler makes code that way.
    let innocent = "run(\"cc -march=native -c conftest.c -o $OUT/conftest.o; echo cc -march=native; grep -c -e -march=native Makefile; cc -DHOW=\\\\\\\"-march=native\\\\\\\" -c a.c -o $OUT/a.o\");";
    let report = with(innocent);
    assert!(!report.contains("a compiler was called with"), "{report}");
    assert!(report.contains("no compiler was seen to be called with it"), "{report}");
}

/// No function of these is the shim's.
const SCANS: &str = r#"
#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    struct dirent **list;
    glob_t found;
    if (argc > 1 && strcmp(argv[1], "glob") == 0) {
        glob("assets/*", GLOB_NOSORT, 0, &found);
        for (size_t i = 0; i < found.gl_pathc; i++) printf("%s ", found.gl_pathv[i]);
        return 0;
    }
    int count = scandir("assets", &list, 0, 0);
    for (int i = 0; i < count; i++) printf("%s ", list[i]->d_name);
}
"#;

#[test]
fn what_the_shim_does_not_reach_lists_copies_in_another_order() {
    for how in ["glob", "scandir"] {
        let project = Project::plain("fault-directory-order");
        project.write("scans.c", SCANS);
        let script = format!(
            "use std::process::Command;\nfn main() {{\n    let exe = std::env::var(\"OUT_DIR\").unwrap() + \"/scans\";\n    \
             assert!(Command::new(\"cc\").args([\"-o\", &exe, \"scans.c\"]).status().unwrap().success());\n    \
             let out = Command::new(&exe).arg({how:?}).output().unwrap();\n    \
             println!(\"cargo::rustc-env=LEAK={{}}\", String::from_utf8(out.stdout).unwrap());\n}}\n"
        );
        project.write("build.rs", &script);
        project.git(&["init", "-q"]);
        project.commit("a program that scans");
        let run = project.repro(&["build"]);
        // Either they are found, or the report says why not.
        match run.stdout.contains("in part     directory-order (programs that the preload shim") {
            true => assert_verdict(&run, 0, "REPRODUCIBLE"),
            false => assert_verdict(&run, 1, "DIFFERS"),
        }
        let run = project.repro(&["build", "--vary=-directory-order"]);
        assert_verdict(&run, 0, "REPRODUCIBLE");
    }
}

#[test]
fn what_no_run_varies_is_in_each_report() {
    let project =
        with_script("let value = ask(\"grep -m1 model /proc/cpuinfo; cat /etc/os-release\");");
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(run.stdout.contains("not varied  cpu-model, memory, devices, "), "{}", run.all());
    let listed = project.repro(&["build", "--list-variations"]).stdout;
    let json = project.repro(&["build", "--format", "json"]).json();
    let shared = json["variations"]["shared"].as_array().unwrap();
    assert!(shared.len() >= 8, "{json}");
    for name in shared {
        assert!(listed.contains(&format!("\n{} ", name.as_str().unwrap())), "{name}: {listed}");
    }
}

#[test]
fn what_a_sandbox_carries_is_listed_where_there_is_none() {
    let project = Project::committed("sound-features");
    // All of PATH but bubblewrap.
    let tools = project.base().join("tools");
    std::fs::create_dir(&tools).unwrap();
    for dir in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.file_name() != "bwrap" {
                let _ = std::os::unix::fs::symlink(entry.path(), tools.join(entry.file_name()));
            }
        }
    }
    let path = tools.display().to_string();
    let run = project.repro_env(&["build", "--format", "json"], &[("PATH", &path)]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let report = run.json();
    let missing = report["variations"]["unavailable"].as_array().unwrap();
    for name in [
        "toolchain-path",
        "username",
        "user-id",
        "hostname",
        "kernel",
        "cpu-count",
        "directory-order",
    ] {
        let why = missing.iter().find(|v| v["name"] == name).unwrap_or_else(|| panic!("{name}"));
        assert!(why.to_string().contains("install the package bubblewrap"), "{why}");
    }
    let applied = report["variations"]["applied"].as_array().unwrap();
    let none = ["user-id", "toolchain-path"];
    assert!(applied.iter().all(|v| none.iter().all(|n| v["name"] != *n)), "{report}");
}

#[test]
fn git_sees_no_change_and_no_program_sees_the_preload_shim() {
    let project = with_script(
        "let seen = (env::var_os(\"LD_PRELOAD\"), env::vars_os().any(|(name, _)| name == \"LD_PRELOAD\"));\n\
         let asked = ask(\"echo ${LD_PRELOAD-none}; env | grep -c LD_PRE; tr '\\\\0' '\\\\n' </proc/self/environ | grep -c LD_PRE\");\n\
         let value = format!(\"{seen:?} {asked} {}\", ask(\"git diff-index --name-only HEAD\"));",
    );
    // As in a build by cargo alone, whose bytes it is to have.
    for mode in ["auto", "never"] {
        assert_verdict(&project.repro(&["build", "--isolate", mode]), 0, "REPRODUCIBLE");
        assert_eq!(project.proven("fault-username"), "(None, false) none 0 0");
    }
}

#[test]
fn what_stores_its_path_is_reproducible_at_one_path() {
    if !sandboxes() {
        return;
    }
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

#[test]
fn same_path_can_be_a_setting_of_the_project() {
    if !sandboxes() {
        return;
    }
    let project = Project::committed("fault-manifest-dir");
    let text = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{text}\n[package.metadata.repro]\nsame-path = true\n"));
    project.commit("at one path");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE AT /build/fault-manifest-dir");
}

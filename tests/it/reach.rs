//! What variations reach in isolated builds, and what each report lists because nothing reaches it.

use std::os::unix::fs::PermissionsExt;

use crate::isolation::with_script;
use crate::support::{Project, assert_verdict};
use test_needs::needs;

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
    ("git log -g -1 --format=%gn", "git-config", "vcs-state"),
    ("git log -g -1 --date=raw --format=%gd", "clock", "timestamp"),
];

#[needs("sandbox")]
#[test]
fn user_id_and_files_about_host_and_kernel_are_varied() {
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

/// They have those of the day when the user's cargo checked them out.
#[test]
fn times_of_git_dependencies_are_varied() {
    let library = Project::committed("sound-edits-source");
    let manifest = std::fs::read_to_string(library.dir.join("Cargo.toml")).unwrap();
    library.write("Cargo.toml", &manifest.replace("sound-edits-source", "from-git"));
    library.write("src/lib.rs", "pub const AT: &str = env!(\"AT\");\n");
    library.write(
        "build.rs",
        "fn main() {\n    let at = std::fs::metadata(\"src/lib.rs\").unwrap().modified().unwrap();\n    \
         let at = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();\n    \
         println!(\"cargo::rustc-env=AT={at}\");\n}\n",
    );
    library.git(&["rm", "-q", "src/main.rs", "Cargo.lock"]);
    library.commit("a library that stores a time");
    let project = Project::plain("sound-features");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let url = format!("file://{}", library.dir.display());
    let manifest = format!("{manifest}\n[dependencies]\nfrom-git = {{ git = \"{url}\" }}\n");
    project.write("Cargo.toml", &manifest);
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", from_git::AT);\n}\n");
    let home = project.base().join("cargo-home");
    let home = home.to_str().unwrap();
    let mut lock = project.command("cargo", &project.dir);
    assert!(lock.arg("generate-lockfile").env("CARGO_HOME", home).status().unwrap().success());
    project.git(&["init", "-q"]);
    project.commit("with a git dependency");
    let env = [("CARGO_HOME", home)];
    let run = project.repro_env(&["build", "--format", "json"], &env);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let causes = run.json()["blame"][0]["causes"].clone();
    assert!(causes.as_array().unwrap().contains(&"source-mtime".into()), "{}", run.all());
    let run = project.repro_env(&["build", "--vary=-source-mtime"], &env);
    assert_verdict(&run, 0, "REPRODUCIBLE");
}

/// A program of musl starts with the object preloaded, and is told what others are told.
#[needs("musl-gcc")]
#[test]
fn programs_of_a_different_c_library_are_reached() {
    let asks = |code: &str| {
        let includes = ["stdio.h", "time.h", "unistd.h"].map(|name| format!("#include <{name}>\n"));
        let source = format!("{}int main(void) {{ {code} }}\n", includes.concat());
        format!(
            "let exe = env::var(\"OUT_DIR\").unwrap() + \"/asks\"; fs::write(\"asks.c\", {source:?}).unwrap();\n\
             assert!(Command::new(\"musl-gcc\").args([\"-o\", &exe, \"asks.c\"]).status().unwrap().success());\n\
             let out = Command::new(&exe).output().unwrap();\nassert!(out.status.success(), \"{{out:?}}\");\n\
             let value = String::from_utf8(out.stdout).unwrap();"
        )
    };
    let day = "printf(\"%ld\", (long)(time(0) / 86400)); return 0;";
    is_found_by(&asks(day), "clock", "timestamp");
    let name = "char name[65]; gethostname(name, sizeof name); puts(name); return 0;";
    is_found_by(&asks(name), "hostname", "hostname");
    let cpus = "printf(\"%ld\", sysconf(_SC_NPROCESSORS_ONLN)); return 0;";
    is_found_by(&asks(cpus), "cpu-count", "parallelism");
    let page = "printf(\"%ld\", sysconf(_SC_PAGESIZE)); return 0;";
    assert_verdict(&with_script(&asks(page)).repro(&["build"]), 0, "REPRODUCIBLE");
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
}

#[needs("root", "sandbox")]
#[test]
fn programs_with_the_rights_of_others_are_listed_where_they_get_them() {
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
        "toolchain-path", "username", "user-id", "hostname", "kernel", "cpu-count",
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

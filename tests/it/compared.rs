//! What is compared, and what is named or refused because it is not: no file counts twice, and nothing
//! that decides the bytes, or that a release could ship, is passed over in silence.

use crate::support::{Project, Run, assert_verdict, host};

/// Notes of a report, one a line.
fn notes(run: &Run) -> Vec<String> {
    let notes = run.stdout.lines().filter_map(|l| l.strip_prefix("note        "));
    notes.map(str::to_string).collect()
}

#[track_caller]
fn has_note(run: &Run, words: &[&str]) {
    let found = notes(run).iter().any(|note| words.iter().all(|w| note.contains(w)));
    assert!(found, "{words:?}: {}", run.all());
}

#[track_caller]
fn refused(run: &Run, words: &[&str]) {
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(words.iter().all(|w| run.stderr.contains(w)), "{words:?}: {}", run.all());
}

fn project(files: &[(&str, &str)]) -> Project {
    let project = Project::plain("sound-features");
    for (path, text) in files {
        project.write(path, text);
    }
    project.git(&["init", "-q"]);
    let lock = project.command("cargo", &project.dir).args(["update", "-w", "--offline"]).output();
    assert!(lock.unwrap().status.success());
    project.commit("as it was");
    project
}

fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}\n")
}

#[test]
fn two_packages_with_one_program_name_are_refused() {
    let bin = "[[bin]]\nname = \"tool\"\npath = \"main.rs\"\n";
    let project = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"2\"\n"),
        ("one/Cargo.toml", &package("one", bin)),
        ("one/main.rs", "fn main() {\n    println!(\"one\");\n}\n"),
        ("two/Cargo.toml", &package("two", bin)),
        ("two/main.rs", "fn main() {\n    println!(\"two\");\n}\n"),
    ]);
    refused(
        &project.repro(&["build"]),
        &["one 0.1.0 and two 0.1.0 both build a file named `tool`"],
    );
    for name in ["one", "two"] {
        assert_verdict(&project.repro(&["build", "-p", name]), 0, "REPRODUCIBLE");
        assert_eq!(project.proven("tool"), name);
    }
}

#[test]
fn files_that_differ_beside_the_artifacts_are_named() {
    let script = |text: &str| {
        format!(
            "use std::path::Path;\nfn main() {{\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    let text = {text};\n    \
             std::fs::write(format!(\"{{out}}/app.1\"), &text).unwrap();\n    \
             let beside = Path::new(&out).ancestors().nth(3).unwrap();\n    \
             // Nobody writes to these, and whoever reads them waits for ever.\n    \
             let _ = std::process::Command::new(\"mkfifo\").arg(beside.join(\"pipe\")).arg(format!(\"{{out}}/pipe\")).status();\n    \
             std::fs::write(beside.join(\"app.bash\"), &text).unwrap();\n}}\n"
        )
    };
    let project = project(&[("build.rs", &script("format!(\"{:?}\", std::time::Instant::now())"))]);
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    has_note(&run, &["1 file differs in OUT_DIR of sound-features 0.1.0", "app.1"]);
    has_note(&run, &["1 file differs in the target directory", "release/app.bash"]);
    project.write("build.rs", &script("\"the same\""));
    project.commit("the same on both sides");
    assert_eq!(notes(&project.repro(&["build"])), [""; 0]);
}

#[test]
fn debug_info_that_is_not_packed_is_named() {
    let manifest = |how: &str| {
        let profile = format!("[profile.release]\ndebug = 2\nsplit-debuginfo = \"{how}\"\n");
        package("app", &format!("{profile}\n[workspace]\n"))
    };
    let project = project(&[("Cargo.toml", &manifest("unpacked"))]);
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    has_note(
        &run,
        &["debug info is in", "the same in both builds", "split-debuginfo = \"packed\""],
    );
    project.write("Cargo.toml", &manifest("packed"));
    project.commit("packed");
    let run = project.repro(&["build"]);
    assert_eq!(notes(&run), [""; 0]);
    assert!(project.results().join("artifacts").join(host()).join("app.dwp").is_file());
}

#[test]
fn programs_that_cargo_leaves_out_are_named() {
    let rest = "[features]\nmore = []\n[[bin]]\nname = \"app\"\npath = \"src/main.rs\"\n\
                [[bin]]\nname = \"helper\"\npath = \"helper.rs\"\nrequired-features = [\"more\"]\n\
                [workspace]\nmembers = [\"other\"]\n";
    let project = project(&[
        ("Cargo.toml", &package("app", rest)),
        ("helper.rs", "fn main() {}\n"),
        ("other/Cargo.toml", &package("other", "")),
        ("other/src/main.rs", "fn main() {}\n"),
    ]);
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    has_note(&run, &["not built", "require features", "helper (--features more)"]);
    has_note(&run, &["not built", "default members", "other (of other)"]);
    for all in [&["build", "--workspace", "--all-features"][..], &["build", "--bin", "app"]] {
        assert_eq!(notes(&project.repro(all)), [""; 0], "{all:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_the_compiler_reads_outside_the_source_is_refused() {
    let main = "fn main() {\n    println!(\"{}\", include_str!(PATH).len());\n}\n";
    let project = project(&[
        ("src/main.rs", &main.replace("PATH", "\"/etc/passwd\"")),
        ("src/inside.txt", "inside"),
    ]);
    // Only this user's entry is replaced in an isolated build, so the path is that of the machine.
    std::os::unix::fs::symlink("/etc/group", project.dir.join("src/link.txt")).unwrap();
    std::os::unix::fs::symlink("inside.txt", project.dir.join("src/to-inside.txt")).unwrap();
    let run = project.repro(&["build"]);
    refused(&run, &["sound-features 0.1.0 reads `/etc/passwd`, which is outside the source"]);
    assert!(!project.results().join("repro.json").exists());
    for (name, link) in [("link.txt", true), ("to-inside.txt", false), ("inside.txt", false)] {
        project.write("src/main.rs", &main.replace("PATH", &format!("\"{name}\"")));
        project.commit(name);
        let run = project.repro(&["build"]);
        match link {
            true => refused(&run, &["reads `src/link.txt`, a link to `/etc/group`"]),
            false => assert_verdict(&run, 0, "REPRODUCIBLE"),
        }
    }
}

#[cfg(unix)]
#[test]
fn files_that_a_build_script_watches_outside_the_source_are_named() {
    let script = "fn main() {\n    println!(\"cargo::rerun-if-changed=/etc/passwd\");\n    println!(\"cargo::rerun-if-changed=build.rs\");\n}\n";
    let project = project(&[("build.rs", script)]);
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    has_note(
        &run,
        &["build script of sound-features 0.1.0 depends on 1 file outside", "/etc/passwd"],
    );
    assert_eq!(notes(&run).len(), 1, "{}", run.all());
}

#[test]
fn config_of_the_source_may_not_lead_to_crates_elsewhere() {
    for (config, words) in [
        ("paths = [\"../../ext\"]\n", "`paths` in `.cargo/config.toml` of the source leads to"),
        ("[patch.crates-io]\ncfg-if = { path = \"../../ext\" }\n", "`patch` in"),
        (
            "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"../ext\"\n",
            "`source` in",
        ),
    ] {
        let project = project(&[]);
        project.write(".cargo/config.toml", config);
        project.commit("with crates elsewhere");
        refused(&project.repro(&["build"]), &[words, "/ext`, outside the source"]);
    }
}

#[test]
fn code_for_the_cpu_of_this_machine_is_named() {
    let project = project(&[(
        "build.rs",
        "fn main() {\n    println!(\"cargo::warning=-march=native\");\n}\n",
    )]);
    let env = [("RUSTFLAGS", "-Ctarget-cpu=native"), ("CFLAGS", "-O2 -mtune=native")];
    let run = project.repro_env(&["build"], &env);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    has_note(&run, &["`-C target-cpu=native` is in force"]);
    has_note(&run, &["`-mtune=native` is in the flags of the C compiler"]);
    has_note(&run, &["the build script of sound-features 0.1.0", "`-march=native`"]);
    project.write("build.rs", "fn main() {}\n");
    project.commit("no flag");
    let env = [("RUSTFLAGS", "-Ctarget-cpu=x86-64"), ("CFLAGS", "-O2")];
    assert_eq!(notes(&project.repro_env(&["build"], &env)), [""; 0]);
}

#[test]
fn files_of_the_build_that_an_archive_has_are_part_of_the_verdict() {
    let script = |text: &str| {
        format!(
            "fn main() {{\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    let text = {text};\n    std::fs::write(format!(\"{{out}}/app.1\"), text).unwrap();\n}}\n"
        )
    };
    let include =
        "[package.metadata.repro.archive]\ninclude = [\"target/release/build/app-*/out/app.1\"]\n";
    let project = project(&[
        ("Cargo.toml", &package("app", &format!("[workspace]\n{include}"))),
        ("build.rs", &script("format!(\"{:?}\", std::time::Instant::now())")),
    ]);
    let run = project.repro(&["build"]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("app.1 (generated of app 0.1.0"), "{}", run.all());
    project.write("build.rs", &script("\"the same\""));
    project.commit("the same on both sides");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    // What another build left in the work tree is not what was compared.
    project.write("target/release/build/app-0123456789abcdef/out/app.1", "another");
    let run = project.repro(&["archive"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(!run.stdout.contains("not in the source"), "{}", run.all());
    let verified = project.repro(&["verify", "target/repro/dist/repro.json"]);
    assert_verdict(&verified, 0, "REPRODUCED");
    let manifest = project.manifest();
    let members = manifest["archives"][0]["members"].as_array().unwrap();
    let digest = repro_formats::digest::of_bytes(b"the same").sha256;
    let packed = members.iter().filter(|m| m["name"].as_str().unwrap().ends_with("/app.1"));
    assert_eq!(packed.map(|m| &m["sha256"]).collect::<Vec<_>>(), [&digest]);
}

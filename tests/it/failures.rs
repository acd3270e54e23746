//! Failures: one sentence, the exit code of the table, nothing left behind, nothing lost.

#[cfg(target_os = "linux")]
use std::io::Read;
use std::process::Stdio;

use crate::support::{Project, Run, assert_verdict, host};

#[track_caller]
fn fails(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{}", run.all());
    for word in words {
        assert!(run.stderr.contains(word), "no `{word}` in {}", run.all());
    }
}

#[test]
fn a_compile_error_is_cargos_own_shown_once() {
    let project = Project::committed("compile-error");
    let run = project.repro(&["build"]);
    fails(&run, 3, &["error[E0308]", "src/main.rs:2", "error: build "]);
    assert_eq!(run.stderr.matches("E0308]").count(), 1, "{}", run.all());
    assert!(run.stdout.is_empty() && !project.results().exists());
    let run = project.repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(3));
    let json = run.json();
    assert_eq!(json["error"]["kind"], "build-failed");
    assert_eq!(json["schema"], "repro.report/1");
    assert!(json.get("verdict").is_none());
}

#[test]
fn wrong_command_lines_are_refused() {
    let project = Project::committed("sound-features");
    fails(&project.repro(&["build", "--vary", "color"]), 2, &["unknown variation `color`"]);
    fails(&project.repro(&["build", "--no-such-flag"]), 2, &["--no-such-flag"]);
    fails(&project.repro(&["build", "--epoch", "-5"]), 2, &["-5"]);
    fails(
        &project.repro(&["build", "--pass-env", "CARGO_HOME"]),
        2,
        &["repro sets CARGO_HOME itself"],
    );
    fails(&project.repro(&["frobnicate"]), 2, &["frobnicate"]);
    fails(&project.repro(&[]), 2, &["Usage"]);
}

#[test]
fn a_name_of_nothing_is_found_before_any_checkout() {
    let project = Project::committed("sound-features");
    for (args, word) in [
        (["-p", "nope"], "no package `nope`"),
        (["--bin", "nope"], "no binary `nope`"),
        (["--features", "nope"], "feature `nope`"),
        (["--profile", "nope"], "no profile `nope`"),
        (["--target", "foo-bar-baz"], "no target `foo-bar-baz`"),
        (["--lib", "-v"], "no library in the selected packages"),
        (["-p", "sound-features@9"], "packages: sound-features@0.1.0"),
        (["--features", "sound-features/nope"], "no feature `nope`; features: extra"),
        (["--features", "nodep/x"], "no package in this workspace depends on `nodep`"),
        (["--pass-env", "A=B"], "`--pass-env A=B`: give the name of a variable alone"),
    ] {
        for (command, rev) in [("build", &[][..]), ("build", &["--rev", "HEAD"]), ("check", &[])] {
            if command == "build" || !["--pass-env", "-v"].contains(&args[0]) {
                let run = project.repro(&[&[command], rev, &args[..]].concat());
                fails(&run, 2, &[word]);
                assert!(!run.stderr.contains("fetching"), "{}", run.all());
            }
        }
    }
    // What is there is not refused: only the recipe is printed, and nothing is built.
    let args = ["build", "--show-recipe", "-p", "sound-features", "--profile", "dist"];
    let run = project.repro(&[&args[..], &["--features", "extra", "--target", &host()]].concat());
    assert_eq!(run.code, Some(0), "{}", run.all());
    // A name in the settings is no mistake of the command line.
    let metadata = "\n[package.metadata.repro]\nfeatures = [\"nope\"]\n";
    let cargo_toml = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &(cargo_toml.clone() + metadata));
    project.commit("a wrong feature");
    fails(&project.repro(&["build"]), 5, &["feature `nope`", "(named in `metadata.repro`"]);
    fails(&project.repro(&["check", "--bin", "nope"]), 2, &["no binary `nope`"]);
    // A profile of the source's own cargo config is one.
    project.write("Cargo.toml", &cargo_toml);
    project.write(".cargo/config.toml", "[profile.small]\ninherits = \"release\"\n");
    project.commit("a profile");
    let run = project.repro(&["build", "--show-recipe", "--profile", "small"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
}

#[test]
fn a_binary_of_a_package_that_is_not_selected_is_of_nothing() {
    let project = Project::committed("sound-workspace");
    let words = "no binary `first-bin` in the selected packages";
    fails(&project.repro(&["build", "-p", "c-api", "--bin", "first-bin"]), 2, &[words]);
    fails(&project.repro(&["build", "-p", "two-bins", "--lib"]), 2, &["no library"]);
    for args in
        [["-p", "two-bins", "--bin", "first-bin"], ["--lib", "--bin", "first-bin", "--bins"]]
    {
        let run = project.repro(&[&["build", "--show-recipe"], &args[..]].concat());
        assert_eq!(run.code, Some(0), "{}", run.all());
    }
}

#[cfg(unix)]
#[test]
fn a_toolchain_that_is_not_installed_is_no_fault_of_the_manifest() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::committed("sound-features");
    let rustup = project.base().join("rustup");
    let says = "error: toolchain '1.0.9-x' is not installed\nhelp: run `rustup toolchain install`";
    std::fs::write(&rustup, format!("#!/bin/sh\necho \"{}\" >&2; exit 1\n", says.replace('`', "")))
        .unwrap();
    std::fs::set_permissions(&rustup, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = project.repro_env(&["build"], &[("CARGO", rustup.to_str().unwrap())]);
    fails(&run, 4, &["the toolchain `1.0.9-x`", "run `rustup toolchain install 1.0.9-x`"]);
}

#[test]
fn a_lockfile_that_does_not_parse_is_named_as_the_users() {
    let project = Project::committed("sound-features");
    project.write("Cargo.lock", "<<<<<<< HEAD\nversion = 4\n");
    project.commit("a merge");
    let run = project.repro(&["build"]);
    fails(&run, 5, &["cargo cannot read Cargo.lock: TOML parse error at line 1"]);
    assert!(!run.stderr.contains(project.tmp().to_str().unwrap()), "{}", run.all());
}

#[test]
fn a_wrapper_that_is_not_there_is_found_before_the_builds() {
    let project = Project::committed("sound-features");
    let run = project.repro_env(&["build"], &[("RUSTC_WRAPPER", "/no/such/wrapper")]);
    fails(&run, 6, &["there is no rustc wrapper `/no/such/wrapper`"]);
    assert!(!run.stderr.contains("fetching"), "{}", run.all());
}

#[test]
fn an_archive_as_the_source_of_a_build_is_told_apart_from_a_wrong_path() {
    let project = Project::committed("sound-features");
    project.write("source.tar.gz", "");
    let run = project.repro(&["build", "--source", "source.tar.gz"]);
    fails(&run, 2, &["--source takes a directory, and `source.tar.gz` is a file: unpack it"]);
    let run = project.repro(&["build", "--source", "nowhere"]);
    fails(&run, 2, &["there is no file `nowhere/Cargo.toml`"]);
}

/// A path that leads to nothing is a mistake on the command line, whatever the command would do with it.
#[test]
fn a_wrong_path_has_one_exit_code_in_every_command() {
    let project = Project::committed("sound-features");
    let key = ["--attest", "--verifier-id", "https://a", "--resource-uri", "https://b", "--key"];
    for args in [
        &["build", "--manifest-path", "none"][..],
        &["build", "--source", "none"],
        &["check", "--manifest-path", "none"],
        &["check", "--sbom", "none"],
        &["env", "--manifest-path", "none"],
        &["init", "--manifest-path", "none"],
        &["archive", "--manifest-path", "none"],
        &["archive", "none", "-o", "x.tar"],
        &["archive", "none/Cargo.toml", "Cargo.toml/x", "-o", "x.tar"],
        &["sbom", "none"],
        &["attest", "none", "--unsigned", "--builder-id", "https://a"],
        &["attest", "--print-key", "--key", "none"],
        &["verify", "none"],
        &["verify", "--manifest", "none"],
        &["verify", "--artifact", "none", "--source", "."],
        &["verify", "--artifact", "Cargo.toml", "--source", "none"],
        &["verify", "Cargo.toml", "--keys", "none"],
        &["verify", "--against", "a=none", "b=Cargo.toml"],
        &[&["verify", "Cargo.toml"], &key[..], &["none"]].concat(),
        &["normalize", "none", "--epoch", "1"],
        &["diff", "none", "Cargo.toml"],
        &["diff", "src", "none"],
        &["inspect", "none"],
        &["ledger", "list", "--ledger", "none"],
        &["rebuilderd-sync", "none", "--base-url", "https://a", "--distribution", "a"],
        &["-C", "none", "build"],
    ] {
        let run = project.repro(args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.all());
        assert!(run.stderr.contains("`none"), "{args:?}: {}", run.all());
        assert!(run.stdout.trim().is_empty(), "{args:?}: {}", run.all());
    }
    // Controls: a file that is there but useless is a different mistake, and `sbom` names no path.
    fails(&project.repro(&["verify", "--manifest", "Cargo.toml"]), 5, &["Cargo.toml"]);
    fails(&project.repro(&["verify", "--keys", "Cargo.toml", "Cargo.toml"]), 5, &[]);
    fails(&project.repro(&["sbom"]), 4, &["run `repro build` first"]);
    // A link that leads nowhere is packed as it is.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", project.dir.join("link")).unwrap();
        let run = project.repro(&["archive", "link", "-o", "x.tar"]);
        assert_eq!(run.code, Some(0), "{}", run.all());
    }
}

#[test]
fn advice_names_the_command_that_has_the_option() {
    let project = Project::plain("sound-features");
    project.git(&["init", "-q"]);
    for args in [&["build"][..], &["init", "--dry-run"]] {
        let run = project.repro(args);
        fails(
            &run,
            4,
            &["has no commit yet: commit the source first", "`repro build --source DIR`"],
        );
    }
}

#[test]
fn no_place_for_the_results_is_found_before_the_builds() {
    let project = Project::committed("sound-features");
    std::fs::write(project.dir.join("target"), "").unwrap();
    let run = project.repro(&["build", "--allow-dirty"]);
    fails(&run, 6, &["failed to write in", "target"]);
    assert!(!run.stderr.contains("fetching"), "{}", run.all());
}

#[cfg(target_os = "linux")]
#[test]
fn no_place_for_a_file_is_found_before_the_builds() {
    let project = Project::committed("sound-features");
    let missing = project.base().join("missing");
    let below = missing.join("dir/a.html").display().to_string();
    let diff = ["diff", "--html", &below, "Cargo.toml", "Cargo.lock"];
    let patch = ["build", "--try-remedies", "--write-patch", "/proc/x"];
    let verify = ["verify", "--artifact", "Cargo.toml", "--source", "."];
    let link = [&verify[..], &["--key", "Cargo.toml", "--link", "/proc/x"]].concat();
    let output = [&verify[..], &["--output", "/proc/x"]].concat();
    for (args, code, words) in [
        (&["build", "--html", "/proc/a.html"][..], 6, "failed to write `/proc/"),
        (&["build", "--html", &below], 2, "there is no directory `"),
        (&["build", "--html", "src"], 6, "`src` is"),
        (&patch, 6, "failed to write `/proc/"),
        (&diff, 2, "there is no directory `"),
        (&output, 6, "/proc"),
        (&link, 6, "failed to write `/proc/"),
    ] {
        let run = project.repro(args);
        fails(&run, code, &[words]);
        assert!(run.stdout.is_empty() && run.stderr.lines().count() == 1, "{}", run.all());
    }
    assert!(!missing.exists());
    let run = project.repro(&["build", "--show-recipe", "--html", "a.html"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(!project.dir.join("a.html").exists());
}

/// The advice to build without isolation is given where that can help, by the option of the command.
#[cfg(target_os = "linux")]
#[test]
fn a_failed_build_pastes_no_command_and_blames_the_sandbox_only_where_it_can_be_the_reason() {
    let project = Project::committed("compile-error");
    let run = project.repro(&["build"]);
    fails(&run, 3, &["build A failed: cargo ended with exit status: 101\n"]);
    project.write("src/main.rs", "fn main() {}\n");
    project.write("build.rs", "fn main() { panic!() }\n");
    project.commit("a build script");
    let run = project.repro(&["build"]);
    let isolated = !project.repro(&["build", "--isolate", "always"]).stderr.contains("bubblewrap");
    fails(&run, 3, &["cargo ended with exit status: 101"]);
    assert_eq!(run.stderr.contains("; `--isolate never` gives it both"), isolated, "{}", run.all());
    assert!(!run.stderr.contains("--no-sandbox"), "{}", run.all());
}

#[test]
fn nothing_to_compare_is_never_a_pass() {
    let project = Project::committed("only-macro");
    fails(
        &project.repro(&["build"]),
        3,
        &["nothing to compare: the selected packages produced no binary or library"],
    );
    assert!(!project.results().join("repro.json").exists());
}

#[test]
fn broken_inputs_are_named() {
    let project = Project::committed("sound-features");
    project.write(".cargo/config.toml", "[build\n");
    fails(&project.repro(&["build"]), 5, &[".cargo/config.toml"]);
    std::fs::remove_dir_all(project.dir.join(".cargo")).unwrap();
    project.write("Cargo.toml", "[package\n");
    project.commit("broken manifest");
    fails(&project.repro(&["build"]), 5, &["Cargo.toml"]);
}

#[test]
fn a_missing_cargo_is_a_fault_of_the_host() {
    let project = Project::committed("sound-features");
    let empty = project.base().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let run = project.repro_env(&["build"], &[("PATH", empty.to_str().unwrap())]);
    fails(&run, 6, &["`cargo`: no such program"]);
}

#[test]
fn a_missing_git_is_a_fault_of_the_host() {
    let project = Project::committed("sound-features");
    let sysroot =
        std::process::Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let bin = format!("{}/bin", String::from_utf8_lossy(&sysroot.stdout).trim());
    fails(&project.repro_env(&["build"], &[("PATH", &bin)]), 6, &["`git`: no such program"]);
}

#[test]
fn an_unwritable_result_directory_is_a_fault_of_the_host() {
    let project = Project::committed("sound-features");
    project.write("target/repro", "a file in the way");
    fails(&project.repro(&["build"]), 6, &["target/repro"]);
}

#[test]
fn no_cargo_project_is_said() {
    let project = Project::plain("sound-features");
    std::fs::remove_file(project.dir.join("Cargo.toml")).unwrap();
    fails(&project.repro(&["build"]), 4, &["no Cargo.toml"]);
    fails(&project.repro(&["build", "--manifest-path", "x/Cargo.toml"]), 2, &["x/Cargo.toml"]);
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let project = Project::committed("sound-workspace");
    let start = || {
        let mut command = project.command_repro(&["build"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for child in [start(), start()] {
        assert_verdict(&child.wait_with_output().unwrap().into(), 0, "REPRODUCIBLE");
    }
    assert_eq!(project.manifest()["verdict"], "reproducible");
    assert_eq!(project.proven("first-bin"), "first-bin 3");
}

/// Processes whose command line or environment names the private scratch place.
#[cfg(target_os = "linux")]
fn processes_of(project: &Project) -> Vec<String> {
    let tmp = project.tmp().display().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter(|e| e.file_name().to_string_lossy().parse::<u32>().is_ok());
    pids.filter_map(|e| {
        let environ = std::fs::read(e.path().join("environ")).ok()?;
        let line = std::fs::read(e.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&environ)
            .contains(&tmp)
            .then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    })
    .collect()
}

#[cfg(target_os = "linux")]
fn is_ended_by(signal: &str) {
    let project = Project::committed("sleepy");
    let mut command = project.command_repro(&["build"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Both build scripts run: each has made its file.
    let bound = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while processes_of(&project).iter().filter(|p| p.starts_with("sleep 600")).count() < 2 {
        assert!(std::time::Instant::now() < bound, "the builds did not start");
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let status = child.wait().unwrap();
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(status.code(), Some(130), "{words}");
    assert!(words.contains("interrupted"), "{words}");
    assert_eq!(processes_of(&project), [""; 0]);
    assert_eq!(std::fs::read_dir(project.tmp()).unwrap().count(), 0);
    assert!(!project.results().exists());
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_both_builds_and_cleans_up() {
    is_ended_by("-INT");
}

#[cfg(target_os = "linux")]
#[test]
fn sigterm_ends_both_builds_and_cleans_up() {
    is_ended_by("-TERM");
}

/// Computing takes no notice of a signal: the program has to end all the same, and remove what it was
/// writing. The file has no content, and more of it than a minute is enough for.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_computation_and_removes_its_files() {
    let project = Project::plain("sound-features");
    let dir = project.base().join("big");
    std::fs::create_dir(&dir).unwrap();
    std::fs::File::create(dir.join("a.tar")).unwrap().set_len(1 << 40).unwrap();
    std::fs::File::create(dir.join("b.tar")).unwrap().set_len(1 << 40).unwrap();
    let diff = ["diff", "--format", "json", "a.tar", "b.tar"];
    for args in [&diff[..], &["archive", "a.tar", "-o", "out.tar.xz"]] {
        let mut command = project.command(env!("CARGO_BIN_EXE_repro"), &dir);
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // It has read some of the file.
        let read = format!("/proc/{}/io", child.id());
        let read = || -> u64 {
            let io = std::fs::read_to_string(&read).unwrap_or_default();
            io.lines().find_map(|l| l.strip_prefix("rchar: ")?.parse().ok()).unwrap_or(0)
        };
        let bound = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while read() < 10_000_000 && std::time::Instant::now() < bound {
            std::thread::yield_now();
        }
        let pid = child.id().to_string();
        assert!(
            std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success()
        );
        let run: Run = child.wait_with_output().unwrap().into();
        let words = &run.stderr;
        assert_eq!(run.code, Some(130), "{words}");
        assert!(words.ends_with("interrupted\n"), "{words}");
        assert!(args != diff || run.json()["error"]["kind"] == "interrupted", "{}", run.all());
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2, "{words}");
    }
}

#[test]
fn keep_keeps_the_scratch_directory() {
    let project = Project::committed("sound-features");
    let out: Run = project.command_repro(&["build", "--keep"]).output().unwrap().into();
    assert_verdict(&out, 0, "REPRODUCIBLE");
    let kept: Vec<_> = std::fs::read_dir(project.tmp()).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1);
    let path = kept[0].path().display().to_string();
    assert!(out.stderr.contains(&format!("scratch directory: {path}")), "{}", out.all());
}

/// A linker that has filled the disk of its temporary files, or none, and dies as one does that writes
/// through a map.
const DYING_LINKER: &str =
    "#!/bin/sh\n[ -z \"$FILL\" ] || cat /dev/zero >\"$TMPDIR/fill\" 2>/dev/null\nkill -BUS $$\n";

#[cfg(target_os = "linux")]
#[test_needs::needs("root that may mount")]
#[test]
fn a_full_scratch_disk_is_a_fault_of_the_machine() {
    let project = Project::plain("sound-features");
    project.write("dies", DYING_LINKER);
    std::fs::set_permissions(
        project.dir.join("dies"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    project.write(".cargo/config.toml", "[target.'cfg(all())']\nlinker = \"./dies\"\n");
    project.git(&["init", "-q"]);
    project.commit("with a linker that dies");
    let tmp = project.tmp().display().to_string();
    // A disk of its own, in a mount namespace of its own: nothing is left of it.
    let on_disk = |size: &str, fill: &str| -> Run {
        let script = format!(
            "mount -t tmpfs -o size={size} none '{tmp}' || exit 77\n\
             \"$0\" build --pass-env FILL --vary=-directory-order --no-replay; status=$?\n\
             [ -z \"$(ls -A '{tmp}')\" ] || {{ ls -A '{tmp}'; exit 78; }}\nexit $status"
        );
        let mut run = project.command("unshare", &project.dir);
        run.args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_repro")]).env("FILL", fill);
        run.output().unwrap().into()
    };
    let run = on_disk("48m", "");
    // The control: there is space, and the linker dies all the same.
    assert_eq!(run.code, Some(3), "{}", run.all());
    for (size, fill) in [("48m", "yes"), ("2m", "")] {
        let run = on_disk(size, fill);
        let want = format!("no space left on the disk of `{tmp}`: free some, or set TMPDIR");
        assert_eq!(run.code, Some(6), "{size}: {}", run.all());
        assert!(run.stderr.contains(&want), "{size}: {}", run.all());
    }
}

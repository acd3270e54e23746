//! What cargo takes from where and how it is called: config of the current directory, relative
//! programs, the order of PATH, the lockfile, and profiles. None of it is lost or counted wrongly.

use std::path::{Path, PathBuf};
use std::process::Command;

use repro_formats::digest;

use crate::support::{Project, Run, assert_verdict};

fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn said(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().to_string()
}

/// A toolchain as distributions have it: its directory has other programs too. `version` is what its
/// cargo says of itself.
fn kit(project: &Project, version: &str) -> PathBuf {
    let sysroot = PathBuf::from(said("rustc", &["--print", "sysroot"]));
    let kit = project.base().join("kit");
    let real = |name: &str| sysroot.join("bin").join(name).display().to_string();
    let own = kit.display();
    script(
        &kit.join("bin/rustc"),
        &format!(
            "[ \"$*\" = \"--print sysroot\" ] && echo {own} && exit\nexec {} \"$@\"",
            real("rustc")
        ),
    );
    script(
        &kit.join("bin/cargo"),
        &format!(
            "[ \"$*\" = -V ] && echo 'cargo {version}' && exit\nexec {} \"$@\"",
            real("cargo")
        ),
    );
    script(&kit.join("bin/which-one"), "echo of the distribution");
    std::os::unix::fs::symlink(sysroot.join("lib"), kit.join("lib")).unwrap();
    kit
}

fn path_of(dirs: &[&Path]) -> String {
    let old = std::env::var_os("PATH").unwrap();
    let all = dirs.iter().map(|d| d.to_path_buf()).chain(std::env::split_paths(&old));
    std::env::join_paths(all).unwrap().into_string().unwrap()
}

#[test]
fn a_toolchain_that_is_in_the_path_hides_nothing_before_it() {
    let project = Project::plain("sound-features");
    project.write(
        "build.rs",
        "fn main() {\n    let out = std::process::Command::new(\"which-one\").output().unwrap();\n    \
         println!(\"cargo::rustc-env=WHICH={}\", String::from_utf8(out.stdout).unwrap().trim());\n}\n",
    );
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", env!(\"WHICH\"));\n}\n");
    project.git(&["init", "-q"]);
    project.commit("asks a program");
    let kit = kit(&project, "1.95.0");
    let mine = project.base().join("mine");
    script(&mine.join("which-one"), "echo of the user");
    let path = path_of(&[&mine, &kit.join("bin")]);
    assert_verdict(&project.repro_env(&["build"], &[("PATH", &path)]), 0, "REPRODUCIBLE");
    assert_eq!(project.proven("sound-features"), "of the user");
}

#[test]
fn the_lockfile_that_decides_is_the_one_whose_digest_is_recorded() {
    let project = Project::committed("sound-features");
    let own = std::fs::read_to_string(project.dir.join("Cargo.lock")).unwrap();
    let other = format!("# another one\n{own}");
    project.write("locks/Cargo.lock", &other);
    project.commit("with another lockfile");
    let env = [("CARGO_RESOLVER_LOCKFILE_PATH", "locks/Cargo.lock")];
    let recorded = || project.manifest()["source"]["lockfile_sha256"].as_str().unwrap().to_string();
    for (version, expected) in [("1.97.0", &other), ("1.95.0", &own)] {
        let kit = kit(&project, version);
        let path = path_of(&[&kit.join("bin")]);
        let env = [env[0], ("PATH", path.as_str())];
        assert_verdict(&project.repro_env(&["build"], &env), 0, "REPRODUCIBLE");
        assert_eq!(recorded(), digest::of_bytes(expected.as_bytes()).sha256, "{version}");
        let manifest = project.results().join("repro.json").display().to_string();
        let verify = |args: &[&str]| {
            project.repro_env(&[&["verify", "--no-sandbox", &manifest], args].concat(), &env[1..])
        };
        // Which one it is decides the bytes: the verifier accepts it by name.
        if version == "1.97.0" {
            let run = verify(&[]);
            assert!(run.last().contains("SETTINGS: CARGO_RESOLVER_LOCKFILE_PATH"), "{}", run.all());
            assert_verdict(&verify(&["--accept-setting", env[0].0]), 0, "REPRODUCED");
        }
        std::fs::remove_dir_all(kit).unwrap();
    }
    let kit = kit(&project, "1.97.0");
    let path = path_of(&[&kit.join("bin")]);
    // A setting of the source itself needs no `--accept-setting`.
    project.write(".cargo/config.toml", "[resolver]\nlockfile-path = 'locks/Cargo.lock'\n");
    project.commit("asks for it");
    let with_kit = [("PATH", path.as_str())];
    assert_verdict(&project.repro_env(&["build"], &with_kit), 0, "REPRODUCIBLE");
    assert_eq!(recorded(), digest::of_bytes(other.as_bytes()).sha256);
    let manifest = project.results().join("repro.json").display().to_string();
    let run = project.repro_env(&["verify", "--no-sandbox", &manifest], &with_kit);
    assert_verdict(&run, 0, "REPRODUCED");
    for (name, words) in [
        ("../Cargo.lock", "/Cargo.lock`, outside the source"),
        ("none/Cargo.lock", "names `none/Cargo.lock`, which the source does not have"),
    ] {
        let env = [("CARGO_RESOLVER_LOCKFILE_PATH", name), ("PATH", path.as_str())];
        let run = project.repro_env(&["build"], &env);
        assert_eq!(run.code, Some(4), "{}", run.all());
        assert!(run.stderr.contains(words), "{}", run.all());
    }
}

#[test]
fn config_of_the_current_directory_is_in_force_with_a_manifest_path() {
    let project = Project::committed("sound-flags");
    let here = project.base().join("elsewhere");
    std::fs::create_dir_all(here.join(".cargo")).unwrap();
    std::fs::write(here.join(".cargo/config.toml"), "[build]\nrustflags = '--cfg flag_b'\n")
        .unwrap();
    let run = |args: &[&str]| -> Run {
        let mut command = project.command(env!("CARGO_BIN_EXE_repro"), &here);
        command.arg("build").args(args).output().unwrap().into()
    };
    let manifest = project.dir.join("Cargo.toml");
    let with = run(&["--manifest-path", manifest.to_str().unwrap()]);
    assert_verdict(&with, 0, "REPRODUCIBLE");
    assert!(project.proven("sound-flags").starts_with("flag_b"), "{}", with.all());
    assert!(
        with.stdout
            .contains("elsewhere/.cargo/config.toml`, which is outside the source, are in force"),
        "{}",
        with.all()
    );
    assert_eq!(project.manifest()["outside_config"][0], "[build]\nrustflags = '--cfg flag_b'");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    assert!(!project.proven("sound-flags").starts_with("flag_b"));
}

#[test]
fn relative_programs_in_variables_are_those_of_the_current_directory() {
    let project = Project::committed("sound-flags");
    script(&project.dir.join("tools/cc"), "exec cc \"$@\"");
    script(
        &project.dir.join("tools/wrap.sh"),
        "rustc=$1; shift\nexec \"$rustc\" \"$@\" --cfg from_wrapper",
    );
    let host = crate::support::host().to_uppercase().replace('-', "_");
    let linker = format!("CARGO_TARGET_{host}_LINKER");
    // Git does not track them, so no copy of the source has them.
    let env = [(linker.as_str(), "tools/cc"), ("RUSTC_WORKSPACE_WRAPPER", "./tools/wrap.sh")];
    let run = project.repro_env(&["build"], &env);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(project.proven("sound-flags").contains("from_wrapper"), "{}", run.all());
    let set = project.manifest()["environment"].to_string();
    assert!(set.contains(&format!("{}/tools/cc", project.dir.display())), "{set}");
    let app = project.manifest()["artifacts"][0]["path"].as_str().unwrap().to_string();
    let app = format!("target/repro/{app}");
    let verify = ["verify", "--no-sandbox", "--source", ".", "--artifact", &app];
    assert_verdict(&project.repro_env(&verify, &env), 0, "REPRODUCED");
}

#[test]
fn settings_of_profiles_that_are_not_used_are_none_of_the_build() {
    let project = Project::committed("sound-features");
    let outer = project.base().join(".cargo/config.toml");
    std::fs::create_dir_all(outer.parent().unwrap()).unwrap();
    std::fs::write(&outer, "[profile.dev]\ndebug = 1\n[profile.test]\nopt-level = 1\n").unwrap();
    let env = [
        ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"),
        ("CARGO_PROFILE_TEST_OPT_LEVEL", "1"),
        ("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true"),
    ];
    let names = |args: &[&str]| -> Vec<String> {
        let run = project.repro_env(args, &env);
        assert_eq!(run.code, Some(0), "{}", run.all());
        let settings = run.json()["settings"].as_array().unwrap().clone();
        settings.iter().map(|s| s["name"].as_str().unwrap().to_string()).collect()
    };
    let release = "CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS";
    assert_eq!(names(&["build", "--format", "json"]), [release]);
    assert_eq!(names(&["build", "--profile", "dist", "--format", "json"]), ["profile", release]);
    let dev = ["profile", "profile.dev.debug", "CARGO_PROFILE_DEV_DEBUG"];
    assert_eq!(names(&["build", "--profile", "dev", "--format", "json"]), dev);
}

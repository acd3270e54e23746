//! No setting of the user's is lost: what the proven program says of its flags is what plain
//! `cargo build` gives in the same place with the same settings.

#[cfg(target_os = "linux")]
use std::path::Path;

use crate::support::{Project, Run, assert_verdict, host};

struct Case {
    name: &'static str,
    config: String,
    env: Vec<(&'static str, String)>,
}

fn case(name: &'static str, config: impl Into<String>, env: &[(&'static str, &str)]) -> Case {
    Case {
        name,
        config: config.into(),
        env: env.iter().map(|(k, v)| (*k, v.to_string())).collect(),
    }
}

fn cases() -> Vec<Case> {
    let host = host();
    let target = format!("[target.{host}]\nrustflags = ['--cfg', 'flag_a']\n");
    let cfg = "[target.'cfg(unix)']\nrustflags = ['--cfg', 'flag_b']\n";
    let build = "[build]\nrustflags = ['--cfg', 'flag_a']\n";
    vec![
        case("RUSTFLAGS", "", &[("RUSTFLAGS", "--cfg flag_a")]),
        case("an empty RUSTFLAGS wipes the config's", build, &[("RUSTFLAGS", "")]),
        case(
            "CARGO_ENCODED_RUSTFLAGS over RUSTFLAGS",
            "",
            &[("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}flag_b"), ("RUSTFLAGS", "--cfg flag_a")],
        ),
        case("build.rustflags, array", build, &[]),
        case("build.rustflags, string", "[build]\nrustflags = '--cfg flag_a --cfg flag_b'\n", &[]),
        case("target.<triple>", target.clone(), &[]),
        case("target.<cfg> over build", format!("{build}{cfg}"), &[]),
        case("target.<triple> and target.<cfg>", format!("{target}{cfg}"), &[]),
        case("CARGO_BUILD_RUSTFLAGS", "", &[("CARGO_BUILD_RUSTFLAGS", "--cfg flag_a")]),
        case(
            "[env] and a profile variable",
            "[env]\nFROM_ENV_TABLE = 'yes'\n",
            &[("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")],
        ),
    ]
}

/// What plain cargo builds, run.
fn plain_cargo(project: &Project, case: &Case, target: Option<&str>) -> String {
    let mut command = project.command("cargo", &project.dir);
    command.args(["run", "--release", "--quiet", "--offline", "--target-dir", "../plain"]);
    command.args(target.iter().flat_map(|t| ["--target", t]));
    let run: Run = command.envs(case.env.iter().map(|(k, v)| (k, v))).output().unwrap().into();
    assert_eq!(run.code, Some(0), "{}: {}", case.name, run.all());
    run.stdout.trim().to_string()
}

fn check(case: &Case, target: Option<&str>, inject: &str) {
    let project = Project::plain("sound-flags");
    if !case.config.is_empty() {
        project.write(".cargo/config.toml", &case.config);
    }
    project.git(&["init", "-q"]);
    project.commit("with settings");
    let want = plain_cargo(&project, case, target);
    let mut args = vec!["build", "--inject", inject];
    args.extend(target.iter().flat_map(|t| ["--target", *t]));
    let env: Vec<_> = case.env.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let run = project.repro_env(&args, &env);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let got = project.proven("sound-flags");
    assert_eq!(got, want, "{} (target {target:?}, inject {inject})", case.name);
}

#[test]
fn flags_survive_with_the_wrapper() {
    for case in cases() {
        check(&case, None, "wrapper");
    }
}

#[test]
fn flags_survive_with_the_wrapper_and_a_target() {
    for case in cases() {
        check(&case, Some(&host()), "wrapper");
    }
}

#[test]
fn flags_survive_in_rustflags() {
    for case in cases() {
        check(&case, None, "rustflags");
    }
}

#[test]
fn flags_survive_in_rustflags_with_a_target() {
    for case in cases() {
        check(&case, Some(&host()), "rustflags");
    }
}

#[cfg(unix)]
fn write_wrapper(project: &Project, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    let script = "#!/bin/sh\nrustc=$1; shift\nexec \"$rustc\" \"$@\" --cfg from_wrapper\n";
    project.write(path, script);
    let exec = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.dir.join(path), exec).unwrap();
}

#[cfg(unix)]
#[test]
fn the_users_wrapper_is_run_in_turn() {
    for inject in ["wrapper", "rustflags"] {
        let project = Project::plain("sound-flags");
        write_wrapper(&project, "tools/wrap.sh");
        project.write(".cargo/config.toml", "[build]\nrustc-wrapper = 'tools/wrap.sh'\n");
        project.git(&["init", "-q"]);
        project.commit("with a wrapper");
        assert_verdict(&project.repro(&["build", "--inject", inject]), 0, "REPRODUCIBLE");
        assert!(project.proven("sound-flags").contains("from_wrapper"));
        // An empty variable switches the configured wrapper off, as in cargo.
        let run = project.repro_env(&["build", "--inject", inject], &[("RUSTC_WRAPPER", "")]);
        assert_verdict(&run, 0, "REPRODUCIBLE");
        assert!(!project.proven("sound-flags").contains("from_wrapper"));
        let env = [("RUSTC_WRAPPER", "tools/wrap.sh")];
        let run = project.repro_env(&["build", "--inject", inject], &env);
        assert_verdict(&run, 0, "REPRODUCIBLE");
        assert!(project.proven("sound-flags").contains("from_wrapper"));
    }
}

/// As under rustup: without it no program for Apple's systems is stripped.
#[cfg(target_os = "linux")]
#[test]
fn what_strips_programs_for_apple_finds_its_libraries() {
    let project = Project::plain("sound-flags");
    write_wrapper(&project, "tools/wrap.sh");
    let log = project.base().join("log");
    let line = format!("#!/bin/sh\necho \"$LD_LIBRARY_PATH\" >>{}\nexec \"$@\"\n", log.display());
    project.write("tools/wrap.sh", &line);
    project.write(".cargo/config.toml", "[build]\nrustc-wrapper = 'tools/wrap.sh'\n");
    let libraries = crate::support::sysroot().join("lib").canonicalize().unwrap();
    for (target, there) in [("aarch64-apple-darwin", true), (&*host(), false)] {
        // There may be no standard library for it, and there is no linker.
        let run = project
            .repro(&["build", "--once", "--epoch", "1", "--isolate", "never", "--target", target]);
        let seen = std::fs::read_to_string(&log).unwrap_or_else(|_| panic!("{}", run.all()));
        let fits = |line: &str| Path::new(line).canonicalize().is_ok_and(|dir| dir == libraries);
        assert_eq!(seen.lines().any(fits), there, "{target}: {seen}");
        std::fs::remove_file(&log).unwrap();
    }
}

#[test]
fn a_target_from_the_config_is_the_target() {
    let project = Project::plain("sound-flags");
    project.write(".cargo/config.toml", &format!("[build]\ntarget = '{}'\n", host()));
    project.git(&["init", "-q"]);
    project.commit("with a target");
    let env = [("RUSTFLAGS", "--cfg flag_a")];
    assert_verdict(&project.repro_env(&["build"], &env), 0, "REPRODUCIBLE");
    // With a target, flags do not reach build scripts.
    assert_eq!(project.proven("sound-flags"), "flag_a env=None script=false");
    assert_eq!(project.manifest()["build"]["targets"][0], host());
}

#[test]
fn a_random_build_id_is_overridden_with_a_word() {
    let project = Project::committed("sound-flags");
    let env = [("RUSTFLAGS", "-Clink-arg=-Wl,--build-id=uuid")];
    let run = project.repro_env(&["build"], &env);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(run.stdout.contains("a random build-id"), "{}", run.all());
}

#[test]
fn config_files_above_the_source_are_honored_and_reported() {
    let project = Project::committed("sound-flags");
    let outer = project.base().join(".cargo/config.toml");
    std::fs::create_dir_all(outer.parent().unwrap()).unwrap();
    std::fs::write(&outer, "[build]\nrustflags = '--cfg flag_b'\n").unwrap();
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(project.proven("sound-flags").starts_with("flag_b"));
    assert!(run.stdout.contains("which is outside the source"), "{}", run.all());
    let outside = project.manifest()["outside_config"][0].clone();
    assert_eq!(outside, "[build]\nrustflags = '--cfg flag_b'");
}

#[test]
fn target_and_build_directories_of_the_user_do_not_matter() {
    let project = Project::plain("sound-flags");
    let config = "[build]\ntarget-dir = 'elsewhere'\nbuild-dir = 'deeper/elsewhere'\njobs = 1\nincremental = true\n";
    project.write(".cargo/config.toml", config);
    project.write(".gitignore", "elsewhere\ntarget\n");
    project.git(&["init", "-q"]);
    project.commit("with directories");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    assert!(project.dir.join("elsewhere/repro/repro.json").is_file());
    let other = project.base().join("by-variable");
    let run = project.repro_env(&["build"], &[("CARGO_TARGET_DIR", other.to_str().unwrap())]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(other.join("repro/repro.json").is_file());
    assert!(!project.dir.join("deeper").exists());
}

#[test]
fn variables_are_passed_on_request_and_lost_ones_are_named() {
    let project = Project::plain("sound-flags");
    project.git(&["init", "-q"]);
    project.commit("x");
    let run = project.repro_env(&["build"], &[("FROM_ENV_TABLE", "mine")]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(
        run.stdout.contains("FROM_ENV_TABLE is set and the build asks for it"),
        "{}",
        run.all()
    );
    assert!(project.proven("sound-flags").contains("env=None"));
    let run = project
        .repro_env(&["build", "--pass-env", "FROM_ENV_TABLE"], &[("FROM_ENV_TABLE", "mine")]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(project.proven("sound-flags").contains("env=Some(\"mine\")"));
    let manifest = project.manifest();
    let row = manifest["environment"].as_array().unwrap().iter();
    let row = row.clone().find(|v| v["name"] == "FROM_ENV_TABLE").unwrap();
    assert_eq!(row["value"], "mine");
}

#[test]
fn metadata_gives_defaults_and_unknown_keys_are_refused() {
    let project = Project::plain("sound-features");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let with = |table: &str| {
        let text = format!("{manifest}\n[package.metadata.repro]\n{table}\n");
        project.write("Cargo.toml", &text);
    };
    project.git(&["init", "-q"]);
    with("features = ['extra']\nname = 'renamed'\nvary = '-clock'");
    project.commit("with metadata");
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert_eq!(project.proven("sound-features"), "extra");
    let head = "not varied  clock (switched off by the project's own metadata)";
    assert_eq!(run.stdout.lines().next(), Some(head), "{}", run.all());
    assert!(project.manifest()["recipe"].to_string().contains("/build/renamed"));
    with("color = 'red'");
    project.commit("with a mistake");
    let run = project.repro(&["build"]);
    assert_eq!(run.code, Some(5), "{}", run.all());
    assert!(run.stderr.contains("unknown key `color`"), "{}", run.all());
}

/// Who switched a variation off matters: the project's own metadata heads the report.
#[test]
fn what_was_not_varied_is_listed_with_who_did_it() {
    let project = Project::plain("sound-features");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let table = "\n[package.metadata.repro]\nvary = \"-umask,-clock\"\n";
    project.write("Cargo.toml", &(manifest + table));
    project.git(&["init", "-q"]);
    project.commit("varies less");
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let head = "not varied  umask, clock (switched off by the project's own metadata)";
    assert_eq!(run.stdout.lines().next(), Some(head), "{}", run.all());
    let off = project.manifest()["variations"]["off"].clone();
    assert_eq!(off[0], serde_json::json!({"name": "umask", "by": "project"}));

    let env = [("TZ", "Asia/Tokyo")];
    let run = project.repro_env(&["build", "--vary", "-umask", "--pass-env", "TZ", "-v"], &env);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    for line in [
        "not varied  timezone (TZ is set by --pass-env)",
        "not varied  umask (switched off with --vary)",
    ] {
        assert!(run.stdout.lines().any(|l| l == line), "{}", run.all());
    }
    assert!(!run.stdout.contains("varied      timezone"), "{}", run.all());
    let variations = &project.manifest()["variations"];
    assert_eq!(variations["off"], serde_json::json!([{"name": "umask", "by": "flag"}]));
    let held = serde_json::json!({"name": "timezone", "reason": "held"});
    let unavailable = variations["unavailable"].as_array().unwrap();
    assert!(unavailable.contains(&held), "{variations}");
    let applied = variations["applied"].as_array().unwrap();
    assert!(applied.contains(&"home".into()) && !applied.contains(&"timezone".into()));
}

/// Config that lies in files which others include: in the source, above it, in CARGO_HOME.
#[test]
fn included_config_is_followed_wherever_it_lies() {
    let project = Project::plain("sound-flags");
    let base = project.base();
    let home = base.join("cargo-home");
    for (path, text) in [
        ("outer-flags.toml", "[target.'cfg(unix)']\nrustflags = ['--cfg', 'flag_b']\n"),
        ("above.toml", "[profile.release]\ndebug-assertions = true\n"),
        (".cargo/config.toml", "include = ['../outer-flags.toml']\n"),
        (
            "cargo-home/config.toml",
            "include = [{ path = 'deep/env.toml' }, { path = 'no.toml', optional = true }]\n",
        ),
        ("cargo-home/deep/env.toml", "[env]\nFROM_ENV_TABLE = 'home'\n"),
    ] {
        let path = base.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    project.write(".cargo/config.toml", "include = ['flags.toml', '../../above.toml']\n");
    project.write(".cargo/flags.toml", "[target.'cfg(unix)']\nrustflags = ['--cfg', 'flag_a']\n");
    project.git(&["init", "-q"]);
    project.commit("with includes");
    let env = vec![("CARGO_HOME", home.display().to_string())];
    let case = Case { name: "includes", config: String::new(), env };
    let want = plain_cargo(&project, &case, None);
    assert!(want.starts_with("flag_a flag_b debug_assertions env=Some(\"home\")"), "{want}");
    for inject in ["wrapper", "rustflags"] {
        let env = [("CARGO_HOME", home.to_str().unwrap())];
        let run = project.repro_env(&["build", "--inject", inject], &env);
        assert_verdict(&run, 0, "REPRODUCIBLE");
        assert_eq!(project.proven("sound-flags"), want, "{inject}");
    }
    let outside = project.manifest()["outside_config"].to_string();
    for word in ["flag_b", "debug-assertions", "FROM_ENV_TABLE"] {
        assert!(outside.contains(word), "{word}: {outside}");
    }
    assert!(!outside.contains("flag_a"), "{outside}");
}

#[test]
fn a_variable_that_a_build_script_reads_without_announcing_it_is_named() {
    let project = Project::plain("sound-features");
    project.write(
        "build.rs",
        "fn main() {\n    let set = std::env::var(\"APP_PAGE_SHIFT\").unwrap_or_default();\n    println!(\"cargo::rustc-env=SHIFT={set}\");\n}\n",
    );
    project.git(&["init", "-q"]);
    project.commit("reads a variable");
    let set = [("APP_PAGE_SHIFT", "16"), ("APP_OTHER", "16")];
    let run = project.repro_env(&["build"], &set);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(run.stdout.contains("APP_PAGE_SHIFT is set, and the build script"), "{}", run.all());
    assert!(!run.stdout.contains("APP_OTHER"), "{}", run.all());
    let run = project.repro_env(&["build"], &[]);
    assert!(!run.stdout.contains("APP_PAGE_SHIFT"), "{}", run.all());
    // Passed on, it is a setting that the source does not ask for.
    let run = project.repro_env(&["build", "--pass-env", "APP_PAGE_SHIFT"], &set);
    assert!(run.stdout.contains("APP_PAGE_SHIFT=16: a verifier has to accept it"), "{}", run.all());
}

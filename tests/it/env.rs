//! `repro env`: a build by hand with it gives the very bytes of `repro build --inject rustflags`.

use std::path::Path;

use crate::support::Project;
#[cfg(unix)]
use crate::support::{assert_verdict, host};

/// Runs a script in a shell where `repro` is the one under test; its standard output.
fn shell(
    project: &Project,
    dir: &Path,
    program: &str,
    script: &str,
    env: &[(&str, &str)],
) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_repro")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let out = project
        .command(program, dir)
        .args(["-c", script])
        .env("PATH", path)
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{script}: {text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

#[cfg(unix)]
#[test]
fn a_build_by_hand_gives_the_very_bytes() {
    let project = Project::plain("sound-cc");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{manifest}\n[profile.release]\ndebug = 2\n"));
    // The user's own flags must come through, and a flag with a space must stay one.
    project.write(
        ".cargo/config.toml",
        "[build]\nrustflags = [\"--cfg\", \"mine\", \"--cfg\", \"named=\\\"a b\\\"\"]\n",
    );
    project.git(&["init", "-q"]);
    project.commit("as it was");
    let run = project.repro(&["build", "--inject", "rustflags"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let artifact = project.results().join("artifacts").join(host()).join("sound-cc");
    let proven = std::fs::read(artifact).unwrap();

    let build = "cargo build --release --locked --offline";
    let script = format!("eval \"$(repro env)\" && {build}");
    shell(&project, &project.dir, "sh", &script, &[]);
    let by_hand = project.dir.join("target/release/sound-cc");
    assert!(std::fs::read(&by_hand).unwrap() == proven, "other bytes than those proven");

    // Another clone, another target directory, a cargo home behind a link, and GitHub's lines.
    let clone = project.base().join("another/clone of it");
    project.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let cargo_home = project.base().join("linked-home");
    let real = std::env::var_os("CARGO_HOME")
        .map_or_else(|| std::env::home_dir().unwrap().join(".cargo"), std::path::PathBuf::from);
    std::os::unix::fs::symlink(real, &cargo_home).unwrap();
    let elsewhere = project.base().join("elsewhere");
    let env = [
        ("CARGO_HOME", cargo_home.to_str().unwrap()),
        ("CARGO_TARGET_DIR", elsewhere.to_str().unwrap()),
    ];
    let spaced = shell(&project, &clone, "sh", "repro env --format github 2>&1", &env);
    assert!(spaced.contains("has a space, which CFLAGS cannot hold"), "{spaced}");
    let clone = project.base().join("clone");
    project.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let lines = shell(&project, &clone, "sh", "repro env --format github", &env);
    let lines: Vec<(&str, &str)> = lines.lines().map(|l| l.split_once('=').unwrap()).collect();
    let all: Vec<_> = lines.iter().chain(&env).copied().collect();
    shell(&project, &clone, "sh", build, &all);
    let by_hand = std::fs::read(elsewhere.join("release/sound-cc")).unwrap();
    assert!(by_hand == proven, "other bytes than those proven");
}

/// What a shell has of these variables after it took the lines.
fn variables(text: &str) -> Vec<(String, String)> {
    let report: serde_json::Value = serde_json::from_str(text).unwrap();
    let list = report["variables"].as_array().unwrap();
    let of = |v: &serde_json::Value, key: &str| v[key].as_str().unwrap().to_string();
    list.iter().map(|v| (of(v, "name"), of(v, "value"))).collect()
}

/// What the user has set: quotes and a dollar sign must come through.
#[cfg(unix)]
const ENV: [(&str, &str); 2] = [("CFLAGS", "-DX='it'\"'\"'s \\$5'"), ("RUSTFLAGS", "--cfg mine")];

/// A shell that takes the lines has every variable, byte for byte, and the umask.
#[cfg(unix)]
fn taken_by(project: &Project, program: &str, take: &str, wanted: &[(String, String)]) {
    let out = shell(project, &project.dir, program, &format!("{take}; env -0; umask"), &ENV);
    for (name, value) in wanted {
        let line = format!("{name}={value}");
        assert!(out.split('\0').any(|l| l == line), "{program}: {line}");
    }
    assert!(out.ends_with("0022\n"), "{program}: {out}");
}

#[cfg(unix)]
#[test_needs::needs("fish")]
#[test]
fn fish_takes_the_same() {
    let project = Project::committed("sound-features");
    let wanted = variables(&project.repro_env(&["env", "--format", "json"], &ENV).stdout);
    taken_by(&project, "fish", "repro env --format fish | source", &wanted);
}

#[cfg(unix)]
#[test]
fn every_form_says_the_same() {
    let project = Project::committed("sound-features");
    let env = ENV;
    let json = project.repro_env(&["env", "--format", "json"], &env);
    assert_eq!(json.code, Some(0), "{}", json.all());
    let wanted = variables(&json.stdout);
    let value = |name: &str| &wanted.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(value("SOURCE_DATE_EPOCH"), "1700000000");
    assert!(value("CFLAGS").starts_with("-DX='it'\"'\"'s \\$5' -ffile-prefix-map="));
    assert!(
        value("CARGO_ENCODED_RUSTFLAGS").starts_with("--cfg\u{1f}mine\u{1f}--remap-path-prefix=")
    );

    taken_by(&project, "sh", "eval \"$(repro env)\"", &wanted);
    let powershell = project.repro_env(&["env", "--format", "powershell"], &env);
    let docker = project.repro_env(&["env", "--format", "dockerfile"], &env).stdout;
    for (name, _) in &wanted {
        assert!(powershell.stdout.contains(&format!("$env:{name} = ")), "{name}");
        let in_docker =
            docker.contains(&format!("ENV {name}=")) || name == "CARGO_ENCODED_RUSTFLAGS";
        assert!(in_docker, "{name}: {docker}");
    }
    // Nothing of this machine is in what is for a container.
    assert!(
        !docker.contains(project.dir.to_str().unwrap()) && !docker.contains("mine"),
        "{docker}"
    );
    assert!(docker.contains("ENV RUSTFLAGS=\"--remap-path-prefix=/usr/local/cargo=/cargo --remap-path-prefix=/usr/src/sound-features=/build/sound-features "), "{docker}");
}

#[test]
fn a_tree_that_is_changed_is_told() {
    let project = Project::committed("sound-features");
    project.write("src/main.rs", "fn main() { println!(\"changed\"); }\n");
    let run = project.repro(&["env"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert!(
        run.stderr.contains("note: the tree has 1 uncommitted change (src/main.rs)"),
        "{}",
        run.all()
    );
    assert!(run.last().starts_with("# then: cargo build --locked"), "{}", run.all());
    // Several variables in a row can have one reason.
    let mut reasons = run.stdout.lines().filter(|l| l.starts_with("# ")).collect::<Vec<_>>();
    let all = reasons.len();
    reasons.dedup();
    assert_eq!(reasons.len(), all, "{}", run.all());
}

//! `repro init`: what it writes holds, and the steps of its workflow end in what they promise.

use std::path::{Path, PathBuf};

use crate::support::{Project, Run, host};

/// A project with the metadata that a published one has, and a remote.
fn project() -> Project {
    let project = Project::plain("sound-features");
    project.git(&["init", "-q"]);
    project.git(&["remote", "add", "origin", "git@github.com:someone/app.git"]);
    project.commit("as it was");
    project
}

const WRITTEN: [&str; 7] = [
    "Cargo.toml",
    "rust-toolchain.toml",
    "deny.toml",
    ".github/workflows/reproducible-release.yml",
    "Dockerfile.repro",
    "Dockerfile.repro.dockerignore",
    "REPRODUCIBILITY.md",
];

fn read(project: &Project, path: &str) -> String {
    std::fs::read_to_string(project.dir.join(path)).unwrap_or_default()
}

fn states(run: &Run) -> Vec<(String, String)> {
    let json = run.json();
    let files = json["files"].as_array().unwrap();
    let text = |f: &serde_json::Value, key: &str| f[key].as_str().unwrap().to_string();
    files.iter().map(|f| (text(f, "path"), text(f, "state"))).collect()
}

#[test]
fn what_is_written_is_shown_and_nothing_is_overwritten() {
    let project = project();
    let before = read(&project, "Cargo.toml");
    let dry = project.repro(&["init", "--dry-run"]);
    assert_eq!((dry.code, dry.last()), (Some(0), "WOULD WRITE 7"), "{}", dry.all());
    assert!(dry.stdout.contains("    name: reproducible release\n"), "{}", dry.all());
    assert_eq!(project.git(&["status", "--porcelain"]), "");

    project.write("deny.toml", "# mine\n");
    let run = project.repro(&["init"]);
    assert_eq!((run.code, run.last()), (Some(0), "WROTE 6, 1 kept as they are"), "{}", run.all());
    assert_eq!(read(&project, "deny.toml"), "# mine\n");
    let manifest = read(&project, "Cargo.toml");
    assert!(
        manifest.starts_with(before.trim_end())
            && manifest.contains("[workspace.metadata.repro]\n")
    );

    let again = project.repro(&["init"]);
    assert_eq!(again.last(), "NOTHING TO WRITE, 1 kept as they are", "{}", again.all());
    let forced = project.repro(&["init", "--force", "--format", "json"]);
    let changed: Vec<_> = states(&forced).into_iter().filter(|(_, s)| s != "same").collect();
    assert_eq!(changed, [("deny.toml".to_string(), "overwritten".to_string())]);
    assert_eq!(read(&project, "Cargo.toml"), manifest);

    project.commit("initialized");
    for path in WRITTEN {
        assert!(
            !read(&project, path).contains('@')
                || path.starts_with('.')
                || path.starts_with("Docker"),
            "{path}"
        );
    }
    let check = project.repro(&["check", "--deny", "warnings"]);
    assert_eq!(check.code, Some(0), "{}", check.all());
}

#[test]
fn the_guide_and_the_dockerfile_have_the_projects_own_values() {
    let project = project();
    let run = project.repro(&["init", "--profile", "dist", "--features", "extra"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let guide = read(&project, "REPRODUCIBILITY.md");
    for value in
        ["https://github.com/someone/app", "`dist`", "`sound-features`", "--features extra"]
    {
        assert!(guide.contains(value), "{value}: {guide}");
    }
    let docker = read(&project, "Dockerfile.repro");
    let copy = "COPY --from=builder /usr/src/sound-features/target/x86_64-unknown-linux-gnu/dist/sound-features /usr/local/bin/sound-features\n";
    for line in
        [copy, "ENTRYPOINT [\"/usr/local/bin/sound-features\"]\n", "ENV CARGO_INCREMENTAL=\"0\"\n"]
    {
        assert!(docker.contains(line) || cfg!(not(target_arch = "x86_64")), "{line}: {docker}");
    }
    let manifest = read(&project, "Cargo.toml");
    assert!(manifest.contains("profile = \"dist\"\nfeatures = [\"extra\"]\n"), "{manifest}");
}

#[test]
fn programs_are_those_that_the_features_give() {
    let project = project();
    let manifest = read(&project, "Cargo.toml");
    let more = "\n[[bin]]\nname = \"more\"\npath = \"src/main.rs\"\nrequired-features = [\"extra\"]\n\
        [[bin]]\nname = \"sound-features\"\npath = \"src/main.rs\"\n";
    let programs = |features: &str, args: &[&str]| {
        let manifest = manifest.replace("[features]\n", features);
        project.write("Cargo.toml", &format!("{manifest}{more}"));
        let run = project.repro(&[&["init", "--dry-run"], args].concat());
        let line = run.stdout.lines().find(|l| l.trim().starts_with("| artifacts |"));
        line.unwrap_or_else(|| panic!("{}", run.all())).trim().to_string()
    };
    let all = "| artifacts | `more`, `sound-features` |";
    let one = "| artifacts | `sound-features` |";
    assert_eq!(programs("[features]\n", &[]), one);
    assert_eq!(programs("[features]\n", &["--features", "extra"]), all);
    let default = "[features]\ndefault = [\"extra\"]\n";
    assert_eq!(programs(default, &[]), all);
    assert_eq!(programs(default, &["--no-default-features"]), one);
    assert_eq!(programs(default, &["--bin", "more"]), "| artifacts | `more` |");
}

#[cfg(unix)]
#[test]
fn the_command_that_fills_in_digests_fills_them_in() {
    let project = project();
    project.repro(&["init"]);
    let docker = read(&project, "Dockerfile.repro");
    let lines = docker.lines().skip_while(|l| !l.contains("for image in"));
    let command: Vec<&str> = lines.take(4).map(|l| l.trim_start_matches('#')).collect();
    // Docker itself is not here; what it would print is.
    let script = format!("docker() {{ echo sha256:{}; }}\n{}", "ab".repeat(32), command.join("\n"));
    let out = project.command("sh", &project.dir).args(["-ec", &script]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let filled = read(&project, "Dockerfile.repro");
    assert_eq!(filled.matches(&format!("@sha256:{}\n", "ab".repeat(32))).count(), 2, "{filled}");
    assert!(!filled.contains("fill-in-the-digest"));
}

#[test]
fn a_project_that_has_nothing_to_release_gets_the_pins_alone() {
    let project = project();
    std::fs::remove_file(project.dir.join("src/main.rs")).unwrap();
    project.write("src/lib.rs", "");
    project.commit("a library");
    let run = project.repro(&["init", "--format", "json"]);
    let paths: Vec<String> = states(&run).into_iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["Cargo.toml", "rust-toolchain.toml", "deny.toml"], "{}", run.all());
}

#[test]
fn a_project_at_one_path_is_built_there_in_the_container_too() {
    let project = Project::committed("fault-manifest-dir");
    let manifest = read(&project, "Cargo.toml");
    let setting = "\n[package.metadata.repro]\nsame-path = true\n";
    project.write("Cargo.toml", &format!("{manifest}{setting}"));
    project.repro(&["init"]);
    // As the container's command has it: with another target, or none, the bytes are others.
    let targets = format!("same-path = true\ntargets = [\"{}\"]\n", host());
    assert!(read(&project, "Cargo.toml").contains(&targets), "{}", read(&project, "Cargo.toml"));
    let text = read(&project, "Dockerfile.repro");
    for line in [
        "WORKDIR /build/fault-manifest-dir\n",
        "ENV CARGO_HOME=\"/cargo\"\n",
        "COPY --from=builder /build/fault-manifest-dir/target/",
        "--remap-path-prefix=/cargo=/cargo ",
        "--remap-path-prefix=/build/.toolchain/lib/rustlib/src/rust=",
        "ENV PATH=\"/build/.toolchain/bin:$PATH\"\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("/usr/src") && !text.contains("/usr/local/cargo"), "{text}");
}

/// A mount namespace of its own stands for the container: the source in /usr/src, the cargo and
/// rustup homes where the official images have them.
#[cfg(target_os = "linux")]
const CONTAINER: &str = "
mount -t tmpfs none /usr/src
if [ ! -d /usr/local/cargo ]; then
    mount -t tmpfs none /usr/local
    mkdir /usr/local/cargo /usr/local/rustup
    mount --bind \"$CARGO_HOME\" /usr/local/cargo
    if [ -d \"$RUSTUP_HOME\" ]; then
        mount --bind \"$RUSTUP_HOME\" /usr/local/rustup
        export RUSTUP_HOME=/usr/local/rustup
    fi
fi
export CARGO_HOME=/usr/local/cargo
command -v cargo >/dev/null || exit 77
git clone -q \"$SOURCE\" /usr/src/sound-cc
cd /usr/src/sound-cc
sed -n 's/^ENV /export /p' Dockerfile.repro | grep -v SOURCE_DATE_EPOCH >\"$TMPDIR/env\"
. \"$TMPDIR/env\"
sed -n 's/^RUN umask/umask/p' Dockerfile.repro >\"$TMPDIR/run\"
sh -e \"$TMPDIR/run\"
cp target/*/release/sound-cc \"$RESULT\"
";

#[cfg(target_os = "linux")]
#[test]
fn the_recipe_of_the_dockerfile_gives_the_very_bytes() {
    let project = Project::plain("sound-cc");
    let manifest = read(&project, "Cargo.toml");
    let debug = "\n[profile.release]\ndebug = 2\n";
    project.write("Cargo.toml", &format!("{manifest}{debug}"));
    project.git(&["init", "-q"]);
    project.commit("as it was");
    project.repro(&["init"]);
    project.commit("initialized");
    let result = project.base().join("sound-cc");
    let out = project
        .command("unshare", &project.dir)
        .args(["--map-root-user", "--mount", "sh", "-ec", CONTAINER])
        .env("SOURCE", &project.dir)
        .env("RESULT", &result)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output();
    let words = match &out {
        Ok(out) => String::from_utf8_lossy(&out.stderr).into_owned(),
        Err(e) => e.to_string(),
    };
    let begun = words.contains("Compiling");
    if !begun {
        eprintln!(
            "no mount namespace can be had here, so that the Dockerfile was not followed: {words}"
        );
        return;
    }
    for name in ["env", "run"] {
        std::fs::remove_file(project.tmp().join(name)).unwrap();
    }
    assert!(out.unwrap().status.success(), "{words}");
    let run = project.repro(&["build", "--inject", "rustflags"]);
    assert_eq!(run.last(), "REPRODUCIBLE", "{}", run.all());
    let artifacts = project.results().join("artifacts").join(host());
    let proven = std::fs::read(artifacts.join("sound-cc")).unwrap();
    assert!(std::fs::read(&result).unwrap() == proven, "other bytes than those proven");
}

/// The steps of a job that run something: name and script. The workflow is of this program, so
/// that its indentation is known.
fn steps(workflow: &str, job: &str) -> Vec<(String, String)> {
    let start = workflow.find(&format!("\n  {job}:\n")).unwrap() + 1;
    let rest: Vec<&str> = workflow[start..].lines().skip(1).collect();
    let body = rest.iter().take_while(|l| l.is_empty() || l.starts_with("    "));
    let mut found: Vec<(String, String)> = Vec::new();
    let mut name = String::new();
    let mut block = false;
    for line in body {
        if let Some(text) = line.strip_prefix("      - name: ") {
            name = text.to_string();
            block = false;
        } else if let Some(text) = line.strip_prefix("        run: ") {
            block = text == "|";
            let first = if block { "" } else { text };
            found.push((name.clone(), first.to_string()));
        } else if let (true, Some(text)) = (block, line.strip_prefix("          ")) {
            let script = &mut found.last_mut().unwrap().1;
            script.push_str(text);
            script.push('\n');
        } else {
            block = false;
        }
    }
    found
}

#[cfg(target_os = "linux")]
#[test]
fn the_steps_of_the_workflow_end_in_what_they_promise() {
    let project = project();
    project.repro(&["init"]);
    project.commit("initialized");
    let workflow = read(&project, ".github/workflows/reproducible-release.yml");
    let bin = Path::new(env!("CARGO_BIN_EXE_repro")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    // Each step in a shell as GitHub's runners start it.
    let run = |job: &str, dir: &Path| -> String {
        let mut said = String::new();
        for (name, script) in steps(&workflow, job) {
            if name.starts_with("Install") || name == "Publish" {
                continue;
            }
            let mut command = project.command("bash", dir);
            command
                .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
                .env("PATH", &path);
            let out = command.output().unwrap();
            said = String::from_utf8_lossy(&out.stdout).into_owned();
            let words = String::from_utf8_lossy(&out.stderr);
            assert!(out.status.success(), "{job}: {name}: {said}{words}");
        }
        said
    };
    let clone = |name: &str| -> PathBuf {
        let dir = project.base().join(name);
        project.git(&["clone", "-q", ".", dir.to_str().unwrap()]);
        project.git_in(&dir, &["remote", "set-url", "origin", "https://github.com/someone/app"]);
        dir
    };
    let store = project.base().join("compare");
    for runner in ["one", "two"] {
        let dir = clone(runner);
        run("build", &dir);
        let kept = store.join("runners").join(format!("repro-{runner}"));
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::rename(dir.join("target/repro/dist"), kept).unwrap();
    }
    let said = run("compare", &store);
    assert!(said.ends_with("AGREED: 2 of 2 agree, 2 have to\n"), "{said}");
    assert!(said.contains("runner-1, runner-2 agree with each other"), "{said}");
    let third = clone("three");
    std::fs::create_dir(third.join("dist")).unwrap();
    for entry in std::fs::read_dir(store.join("runners/repro-one")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, third.join("dist").join(path.file_name().unwrap())).unwrap();
    }
    let said = run("verify", &third);
    assert!(said.ends_with("REPRODUCED\n"), "{said}");

    // What must fail does: an artifact or an archive that the other runner made otherwise.
    let manifest = store.join("runners/repro-two/repro.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (_, script) = steps(&workflow, "compare").pop().unwrap();
    for list in ["artifacts", "archives"] {
        let digest = value[list][0]["sha256"].as_str().unwrap();
        std::fs::write(&manifest, text.replace(digest, &"0".repeat(64))).unwrap();
        let mut command = project.command("bash", &store);
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script]);
        let out = command.env("PATH", &path).output().unwrap();
        assert_eq!(out.status.code(), Some(1), "{list}");
    }
}

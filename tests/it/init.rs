//! `repro init`: what it writes holds, and the steps of its workflow end in what they promise.

#[cfg(target_os = "linux")]
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

/// The commit of repro that the workflows install: what a tag is on is not looked up in tests.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const WRITTEN: [&str; 8] = [
    "Cargo.toml",
    "rust-toolchain.toml",
    "deny.toml",
    ".github/workflows/reproducible-check.yml",
    ".github/workflows/release.yml",
    "Dockerfile.repro",
    "Dockerfile.repro.dockerignore",
    "REPRODUCIBILITY.md",
];

fn init(project: &Project, args: &[&str]) -> Run {
    project.repro(&[&["init", "--install", COMMIT], args].concat())
}

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
    let dry = init(&project, &["--dry-run"]);
    assert_eq!((dry.code, dry.last()), (Some(0), "WOULD WRITE 8"), "{}", dry.all());
    assert!(dry.stdout.contains("    name: reproducible release\n"), "{}", dry.all());
    assert_eq!(project.git(&["status", "--porcelain"]), "");

    project.write("REPRODUCIBILITY.md", "# Reproducibility\n\nMine.\n");
    let run = init(&project, &[]);
    assert_eq!((run.code, run.last()), (Some(0), "WROTE 7, 1 file kept"), "{}", run.all());
    assert!(run.stdout.contains("\n    -Mine.\n"), "{}", run.all());
    assert_eq!(read(&project, "REPRODUCIBILITY.md"), "# Reproducibility\n\nMine.\n");
    let manifest = read(&project, "Cargo.toml");
    assert!(
        manifest.starts_with(before.trim_end())
            && manifest.contains("[workspace.metadata.repro]\n")
    );

    let again = init(&project, &[]);
    assert_eq!(again.last(), "NOTHING TO WRITE, 1 file kept", "{}", again.all());
    let forced = init(&project, &["--force", "--format", "json"]);
    let changed: Vec<_> = states(&forced).into_iter().filter(|(_, s)| s != "same").collect();
    assert_eq!(changed, [("REPRODUCIBILITY.md".to_string(), "overwritten".to_string())]);
    assert_eq!(read(&project, "Cargo.toml"), manifest);

    project.commit("initialized");
    for path in WRITTEN {
        assert!(
            !read(&project, path).replace("@refs/tags/TAG", "").contains('@')
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
    let run = init(&project, &["--profile", "dist", "--features", "extra"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let guide = read(&project, "REPRODUCIBILITY.md");
    for value in ["https://github.com/someone/app", "`dist`", "`sound-features`", COMMIT] {
        assert!(guide.contains(value), "{value}: {guide}");
    }
    let docker = read(&project, "Dockerfile.repro");
    let line = format!("RUN repro build --once --isolate never --target {} \\\n", host());
    assert!(docker.contains(&line) && docker.contains(COMMIT), "{line}: {docker}");
    let manifest = read(&project, "Cargo.toml");
    assert!(manifest.contains("profile = \"dist\"\nfeatures = [\"extra\"]\n"), "{manifest}");
}

#[test]
fn nothing_of_this_machine_comes_into_the_files() {
    let project = project();
    for remote in ["/srv/git/app.git", "file:///srv/git/app.git", "https://me:secret@host/srv/app"]
    {
        project.git(&["remote", "set-url", "origin", remote]);
        let run = init(&project, &["--dry-run"]);
        let shown = run.stdout.replace("https://host/srv/app", "");
        for part in ["/srv", "secret", project.dir.to_str().unwrap()] {
            assert!(!shown.contains(part), "{part}: {shown}");
        }
    }
}

#[test]
fn repro_is_installed_from_what_cannot_move() {
    let project = project();
    let digest = "ab".repeat(32);
    let run = project.repro(&["init", "--dry-run", "--install", &digest]);
    assert!(run.stdout.contains(&format!("REPRO_SHA256: {digest} ")), "{}", run.all());
    assert!(run.stdout.contains("sha256sum --check"), "{}", run.all());
    let mac = ["init", "--dry-run", "--target", "aarch64-apple-darwin", "--install", &digest];
    assert_eq!(project.repro(&mac).code, Some(2));
    for moving in ["v0.1.0", "main", "0123456"] {
        assert_eq!(project.repro(&["init", "--install", moving]).code, Some(2), "{moving}");
    }
    assert_eq!(project.git(&["status", "--porcelain"]), "");

    // The tag of this version is looked up, where it is to be found.
    let version = env!("CARGO_PKG_VERSION");
    project.git(&["tag", "-a", "-m", "x", &format!("v{version}")]);
    for (place, value) in [
        (project.dir.clone(), project.git(&["rev-parse", "HEAD"])),
        (project.base(), "fill-in-the-commit".to_string()),
    ] {
        let url = env!("CARGO_PKG_REPOSITORY");
        let config = format!("[url \"{}\"]\n\tinsteadOf = {url}\n", place.display());
        std::fs::write(project.base().join("home/.gitconfig"), config).unwrap();
        let run = project.repro(&["init", "--dry-run"]);
        assert!(run.stdout.contains(&format!("REPRO_COMMIT: {value}")), "{}", run.all());
        let told = run.stdout.contains("next 1      the commit of repro");
        assert_eq!(told, value.starts_with("fill"), "{}", run.all());
    }
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
        let run = init(&project, &[&["--dry-run"], args].concat());
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
    init(&project, &[]);
    let docker = read(&project, "Dockerfile.repro");
    let lines = docker.lines().skip_while(|l| !l.contains("digest=$("));
    let command: Vec<&str> = lines.take(2).map(|l| l.trim_start_matches('#')).collect();
    // Docker itself is not here; what it would print is.
    let script = format!("docker() {{ echo sha256:{}; }}\n{}", "ab".repeat(32), command.join("\n"));
    let out = project.command("sh", &project.dir).args(["-ec", &script]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let filled = read(&project, "Dockerfile.repro");
    assert_eq!(filled.matches(&format!("@sha256:{}\n", "ab".repeat(32))).count(), 1, "{filled}");
    assert!(!filled.contains("fill-in-the-digest"));
}

#[test]
fn a_project_that_has_nothing_to_release_gets_the_pins_alone() {
    let project = project();
    std::fs::remove_file(project.dir.join("src/main.rs")).unwrap();
    project.write("src/lib.rs", "");
    project.commit("a library");
    let run = init(&project, &["--format", "json"]);
    let paths: Vec<String> = states(&run).into_iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["Cargo.toml", "rust-toolchain.toml", "deny.toml"], "{}", run.all());
}

#[test]
fn a_project_at_one_path_has_no_dockerfile() {
    let project = Project::committed("fault-manifest-dir");
    let manifest = read(&project, "Cargo.toml");
    let setting = "\n[package.metadata.repro]\nsame-path = true\n";
    project.write("Cargo.toml", &format!("{manifest}{setting}"));
    let run = init(&project, &[]);
    // As the workflow has it: with another target, or none, the bytes are others.
    let targets = format!("same-path = true\ntargets = [\"{}\"]\n", host());
    assert!(read(&project, "Cargo.toml").contains(&targets), "{}", read(&project, "Cargo.toml"));
    assert!(run.stdout.contains("no Dockerfile.repro was written"), "{}", run.all());
    assert_eq!(read(&project, "Dockerfile.repro"), "");
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
    init(&project, &[]);
    project.commit("initialized");
    let workflow = read(&project, ".github/workflows/release.yml");
    let bin = Path::new(env!("CARGO_BIN_EXE_repro")).parent().unwrap();
    let select = format!("--target {}", host());
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    // Each step in a shell as GitHub's runners start it.
    let run = |job: &str, dir: &Path| -> String {
        let mut said = String::new();
        for (name, script) in steps(&workflow, job) {
            if name.starts_with("Install") || name.starts_with("Prepare") {
                continue;
            }
            let mut command = project.command("bash", dir);
            command
                .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
                .env("PATH", &path)
                .envs([("SELECT", &select[..]), ("ISOLATE", "auto"), ("PACK", "")])
                .envs([("BUILDER_ID", "https://example.org/one"), ("RUNNER_OS", "here")]);
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
    let third = clone("three");
    for runner in ["one", "two"] {
        let dir = clone(runner);
        run("build", &dir);
        let kept = third.join("target").join(runner);
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::rename(dir.join("target/repro/dist"), kept).unwrap();
    }
    let said = run("verify", &third);
    assert!(said.ends_with("REPRODUCED\n"), "{said}");

    // What Dockerfile.repro runs gives the same bytes, in a clone at another path.
    let docker = read(&project, "Dockerfile.repro");
    let (_, line) = docker.split_once("\nRUN repro build").unwrap();
    let line = format!("repro build{}", line.split_once(" \\\n").unwrap().0);
    let fourth = clone("four");
    let mut command = project.command("sh", &fourth);
    assert!(command.args(["-ec", &line]).env("PATH", &path).output().unwrap().status.success());
    let program = format!("target/repro/artifacts/{}/sound-features", host());
    let bytes = |dir: &Path| std::fs::read(dir.join(&program)).unwrap();
    assert!(bytes(&fourth) == bytes(&project.base().join("one")), "other bytes than the release's");

    // What must fail does: an artifact or an archive that the other runner made otherwise.
    let manifest = third.join("target/two/repro.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let all = steps(&workflow, "verify");
    let (_, script) = all.iter().find(|(name, _)| name == "Compare both runners").unwrap();
    for list in ["artifacts", "archives"] {
        let digest = value[list][0]["sha256"].as_str().unwrap();
        std::fs::write(&manifest, text.replace(digest, &"0".repeat(64))).unwrap();
        let mut command = project.command("bash", &third);
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        let out = command.env("PATH", &path).output().unwrap();
        assert_eq!(out.status.code(), Some(1), "{list}");
    }
}

//! `repro init` in projects of the shapes that published ones have. One snapshot has the files for a package
//! with nothing special; for every other shape there is the report, and how its files differ from those.
//!
//! With `REPRO_INIT_SHAPES=DIR` the projects are also left in DIR as commits, for linters and for running
//! the steps of their workflows.

use std::path::Path;

use crate::support::{Project, host, rustc};

/// The commit of repro that the workflows install.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A repository with these files, which has a lockfile and a remote.
fn repository(files: &[(&str, &str)]) -> Project {
    let project = Project::plain("sound-features");
    for name in ["Cargo.toml", "Cargo.lock", "src"] {
        let path = project.dir.join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    for (path, text) in files {
        project.write(path, text);
    }
    let below = if project.dir.join("Cargo.toml").exists() { "" } else { "cli" };
    let dir = project.dir.join(below);
    let out = project.command("cargo", &dir).args(["generate-lockfile", "--offline"]).output();
    assert!(out.as_ref().unwrap().status.success(), "{out:?}");
    project.git(&["init", "-q"]);
    project.git(&["remote", "add", "origin", "git@github.com:someone/tools.git"]);
    project.commit("as it was");
    project
}

const APP: &str = "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
const MAIN: (&str, &str) = ("src/main.rs", "fn main() {\n    println!(\"app\");\n}\n");
const README: (&str, &str) = ("README.md", "# app\n");
const LICENSE: (&str, &str) = ("LICENSE", "Do what you like.\n");
const PINNED: (&str, &str) = ("rust-toolchain.toml", "[toolchain]\nchannel = \"RELEASE\"\n");

fn member(name: &str, version: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n")
}

/// A workspace of five programs, with these versions.
fn five(versions: [&str; 5]) -> Project {
    let names = ["alpha", "beta", "delta", "gamma", "omega"];
    let mut files = vec![
        (
            "Cargo.toml".to_string(),
            "[workspace]\nmembers = [\"alpha\", \"beta\", \"delta\", \"gamma\", \"omega\"]\nresolver = \"2\"\n"
                .to_string(),
        ),
        (README.0.to_string(), README.1.to_string()),
        (LICENSE.0.to_string(), LICENSE.1.to_string()),
    ];
    for (name, version) in names.iter().zip(versions) {
        files.push((format!("{name}/Cargo.toml"), member(name, version)));
        files.push((format!("{name}/src/main.rs"), MAIN.1.to_string()));
    }
    let files: Vec<_> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    repository(&files)
}

/// What ripgrep has: a program with library crates, several licenses, and a workflow that releases tags.
fn ripgrep() -> Project {
    let root = format!(
        "{APP}\n[workspace]\nmembers = [\"crates/matcher\"]\n\n[dependencies]\nmatcher = {{ path = \"crates/matcher\" }}\n\n[profile.release-lto]\ninherits = \"release\"\nlto = \"fat\"\n"
    );
    let release = "name: release\non:\n  push:\n    tags:\n    - \"[0-9]+.[0-9]+.[0-9]+\"\njobs:\n  create-release:\n    runs-on: ubuntu-latest\n    steps:\n      - run: gh release create $VERSION\n";
    repository(&[
        ("Cargo.toml", &root),
        MAIN,
        ("crates/matcher/Cargo.toml", &member("matcher", "0.1.7")),
        ("crates/matcher/src/lib.rs", ""),
        README,
        ("LICENSE-MIT", "MIT\n"),
        ("UNLICENSE", "public domain\n"),
        ("COPYING", "either\n"),
        (".github/workflows/release.yml", release),
        (".github/workflows/ci.yml", "name: ci\non: [push, pull_request]\njobs: {}\n"),
    ])
}

const DIST: &str = "[workspace]\nmembers = [\"cargo:.\"]\n\n[dist]\ncargo-dist-version = \"0.30.0\"\nci = \"github\"\ninstallers = [\"shell\"]\ntargets = [\"aarch64-apple-darwin\", \"aarch64-unknown-linux-gnu\", \"x86_64-apple-darwin\", \"x86_64-unknown-linux-gnu\", \"x86_64-pc-windows-msvc\"]\n";

fn cargo_dist() -> Project {
    let manifest = format!("{APP}\n[profile.dist]\ninherits = \"release\"\nlto = \"thin\"\n");
    let release = "name: Release\non:\n  pull_request:\n  push:\n    tags:\n      - '**[0-9]+.[0-9]+.[0-9]+*'\njobs: {}\n";
    repository(&[
        ("Cargo.toml", &manifest),
        MAIN,
        README,
        LICENSE,
        ("dist-workspace.toml", DIST),
        (".github/workflows/release.yml", release),
    ])
}

fn below() -> Project {
    repository(&[
        ("README.md", "# all\n"),
        ("cli/Cargo.toml", APP),
        ("cli/src/main.rs", MAIN.1),
        ("cli/README.md", "# app\n"),
        ("cli/LICENSE", LICENSE.1),
        ("web/index.html", "<p>\n"),
    ])
}

fn c_abi() -> Project {
    let manifest = format!("{APP}\n[lib]\ncrate-type = [\"cdylib\", \"staticlib\"]\n");
    let code = "#[no_mangle]\npub extern \"C\" fn seven() -> i32 {\n    7\n}\n";
    repository(&[("Cargo.toml", &manifest), ("src/lib.rs", code), README, LICENSE])
}

fn plain() -> Project {
    repository(&[("Cargo.toml", APP), MAIN, README, LICENSE])
}

fn with(name: &str, text: &str) -> Project {
    repository(&[("Cargo.toml", APP), MAIN, README, LICENSE, (name, text)])
}

/// A static program with an image, for several platforms.
fn image() -> Project {
    let table = "\n[package.metadata.repro.image]\nbase = \"scratch\"\n";
    repository(&[("Cargo.toml", &format!("{APP}{table}")), MAIN, README, LICENSE])
}

/// Runs it, leaves the project where that is asked for, and returns the report.
fn init(project: &Project, name: &str, args: &[&str]) -> String {
    let run = project.repro(&[&["init", "--install", COMMIT], args].concat());
    assert_eq!(run.code, Some(0), "{}", run.all());
    if matches!(name, "five" | "cargo-dist" | "stable") {
        let again = project.repro(&[&["init", "--install", COMMIT], args].concat());
        assert!(again.last().starts_with("NOTHING TO WRITE"), "{}", again.all());
    }
    project.commit("repro init");
    if let Some(dir) = std::env::var_os("REPRO_INIT_SHAPES") {
        let to = Path::new(&dir).join(name);
        project.git(&["clone", "-q", ".", to.to_str().unwrap()]);
        let url = "https://github.com/someone/tools";
        project.git_in(&to, &["remote", "set-url", "origin", url]);
    }
    blurred(project, &run.stdout)
}

/// A text without what belongs to the machine and to the version.
fn blurred(project: &Project, text: &str) -> String {
    text.replace(project.dir.to_str().unwrap(), "/home/me/project")
        .replace(&rustc("release"), "RELEASE")
        .replace(&host(), "HOST")
        .replace(concat!("repro ", env!("CARGO_PKG_VERSION")), "repro VERSION")
}

/// What `init` changed in the last commit.
fn written(project: &Project) -> String {
    let text = project.git(&["show", "--format=", "--no-renames", "--no-color", "-U1", "HEAD"]);
    let lines = text.lines().filter(|l| !l.starts_with("index "));
    blurred(project, &lines.collect::<Vec<_>>().join("\n"))
}

/// How the files of a project differ from those of the plain one.
fn against_plain(project: &Project, plain: &Project) -> String {
    // Where there is a release workflow, that is the project's own.
    let hooked = project.dir.join(".github/workflows/reproducible-build.yml").exists();
    let branch = if hooked { "hooked" } else { "released" };
    project.git(&["fetch", "-q", plain.dir.to_str().unwrap(), branch]);
    let paths =
        ["*Dockerfile.repro*", "*REPRODUCIBILITY.md", "*/reproducible-*.yml", "*/release.yml"];
    let paths = if hooked { &paths[..3] } else { &paths[..] };
    let args =
        ["diff", "--no-color", "-M40%", "--diff-filter=d", "-U0", "FETCH_HEAD", "HEAD", "--"];
    let text = project.git(&[&args[..], paths].concat());
    let noise = ["index ", "similarity ", "new file mode", "diff --git"];
    let lines = text.lines().filter(|l| !noise.iter().any(|n| l.starts_with(n)));
    blurred(project, &lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn files_for_each_shape() {
    let plain = plain();
    let report = init(&plain, "plain", &[]);
    insta::assert_snapshot!("init.plain", format!("{report}\n{}", written(&plain)));
    plain.git(&["branch", "released"]);
    let names = ["release.yml", "reproducible-build.yml"].map(|n| format!(".github/workflows/{n}"));
    plain.git(&["mv", &names[0], &names[1]]);
    plain.commit("as the workflow is called that others call");
    plain.git(&["branch", "hooked"]);
    let decided = "# Ours.\n[licenses]\nallow = [\"MIT\"]\n";
    let several = ["--target", "x86_64-unknown-linux-musl", "--target", "aarch64-apple-darwin"];
    let windows = ["--target", "x86_64-pc-windows-msvc"];
    let shapes: &[(&str, Project, &[&str])] = &[
        ("ripgrep", ripgrep(), &["--profile", "release-lto"]),
        ("cargo-dist", cargo_dist(), &["--profile", "dist"]),
        ("below", below(), &["--manifest-path", "cli/Cargo.toml"]),
        ("five", five(["0.3.0"; 5]), &[]),
        ("five-versions", five(["0.3.0", "0.3.0", "0.4.0", "1.0.0", "0.1.0"]), &[]),
        ("c-abi", c_abi(), &[]),
        ("stable", with(PINNED.0, &PINNED.1.replace("RELEASE", "stable")), &[]),
        ("pinned", with(PINNED.0, &PINNED.1.replace("RELEASE", &rustc("release"))), &[]),
        ("deny", with("deny.toml", decided), &[]),
        ("image", image(), &[&several[..], &windows[..]].concat()),
    ];
    for (name, project, args) in shapes {
        let report = init(project, name, args);
        let differs = against_plain(project, &plain);
        let own = project.git(&["diff", "--no-color", "-U0", "HEAD~1", "HEAD", "--", "*.toml"]);
        let own: Vec<&str> = own.lines().filter(|l| !l.starts_with("index ")).collect();
        let own = blurred(project, &own.join("\n"));
        insta::assert_snapshot!(format!("init.{name}"), format!("{report}\n{own}\n{differs}"));
    }
}

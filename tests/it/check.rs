//! `repro check`: each rule trips on a project that breaks it, and stays silent on a near miss.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::{Project, Run};

mod pins;

/// The channel of this repository, which is installed wherever its tests run.
fn channel() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rust-toolchain.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|l| l.strip_prefix("channel = "));
    line.unwrap().trim_matches('"').to_string()
}

/// A project of one package without dependencies, committed; nothing is to be found in it.
fn app() -> Project {
    let project = Project::plain("check");
    let pin = format!("[toolchain]\nchannel = \"{}\"\n", channel());
    project.write("rust-toolchain.toml", &pin);
    project.git(&["init", "-q"]);
    project.commit("as it was");
    project
}

fn lock(project: &Project, packages: &[&str]) {
    let entries = packages.iter().map(|p| format!("\n[[package]]\n{p}\n"));
    let text = format!("version = 4\n{}", entries.collect::<String>());
    project.write("Cargo.lock", &text);
}

/// A run with the toolchain that is installed, whatever the project's file names.
fn check(project: &Project, args: &[&str]) -> Run {
    let mut all = vec!["check"];
    all.extend(args);
    project.repro_env(&all, &[("RUSTUP_TOOLCHAIN", &channel())])
}

fn json(project: &Project, args: &[&str]) -> (Option<i32>, Value) {
    let mut all = vec!["--format", "json"];
    all.extend(args);
    let run = check(project, &all);
    (run.code, run.json())
}

fn ids(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|f| f["rule"].as_str().unwrap().to_string()).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|i| i.to_string()).collect()
}

/// The finding of a rule, which is the only one.
fn only<'a>(report: &'a Value, rule: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    let mut of = findings.iter().filter(|f| f["rule"] == rule);
    let first = of.next().unwrap_or_else(|| panic!("{rule}: {report:#}"));
    assert!(of.next().is_none(), "{rule} twice: {report:#}");
    first
}

fn files(dir: &Path) -> BTreeSet<(std::path::PathBuf, std::time::SystemTime)> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            found.extend(files(&path));
        }
        found.insert((path, meta.modified().unwrap()));
    }
    found
}

/// Everything that rules look at, in the form that they accept.
fn near_misses() -> Project {
    let project = app();
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
         [dependencies]\nahash = { path = \"ahash\", features = [\"compile-time-rng\"] }\nmacros = { path = \"macros\" }\n\
         [profile.dev]\nincremental = true\nrpath = true\n[profile.release]\nrpath = false\nincremental = false\n\
         [workspace]\nmembers = [\"ahash\", \"macros\"]\n",
    );
    let ahash = "[package]\nname = \"ahash\"\nversion = \"0.8.0\"\nedition = \"2021\"\n[features]\ncompile-time-rng = []\n";
    project.write("ahash/Cargo.toml", ahash);
    project.write("ahash/src/lib.rs", "");
    project.write("macros/Cargo.toml", "[package]\nname = \"macros\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n");
    project.write(
        "macros/src/lib.rs",
        "use std::collections::{BTreeMap, HashMap};\n\
         pub(crate) fn names(map: HashMap<u8, u8>) -> Vec<u8> {\n    let mut names: Vec<u8> = map.into_keys().collect();\n    names.sort();\n    names\n}\n\
         pub(crate) fn ordered(map: &BTreeMap<u8, u8>) -> Vec<u8> {\n    map.keys().copied().collect()\n}\n\
         #[cfg(test)]\nmod tests {\n    fn now() { std::time::SystemTime::now(); }\n}\n",
    );
    lock(
        &project,
        &[
            "name = \"ahash\"\nversion = \"0.8.0\"",
            "name = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"ahash\",\n \"macros\",\n]",
            "name = \"macros\"\nversion = \"0.1.0\"",
        ],
    );
    project.write(
        ".cargo/config.toml",
        "[build]\nrustflags = [\"-C\", \"target-cpu=x86-64\", \"-Clink-arg=-Wl,--build-id=sha1\", \"-Crpath=no\", \"-Clink-arg=-Wl,--gdb-index\"]\n\
         [env]\nCONST_RANDOM_SEED = \"1\"\n",
    );
    project.write(
        "build.rs",
        "// SystemTime::now() is not called here, nor is env!(\"USER\") taken.\n\
         fn main() {\n    println!(\"cargo::rerun-if-changed=build.rs\");\n    let _ = std::env::var(\"HOST\");\n\
         let _ = std::process::Command::new(\"uname\").arg(\"-s\");\n    let _ = \"SystemTime::now()\";\n}\n",
    );
    project.write(
        "src/main.rs",
        "fn main() {\n    println!(\"{}\", env!(\"CARGO_PKG_VERSION\"));\n\
         let _ = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/build.rs\"));\n}\n",
    );
    project.write("docs/README", "a");
    project.write(
        "docs/readme.md",
        "version https://git-lfs.github.com/spec/v1\nis how pointers begin\n",
    );
    project.commit("near misses");
    project
}

#[test]
fn near_misses_are_clean_and_nothing_is_written() {
    let project = near_misses();
    let before = files(&project.base());
    let run = check(&project, &["-v"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert_eq!(run.last(), "CLEAN (0 errors, 0 warnings, 0 infos)", "{}", run.all());
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.all());
    assert_eq!(files(&project.base()), before);
}

/// Breaks all that can be broken at once while cargo still resolves.
#[cfg(unix)]
fn broken() -> Project {
    let project = near_misses();
    let dir = project.dir.clone();
    let replace = |path: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(dir.join(path)).unwrap();
        assert!(text.contains(from), "{path}: {from}");
        std::fs::write(dir.join(path), text.replace(from, to)).unwrap();
    };
    // The workspace moves into a directory, so that there is a beside and an outside.
    project.write(
        "beside/Cargo.toml",
        "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    project.write("beside/src/lib.rs", "");
    project.write(
        "../away/Cargo.toml",
        "[package]\nname = \"away\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    project.write("../away/src/lib.rs", "");
    replace(
        "Cargo.toml",
        "[dependencies]\n",
        "[dependencies]\nbeside = { path = \"../beside\" }\naway = { path = \"../../away\" }\n",
    );
    replace("Cargo.toml", "rpath = false\nincremental = false", "rpath = true\nincremental = true");
    lock(
        &project,
        &[
            "name = \"ahash\"\nversion = \"0.8.0\"",
            "name = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"ahash\",\n \"away\",\n \"beside\",\n \"macros\",\n]",
            "name = \"away\"\nversion = \"0.1.0\"",
            "name = \"beside\"\nversion = \"0.1.0\"",
            "name = \"macros\"\nversion = \"0.1.0\"",
        ],
    );
    project.write(
        ".cargo/config.toml",
        "[build]\nrustc-workspace-wrapper = \"env\"\n\
         rustflags = [\"-C\", \"target-cpu=native\", \"-Clink-arg=-Wl,--build-id=uuid\",\n\
         \"-Z\", \"threads=8\", \"-Clink-arg=-fuse-ld=mold\", \"-Clink-arg=-Wl,--gdb-index\"]\n[env]\nRUSTC_BOOTSTRAP = \"1\"\n",
    );
    replace("rust-toolchain.toml", &channel(), "stable");
    replace(
        "build.rs",
        "fn main() {\n",
        "fn main() {\n    println!(\"cargo::rustc-env=AT={:?}\", std::time::SystemTime::now());\n\
         let _ = std::fs::metadata(\"x\").unwrap().modified();\n    let _ = std::hash::RandomState::new();\n\
         let _ = std::env::var(\"USER\");\n    let _ = std::env::current_dir();\n\
         let _ = std::process::Command::new(\"git\");\n    let _ = std::process::Command::new(\"hostname\");\n\
         let _ = \"-O2 -march=native\";\n    let _ = std::is_x86_feature_detected!(\"avx2\");\n\
         println!(\"cargo::rustc-env=N={}\", std::thread::available_parallelism().unwrap());\n\
         println!(\"cargo::rustc-env=P={}\", std::process::id());\n\
         println!(\"cargo::rustc-env=H={}\", std::env::var(\"HOME\").unwrap());\n\
         use std::os::unix::fs::MetadataExt;\n    let meta = std::fs::metadata(\".\").unwrap();\n\
         println!(\"cargo::rustc-env=M={} {}\", meta.mode(), meta.ino());\n\
         let _ = std::process::Command::new(\"sh\").args([\"-c\", \"uname -r\"]);\n\
         for file in std::fs::read_dir(\".\").unwrap() {\n        println!(\"cargo::rustc-env=F={:?}\", file);\n    }\n",
    );
    replace("macros/src/lib.rs", "    names.sort();\n", "");
    replace("src/main.rs", "env!(\"CARGO_PKG_VERSION\")", "env!(\"CARGO_MANIFEST_DIR\")");
    replace(
        "src/main.rs",
        "fn main() {\n",
        "fn main() {\n    let _ = include_str!(\"/etc/hosts\");\n",
    );
    for name in [
        "Cargo.toml", "Cargo.lock", ".cargo", "rust-toolchain.toml", "build.rs", "macros", "ahash",
        "src",
    ] {
        std::fs::create_dir_all(dir.join("ws")).unwrap();
        std::fs::rename(dir.join(name), dir.join("ws").join(name)).unwrap();
    }
    project.write("docs/Readme", "b");
    project.write(
        "big.bin",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345678\n",
    );
    project.write("../module/file", "1");
    let module = project.base().join("module");
    for args in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "1"]] {
        project.git_in(&module, args);
    }
    project.git(&["submodule", "--quiet", "add", module.to_str().unwrap(), "vendored"]);
    project.write(".gitignore", "target\nCargo.lock\n");
    project.git(&["rm", "-q", "--cached", "Cargo.lock"]);
    project.commit("broken");
    project.write("vendored/more", "2");
    project.git_in(&dir.join("vendored"), &["add", "-A"]);
    project.git_in(&dir.join("vendored"), &["commit", "-q", "-m", "2"]);
    project
}

#[cfg(unix)]
#[test]
fn every_rule_trips_on_what_it_is_about() {
    let project = broken();
    let manifest = ["--manifest-path", "ws/Cargo.toml"];
    let (code, report) = json(&project, &manifest);
    assert_eq!(report["not_checked"], serde_json::json!([]), "{report:#}");
    assert_eq!((code, report["verdict"].as_str()), (Some(1), Some("findings")));
    let want = [
        "absolute-include", "build-id-uuid", "case-collision", "cpu-count", "dir-order",
        "emits-environment", "env-macro", "file-modes", "file-numbers", "gdb-index",
        "incremental-release", "known-crate", "lfs-pointer", "lockfile-untracked", "map-order",
        "march-native", "parallel-frontend", "path-outside-repository", "path-outside-workspace",
        "reads-clock", "reads-cpu", "reads-current-dir", "reads-hostname", "reads-ids",
        "reads-kernel", "reads-mtime", "reads-randomness", "reads-user", "reads-vcs", "rpath",
        "rustc-bootstrap", "submodule-moved", "target-cpu-native", "toolchain-unpinned",
        "workspace-wrapper",
    ];
    assert_eq!(ids(&report), set(&want), "{report:#}");
    let clock = only(&report, "reads-clock");
    assert_eq!((clock["path"].as_str(), clock["line"].as_u64()), (Some("ws/build.rs"), Some(3)));
    assert_eq!(only(&report, "target-cpu-native")["path"], "ws/.cargo/config.toml");
    assert_eq!(only(&report, "march-native")["path"], "ws/build.rs");
    assert_eq!(only(&report, "known-crate")["package"], "ahash 0.8.0");
    assert_eq!(only(&report, "lfs-pointer")["path"], "big.bin");
    assert_eq!(only(&report, "reads-current-dir")["severity"], "info");
    let order = only(&report, "map-order");
    assert_eq!(order["path"], "ws/macros/src/lib.rs");

    let sarif = check(&project, &["--manifest-path", "ws/Cargo.toml", "--format", "sarif"]);
    assert_eq!(sarif.code, Some(1));
    is_sarif(&sarif.json(), report["findings"].as_array().unwrap().len());

    let github = check(&project, &["--manifest-path", "ws/Cargo.toml", "--format", "github"]);
    let line = "::warning title=reads-clock,file=ws/build.rs,line=3::the build script of app 0.1.0";
    assert!(github.stdout.lines().any(|l| l.starts_with(line)), "{}", github.all());

    let text = check(&project, &manifest);
    let last = text.last().to_string();
    assert!(last.starts_with("FINDINGS (") && text.stdout.contains("  to do: "), "{}", text.all());
}

/// What SARIF asks of a log, as far as this log has it; the whole schema is for `.ci/run`.
fn is_sarif(log: &Value, results: usize) {
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let found = run["results"].as_array().unwrap();
    assert_eq!(found.len(), results);
    for result in found {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let level = result["level"].as_str().unwrap();
        assert!(["error", "warning", "note"].contains(&level));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            !uri.contains(' ')
                && (place["artifactLocation"]["uriBaseId"] == "SRCROOT")
                    != uri.starts_with("file:")
        );
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
    }
}

#[test]
fn what_cannot_be_read_is_one_sentence_and_the_rest_is_told() {
    let project = app();
    project.write(".cargo/config.toml", "[env]\nRUSTC_BOOTSTRAP = \"1\"\n");
    let outcome = || {
        let run = check(&project, &["--format", "json"]);
        let report = run.json();
        let one = report["not_checked"].as_array().unwrap();
        assert_eq!(one.len(), 1, "{report:#}");
        assert_eq!(ids(&report), set(&["rustc-bootstrap"]), "{report:#}");
        (run.code, one[0]["message"].as_str().unwrap().to_string())
    };
    let lockfile = std::fs::read_to_string(project.dir.join("Cargo.lock")).unwrap();
    project.write("Cargo.lock", "version = 4\n[[package]\n");
    let (code, message) = outcome();
    assert!(code == Some(5) && message.contains("Cargo.lock` at line 2"), "{message}");
    project.write("Cargo.lock", &lockfile);

    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", "[package]\nname = app\n");
    let (code, message) = outcome();
    assert!(code == Some(5) && message.contains("Cargo.toml` at line 2"), "{message}");
    project.write("Cargo.toml", &manifest);

    project.write("build.rs", "fn main() {}\nfn {\n");
    let (code, message) = outcome();
    assert!(code == Some(5) && message.contains("build.rs` at line 2"), "{message}");
    let text = check(&project, &[]);
    assert!(text.last().starts_with("INCOMPLETE (1 error,"), "{}", text.all());
}

#[test]
fn levels_come_from_metadata_with_a_reason_and_from_the_command_line() {
    let project = app();
    project.write("build.rs", "fn main() {\n    let _ = std::time::SystemTime::now();\n}\n");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let (code, report) = json(&project, &[]);
    assert_eq!(
        (code, only(&report, "reads-clock")["severity"].as_str()),
        (Some(0), Some("warning"))
    );
    assert_eq!(json(&project, &["--deny", "warnings"]).0, Some(1));
    assert_eq!(json(&project, &["--deny", "reads-clock"]).0, Some(1));
    let (code, report) = json(&project, &["--allow", "reads-clock", "--deny", "warnings"]);
    assert_eq!((code, report["allowed"].as_u64()), (Some(0), Some(1)));

    let entry = "\n[[workspace.metadata.repro.check]]\nid = \"reads-clock\"\nlevel = \"allow\"\n";
    let workspace = format!("{manifest}\n[workspace]\n{entry}");
    project.write(
        "Cargo.toml",
        &format!("{workspace}package = \"app\"\nreason = \"it is not compiled in\"\n"),
    );
    assert_eq!(json(&project, &["--deny", "warnings"]).0, Some(0));
    project.write("Cargo.toml", &workspace);
    let run = check(&project, &[]);
    assert!(run.code == Some(5) && run.stderr.contains("has no `reason`"), "{}", run.all());
    project.write("Cargo.toml", &manifest);

    // What the same script does with the epoch makes it a thing to know, no more.
    let script = "fn main() {\n    let _ = std::env::var(\"SOURCE_DATE_EPOCH\");\n    let _ = std::time::SystemTime::now();\n}\n";
    project.write("build.rs", script);
    assert_eq!(only(&json(&project, &[]).1, "reads-clock")["severity"], "info");

    let wrong = check(&project, &["--deny", "no-such-rule"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("--list-rules"), "{}", wrong.all());
}

#[test]
fn the_table_of_rules_is_told_and_each_row_explained() {
    let project = Project::plain("check");
    let list = project.repro(&["check", "--list-rules"]);
    assert_eq!(list.code, Some(0));
    assert!(list.stdout.lines().count() >= 30, "{}", list.all());
    let id = list.stdout.lines().last().unwrap().split(' ').next().unwrap().to_string();
    let one = project.repro(&["check", "--explain", &id]);
    assert!(one.code == Some(0) && one.stdout.contains("https://"), "{}", one.all());
    assert_eq!(project.repro(&["check", "--explain", "x"]).code, Some(2));
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/check.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for line in list.stdout.lines() {
        let [id, rest] = line.splitn(2, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (level, looks_at) = rest.trim().split_once(' ').unwrap();
        let row = format!("| `{id}` | {level} | {} |", looks_at.trim());
        assert!(docs.contains(&row), "docs/check.md lacks the row {row}");
    }
}

#[test]
fn clean_is_said_of_nothing_with_a_warning_or_unchecked() {
    let project = app();
    project.write("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n");
    let warned = check(&project, &[]);
    assert_eq!(warned.code, Some(0));
    assert_eq!(warned.last(), "WARNINGS (0 errors, 1 warning, 0 infos)", "{}", warned.all());
    let allowed = ["--allow", "toolchain-unpinned"];
    assert!(check(&project, &allowed).last().starts_with("CLEAN ("));

    let args = [&["check"], &allowed[..]].concat();
    let foreign = project.repro_env(&args, &[("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")]);
    assert_eq!(foreign.code, Some(4), "{}", foreign.all());
    assert!(foreign.stdout.contains("the git repository could not be read ("), "{}", foreign.all());
    assert!(!foreign.all().contains("there is no git repository"), "{}", foreign.all());

    std::fs::remove_dir_all(project.dir.join(".git")).unwrap();
    let outside = check(&project, &allowed);
    assert_eq!(outside.code, Some(4), "{}", outside.all());
    assert!(outside.last().starts_with("INCOMPLETE ("), "{}", outside.all());
    let why = "there is no git repository (lockfile-untracked, submodule-moved)";
    assert!(outside.stdout.contains(why), "{}", outside.all());
    let mut all = allowed.to_vec();
    all.extend(["--allow", "lockfile-untracked", "--allow", "submodule-moved"]);
    let run = check(&project, &all);
    assert!(run.code == Some(0) && run.last().starts_with("CLEAN ("), "{}", run.all());

    std::fs::remove_file(project.dir.join("Cargo.lock")).unwrap();
    all.extend(["--allow", "lockfile-missing"]);
    let (code, report) = json(&project, &all);
    assert_eq!((code, report["verdict"].as_str()), (Some(4), Some("incomplete")), "{report:#}");
    assert_eq!(report["not_run"][0]["reason"], "there is no Cargo.lock");
}

#[cfg(unix)]
#[test]
fn a_toolchain_that_is_not_installed_is_reported_once() {
    use std::os::unix::fs::PermissionsExt;
    let project = app();
    let rustup = project.base().join("rustup");
    let says = "error: toolchain '1.0.9-x' is not installed\nhelp: run it\n\nStack backtrace:\n   0: anyhow";
    std::fs::write(&rustup, format!("#!/bin/sh\necho \"{says}\" >&2; exit 1\n")).unwrap();
    std::fs::set_permissions(&rustup, std::fs::Permissions::from_mode(0o755)).unwrap();
    let rustup = rustup.to_str().unwrap();
    let run = project.repro_env(&["check"], &[("CARGO", rustup), ("RUSTC", rustup)]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert_eq!(run.stdout.matches("is not installed").count(), 1, "{}", run.all());
    assert!(!run.stdout.contains("backtrace"), "{}", run.all());
    // The same of rustc alone.
    let run = project.repro_env(&["check"], &[("RUSTC", rustup)]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    let words = format!("`{rustup}` does not run here: toolchain '1.0.9-x' is not installed\n");
    assert!(run.stdout.contains(&words) && !run.stdout.contains("backtrace"), "{}", run.all());
}

//! Hostile and unfit manifests, archives and sources: one sentence, the exit code of the table, nothing
//! run and nothing written.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Project, assert_verdict, host};
use crate::verify::{MANIFEST, Published, fails};

/// What a change of a manifest leads to.
type Case = (&'static str, fn(&mut Value), i32, &'static str);

/// A manifest with one thing wrong, the exit code, and a word of the sentence.
const HOSTILE: &[Case] = &[
    ("field for a terminal", |m| m["\x1b[2J"] = json!(1), 5, "unknown field"),
    (
        "directory for a terminal",
        |m| m["source"]["directory"] = json!("\x1b[2J"),
        5,
        "not a path inside",
    ),
    ("newer schema", |m| m["schema"] = json!("repro.manifest/3"), 5, "repro.manifest/3"),
    (
        "older schema without a field that all have",
        |m| *m = json!({"schema": "repro.manifest/1"}),
        5,
        "missing field",
    ),
    ("unknown field", |m| m["hook"] = json!("sh"), 5, "unknown field"),
    ("unknown verdict", |m| m["verdict"] = json!("fine"), 5, "unknown verdict `fine`"),
    ("absolute path", |m| m["artifacts"][0]["path"] = json!("/etc/passwd"), 5, "not a path inside"),
    ("path upward", |m| m["artifacts"][0]["path"] = json!("../../x"), 5, "not a path inside"),
    ("name with a directory", |m| m["artifacts"][0]["name"] = json!("a/b"), 5, "not a file name"),
    (
        "member upward",
        |m| m["archives"][0]["members"][1]["name"] = json!("../x"),
        5,
        "not a path inside",
    ),
    ("short digest", |m| m["artifacts"][0]["sha256"] = json!("abc"), 5, "not a SHA-256"),
    (
        "long lockfile digest",
        |m| m["source"]["lockfile_sha256"] = json!("a".repeat(65)),
        5,
        "not a SHA-256",
    ),
    ("no digest", |m| m["artifacts"][0]["sha256"] = json!(null), 5, "no size and digest"),
    (
        "commit that is an option",
        |m| m["source"]["commit"] = json!("--upload-pack=touch x"),
        5,
        "not the id of a commit",
    ),
    (
        "command as remote",
        |m| m["source"]["remote"] = json!("ext::sh -c touch% $PWD/x"),
        5,
        "names a command",
    ),
    (
        "option as remote",
        |m| m["source"]["remote"] = json!("--upload-pack=touch x"),
        5,
        "is an option",
    ),
    ("directory upward", |m| m["source"]["directory"] = json!(".."), 5, "not a path inside"),
    (
        "option as package",
        |m| m["build"]["packages"] = json!(["--config=build.rustc='x'"]),
        5,
        "valid cargo argument",
    ),
    ("option as profile", |m| m["build"]["profile"] = json!("-Zx"), 5, "valid cargo argument"),
    (
        "path of tools",
        |m| m["environment"] = json!([{"name": "PATH", "value": "/evil"}]),
        5,
        "not a setting",
    ),
    (
        "preloaded library",
        |m| m["environment"] = json!([{"name": "LD_PRELOAD", "value": "/evil.so"}]),
        5,
        "not a setting",
    ),
    ("unknown inject", |m| m["recipe"]["inject"] = json!("magic"), 5, "unknown inject `magic`"),
    ("broken config", |m| m["outside_config"] = json!(["[build"]), 5, "failed to parse"),
    (
        "config with a credential provider",
        |m| {
            m["outside_config"] =
                json!(["[registry]\nglobal-credential-providers = ['touch mark']\n"])
        },
        5,
        "not a build setting",
    ),
    (
        "config with a compiler",
        |m| m["outside_config"] = json!(["[build]\nrustc = '/evil/rustc'\n"]),
        1,
        "build.rustc",
    ),
    (
        "not reproducible",
        |m| {
            m["verdict"] = json!("differs");
            m["artifacts"][0]["status"] = json!("differs");
            m["artifacts"][0]["size"] = json!(null);
            m["artifacts"][0]["sha256"] = json!(null);
        },
        4,
        "not reproducible",
    ),
    ("newer recipe", |m| m["recipe"]["version"] = json!(999), 4, "version 999 of the recipe"),
    (
        "nothing in it",
        |m| {
            m["artifacts"] = json!([]);
            m["archives"] = json!([]);
        },
        4,
        "no artifact",
    ),
    (
        "dirty",
        |m| {
            m["source"]["dirty"] = json!(true);
            m["verdict"] = json!("reproducible-dirty-tree");
        },
        4,
        "dirty working tree",
    ),
    ("another tree", |m| m["source"]["tree"] = json!("a".repeat(40)), 4, "has the tree"),
    (
        "another lockfile",
        |m| m["source"]["lockfile_sha256"] = json!("a".repeat(64)),
        4,
        "Cargo.lock of the source",
    ),
    (
        "unknown commit, file as remote",
        |m| {
            m["source"]["commit"] = json!("a".repeat(40));
            m["source"]["remote"] = json!("file:///etc");
        },
        5,
        "not https",
    ),
    (
        "unknown commit, directory as remote",
        |m| {
            m["source"]["commit"] = json!("a".repeat(40));
            m["source"]["remote"] = json!("/etc");
        },
        5,
        "this machine's files",
    ),
    (
        "unknown commit, no remote",
        |m| {
            m["source"]["commit"] = json!("a".repeat(40));
            m["source"]["remote"] = json!(null);
        },
        4,
        "names no remote",
    ),
    (
        "another compiler",
        |m| {
            let line = "commit-hash: 0000000000000000000000000000000000000000";
            let lines = m["toolchain"]["rustc"].as_array_mut().unwrap();
            let at = lines.iter().position(|l| l.as_str().unwrap().starts_with("commit-hash"));
            lines[at.unwrap()] = json!(line);
        },
        4,
        "run `rustup toolchain install 1.",
    ),
    (
        "another host",
        |m| m["build"]["host"] = json!("riscv64gc-unknown-linux-gnu"),
        4,
        "on a machine of riscv64gc",
    ),
];

/// A project whose build script leaves a mark outside, so that it shows whether it ran.
fn marking() -> (Published, PathBuf) {
    let project = Project::plain("sound-features");
    let mark = project.base().join("mark");
    let script = format!("fn main() {{\n    std::fs::write({mark:?}, \"ran\").unwrap();\n}}\n");
    project.write("build.rs", &script);
    project.git(&["init", "-q"]);
    project.commit("with a mark");
    assert_verdict(&project.repro(&["build", "--isolate", "never"]), 0, "REPRODUCIBLE");
    assert_eq!(project.repro(&["archive"]).code, Some(0));
    std::fs::remove_file(&mark).unwrap();
    let (clone, dist) = (project.dir.clone(), project.results().join("dist"));
    let published = Published { project, clone, dist };
    (published, mark)
}

#[test]
fn hostile_manifests_are_refused_with_one_sentence_and_nothing_is_run() {
    let (it, mark) = marking();
    let list = || {
        let mut names: Vec<_> = std::fs::read_dir(it.project.base())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .filter(|n| !n.to_string_lossy().ends_with(".json"))
            .collect();
        names.sort();
        names
    };
    let before = list();
    for (name, change, code, word) in HOSTILE {
        let manifest = it.altered(name, change);
        let run = it.verify(&[&manifest]);
        assert_eq!(run.code, Some(*code), "{name}: {}", run.all());
        fails(&run, *code, &[word]);
        assert!(!mark.exists(), "{name}: the build script ran");
    }
    let whole = std::fs::read_to_string(it.dist.join("repro.json")).unwrap();
    let truncated = it.project.base().join("truncated.json");
    for (text, word) in [
        (&whole[..whole.len() / 2], "not a manifest"),
        ("", "not a manifest"),
        ("[]", "not a manifest"),
    ] {
        std::fs::write(&truncated, text).unwrap();
        fails(&it.verify(&[truncated.to_str().unwrap()]), 5, &[word]);
    }
    let json = it.verify(&[truncated.to_str().unwrap(), "--format", "json"]).json();
    assert_eq!(json["error"]["kind"], "bad-input");
    assert_eq!((list(), mark.exists()), (before, false));
    assert_eq!(it.project.git(&["status", "--porcelain"]), "");
    // The same manifest unchanged is verified, and then the script does run.
    let sound = it.altered("sound", |_| ());
    assert_verdict(&it.verify(&[&sound, "--no-sandbox"]), 1, MANIFEST);
    assert!(mark.exists());
}

#[test]
fn hostile_archives_and_sources_are_refused() {
    let (it, mark) = marking();
    let base = it.project.base();
    it.sh("mkdir -p evil/in; echo x >evil/x; cd evil/in; tar -cPf ../../up.tar ../x; cd ../..; tar -czf no-lock.tar.gz evil");
    let up = base.join("up.tar").display().to_string();
    let manifest = it.dist.join("repro.json").display().to_string();
    let app = it.project.results().join("artifacts").join(host()).join("sound-features");
    let app = app.display().to_string();
    fails(&it.verify(&["--source", &up, "--artifact", &app]), 5, &["leads upward"]);
    assert!(!mark.exists());
    let fresh = |source: &str| it.verify(&["--source", source, "--artifact", &app]);
    let no_lock = base.join("no-lock.tar.gz").display().to_string();
    fails(&fresh(&no_lock), 4, &["no Cargo.toml"]);
    fails(&fresh("ext::sh -c id"), 5, &["names a command"]);
    let option = "--source=-uhttps://host/x";
    fails(&it.verify(&[option, "--artifact", &app]), 5, &["is an option"]);
    fails(&fresh("/no/such/place"), 2, &["not a directory, an archive"]);
    fails(&it.verify(&["--crate", "x\"]\ny", "--artifact", &app]), 5, &["NAME@VERSION"]);
    fails(&it.verify(&["--artifact", &app]), 2, &["--source or --crate"]);
    // Nothing that the user said is left out without a word.
    for given in [["--features", "extra"], ["--epoch", "7"], ["--inject", "rustflags"]] {
        let args = [[manifest.as_str()].as_slice(), &given].concat();
        fails(&it.verify(&args), 2, &["and the manifest has"]);
    }
    let without = ["--source", &up, "--artifact", &app, "--allow-toolchain"];
    fails(&it.verify(&without), 2, &["--allow-toolchain"]);
    let repository = format!("file://{}", it.project.dir.display());
    fails(&fresh(&format!("{repository}@no-such-tag")), 4, &["has no commit `no-such-tag`"]);

    let lacking = base.join("lacking").display().to_string();
    it.project.git(&["init", "-q", &lacking]);
    fails(&it.verify(&[&manifest, "--source", &lacking]), 4, &["does not have commit"]);
    assert!(!mark.exists());
}

/// They would run before the build.
#[test]
fn programs_that_a_source_names_do_not_run() {
    let (it, mark) = marking();
    let base = it.project.base();
    let app = it.project.results().join("artifacts").join(host()).join("sound-features");
    let app = app.display().to_string();
    let fresh = |source: &str| it.verify(&["--source", source, "--artifact", &app]);
    let repository = format!("file://{}", it.project.dir.display());
    let compiler = base.join("compiler");
    std::fs::write(&compiler, format!("#!/bin/sh\ntouch {mark:?}\nexec rustc \"$@\"\n")).unwrap();
    it.sh("chmod +x compiler; mkdir -p tools/bin; cp compiler tools/bin/rustc; cp compiler tools/bin/cargo");
    let tools = base.join("tools");
    let named = format!("[build]\nrustc = {compiler:?}\n");
    std::fs::write(base.join("outside.toml"), &named).unwrap();
    it.project.write(".cargo/more/programs.toml", &named);
    for (file, text, word) in [
        (".cargo/config.toml", format!("[build]\nrustc = {compiler:?}\n"), "build.rustc"),
        (
            ".cargo/config.toml",
            format!("[registry]\nglobal-credential-providers = [{compiler:?}]\n"),
            "credential",
        ),
        (".cargo/config.toml", format!("[build]\nrustc-wrapper = {compiler:?}\n"), "rustc-wrapper"),
        (
            ".cargo/config.toml",
            format!("[build]\nrustc-workspace-wrapper = {compiler:?}\n"),
            "rustc-workspace-wrapper",
        ),
        (".cargo/config.toml", format!("[env]\nPATH = {tools:?}\n"), "env.PATH"),
        (
            ".cargo/config.toml",
            format!("[env]\nLD_PRELOAD = {{ value = {tools:?}, force = true }}\n"),
            "env.LD_PRELOAD",
        ),
        (
            ".cargo/config.toml",
            format!("include = [{:?}]\n", base.join("outside.toml")),
            "outside the source",
        ),
        (
            ".cargo/config.toml",
            "include = ['../../outside.toml']\n".to_string(),
            "outside the source",
        ),
        (
            ".cargo/config.toml",
            "include = ['more/programs.toml']\n".to_string(),
            "`build.rustc` in `.cargo/more/programs.toml`",
        ),
        (
            "rust-toolchain.toml",
            format!("[toolchain]\npath = {tools:?}\n"),
            "toolchain by its path",
        ),
        // rustup takes a path where a channel was to be.
        (
            "rust-toolchain",
            format!("/proc/self/cwd{}\n", tools.display()),
            "`rust-toolchain` of the source names a toolchain by its path",
        ),
        (
            "sub/rust-toolchain.toml",
            "[toolchain]\npath = '/proc/self/cwd/tools'\n".to_string(),
            "`sub/rust-toolchain.toml` of the source",
        ),
    ] {
        it.project.write(file, &text);
        it.project.commit("with a program");
        fails(&fresh(&repository), 4, &[word]);
        let head = it.project.git(&["rev-parse", "HEAD"]);
        let tree = it.project.git(&["rev-parse", "HEAD^{tree}"]);
        let named = it.altered("programs", |m| {
            m["source"]["commit"] = json!(head);
            m["source"]["tree"] = json!(tree);
        });
        if file.starts_with(".cargo") {
            fails(&it.verify(&[&named]), 4, &[word]);
            assert!(!mark.exists(), "{word}");
        } else {
            // With a manifest the toolchain is not looked for in the source at all.
            assert_verdict(&it.verify(&[&named, "--no-sandbox", "--manifest-only"]), 0, MANIFEST);
        }
        it.project.git(&["rm", "-q", file]);
        it.project.commit("without");
    }
}

/// A tarball can have them: whoever opens a FIFO waits, and a device has no end.
#[cfg(target_os = "linux")]
#[test]
fn what_is_not_a_file_in_a_source_is_never_waited_for() {
    let project = Project::plain("sound-features");
    let app = project.base().join("app").display().to_string();
    std::fs::write(&app, "x").unwrap();
    let source = project.dir.display().to_string();
    for (make, code, word) in [
        ("mkfifo rust-toolchain.toml", 5, "`rust-toolchain.toml` of the source is a FIFO"),
        ("mkfifo .cargo/config.toml", 5, "is a FIFO"),
        // Whatever a workspace names as a member.
        ("mkdir m; mkfifo m/Cargo.toml", 5, "`m/Cargo.toml` of the source"),
        (
            "mkdir -p target/m; touch target/CACHEDIR.TAG; mkfifo target/m/Cargo.toml",
            5,
            "`target/m/Cargo.toml` of the source",
        ),
        ("mkdir m; ln -s /dev/zero m/Cargo.toml", 5, "or a link to one"),
        ("mkfifo .gitattributes", 5, "`.gitattributes` of the source is a FIFO"),
        ("ln -s /dev/null .cargo/config.toml", 4, "outside the source"),
        (
            "ln -s /dev/null .cargo/more.toml; echo \"include = ['more.toml']\" >.cargo/config.toml",
            4,
            "outside the source",
        ),
        // The control: only the time is missing.
        (
            "echo 'include = [\"more.toml\"]' >.cargo/config.toml; touch .cargo/more.toml; ln -s none m; ln -s /dev/null n",
            4,
            "SOURCE_DATE_EPOCH",
        ),
    ] {
        crate::archive::sh(&project.dir, &format!("mkdir .cargo; {make}"));
        let run = project.repro(&["verify", "--source", &source, "--artifact", &app]);
        fails(&run, code, &[word]);
        crate::archive::sh(
            &project.dir,
            "rm -rf .cargo .gitattributes rust-toolchain.toml m n target",
        );
    }
}

/// They may have come in one archive with it.
#[test]
fn programs_that_are_named_above_a_source_do_not_run() {
    let project = Project::plain("sound-features");
    let (mark, app) = (project.base().join("ran"), project.base().join("app"));
    let app = app.display().to_string();
    std::fs::write(&app, "x").unwrap();
    let tool = project.base().join("evil");
    std::fs::write(&tool, format!("#!/bin/sh\ntouch {mark:?}\nexec rustc \"$@\"\n")).unwrap();
    crate::archive::sh(&project.base(), "chmod +x evil; mkdir -p tc/bin; cp evil tc/bin/cargo");
    let source = project.dir.display().to_string();
    let toolchain = format!("[toolchain]\npath = {:?}\n", project.base().join("tc"));
    for (file, text, code, word) in [
        (".cargo/config.toml", "[build]\nrustc = './evil'\n", 4, "`build.rustc` of cargo config"),
        (".cargo/config", "[build]\nrustc-wrapper = './evil'\n", 4, "`build.rustc-wrapper`"),
        ("rust-toolchain.toml", &*toolchain, 4, "toolchain file"),
        // The control: what names no program is the user's own, and only the time is missing.
        (".cargo/config.toml", "[net]\nretry = 1\n", 4, "SOURCE_DATE_EPOCH"),
    ] {
        let path = project.base().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        fails(&project.repro(&["verify", "--source", &source, "--artifact", &app]), code, &[word]);
        assert!(!mark.exists(), "{file}");
        std::fs::remove_file(&path).unwrap();
    }
}

/// cargo knows a token by the name of its registry, and a source says where that is.
#[test]
fn a_source_sends_no_token_to_another_address() {
    let project = Project::plain("sound-features");
    let app = project.base().join("app").display().to_string();
    std::fs::write(&app, "x").unwrap();
    let home = project.base().join("own-cargo-home");
    let own = |name: &str, text: &str| std::fs::write(home.join(name), text).unwrap();
    std::fs::create_dir(&home).unwrap();
    own("credentials.toml", "[registries.corp]\ntoken = \"secret\"\n");
    let source = project.dir.display().to_string();
    let verify = |more: &[(&str, &str)]| {
        let env = [&[("CARGO_HOME", home.to_str().unwrap())], more].concat();
        project.repro_env(&["verify", "--source", &source, "--artifact", &app], &env)
    };
    let there = "[registries.corp]\nindex = \"sparse+https://evil.example/\"\n";
    let refused = "would send your token for `corp` there";
    project.write(".cargo/config.toml", there);
    fails(&verify(&[]), 4, &[refused]);
    own("config.toml", "[registries.corp]\nindex = \"sparse+https://corp.example/\"\n");
    fails(&verify(&[]), 4, &[refused]);
    project.write(".cargo/config.toml", "include = ['more.toml']\n");
    project.write(".cargo/more.toml", there);
    fails(&verify(&[]), 4, &[refused]);
    // What lies above may have come in one archive with it.
    project.write(".cargo/more.toml", "");
    let above = project.base().join(".cargo/config.toml");
    std::fs::create_dir(above.parent().unwrap()).unwrap();
    std::fs::write(&above, there).unwrap();
    fails(&verify(&[]), 4, &[refused]);
    std::fs::remove_file(above).unwrap();
    project.write(".cargo/more.toml", there);
    // Controls, where only the time is missing: the user's own address, and no token of that name.
    own("config.toml", there);
    fails(&verify(&[]), 4, &["SOURCE_DATE_EPOCH"]);
    own("config.toml", "");
    own("credentials.toml", "[registries.other]\ntoken = \"secret\"\n");
    fails(&verify(&[]), 4, &["SOURCE_DATE_EPOCH"]);
    fails(&verify(&[("CARGO_REGISTRIES_CORP_TOKEN", "secret")]), 4, &[refused]);
}

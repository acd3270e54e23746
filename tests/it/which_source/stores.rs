//! Stores of git objects that came with a download: what they hold beside the objects may be forged.

use test_needs::needs;

use super::*;

/// Packs everything but the file `a`, which is packed with a program that the index of that pack gives the id
/// of `src/main.rs`. Git then reads either, by the pack that it used last.
const DOUBLES: &str = r#"
import glob, os, struct, subprocess, sys
def git(*args, stdin=None):
    run = subprocess.run(["git", *args], input=stdin, capture_output=True, text=True, check=True)
    return run.stdout.strip()
good, once = git("rev-parse", "HEAD:src/main.rs"), git("rev-parse", "HEAD:a")
objects = git("rev-list", "--objects", "--no-object-names", "--all").split()
evil = git("hash-object", "-w", "evil.rs")
pack = lambda ids: git("pack-objects", "-q", "packs/pack", stdin="\n".join(ids) + "\n")
os.mkdir("packs")
pack([id for id in objects if id != once])
path = f"packs/pack-{pack([once, evil])}.idx"
data = open(path, "rb").read()
at = 8 + 256 * 4
ids, sums, places = data[at:at + 40], data[at + 40:at + 48], data[at + 48:at + 56]
rows = [(ids[i * 20:][:20], sums[i * 4:][:4], places[i * 4:][:4]) for i in range(2)]
rows = sorted((bytes.fromhex(good) if id.hex() == evil else id, s, p) for id, s, p in rows)
fanout = [sum(id[0] <= first for id, _, _ in rows) for first in range(256)]
parts = [data[:8], struct.pack(">256I", *fanout)] + [row[i] for i in range(3) for row in rows]
os.chmod(path, 0o644)
open(path, "wb").write(b"".join(parts) + data[at + 56:])
for path in glob.glob("packs/*.rev"):
    os.remove(path)
subprocess.run("rm -rf .git/objects/?? .git/objects/pack; mv packs .git/objects/pack", shell=True, check=True)
"#;

#[test]
fn what_was_checked_is_what_is_built_where_a_store_has_an_object_twice() {
    let it = Release::prepared("sound-features", |project| {
        for (name, text) in [("a", "1\n"), ("b", "2\n"), ("c", "1\n")] {
            project.write(name, text);
        }
        project.commit("one file twice");
    });
    let clone = it.clone("clone", &[], None);
    std::fs::write(clone.join("evil.rs"), "fn main() {}\n").unwrap();
    std::fs::write(clone.join("forge.py"), DOUBLES).unwrap();
    crate::archive::sh(&clone, "python3 forge.py && rm forge.py evil.rs");
    // The control: git alone checks out the program that is in no commit.
    crate::archive::sh(
        &clone,
        "rm -r src a b c; git checkout -q .; grep -qx 'fn main() {}' src/main.rs",
    );
    crate::archive::sh(&clone, "git show HEAD:src/main.rs >src/main.rs");
    let dir = clone.display().to_string();
    let at = format!("{dir}@main");
    for args in [&[&*it.manifest, "--source", &*dir][..], &["--source", &at, "--artifact", &it.app]]
    {
        assert_verdict(&it.verify_in(&it.elsewhere(), args), 0, "REPRODUCED");
    }
}

#[test]
fn a_commit_has_the_tree_that_it_names_whatever_a_commit_graph_has() {
    let it = Release::of("sound-features");
    let clone = it.clone("clone", &[], None);
    let git = |args: &[&str]| it.project.git_in(&clone, args).trim().to_string();
    let tree = git(&["rev-parse", "HEAD^{tree}"]);
    std::fs::write(clone.join("src/main.rs"), "fn main() {}\n").unwrap();
    git(&["add", "src"]);
    let other = git(&["write-tree"]);
    git(&["reset", "-q", "--hard"]);
    git(&["commit-graph", "write", "--reachable"]);
    let graph = clone.join(".git/objects/info/commit-graph");
    let script = "import os, sys; path, a, b = sys.argv[1:]; os.chmod(path, 0o644)\n\
        data = open(path, 'rb').read(); a, b = bytes.fromhex(a), bytes.fromhex(b); assert a in data\n\
        open(path, 'wb').write(data.replace(a, b))";
    let graph = graph.display();
    crate::archive::sh(&clone, &format!("python3 -c \"{script}\" {graph} {tree} {other}"));
    assert_eq!(git(&["log", "-1", "--format=%T"]), other, "plain git believes the graph");
    // The objects that the commit names were not looked at, those of the other tree were.
    assert_verdict(&it.verify_in(&clone, &[&it.manifest]), 0, "REPRODUCED");
    let forged = clone.join("forged.json");
    let text = std::fs::read_to_string(&it.manifest).unwrap();
    std::fs::write(&forged, text.replace(&tree, &other)).unwrap();
    let run = it.verify_in(&clone, &[forged.to_str().unwrap(), &it.app]);
    fails(&run, 4, &["has the tree", "this is not the source that was built"]);
}

#[needs("sandbox")]
#[test]
fn a_store_shows_the_build_only_other_stores() {
    let project = Project::committed("sound-features");
    let home = project.base().join("private");
    let file = home.join("app");
    project.write(
        "build.rs",
        &format!(
            "fn main() {{\n    let seen = std::fs::read({file:?}).is_ok();\n    let git = [\"rev-list\", \"--count\", \"HEAD\"];\n    let count = std::process::Command::new(\"git\").args(git).output().unwrap().stdout;\n    println!(\"cargo::rustc-env=SEEN={{seen}} {{}}\", String::from_utf8_lossy(&count));\n}}\n"
        ),
    );
    project.write("src/main.rs", "fn main() {\n    println!(env!(\"SEEN\"));\n}\n");
    project.commit("reads a file of the user's, and the history");
    let it = Release::built(project, "sound-features");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(&file, "private").unwrap();
    let clone = it.clone("clone", &[], None);
    let shared = it.project.base().join("shared").display().to_string();
    it.project.git_in(&clone, &["clone", "-q", "--shared", ".", &shared]);
    let lists = clone.join(".git/objects/info/alternates");
    let store = clone.join("x/objects");
    std::fs::create_dir(clone.join("x")).unwrap();
    std::fs::write(clone.join("x/HEAD"), "").unwrap();
    std::os::unix::fs::symlink(&home, &store).unwrap();
    std::fs::write(lists, format!("{}\n{}\n", home.display(), store.display())).unwrap();
    // The control has its history from the store of another repository.
    for source in [clone.to_str().unwrap(), &shared] {
        let run = it.verify_in(&it.elsewhere(), &[&it.manifest, "--source", source]);
        assert_verdict(&run, 0, "REPRODUCED");
    }
}

/// Without isolation, and before anything is built: git itself would run them.
#[test]
fn no_program_is_run_that_the_settings_of_a_repository_name() {
    let it = Release::of("sound-features");
    let clone = it.clone("clone", &[], None);
    let ran = it.elsewhere().join("ran");
    let program = |then: &str| format!("touch {}; {then}", ran.display());
    let (filter, serves) = (program("cat"), program("git-upload-pack"));
    let here = clone.display().to_string();
    for (name, value) in [
        ("filter.x.clean", &*filter),
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &here),
        ("remote.origin.uploadpack", &serves),
    ] {
        it.project.git_in(&clone, &["config", name, value]);
    }
    std::fs::write(clone.join(".git/info/attributes"), "*.rs filter=x\n").unwrap();
    std::fs::write(clone.join(".git/refs/heads/absent"), format!("{}\n", "1".repeat(40))).unwrap();
    let absent = format!("{here}@absent");
    let asks = "git rev-parse --verify 'absent^{commit}' 2>status || true";
    let alias = program("").replacen("touch", "!touch", 1);
    for (source, settings, script, code) in [
        (&here, &[][..], "git status >status", 0),
        (&absent, &[], asks, 4),
        // The protocol of an empty name is an alias.
        (&absent, &[("remote.origin.url", "::x"), ("alias.remote-", &*alias)], asks, 4),
    ] {
        for (name, value) in settings {
            it.project.git_in(&clone, &["config", name, value]);
        }
        crate::archive::sh(&clone, "touch -d 2001-01-01 src/main.rs");
        let args = ["--source", source, "--artifact", &it.app];
        let run = it.verify_in(&it.elsewhere(), &args);
        assert_eq!(run.code, Some(code), "{}", run.all());
        assert!(!ran.exists(), "{}", run.all());
        crate::archive::sh(&clone, script);
        assert!(ran.exists(), "the attack is live");
        std::fs::remove_file(&ran).unwrap();
    }
    // What git-lfs runs for a filter of the user's own is named there as well.
    it.project.git_in(&clone, &["config", "lfs.extension.x.clean", &filter]);
    let run = it.verify_in(&it.elsewhere(), &["--source", &here, "--artifact", &it.app]);
    assert!(run.code == Some(5) && run.stderr.contains("`lfs.extension.x.clean`"), "{}", run.all());
}

/// Neither in the copy that is built from a directory as it is.
#[needs("sandbox")]
#[test]
fn no_filter_is_run_in_the_copy_of_a_directory() {
    let it = Release::of("sound-features");
    let clone = it.clone("clone", &[], None);
    let ran = it.elsewhere().join("ran");
    let filter = format!("touch {}; cat", ran.display());
    it.project.git_in(&clone, &["config", "filter.x.clean", &filter]);
    std::fs::write(clone.join(".git/info/attributes"), "*.toml filter=x\n").unwrap();
    crate::archive::sh(&clone, "echo >>src/main.rs; touch -d 2001-01-01 Cargo.toml");
    let source = clone.display().to_string();
    let args = ["--source", &source, "--artifact", &it.app, "--epoch", "1"];
    let run = it.verify_in(&it.elsewhere(), &args);
    assert!(matches!(run.last(), "REPRODUCED" | "DIFFERS"), "{}", run.all());
    assert!(!ran.exists(), "{}", run.all());
    crate::archive::sh(&clone, "touch -d 2002-02-02 Cargo.toml; git status >status");
    assert!(ran.exists(), "the attack is live");
}

#[test]
fn no_program_is_run_that_a_dependency_or_the_directory_of_the_call_names() {
    let it = Release::prepared("sound-features", |project| {
        let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
        let manifest = manifest.replace("[workspace]", "[workspace]\nexclude = [\"dep\"]");
        let with = format!(
            "{manifest}\n[target.'cfg(windows)'.dependencies]\ndep = {{ path = \"dep\" }}\n"
        );
        project.write("Cargo.toml", &with);
        project.write("dep/Cargo.toml", "[package]\nname = \"dep\"\nversion = \"0.1.0\"\n");
        project.write("dep/src/lib.rs", "");
        let lock = std::fs::read_to_string(project.dir.join("Cargo.lock")).unwrap();
        let lock = lock.trim_end().to_string() + "\ndependencies = [\n \"dep\",\n]\n";
        let dep = "[[package]]\nname = \"dep\"\nversion = \"0.1.0\"\n\n";
        project.write("Cargo.lock", &lock.replacen("[[package]]", &format!("{dep}[[package]]"), 1));
        project.commit("with a dependency");
    });
    let clone = it.clone("clone", &[], None);
    // rustup's cargo runs the toolchain of the directory it is in.
    let (tools, log) = (it.project.base().join("tools"), it.project.base().join("log"));
    let script = format!("#!/bin/sh\npwd >>'{}'\nexec cargo \"$@\"\n", log.display());
    std::fs::create_dir(&tools).unwrap();
    std::fs::write(tools.join("logs"), script).unwrap();
    crate::archive::sh(&tools, "chmod +x logs");
    let cargo = tools.join("logs").display().to_string();
    let asked = |run: &Run| {
        let log = std::fs::read_to_string(&log).unwrap_or_else(|e| panic!("{e}: {}", run.all()));
        log.lines().any(|dir| dir.ends_with("/dep"))
    };
    let here = it.elsewhere();
    std::fs::create_dir(here.join(".cargo")).unwrap();
    std::fs::write(here.join(".cargo/config.toml"), "[build]\nrustc = \"/evil\"\n").unwrap();
    crate::archive::sh(&clone, "rm -rf .git");
    let source = clone.display().to_string();
    let env = [("CARGO", &*cargo)];
    let args = ["--source", &source, "--artifact", &it.app, "--epoch", "1"];
    let run = it.verify_env(&here, &args, &env);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(!asked(&run), "{}", run.all());
    // The control, of the user's own source.
    let mut build = it.project.command(env!("CARGO_BIN_EXE_repro"), &clone);
    let run = build.args(["build", "--epoch", "1"]).envs(env).output().unwrap().into();
    assert!(asked(&run), "{}", run.all());
}

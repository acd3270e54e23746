//! The source of a rebuild: every kind of it, and what git tells in it.

use super::*;

#[test]
fn sources_of_every_kind_are_built_from() {
    let it = Published::new("sound-features");
    let app = it.project.results().join("artifacts").join(host()).join("sound-features");
    let app = app.display().to_string();
    it.sh(&format!(
        "cd {:?}; git archive --prefix=app-1/ -o {b:?}/app.tar.gz HEAD; cargo package -q --offline --no-verify --target-dir {b:?}/package",
        it.clone,
        b = it.project.base()
    ));
    it.project.git(&["tag", "v1"]);
    let base = it.project.base().display().to_string();
    let dir = it.clone.display().to_string();
    let epoch = ["--epoch", "1700000000"];
    for (source, more) in [
        (format!("file://{}@v1", it.project.dir.display()), &[][..]),
        (format!("{base}/app.tar.gz"), &[]),
        (format!("{base}/package/package/sound-features-0.1.0.crate"), &[]),
        // A clone is its commit, with the commit's time.
        (dir.clone(), &[]),
        (dir.clone(), &epoch),
    ] {
        let mut args = vec!["--source", &source, "--artifact", &app];
        args.extend(more);
        let run = it.verify(&args);
        assert_verdict(&run, 0, "REPRODUCED");
        assert!(!run.stdout.contains("built by rustc"), "{}", run.all());
    }
    let other = ["--epoch", "1", "--features", "extra"];
    let against = |app: &str, more: &[&str]| {
        it.verify(&[&["--source", &dir, "--artifact", app], &other[..], more].concat())
    };
    let run = against(&app, &[]);
    assert_verdict(&run, 1, "DIFFERS");
    // The control: its compiler is the one at hand.
    assert_told(&run, &rustc("release"), false);
    assert_a_compiler_that_is_not_here_is_named(&it, &app, against);

    // A source cannot have this user's variables by asking for them.
    let manifest = std::fs::read_to_string(it.clone.join("Cargo.toml")).unwrap();
    let asks = "[package.metadata.repro]\npass-env = [\"MY_SECRET\"]\n";
    std::fs::write(it.clone.join("Cargo.toml"), format!("{manifest}\n{asks}")).unwrap();
    let script = "fn main() {\n    println!(\"cargo::rerun-if-env-changed=MY_SECRET\");\n    assert!(std::env::var_os(\"MY_SECRET\").is_none());\n}\n";
    std::fs::write(it.clone.join("build.rs"), script).unwrap();
    let mut command = it.project.command(env!("CARGO_BIN_EXE_repro"), &it.clone);
    command.args(["verify", "--source", ".", "--epoch", "7", "--artifact", &app]);
    let run: Run = command.env("MY_SECRET", "x").output().unwrap().into();
    // Another source gives other bytes; had the script seen the variable, the build had failed.
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("the source asks for MY_SECRET"), "{}", run.all());

    // A manifest of a directory is about its files, wherever they come from.
    let unpacked = it.project.base().join("un");
    it.sh("mkdir un; tar xzf app.tar.gz -C un --strip-components 1");
    let bin = env!("CARGO_BIN_EXE_repro");
    let mut build = it.project.command(bin, &unpacked);
    let out = build.args(["build", "--source", ".", "--epoch", "7"]).output().unwrap();
    assert_verdict(&out.into(), 0, "REPRODUCIBLE");
    let manifest = unpacked.join("target/repro/repro.json").display().to_string();
    let tarball = format!("{base}/app.tar.gz");
    assert_verdict(&it.verify(&[&manifest, "--source", &tarball]), 0, "REPRODUCED");
    fails(&it.verify(&[&manifest]), 4, &["in no repository"]);
    std::fs::write(unpacked.join("src/main.rs"), "fn main() {}\n").unwrap();
    let changed = unpacked.display().to_string();
    fails(&it.verify(&[&manifest, "--source", &changed]), 4, &["has the digest"]);
}

#[test]
fn git_answers_in_the_rebuild_as_it_did_to_the_publisher() {
    let project = Project::committed("sound-git-rev");
    let url = "https://example.invalid/app.git";
    project.git(&["remote", "add", "origin", url]);
    project.git(&["tag", "v1"]);
    let script = std::fs::read_to_string(project.dir.join("build.rs")).unwrap();
    let asked = r#"git(&["config", "--get", "remote.origin.url"])"#;
    project.write("build.rs", &script.replacen("git(&[", &format!("{asked} + &git(&["), 1));
    project.commit("asks for the remote");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    assert!(project.proven("sound-git-rev").contains(url));
    let mirror = project.base().join("mirror").display().to_string();
    project.git(&["clone", "-q", "--bare", ".", &mirror]);
    let source = format!("file://{mirror}");
    let manifest = project.results().join("repro.json").display().to_string();
    // Which remote that is, is a text of the publisher's: the rebuild has the mirror's own.
    let run = project.repro(&["verify", &manifest, "--source", &source]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("git remote"), "{}", run.all());
    let accept = format!("remote={url}");
    let run =
        project.repro(&["verify", &manifest, "--source", &source, "--accept-setting", &accept]);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(run.stdout.contains(&accept), "{}", run.all());
}

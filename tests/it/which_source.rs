//! Which source a verification was of: tags, branches, remotes and expectations; and each kind of
//! `--source`. Every forgery has its honest twin beside it.

use std::path::{Path, PathBuf};

use crate::support::{Project, Run, assert_verdict, host};
use crate::verify::fails;

mod archives;
mod prompts;
mod stores;

const URL: &str = "https://forge.example/org/app";

/// A release of `sound-features`, tagged, with the repository that it was pushed to.
struct Release {
    project: Project,
    /// The manifest.
    manifest: String,
    /// The one artifact.
    app: String,
    /// A bare clone, as a server has it.
    server: PathBuf,
}

impl Release {
    fn of(fixture: &str) -> Release {
        Release::prepared(fixture, |_| {})
    }

    fn prepared(fixture: &str, prepare: impl FnOnce(&Project)) -> Release {
        let project = Project::committed(fixture);
        prepare(&project);
        project.git(&["branch", "-M", "main"]);
        project.git(&["tag", "-a", "v1", "-m", "one"]);
        Release::built(project, fixture)
    }

    fn built(project: Project, name: &str) -> Release {
        assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
        let server = project.base().join("server/app.git");
        let to = server.display().to_string();
        project.git(&["clone", "-q", "--bare", ".", &to]);
        let manifest = project.results().join("repro.json").display().to_string();
        let app = project.results().join("artifacts").join(host()).join(name);
        Release { app: app.display().to_string(), project, manifest, server }
    }

    /// A clone of the server, whose remote is called the given URL.
    fn clone(&self, name: &str, options: &[&str], url: Option<&str>) -> PathBuf {
        let dir = self.project.base().join(name);
        let from = format!("file://{}", self.server.display());
        let to = dir.display().to_string();
        let args = [&["clone", "-q"], options, &[from.as_str(), &to]].concat();
        self.project.git(&args);
        if let Some(url) = url {
            self.project.git_in(&dir, &["remote", "set-url", "origin", url]);
        }
        dir
    }

    fn verify_in(&self, dir: &Path, args: &[&str]) -> Run {
        self.verify_env(dir, args, &[])
    }

    fn verify_env(&self, dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Run {
        let mut command = self.project.command(env!("CARGO_BIN_EXE_repro"), dir);
        command.arg("verify").args(args).envs(env.iter().copied());
        let run: Run = command.output().unwrap().into();
        let left: Vec<_> = std::fs::read_dir(self.project.tmp()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        assert!(!run.all().contains("repro-"), "a scratch path is shown: {}", run.all());
        run
    }

    /// Where no repository is.
    fn elsewhere(&self) -> PathBuf {
        let dir = self.project.base().join("elsewhere");
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn server_url(&self) -> String {
        format!("file://{}", self.server.display())
    }
}

#[test]
fn an_expected_tag_must_point_at_the_commit_in_a_repository_that_the_verifier_trusts() {
    let it = Release::of("sound-features");
    let source = &it.project.manifest()["source"];
    assert_eq!(source["tags"], serde_json::json!(["v1"]));
    assert_eq!(source["version"], "0.1.0");
    let (here, url) = (it.elsewhere(), it.server_url());
    let bare = it.server.display().to_string();
    for source in [url.as_str(), &bare] {
        let args = [&it.manifest, "--source", source, "--expect-tag", "v1"];
        let run = it.verify_in(&here, &args);
        assert_verdict(&run, 0, "REPRODUCED");
        assert!(run.stdout.contains("tags        v1"), "{}", run.all());
    }
    let base = [&it.manifest, "--source", &url];
    let expect = |tag: &str| it.verify_in(&here, &[&base[..], &["--expect-tag", tag]].concat());
    // A branch is no tag, and neither is a prefix, another tag or an expression.
    for tag in ["v2", "main", "v", "v1^{}", "v1~0", "refs/heads/main", "--help", ""] {
        let tag = format!("--expect-tag={tag}");
        let run = it.verify_in(&here, &[&base[..], &[&tag]].concat());
        fails(&run, 1, &["has no tag", "nothing was built"]);
        assert!(!run.stderr.contains("building"), "{}", run.all());
    }
    assert_verdict(&expect("refs/tags/v1"), 0, "REPRODUCED");
    // The same name on another commit.
    let work = it.clone("work", &[], None);
    std::fs::write(work.join("later"), "").unwrap();
    it.project.git_in(&work, &["add", "-A"]);
    it.project.git_in(&work, &["commit", "-q", "-m", "later"]);
    it.project.git_in(&work, &["tag", "-f", "v1"]);
    it.project.git_in(&work, &["push", "-q", "-f", "origin", "main", "v1"]);
    fails(&expect("v1"), 1, &["tag `v1`", "is commit"]);
    let run = it.verify_in(&here, &[&base[..], &["--format", "json"]].concat());
    assert_eq!(run.code, Some(0), "{}", run.all());
    let identity = &run.json()["identity"];
    assert_eq!(identity["tags"], serde_json::json!([]));
    assert_eq!(identity["branches"], serde_json::json!(["main"]));
    let run = it.verify_in(&here, &base);
    assert!(run.stdout.contains("tags        none in"), "{}", run.all());
    // Without a commit there is nothing to expect.
    let args = ["--source", "dir", "--epoch", "0", "--artifact", &it.app, "--expect-tag", "v1"];
    std::fs::create_dir(here.join("dir")).unwrap();
    fails(&it.verify_in(&here, &args), 1, &["which has none"]);
}

#[test]
fn an_expected_source_is_the_whole_address_and_holds_the_commit() {
    let project = Project::committed("sound-features");
    project.git(&["branch", "-M", "main"]);
    project.git(&["remote", "add", "origin", URL]);
    let it = Release::built(project, "sound-features");
    let clone = it.clone("clone", &[], Some("git@forge.example:org/app.git"));
    let expect = |url: &str| it.verify_in(&clone, &[&it.manifest, "--expect-source", url]);
    assert_verdict(&expect(URL), 0, "REPRODUCED");
    assert_verdict(&expect("ssh://git@FORGE.example/org/app.git/"), 0, "REPRODUCED");
    for other in ["https://forge.example/org/app-evil", "https://forge.example/org", "app", ""] {
        fails(&expect(other), 1, &["--expect-source", "nothing was built"]);
    }
    // The manifest's word is not enough: this clone is of another repository.
    let fork = it.clone("fork", &[], Some("https://forge.example/fork/app"));
    let dir = fork.display().to_string();
    let args = [&it.manifest, "--source", &dir, "--expect-source", URL];
    fails(&it.verify_in(&clone, &args), 1, &["the source was read from", "is `https://forge"]);
    let clone_dir = clone.display().to_string();
    let args = [&it.manifest, "--source", &clone_dir, "--expect-source", URL];
    assert_verdict(&it.verify_in(&fork, &args), 0, "REPRODUCED");
    // A commit that the clone has, and no branch of its remote.
    it.project.git_in(&clone, &["update-ref", "-d", "refs/remotes/origin/main"]);
    it.project.git_in(&clone, &["update-ref", "-d", "refs/remotes/origin/HEAD"]);
    fails(&it.verify_in(&fork, &args), 1, &["is on no branch of"]);
}

#[test]
fn a_commit_that_only_its_id_leads_to_is_on_no_branch() {
    let project = Project::committed("sound-features");
    project.git(&["branch", "-M", "main"]);
    project.write("src/main.rs", "fn main() {\n    println!(\"of a fork\");\n}\n");
    project.commit("of a fork");
    let it = Release::built(project, "sound-features");
    // Hosts keep commits of forks and closed requests, and give them out by their ids.
    let server = it.server.clone();
    it.project.git_in(&server, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    it.project.git_in(&server, &["update-ref", "refs/pull/1", "main"]);
    it.project.git_in(&server, &["update-ref", "refs/heads/main", "main~1"]);
    let (here, url) = (it.elsewhere(), it.server_url());
    let run = it.verify_in(&here, &[&it.manifest, "--source", &url]);
    assert!(run.stdout.contains("branches    none of"), "{}", run.all());
    assert!(run.stdout.contains("tags        none in"), "{}", run.all());
    let args = [&it.manifest, "--source", &url, "--expect-source", &url];
    fails(&it.verify_in(&here, &args), 1, &["is on no branch of"]);
    it.project.git_in(&server, &["update-ref", "refs/heads/main", "refs/pull/1"]);
    assert_verdict(&it.verify_in(&here, &args), 0, "REPRODUCED");
}

#[test]
fn a_remote_that_is_not_the_one_in_cargo_toml_is_reported() {
    let it = Release::prepared("sound-features", |project| {
        let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
        let declared = format!("[package]\nrepository = \"{URL}/tree/main/app\"\n");
        project.write("Cargo.toml", &manifest.replacen("[package]\n", &declared, 1));
        project.commit("declared");
        project.git(&["remote", "add", "origin", "https://forge.example/fork/app.git"]);
    });
    let bare = it.server.display().to_string();
    let args = [it.manifest.as_str(), "--source", &bare];
    let run = it.verify_in(&it.elsewhere(), &args);
    assert!(run.stdout.contains("is not the repository in Cargo.toml"), "{}", run.all());
    let text = std::fs::read_to_string(&it.manifest).unwrap();
    std::fs::write(
        &it.manifest,
        text.replace("org/../", "").replace("fork/app.git", "org/app.git"),
    )
    .unwrap();
    let run = it.verify_in(&it.elsewhere(), &args);
    assert!(!run.stdout.contains("is not the repository in Cargo.toml"), "{}", run.all());
}

#[test]
fn every_form_of_a_repository_is_its_commit() {
    let it = Release::of("sound-git-rev");
    let here = it.elsewhere();
    let shallow = it.clone("shallow", &["--depth", "1"], None);
    let tree = it.project.base().join("tree");
    it.project.git(&["worktree", "add", "-q", "--detach", tree.to_str().unwrap()]);
    let plain = it.clone("plain", &[], None);
    for dir in [&it.server, &shallow, &tree, &plain, &it.project.dir] {
        let dir = dir.display().to_string();
        let run = it.verify_in(&here, &[&it.manifest, "--source", &dir]);
        assert_verdict(&run, 0, "REPRODUCED");
        assert!(!run.stdout.contains("none of"), "{}", run.all());
        for form in [dir.clone(), format!("{dir}@v1"), format!("{dir}@HEAD")] {
            if form.starts_with(shallow.to_str().unwrap()) && form.ends_with("v1") {
                continue;
            }
            let run = it.verify_in(&here, &["--source", &form, "--artifact", &it.app]);
            assert_verdict(&run, 0, "REPRODUCED");
        }
        let nowhere = format!("{dir}@v9");
        let run = it.verify_in(&here, &["--source", &nowhere, "--artifact", &it.app]);
        fails(&run, 4, &["no commit, branch or tag `v9`"]);
    }
    // A manifest and a revision that is another commit.
    it.project.git_in(&plain, &["commit", "-q", "--allow-empty", "-m", "later"]);
    let later = format!("{}@main", plain.display());
    fails(&it.verify_in(&here, &[&it.manifest, "--source", &later]), 4, &["is commit"]);
    let tagged = format!("{}@v1", plain.display());
    let run = it.verify_in(&here, &[&it.manifest, "--source", &tagged]);
    assert_verdict(&run, 0, "REPRODUCED");
    // Not a commit: said so, with the way out.
    std::fs::write(plain.join("src/main.rs"), "fn main() {}\n").unwrap();
    let dirty = plain.display().to_string();
    let run = it.verify_in(&here, &["--source", &dirty, "--artifact", &it.app]);
    fails(&run, 4, &["has uncommitted changes (src/main.rs)", "--epoch SECONDS"]);
    let run = it.verify_in(&here, &["--source", "nowhere@v1", "--artifact", &it.app]);
    fails(&run, 2, &["is not a directory, an archive"]);
}

#[test]
fn a_repository_without_the_commit_says_what_is_missing() {
    let project = Project::committed("sound-features");
    project.git(&["branch", "-M", "main"]);
    let it = Release::built(project, "sound-features");
    let here = it.elsewhere();
    it.project.commit("later");
    it.project.git(&["push", "-q", it.server.to_str().unwrap(), "main"]);
    let shallow = it.clone("shallow", &["--depth", "1"], None).display().to_string();
    let run = it.verify_in(&here, &[&it.manifest, "--source", &shallow]);
    fails(&run, 4, &["does not have commit", "git fetch --unshallow"]);
    let full = it.clone("full", &[], None).display().to_string();
    assert_verdict(&it.verify_in(&here, &[&it.manifest, "--source", &full]), 0, "REPRODUCED");
    let dir = here.join("empty");
    std::fs::create_dir(&dir).unwrap();
    let dir = dir.display().to_string();
    fails(
        &it.verify_in(&here, &[&it.manifest, "--source", &dir]),
        4,
        &["is not in a git repository"],
    );
    fails(&it.verify_in(&here, &[&it.manifest]), 4, &["names no remote", "give --source"]);
    // Of another user: git's own reason, and not that the commit is missing.
    let owned = [("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")];
    let words = ["which a different user owns", "safe.directory"];
    for (dir, args) in [
        (Path::new(&full), &[it.manifest.as_str()][..]),
        (&here, &[&it.manifest, "--source", &full]),
        (&here, &[&it.manifest, "--source", it.server.to_str().unwrap()]),
        (&here, &["--source", &full, "--artifact", &it.app]),
    ] {
        fails(&it.verify_env(dir, args, &owned), 4, &words);
    }
}

#[test]
fn a_subdirectory_is_a_package_of_its_commit() {
    let project = Project::committed("sound-path-dep");
    project.git(&["branch", "-M", "main"]);
    let base = project.base();
    let ws = project.dir.join("ws").display().to_string();
    let mut command = project.command(env!("CARGO_BIN_EXE_repro"), Path::new(&ws));
    assert_verdict(&command.arg("build").output().unwrap().into(), 0, "REPRODUCIBLE");
    let artifacts = Path::new(&ws).join("target/repro/artifacts").join(host());
    let app = std::fs::read_dir(artifacts).unwrap().next().unwrap().unwrap().path();
    let app = app.display().to_string();
    for source in [ws.clone(), format!("{ws}@main")] {
        let mut command = project.command(env!("CARGO_BIN_EXE_repro"), &base);
        command.args(["verify", "--source", &source, "--artifact", &app]);
        assert_verdict(&command.output().unwrap().into(), 0, "REPRODUCED");
    }
}

#[test]
fn the_time_of_a_crate_is_a_guess_and_reported_as_one() {
    let it = Release::prepared("sound-features", |project| {
        project.write(
            "build.rs",
            "fn main() {\n    println!(\"cargo::rustc-env=T={}\", std::env::var(\"SOURCE_DATE_EPOCH\").unwrap());\n}\n",
        );
        project.write("src/main.rs", "fn main() {\n    println!(\"{}\", env!(\"T\"));\n}\n");
        project.commit("embeds the time");
    });
    let here = it.elsewhere();
    let pack = |name: &str, time: &str| {
        let path = it.project.base().join(name).display().to_string();
        std::fs::write(it.project.dir.join("Cargo.toml.orig"), "").unwrap();
        let status = it
            .project
            .command("tar", &it.project.dir)
            .args([&format!("--mtime=@{time}"), "--transform=s,^,app-1/,", "-czf", &path])
            .args(["Cargo.toml", "Cargo.toml.orig", "Cargo.lock", "src", "build.rs"])
            .status();
        assert!(status.unwrap().success());
        path
    };
    for time in ["1153704088", "1", "0"] {
        let file = pack(&format!("app-{time}.crate"), time);
        let args = ["--source", &file, "--artifact", &it.app];
        let run = it.verify_in(&here, &args);
        assert_verdict(&run, 1, "DIFFERS");
        let guess = format!("SOURCE_DATE_EPOCH is {time} here, the time that cargo gives");
        assert!(run.stdout.contains(&guess), "{}", run.all());
        let of_epoch = format!("epoch       {time} ");
        assert!(run.stdout.lines().any(|l| l.starts_with(&of_epoch)), "{}", run.all());
        assert!(!run.stdout.contains("was not made from this source"), "{}", run.all());
        let run = it.verify_in(&here, &[&args[..], &["--format", "json"]].concat());
        let epoch = &run.json()["identity"]["epoch"];
        assert_eq!(epoch["seconds"].to_string(), time);
        let run = it.verify_in(&here, &[&args[..], &["--epoch", "1700000000"]].concat());
        assert_verdict(&run, 0, "REPRODUCED");
    }
    // With cargo's constant the published time is found, too.
    let file = it.project.base().join("app-1153704088.crate").display().to_string();
    let run = it.verify_in(&here, &["--source", &file, "--artifact", &it.app]);
    assert!(run.stdout.contains("timestamp"), "{}", run.all());
    assert!(run.stdout.contains("1700000000"), "{}", run.all());
    // The packing time of an older cargo.
    let file = pack("old.crate", "1600000000");
    let run = it.verify_in(&here, &["--source", &file, "--artifact", &it.app]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("SOURCE_DATE_EPOCH is 1600000000 here"), "{}", run.all());
}

#[test]
fn a_lockfile_that_git_does_not_track_is_said_to_be_there() {
    let project = Project::plain("sound-features");
    project.write(".gitignore", "target\nCargo.lock\n");
    project.git(&["init", "-q", "-b", "main"]);
    project.commit("without the lockfile");
    let words = ["has `Cargo.lock`, but git does not track it", "git add Cargo.lock"];
    let run = project.repro(&["build"]);
    fails(&run, 4, &words);
    assert!(run.stderr.contains("`.gitignore` (line 2)"), "{}", run.all());
    // Ignored by the user's own file.
    project.write(".gitignore", "target\n");
    let global = project.base().join("home/.config/git/ignore");
    std::fs::create_dir_all(global.parent().unwrap()).unwrap();
    std::fs::write(&global, "Cargo.lock\n").unwrap();
    project.commit("ignored elsewhere");
    let run = project.repro(&["build"]);
    fails(&run, 4, &words);
    assert!(run.stderr.contains(".config/git/ignore` (line 1)"), "{}", run.all());
    std::fs::remove_file(&global).unwrap();
    let run = project.repro(&["build"]);
    fails(&run, 4, &words);
    assert!(!run.stderr.contains("take it out"), "{}", run.all());
    // From elsewhere it cannot be seen: the address is named, and what has it.
    let url = format!("file://{}", project.dir.display());
    let published = project.base().join("published");
    std::fs::write(&published, "a program").unwrap();
    let verify = |source: &str, file: &str| {
        project.repro(&["verify", "--source", source, "--artifact", file])
    };
    let published = published.display().to_string();
    let run = verify(&format!("{url}@main"), &published);
    fails(&run, 4, &[&url, "has no Cargo.lock", ".crate"]);
    let dir = project.dir.display().to_string();
    fails(&verify(&dir, &published), 4, &words);
    fails(&verify(&dir, "Cargo.toml"), 2, &["`Cargo.toml` is part of the source"]);
    project.commit("with it");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
}

#[test]
fn a_repository_with_sha_256_ids_is_one_as_any_other() {
    let project = Project::plain("sound-features");
    project.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    project.commit("first");
    project.git(&["tag", "-a", "v1", "-m", "one"]);
    let it = Release::built(project, "sound-features");
    let (here, url) = (it.elsewhere(), it.server_url());
    let args = [&it.manifest, "--source", &url, "--expect-tag", "v1", "--expect-source", &url];
    assert_verdict(&it.verify_in(&here, &args), 0, "REPRODUCED");
}

#[test]
fn submodules_come_from_where_the_source_says_and_never_from_a_command() {
    let library = Project::committed("sound-features");
    let project = Project::plain("sound-edits-source");
    project.git(&["init", "-q", "-b", "main"]);
    project.git(&["submodule", "--quiet", "add", library.dir.to_str().unwrap(), "sub"]);
    project.write(
        "src/main.rs",
        "fn main() {\n    println!(\"{}\", include_str!(\"../sub/src/main.rs\").len());\n}\n",
    );
    project.commit("with a submodule");
    let it = Release::built(project, "sound-edits-source");
    let (here, url) = (it.elsewhere(), it.server_url());
    let from_url = [it.manifest.as_str(), "--source", &url];
    // Git takes a submodule from this machine only where the user allows it.
    let run = it.verify_in(&here, &from_url);
    fails(&run, 4, &["submodule `sub` could not be fetched", "give --source DIR"]);
    let dir = it.project.dir.display().to_string();
    let run = it.verify_in(&here, &[&it.manifest, "--source", &dir]);
    assert_verdict(&run, 0, "REPRODUCED");
    let config = "[protocol \"file\"]\nallow = always\n[protocol \"ext\"]\nallow = always\n";
    std::fs::write(it.project.base().join("home/.gitconfig"), config).unwrap();
    assert_verdict(&it.verify_in(&here, &from_url), 0, "REPRODUCED");
    let mark = it.project.base().join("ran");
    let modules = std::fs::read_to_string(it.project.dir.join(".gitmodules")).unwrap();
    let library = library.dir.display().to_string();
    let command = format!("ext::sh -c touch% {}", mark.display());
    it.project.write(".gitmodules", &modules.replace(&library, &command));
    it.project.commit("names a command");
    it.project.git(&["push", "-q", it.server.to_str().unwrap(), "main"]);
    let run = it.verify_in(&here, &["--source", &url, "--artifact", &it.app]);
    fails(&run, 4, &["submodule `sub` could not be fetched"]);
    assert!(!mark.exists());
}

#[cfg(unix)]
#[test]
fn a_replaced_object_is_not_what_its_id_says() {
    let it = Release::of("sound-features");
    let clone = it.clone("clone", &[], None);
    let other = it
        .project
        .git_in(&clone, &["commit-tree", "-m", "x", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
    it.project.git_in(&clone, &["replace", "main", &other]);
    assert_verdict(&it.verify_in(&clone, &[&it.manifest]), 0, "REPRODUCED");
    // A store that came with a download can have any bytes under an id.
    let git = |args: &[&str]| it.project.git_in(&clone, args).trim().to_string();
    crate::archive::sh(
        &clone,
        "mv .git/objects/pack packs; mkdir .git/objects/pack; for p in packs/*.pack; do git unpack-objects -q <$p; done",
    );
    std::fs::write(clone.join("evil.rs"), "fn main() {}\n").unwrap();
    let evil = git(&["hash-object", "-w", "evil.rs"]);
    let good = git(&["--no-replace-objects", "rev-parse", "origin/main:src/main.rs"]);
    let stored = |id: &str| clone.join(".git/objects").join(&id[..2]).join(&id[2..]);
    std::fs::remove_file(stored(&good)).unwrap();
    std::fs::copy(stored(&evil), stored(&good)).unwrap();
    let words = ["objects that are not what their ids say", "`git fsck`"];
    fails(&it.verify_in(&clone, &[&it.manifest]), 5, &words);
}

#[test]
fn an_address_is_never_an_option_or_a_command() {
    let project = Project::plain("sound-features");
    let mark = project.base().join("ran").display().to_string();
    for (source, word) in [
        (format!("ext::sh -c 'touch {mark}'"), "names a command"),
        (format!("--upload-pack=touch {mark}://x"), "option"),
        (format!("ssh://-oProxyCommand=touch%20{mark}/x"), "names no host"),
        (format!("git@-oProxyCommand=touch{mark}:x"), ""),
        ("file://relative/x".to_string(), "absolute path"),
        ("ftp://host/x".to_string(), "protocol"),
    ] {
        let source = format!("--source={source}");
        let run = project.repro(&["verify", &source, "--artifact", "Cargo.toml"]);
        fails(&run, 5, &[word]);
        assert!(!Path::new(&mark).exists());
    }
}

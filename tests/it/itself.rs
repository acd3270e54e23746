//! A build that reaches the published file would have it compared with itself. Each attack is live: its
//! control beside it, where nothing stops it or it reaches another file, ends otherwise.

use std::path::{Path, PathBuf};

use crate::archive::sh;
use crate::support::{Project, Run, assert_verdict, host};
use crate::verify::fails;
use test_needs::needs;

const CARGO: &str =
    "[package]\nname = \"true\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[workspace]\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"true\"\nversion = \"1.0.0\"\n";
/// Inside, the link leads to a file of the build's own, so that cargo finds one.
const LINK: &str = "mkdir -p release; cp \"$out\" release/true; rm \"$out\"; ln -s /proc/self/cwd/release/true \"$out\"";
/// A program that is on every machine, and readable in the sandbox.
const INSTALLED: &str = "/usr/bin/true";

/// A package with a program `true`, whose linker does something after it has linked.
fn linked(after: &str) -> Project {
    let project = Project::plain("sound-features");
    project.write("Cargo.toml", CARGO);
    project.write("Cargo.lock", LOCK);
    project.write("src/main.rs", "fn main() {}\n");
    let config = format!("[target.{}]\nlinker = \"./gcc\"\n", host());
    project.write(".cargo/config.toml", &config);
    let script = format!(
        "#!/bin/sh\ncc \"$@\" || exit 1\nout=; last=\nfor a in \"$@\"; do [ \"$last\" = -o ] && out=$a; last=$a; done\ncase $out in */deps/true-*) {after};; esac\n"
    );
    project.write("gcc", &script);
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.dir.join("gcc"), mode).unwrap();
    project
}

fn committed(project: Project) -> Project {
    project.git(&["init", "-q"]);
    project.commit("as it is");
    project
}

/// What the publisher has instead of the program.
fn evil(project: &Project, place: &str) -> PathBuf {
    project.write(place, "evil\n");
    project.dir.join(place)
}

fn verify(project: &Project, published: &Path, more: &[&str]) -> Run {
    let published = published.to_str().unwrap();
    let args = ["verify", "--source", ".", "--artifact", published];
    project.repro(&[&args[..], more].concat())
}

#[test]
fn a_link_to_the_published_file_is_no_output_of_a_build() {
    let project = committed(linked(LINK));
    let published = evil(&project, "release/true");
    let words = "not a regular file in its target directory";
    fails(&verify(&project, &published, &["--no-sandbox"]), 5, &[words]);
    let project = committed(linked(":"));
    let published = evil(&project, "release/true");
    let out = project.base().join("out");
    let run = verify(&project, &published, &["--output", out.to_str().unwrap()]);
    assert_verdict(&run, 1, "DIFFERS");
    assert_verdict(&verify(&project, &out.join(host()).join("true"), &[]), 0, "REPRODUCED");
}

#[needs("sandbox")]
#[test]
fn a_link_to_the_published_file_is_no_output_in_a_sandbox_either() {
    let project = committed(linked(LINK));
    let published = evil(&project, "release/true");
    let words = ["not a regular file in its target directory", "`true"];
    fails(&verify(&project, &published, &["--sandbox"]), 5, &words);
}

/// cargo passes on what a compiler prints, and so what a macro prints in it.
#[test]
fn a_macro_that_speaks_as_cargo_names_no_file_of_this_machine() {
    let project = Project::plain("sound-features");
    let first = "version = 4\n\n[[package]]\nname = \"mac\"\nversion = \"0.1.0\"\n";
    let lock = LOCK.replace("version = 4\n", first) + "dependencies = [\n \"mac\",\n]\n";
    let manifest = "[package]\nname = \"mac\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n";
    project.write("Cargo.toml", &format!("{CARGO}\n[dependencies]\nmac = {{ path = \"mac\" }}\n"));
    project.write("Cargo.lock", &lock);
    project.write("mac/Cargo.toml", manifest);
    project.write("src/main.rs", "mac::say!();\n\nfn main() {}\n");
    let says = |project: &Project, line: &str| {
        let code = format!(
            "#[proc_macro]\npub fn say(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    println!(\"{{}}\", {line:?});\n    Default::default()\n}}\n"
        );
        project.write("mac/src/lib.rs", &code);
    };
    // Of two files of one name the one with the lower digest comes first: this one has 0000….
    project.write("release/true", "evil 57603\n");
    let published = project.dir.join("release/true");
    let mut line = serde_json::json!({
        "reason": "compiler-artifact", "package_id": "path+file:///x/true#1.0.0",
        "manifest_path": "/x/Cargo.toml", "features": [], "fresh": false,
        "target": {"kind": ["bin"], "crate_types": ["bin"], "name": "true", "edition": "2021",
            "src_path": "/x/src/main.rs", "doc": true, "doctest": false, "test": true},
        "profile": {"opt_level": "3", "debuginfo": 0, "debug_assertions": false,
            "overflow_checks": false, "test": false},
        "filenames": [published], "executable": published,
    });
    says(&project, &line.to_string());
    project.write(".gitignore", "target\nrelease\n");
    let project = committed(project);
    fails(&verify(&project, &published, &[]), 5, &["`true`", "not a regular file in its target"]);
    // The metadata is a FIFO that nothing writes to: reading it would never end.
    let metadata = project.base().join("true.rmeta");
    sh(&project.dir, &format!("mkfifo {metadata:?}"));
    line["filenames"] = serde_json::json!([metadata, published.with_extension("rlib")]);
    line["target"]["kind"] = serde_json::json!(["lib"]);
    line["target"]["crate_types"] = serde_json::json!(["lib"]);
    std::fs::write(published.with_extension("rlib"), "evil\n").unwrap();
    says(&project, &line.to_string());
    project.commit("metadata");
    let words = "not a regular file in its target directory";
    fails(&verify(&project, &published, &[]), 5, &["`true.rlib`", words]);
    says(&project, "nothing of interest");
    project.commit("quiet");
    assert_verdict(&verify(&project, &published, &[]), 1, "DIFFERS");
}

#[needs("sandbox", "/usr/bin/true")]
#[test]
fn a_published_file_that_is_installed_is_hidden_from_the_build() {
    let copies = format!("cp {INSTALLED} \"$out\"; chmod 755 \"$out\"");
    let project = committed(linked(&copies));
    let run = verify(&project, Path::new(INSTALLED), &["--no-sandbox"]);
    assert_verdict(&run, 0, "REPRODUCED");
    let run = verify(&project, Path::new(INSTALLED), &["--sandbox"]);
    assert!(run.code == Some(3) || run.last() == "DIFFERS", "{}", run.all());
    // Another file there is in reach.
    let published = evil(&project, "release/true");
    let out = project.base().join("out");
    let run = verify(&project, &published, &["--sandbox", "--output", out.to_str().unwrap()]);
    assert_verdict(&run, 1, "DIFFERS");
    let made = std::fs::read(out.join(host()).join("true")).unwrap();
    assert_eq!(made, std::fs::read(INSTALLED).unwrap());
}

#[test]
fn a_published_file_in_the_directory_of_the_source_is_no_part_of_it() {
    let project = linked("[ ! -f dist/true ] || cp dist/true \"$out\"");
    let published = evil(&project, "dist/true");
    let epoch = ["--epoch", "1"];
    let run = verify(&project, &published, &epoch);
    assert_verdict(&run, 1, "DIFFERS");
    let note = "is in the directory of the source, and the build did not see it";
    assert!(run.stdout.contains(note), "{}", run.all());
    // Published elsewhere, the file there is one of the source.
    let copy = project.base().join("true");
    std::fs::copy(&published, &copy).unwrap();
    let run = verify(&project, &copy, &epoch);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(!run.stdout.contains(note), "{}", run.all());
}

/// The settings of a repository make git run programs, and its list of borrowed objects names
/// directories that the build has to see: neither counts in an archive.
#[needs("sandbox")]
#[test]
fn an_archive_with_a_repository_runs_nothing_and_opens_nothing() {
    let place = tempfile::tempdir().unwrap();
    let published = std::fs::canonicalize(place.path()).unwrap().join("true");
    std::fs::write(&published, "evil\n").unwrap();
    let copies = format!("[ ! -f {published:?} ] || cp {published:?} \"$out\"");
    let project = committed(linked(&copies));
    let ran = project.base().join("ran");
    let program = format!("touch {}; cat", ran.display());
    let watch = format!("touch {}; :", ran.display());
    for (name, value) in [("filter.x.clean", &program), ("core.fsmonitor", &watch)] {
        project.git(&["config", name, value]);
    }
    project.write(".git/info/attributes", "*.rs filter=x\n");
    let opens = format!("{}\n", published.parent().unwrap().display());
    project.write(".git/objects/info/alternates", &opens);
    let archive = project.base().join("true-1.0.0.tar.gz");
    sh(&project.dir, &format!("touch src/main.rs; tar -czf {archive:?} -C .. project"));
    let verify = |more: &[&str]| {
        let (archive, published) = (archive.to_str().unwrap(), published.to_str().unwrap());
        let args = ["verify", "--source", archive, "--artifact", published];
        let elsewhere = project.base().join("home");
        let mut command = project.command(env!("CARGO_BIN_EXE_repro"), &elsewhere);
        Run::from(command.args([&args[..], more].concat()).output().unwrap())
    };
    let run = verify(&["--sandbox"]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("`.git`"), "{}", run.all());
    assert!(!ran.exists(), "{}", run.all());
    assert_verdict(&verify(&["--no-sandbox"]), 0, "REPRODUCED");
    assert!(!ran.exists());
    sh(&project.dir, "git status >/dev/null");
    assert!(ran.exists(), "the attack is live");
}

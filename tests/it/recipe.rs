//! The recipe: remaps that no profile can weaken, crates under one path wherever they
//! were unpacked, ids of one length, names of import libraries; and version 1, which is still replayed.

use std::path::Path;

use repro_formats::digest;

use crate::support::{Project, Run, assert_verdict, host};
use test_needs::needs;

fn proven(project: &Project, name: &str) -> Vec<u8> {
    std::fs::read(project.results().join("artifacts").join(host()).join(name)).unwrap()
}

#[test]
fn the_scope_of_remaps_cannot_be_narrowed() {
    let project = Project::committed("sound-workspace");
    // As cargo's trim-paths passes it to release builds.
    let env = [("RUSTFLAGS", "--remap-path-scope=object")];
    assert_verdict(&project.repro_env(&["build"], &env), 0, "REPRODUCIBLE");
}

#[test]
fn git_shortens_ids_to_one_length_in_every_clone() {
    let project = Project::plain("sound-git-rev");
    project.write(
        "build.rs",
        "fn main() {\n    let mut git = std::process::Command::new(\"git\");\n    \
         let out = git.args([\"rev-parse\", \"--short\", \"HEAD\"]).output().unwrap();\n    \
         println!(\"cargo::rustc-env=ID={}\", String::from_utf8(out.stdout).unwrap().trim());\n}\n",
    );
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", env!(\"ID\"));\n}\n");
    project.git(&["init", "-q"]);
    project.commit("a short id");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let id = project.git(&["rev-parse", "HEAD"]);
    assert_eq!(project.proven("sound-git-rev"), id[..12]);
    assert!(project.git(&["rev-parse", "--short", "HEAD"]).len() < 12);

    // A manifest of version 1 is replayed by the rows that it had.
    let path = project.results().join("repro.json");
    let manifest = project.manifest();
    let verify = |change: &dyn Fn(&mut serde_json::Value)| -> Run {
        let mut manifest = manifest.clone();
        change(&mut manifest);
        std::fs::write(&path, serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
        project.repro(&["verify", "target/repro/repro.json"])
    };
    let version = |m: &mut serde_json::Value, version: u32| m["recipe"]["version"] = version.into();
    assert_verdict(&verify(&|_| ()), 0, "REPRODUCED");
    assert_verdict(&verify(&|m| version(m, 1)), 1, "DIFFERS");
    let unknown = verify(&|m| version(m, 5));
    assert_eq!(unknown.code, Some(4), "{}", unknown.all());
    assert!(unknown.stderr.contains("versions 1 to 4"), "{}", unknown.all());
}

/// Makes a local registry at `dir` with one crate, whose function returns the path of its file.
fn registry(project: &Project, dir: &Path) -> String {
    let shown = project.base().join("shown");
    for (path, text) in [
        (
            "Cargo.toml",
            "[package]\nname = \"shown\"\nversion = \"1.0.0\"\nedition = \"2021\"\nlicense = \"MIT\"\ndescription = \"x\"\n",
        ),
        ("src/lib.rs", "pub fn place() -> &'static str {\n    file!()\n}\n"),
    ] {
        std::fs::create_dir_all(shown.join("src")).unwrap();
        std::fs::write(shown.join(path), text).unwrap();
    }
    let target = project.base().join("packed");
    let args = ["package", "--offline", "--no-verify", "--allow-dirty", "--target-dir"];
    let out = project.command("cargo", &shown).args(args).arg(&target).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let packed = std::fs::read(target.join("package/shown-1.0.0.crate")).unwrap();
    let sum = digest::of_bytes(&packed).sha256;
    std::fs::create_dir_all(dir.join("index/sh/ow")).unwrap();
    std::fs::write(dir.join("shown-1.0.0.crate"), packed).unwrap();
    let entry = format!(
        "{{\"name\":\"shown\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"{sum}\",\"features\":{{}},\"yanked\":false}}\n"
    );
    std::fs::write(dir.join("index/sh/ow/shown"), entry).unwrap();
    sum
}

#[test]
fn mirrors_and_vendored_crates_give_the_same_bytes() {
    let project = Project::plain("sound-features");
    let sum = registry(&project, &project.dir.join("mirror"));
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{manifest}\n[dependencies]\nshown = \"1\"\n"));
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", shown::place());\n}\n");
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"shown\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n\n[[package]]\nname = \"sound-features\"\nversion = \"0.1.0\"\ndependencies = [\n \"shown\",\n]\n"
    );
    project.write("Cargo.lock", &lock);
    let config = "[source.crates-io]\nreplace-with = \"m\"\n[source.m]\n";
    let home = project.base().join("cargo-home");
    let env = [("CARGO_HOME", home.to_str().unwrap())];
    project.git(&["init", "-q"]);
    let build = |source: &str| {
        project.write(".cargo/config.toml", &format!("{config}{source}\n"));
        project.commit(source);
        assert_verdict(&project.repro_env(&["build"], &env), 0, "REPRODUCIBLE");
        let place = "/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/shown-1.0.0/src/lib.rs";
        assert_eq!(project.proven("sound-features"), place, "{source}");
        proven(&project, "sound-features")
    };
    let mirrored = build("local-registry = \"mirror\"");
    std::fs::rename(project.dir.join("mirror"), project.dir.join("another")).unwrap();
    assert!(build("local-registry = \"another\"") == mirrored, "another mirror gives other bytes");
    let vendor = project
        .command("cargo", &project.dir)
        .args(["vendor", "--offline", "--respect-source-config"])
        .envs(env)
        .output();
    let vendor = vendor.unwrap();
    assert!(vendor.status.success(), "{}", String::from_utf8_lossy(&vendor.stderr));
    assert!(build("directory = \"vendor\"") == mirrored, "vendored crates give other bytes");
}

const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// As GNU's dlltool: an archive with a symbol made from the path behind `-l`.
const DLLTOOL: &str = r##"#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in -l) library=$2 ;; --temp-prefix) prefix=$2 ;; esac
    shift
done
name=$(printf '%s' "$library" | tr -c 'A-Za-z0-9' _)
echo "#![no_std] #[unsafe(export_name = \"_head_$name\")] pub static HEAD: u8 = 1;" |
    "RUSTC" --edition 2024 --target x86_64-pc-windows-gnu --crate-type lib --crate-name head --emit obj -o "${prefix}h.o" - || exit
ar crD "$library" "${prefix}h.o" && rm "${prefix}h.o"
"##;

#[needs("x86_64-pc-windows-gnu")]
#[test]
fn import_libraries_do_not_hold_the_random_path_of_rustc() {
    let project = Project::plain("sound-features");
    std::fs::remove_file(project.dir.join("src/main.rs")).unwrap();
    project.write(
        "src/lib.rs",
        "#[link(name = \"k\", kind = \"raw-dylib\")]\nextern \"system\" {\n    pub fn of_k();\n}\n",
    );
    project.git(&["init", "-q"]);
    project.commit("a library that imports");
    let bin = project.base().join("bin");
    let tool = bin.join("x86_64-w64-mingw32-dlltool");
    std::fs::create_dir(&bin).unwrap();
    let rustc = crate::support::sysroot().join("bin/rustc");
    std::fs::write(&tool, DLLTOOL.replace("RUSTC", rustc.to_str().unwrap())).unwrap();
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let repro = |args: &[&str]| {
        let target = ["--target", WINDOWS, "--isolate", "never"];
        project.repro_env(&[args, &target].concat(), &[("PATH", &path)])
    };
    let run = repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let manifest = project.manifest();
    assert!(manifest["recipe"]["rows"].to_string().contains("-Cdlltool="), "{manifest:#}");

    // As plain cargo makes it, the names differ, and the report says what makes them.
    let run = repro(&["build", "--inject", "rustflags", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert_eq!(run.json()["blame"][0]["causes"], serde_json::json!(["import-library"]));
    let shell = project.repro(&["env", "--target", WINDOWS]);
    assert!(shell.stderr.contains("only `repro build` fixes them"), "{}", shell.all());

    // The user's own dlltool is the one that is run, and its failure is the build's.
    std::fs::write(&tool, "#!/bin/sh\necho of the user >&2\nexit 3\n").unwrap();
    let own = format!("-Cdlltool={}", tool.display());
    let run = project
        .repro_env(&["build", "--target", WINDOWS, "--isolate", "never"], &[("RUSTFLAGS", &own)]);
    assert_eq!(run.code, Some(3), "{}", run.all());
    assert!(run.stderr.contains("of the user"), "{}", run.all());
}

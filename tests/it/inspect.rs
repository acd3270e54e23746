//! `repro inspect` on real files: output of this machine's compiler, this program itself, and seed files of
//! formats that no linker here writes.

use std::path::Path;

use serde_json::Value;

use crate::support::{Project, Run};

fn binaries(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{}", run.all());
    run.json()["files"][0]["binaries"].as_array().unwrap().clone()
}

fn of(project: &Project, path: &str) -> Value {
    let mut all = binaries(&project.repro(&["inspect", "--format", "json", path]));
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn texts(list: &Value) -> String {
    list.as_array().unwrap().iter().map(|t| format!("{t}\n")).collect()
}

#[test]
fn this_program_tells_its_compiler_linker_crates_and_paths() {
    let project = Project::plain("sound-features");
    let found = of(&project, env!("CARGO_BIN_EXE_repro"));
    let vv = project.command("rustc", &project.dir).arg("-vV").output().unwrap().stdout;
    let vv = String::from_utf8(vv).unwrap();
    let of_rustc = |key: &str| vv.lines().find_map(|l| l.strip_prefix(key)).unwrap().to_string();
    let rustc: Vec<_> = found["rustc"].as_array().unwrap().clone();
    let own = rustc.iter().find(|r| r["version"] == of_rustc("release: ").as_str());
    let commit = own.unwrap_or_else(|| panic!("{rustc:?}"))["commit"].as_str().unwrap();
    assert!(of_rustc("commit-hash: ").starts_with(commit), "{commit}");
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        assert_eq!(found["target"], of_rustc("host: "));
        assert!(found["libc"].as_str().unwrap().starts_with("glibc, at least 2."), "{found}");
    }
    let lock = include_str!("../../Cargo.lock");
    let crates = found["crates"].as_array().unwrap();
    let versioned = crates.iter().filter(|c| c["from"] == "paths");
    let versioned: Vec<_> = versioned.filter_map(|c| c["version"].as_str()).collect();
    assert!(versioned.len() > 20, "{crates:?}");
    let clap = crates.iter().find(|c| c["name"] == "clap_builder").unwrap();
    let entry = format!("name = \"clap_builder\"\nversion = {}\n", clap["version"]);
    assert!(lock.contains(&entry), "{entry}");
    assert!(texts(&found["paths"]).contains(".cargo"), "{}", found["paths"]);
    assert_eq!((&found["symbols"], &found["signed"]), (&Value::Bool(true), &Value::Null));
    let text = project.repro(&["inspect", env!("CARGO_BIN_EXE_repro")]);
    assert!(
        text.stdout.contains(&format!("rustc      {}", of_rustc("release: "))),
        "{}",
        text.all()
    );
}

#[test]
fn an_archive_a_stripped_program_and_a_library_are_inspected() {
    let project = Project::plain("sound-features");
    project.write("p/src/x.rs", "fn main() { std::env::args().nth(7).unwrap(); }\n");
    project.write("y.rs", "pub fn y(i: usize) -> usize { [1, 2, 3][i] }\n");
    let rustc = |args: &[&str]| {
        let status = project.command("rustc", &project.dir).args(args).status().unwrap();
        assert!(status.success(), "{args:?}");
    };
    rustc(&["-Cstrip=symbols", "p/src/x.rs", "-o", "p/x"]);
    rustc(&["--crate-type=rlib", "--crate-name=y", "y.rs"]);
    let stripped = of(&project, "p/x");
    assert_eq!(stripped["symbols"], Value::Bool(false), "{stripped}");
    assert!(!stripped["rustc"][0]["version"].is_null(), "{stripped}");
    let library = of(&project, "liby.rlib");
    assert_eq!(
        (&library["format"], library["rustc"][0]["version"].is_null()),
        (&"ar".into(), false)
    );
    assert!(texts(&library["crates"]).contains("\"y\""), "{library}");
    project.repro(&["archive", "p", "-o", "p.zip"]);
    let packed = binaries(&project.repro(&["inspect", "--format", "json", "p.zip"]));
    assert_eq!(packed.len(), 1);
    assert_eq!(packed[0]["within"], serde_json::json!(["x"]));
    assert_eq!(packed[0]["rustc"], stripped["rustc"]);
}

#[test]
fn formats_of_other_systems_are_read_and_what_is_none_is_refused() {
    let project = Project::plain("sound-features");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    for (seed, format, signed) in [
        ("formats/fuzz/seeds/pe/pe32-plus", "PE", Some(false)),
        ("formats/fuzz/seeds/pe/signed", "PE", None),
        ("formats/fuzz/seeds/signature/signed.exe", "PE", Some(true)),
        ("formats/fuzz/seeds/signature/macho", "Mach-O", Some(true)),
        ("explain/fuzz/seeds/explain/coff-object", "COFF", None),
    ] {
        let found = of(&project, root.join(seed).to_str().unwrap());
        assert_eq!(found["format"], format, "{seed}: {found}");
        if signed.is_some() {
            assert_eq!(found["signed"].as_bool(), signed, "{seed}: {found}");
        }
    }
    let run = project.repro(&["inspect", "Cargo.toml"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(5), ""), "{}", run.all());
    assert!(run.stderr.contains("`Cargo.toml` is not a program or library"), "{}", run.all());
}

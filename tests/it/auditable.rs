//! `repro build --auditable`: which files get the list of packages, what is refused, and that a list made by
//! `cargo auditable` stays as it is. `sbom.rs` compares what is in the list with the lockfile.

use std::io::Read;
use std::path::Path;

use object::{Object as _, ObjectSection as _};
use serde_json::Value;

use crate::support::{Project, assert_verdict, host};
use crate::verify::fails;

/// The list in a file; none if there is no section for it, or more than one.
pub fn listed(path: &Path) -> Option<Value> {
    let bytes = std::fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let sections: Vec<_> = file.sections().filter(|s| s.name() == Ok(".dep-v0")).collect();
    let [section] = &sections[..] else {
        assert!(sections.is_empty(), "{} sections", sections.len());
        return None;
    };
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(section.data().unwrap()).read_to_string(&mut text).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// `name version source` of each package, and its kind where it is not in the program.
pub fn packages(list: &Value) -> Vec<String> {
    let text = |p: &Value, key: &str| p[key].as_str().map(|v| format!(" {v}")).unwrap_or_default();
    let one = |p: &Value| {
        let root = if p["root"] == true { " root" } else { "" };
        let words = ["name", "version", "source", "kind"].map(|key| text(p, key)).concat();
        format!("{}{root}", words.trim_start())
    };
    list["packages"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn programs_and_c_libraries_keep_the_list_and_nothing_else_gets_one() {
    let project = Project::plain("sound-workspace");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    // What takes sections away: whole-program optimization, and stripping.
    let profile = "\n[profile.release]\nlto = true\nstrip = true\ncodegen-units = 1\n";
    project.write("Cargo.toml", &(manifest.clone() + profile));
    project.git(&["init", "-q"]);
    project.commit("as it is");
    let path = |name: &str| project.results().join("artifacts").join(host()).join(name);
    let shared = format!("{}c_api{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let run = project.repro(&["build", "--once", "--auditable", "--workspace"]);
    assert_verdict(&run, 0, "SINGLE BUILD");
    for (file, root) in [("first-bin", "two-bins"), ("second-bin", "two-bins"), (&shared, "c-api")]
    {
        let list = listed(&path(file)).unwrap_or_else(|| panic!("{file}"));
        let root = format!("{root} 0.1.0 local root");
        let mut expected = vec!["core-lib 0.1.0 local".to_string(), root];
        expected.sort();
        assert_eq!(packages(&list), expected, "{file}");
        assert_eq!(list["format"], 1);
    }
    let archive = std::fs::read(path("libc_api.a")).unwrap();
    assert!(!archive.windows(7).any(|w| w == b".dep-v0"));
    assert_eq!(project.proven("first-bin"), "first-bin 3");
    let recorded = project.manifest();
    assert_eq!(recorded["recipe"]["auditable"], true);
    assert_eq!(crate::schemas::errors("repro.manifest-2", &recorded), None);
    assert!(recorded["recipe"]["rows"].to_string().contains(".dep-v0"));
    // What only the command line asks for is a setting that a verifier accepts by name.
    assert!(run.stdout.contains("auditable"), "{}", run.all());
    let source = project.dir.to_str().unwrap();
    let manifest_path = project.results().join("repro.json");
    let verify = ["verify", manifest_path.to_str().unwrap(), "--source", source];
    let run = project.repro(&verify);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let last = run.last();
    assert!(last.contains("SETTINGS: workspace, auditable (pass"), "{last}");

    // The wrapper of cargo-auditable stays the only one that links a list.
    let wrapper = project.base().join("cargo-auditable");
    std::fs::write(&wrapper, "#!/bin/sh\nexec \"$@\"\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&wrapper, mode).unwrap();
        let args = ["build", "--once", "--auditable", "-p", "two-bins", "--isolate", "never"];
        let env = [("RUSTC_WORKSPACE_WRAPPER", wrapper.to_str().unwrap())];
        let run = project.repro_env(&args, &env);
        assert_verdict(&run, 0, "SINGLE BUILD");
        assert!(run.stdout.contains("`auditable` adds none"), "{}", run.all());
        assert_eq!(listed(&path("first-bin")), None);
        assert_eq!(project.manifest()["recipe"]["auditable"], Value::Null);
    }

    let build = |more: &[&str]| project.repro(&[&["build", "--auditable"], more].concat());
    fails(&build(&["--inject", "rustflags"]), 2, &["--inject rustflags", "leave out one"]);
    let wasm = build(&["--target", "wasm32-unknown-unknown"]);
    fails(&wasm, 4, &["wasm32-unknown-unknown", "leave out `--auditable`"]);
}

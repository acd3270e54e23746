//! The published JSON Schemas describe what the program prints and writes.
//!
//! A reader of reports must ignore unknown fields, so the report's schema allows them; here it is
//! made strict first, and a field that the schema lacks is noticed.

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use crate::support::{Project, Run};

fn schema(name: &str) -> Value {
    let path = format!("{}/docs/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every object that lists its properties has no others.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(strict);
            if map.get("properties").is_some_and(Value::is_object) && map.contains_key("type") {
                map.insert("additionalProperties".into(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}

pub fn errors(name: &str, value: &Value) -> Option<String> {
    let mut schema = schema(name);
    strict(&mut schema);
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas.validate(value, index).err().map(|e| format!("{e:#}"))
}

#[track_caller]
pub fn holds(run: &Run, code: i32) {
    assert_eq!(run.code, Some(code), "{}", run.all());
    assert_eq!(errors("repro.report-1", &run.json()), None, "{}", run.stdout);
}

#[track_caller]
fn holds_manifest(project: &Project) {
    assert_eq!(errors("repro.manifest-2", &project.manifest()), None);
}

#[test]
fn reports_of_a_release_and_its_manifest() {
    let project = Project::committed("sound-features");
    holds(&project.repro(&["build", "--format", "json"]), 0);
    holds_manifest(&project);
    holds(&project.repro(&["archive", "--format", "zip,tar.gz,json"]), 0);
    let dist = project.results().join("dist");
    let manifest = std::fs::read(dist.join("repro.json")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(errors("repro.manifest-2", &manifest), None);
    let dist = dist.to_str().unwrap();
    holds(&project.repro(&["verify", dist, "--format", "json"]), 0);
    manifest["extra"] = json!(1);
    assert!(errors("repro.manifest-2", &manifest).is_some());
}

#[test]
fn reports_of_a_difference() {
    let project = Project::committed("fault-username");
    let run = project.repro(&["build", "--format", "json"]);
    holds(&run, 1);
    assert_ne!(run.json()["blame"], json!([]));
    holds_manifest(&project);
    holds(&project.repro(&["build", "--builds", "3", "--isolate", "never", "--format", "json"]), 1);
    holds_manifest(&project);
    let remedies = ["build", "--try-remedies", "--isolate", "never", "--format", "json"];
    holds(&project.repro(&remedies), 1);
    let mut extra = run.json();
    extra["artifacts"][0]["extra"] = json!(1);
    assert!(errors("repro.report-1", &extra).is_some());
    holds(&project.repro(&["build", "--once", "--format", "json"]), 0);
    holds_manifest(&project);
    let manifest = project.results().join("repro.json");
    let (a, b) = (project.base().join("a.json"), project.base().join("b.json"));
    for copy in [&a, &b] {
        std::fs::copy(&manifest, copy).unwrap();
    }
    let (a, b) = (format!("a={}", a.display()), format!("b={}", b.display()));
    holds(&project.repro(&["verify", "--against", &a, &b, "--format", "json"]), 0);
}

#[test]
fn reports_of_builds_at_one_path() {
    let project = Project::committed("fault-manifest-dir");
    for isolate in ["auto", "never"] {
        let vary = ["build", "--vary=-build-path", "--isolate", isolate, "--format", "json"];
        let run = project.repro(&vary);
        holds(&run, i32::from(run.json()["verdict"] != "reproducible-at-path"));
        assert!(run.json()["path"].is_string(), "{}", run.stdout);
        holds_manifest(&project);
    }
}

#[test]
fn reports_of_single_files_and_of_projects() {
    let project = Project::committed("sound-features");
    project.write("x/a", "1\n");
    project.repro(&["archive", "x", "-o", "x.tar.gz"]);
    project.write("x/a", "2\n");
    project.repro(&["archive", "x", "-o", "y.tar.gz"]);
    holds(&project.repro(&["diff", "x.tar.gz", "y.tar.gz", "--format", "json"]), 1);
    holds(&project.repro(&["diff", "x.tar.gz", "x.tar.gz", "--format", "json"]), 0);
    holds(&project.repro(&["normalize", "--epoch", "1", "x.tar.gz", "--format", "json"]), 0);
    holds(&project.repro(&["normalize", "--epoch", "1", "Cargo.toml", "--format", "json"]), 5);
    let run = project.repro(&["inspect", env!("CARGO_BIN_EXE_repro"), "--format", "json"]);
    assert_eq!(errors("repro.inspect-1", &run.json()), None, "{}", run.stdout);
    assert!(errors("repro.inspect-1", &json!({"schema": "repro.inspect/1"})).is_some());
    holds(&project.repro(&["check", "--format", "json"]), 0);
    holds(&project.repro(&["env", "--format", "json"]), 0);
    holds(&project.repro(&["init", "--dry-run", "--format", "json"]), 0);
    holds(&project.repro(&["build", "--rev", "no-such", "--format", "json"]), 4);
}

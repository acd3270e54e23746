//! CycloneDX 1.6 and 1.7, as JSON: <https://cyclonedx.org/docs/1.6/json/>. No serial number and no time.

use serde_json::{Value, json};

use super::bom::{Bom, Form, Part, What, bytes, expression, present};
use crate::artifact::Kind;

pub(super) fn render(bom: &Bom, form: Form) -> Vec<u8> {
    let spec = match form {
        Form::CycloneDx17 => "1.7",
        _ => "1.6",
    };
    let components: Vec<Value> = bom.parts.iter().map(|part| component(part, form)).collect();
    let needs = |part: &Part| {
        let needs = Some(&part.needs).filter(|needs| !needs.is_empty());
        present(json!({"ref": part.reference, "dependsOn": needs}))
    };
    let dependencies: Vec<Value> = [&bom.root].into_iter().chain(&bom.parts).map(needs).collect();
    bytes(&json!({
        "$schema": format!("http://cyclonedx.org/schema/bom-{spec}.schema.json"),
        "bomFormat": "CycloneDX",
        "specVersion": spec,
        "version": 1,
        "metadata": metadata(bom),
        "components": components,
        "dependencies": dependencies,
        "compositions": compositions(bom),
    }))
}

fn metadata(bom: &Bom) -> Value {
    let mut root = component(&bom.root, Form::CycloneDx16);
    let kind = if bom.artifact.kind == Kind::Bin { "application" } else { "library" };
    root["type"] = json!(kind);
    if let Some(root) = root.as_object_mut() {
        root.remove("scope");
    }
    let commit = bom.rustc("commit-hash").map(|hash| ("repro:commit", hash.to_string()));
    let llvm = bom.rustc("LLVM version").map(|version| ("repro:llvm", version.to_string()));
    let known: Vec<_> = commit.into_iter().chain(llvm).collect();
    let rustc = present(json!({
        "type": "application",
        "name": "rustc",
        "version": bom.rustc("release"),
        "properties": properties(&known),
    }));
    let mut about = Vec::new();
    if bom.compared {
        about.push(("cdx:reproducible", "true".to_string()));
    }
    about.push(("cdx:rustc:sbom:target:triple", bom.artifact.target.clone()));
    about.push(("repro:profile", bom.manifest.build.profile.clone()));
    json!({
        "component": root,
        "tools": {"components": [rustc, {"type": "application", "name": "repro"}]},
        "properties": properties(&about),
    })
}

fn component(part: &Part, form: Form) -> Value {
    let kind = match part.what {
        What::Host => "file",
        _ => "library",
    };
    let scope = match part.what {
        What::Build => "excluded",
        _ => "required",
    };
    let hashes = |sha256: &String| json!([{"alg": "SHA-256", "content": sha256}]);
    let licenses = |license: &String| match expression(license) {
        Some(expression) => json!([{"expression": expression}]),
        None => json!([{"license": {"name": license}}]),
    };
    let repository = |vcs: &String| json!([{"type": "vcs", "url": vcs.trim_start_matches("git+")}]);
    let object = |(i, (name, sha256)): (usize, &(String, Option<String>))| {
        present(json!({
            "type": "file",
            "bom-ref": format!("{}:{i}", part.reference),
            "name": name,
            "hashes": sha256.as_ref().map(hashes),
        }))
    };
    let objects = || part.objects.iter().enumerate().map(object).collect::<Value>();
    let external = form == Form::CycloneDx17 && part.what == What::Dynamic;
    present(json!({
        "type": kind,
        "bom-ref": part.reference,
        "name": part.name,
        "scope": scope,
        "version": part.version,
        "purl": part.purl,
        "hashes": part.sha256.as_ref().map(hashes),
        "licenses": part.license.as_ref().map(licenses),
        "externalReferences": part.vcs.as_ref().map(repository),
        "isExternal": external.then_some(true),
        "properties": properties(&part.properties),
        "components": (!part.objects.is_empty()).then(objects),
    }))
}

/// None of an empty list.
fn properties(list: &[(&'static str, String)]) -> Option<Value> {
    let list = list.iter().map(|(name, value)| json!({"name": name, "value": value}));
    Some(list.collect()).filter(|list| *list != json!([]))
}

/// What is whole and what is not.
fn compositions(bom: &Bom) -> Value {
    let of = |kinds: &[What]| -> Vec<&str> {
        let parts = bom.parts.iter().filter(|p| kinds.contains(&p.what));
        parts.map(|p| &*p.reference).collect()
    };
    let crates = [vec![&*bom.root.reference], of(&[What::Linked, What::Build])].concat();
    let aggregate = if bom.whole { "complete" } else { "incomplete" };
    let mut all = vec![json!({"aggregate": aggregate, "dependencies": crates})];
    // The crates that the standard library is made of are not described, and what C code was
    // made of is known to its build script alone.
    for (aggregate, kinds) in [
        ("incomplete", &[What::Standard][..]),
        ("unknown", &[What::Static, What::Host, What::Dynamic][..]),
    ] {
        let parts = of(kinds);
        if !parts.is_empty() {
            all.push(json!({"aggregate": aggregate, "assemblies": parts}));
        }
    }
    Value::Array(all)
}

//! CycloneDX 1.6 and 1.7, as JSON: <https://cyclonedx.org/docs/1.6/json/>. No serial number and no time.

use serde_json::{Map, Value, json};

use super::bom::{Bom, Form, Part, What, bytes, expression};
use crate::artifact::Kind;

pub(super) fn render(bom: &Bom, form: Form) -> Vec<u8> {
    let spec = match form {
        Form::CycloneDx17 => "1.7",
        _ => "1.6",
    };
    let components: Vec<Value> = bom.parts.iter().map(|part| component(part, form)).collect();
    let all = || [&bom.root].into_iter().chain(&bom.parts);
    let dependencies: Vec<Value> = all()
        .map(|part| match part.needs.is_empty() {
            true => json!({"ref": part.reference}),
            false => json!({"ref": part.reference, "dependsOn": part.needs}),
        })
        .collect();
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
    let kind = if bom.artifact.kind == Kind::Bin.name() { "application" } else { "library" };
    root["type"] = json!(kind);
    if let Some(root) = root.as_object_mut() {
        root.remove("scope");
    }
    let mut rustc = json!({"type": "application", "name": "rustc"});
    if let Some(release) = bom.rustc("release") {
        rustc["version"] = json!(release);
    }
    let commit = bom.rustc("commit-hash").map(|hash| ("repro:commit", hash.to_string()));
    let llvm = bom.rustc("LLVM version").map(|version| ("repro:llvm", version.to_string()));
    let known: Vec<_> = commit.into_iter().chain(llvm).collect();
    if !known.is_empty() {
        rustc["properties"] = properties(&known);
    }
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
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| drop(out.insert(key.to_string(), value));
    put("type", json!(kind));
    put("bom-ref", json!(part.reference));
    put("name", json!(part.name));
    put("scope", json!(scope));
    if let Some(version) = &part.version {
        put("version", json!(version));
    }
    if let Some(purl) = &part.purl {
        put("purl", json!(purl));
    }
    if let Some(sha256) = &part.sha256 {
        put("hashes", json!([{"alg": "SHA-256", "content": sha256}]));
    }
    if let Some(license) = &part.license {
        put(
            "licenses",
            match expression(license) {
                Some(expression) => json!([{"expression": expression}]),
                None => json!([{"license": {"name": license}}]),
            },
        );
    }
    if let Some(vcs) = &part.vcs {
        let url = vcs.trim_start_matches("git+");
        put("externalReferences", json!([{"type": "vcs", "url": url}]));
    }
    if form == Form::CycloneDx17 && part.what == What::Dynamic {
        put("isExternal", json!(true));
    }
    if !part.properties.is_empty() {
        put("properties", properties(&part.properties));
    }
    if !part.objects.is_empty() {
        let object = |(i, (name, sha256)): (usize, &(String, Option<String>))| {
            let mut object = json!({
                "type": "file",
                "bom-ref": format!("{}:{i}", part.reference),
                "name": name,
            });
            if let Some(sha256) = sha256 {
                object["hashes"] = json!([{"alg": "SHA-256", "content": sha256}]);
            }
            object
        };
        put("components", part.objects.iter().enumerate().map(object).collect());
    }
    Value::Object(out)
}

fn properties(list: &[(&'static str, String)]) -> Value {
    list.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
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

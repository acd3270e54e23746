//! Container images as files: an OCI layout, and the output of `docker save`. Layers and
//! descriptions are named after their digests there; the manifests record what each one is.

use std::collections::HashMap;

use serde_json::Value;

/// Manifests in manifests that are followed.
const DEPTH: usize = 4;
/// Bytes of a manifest that are read.
const MOST: usize = 4 << 20;

/// What the parts of an image are, by their names: `config`, `layer 2`.
pub(super) fn roles<'a>(
    parts: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> HashMap<String, String> {
    let by_name: HashMap<&str, &[u8]> = parts.collect();
    let json = |name: &str| -> Option<Value> {
        let bytes = by_name.get(name).filter(|b| b.len() <= MOST)?;
        serde_json::from_slice(bytes).ok()
    };
    let mut roles = HashMap::new();
    if let Some(index) = json("index.json").filter(|v| v["manifests"].is_array()) {
        layout(&index, "", &json, &mut roles, DEPTH);
    } else if let Some(Value::Array(images)) = json("manifest.json") {
        for (n, image) in images.iter().enumerate() {
            let of = if images.len() > 1 { format!("image {}: ", n + 1) } else { String::new() };
            let text = |v: &Value| v.as_str().map(str::to_string);
            roles.extend(text(&image["Config"]).map(|name| (name, format!("{of}config"))));
            let layers = image["Layers"].as_array().into_iter().flatten().filter_map(text);
            let named = |(i, name)| (name, format!("{of}layer {}", i + 1));
            roles.extend(layers.enumerate().map(named));
        }
    }
    roles
}

/// What an index or a manifest of an OCI layout refers to.
fn layout(
    value: &Value,
    of: &str,
    json: &dyn Fn(&str) -> Option<Value>,
    roles: &mut HashMap<String, String>,
    depth: usize,
) {
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str()?;
        Some(format!("blobs/{}", digest.replacen(':', "/", 1)))
    };
    roles.extend(blob(&value["config"]).map(|name| (name, format!("{of}config"))));
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    for (i, layer) in list("layers").iter().enumerate() {
        roles.extend(blob(layer).map(|name| (name, format!("{of}layer {}", i + 1))));
    }
    let manifests = list("manifests");
    for (i, manifest) in manifests.iter().enumerate() {
        let Some(name) = blob(manifest) else { continue };
        let nth = if manifests.len() > 1 { format!(" {}", i + 1) } else { String::new() };
        if let Some(inner) = json(&name).filter(|_| depth > 0) {
            let below = if nth.is_empty() { of.to_string() } else { format!("{of}image{nth}: ") };
            layout(&inner, &below, json, roles, depth - 1);
        }
        roles.insert(name, format!("{of}manifest{nth}"));
    }
}

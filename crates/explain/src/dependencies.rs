//! The list of dependencies that `cargo auditable` embeds in a program: JSON in zlib, in `.dep-v0`.

use std::collections::BTreeSet;
use std::io::Read;

/// Bytes of a list that are read.
const MOST: u64 = 8 << 20;

/// The packages of a list, as `itoa 1.0.15`; `None` if it is none.
pub fn packages(bytes: &[u8]) -> Option<BTreeSet<String>> {
    let mut text = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).take(MOST).read_to_end(&mut text).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let each = json.get("packages")?.as_array()?.iter().map(|p| {
        let text = |key: &str| p.get(key).and_then(|v| v.as_str()).unwrap_or_default();
        let kind = p.get("kind").and_then(|k| k.as_str());
        let kind = kind.filter(|k| *k != "runtime").map(|k| format!(" ({k})"));
        format!("{} {}{}", text("name"), text("version"), kind.unwrap_or_default())
    });
    Some(each.collect())
}

/// Those that each side has alone, as a list.
pub fn unlike(a: &BTreeSet<String>, b: &BTreeSet<String>) -> (String, String) {
    let only = |x: &BTreeSet<String>, y: &BTreeSet<String>| {
        let list: Vec<&str> = x.difference(y).map(String::as_str).collect();
        match list.is_empty() {
            true => format!("the other {} packages only", x.len()),
            false => list.join(", "),
        }
    };
    (only(a, b), only(b, a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn packed(json: &str) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(json.as_bytes()).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn lists_are_compared_by_package_and_version() {
        let a =
            r#"{"packages":[{"name":"itoa","version":"1.0.15"},{"name":"x","version":"1.0.0"}]}"#;
        let b =
            r#"{"packages":[{"name":"itoa","version":"1.0.14"},{"name":"x","version":"1.0.0"}]}"#;
        let (a, b) = (packages(&packed(a)).unwrap(), packages(&packed(b)).unwrap());
        assert_eq!(unlike(&a, &b), ("itoa 1.0.15".to_string(), "itoa 1.0.14".to_string()));
        assert!(packages(b"no zlib").is_none() && packages(&packed("{}")).is_none());
    }
}

//! in-toto link metadata, as rebuilderd signs it for a package that it reproduced: what `in-toto-verify`,
//! repro-threshold and their kin read. Ed25519 alone, and no envelope: the signature is over the
//! canonical JSON of `signed`. <https://github.com/in-toto/specification> (0.9)

use repro_formats::digest::{self, hex};
use serde_json::{Value, json};

use super::keys::PrivateKey;
use super::statement::Files;

/// Why another kind of key signs no link.
pub const OTHER_KEY: &str = "links are signed with Ed25519 keys only";

/// The bytes of a link by which this key says that the products were made again from the materials.
///
/// # Errors
/// The key is of another kind, or a name would be written in two ways: a clause.
pub fn signed(materials: &Files, products: &Files, key: &PrivateKey) -> Result<Vec<u8>, String> {
    let public = key.public();
    let point = public.ed25519().ok_or(OTHER_KEY)?;
    let mut names = materials.keys().chain(products.keys());
    // Readers do not agree on how these are written.
    let odd = |name: &&String| name.contains(['"', '\\']) || name.contains(char::is_control);
    if let Some(name) = names.find(odd) {
        return Err(format!("the name `{}` cannot be in a link", name.escape_debug()));
    }
    let only = products.keys().next().filter(|_| products.len() == 1);
    let name = only.map_or("rebuild".to_string(), |name| format!("rebuild {name}"));
    let signed = json!({
        "_type": "link",
        "name": name,
        "materials": described(materials),
        "products": described(products),
        "environment": {},
        "byproducts": {},
        "command": [],
    });
    // Its keys are sorted, and there is no space between its parts.
    let signature = hex(&key.sign(signed.to_string().as_bytes()));
    let signatures = json!([{"keyid": id(point), "sig": signature}]);
    Ok(format!("{}\n", json!({"signatures": signatures, "signed": signed})).into_bytes())
}

fn described(files: &Files) -> Value {
    files.iter().map(|(name, sha256)| (name.clone(), json!({"sha256": sha256}))).collect()
}

/// What in-toto calls an Ed25519 key.
fn id(point: &[u8]) -> String {
    let key = json!({
        "keyid_hash_algorithms": ["sha256", "sha512"],
        "keytype": "ed25519",
        "keyval": {"public": hex(point)},
        "scheme": "ed25519",
    });
    digest::of_bytes(key.to_string().as_bytes()).sha256
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::keys::tests::ED25519;

    fn unhex(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn the_id_of_a_key_is_the_one_that_rebuilders_publish() {
        // reproduce.debian.net's key for amd64, and the id in its links.
        let point = "13ba298a31f08e49f88a736013fd3d4d290867f72dfd2b3e52ba8d30e5451718";
        assert_eq!(
            id(&unhex(point)),
            "2980aa6249ad89ce0ef0f0f5e6d0896214301b2818aad33443444cf460df6ed6"
        );
    }

    #[test]
    fn a_link_is_of_one_shape_and_always_the_same() {
        let key = PrivateKey::read(ED25519).unwrap();
        let files = |name: &str| Files::from([(name.to_string(), "ab".repeat(32))]);
        let bytes = signed(&files("repro.json"), &files("app.tar.gz"), &key).unwrap();
        assert_eq!(bytes, signed(&files("repro.json"), &files("app.tar.gz"), &key).unwrap());
        let link: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(link["signed"]["name"], "rebuild app.tar.gz");
        assert_eq!(link["signed"]["environment"], json!({}));
        let signature = unhex(link["signatures"][0]["sig"].as_str().unwrap());
        assert!(key.public().holds(link["signed"].to_string().as_bytes(), &signature));
        for odd in ["a\"b", "a\\b", "a\nb"] {
            assert!(signed(&files("repro.json"), &files(odd), &key).is_err(), "{odd:?}");
        }
    }
}

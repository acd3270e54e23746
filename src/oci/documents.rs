//! Reads the JSON of images: indexes, manifests and configurations. It is untrusted input, so the reader is
//! strict. Pure.

use repro_formats::digest::is_sha256;
use serde_json::{Map, Value, json};

use crate::attest::strict::{self, text};

/// Bytes that a document may have.
pub const MOST: usize = 4 << 20;
/// Layers that a base may have: with one more, container runtimes take no others.
pub const LAYERS: usize = 126;
/// Images that an index may list.
const IMAGES: usize = 1024;

/// Media types, as OCI names them.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// A manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A configuration.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A layer that this program makes.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// How every layer's media type begins.
const ANY_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// How Docker's own media types begin.
const DOCKER: &str = "application/vnd.docker.";

/// A blob, as another document refers to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its media type.
    pub media_type: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How many they are.
    pub size: u64,
    /// Operating system, architecture and variant of an image, where an index has them.
    pub platform: Option<(String, String, Option<String>)>,
}

/// A document that a digest can lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// Images of several platforms, or of one.
    Index(Vec<Descriptor>),
    /// One image: its configuration and its layers.
    Image(Descriptor, Vec<Descriptor>),
}

impl Descriptor {
    /// As an entry of a document.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "mediaType": self.media_type,
            "digest": format!("sha256:{}", self.sha256),
            "size": self.size,
        });
        if let Some((os, architecture, variant)) = &self.platform {
            value["platform"] = json!({"os": os, "architecture": architecture});
            if let Some(variant) = variant {
                value["platform"]["variant"] = json!(variant);
            }
        }
        value
    }
}

/// Reads an index or a manifest.
///
/// # Errors
/// It is neither, or says something that cannot be followed, as a clause.
pub fn read(bytes: &[u8]) -> Result<Document, String> {
    let value = strict::parse(bytes, MOST)?;
    let whole = value.as_object().ok_or("it is not an object")?;
    let media_type = text(whole, "mediaType").unwrap_or_default();
    if media_type.starts_with(DOCKER) {
        return Err(format!(
            "it is of Docker's type `{}`: convert the image to OCI, for example with `skopeo copy --format oci`",
            media_type.escape_debug()
        ));
    }
    if whole.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
        return Err("its `schemaVersion` is not 2".to_string());
    }
    match (whole.get("manifests"), whole.get("config")) {
        (Some(list), None) => descriptors(list, "manifests", IMAGES).map(Document::Index),
        (None, Some(config)) => {
            let layers = whole.get("layers").ok_or("it has no `layers`")?;
            let layers = descriptors(layers, "layers", LAYERS)?;
            if let Some(odd) = layers.iter().find(|l| !l.media_type.starts_with(ANY_LAYER)) {
                return Err(format!("a layer has the type `{}`", odd.media_type.escape_debug()));
            }
            let config = descriptor(config)?;
            match &*config.media_type {
                CONFIG => Ok(Document::Image(config, layers)),
                odd => Err(format!("its configuration has the type `{}`", odd.escape_debug())),
            }
        }
        _ => Err("it is neither an index nor a manifest of an image".to_string()),
    }
}

fn descriptors(list: &Value, what: &str, most: usize) -> Result<Vec<Descriptor>, String> {
    let list = list.as_array().ok_or_else(|| format!("its `{what}` is not a list"))?;
    if list.len() > most {
        return Err(format!("it has {} {what}; at most {most} are allowed", list.len()));
    }
    list.iter().map(descriptor).collect()
}

fn descriptor(value: &Value) -> Result<Descriptor, String> {
    let whole = value.as_object().ok_or("what it refers to is not an object")?;
    let size = whole.get("size").and_then(Value::as_u64);
    let platform = whole.get("platform").and_then(Value::as_object).map(|platform| {
        let text = |key| text(platform, key).unwrap_or_default().to_string();
        (text("os"), text("architecture"), strict::text(platform, "variant").map(str::to_string))
    });
    Ok(Descriptor {
        media_type: text(whole, "mediaType").unwrap_or_default().to_string(),
        sha256: digest(text(whole, "digest").unwrap_or_default())?.to_string(),
        size: size.ok_or("what it refers to has no size")?,
        platform,
    })
}

/// The digits of a digest; no other can lead to a file.
///
/// # Errors
/// It is not a SHA-256 in lowercase, as a clause.
pub fn digest(text: &str) -> Result<&str, String> {
    let digits = text.strip_prefix("sha256:").filter(|digits| is_sha256(digits));
    digits.ok_or_else(|| format!("`{}` is not `sha256:` and 64 digits", text.escape_debug()))
}

/// What is taken over from the configuration of a base.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BaseConfig {
    /// Operating system.
    pub os: String,
    /// Architecture.
    pub architecture: String,
    /// Its variant.
    pub variant: Option<String>,
    /// How a container is run.
    pub run: Map<String, Value>,
    /// Where the layers came from.
    pub history: Vec<Value>,
    /// SHA-256 of each layer before it was compressed.
    pub diff_ids: Vec<String>,
}

/// Reads the configuration of a base that has so many layers.
///
/// # Errors
/// It is none of such an image, as a clause.
pub fn read_config(bytes: &[u8], layers: usize) -> Result<BaseConfig, String> {
    let value = strict::parse(bytes, MOST)?;
    let whole = value.as_object().ok_or("it is not an object")?;
    let rootfs = whole.get("rootfs").and_then(Value::as_object).ok_or("it has no `rootfs`")?;
    let ids = rootfs.get("diff_ids").and_then(Value::as_array).ok_or("it has no `diff_ids`")?;
    if ids.len() != layers {
        return Err(format!("it describes {} layers, and the manifest lists {layers}", ids.len()));
    }
    let id = |id: &Value| digest(id.as_str().unwrap_or_default()).map(str::to_string);
    let diff_ids = ids.iter().map(id).collect::<Result<_, _>>()?;
    let run = match whole.get("config") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(run)) => run.clone(),
        Some(_) => return Err("its `config` is not an object".to_string()),
    };
    let need = |key| text(whole, key).map(str::to_string).ok_or(format!("it has no `{key}`"));
    Ok(BaseConfig {
        os: need("os")?,
        architecture: need("architecture")?,
        variant: text(whole, "variant").map(str::to_string),
        run,
        history: whole.get("history").and_then(Value::as_array).cloned().unwrap_or_default(),
        diff_ids,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(document: &Value, words: &str) {
        let error = read(document.to_string().as_bytes()).unwrap_err();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn documents_are_read_and_hostile_ones_refused() {
        let blob = |kind: &str| json!({"mediaType": kind, "digest": format!("sha256:{}", "a".repeat(64)), "size": 3});
        let image = json!({"schemaVersion": 2, "config": blob(CONFIG), "layers": [blob(LAYER)]});
        let read_back = read(image.to_string().as_bytes()).unwrap();
        assert!(matches!(&read_back, Document::Image(c, l) if c.size == 3 && l.len() == 1));
        let with = |at: &str, value: Value| {
            let mut changed = image.clone();
            *changed.pointer_mut(at).unwrap() = value;
            changed
        };
        let many = vec![blob(LAYER); LAYERS + 1];
        for (document, words) in [
            (with("/layers", json!(many)), "127 layers"),
            (with("/layers/0/digest", json!("sha256:../../etc/passwd")), "is not `sha256:`"),
            (with("/layers/0/digest", json!("sha512:00")), "is not `sha256:`"),
            (with("/layers/0/size", json!(-1)), "no size"),
            (with("/layers/0/mediaType", json!("text/html")), "`text/html`"),
            (with("/config/mediaType", json!("x")), "configuration has the type"),
            (with("/schemaVersion", json!(1)), "not 2"),
            (json!({"schemaVersion": 2}), "neither"),
            (json!({"mediaType": "application/vnd.docker.x"}), "skopeo"),
        ] {
            refused(&document, words);
        }
        let twice = image.to_string().replacen('{', "{\"config\":{},", 1);
        assert!(read(twice.as_bytes()).unwrap_err().contains("there twice"));
        assert!(read(&vec![b' '; MOST + 1]).unwrap_err().contains("over"));
    }

    #[test]
    fn a_configuration_has_to_be_of_the_layers() {
        let id = format!("sha256:{}", "b".repeat(64));
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [id]}});
        let bytes = config.to_string();
        assert_eq!(read_config(bytes.as_bytes(), 1).unwrap().diff_ids, ["b".repeat(64)]);
        assert!(read_config(bytes.as_bytes(), 2).unwrap_err().contains("1 layers"));
        assert!(read_config(b"{}", 0).is_err());
    }
}

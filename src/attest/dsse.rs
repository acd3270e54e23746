//! Signed statements: DSSE envelopes (<https://github.com/secure-systems-lab/dsse>), alone or one a line, and sigstore
//! bundles v0.3 made with a key. A file is untrusted: the number of envelopes and signatures is limited,
//! and base64 has one form. A payload is only bytes here: [`super::statement`] reads it, and
//! [`super::votes`] decides which signatures count.

use base64ct::{Base64, Encoding};
use serde_json::{Map, Value, json};

use super::keys::{PrivateKey, PublicKey};
use super::strict;

/// The payload's type, which is signed with it.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What names a signer by a certificate, in a bundle.
const CERTIFIED: [&str; 2] = ["certificate", "x509CertificateChain"];
/// Signatures that an envelope may have, and envelopes that a file may.
const MOST: usize = 64;

/// One envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The signatures: the key's id as the file has it, and the bytes.
    pub signatures: Vec<(String, Vec<u8>)>,
    /// A certificate says whose signature it is: no key that is known here can.
    pub certified: bool,
}

/// What was signed: the payload with its type.
fn message(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Signs a statement.
pub fn sign(payload: Vec<u8>, key: &PrivateKey) -> Envelope {
    let signatures = vec![(key.public().id(), key.sign(&message(&payload)))];
    Envelope { payload, signatures, certified: false }
}

impl Envelope {
    /// Whether a key made one of its signatures.
    pub fn holds(&self, key: &PublicKey, signature: &[u8]) -> bool {
        key.holds(&message(&self.payload), signature)
    }

    fn to_value(&self) -> Value {
        let one = |(id, signature): &(String, Vec<u8>)| json!({"keyid": id, "sig": Base64::encode_string(signature)});
        json!({
            "payload": Base64::encode_string(&self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": self.signatures.iter().map(one).collect::<Vec<_>>(),
        })
    }

    /// As a line.
    pub fn to_line(&self) -> String {
        format!("{}\n", self.to_value())
    }

    /// As a bundle, which has one signature.
    pub fn to_bundle(&self) -> String {
        let hint = self.signatures.first().map_or("", |(id, _)| id);
        let bundle = json!({
            "mediaType": BUNDLE,
            "verificationMaterial": {"publicKey": {"hint": hint}},
            "dsseEnvelope": self.to_value(),
        });
        format!("{bundle}\n")
    }
}

/// The envelopes of a file: one bundle or envelope, or one a line.
///
/// # Errors
/// Anything else, as a clause.
pub fn read(bytes: &[u8]) -> Result<Vec<Envelope>, String> {
    let whole = strict::parse(bytes, strict::ENVELOPE);
    let lines = || -> Vec<&[u8]> {
        bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect()
    };
    match whole {
        Ok(value) => Ok(vec![one(&value)?]),
        Err(_) if bytes.len() <= strict::ENVELOPE && (2..=MOST).contains(&lines().len()) => {
            let each = |line| one(&strict::parse(line, strict::ENVELOPE)?);
            lines().into_iter().map(each).collect()
        }
        Err(why) => Err(why),
    }
}

fn one(value: &Value) -> Result<Envelope, String> {
    let whole = value.as_object().ok_or("it is not an object")?;
    if !whole.contains_key("mediaType") {
        return envelope(whole);
    }
    fields(whole, &["mediaType", "verificationMaterial", "dsseEnvelope"])?;
    if whole["mediaType"] != BUNDLE {
        return Err(format!("its media type is not `{BUNDLE}`"));
    }
    let material = whole.get("verificationMaterial").and_then(Value::as_object);
    let material = material.ok_or("it has no `verificationMaterial`")?;
    let certified = CERTIFIED.iter().any(|field| material.contains_key(*field));
    let by = if certified { &CERTIFIED[..] } else { &["publicKey"] };
    fields(material, &[by, &["tlogEntries", "timestampVerificationData"]].concat())?;
    let hint = match material.get("publicKey").and_then(Value::as_object) {
        Some(key) => {
            fields(key, &["hint"])?;
            text(key, "hint")?.unwrap_or_default()
        }
        None if certified => String::new(),
        None => return Err("it has neither a `publicKey` nor a certificate".to_string()),
    };
    let inner = whole.get("dsseEnvelope").and_then(Value::as_object);
    let mut envelope =
        Envelope { certified, ..envelope(inner.ok_or("it has no `dsseEnvelope`")?)? };
    let [(id, _)] = &mut envelope.signatures[..] else {
        return Err("a bundle has exactly one signature".to_string());
    };
    // cosign names the key in the hint alone.
    match (id.is_empty(), hint.is_empty()) {
        (true, _) => *id = hint,
        (false, false) if *id != hint => {
            return Err("its `hint` and its `keyid` name different keys".to_string());
        }
        _ => {}
    }
    Ok(envelope)
}

fn envelope(value: &Map<String, Value>) -> Result<Envelope, String> {
    fields(value, &["payload", "payloadType", "signatures"])?;
    match text(value, "payloadType")? {
        Some(kind) if kind == PAYLOAD_TYPE => {}
        Some(_) => return Err(format!("its payload is not of the type `{PAYLOAD_TYPE}`")),
        None => return Err("it is not a DSSE envelope: it has no `payloadType`".to_string()),
    }
    let payload =
        decode(&text(value, "payload")?.unwrap_or_default()).ok_or("its payload is not base64")?;
    if payload.len() > strict::PAYLOAD {
        return Err(format!("its payload is over {} KiB", strict::PAYLOAD >> 10));
    }
    let list = value.get("signatures").and_then(Value::as_array).ok_or("it has no signatures")?;
    if list.is_empty() || list.len() > MOST {
        return Err(format!("it has {} signatures; expected 1 to {MOST}", list.len()));
    }
    let mut signatures = Vec::new();
    for signature in list {
        let signature = signature.as_object().ok_or("a signature is not an object")?;
        fields(signature, &["keyid", "sig"])?;
        let id = text(signature, "keyid")?.unwrap_or_default();
        let bytes = decode(&text(signature, "sig")?.unwrap_or_default());
        let bytes = bytes.filter(|b| !b.is_empty()).ok_or("a signature is not base64")?;
        if signatures.iter().any(|(other, sig)| (!id.is_empty() && *other == id) || *sig == bytes) {
            return Err("it has one signature twice".to_string());
        }
        signatures.push((id, bytes));
    }
    Ok(Envelope { payload, signatures, certified: false })
}

/// A field that is a text, if it is there.
fn text(of: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match of.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("its `{key}` is not a text")),
    }
}

/// Standard base64 with padding, one way to write each value.
fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

fn fields(of: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match of.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(format!("unknown field `{}`", key.escape_debug())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::keys::tests::ED25519;

    #[test]
    fn what_is_written_is_read_and_holds() {
        let key = PrivateKey::read(ED25519).unwrap();
        let payload = b"{\"a\":1}".to_vec();
        let envelope = sign(payload, &key);
        assert_eq!(message(b"x"), b"DSSEv1 28 application/vnd.in-toto+json 1 x");
        for text in [envelope.to_line(), envelope.to_bundle()] {
            let read = read(text.as_bytes()).unwrap();
            assert_eq!(read, std::slice::from_ref(&envelope));
            assert!(read[0].holds(&key.public(), &read[0].signatures[0].1));
        }
        let twice = envelope.to_line() + &envelope.to_bundle();
        assert_eq!(read(twice.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn other_envelopes_are_refused() {
        let line = |payload: &str, kind: &str, signatures: &str| {
            format!(r#"{{"payload":"{payload}","payloadType":"{kind}","signatures":{signatures}}}"#)
        };
        let good = r#"[{"keyid":"k","sig":"AAAA"}]"#;
        let bundle = |material: &str| {
            let inner = line("e30=", PAYLOAD_TYPE, good);
            format!(
                r#"{{"mediaType":"{BUNDLE}","verificationMaterial":{material},"dsseEnvelope":{inner}}}"#
            )
        };
        let certified = |material: &str| read(bundle(material).as_bytes()).unwrap()[0].certified;
        assert!(certified(r#"{"certificate":{"rawBytes":"AAAA"},"tlogEntries":[]}"#));
        assert!(!certified(r#"{"publicKey":{"hint":"k"}}"#));
        assert!(read(line("e30=", PAYLOAD_TYPE, good).as_bytes()).is_ok());
        for (text, words) in [
            (line("e30=", "application/json", good), "not of the type"),
            (line("e30", PAYLOAD_TYPE, good), "payload is not base64"),
            (line("e3-_", PAYLOAD_TYPE, good), "payload is not base64"),
            // The unused bits of the last character.
            (line("e31=", PAYLOAD_TYPE, good), "payload is not base64"),
            (line("e30=", PAYLOAD_TYPE, "[]"), "0 signatures"),
            (line("e30=", PAYLOAD_TYPE, r#"[{"keyid":"k","sig":""}]"#), "signature is not base64"),
            (
                line(
                    "e30=",
                    PAYLOAD_TYPE,
                    r#"[{"keyid":"k","sig":"AAAA"},{"keyid":"l","sig":"AAAA"}]"#,
                ),
                "twice",
            ),
            (line("e30=", PAYLOAD_TYPE, r#"[{"sig":"AAAA","cert":"x"}]"#), "unknown field `cert`"),
            (r#"{"payload":"e30=","payload":"e30="}"#.to_string(), "there twice"),
            ("[]".to_string(), "not an object"),
            (line("e30=", PAYLOAD_TYPE, r#"[{"keyid":1,"sig":"AAAA"}]"#), "`keyid` is not a text"),
            (bundle(r#"{}"#), "neither a `publicKey` nor"),
            (bundle(r#"{"publicKey":{"hint":1}}"#), "`hint` is not a text"),
            // No key may pass for one that a certificate names.
            (bundle(r#"{"publicKey":{"hint":"k"},"certificate":{}}"#), "unknown field `publicKey`"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        let long = vec![b' '; strict::ENVELOPE + 1];
        assert!(read(&long).unwrap_err().contains("over"));
    }
}

//! As much of DER and PEM as keys of two algorithms need: SPKI, PKCS #8 and SEC 1.

use base64ct::{Base64, Encoding};

/// 1.3.101.112.
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
/// 1.2.840.10045.2.1 with 1.2.840.10045.3.1.7.
const P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07,
];
/// The tags that are used.
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// An algorithm, by its identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    P256,
}

/// One value at the start of `bytes`: what is in it, and the rest.
fn take(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            rest.split_first().filter(|(n, _)| **n >= 0x80).map(|(n, r)| (usize::from(*n), r))?
        }
        _ => return None,
    };
    (found == tag && rest.len() >= len).then(|| rest.split_at(len))
}

/// The same where nothing may follow.
fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    take(bytes, tag).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

fn algorithm(identifier: &[u8]) -> Option<Algorithm> {
    match identifier {
        ED25519 => Some(Algorithm::Ed25519),
        P256 => Some(Algorithm::P256),
        _ => None,
    }
}

fn put(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    // Every key here is shorter.
    let len = u8::try_from(content.len()).expect("a key is short");
    let len: &[u8] = if len < 0x80 { &[len] } else { &[0x81, len] };
    [&[tag][..], len, &content].concat()
}

/// A public key as SubjectPublicKeyInfo.
pub fn spki(algorithm: Algorithm, key: &[u8]) -> Vec<u8> {
    let identifier = match algorithm {
        Algorithm::Ed25519 => ED25519,
        Algorithm::P256 => P256,
    };
    put(SEQUENCE, &[&put(SEQUENCE, &[identifier]), &put(BITS, &[&[0], key])])
}

/// Algorithm and bytes of a SubjectPublicKeyInfo.
pub fn read_spki(der: &[u8]) -> Option<(Algorithm, Vec<u8>)> {
    let (identifier, rest) = take(only(der, SEQUENCE)?, SEQUENCE)?;
    let (&unused, key) = only(rest, BITS)?.split_first()?;
    (unused == 0).then_some((algorithm(identifier)?, key.to_vec()))
}

/// Algorithm and secret of a PKCS #8 key.
pub fn read_pkcs8(der: &[u8]) -> Option<(Algorithm, [u8; 32])> {
    let (_version, rest) = take(only(der, SEQUENCE)?, INTEGER)?;
    let (identifier, rest) = take(rest, SEQUENCE)?;
    let (key, _attributes) = take(rest, OCTETS)?;
    match algorithm(identifier)? {
        Algorithm::Ed25519 => Some((Algorithm::Ed25519, only(key, OCTETS)?.try_into().ok()?)),
        Algorithm::P256 => Some((Algorithm::P256, read_sec1(key)?)),
    }
}

/// Secret of a SEC 1 key, which has to be one of P-256: a curve that it names is looked at.
pub fn read_sec1(der: &[u8]) -> Option<[u8; 32]> {
    let (_version, rest) = take(only(der, SEQUENCE)?, INTEGER)?;
    let (secret, rest) = take(rest, OCTETS)?;
    let curve = take(rest, 0xa0).map(|(curve, _)| curve);
    if curve.is_some_and(|curve| !P256.ends_with(curve)) {
        return None;
    }
    secret.try_into().ok()
}

/// The label and the content of a PEM file with one block, and nothing behind it: a second key would be
/// passed over in silence. OpenSSL writes the name of a curve in front of its key.
pub fn read_pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let start = text.find("-----BEGIN ")?;
    let (label, rest) = text[start + 11..].split_once("-----")?;
    let (body, after) = rest.split_once(&format!("-----END {label}-----"))?;
    if label == "EC PARAMETERS" {
        return read_pem(after);
    }
    if !after.trim().is_empty() {
        return None;
    }
    let body: String = body.split_ascii_whitespace().collect();
    Some((label, Base64::decode_vec(&body).ok()?))
}

/// A block of PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|i| &text[i..text.len().min(i + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

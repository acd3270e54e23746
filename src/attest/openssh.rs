//! Keys as OpenSSH keeps them: lines of public keys, and private keys that are not encrypted.
//! <https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key>

use base64ct::{Base64, Encoding};

use super::der::Algorithm;

const MAGIC: &[u8] = b"openssh-key-v1\0";
const ED25519: &[u8] = b"ssh-ed25519";
const P256: &[u8] = b"ecdsa-sha2-nistp256";
const CURVE: &[u8] = b"nistp256";

/// Reads strings with their lengths.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        if len > self.0.len() {
            return None;
        }
        let (string, rest) = self.0.split_at(len);
        self.0 = rest;
        Some(string)
    }
}

/// A public key in the form that fingerprints are made of.
pub fn blob(algorithm: Algorithm, key: &[u8]) -> Vec<u8> {
    let parts: &[&[u8]] = match algorithm {
        Algorithm::Ed25519 => &[ED25519, key],
        Algorithm::P256 => &[P256, CURVE, key],
    };
    let one = |part: &&[u8]| [&(part.len() as u32).to_be_bytes()[..], part].concat();
    parts.iter().flat_map(one).collect()
}

/// `ssh-ed25519 AAAA…`.
pub fn line(algorithm: Algorithm, key: &[u8]) -> String {
    let name = match algorithm {
        Algorithm::Ed25519 => ED25519,
        Algorithm::P256 => P256,
    };
    let name = String::from_utf8_lossy(name);
    format!("{name} {}", Base64::encode_string(&blob(algorithm, key)))
}

/// A line of a public key; a second line is a second key, which is not passed over.
pub fn read_line(text: &str) -> Option<(Algorithm, Vec<u8>)> {
    if text.trim().contains('\n') {
        return None;
    }
    let mut words = text.split_ascii_whitespace();
    let name = words.next()?.as_bytes();
    let bytes = Base64::decode_vec(words.next()?).ok()?;
    let mut reader = Reader(&bytes);
    let found = public(&mut reader, name)?;
    reader.0.is_empty().then_some(found)
}

fn public(reader: &mut Reader, name: &[u8]) -> Option<(Algorithm, Vec<u8>)> {
    if reader.string()? != name {
        return None;
    }
    match name {
        ED25519 => Some((Algorithm::Ed25519, reader.string()?.to_vec())),
        P256 if reader.string()? == CURVE => Some((Algorithm::P256, reader.string()?.to_vec())),
        _ => None,
    }
}

/// Why a private key cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It has a passphrase.
    Encrypted,
    /// It is of another kind.
    Unknown,
}

/// Algorithm and secret of a private key.
///
/// # Errors
/// It is encrypted, or none that can be read here.
pub fn read_private(bytes: &[u8]) -> Result<(Algorithm, [u8; 32]), Unusable> {
    let mut reader = Reader(bytes.strip_prefix(MAGIC).ok_or(Unusable::Unknown)?);
    let cipher = reader.string().ok_or(Unusable::Unknown)?;
    if cipher != b"none" {
        return Err(Unusable::Encrypted);
    }
    secret(&mut reader).ok_or(Unusable::Unknown)
}

fn secret(reader: &mut Reader) -> Option<(Algorithm, [u8; 32])> {
    let (_kdf, _options, count) = (reader.string()?, reader.string()?, reader.number()?);
    let (_public, private) = (reader.string()?, reader.string()?);
    let mut private = Reader(private);
    if count != 1 || private.number()? != private.number()? {
        return None;
    }
    let name = private.string()?;
    match name {
        ED25519 => {
            let (_public, both) = (private.string()?, private.string()?);
            Some((Algorithm::Ed25519, both.get(..32)?.try_into().ok()?))
        }
        P256 => {
            let (_curve, _public, number) =
                (private.string()?, private.string()?, private.string()?);
            // A number has a zero in front where it would be negative, and none that it can leave out.
            let number = number.strip_prefix(&[0]).unwrap_or(number);
            let mut secret = [0; 32];
            let start = 32usize.checked_sub(number.len())?;
            secret[start..].copy_from_slice(number);
            Some((Algorithm::P256, secret))
        }
        _ => None,
    }
}

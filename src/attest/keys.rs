//! Keys that sign and keys that are trusted, Ed25519 and P-256, as PEM and as OpenSSH writes them. The
//! id of a key is its OpenSSH fingerprint, which every client of bundles takes.
//! The algorithm follows from the key that the verifier trusts, never from a file that a publisher wrote.

use base64ct::{Base64, Base64Unpadded, Encoding};
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256};

use super::der::{self, Algorithm};
use super::openssh::{self, Unusable};

/// A key that a verifier trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    /// 32 bytes, or an uncompressed point.
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads a PEM block or a line of OpenSSH; a point that is not on its curve is no key.
    ///
    /// # Errors
    /// It is neither, as a clause.
    pub fn read(text: &str) -> Result<PublicKey, String> {
        let read = match der::read_pem(text) {
            Some(("PUBLIC KEY", bytes)) => der::read_spki(&bytes),
            Some((label, _)) if label.contains("PRIVATE") => {
                return Err("it is a private key: list the public one".to_string());
            }
            _ => openssh::read_line(text),
        };
        let (algorithm, bytes) = read.ok_or("it is not a public key: expected one PEM block or one OpenSSH line of an Ed25519 or P-256 key")?;
        PublicKey::new(algorithm, &bytes)
            .ok_or_else(|| "it is not a point of its curve".to_string())
    }

    fn new(algorithm: Algorithm, bytes: &[u8]) -> Option<PublicKey> {
        let bytes = match algorithm {
            Algorithm::Ed25519 => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
                // With a key of small order, signatures verify that were never made.
                (!key.is_weak()).then(|| key.to_bytes().to_vec())?
            }
            Algorithm::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok()?;
                key.to_sec1_point(false).as_bytes().to_vec()
            }
        };
        Some(PublicKey { algorithm, bytes })
    }

    /// The point of an Ed25519 key.
    pub fn ed25519(&self) -> Option<&[u8]> {
        (self.algorithm == Algorithm::Ed25519).then_some(&self.bytes)
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn id(&self) -> String {
        let blob = openssh::blob(self.algorithm, &self.bytes);
        format!("SHA256:{}", Base64Unpadded::encode_string(&hash(&blob)))
    }

    /// The id that cosign gives it: the digest of its DER form.
    pub fn hint_of_cosign(&self) -> String {
        Base64::encode_string(&hash(&der::spki(self.algorithm, &self.bytes)))
    }

    /// As PEM.
    pub fn pem(&self) -> String {
        der::pem("PUBLIC KEY", &der::spki(self.algorithm, &self.bytes))
    }

    /// As OpenSSH writes it.
    pub fn line(&self) -> String {
        openssh::line(self.algorithm, &self.bytes)
    }

    /// Whether it signed the message. Which algorithm is meant the key says, and no file.
    pub fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = || match self.algorithm {
            Algorithm::Ed25519 => {
                let bytes = self.bytes.as_slice().try_into().ok()?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).ok()?;
                let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
                key.verify_strict(message, &signature).ok()
            }
            Algorithm::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.bytes).ok()?;
                let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
                key.verify(message, &signature).ok()
            }
        };
        verified().is_some()
    }
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// A key that signs.
pub struct PrivateKey {
    algorithm: Algorithm,
    secret: [u8; 32],
}

impl PrivateKey {
    /// Reads a PKCS #8, SEC 1 or OpenSSH file.
    ///
    /// # Errors
    /// It is encrypted, or none of these: as a clause.
    pub fn read(text: &str) -> Result<PrivateKey, String> {
        let encrypted = "it has a passphrase: sign with `--ssh`, which asks ssh-keygen, or with cosign and `--unsigned`";
        let read = match der::read_pem(text) {
            Some(("PRIVATE KEY", bytes)) => der::read_pkcs8(&bytes),
            Some(("EC PRIVATE KEY", bytes)) => {
                der::read_sec1(&bytes).map(|secret| (Algorithm::P256, secret))
            }
            Some(("OPENSSH PRIVATE KEY", bytes)) => match openssh::read_private(&bytes) {
                Ok(key) => Some(key),
                Err(Unusable::Encrypted) => return Err(encrypted.to_string()),
                Err(Unusable::Unknown) => None,
            },
            Some((label, _)) if label.contains("ENCRYPTED") => return Err(encrypted.to_string()),
            _ => None,
        };
        let (algorithm, secret) =
            read.ok_or("it is not a private key: expected one Ed25519 or P-256 key as PEM or as OpenSSH writes it")?;
        let key = PrivateKey { algorithm, secret };
        key.try_public().ok_or("its number is not a key of its curve")?;
        Ok(key)
    }

    /// The key that holds for what it signs.
    pub fn public(&self) -> PublicKey {
        self.try_public().expect("it was a key when it was read")
    }

    fn try_public(&self) -> Option<PublicKey> {
        let bytes = match self.algorithm {
            Algorithm::Ed25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(&self.secret);
                key.verifying_key().to_bytes().to_vec()
            }
            Algorithm::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(&self.secret).ok()?;
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
            }
        };
        PublicKey::new(self.algorithm, &bytes)
    }

    /// Signs a message; the same message gives the same signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self.algorithm {
            Algorithm::Ed25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(&self.secret);
                key.sign(message).to_bytes().to_vec()
            }
            Algorithm::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(&self.secret);
                let key = key.expect("it was a key when it was read");
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use repro_formats::digest;

    /// `openssl genpkey -algorithm ed25519` and `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
    pub(crate) const ED25519: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

    #[test]
    fn an_ed25519_key_is_the_one_of_rfc_8032() {
        // Test 1 of section 7.1: the secret 9d61b19d…, its public key and the signature of nothing.
        let key = PrivateKey::read(ED25519).unwrap();
        assert_eq!(
            digest::hex(&key.public().bytes),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert!(
            digest::hex(&key.sign(b""))
                .starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")
        );
        let public = key.public();
        assert!(public.holds(b"", &key.sign(b"")) && !public.holds(b"x", &key.sign(b"")));
        for text in [public.pem(), public.line()] {
            assert_eq!(PublicKey::read(&text).unwrap(), public, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let identity = der::pem(
            "PUBLIC KEY",
            &der::spki(Algorithm::Ed25519, &{
                let mut point = [0; 32];
                point[0] = 1;
                point
            }),
        );
        let public = PrivateKey::read(ED25519).unwrap().public();
        let certificate = public.pem().replace("PUBLIC KEY", "CERTIFICATE");
        for (text, words) in [
            (&*(public.pem() + &public.pem()), "expected one PEM block"),
            (&(public.pem() + "x"), "expected one PEM block"),
            (&format!("{0}\n{0}", public.line()), "one OpenSSH line"),
            (&certificate, "not a public key"),
            (ED25519, "private key"),
            ("ssh-rsa AAAA", "not a public key"),
            ("", "not a public key"),
            (&identity, "not a point"),
        ] {
            assert!(PublicKey::read(text).unwrap_err().contains(words), "{text}");
        }
        assert!(PrivateKey::read("x").is_err());
        assert!(PrivateKey::read(&ED25519.repeat(2)).is_err());
        // `openssl ecparam -name prime256v1 -genkey` has a block in front of the key.
        let parameters = der::pem("EC PARAMETERS", &[6, 8, 42, 134, 72, 206, 61, 3, 1, 7]);
        assert!(PrivateKey::read(&(parameters + ED25519)).is_ok());
    }
}

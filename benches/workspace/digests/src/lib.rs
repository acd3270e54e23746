use base64::Engine;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

pub fn all(data: &[u8]) -> [String; 5] {
    let mut code = Hmac::<Sha256>::new_from_slice(b"key").unwrap();
    code.update(data);
    [
        hex::encode(Sha256::digest(data)),
        hex::encode(sha1::Sha1::digest(data)),
        hex::encode(md5::Md5::digest(data)),
        base64::engine::general_purpose::STANDARD.encode(code.finalize().into_bytes()),
        crc32fast::hash(data).to_string(),
    ]
}

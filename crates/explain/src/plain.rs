//! Files without a reader: text by lines, or bytes.

use super::image::{Image, Kind};

/// How much of a file tells whether it is text.
const HEAD: usize = 64 << 10;

/// Whether the bytes are text: no NUL, and UTF-8 as far as is looked.
pub fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let cut = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character may be cut at the end of what is looked at.
        Err(e) => e.error_len().is_none(),
    };
    cut && memchr::memchr(0, bytes).is_none()
}

/// The file as one part; that of rustc's metadata is known.
pub fn image(bytes: &[u8]) -> Image {
    match bytes.starts_with(b"rust\0\0\0") {
        true => Image::whole("rmeta", Kind::Metadata, ".rmeta", bytes.len()),
        false => Image::whole("bytes", Kind::Bytes, "bytes", bytes.len()),
    }
}

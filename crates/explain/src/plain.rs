//! Files without a reader: text by lines, or bytes.

use repro_formats::bytes::Fields;

use super::image::{Field, Image, Kind, Part};
use crate::cause::Cause;
use crate::finding::About;

/// Bytes of a file that are checked to decide whether it is text.
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
    if bytes.starts_with(b"rust\0\0\0") {
        return Image::whole("rmeta", Kind::Metadata, ".rmeta", bytes.len());
    }
    if is_python(bytes) {
        return python(bytes);
    }
    Image::whole("bytes", Kind::Bytes, "bytes", bytes.len())
}

/// Bytes of the header of a compiled Python module (PEP 552).
const PYTHON: usize = 16;

/// Whether it is a compiled Python module that keeps the time of its source: the version of the bytecode,
/// which Python has counted from 3390 (3.7) on, then a line end, then no flags.
fn is_python(bytes: &[u8]) -> bool {
    let Some([low, high, b'\r', b'\n', 0, 0, 0, 0]) = bytes.first_chunk::<8>() else {
        return false;
    };
    bytes.len() > PYTHON && (3390..4000).contains(&u16::from_le_bytes([*low, *high]))
}

fn python(bytes: &[u8]) -> Image {
    let mut image = Image { format: "Python", ..Image::default() };
    image.parts = vec![
        Part::new("header", 0..PYTHON, None, Kind::Table),
        Part::new("code", PYTHON..bytes.len(), None, Kind::Bytes),
    ];
    let time = Fields(bytes).u32(8).to_string();
    let field = Field::new("the time of the source", 8..12, time, Cause::SourceMtime);
    image.fields.push(field.about(About::Python));
    image
}

//! What a manifest says of files that were packed of the artifacts: archives with their members, and
//! container images.

use repro_formats::formats::Format;
use repro_formats::listing::MemberKind;
use serde::{Deserialize, Serialize};

use super::named;

/// A file that was packed of the artifacts: an archive or an image.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'m> {
    /// File name.
    pub name: &'m str,
    /// SHA-256.
    pub sha256: &'m str,
}

/// One archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// File name.
    pub name: String,
    /// The target whose artifacts are in it; none where other files were packed.
    pub target: Option<String>,
    /// Its row of the table of formats.
    #[serde(with = "named")]
    pub format: &'static Format,
    /// The crate that compressed, or `none`.
    pub compressor: String,
    /// Its version.
    pub version: String,
    /// The level.
    pub level: u32,
    /// Bytes of input that were compressed on their own.
    pub block: Option<u64>,
    /// The time of every member, seconds since 1970.
    pub epoch: i64,
    /// SHA-256 of the tar before it was compressed: equal where only the compressor differs.
    pub tar_sha256: Option<String>,
    /// Bytes of the archive.
    pub size: u64,
    /// SHA-256 of the archive.
    pub sha256: String,
    /// The members, in their order.
    pub members: Vec<Member>,
}

/// One container image: a tar of an OCI image layout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// File name.
    pub name: String,
    /// What the image is called, before the `:`.
    pub title: String,
    /// Its version, behind the `:`.
    pub version: String,
    /// SHA-256 of its manifest, or of its index: what registries know it by.
    pub digest: String,
    /// SHA-256 of the manifests or indexes of its bases; none for `scratch`.
    pub bases: Vec<String>,
    /// The crate that compressed the layers of its own.
    pub compressor: String,
    /// Its version.
    pub compressor_version: String,
    /// The level.
    pub level: u32,
    /// The time of the image and of what is in its layers, seconds since 1970.
    pub epoch: i64,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The image of each target.
    pub platforms: Vec<ImagePlatform>,
}

/// The image of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePlatform {
    /// The target.
    pub target: String,
    /// As images name it: `linux/amd64`.
    pub platform: String,
    /// SHA-256 of its manifest.
    pub digest: String,
    /// SHA-256 of the layer with what was built.
    pub layer: String,
    /// SHA-256 of that layer before it was compressed.
    pub layer_tar: String,
}

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its name; bytes that are not printable are escaped.
    pub name: String,
    /// What it is.
    #[serde(with = "named")]
    pub kind: MemberKind,
    /// Permission bits, four octal digits.
    pub mode: String,
    /// Bytes of a file.
    pub size: Option<u64>,
    /// SHA-256 of a file.
    pub sha256: Option<String>,
    /// What a symbolic link points to.
    pub target: Option<String>,
}

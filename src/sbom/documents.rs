//! The documents of a manifest: which formats there are, and the file name and bytes of each.

use anyhow::Result;

use super::bom::{Bom, Form};
use super::{cyclonedx, spdx};
use crate::error::{bad_input, refused};
use crate::manifest::Manifest;
use crate::verdict::Verdict;

/// A format: its name, the version, the ending of its files.
pub struct DocumentRow {
    /// What it is.
    pub form: Form,
    /// `--format`.
    pub format: &'static str,
    /// `--spec`.
    pub spec: &'static str,
    /// The ending of a file's name.
    pub ending: &'static str,
}

/// All formats; the first of a name is what is written unless a version is asked for.
pub const FORMS: &[DocumentRow] = &[
    DocumentRow { form: Form::CycloneDx16, format: "cyclonedx", spec: "1.6", ending: "cdx.json" },
    DocumentRow { form: Form::CycloneDx17, format: "cyclonedx", spec: "1.7", ending: "cdx.json" },
    DocumentRow { form: Form::Spdx23, format: "spdx", spec: "2.3", ending: "spdx.json" },
];

/// The document of each shipped artifact of a manifest: its file name, and its bytes.
///
/// # Errors
/// The manifest does not say what its artifacts are made of.
pub fn documents(manifest: &Manifest, row: &DocumentRow) -> Result<Vec<(String, Vec<u8>)>> {
    let components = manifest.components.as_ref().ok_or_else(|| match manifest.verdict {
        Verdict::Differs => refused("the two builds differ, so no single list describes their contents: fix the causes that `repro build` reports and build again"),
        _ => refused("the manifest does not list what its artifacts are made of: build again with this version of repro"),
    })?;
    let mut names: Vec<&str> = components.artifacts.iter().map(|c| &*c.name).collect();
    names.sort_unstable();
    let mut found = Vec::new();
    for contents in &components.artifacts {
        let artifact =
            manifest.artifacts.iter().find(|a| contents.is_of(&a.target, a.kind, &a.name));
        let Some(artifact) = artifact.filter(|a| a.sha256.is_some()) else { continue };
        let bom = Bom::new(manifest, artifact, components, contents);
        let bytes = match row.form {
            Form::CycloneDx16 | Form::CycloneDx17 => cyclonedx::render(&bom, row.form),
            Form::Spdx23 => spdx::render(&bom),
        };
        // Two targets have files of one name.
        let several = names.iter().filter(|n| **n == contents.name).count() > 1;
        let target =
            if several { format!("-{}", contents.target.replace('/', "_")) } else { String::new() };
        found.push((format!("{}{target}.{}", contents.name, row.ending), bytes));
    }
    match found.is_empty() {
        true => Err(bad_input(
            "the manifest lists no program and no C library that an SBOM could be of",
        )),
        false => Ok(found),
    }
}

/// Every document that can be made of a manifest, in all formats.
pub fn all_documents(manifest: &Manifest) -> Vec<(String, Vec<u8>)> {
    FORMS.iter().flat_map(|row| documents(manifest, row).unwrap_or_default()).collect()
}

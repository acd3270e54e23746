//! What else is written down of where code comes from: the rows `allow-git` of deny.toml, an SBOM.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::bad_input;
use crate::fs;
use crate::fs::toml::{File, line_of};

/// deny.toml.
#[derive(Clone, Debug)]
pub struct Deny {
    /// The file.
    pub path: PathBuf,
    /// Its rows `allow-git`.
    pub rows: Vec<AllowGit>,
}

/// A row of `allow-git`.
#[derive(Clone, Debug)]
pub struct AllowGit {
    /// The URL.
    pub url: String,
    /// The comment right above it and at the end of its line.
    pub comment: String,
}

/// The names under which cargo-deny looks for its configuration.
pub const DENY_NAMES: [&str; 3] = ["deny.toml", ".deny.toml", ".cargo/deny.toml"];

/// Reads deny.toml.
pub(super) fn deny(workspace: &Path) -> Result<Option<Deny>> {
    for name in DENY_NAMES {
        let path = workspace.join(name);
        let Some(file) = File::read(&path)? else { continue };
        let sources = file.root().get("sources");
        let list = sources.and_then(|s| s.get("allow-git")?.as_array());
        let row = |value: &toml_edit::Value| {
            let span = value.span().map_or(0, |s| s.start);
            let line = line_of(file.text(), span);
            let url = match value.as_inline_table() {
                Some(table) => table.get("url")?.as_str()?,
                None => value.as_str()?,
            };
            Some(AllowGit { url: url.to_string(), comment: file.comment(line) })
        };
        let rows = list.into_iter().flatten().filter_map(row).collect();
        return Ok(Some(Deny { path, rows }));
    }
    Ok(None)
}

/// An SBOM.
#[derive(Clone, Debug)]
pub struct Sbom {
    /// The file.
    pub path: PathBuf,
    /// Every purl of a crate in it, percent-decoded.
    pub purls: Vec<String>,
}

/// Reads an SBOM in JSON, CycloneDX or SPDX: its purls, wherever they stand.
pub(super) fn sbom(path: &Path) -> Result<Sbom> {
    let content = fs::read_text(path)?;
    let value: serde_json::Value = serde_json::from_str(&content)
        .map_err(|e| bad_input(format!("`{}` is not JSON: {e}", path.display())))?;
    let known = ["bomFormat", "spdxVersion", "@context"];
    if !known.iter().any(|k| value.get(k).is_some()) {
        return Err(bad_input(format!(
            "`{}` is neither a CycloneDX nor an SPDX document",
            path.display()
        )));
    }
    let mut purls = Vec::new();
    collect(&value, &mut purls);
    Ok(Sbom { path: path.to_owned(), purls })
}

fn collect(value: &serde_json::Value, purls: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) if text.starts_with("pkg:cargo/") => {
            purls.push(decoded(text));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|v| collect(v, purls)),
        serde_json::Value::Object(map) => map.values().for_each(|v| collect(v, purls)),
        _ => {}
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        let byte = hex.and_then(|h| u8::from_str_radix(h, 16).ok());
        match byte.filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_decoded_and_nothing_panics() {
        assert_eq!(
            decoded("pkg:cargo/a@1?vcs_url=git%2Bhttps://x%40ab"),
            "pkg:cargo/a@1?vcs_url=git+https://x@ab"
        );
        assert_eq!(decoded("%"), "%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }

    #[test]
    fn rows_of_deny_toml_carry_their_comments() {
        let dir = tempfile::tempdir().unwrap();
        let text = "[sources]\nallow-git = [\n    # https://r/1: until z\n    \"https://g/x\",\n    \"https://g/y\", # https://r/2\n]\n";
        std::fs::write(dir.path().join("deny.toml"), text).unwrap();
        let rows = deny(dir.path()).unwrap().unwrap().rows;
        assert_eq!(rows[0].comment, "# https://r/1: until z");
        assert_eq!(
            (rows[1].url.as_str(), rows[1].comment.as_str()),
            ("https://g/y", " # https://r/2")
        );
    }
}

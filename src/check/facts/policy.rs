//! What else is written down of where code comes from: the toolchain file, the rows `allow-git` of
//! deny.toml, an SBOM.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::Item;

use crate::check::hit::Place;
use crate::error::bad_input;
use crate::fs;
use crate::fs::toml::{File, line_of, text};

/// The toolchain file.
#[derive(Clone, Debug)]
pub struct Pin {
    /// Where the channel stands.
    pub place: Place,
    /// The channel; none for a toolchain at a path.
    pub channel: Option<String>,
}

/// Reads the toolchain file that rustup takes in a directory.
pub fn pin(dir: &Path) -> Result<Option<Pin>> {
    for dir in dir.ancestors() {
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            let path = dir.join(name);
            let Some(content) = fs::read_text_if_any(&path)? else { continue };
            // The older name may hold the channel alone.
            if name == "rust-toolchain" && !content.contains('[') {
                let channel = Some(content.trim().to_string());
                let place = Place { path, line: 1 };
                return Ok(Some(Pin { place, channel }));
            }
            let file = File::parse(&path, content)?;
            let toolchain = file.root().get("toolchain").and_then(Item::as_table_like);
            let place = toolchain.map_or(Place { path, line: 1 }, |t| file.place_of(t, "channel"));
            let channel = file.root().get("toolchain").and_then(|t| text(t, "channel"));
            return Ok(Some(Pin { place, channel }));
        }
    }
    Ok(None)
}

/// Whether a channel is always the same compiler: `1.95.0`, `nightly-2026-04-03`, with or without a host triple.
pub fn is_exact(channel: &str) -> bool {
    let mut parts = channel.split('-');
    let first = parts.next().unwrap_or_default();
    let number = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    if ["nightly", "beta", "stable"].contains(&first) {
        let date: Vec<&str> = parts.take(3).collect();
        return date.len() == 3
            && date.iter().zip([4, 2, 2]).all(|(p, n)| p.len() == n && number(p));
    }
    let version: Vec<&str> = first.split('.').collect();
    version.len() == 3 && version.iter().all(|p| number(p))
}

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

    #[test]
    fn only_one_compiler_is_an_exact_channel() {
        for exact in
            ["1.95.0", "1.95.0-x86_64-unknown-linux-gnu", "nightly-2026-04-03", "beta-2026-01-02"]
        {
            assert!(is_exact(exact), "{exact}");
        }
        for moving in
            ["stable", "nightly", "1.95", "beta", "nightly-x86_64-unknown-linux-gnu", "1.x.0", ""]
        {
            assert!(!is_exact(moving), "{moving}");
        }
    }
}

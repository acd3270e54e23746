//! What `repro inspect` found, as text and as JSON, schema `repro.inspect/1`.

use std::fmt::Write;
use std::path::PathBuf;

use repro_explain::count;
use repro_explain::inspect::{Binary, Crate, Rustc};
use repro_formats::digest::Digest;
use serde::Serialize;

use super::json::encode;
use crate::term::BOLD;

/// The schema's name and version.
const SCHEMA: &str = "repro.inspect/1";
/// Crates that are listed without `-v`.
const LISTED: usize = 12;

/// One file and the binaries in it.
pub struct Inspected {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Its size and digest.
    pub digest: Digest,
    /// At least one.
    pub binaries: Vec<Binary>,
}

#[derive(Serialize)]
struct InspectJson<'a> {
    schema: &'static str,
    command: &'static str,
    files: Vec<FileJson<'a>>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: String,
    size: u64,
    sha256: &'a str,
    binaries: &'a [Binary],
}

/// One JSON object.
pub fn json(files: &[Inspected]) -> String {
    let files = files.iter().map(|f| FileJson {
        path: f.path.display().to_string(),
        size: f.digest.size,
        sha256: &f.digest.sha256,
        binaries: &f.binaries,
    });
    let files = files.collect();
    encode(&InspectJson { schema: SCHEMA, command: "inspect", files })
}

/// A block for each binary: a row for each thing that it tells.
pub fn text(files: &[Inspected], verbose: bool) -> String {
    let mut out = String::new();
    for file in files {
        for binary in &file.binaries {
            let within = binary.within.iter().map(|name| format!(": {name}"));
            let name: String =
                std::iter::once(file.path.display().to_string()).chain(within).collect();
            let _ = writeln!(out, "{BOLD}{name}{BOLD:#}");
            for (label, value) in rows(binary, verbose) {
                let _ = writeln!(out, "  {label:<11}{value}");
            }
        }
    }
    out
}

fn rows(binary: &Binary, verbose: bool) -> Vec<(&'static str, String)> {
    let mut rows = vec![("format", binary.format.to_string())];
    let mut row = |label, value: Option<String>| rows.extend(value.map(|v| (label, v)));
    row("target", binary.target.clone());
    for rustc in &binary.rustc {
        row("rustc", Some(compiler(rustc)));
    }
    if binary.rustc.is_empty() {
        let none = if binary.rust { "its version is not in it" } else { "no trace of Rust" };
        row("rustc", Some(none.to_string()));
    }
    for linker in &binary.linkers {
        row("linker", Some(linker.clone()));
    }
    for compiler in &binary.compilers {
        row("C compiler", Some(compiler.clone()));
    }
    row("libc", binary.libc.clone());
    row("build-id", binary.build_id.clone());
    let signed = |signed| if signed { "signed" } else { "not signed" }.to_string();
    row("signature", binary.signed.map(signed));
    let has = |what: bool| if what { "yes" } else { "no" };
    let stripped =
        format!("{}; debug information: {}", has(binary.symbols), has(binary.debug_info));
    row("symbols", Some(stripped));
    for hint in &binary.hints {
        row("note", Some(hint.clone()));
    }
    let shown = if verbose { usize::MAX } else { LISTED };
    if !binary.crates.is_empty() {
        let mut names: Vec<String> = binary.crates.iter().take(shown).map(krate).collect();
        let left = binary.crates.len() - names.len();
        if left > 0 {
            names.push(format!("{left} more (-v lists them)"));
        }
        row("crates", Some(format!("{}: {}", binary.crates.len(), names.join(", "))));
    }
    for leaked in &binary.paths {
        row("path", Some(format!("{} (in {})", leaked.path, count(leaked.count, "text"))));
    }
    rows
}

fn compiler(rustc: &Rustc) -> String {
    let commit = rustc.commit.as_ref().filter(|_| rustc.version.is_some());
    let inner: Vec<&str> = commit.iter().map(|c| c.as_str()).chain(rustc.date.as_deref()).collect();
    let inner = if inner.is_empty() { String::new() } else { format!(" ({})", inner.join(" ")) };
    format!("{}{inner}, from {}", rustc.name(), rustc.from)
}

fn krate(krate: &Crate) -> String {
    let Crate { name, version, .. } = krate;
    version.as_ref().map_or(name.clone(), |version| format!("{name} {version}"))
}

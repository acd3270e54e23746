//! Reading a manifest: its schema first, then its fields, then whether it is sound.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use repro_formats::names::printable;
use serde::Deserialize;

use super::{LONGEST, Manifest, SCHEMA, check, contents};
use crate::error::bad_input;

/// The schemas that are read: what `/1` does not have is absent or empty.
const READ: [&str; 2] = ["repro.manifest/1", SCHEMA];

impl Manifest {
    /// Reads a file whole.
    pub fn read(path: &Path) -> Result<Manifest> {
        let what = || format!("failed to read `{}`", path.display());
        let file = File::open(path).with_context(what)?;
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes).with_context(what)?;
        if bytes.len() as u64 > LONGEST {
            return Err(bad_input(format!(
                "`{}` is over 64 MiB, which no manifest is",
                path.display()
            )));
        }
        Manifest::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads a manifest. `from` names it in errors.
    pub fn from_bytes(bytes: &[u8], from: &str) -> Result<Manifest> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        // What it quotes of the file may be meant for a terminal.
        let bad = |e: serde_json::Error| {
            let words = printable(e.to_string().as_bytes()).replace("\\`", "`");
            bad_input(format!("`{from}` is not a manifest: {words}"))
        };
        let head: Head = serde_json::from_slice(bytes).map_err(bad)?;
        if !READ.contains(&&*head.schema) {
            return Err(bad_input(format!(
                "`{from}` has the schema `{}`, and this repro reads `{}`: use the version of repro that wrote it",
                head.schema.escape_debug(),
                READ.join("` and `")
            )));
        }
        let manifest: Manifest = serde_json::from_slice(bytes).map_err(bad)?;
        let contents =
            |()| manifest.components.as_ref().map_or(Ok(()), |c| contents::sound(c, &manifest));
        check::sound(&manifest)
            .and_then(contents)
            .map_err(|e| bad_input(format!("`{from}` is not a sound manifest: {e}")))?;
        Ok(manifest)
    }
}

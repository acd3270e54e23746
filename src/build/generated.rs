//! Files that the project's metadata puts into its archives and that the build itself makes, such as
//! completions and manual pages in OUT_DIR: they are released, so they are compared like programs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::artifact::Kind;
use crate::cargo::messages::Made;
use crate::error::bad_input;
use crate::source::include::{self, Include};

/// The files of a build whose target directory is at `target` that patterns name which begin with
/// `target/`. What the builds do not make is no part of them.
pub fn find(
    patterns: &[String],
    target: &Path,
    said: &[Made],
    runs: &[(String, &Path)],
) -> Result<Vec<Made>> {
    let mut found: BTreeMap<String, Made> = BTreeMap::new();
    for text in patterns {
        let Some(Include { pattern, name }) = include::of_target(text)? else { continue };
        let mut paths = include::matches(target, pattern)?;
        paths.retain(|path| said.iter().all(|made| made.path != *path));
        if let Some(name) = name.filter(|name| name.contains('/')) {
            return Err(bad_input(format!(
                "`{text}` puts a generated file at `{name}`, but generated files go only to the top of the archive: leave out the directory"
            )));
        }
        for path in paths {
            let base = path.file_name().unwrap_or_default().to_string_lossy();
            let called = name.map_or_else(|| base.into_owned(), str::to_string);
            let by = runs.iter().find(|(_, out_dir)| path.starts_with(out_dir));
            let package = by.map(|(package, _)| package.clone());
            let package = package
                .or_else(|| Some(said.iter().find(|m| m.kind.is_shipped())?.package.clone()));
            let made = Made {
                package: package.unwrap_or_default(),
                kind: Kind::Generated,
                called: Some(called.clone()),
                path,
                metadata_of: None,
            };
            let path = made.path.clone();
            if found.insert(called.clone(), made).is_some_and(|other| other.path != path) {
                return Err(bad_input(format!(
                    "`{text}` matches several generated files named `{called}`: narrow the pattern until it matches one file per name"
                )));
            }
        }
    }
    Ok(found.into_values().collect())
}

//! `repro sbom`: the documents of what a build recorded. Nothing is resolved or built.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::archive::sums;
use crate::error::{refused, usage};
use crate::fs;
use crate::manifest::Manifest;
use crate::metadata::Cargo;
use crate::project::find_manifest;
use crate::project::publish::{DIST, MANIFEST};
use crate::request::{SbomRequest, SourceChoice};
use crate::sbom::{self, DocumentRow, FORMS};

/// Writes them, whole or not at all, and returns their paths.
///
/// # Errors
/// There is no manifest that lists what its artifacts are made of.
pub fn run(asked: &SbomRequest) -> Result<Vec<PathBuf>> {
    let row = row(asked)?;
    let (manifest, beside) = recorded(asked.manifest.as_deref(), asked.manifest_path.clone())?;
    let documents = sbom::documents(&manifest, row)?;
    let dir = asked.output.clone().unwrap_or(beside);
    fs::create_dir(&dir)?;
    let mut written = Vec::new();
    for (name, bytes) in &documents {
        let path = dir.join(name);
        fs::write_atomic(&path, bytes)?;
        written.push(path);
    }
    sums::list_if_there(&dir, &documents)?;
    Ok(written)
}

fn row(asked: &SbomRequest) -> Result<&'static DocumentRow> {
    let mut rows = FORMS.iter().filter(|row| row.format == asked.format);
    let Some(spec) = &asked.spec else {
        return Ok(rows.next().expect("the command line knows the formats"));
    };
    let specs: Vec<_> = FORMS.iter().filter(|r| r.format == asked.format).map(|r| r.spec).collect();
    rows.find(|row| row.spec == spec).ok_or_else(|| {
        let (format, specs) = (&asked.format, specs.join(" or "));
        usage(format!("`--spec {spec}`: {format} is written as {specs}"))
    })
}

/// The manifest that was named, else that of the last build; and where what is made of it goes.
///
/// # Errors
/// There is none.
pub(super) fn recorded(
    named: Option<&Path>,
    manifest_path: Option<PathBuf>,
) -> Result<(Manifest, PathBuf)> {
    if let Some(path) = named {
        fs::given([path])?;
        let beside = path.parent().filter(|p| !p.as_os_str().is_empty());
        return Ok((Manifest::read(path)?, beside.unwrap_or(Path::new(".")).to_owned()));
    }
    let manifest = find_manifest(&SourceChoice::of(manifest_path))?;
    let target = Cargo::of_user().metadata(&manifest)?.target_directory;
    let results = target.into_std_path_buf().join("repro");
    let path = results.join(MANIFEST);
    if !path.is_file() {
        return Err(refused(format!(
            "there is no `{}`: run `repro build` first, or name a manifest",
            path.display()
        )));
    }
    Ok((Manifest::read(&path)?, results.join(DIST)))
}

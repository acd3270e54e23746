//! A directory as the source: copied without its target directory. Path dependencies next to it are
//! copied to the same relative places.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::digest::{self, Hasher};

use super::found::{Origin, Paths, Source, SourceRequest};
use super::path_deps;
use crate::error::refused;
use crate::fs;

pub(super) fn find(request: &SourceRequest, found: &Paths) -> Result<Source> {
    let given = match &request.choice.directory {
        Some(dir) => fs::resolve(dir)?,
        None => found.workspace.clone(),
    };
    let mut parts = vec![given.clone()];
    if !found.workspace.starts_with(&given) {
        parts.push(found.workspace.clone());
    }
    for package in path_deps::find(&request.cargo, &found.workspace, &given)? {
        if !package.dir.is_dir() {
            return Err(refused(format!(
                "path dependency `{}` at `{}` does not exist",
                package.name,
                package.dir.display()
            )));
        }
        parts.push(request.cargo.workspace_root(&package.dir.join("Cargo.toml"))?);
    }
    let root = common_parent(&parts);
    let home = std::env::home_dir().and_then(|h| fs::canonicalize(h).ok());
    if root.parent().is_none() && parts.len() == 1 {
        return Err(refused(format!(
            "`{}` is the root of the file system, which cannot be the source: move the package into its own directory",
            root.display()
        )));
    }
    if parts.len() > 1 && (root.parent().is_none() || home.as_deref() == Some(&root)) {
        let far = parts.last().unwrap_or(&given);
        return Err(refused(format!(
            "path dependency `{}` and `{}` have only `{}` in common, which cannot be the source: move them under one directory, or use a git or registry dependency",
            far.display(),
            given.display(),
            root.display()
        )));
    }
    let mut source = found.source(request, root.clone(), Origin::Directory)?;
    source.parts =
        parts.iter().filter_map(|p| p.strip_prefix(&root).ok().map(Path::to_owned)).collect();
    Ok(source)
}

fn common_parent(paths: &[PathBuf]) -> PathBuf {
    let mut root = paths.first().cloned().unwrap_or_default();
    while !paths.iter().all(|p| p.starts_with(&root)) {
        root.pop();
    }
    root
}

pub(super) fn copy(source: &Source, to: &Path) -> Result<()> {
    for part in &source.parts {
        let from = source.root.join(part);
        let inside_other = |p: &PathBuf| p != part && part.starts_with(p);
        if source.parts.iter().any(inside_other) {
            continue;
        }
        fs::copy_tree(&from, &to.join(part), &mut |path| {
            let git_link = path.file_name() == Some(".git".as_ref()) && !path.is_dir();
            // Of another workspace in the directory; cargo tags what it makes.
            let target =
                path.file_name() == Some("target".as_ref()) && path.join("CACHEDIR.TAG").is_file();
            !git_link && !target && !source.left_out.iter().any(|out| path == out)
        })?;
    }
    Ok(())
}

/// SHA-256 over a copied directory: sorted paths, kinds, exec bits and contents.
pub fn content_digest(copy: &Path) -> Result<String> {
    let mut all = fs::walk(copy, &mut |p| p.file_name() != Some(".git".as_ref()))?;
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut hasher = Hasher::default();
    for (path, meta) in all {
        let relative = path.strip_prefix(copy).unwrap_or(&path);
        let (kind, content) = if meta.is_dir() {
            ("dir", String::new())
        } else if meta.is_symlink() {
            let target = std::fs::read_link(&path)
                .with_context(|| format!("failed to read link `{}`", path.display()))?;
            ("link", target.display().to_string())
        } else {
            let kind = if fs::is_executable(&meta) { "exec" } else { "file" };
            (kind, digest::of_file(&path)?.sha256)
        };
        // A NUL cannot be in a path: no two lists of entries give the same bytes.
        write!(hasher, "{kind}\0{}\0{content}\0", relative.display())
            .context("failed to digest the source")?;
    }
    Ok(hasher.finish().sha256)
}

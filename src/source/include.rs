//! Files that go into an archive next to the artifacts: files of the source, selected by patterns,
//! and files that a build generates.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::bad_input;
use crate::fs;

/// One pattern: what is taken, and under which name where that is given (`FILE=NAME`).
pub struct Include<'a> {
    /// The pattern.
    pub pattern: &'a str,
    /// The name.
    pub name: Option<&'a str>,
}

/// What the patterns name: names in the archive and where the files are.
#[derive(Default)]
pub struct Included {
    /// Names in the archive, and where the files are.
    pub files: Vec<(Vec<u8>, PathBuf)>,
    /// Files that are not in the source.
    pub not_in_source: Vec<String>,
}

impl Included {
    /// Adds files, but for those whose own names are among `names`.
    pub fn add_but(&mut self, other: Included, names: &[String]) {
        let last = |name: &[u8]| {
            let base = name.rsplit(|b| *b == b'/').next().unwrap_or(name).to_vec();
            String::from_utf8(base).is_ok_and(|base| names.contains(&base))
        };
        self.files.extend(other.files.into_iter().filter(|(name, _)| !last(name)));
        let rest = other.not_in_source.into_iter().filter(|name| !last(name.as_bytes()));
        self.not_in_source.extend(rest);
    }
}

/// Finds the files of `patterns`, relative to the workspace: in the copy of the source, else in
/// the user's work tree.
pub fn find(patterns: &[String], copy: &Path, work_tree: &Path) -> Result<Included> {
    let mut included = Included::default();
    for text in patterns {
        let include = parse(text)?;
        let mut found = matches(copy, include.pattern)?;
        let in_source = !found.is_empty();
        if !in_source {
            found = matches(work_tree, include.pattern)?;
        }
        if found.is_empty() {
            return Err(bad_input(format!(
                "nothing matches `{}`, which is to go into the archive: correct --include or `include` in [package.metadata.repro.archive]",
                include.pattern
            )));
        }
        let root = if in_source { copy } else { work_tree };
        if let (Some(name), [one]) = (include.name, &found[..]) {
            included.files.push((name.as_bytes().to_vec(), one.clone()));
        } else if include.name.is_some() {
            return Err(bad_input(format!(
                "`{text}` gives one name to {} files: name one file, or leave out the `=`",
                found.len()
            )));
        } else {
            for path in &found {
                included.files.push((name_of(root, path)?, path.clone()));
            }
        }
        if !in_source {
            let names = found.iter().map(|p| p.strip_prefix(root).unwrap_or(p));
            included.not_in_source.extend(names.map(|p| p.display().to_string()));
        }
    }
    included.files.sort();
    included.files.dedup();
    Ok(included)
}

/// What a pattern means that begins with `target/`, from there on; none if it is of anything else.
pub fn of_target(text: &str) -> Result<Option<Include<'_>>> {
    let Include { pattern, name } = parse(text)?;
    let pattern = pattern.strip_prefix("target/");
    Ok(pattern.map(|pattern| Include { pattern, name }))
}

fn parse(text: &str) -> Result<Include<'_>> {
    let (pattern, name) = match text.split_once('=') {
        Some((pattern, name)) => (pattern, Some(name)),
        None => (text, None),
    };
    for path in [Some(pattern), name].into_iter().flatten() {
        let mut parts = Path::new(path).components();
        if path.is_empty()
            || !parts.all(|p| matches!(p, Component::Normal(_)))
            || path.ends_with('/') && name.is_some()
        {
            return Err(bad_input(format!(
                "`{text}` cannot be put into the archive: give a path below the workspace, without `..`"
            )));
        }
    }
    Ok(Include { pattern, name })
}

/// Regular files that the pattern names, and all below the directories that it names.
pub fn matches(root: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let base = glob::Pattern::escape(&root.to_string_lossy());
    let bad = |e: &dyn std::fmt::Display| bad_input(format!("`{pattern}` is not a pattern: {e}"));
    let paths = glob::glob(&format!("{base}/{pattern}")).map_err(|e| bad(&e))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.context("failed to look for files to include")?;
        if path.is_dir() {
            let not_git = &mut |p: &Path| p.file_name() != Some(".git".as_ref());
            let below = fs::walk(&path, not_git)?;
            found.extend(below.into_iter().filter(|(_, m)| !m.is_dir()).map(|(p, _)| p));
        } else {
            found.push(path);
        }
    }
    for path in &found {
        stays_inside(root, path)?;
    }
    found.sort();
    Ok(found)
}

/// A link in the source could point anywhere: what is packed must be the source's own.
fn stays_inside(root: &Path, path: &Path) -> Result<()> {
    if fs::resolve(path)?.starts_with(fs::resolve(root)?) {
        return Ok(());
    }
    Err(bad_input(format!(
        "`{}` is a link to a path outside the source: include a file of the source instead",
        path.strip_prefix(root).unwrap_or(path).display()
    )))
}

fn name_of(root: &Path, path: &Path) -> Result<Vec<u8>> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Result<Vec<&[u8]>, _> = inside.iter().map(repro_formats::tree::bytes_of).collect();
    Ok(parts?.join(&b'/'))
}

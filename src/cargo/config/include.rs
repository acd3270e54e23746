//! `include` in cargo config, followed as cargo 1.95 does: lists only, relative to the including file,
//! a later file over an earlier one and the including file over both.
//! <https://doc.rust-lang.org/cargo/reference/config.html#including-extra-configuration-files>

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{Item, TableLike, Value};

use super::file::{ConfigFile, ConfigPlace, parse};
use crate::error::{bad_input, refused};
use crate::fs;

/// How deep files may include each other, and how many may be included by one; cargo has a limit as
/// well.
const DEEPEST: usize = 10;
const MOST: usize = 100;

/// Where config files of a source are read, and where their includes may lead.
#[derive(Clone, Copy)]
pub struct Inside<'a> {
    /// The source in the user's tree.
    pub root: &'a Path,
    /// Its copy.
    pub copy: &'a Path,
    /// Includes may lead out of the source, which is the user's own.
    pub outside: bool,
}

impl Inside<'_> {
    /// Of files that are in no source.
    pub(super) fn everywhere() -> Inside<'static> {
        let none = Path::new("");
        Inside { root: none, copy: none, outside: true }
    }

    /// Where a file of the user's tree is read.
    fn real(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.root) {
            Ok(below) if self.holds(path) => self.copy.join(below),
            _ => path.to_owned(),
        }
    }

    fn holds(&self, path: &Path) -> bool {
        !self.root.as_os_str().is_empty() && path.starts_with(self.root)
    }

    /// A file of an untrusted source may be a link that leads out of it.
    pub(super) fn check_inside(&self, relative: &Path) -> Result<()> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or(path.to_owned());
        let file = self.copy.join(relative);
        if self.outside || !file.exists() || real(&file).starts_with(real(self.copy)) {
            return Ok(());
        }
        Err(refused(format!(
            "cargo config `{}` of the source leads to a file outside the source",
            relative.display()
        )))
    }

    pub(super) fn load(
        &self,
        mut file: ConfigFile,
        depth: usize,
        all: &mut usize,
    ) -> Result<ConfigFile> {
        let shown = file.path.display().to_string();
        for include in includes(&file)? {
            *all += 1;
            if depth == DEEPEST || *all > MOST {
                return Err(bad_input(format!(
                    "cargo config `{shown}` includes too many files, or includes itself: the limits are {MOST} files and {DEEPEST} levels"
                )));
            }
            let inside = self.holds(&include.path);
            if !inside && !self.outside {
                return Err(refused(format!(
                    "`include` in cargo config `{shown}` leads to `{}`, outside the source: nothing was built",
                    include.path.display()
                )));
            }
            if let Ok(relative) = include.path.strip_prefix(self.root)
                && inside
            {
                self.check_inside(relative)?;
            }
            let place = if inside { ConfigPlace::Source } else { outer(file.place) };
            let Some(text) = fs::read_text_if_any(&self.real(&include.path))? else {
                if include.optional {
                    continue;
                }
                return Err(bad_input(format!(
                    "`include` in cargo config `{shown}` names `{}`, which does not exist",
                    include.path.display()
                )));
            };
            let included = parse(include.path, place, &text)?;
            let mut included = self.load(included, depth + 1, all)?;
            included.relative = include.relative;
            // A later one is stronger.
            file.includes.insert(0, included);
        }
        Ok(file)
    }
}

/// What a file outside the source is that one of this place includes.
fn outer(place: ConfigPlace) -> ConfigPlace {
    if place == ConfigPlace::Source { ConfigPlace::Outer } else { place }
}

/// One entry of `include`.
struct Include {
    path: PathBuf,
    optional: bool,
    relative: bool,
}

/// What a file includes, as cargo reads it: a list of paths or of tables.
fn includes(file: &ConfigFile) -> Result<Vec<Include>> {
    let wrong = || {
        bad_input(format!(
            "`include` in cargo config `{}` is neither a list of paths nor a list of tables with a `path`",
            file.path.display()
        ))
    };
    let dir = file.path.parent().unwrap_or(Path::new("/"));
    let entry = |path: Option<&str>, optional: Option<bool>| {
        let path = Path::new(path.ok_or_else(wrong)?);
        Ok(Include {
            path: fs::normalized(&dir.join(path)),
            optional: optional.unwrap_or(false),
            relative: path.is_relative(),
        })
    };
    let of_table = |table: &dyn TableLike| {
        let optional = table.get("optional").and_then(Item::as_bool);
        entry(table.get("path").and_then(Item::as_str), optional)
    };
    match file.document.get("include") {
        None => Ok(Vec::new()),
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|t| of_table(t)).collect(),
        Some(Item::Value(Value::Array(values))) => values
            .iter()
            .map(|value| match value.as_inline_table() {
                Some(table) => of_table(table),
                None => entry(value.as_str(), None),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

pub(super) fn first_of<'a>(
    candidates: impl Iterator<Item = &'a PathBuf>,
    place: ConfigPlace,
) -> Result<Option<ConfigFile>> {
    // One in a directory that is closed to the user does not exist for cargo either.
    for path in candidates.filter(|path| path.exists()) {
        if let Some(text) = fs::read_text_if_any(path)? {
            let file = parse(path.clone(), place, &text)?;
            return Inside::everywhere().load(file, 0, &mut 0).map(Some);
        }
    }
    Ok(None)
}

/// Files that a config file includes, directly or through others, the strongest first.
pub fn included_by(path: &Path) -> Result<Vec<PathBuf>> {
    let file = first_of(std::iter::once(&path.to_owned()), ConfigPlace::Outer)?;
    let all = file.iter().flat_map(|file| file.with_includes().skip(1));
    Ok(all.map(|f| f.path.clone()).collect())
}

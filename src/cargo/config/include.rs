//! `include` in cargo config, followed as cargo 1.95 does: lists only, relative to the including file,
//! a later file over an earlier one and the including file over both.
//! <https://doc.rust-lang.org/cargo/reference/config.html#including-extra-configuration-files>

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{Config, ConfigFile, Place, absolutize, first_of, parse};
use crate::error::{bad_input, refused};
use crate::fs;

/// How deep files may include each other, and how many may be included by one; cargo has a limit as
/// well.
const DEEPEST: usize = 10;
const MOST: usize = 100;

impl Config {
    /// Puts what the source includes from the directory above it above its copy at `to`, where cargo
    /// looks for it. By an absolute path cargo finds the user's file.
    pub fn carry(&self, root: &Path, to: &Path) -> Result<()> {
        let above = |path: &Path| path.parent().unwrap_or(Path::new("/")).to_owned();
        let inside = self.all().filter(|f| f.place == Place::Source);
        for (by, file) in inside.flat_map(|f| f.includes.iter().map(move |i| (f, i))) {
            if file.place == Place::Source || !file.relative {
                continue;
            }
            let below = file.path.strip_prefix(above(root)).map_err(|_| {
                refused(format!(
                    "`include` in cargo config `{}` leads to `{}`, too far above the source to be carried along: move the file into the source, or include it by its absolute path",
                    by.path.display(),
                    file.path.display()
                ))
            })?;
            fs::write(&above(to).join(below), file.relocated())?;
        }
        Ok(())
    }
}

impl ConfigFile {
    /// This file and all that it includes, the strongest first.
    pub(super) fn with_includes(&self) -> Box<dyn Iterator<Item = &ConfigFile> + '_> {
        Box::new(std::iter::once(self).chain(self.includes.iter().flat_map(Self::with_includes)))
    }

    /// One document that says what this file and its includes do. `base` turns the directory that
    /// relative paths of a file start from into the one that they are to start from.
    pub(super) fn merged(&self, base: &dyn Fn(PathBuf) -> PathBuf) -> DocumentMut {
        let mut merged = DocumentMut::new();
        for (i, file) in self.with_includes().enumerate() {
            let mut document = file.document.clone();
            document.remove("include");
            absolutize(document.as_table_mut(), &base(file.base()));
            match i {
                0 => merged = document,
                _ => merge(merged.as_table_mut(), document.as_table(), &mut Vec::new()),
            }
        }
        merged
    }
}

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

    /// A file of a stranger's source may be a link that leads out of it.
    pub(super) fn check_inside(&self, relative: &Path) -> Result<()> {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or(path.to_owned());
        if self.outside || real(&self.copy.join(relative)).starts_with(real(self.copy)) {
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
            let place = if inside { Place::Source } else { outer(file.place) };
            let Some(text) = fs::read_text_if_any(&self.real(&include.path))? else {
                if include.optional {
                    continue;
                }
                return Err(bad_input(format!(
                    "`include` in cargo config `{shown}` names `{}`, which does not exist",
                    include.path.display()
                )));
            };
            if let Ok(relative) = include.path.strip_prefix(self.root)
                && inside
            {
                self.check_inside(relative)?;
            }
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
fn outer(place: Place) -> Place {
    if place == Place::Source { Place::Outer } else { place }
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

/// Files that a config file includes, directly or through others, the strongest first; what cannot be
/// read is left out, as cargo reports it.
pub fn included_by(path: &Path) -> Vec<PathBuf> {
    let Ok(Some(file)) = first_of(std::iter::once(&path.to_owned()), Place::Outer) else {
        return Vec::new();
    };
    file.with_includes().skip(1).map(|f| f.path.clone()).collect()
}

/// Adds what a weaker document says to a stronger one, as cargo merges config: tables key by key,
/// lists joined with the weaker first, of anything else the stronger.
fn merge(strong: &mut dyn TableLike, weak: &dyn TableLike, at: &mut Vec<String>) {
    // Command lines, which are not joined.
    const WHOLE: [&str; 3] = ["runner", "credential-provider", "linker"];
    for (key, item) in weak.iter() {
        let Some(mine) = strong.get_mut(key) else {
            strong.insert(key, item.clone());
            continue;
        };
        at.push(key.to_string());
        if let (Some(mine), Some(theirs)) = (mine.as_table_like_mut(), item.as_table_like()) {
            merge(mine, theirs, at);
        } else if let (Some(mine), Some(theirs)) = (mine.as_array_mut(), item.as_array())
            && !WHOLE.contains(&key)
            && at.first().is_none_or(|k| k != "credential-alias")
        {
            for (i, value) in theirs.iter().enumerate() {
                mine.insert(i, value.clone());
            }
        }
        at.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn included(files: &[(&str, &str)], outside: bool) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(&dir.path().join(name), text).unwrap();
        }
        let (root, copy) = (Path::new("/user/s"), dir.path().join("s"));
        let mut config = Config::default();
        let tree = Inside { root, copy: &copy, outside };
        config.add_inside(tree, &[".cargo/config.toml".into()]).map(|()| config)
    }

    #[test]
    fn included_files_are_weaker_and_the_later_ones_stronger() {
        let config = included(
            &[
                (
                    "s/.cargo/config.toml",
                    "include = ['sub/a.toml', { path = '../b.toml' }, { path = 'no.toml', optional = true }]\n\
                     [build]\nrustflags = ['own']\n",
                ),
                (
                    "s/.cargo/sub/a.toml",
                    "[build]\nrustflags = ['a']\nrustc-wrapper = './w'\n[env]\nX = 'a'\nY = 'a'\n",
                ),
                ("s/b.toml", "[[include]]\npath = 'c.toml'\n[env]\nX = 'b'\n"),
                ("s/c.toml", "[build]\nrustflags = ['c']\n[env]\nX = 'c'\nZ = 'c'\n"),
            ],
            false,
        )
        .unwrap();
        assert_eq!(config.list(&["build", "rustflags"]), ["a", "c", "own"]);
        let get = |name| config.get_str(&["env", name]);
        assert_eq!((get("X"), get("Y"), get("Z")), (Some("b"), Some("a"), Some("c")));
        let wrapper = config.get_program(&["build", "rustc-wrapper"]);
        assert_eq!(wrapper, Some(("/user/s/.cargo/./w".into(), true)));
        let text = config.files[0].relocated();
        assert!(text.contains("rustflags = ['a','c','own']"), "{text}");
        assert!(!text.contains("include"), "{text}");
        let programs = config.programs_of_others();
        assert_eq!(programs[0].1, Path::new("/user/s/.cargo/sub/a.toml"));
    }

    #[test]
    fn includes_that_cannot_be_followed_are_refused() {
        let main = "s/.cargo/config.toml";
        for (text, words) in [
            ("include = 'x.toml'", "neither a list of paths"),
            ("include = [1]", "neither a list of paths"),
            ("[include]\npath = 'x.toml'", "neither a list of paths"),
            ("include = ['no.toml']", "names `/user/s/.cargo/no.toml`, which does not exist"),
            ("include = ['config.toml']", "or includes itself"),
            ("include = ['../../out.toml']", "leads to `/user/out.toml`, outside the source"),
            ("include = ['/etc/x.toml']", "leads to `/etc/x.toml`, outside the source"),
        ] {
            let error = included(&[(main, text), ("out.toml", "")], false).err().unwrap();
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
    }
}

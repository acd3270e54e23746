//! One file of cargo's configuration, with those that it includes: their text as one document, and
//! with its relative paths made absolute.
//! Paths start from the directory that holds `.cargo`, and programs only if they contain a slash, as in cargo.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use crate::fs::toml;

/// Where a config file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigPlace {
    /// In the source: it comes along with the copy.
    Source,
    /// In a directory above the source.
    Outer,
    /// In the user's CARGO_HOME.
    CargoHome,
}

/// One config file.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Its path in the user's tree.
    pub path: PathBuf,
    /// Where it is.
    pub place: ConfigPlace,
    pub(super) document: DocumentMut,
    /// The files that it includes, the strongest first.
    pub(super) includes: Vec<ConfigFile>,
    /// It is included by a relative path.
    pub(super) relative: bool,
}

/// Takes the token out of a registry.
fn forget_token(registry: &mut Item) {
    if let Some(registry) = registry.as_table_like_mut() {
        for key in ["token", "secret-key"] {
            registry.remove(key);
        }
    }
}

/// The tables that change what is built.
pub(super) const BUILD_TABLES: [&str; 9] =
    ["build", "target", "profile", "env", "unstable", "host", "patch", "paths", "source"];

impl ConfigFile {
    /// The directory that relative paths in the file start from: the one that holds `.cargo`.
    pub(super) fn base(&self) -> PathBuf {
        let dir = self.path.parent().and_then(Path::parent);
        dir.unwrap_or(Path::new("/")).to_owned()
    }

    /// The text of the file and of what it includes, with relative paths made absolute, to be put at
    /// another place.
    pub fn relocated(&self) -> String {
        self.merged(&|base| base).to_string()
    }

    /// The same without tokens and proxies, which an offline build has no use for: build scripts read the file.
    pub fn without_secrets(&self) -> ConfigFile {
        let mut file = self.clone();
        file.change(&mut |table| {
            table.remove("http");
            let registries = table.get_mut("registries").and_then(Item::as_table_like_mut);
            let each = registries.into_iter().flat_map(|all| all.iter_mut().map(|(_, one)| one));
            each.for_each(forget_token);
            table.get_mut("registry").into_iter().for_each(forget_token);
        });
        file
    }

    pub(super) fn remove(&mut self, keys: &[&str]) {
        self.change(&mut |table| keys.iter().for_each(|key| drop(table.remove(key))));
    }

    /// Changes it and all that it includes.
    pub(super) fn change(&mut self, change: &mut dyn FnMut(&mut Table)) {
        change(self.document.as_table_mut());
        self.includes.iter_mut().for_each(|file| file.change(change));
    }

    /// The tables that change what is built, as text; empty if there are none. Network, registry,
    /// terminal and alias settings are left out, and profiles that are not used.
    pub fn build_settings(&self, is_used: &dyn Fn(&str) -> bool) -> String {
        // Paths as they are written, where they can be: another machine has this one's nowhere.
        let all = match self.includes.is_empty() {
            true => self.document.clone(),
            false => self.merged(&|base| base),
        };
        let mut document = DocumentMut::new();
        for key in BUILD_TABLES {
            if let Some(item) = all.get(key) {
                document.insert(key, item.clone());
            }
        }
        for name in ["jobs", "target-dir", "build-dir", "incremental"] {
            if let Some(build) = document.get_mut("build").and_then(Item::as_table_like_mut) {
                build.remove(name);
            }
        }
        if let Some(profiles) = document.get_mut("profile").and_then(Item::as_table_like_mut) {
            let names: Vec<_> = profiles.iter().map(|(name, _)| name.to_string()).collect();
            names.iter().filter(|name| !is_used(name)).for_each(|name| drop(profiles.remove(name)));
        }
        for table in ["build", "profile"] {
            let items = document.get(table).and_then(Item::as_table_like);
            if items.is_some_and(TableLike::is_empty) {
                document.remove(table);
            }
        }
        document.to_string()
    }

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

pub(super) fn parse(path: PathBuf, place: ConfigPlace, text: &str) -> Result<ConfigFile> {
    let what = format!("cargo config `{}`", path.display());
    let document = toml::parse(&what, text.to_string())?.into_mut();
    Ok(ConfigFile { path, place, document, includes: Vec::new(), relative: false })
}

/// Keys whose value is a path relative to the directory that holds `.cargo`. `*` stands for any
/// key. Programs (the second column) are relative only if they have a slash.
const PATH_KEYS: &[(&[&str], bool)] = &[
    (&["build", "rustc"], true),
    (&["build", "rustc-wrapper"], true),
    (&["build", "rustc-workspace-wrapper"], true),
    (&["build", "rustdoc"], true),
    (&["target", "*", "linker"], true),
    (&["target", "*", "runner"], true),
    (&["source", "*", "directory"], false),
    (&["source", "*", "local-registry"], false),
    (&["patch", "*", "*", "path"], false),
    (&["paths"], false),
    (&["resolver", "lockfile-path"], false),
];

fn absolutize(table: &mut Table, base: &Path) {
    for (key, program) in PATH_KEYS {
        visit(table, key, &mut |item| {
            let make = |text: &str| {
                if *program {
                    absolute_program(text, base)
                } else {
                    Some(base.join(text).display().to_string())
                }
            };
            if let Some(text) = item.as_str().and_then(make) {
                *item = toml_edit::value(text);
            } else if let Some(array) = item.as_array_mut() {
                let end = if *program { 1 } else { array.len() };
                for value in array.iter_mut().take(end) {
                    if let Some(text) = value.as_str().and_then(make) {
                        *value = Value::from(text);
                    }
                }
            }
        });
    }
    visit(table, &["env", "*"], &mut |item| {
        let Some(entry) = item.as_table_like_mut() else { return };
        if entry.get("relative").and_then(Item::as_bool) == Some(true) {
            let value = entry.get("value").and_then(Item::as_str).unwrap_or("");
            let value = base.join(value).display().to_string();
            entry.insert("value", toml_edit::value(value));
            entry.remove("relative");
        }
    });
}

pub(super) fn visit(table: &mut dyn TableLike, key: &[&str], change: &mut dyn FnMut(&mut Item)) {
    let Some((first, rest)) = key.split_first() else { return };
    for (name, item) in table.iter_mut() {
        if *first != "*" && name.get() != *first {
            continue;
        }
        if rest.is_empty() {
            change(item);
        } else if let Some(below) = item.as_table_like_mut() {
            visit(below, rest, change);
        }
    }
}

pub(super) fn absolute_program(text: &str, base: &Path) -> Option<String> {
    let has_slash = text.contains('/') || (cfg!(windows) && text.contains('\\'));
    has_slash.then(|| base.join(text).display().to_string())
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

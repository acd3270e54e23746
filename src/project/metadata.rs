//! Defaults from `[workspace.metadata.repro]` and `[package.metadata.repro]`; the package's win
//! over the workspace's, the command line over both. Unknown keys are errors: a setting that is
//! silently ignored would be a setting lost.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use toml_edit::{Item, TableLike};

use crate::check::levels::{Exception, Level};
use crate::error::bad_input;
use crate::fs;
use crate::metadata::Cargo;
use crate::oci::config::{SCRATCH, Wishes};
use crate::oci::documents;
use crate::project::settings::{ARCHIVE_KEYS, CHECK_KEYS, Form, IMAGE_KEYS, KEYS, Key};
use crate::request::{Build, BuildRequest, Inject, LedgerChoice, Selection};
use crate::variation::{SAME_PATH, VariationSet};

/// The tables, the stronger first.
pub struct Defaults {
    keys: &'static [Key],
    tables: Vec<(String, Item)>,
    repository: Option<String>,
}

/// Defaults of `repro archive`.
pub struct ArchiveDefaults {
    /// What is packed with the artifacts.
    pub include: Vec<String>,
    /// Names of formats.
    pub formats: Vec<String>,
    /// The name in the archive's name.
    pub name: Option<String>,
    /// The version in the archive's name.
    pub release: Option<String>,
}

impl Defaults {
    /// Reads the manifests of the package and of its workspace.
    pub fn read(package: &Path, workspace: &Path) -> Result<Defaults> {
        let mut tables = Vec::new();
        let mut repository = None;
        for (manifest, key) in [(package, "package"), (workspace, "workspace")] {
            let document = fs::toml::read(&manifest.join("Cargo.toml"))?;
            let of = document.get(key).and_then(|t| match key {
                "workspace" => t.get("package")?.get("repository"),
                _ => t.get("repository"),
            });
            repository = repository.or(of.and_then(Item::as_str).map(str::to_string));
            let item = document.get(key).and_then(|p| p.get("metadata")?.get("repro")).cloned();
            let Some(item) = item else { continue };
            let at = format!("[{key}.metadata.repro] of `Cargo.toml`");
            known_keys(&at, &item, KEYS)?;
            tables.push((at, item));
        }
        Ok(Defaults { keys: KEYS, tables, repository })
    }

    fn get<T>(&self, key: &str, read: impl Fn(&Item) -> Option<T>) -> Result<Option<T>> {
        let what = self.keys.iter().find(|k| k.name == key).map(|k| k.form.what());
        let what = what.unwrap_or_default();
        for (at, item) in &self.tables {
            let value = item.as_table_like().and_then(|t: &dyn TableLike| t.get(key));
            if let Some(value) = value {
                return read(value)
                    .map(Some)
                    .ok_or_else(|| bad_input(format!("`{key}` in {at} must be {what}")));
            }
        }
        Ok(None)
    }

    fn text(&self, key: &str) -> Result<Option<String>> {
        self.get(key, |i| i.as_str().map(str::to_string))
    }

    fn list(&self, key: &str) -> Result<Vec<String>> {
        Ok(self.get(key, strings)?.unwrap_or_default())
    }

    fn switch(&self, key: &str) -> Result<bool> {
        Ok(self.get(key, Item::as_bool)?.unwrap_or(false))
    }

    /// The name in `/build/<name>`, if one is set.
    pub fn name(&self) -> Result<Option<String>> {
        self.text("name")
    }

    /// The targets of the workflows that `repro init` writes, if they are more than this machine builds.
    pub fn release_targets(&self) -> Result<Vec<String>> {
        self.list("release-targets")
    }

    /// How flags reach rustc.
    pub fn inject(&self) -> Result<Inject> {
        let read = |i: &Item| match i.as_str()? {
            "wrapper" => Some(Inject::Wrapper),
            "rustflags" => Some(Inject::Rustflags),
            _ => None,
        };
        Ok(self.get("inject", read)?.unwrap_or_default())
    }

    /// Whether programs get the list of their packages.
    pub fn auditable(&self) -> Result<bool> {
        self.switch("auditable")
    }

    /// The variables that it wants passed on.
    pub fn pass_env(&self) -> Result<Vec<String>> {
        self.list("pass-env")
    }

    /// Fills what the command line left open.
    pub fn complete(&self, request: BuildRequest) -> Result<Build> {
        let inject = self.inject()?;
        let vary = match self.text("vary")? {
            None => VariationSet::default(),
            Some(text) => VariationSet::of_project(&text)
                .map_err(|e| bad_input(format!("`vary` in metadata.repro: {e}")))?,
        };
        let same_path = request.same_path || self.switch("same-path")?;
        let kept: &[_] = if same_path { &SAME_PATH } else { &[] };
        let mut pass_env = request.pass_env;
        if !request.only_named {
            pass_env.extend(self.pass_env()?);
        }
        Ok(Build {
            selection: self.selection(request.selection)?,
            epoch: request.epoch,
            pass_env,
            inject: request.inject.unwrap_or(inject),
            vary: request.vary.unwrap_or(vary).at_one_path(kept),
            same_path,
            isolate: request.isolate,
            network: request.network,
            name: self.name()?,
            keep: request.keep,
            auditable: request.auditable || self.auditable()?,
            builds: request.builds.unwrap_or(2),
            ledger: request
                .ledger
                .map(|dir| LedgerChoice { dir, trust_cache: request.ledger_trust_cache }),
            expand: request.expand,
            replay: request.replay,
            builder: request.builder,
        })
    }

    /// What the table `archive` says.
    pub fn archive(&self) -> Result<ArchiveDefaults> {
        let archive = self.below("archive", ARCHIVE_KEYS);
        Ok(ArchiveDefaults {
            include: archive.list("include")?,
            formats: archive.list("format")?,
            name: archive.text("name")?,
            release: archive.text("release")?,
        })
    }

    /// What the table `image` says.
    pub fn image(&self) -> Result<Wishes> {
        let image = self.below("image", IMAGE_KEYS);
        let base = |i: &Item| i.as_str().map(|one| vec![one.to_string()]).or_else(|| strings(i));
        let base = image.get("base", base)?;
        let base = base.unwrap_or_default();
        let ArchiveDefaults { name, release, .. } = self.archive()?;
        let sound = |base: &&String| *base != SCRATCH && documents::digest(base).is_err();
        if let Some(odd) = base.iter().find(sound) {
            return Err(bad_input(format!(
                "`base` of an image in metadata.repro must be `sha256:` and 64 digits, or `scratch`, not `{}`",
                odd.escape_debug()
            )));
        }
        let labels = |i: &Item| -> Option<BTreeMap<String, String>> {
            let pairs = i.as_table_like()?.iter();
            pairs.map(|(k, v)| Some((k.to_string(), v.as_str()?.to_string()))).collect()
        };
        Ok(Wishes {
            base,
            entrypoint: image.list("entrypoint")?,
            cmd: image.list("cmd")?,
            user: image.text("user")?,
            labels: image.get("labels", labels)?.unwrap_or_default(),
            repository: self.repository.clone(),
            name,
            release,
        })
    }

    /// The tables of this name in the tables.
    fn below(&self, key: &str, keys: &'static [Key]) -> Defaults {
        let below = |(at, item): &(String, Item)| {
            let table = item.as_table_like()?.get(key)?;
            Some((format!("`{key}` in {at}"), table.clone()))
        };
        Defaults { keys, tables: self.tables.iter().filter_map(below).collect(), repository: None }
    }

    /// The settings of rules: the lists `check` of both tables, the package's first.
    pub fn exceptions(&self) -> Result<Vec<Exception>> {
        let mut found = Vec::new();
        for (at, item) in &self.tables {
            let Some(list) = item.as_table_like().and_then(|t| t.get("check")) else { continue };
            let at = format!("`check` in {at}");
            for entry in entries(&at, list)? {
                found.push(exception(&at, entry)?);
            }
        }
        Ok(found)
    }

    /// Fills what the command line left open of the selection.
    pub fn selection(&self, mut s: Selection) -> Result<Selection> {
        if s.packages.is_empty() && !s.workspace {
            s.packages = self.list("packages")?;
        }
        let features_said = !s.features.is_empty() || s.all_features || s.no_default_features;
        if !features_said {
            s.features = self.list("features")?;
            s.all_features = self.switch("all-features")?;
            s.no_default_features = self.switch("no-default-features")?;
        }
        if s.targets.is_empty() {
            s.targets = self.list("targets")?;
        }
        if s.profile.is_none() {
            s.profile = self.text("profile")?;
        }
        Ok(s)
    }
}

fn strings(item: &Item) -> Option<Vec<String>> {
    item.as_array()?.iter().map(|v| v.as_str().map(str::to_string)).collect()
}

/// The tables of a list, written as `[[…]]` or inline.
fn entries(at: &str, list: &Item) -> Result<Vec<Item>> {
    let wrong = || bad_input(format!("{at} must be a list of tables"));
    if let Some(tables) = list.as_array_of_tables() {
        return Ok(tables.iter().cloned().map(Item::Table).collect());
    }
    let array = list.as_array().ok_or_else(wrong)?;
    let inline =
        |v: &toml_edit::Value| v.as_inline_table().cloned().map(|t| Item::Table(t.into_table()));
    array.iter().map(|v| inline(v).ok_or_else(wrong)).collect()
}

/// An entry of `check`.
fn exception(at: &str, entry: Item) -> Result<Exception> {
    let at = format!("an entry of {at}");
    let missing = |key: &str| {
        bad_input(format!("{at} has no `{key}`: each needs `id`, `level` and `reason`"))
    };
    let tables = vec![(at.clone(), entry)];
    let entry = Defaults { keys: CHECK_KEYS, tables, repository: None };
    let needed = |key: &str| entry.text(key)?.ok_or_else(|| missing(key));
    let level = entry.get("level", |i| Level::parse(i.as_str()?))?;
    Ok(Exception {
        id: needed("id")?,
        level: level.ok_or_else(|| missing("level"))?,
        package: entry.text("package")?,
        reason: needed("reason")?,
    })
}

/// That the item is a table with no other keys than these, and so those in it.
fn known_keys(at: &str, item: &Item, keys: &[Key]) -> Result<()> {
    let table = item.as_table_like().ok_or_else(|| bad_input(format!("{at} is not a table")))?;
    for (name, item) in table.iter() {
        let Some(key) = keys.iter().find(|k| k.name == name) else {
            let names: Vec<&str> = keys.iter().map(|k| k.name).collect();
            return Err(bad_input(format!(
                "{at} has an unknown key `{name}`; there are {}",
                names.join(", ")
            )));
        };
        let at = format!("`{name}` in {at}");
        match key.form {
            Form::Table(keys) => known_keys(&at, item, keys)?,
            Form::Tables(keys) => {
                entries(&at, item)?.iter().try_for_each(|e| known_keys(&at, e, keys))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The name in `/build/<name>`: the root package's, else the first of the workspace's members by
/// name. A directory's own name would differ from builder to builder.
pub fn project_name(cargo: &Cargo, workspace: &Path) -> Result<String> {
    let document = fs::toml::read(&workspace.join("Cargo.toml"))?;
    let root = document.get("package").and_then(|p| p.get("name"));
    if let Some(name) = root.and_then(Item::as_str) {
        return Ok(name.to_string());
    }
    let metadata = cargo.metadata(&workspace.join("Cargo.toml"))?;
    let members = metadata.workspace_packages();
    let name = members.iter().map(|p| p.name.to_string()).min();
    Ok(name.unwrap_or_else(|| "workspace".to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From tables of a package and of its workspace.
    fn read(package: &str, workspace: &str) -> Result<Defaults> {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, key: &str, table: &str| {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            let text = format!("[{key}.metadata.repro]\n{table}\n");
            std::fs::write(dir.path().join(name).join("Cargo.toml"), text).unwrap();
        };
        write("p", "package", package);
        write("w", "workspace", workspace);
        Defaults::read(&dir.path().join("p"), &dir.path().join("w"))
    }

    #[test]
    fn the_package_wins_over_the_workspace_and_the_command_line_over_both() {
        let (a, b) = ("targets = ['a']", "targets = ['b']");
        for (package, workspace, given, want) in [
            ("", "", None, None),
            ("", b, None, Some("b")),
            (a, "", None, Some("a")),
            (a, b, None, Some("a")),
            (a, b, Some("c"), Some("c")),
            ("targets = []", b, None, None),
        ] {
            let targets = given.into_iter().map(str::to_string).collect();
            let selection = Selection { targets, ..Selection::default() };
            let found = read(package, workspace).unwrap().selection(selection).unwrap();
            assert_eq!(found.targets.first().map(String::as_str), want, "{package} {workspace}");
        }
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_an_error_that_names_it() {
        for (table, want) in [
            ("nmae = 'x'", "has an unknown key `nmae`; there are "),
            ("name = 7", "`name` in [package.metadata.repro] of `Cargo.toml` must be a string"),
            ("inject = 'magic'", "`inject` in [package.metadata.repro] of `Cargo.toml` must be "),
            (
                "archive = 'x'",
                "`archive` in [package.metadata.repro] of `Cargo.toml` is not a table",
            ),
            ("archive = { x = 1 }", "has an unknown key `x`; there are "),
            ("check = 'x'", "must be a list of tables"),
            ("check = [{ level = 'deny' }]", "has no `id`"),
            (
                "check = [{ id = 'x', level = 'no', reason = 'r' }]",
                "`level` in an entry of `check` in ",
            ),
            (
                "image = { base = 'rust' }",
                "must be `sha256:` and 64 digits, or `scratch`, not `rust`",
            ),
        ] {
            let all = |d: Defaults| {
                let every = (d.name()?, d.inject()?, d.archive()?.include, d.exceptions()?.len());
                d.image().map(|_| every)
            };
            let error = read(table, "").and_then(all).unwrap_err().to_string();
            assert!(error.contains(want), "{table}: {error}");
        }
    }
}

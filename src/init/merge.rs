//! Files that a project usually has already: missing parts are added, and existing content and comments stay.
//! Only makes the new text; [`super::files`] decides whether it is written.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{Array, DocumentMut, Item, value};

use super::facts::{Facts, Toolchain};
use crate::check::facts::{manifests, policy};
use crate::error::bad_input;
use crate::fs;

/// A file that is to be there.
pub struct New {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// The text only adds this to what is there, and is safe to write.
    pub(super) added: Option<String>,
}

impl New {
    pub(super) fn whole(path: PathBuf, text: String) -> New {
        New { path, text, added: None }
    }

    pub(super) fn extended(path: PathBuf, text: String, added: String) -> New {
        New { path, text, added: Some(added) }
    }
}

/// The table that holds the selection: what is missing in it, or all of it at the end of the manifest.
pub(super) fn metadata(facts: &mut Facts, workspace: &Path) -> Result<Option<New>> {
    let path = workspace.join("Cargo.toml");
    let text = fs::read_text(&path)?;
    let mut document: DocumentMut = text.parse()?;
    let tables = ["workspace", "package"];
    let has = |key: &str| {
        let table = |of: &&str| document.get(of).and_then(|t| t.get("metadata")?.get("repro"));
        tables.iter().find(|of| table(of).is_some_and(|t| key.is_empty() || t.get(key).is_some()))
    };
    let has_archive = has("archive").is_some();
    if let Some(key) = has("") {
        let rows = [
            // With `--target` and without it cargo makes different bytes, and the workflow has it.
            ("targets", value(list(&facts.local))),
            ("release-targets", value(list(&facts.targets))),
        ];
        let wanted = |key: &str| match key {
            // Those of a release may be other ones than those that are built every day.
            "targets" => {
                !facts.local.is_empty()
                    && has("targets").is_none()
                    && has("release-targets").is_none()
            }
            _ => facts.targets != facts.local && has("targets").is_none() && has(key).is_none(),
        };
        let rows: Vec<_> = rows.into_iter().filter(|(key, _)| wanted(key)).collect();
        let mut added: String = rows.iter().map(|(key, v)| row(key, v)).collect();
        let there = document.get_mut(key).and_then(|t| t.get_mut("metadata")?.get_mut("repro"));
        let Some(there) = there.and_then(Item::as_table_like_mut) else { return Ok(None) };
        for (key, value) in rows {
            there.insert(key, value);
        }
        if !has_archive && let Some(archive) = archive(facts) {
            added.push_str("[archive]\n");
            added.extend(archive.iter().map(|(key, value)| row(key, value)));
            there.insert("archive", Item::Table(archive));
        }
        let text = document.to_string();
        let added = Some(added).filter(|a| !a.is_empty());
        return Ok(added.map(|added| New::extended(path, text, added)));
    }
    let key = if document.contains_key("workspace") { "workspace" } else { "package" };
    let added = table(key, facts);
    let joined = format!("{}\n\n{added}", text.trim_end());
    // `workspace = { … }` on one line cannot be added to in this way.
    let sound = joined.parse::<DocumentMut>().is_ok_and(|d| {
        let there = d.get(key).and_then(|t| t.get("metadata")?.get("repro"));
        there.is_some_and(Item::is_table)
    });
    if !sound {
        facts.notes.push(format!(
            "[{key}.metadata.repro] could not be added to Cargo.toml: add it yourself\n{added}"
        ));
        return Ok(None);
    }
    Ok(Some(New::extended(path, joined, added)))
}

fn list(names: &[String]) -> Array {
    names.iter().collect()
}

fn row(key: &str, value: &Item) -> String {
    format!("{key} = {}\n", value.to_string().trim())
}

/// What archives hold besides artifacts, and their name where no package gives it.
fn archive(facts: &Facts) -> Option<toml_edit::Table> {
    let mut table = toml_edit::Table::new();
    if let Some(name) = &facts.archive {
        table.insert("name", value(name));
    }
    if !facts.include.is_empty() {
        table.insert("include", value(list(&facts.include)));
    }
    (!table.is_empty() && facts.made.ships()).then_some(table)
}

fn table(key: &str, facts: &Facts) -> String {
    let selection = &facts.selection;
    let mut out = format!(
        "# What `repro build` builds unless its flags select something else.\n[{key}.metadata.repro]\n"
    );
    let mut add = |key: &str, value: Item| out.push_str(&row(key, &value));
    add("name", value(&facts.build_name));
    if !facts.local.is_empty() {
        add("targets", value(list(&facts.local)));
    }
    if facts.targets != facts.local {
        add("release-targets", value(list(&facts.targets)));
    }
    add("profile", value(selection.profile()));
    for (key, names) in [("packages", &selection.packages), ("features", &selection.features)] {
        if !names.is_empty() {
            add(key, value(list(names)));
        }
    }
    for (name, on) in [
        ("all-features", selection.all_features),
        ("no-default-features", selection.no_default_features),
    ] {
        if on {
            add(name, value(true));
        }
    }
    if let Some(archive) = archive(facts) {
        out.push_str(&format!("\n[{key}.metadata.repro.archive]\n"));
        out.extend(archive.iter().map(|(key, value)| row(key, value)));
    }
    out
}

/// The toolchain file: an exact channel stays as it is, and one that moves is changed only on request.
pub(super) fn toolchain(facts: &Facts, workspace: &Path) -> Result<Option<New>> {
    match &facts.toolchain {
        Toolchain::Unknown | Toolchain::Moving(_, _, None) => Ok(None),
        Toolchain::Exact(path, _) => Ok(Some(New::whole(path.clone(), fs::read_text(path)?))),
        Toolchain::Missing(release) => {
            // What `cargo fmt` and `cargo clippy` of the project need stays installed.
            let text = format!(
                "[toolchain]\nchannel = \"{release}\"\nprofile = \"minimal\"\ncomponents = [\"rustfmt\", \"clippy\"]\n"
            );
            Ok(Some(New::whole(workspace.join("rust-toolchain.toml"), text)))
        }
        Toolchain::Moving(path, _, Some(release)) => {
            let text = fs::read_text(path)?;
            let text = match text.parse::<DocumentMut>() {
                Ok(mut document) if document.contains_key("toolchain") => {
                    document["toolchain"]["channel"] = value(release);
                    document.to_string()
                }
                // The older form is the channel alone.
                _ => format!("{release}\n"),
            };
            Ok(Some(New::whole(path.clone(), text)))
        }
    }
}

const DENY: &str = include_str!("templates/deny.toml");

/// deny.toml: the table `sources`, with a row for each git dependency and the comment that is above it.
/// A project that has the table has decided.
pub(super) fn deny(workspace: &Path) -> Result<New> {
    let table = DENY.replace("{{ allow_git }}", &allow_git(workspace)?);
    for name in policy::DENY_NAMES {
        let path = workspace.join(name);
        let Some(text) = fs::read_text_if_any(&path)? else { continue };
        let document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| {
            bad_input(format!("failed to parse `{}`: {}", path.display(), e.message()))
        })?;
        if document.as_table().contains_key("sources") {
            return Ok(New::whole(path, text));
        }
        let joined = format!("{}\n\n{table}", text.trim_end());
        return Ok(New::extended(path, joined.trim_start().to_string(), table));
    }
    Ok(New::whole(workspace.join("deny.toml"), table))
}

fn allow_git(workspace: &Path) -> Result<String> {
    let dependencies = manifests::read(&workspace.join("Cargo.toml"))?;
    let mut rows: Vec<(&String, &str)> = Vec::new();
    for dependency in &dependencies {
        if let Some(url) = &dependency.git
            && !rows.iter().any(|(u, _)| *u == url)
        {
            rows.push((url, dependency.comment.trim()));
        }
    }
    let row = |(url, comment): &(&String, &str)| {
        let lines = comment.lines().map(|l| format!("    {}\n", l.trim()));
        format!("{}    {url:?},\n", lines.collect::<String>())
    };
    let all: String = rows.iter().map(row).collect();
    Ok(if all.is_empty() { all } else { format!("\n{all}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_dependencies_come_into_deny_toml_with_their_comments() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = 'a'\n[dependencies]\n# https://r/1, until it is published\nx = { git = 'https://g/x', rev = 'a' }\n";
        std::fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        let end =
            "allow-git = [\n    # https://r/1, until it is published\n    \"https://g/x\",\n]\n";
        let text = deny(dir.path()).unwrap().text;
        assert!(text.ends_with(end), "{text}");
        let mine = "# mine\n[licenses]\nallow = [\"MIT\"]\n";
        std::fs::write(dir.path().join(".deny.toml"), mine).unwrap();
        let text = deny(dir.path()).unwrap().text;
        assert!(text.starts_with(mine) && text.ends_with(end), "{text}");
        let decided = "[sources]\nunknown-git = \"allow\"\n";
        std::fs::write(dir.path().join(".deny.toml"), decided).unwrap();
        assert_eq!(deny(dir.path()).unwrap().text, decided);
    }
}

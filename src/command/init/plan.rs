//! The text of the files that `repro init` writes.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{DocumentMut, Item};

use super::values::Values;
use crate::check::facts::manifests;
use crate::fs;
use crate::report::shell;

/// A file that is to be there.
pub(super) struct New {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// The text only adds to what is there, and is safe to write.
    pub(super) extends: bool,
    /// What is added, where that is not all of the text.
    pub(super) added: Option<String>,
}

const WORKFLOW: &str = include_str!("templates/workflow.yml");
const DOCKERFILE: &str = include_str!("templates/Dockerfile.repro");
const GUIDE: &str = include_str!("templates/REPRODUCIBILITY.md");
const DENY: &str = include_str!("templates/deny.toml");

/// The files, in the order in which they are shown.
pub(super) fn files(
    values: &Values,
    workspace: &Path,
    root: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<New>> {
    let whole = |path: PathBuf, text: String| New { path, text, extends: false, added: None };
    let mut files = Vec::new();
    files.extend(metadata(values, workspace, notes)?);
    if let Some(channel) = values.channel.as_ref().filter(|_| !values.pinned) {
        let text = format!("[toolchain]\nchannel = \"{channel}\"\nprofile = \"minimal\"\n");
        files.push(whole(workspace.join("rust-toolchain.toml"), text));
    }
    files.push(whole(workspace.join("deny.toml"), deny(workspace)?));
    if !values.ships() {
        notes.push("this package has no program or C library, so no workflow, Dockerfile or guide was written".to_string());
        return Ok(files);
    }
    let workflow = root.join(".github/workflows/reproducible-release.yml");
    if workspace == root {
        files.push(whole(workflow, fill(WORKFLOW, values)));
    } else {
        notes.push("no workflow was written: Cargo.toml is not at the repository root".to_string());
    }
    if values.bins.is_empty() {
        notes.push("no Dockerfile was written: there is no program to run".to_string());
    } else {
        files.push(whole(workspace.join("Dockerfile.repro"), fill(DOCKERFILE, values)));
        let ignore = workspace.join("Dockerfile.repro.dockerignore");
        files.push(whole(ignore, "target\n".to_string()));
    }
    files.push(whole(workspace.join("REPRODUCIBILITY.md"), fill(GUIDE, values)));
    Ok(files)
}

/// The table that holds the selection, at the end of the workspace's manifest, if none is there.
fn metadata(values: &Values, workspace: &Path, notes: &mut Vec<String>) -> Result<Option<New>> {
    let path = workspace.join("Cargo.toml");
    let text = fs::read_text(&path)?;
    let document: DocumentMut = text.parse()?;
    let has = |key: &str| {
        let table = document.get(key);
        table.is_some_and(|t| t.get("metadata").and_then(|m| m.get("repro")).is_some())
    };
    if has("workspace") || has("package") {
        return Ok(None);
    }
    let key = match document.get("workspace") {
        Some(_) => "workspace",
        None => "package",
    };
    let added = table(key, values);
    let joined = format!("{}\n\n{added}", text.trim_end());
    // `workspace = { … }` on one line cannot be added to in this way.
    let sound = joined.parse::<DocumentMut>().is_ok_and(|d| {
        let there = d.get(key).and_then(|t| t.get("metadata")?.get("repro"));
        there.is_some_and(Item::is_table)
    });
    if !sound {
        notes.push(format!(
            "[{key}.metadata.repro] could not be added to Cargo.toml: add it yourself\n{added}"
        ));
        return Ok(None);
    }
    Ok(Some(New { path, text: joined, extends: true, added: Some(added) }))
}

fn table(key: &str, values: &Values) -> String {
    let list = |l: &[String]| {
        let quoted: Vec<_> = l.iter().map(|x| format!("{x:?}")).collect();
        format!("[{}]", quoted.join(", "))
    };
    let selection = &values.selection;
    let mut out = format!(
        "# What `repro build` builds unless its flags select something else.\n[{key}.metadata.repro]\n"
    );
    let mut row = |key: &str, value: String| out.push_str(&format!("{key} = {value}\n"));
    row("name", format!("{:?}", values.name));
    row("targets", list(&values.targets));
    row("profile", format!("{:?}", selection.profile()));
    if !selection.packages.is_empty() {
        row("packages", list(&selection.packages));
    }
    if !selection.features.is_empty() {
        row("features", list(&selection.features));
    }
    for (name, on) in [
        ("all-features", selection.all_features),
        ("no-default-features", selection.no_default_features),
    ] {
        if on {
            row(name, "true".to_string());
        }
    }
    out
}

/// deny.toml with a row for each git dependency there is, and the comment that stands above it.
fn deny(workspace: &Path) -> Result<String> {
    let manifest = manifests::read(&workspace.join("Cargo.toml"))?;
    let mut rows: Vec<(String, String)> = Vec::new();
    for dependency in manifest.iter().flat_map(|m| &m.dependencies) {
        if let Some(url) = &dependency.git
            && !rows.iter().any(|(u, _)| u == url)
        {
            rows.push((url.clone(), dependency.comment.trim().to_string()));
        }
    }
    let row = |(url, comment): &(String, String)| {
        let lines = comment.lines().map(|l| format!("    {}\n", l.trim()));
        format!("{}    {url:?},\n", lines.collect::<String>())
    };
    let list = match rows.is_empty() {
        true => String::new(),
        false => format!("\n{}", rows.iter().map(row).collect::<String>()),
    };
    Ok(DENY.replace("@ALLOW_GIT@", &list))
}

/// Puts the values into a template.
fn fill(template: &str, values: &Values) -> String {
    let name = &values.name;
    let targets = values.targets.join(" ");
    let target = &values.targets[0];
    let quoted = |l: &[String]| {
        let names: Vec<_> = l.iter().map(|x| format!("`{x}`")).collect();
        names.join(", ")
    };
    let channel = values.channel.as_deref().unwrap_or(&values.release);
    let url = values.url.clone();
    let directory = url.as_deref().map(|u| {
        let last = u.rsplit(['/', ':']).next().unwrap_or(u);
        last.trim_end_matches(".git").to_string()
    });
    let made: Vec<String> = values.bins.iter().chain(&values.libraries).cloned().collect();
    let arm = target.starts_with("aarch64");
    let musl = target.ends_with("musl");
    let image = if musl { "static-debian12" } else { "cc-debian12" };
    let replacements = [
        ("@RUNNER@", if arm { "ubuntu-24.04-arm" } else { "ubuntu-24.04" }.to_string()),
        // Older versions of rustup want the name where there is no toolchain file.
        (
            "@TOOLCHAIN@",
            if values.channel.is_some() { String::new() } else { format!(" {channel}") },
        ),
        ("@TARGETS@", targets.clone()),
        ("@TARGET_LIST@", quoted(&values.targets)),
        ("@ARTIFACT_LIST@", quoted(&made)),
        ("@REPRO_URL@", env!("CARGO_PKG_REPOSITORY").to_string()),
        ("@REPRO_VERSION@", env!("CARGO_PKG_VERSION").to_string()),
        ("@BUILDER_IMAGE@", format!("rust:{}-slim-bookworm", stable(&values.release))),
        ("@RUNTIME_IMAGE@", format!("gcr.io/distroless/{image}:nonroot")),
        ("@CHANNEL@", channel.to_string()),
        ("@PROFILE@", values.selection.profile().to_string()),
        ("@INJECT@", values.inject.to_string()),
        ("@RECIPE_VERSION@", values.recipe_version.to_string()),
        ("@SOURCE@", url.clone().unwrap_or_else(|| "this repository".to_string())),
        ("@CLONE_URL@", url.unwrap_or_else(|| "URL".to_string())),
        ("@CLONE_DIR@", directory.unwrap_or_else(|| name.clone())),
        ("@UMASK@", values.container.umask.clone()),
        ("@CARGO@", cargo(values)),
        ("@COPY@", copies(values)),
        ("@ENTRYPOINT@", entrypoint(values)),
        ("@ENV@", shell::dockerfile(&values.container)),
        ("@SOURCE_DIR@", values.source_dir.clone()),
        ("@IMAGE@", name.to_lowercase()),
        ("@NAME@", name.clone()),
    ];
    replacements
        .iter()
        .fold(template.to_string(), |text, (key, value)| text.replace(key, value))
        .trim_end()
        .to_string()
        + "\n"
}

fn stable(release: &str) -> &str {
    match release.contains('-') {
        true => "1",
        false => release,
    }
}

fn cargo(values: &Values) -> String {
    let mut selection = values.selection.clone();
    selection.targets = values.targets.clone();
    let words = ["cargo", "build", "--locked", "--offline"].map(str::to_string);
    let all: Vec<String> = words.into_iter().chain(selection.cargo_args()).collect();
    all.join(" ")
}

fn copies(values: &Values) -> String {
    // cargo puts the dev profile's files into `debug`.
    let dir = match values.selection.profile() {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    };
    let copy = |bin: &String| {
        format!(
            "COPY --from=builder {}/target/{}/{dir}/{bin} /usr/local/bin/{bin}\n",
            values.source_dir, values.targets[0]
        )
    };
    values.bins.iter().map(copy).collect()
}

fn entrypoint(values: &Values) -> String {
    match values.bins.as_slice() {
        [only] => format!("ENTRYPOINT [\"/usr/local/bin/{only}\"]"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_pinned_by_its_commit() {
        for line in WORKFLOW.lines().filter(|l| l.trim_start().starts_with("- uses: ")) {
            let (_, rest) = line.split_once('@').unwrap();
            let (commit, version) = rest.split_once(" # v").unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{line}");
            assert!(!version.is_empty());
        }
    }

    #[test]
    fn git_dependencies_come_into_deny_toml_with_their_comments() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = 'a'\n[dependencies]\n# https://r/1, until it is published\nx = { git = 'https://g/x', rev = 'a' }\n";
        std::fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        let text = deny(dir.path()).unwrap();
        let end =
            "allow-git = [\n    # https://r/1, until it is published\n    \"https://g/x\",\n]\n";
        assert!(text.ends_with(end), "{text}");
    }
}

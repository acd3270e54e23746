//! The templates, and what is put into them. `${! … !}` in a template is `${{ … }}` of GitHub.
//! A template that names an unknown value is an error. Actions are pinned to a commit, with the version next to it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::existing::IMAGE;
use super::facts::{Facts, Toolchain};
use super::pin::{self, Pin};
use crate::recipe::table;

const TEMPLATES: &[(&str, &str)] = &[
    ("steps.yml", include_str!("templates/steps.yml")),
    ("install.yml", include_str!("templates/install.yml")),
    ("check.yml", include_str!("templates/check.yml")),
    ("release.yml", include_str!("templates/release.yml")),
    ("verify.yml", include_str!("templates/verify.yml")),
    ("Dockerfile.repro", include_str!("templates/Dockerfile.repro")),
    ("REPRODUCIBILITY.md", include_str!("templates/REPRODUCIBILITY.md")),
];

/// Actions, by the commit of a version.
const ACTIONS: &[(&str, &str)] = &[
    ("checkout", "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"),
    ("cache", "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0"),
    ("upload", "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2"),
    ("download", "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0"),
    ("attest", "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2"),
    ("cosign", "sigstore/cosign-installer@faadad0cce49287aee09b3a48701e75088a2c6ad # v4.0.0"),
];

/// The templates with a project's values.
pub(super) struct Page {
    env: Environment<'static>,
    values: Value,
}

impl Page {
    pub(super) fn of(facts: &Facts, docker: bool) -> Result<Page> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.add_filter("length", |value: Value| value.len());
        env.add_filter("replace", |text: String, a: String, b: String| text.replace(&a, &b));
        // No file is HTML.
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        for (name, text) in TEMPLATES {
            env.add_template_owned(*name, without_lines_of_tags(text))?;
        }
        let mut page = Page { env, values: values(facts, docker) };
        let part = |page: &Page, name: &str, values: Value| -> Result<String> {
            let values = context! { ..values, ..page.values.clone() };
            let text = page.env.get_template(name)?.render(values)?;
            Ok(text.trim_end().to_string())
        };
        let parts = context! {
            steps => part(&page, "steps.yml", context! {})?,
            install => part(&page, "install.yml", context! { root => "" })?,
            install_cached => part(&page, "install.yml", context! { root => " --root \"$HOME/.cache/repro/tool\"" })?,
        };
        page.values = context! { ..parts, ..page.values };
        Ok(page)
    }

    /// The text of a file.
    pub(super) fn fill(&self, template: &str) -> Result<String> {
        let text = self.env.get_template(template)?.render(&self.values);
        let text = text.with_context(|| format!("failed to fill in `{template}`"))?;
        Ok(text.replace("${!", "${{").replace("!}", "}}").trim_end().to_string() + "\n")
    }
}

/// A line that holds only a tag leaves nothing.
fn without_lines_of_tags(text: &str) -> String {
    let line = |line: &str| match line.trim() {
        tag if tag.starts_with("{%") && tag.ends_with("%}") => tag.to_string(),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn values(facts: &Facts, docker: bool) -> Value {
    let quoted = |names: &mut dyn Iterator<Item = &String>| {
        names.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
    };
    let (pin_name, pin_value) = facts.pin.variable();
    let comment = if matches!(facts.pin, Pin::Unknown) { "" } else { " # repro " };
    let version = if comment.is_empty() { "" } else { pin::VERSION };
    let first = &facts.parts[0];
    let directory = facts.url.as_deref().and_then(|u| u.rsplit(['/', ':']).next());
    let below = facts.prefix.trim_end_matches('/');
    let manifests = facts.parts.iter().map(|p| format!("{}.repro.json", p.name));
    // C code needs musl's headers.
    let musl = facts.targets.iter().any(|t| t.ends_with("linux-musl"));
    // What of a repository is built is the publisher's word, and accepted by name.
    let mut accept = String::new();
    if !below.is_empty() {
        accept.push_str(&format!(" --accept-setting directory={below}"));
    }
    if first.package.is_some() {
        accept.push_str(" --accept-setting packages");
    }
    context! {
        accept,
        apt => if musl { " musl-tools" } else { "" },
        archive => match facts.pin {
            Pin::Archive(_) => format!("repro-{}-x86_64-unknown-linux-musl", pin::VERSION),
            _ => String::new(),
        },
        artifact_list => quoted(&mut facts.made.bins.iter().chain(&facts.made.libraries)),
        base => &facts.base,
        below,
        below_yaml => format!("{below:?}"),
        branch => &facts.branch,
        channel => facts.toolchain.channel().unwrap_or_default(),
        check_targets => first.targets.iter().map(|t| format!("--target {t}")).collect::<Vec<_>>().join(" "),
        clone_dir => directory.map_or(&*facts.name, |d| d.trim_end_matches(".git")),
        clone_url => facts.url.as_deref().unwrap_or("URL"),
        web => facts.url.as_deref().unwrap_or("https://github.com/OWNER/NAME").trim_end_matches(".git"),
        commit => facts.pin.revision(),
        compiler => compiler(facts),
        docker,
        file => facts.build_file,
        hooked => facts.existing.is_some(),
        image => IMAGE,
        image_digest => facts.base_digest.as_deref().unwrap_or("fill-in-the-digest"),
        inject => facts.inject,
        manifests => manifests.map(|m| format!("`{m}`")).collect::<Vec<_>>().join(", "),
        matrix => facts.parts.iter().map(|p| p.yaml()).collect::<String>().trim_end(),
        name => &facts.name,
        parts => facts.parts.iter().map(|p| context! {
            name => &p.name, os => p.os, targets => p.targets.join(" "), isolate => p.isolate(), select => p.select(),
        }).collect::<Vec<_>>(),
        pin => format!("{pin_name}: {pin_value}{comment}{version}"),
        pin_name,
        prefix => &facts.prefix,
        profile => facts.selection.profile(),
        recipe_version => table::VERSION,
        repro_package => pin::PACKAGE,
        repro_url => pin::URL,
        repro_version => pin::VERSION,
        slash_below => if below.is_empty() { String::new() } else { format!("/{below}") },
        source => facts.url.as_deref().unwrap_or("this repository"),
        target_list => quoted(&mut facts.targets.iter()),
        uses => ACTIONS.iter().copied().collect::<BTreeMap<_, _>>(),
    }
}

/// What the guide says of the compiler.
fn compiler(facts: &Facts) -> String {
    match &facts.toolchain {
        Toolchain::Moving(_, channel, _) => format!(
            "the one that `repro.json` of the release names; `{channel}`, the channel of the project, is a different one every few weeks"
        ),
        other => format!("Rust {}", other.channel().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_pinned_by_its_commit() {
        for (_, action) in ACTIONS {
            let (_, rest) = action.split_once('@').unwrap();
            let (commit, version) = rest.split_once(" # v").unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()));
            assert!(!version.is_empty());
        }
        for (name, text) in TEMPLATES {
            let used = text.lines().filter(|l| l.trim_start().starts_with("- uses: "));
            assert!(used.into_iter().all(|l| l.contains("{{ uses.")), "{name}");
        }
    }
}

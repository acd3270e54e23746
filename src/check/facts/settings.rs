//! Settings that reach the build: from cargo's config files, manifests and the environment, each
//! with its place.
//! A variable is listed under the config key that it stands for, so a rule looks for one name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use toml_edit::{Item, TableLike};

use crate::cargo::config;
use crate::check::hit::FileLine;
use crate::fs::toml::File;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The dotted key of cargo's config (`build.incremental`, `env.RUSTC_BOOTSTRAP`).
    pub key: String,
    /// The value as text; the words of a list of flags.
    pub words: Vec<String>,
    /// Where it is set; none for the environment.
    pub place: Option<FileLine>,
    /// Its name in messages.
    pub shown: String,
}

impl Setting {
    /// Whether the value is `true` or `1`.
    pub fn is_on(&self) -> bool {
        matches!(self.words.first().map(String::as_str), Some("true" | "1"))
    }
}

/// Variables and the config keys that they stand for.
const VARIABLES: &[(&str, &str)] = &[
    ("RUSTFLAGS", "build.rustflags"),
    ("CARGO_ENCODED_RUSTFLAGS", "build.rustflags"),
    ("CARGO_BUILD_RUSTFLAGS", "build.rustflags"),
    ("RUSTC_WORKSPACE_WRAPPER", "build.rustc-workspace-wrapper"),
    ("CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", "build.rustc-workspace-wrapper"),
    ("CARGO_BUILD_TARGET", "build.target"),
    ("RUSTC_BOOTSTRAP", "env.RUSTC_BOOTSTRAP"),
    ("CARGO_INCREMENTAL", "build.incremental"),
    ("CARGO_BUILD_INCREMENTAL", "build.incremental"),
    ("CONST_RANDOM_SEED", "env.CONST_RANDOM_SEED"),
];

/// The settings of the environment.
pub(super) fn of_environment(env: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<Setting> {
    let mut found = Vec::new();
    for (name, value) in env {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let known = VARIABLES.iter().find(|(n, _)| *n == name);
        let key = match known {
            Some((_, key)) => (*key).to_string(),
            None if is_c_flags(&name) => format!("env.{name}"),
            None => match profile_key(&name) {
                Some(key) => key,
                None => continue,
            },
        };
        let words: Vec<String> = match name.ends_with("ENCODED_RUSTFLAGS") {
            true => value.split('\u{1f}').map(str::to_string).collect(),
            false => value.split_whitespace().map(str::to_string).collect(),
        };
        if !words.is_empty() {
            found.push(Setting {
                key,
                words,
                place: None,
                shown: format!("{name} of the environment"),
            });
        }
    }
    found.sort_by(|a, b| a.shown.cmp(&b.shown));
    found
}

/// Flags of C compilers, as the `cc` and `cmake` crates read them: `CFLAGS`, `HOST_CXXFLAGS`,
/// `CFLAGS_x86_64-unknown-linux-gnu`.
fn is_c_flags(name: &str) -> bool {
    let of_target = |flags: &str| name.strip_prefix(flags).is_some_and(|r| r.starts_with('_'));
    ["CFLAGS", "CXXFLAGS"].iter().any(|flags| {
        of_target(flags)
            || name == *flags
            || name.strip_suffix(flags).is_some_and(|r| r.ends_with('_'))
    })
}

fn profile_key(name: &str) -> Option<String> {
    for (start, key) in [("CARGO_TARGET_", "target.*.rustflags"), ("CARGO_HOST_", "host.rustflags")]
    {
        if name.strip_prefix(start).is_some_and(|rest| rest.ends_with("RUSTFLAGS")) {
            return Some(key.to_string());
        }
    }
    let rest = name.strip_prefix("CARGO_PROFILE_")?;
    let (profile, key) = rest.rsplit_once('_')?;
    let key = key.to_lowercase();
    let wanted = ["incremental", "rpath"].contains(&key.as_str());
    let built = !["DEV", "TEST"].contains(&profile);
    (wanted && built).then(|| format!("profile.{}.{key}", profile.to_lowercase()))
}

/// The config files that cargo reads in a directory, with those that they include, the strongest first. `note`
/// gets what one includes and cannot be read.
pub(super) fn config_files(
    dir: &Path,
    cargo_home: Option<&Path>,
    note: &dyn Fn(anyhow::Error),
) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let near = dir.ancestors().map(|d| config::FILE_NAMES.map(|n| d.join(n)).to_vec());
    for names in near.chain([config::in_home(cargo_home)]) {
        let first = names.into_iter().find(|n| n.is_file());
        if let Some(file) = first.filter(|f| !found.contains(f)) {
            let included = config::included_by(&file);
            found.push(file);
            found.extend(included.map_err(note).unwrap_or_default());
        }
    }
    found
}

/// The settings of a config file or a manifest.
pub(super) fn of_file(file: &File) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut add = |key: String, table: &dyn TableLike, name: &str| {
        if let Some(words) = table.get(name).map(words).filter(|w| !w.is_empty()) {
            found.push(Setting {
                shown: format!("`{key}`"),
                place: Some(file.place_of(table, name)),
                key,
                words,
            });
        }
    };
    let root = file.root();
    if let Some(build) = root.get("build").and_then(Item::as_table_like) {
        for name in ["rustflags", "incremental", "rustc-workspace-wrapper", "target"] {
            add(format!("build.{name}"), build, name);
        }
    }
    for (target, table) in below(root.get("target")) {
        add(format!("target.{target}.rustflags"), table, "rustflags");
    }
    for (profile, table) in below(root.get("profile")) {
        let like = table.get("inherits").and_then(Item::as_str);
        if ["dev", "test"].contains(&like.unwrap_or(profile)) {
            continue;
        }
        for name in ["incremental", "rpath", "rustflags", "inherits"] {
            add(format!("profile.{profile}.{name}"), table, name);
        }
    }
    if let Some(env) = root.get("env").and_then(Item::as_table_like) {
        for (name, _) in env.iter() {
            if ["RUSTC_BOOTSTRAP", "CONST_RANDOM_SEED"].contains(&name) || is_c_flags(name) {
                add(format!("env.{name}"), env, name);
            }
        }
    }
    found
}

/// Leaves out the settings of other profiles than this one and those that it inherits from.
pub(super) fn keep_profile(settings: &mut Vec<Setting>, profile: &str) {
    let mut kept = vec![profile.to_string()];
    while let Some(next) = settings
        .iter()
        .find(|s| {
            Some(s.key.as_str()) == kept.last().map(|k| format!("profile.{k}.inherits")).as_deref()
        })
        .and_then(|s| s.words.first().cloned())
        .filter(|n| !kept.contains(n))
    {
        kept.push(next);
    }
    settings.retain(|s| {
        let name = s.key.strip_prefix("profile.").and_then(|r| r.rsplit_once('.'));
        name.is_none_or(|(name, _)| kept.iter().any(|k| k == name))
    });
}

fn below(item: Option<&Item>) -> impl Iterator<Item = (&str, &dyn TableLike)> {
    let table = item.and_then(Item::as_table_like);
    table.into_iter().flat_map(TableLike::iter).filter_map(|(k, i)| Some((k, i.as_table_like()?)))
}

fn words(item: &Item) -> Vec<String> {
    if let Some(on) = item.as_bool() {
        return vec![on.to_string()];
    }
    if let Some(table) = item.as_table_like() {
        return table.get("value").map(words).unwrap_or_default();
    }
    config::words(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_file_that_cannot_be_included_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join(".cargo/config.toml");
        crate::fs::write(&config, "include = ['more.toml']\n").unwrap();
        let found = || {
            let missing = std::cell::RefCell::new(Vec::new());
            let note = |error: anyhow::Error| missing.borrow_mut().push(error.to_string());
            let files = config_files(dir.path(), None, &note);
            (files.iter().filter(|f| f.starts_with(dir.path())).count(), missing.take())
        };
        let (files, missing) = found();
        assert!(
            files == 1 && missing[0].contains("more.toml`, which does not exist"),
            "{missing:?}"
        );
        crate::fs::write(&config.with_file_name("more.toml"), "").unwrap();
        assert_eq!(found(), (2, Vec::new()));
    }

    #[test]
    fn settings_carry_their_lines() {
        let text = "[build]\nrustflags = '-a -b'\n[target.x]\nrustflags = ['-c']\n\
            [profile.dev]\nincremental = true\n[profile.dist]\nrpath = true\n\
            [env]\nRUSTC_BOOTSTRAP = { value = '1' }\n";
        let file = File::parse(Path::new("/w/.cargo/config.toml"), text.into()).unwrap();
        let found = of_file(&file);
        let found: Vec<_> = found
            .iter()
            .map(|s| (s.key.as_str(), s.words.join(" "), s.place.as_ref().unwrap().line))
            .collect();
        assert_eq!(
            found,
            [
                ("build.rustflags", "-a -b".to_string(), 2),
                ("target.x.rustflags", "-c".to_string(), 4),
                ("profile.dist.rpath", "true".to_string(), 8),
                ("env.RUSTC_BOOTSTRAP", "1".to_string(), 10),
            ]
        );
    }

    #[test]
    fn one_profile_and_what_it_inherits_from_is_kept() {
        let text = "[profile.release]\nrpath = true\n[profile.dist]\ninherits = 'release'\n\
            [profile.other]\ninherits = 'dist'\nincremental = true\n[build]\nincremental = true\n";
        let file = File::parse(Path::new("/w/Cargo.toml"), text.into()).unwrap();
        let mut settings = of_file(&file);
        keep_profile(&mut settings, "dist");
        let keys: Vec<_> = settings.iter().map(|s| s.key.as_str()).collect();
        assert_eq!(keys, ["build.incremental", "profile.release.rpath", "profile.dist.inherits"]);
    }

    #[test]
    fn variables_stand_for_keys() {
        let env = [
            ("CARGO_PROFILE_RELEASE_INCREMENTAL", "true"),
            ("CARGO_PROFILE_DEV_INCREMENTAL", "true"),
            ("CARGO_ENCODED_RUSTFLAGS", "-x\u{1f}y z"),
            ("HOME", "/h"),
        ];
        let found = of_environment(env.map(|(n, v)| (n.into(), v.into())));
        let found: Vec<_> = found.iter().map(|s| (s.key.as_str(), s.words.join("|"))).collect();
        assert_eq!(
            found,
            [
                ("build.rustflags", "-x|y z".to_string()),
                ("profile.release.incremental", "true".to_string()),
            ]
        );
    }
}

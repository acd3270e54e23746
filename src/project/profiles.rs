//! Which profiles decide a build: the one that was asked for and those that it inherits from. Settings
//! of other profiles do not affect the build.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::Result;

use crate::cargo::config::Config;
use crate::fs;
use crate::recipe::environment::{Divided, Env};

const PREFIX: &str = "CARGO_PROFILE_";

/// Names of profiles.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profiles(BTreeSet<String>);

impl Profiles {
    /// The profile and all that it inherits from, by the workspace's manifest, config and variables.
    pub(crate) fn of(
        profile: &str,
        workspace: &Path,
        config: &Config,
        env: &Env,
    ) -> Result<Profiles> {
        let document = fs::toml::read(&workspace.join("Cargo.toml"))?;
        let inherits = |name: &str| {
            let variable = format!("{PREFIX}{}_INHERITS", in_variable(name));
            let by_variable = env.get(OsStr::new(&variable)).and_then(|v| v.to_str());
            let by_config = config.get_str(&["profile", name, "inherits"]);
            let own = document.get("profile").and_then(|p| p.get(name)?.get("inherits")?.as_str());
            by_variable.or(by_config).or(own).map(str::to_string)
        };
        let mut names = BTreeSet::new();
        let mut next = Some(profile.to_string());
        while let Some(name) = next.filter(|name| !names.contains(name)) {
            next = match &*name {
                "test" => Some("dev".to_string()),
                "bench" => Some("release".to_string()),
                "dev" | "release" => None,
                other => inherits(other),
            };
            names.insert(name);
        }
        Ok(Profiles(names))
    }

    /// Whether a profile decides the build.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether a variable sets a key of a profile that has no part in the build.
    fn is_of_another(&self, variable: &str) -> bool {
        let Some(rest) = variable.strip_prefix(PREFIX) else { return false };
        let own = |name: &String| {
            rest.strip_prefix(&in_variable(name)).is_some_and(|key| key.starts_with('_'))
        };
        !self.0.iter().any(own)
    }

    /// Takes the variables of other profiles out of those that are passed on.
    pub(crate) fn drop_others(&self, divided: &mut Divided) {
        let names: Vec<OsString> = divided.passed.keys().cloned().collect();
        for name in names.into_iter().filter(|name| self.is_of_another(&name.to_string_lossy())) {
            divided.passed.remove(&name);
            divided.dropped.push(name.to_string_lossy().into_owned());
        }
        divided.dropped.sort();
    }
}

fn in_variable(profile: &str) -> String {
    profile.to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_profile_and_what_it_inherits_from_count() {
        let dir = tempfile::tempdir().unwrap();
        let manifest =
            "[profile.dist]\ninherits = 'release'\n[profile.by-config]\ninherits = 'dev'\n";
        std::fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        let config = Config::of_texts(&["[profile.by-config]\ninherits = 'dist'\n"]);
        let env = Env::from([("CARGO_PROFILE_BY_VAR_INHERITS".into(), "dist".into())]);
        let table = [
            ("release", "release"),
            ("dist", "dist release"),
            ("bench", "bench release"),
            ("test", "dev test"),
            ("by-config", "by-config dist release"),
            ("by-var", "by-var dist release"),
        ];
        for (profile, expected) in table {
            let found = Profiles::of(profile, dir.path(), &config, &env).unwrap();
            let found: Vec<_> = found.0.iter().map(String::as_str).collect();
            assert_eq!(found.join(" "), expected, "{profile}");
        }
        let profiles = Profiles::of("by-var", dir.path(), &config, &env).unwrap();
        for (name, other) in [
            ("CARGO_PROFILE_DEV_DEBUG", true),
            ("CARGO_PROFILE_RELEASE_LTO", false),
            ("CARGO_PROFILE_BY_VAR_INHERITS", false),
            ("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_DEBUG", false),
            ("CARGO_BUILD_JOBS", false),
        ] {
            assert_eq!(profiles.is_of_another(name), other, "{name}");
        }
    }
}

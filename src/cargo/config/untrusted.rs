//! What the config of an untrusted source, and of the directories above it, may say about the network: where
//! crates are, but not how they are fetched. cargo sends a token to the registry of that name, wherever a
//! source says that it is. The user's own config is that of the cargo home.

use std::path::Path;

use anyhow::Result;
use repro_formats::names::visible;
use toml_edit::{Item, TableLike};

use super::{Config, ConfigFile, ConfigPlace, lookup};
use crate::error::refused;
use crate::fs;

/// The keys of `net` that count. How often a server is asked, and by which program, is the user's choice.
const NET: [&str; 1] = ["offline"];

/// What gives cargo a token for a registry.
const GIVES_TOKEN: [&str; 3] = ["token", "secret-key", "credential-provider"];

impl Config {
    /// Removes proxies, certificates and host keys from all config but the user's own: with them, a third party
    /// could read what is fetched, and the token.
    pub fn connect_as_user(&mut self) {
        for file in self.files.iter_mut().filter(|file| !is_own(file)) {
            file.change(&mut |table| {
                table.remove("http");
                let Some(net) = table.get_mut("net").and_then(Item::as_table_like_mut) else {
                    return;
                };
                let keys: Vec<_> = net.iter().map(|(key, _)| key.to_string()).collect();
                keys.iter().filter(|k| !NET.contains(&&***k)).for_each(|k| drop(net.remove(k)));
            });
        }
    }

    /// Checks that no token of the user's would go to an address that the user did not give.
    ///
    /// # Errors
    /// Config that is not the user's own gives a different address for a registry that the user has a token for.
    pub fn send_no_token(&self, cargo_home: Option<&Path>) -> Result<()> {
        for name in self.keys(&["registries"]) {
            let index = |own: bool| {
                let mut files = self.all().filter(|file| is_own(file) == own);
                files.find_map(|file| {
                    let url = lookup(file.document.as_table(), &["registries", &name, "index"])?;
                    Some((url.as_str()?.trim_end_matches('/'), &file.path))
                })
            };
            let own = index(true).map(|(url, _)| url);
            let Some((theirs, file)) = index(false).filter(|(theirs, _)| own != Some(theirs))
            else {
                continue;
            };
            if variable(&name, "INDEX").is_none() && self.has_token(&name, cargo_home)? {
                let (name, theirs) = (name.escape_debug(), theirs.escape_debug());
                let file = visible(&file.display().to_string());
                return Err(refused(format!(
                    "cargo config `{file}` says that the registry `{name}` is at `{theirs}`, and cargo would send your token for `{name}` there: if that is its address, set `index` of [registries.{name}] in your cargo home"
                )));
            }
        }
        Ok(())
    }

    /// Whether cargo knows a token of this user by the name of a registry.
    fn has_token(&self, name: &str, cargo_home: Option<&Path>) -> Result<bool> {
        let token = |table: &dyn TableLike| {
            let registry = table.get("registries").and_then(Item::as_table_like)?.get(name)?;
            GIVES_TOKEN.iter().find_map(|key| registry.as_table_like()?.get(key)).map(drop)
        };
        let own = self.all().filter(|file| is_own(file));
        let set = |key: &&str| variable(name, &key.to_uppercase().replace('-', "_")).is_some();
        if GIVES_TOKEN.iter().any(set) || own.filter_map(|f| token(&*f.document)).count() > 0 {
            return Ok(true);
        }
        for file in ["credentials", "credentials.toml"] {
            let Some(path) = cargo_home.map(|home| home.join(file)) else { continue };
            let found = fs::toml::File::read(&path)?;
            if found.is_some_and(|found| token(found.root()).is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_own(file: &ConfigFile) -> bool {
    file.place == ConfigPlace::CargoHome
}

/// The variable that cargo reads for a key of a registry.
fn variable(name: &str, key: &str) -> Option<std::ffi::OsString> {
    let name = name.to_uppercase().replace('-', "_");
    std::env::var_os(format!("CARGO_REGISTRIES_{name}_{key}"))
}

#[cfg(test)]
mod tests {
    use super::super::file::parse;
    use super::*;

    #[test]
    fn connections_are_the_users_own() {
        let text = "[http]\nproxy = 'evil'\n[net]\nretry = 3\noffline = true\nssh = { known-hosts = ['evil'] }\n[source.x]\nregistry = 'y'\n";
        let files = [ConfigPlace::Source, ConfigPlace::Outer, ConfigPlace::CargoHome];
        let files = files.map(|place| parse("/d/.cargo/config.toml".into(), place, text).unwrap());
        let mut config = Config { files: files.into() };
        config.connect_as_user();
        let left: Vec<_> = config.files.iter().map(|file| file.document.to_string()).collect();
        for theirs in &left[..2] {
            assert!(!theirs.contains("evil"), "{theirs}");
            assert!(
                theirs.contains("offline = true")
                    && !theirs.contains("retry")
                    && theirs.contains("registry = 'y'"),
                "{theirs}"
            );
        }
        assert_eq!(left[2], text);
    }
}
